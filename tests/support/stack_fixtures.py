"""The local stack for one session of tests. A conftest that imports these names has the fixtures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stack import Stack


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("state"))
    yield stack
    stack.end()


@pytest.fixture
def stack(running: Stack) -> Stack:
    """The stack without the faults of the test before."""
    running.clear_faults()
    return running
