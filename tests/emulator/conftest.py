"""Fixtures: a bucket in this process, an emulator in a process of its own, an application server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator.process import CallbackServer, EmulatorProcess
from tests.support.emulator.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def callback_server() -> Iterator[CallbackServer]:
    with CallbackServer() as server:
        yield server
