"""What the tests of the stand-in share: a bucket in this process, and one in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator.process import CallbackServer, StandIn
from tests.support.emulator.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn(tmp_path_factory.mktemp("stand_in")) as running:
        yield running


@pytest.fixture
def callback_server() -> Iterator[CallbackServer]:
    with CallbackServer() as server:
        yield server
