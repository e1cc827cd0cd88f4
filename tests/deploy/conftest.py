from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import deploy.deploy
from deploy import function_zip
from deploy.aliyun.clients import Cloud
from tests.support.certificate import make_certificate
from tests.support.cloud.commands import connected
from tests.support.cloud.packages import quick_package
from tests.support.cloud.server import PUBLIC_NAMES
from tests.support.cloud.state import State
from tests.support.stack_fixtures import running, stack

__all__ = ["running", "stack"]


@pytest.fixture
def state(no_waiting: None, quick_packages: None) -> State:  # noqa: ARG001 - for what they do
    """What the stand-in cloud holds; commands against it wait for nothing and install nothing."""
    return State()


@pytest.fixture
def cloud(state: State) -> Iterator[Cloud]:
    with connected(state) as clients:
        yield clients


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the public addresses; one for all tests, because the SDKs keep what they trusted first."""
    return make_certificate(tmp_path_factory.mktemp("certificate"), *PUBLIC_NAMES)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries the SDKs wait for seconds."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def quick_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """`test_package.py` builds the real ones."""
    monkeypatch.setattr(deploy.deploy, "build", quick_package)
    monkeypatch.setattr(function_zip, "build", quick_package)
