from __future__ import annotations

from collections.abc import Iterator

import pytest
from cloud_stub import State, serving

import deploy
from cloud import AccessKey, Cloud, Endpoints, connect
from package import Package


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def cloud(state: State) -> Iterator[Cloud]:
    with serving(state) as host:
        yield connect("cn-hangzhou", AccessKey("id", "secret", ""), Endpoints(host, host, host, https=False))


@pytest.fixture(autouse=True)
def quick_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """`test_package.py` builds the real ones."""

    def build(function: str, runtime: str, *, sign_in: bool) -> Package:
        return Package(f"{function}-{runtime}-{'1' if sign_in else '0' * 32}.zip", b"PK")

    monkeypatch.setattr(deploy, "build", build)
