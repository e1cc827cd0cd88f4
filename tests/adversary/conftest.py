from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oss_emulator.switches import SWITCHES
from tests.support.attacked_stack import AttackedStack, attacked_stack, attempts

PERMISSIVE = ",".join(f"{switch.name}={switch.values[-1]}" for switch in SWITCHES)


@pytest.fixture(scope="session", params=["", PERMISSIVE], ids=["strict", "permissive"])
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AttackedStack]:
    """The whole stack: its stand-in refuses what OSS might refuse, and then accepts what it might accept."""
    with attacked_stack(tmp_path_factory.mktemp("attacked"), request.param) as target:
        yield target


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
