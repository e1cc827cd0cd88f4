from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oss_emulator.switches import SWITCHES
from tests.support.attacked_stack import AttackedStack, assert_no_other_host, attacked_stack, attempts

PERMISSIVE = ",".join(f"{switch.name}={switch.values[-1]}" for switch in SWITCHES)


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedStack]:
    """The whole stack, with a stand-in that refuses what OSS might refuse."""
    with attacked_stack(tmp_path_factory.mktemp("strict"), "") as target:
        yield target
        assert_no_other_host(target)


@pytest.fixture(scope="session")
def permissive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedStack]:
    """The whole stack, with a stand-in that accepts what OSS might accept."""
    with attacked_stack(tmp_path_factory.mktemp("permissive"), PERMISSIVE) as target:
        yield target
        assert_no_other_host(target)


@pytest.fixture(params=["strict", "permissive"])
def target(request: pytest.FixtureRequest) -> AttackedStack:
    """Both stacks in turn, for attacks that meet a form or the HEAD of an object that is not there."""
    found: AttackedStack = request.getfixturevalue(request.param)
    return found


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the count of a worker of pytest-xdist to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["attempts"] = dict(attempts)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    attempts.update(getattr(node, "workeroutput", {}).get("attempts", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tried = sum(attempts.values())
    terminalreporter.write_line(f"{tried} attacks, {attempts['let through']} let through")
