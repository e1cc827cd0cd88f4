"""The entry of the callback function; tests/repository compares it with that of the token function."""

from __future__ import annotations

import importlib.util
import io
import sys
from types import ModuleType

import pytest

from tests.support.fc_events import CONTEXTS, ask, fc_event
from tests.support.stack import REPOSITORY


@pytest.fixture
def entry() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "callback_main", REPOSITORY / "functions" / "callback" / "main.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_log_that_is_closed_does_not_cost_the_answer(
    entry: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    answer = ask(entry.start({}), fc_event("/confirm", method="POST"))
    assert (answer.status, answer.code) == (500, "misconfigured")


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_without_settings_no_context_escapes(context: object, entry: ModuleType) -> None:
    answer = ask(entry.start({}), fc_event("/callback", method="POST"), context)
    assert (answer.status, answer.content["request_id"]) == (500, "")


def test_it_starts_the_callback_function(entry: ModuleType, environ: dict[str, str]) -> None:
    answer = ask(entry.start(environ), fc_event("/confirm", method="GET"))
    assert (answer.status, answer.code) == (405, "method_not_allowed")
