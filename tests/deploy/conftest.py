from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from deploy import deploy
from deploy.aliyun.clients import Cloud
from deploy.package import Package
from tests.support.cloud.commands import connected
from tests.support.cloud.state import State


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def cloud(state: State) -> Iterator[Cloud]:
    with connected(state) as clients:
        yield clients


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries the SDKs wait for seconds."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture(autouse=True)
def quick_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """`test_package.py` builds the real ones."""

    def build(function: str, runtime: str, *, sign_in: bool) -> Package:
        return Package(f"{function}-{runtime}-{'1' if sign_in else '0' * 32}.zip", b"PK")

    monkeypatch.setattr(deploy, "build", build)
