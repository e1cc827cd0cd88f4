"""The pytest fixtures: `oss_emulator`, one server for a process of pytest, empty before each test.

Each process of pytest-xdist has a server and a folder of its own. The emulator is imported by the first test
that asks for it, so that other tests start no slower.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from oss_emulator.running import Emulator


@pytest.fixture(scope="session")
def oss_emulator_options() -> Mapping[str, Any]:
    """Return arguments of `Emulator`: `buckets`, `port`, `variables`. A project overrides this fixture."""
    return {}


@pytest.fixture(scope="session")
def oss_emulator_server(
    tmp_path_factory: pytest.TempPathFactory, oss_emulator_options: Mapping[str, Any]
) -> Iterator[Emulator]:
    """Start the server of this process of pytest; it is as the last test left it."""
    from oss_emulator.running import Emulator  # noqa: PLC0415 - see above

    with Emulator(tmp_path_factory.mktemp("oss-emulator"), **oss_emulator_options) as running:
        yield running


@pytest.fixture
def oss_emulator(oss_emulator_server: Emulator) -> Emulator:
    """Return the server without any object, fault or record of earlier tests."""
    oss_emulator_server.reset()
    return oss_emulator_server
