"""A function that cannot start says 500 to everything: an exception would be a 200 on Function Compute."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

import main
from grants import application
from tests.support.fc_events import CONTEXTS, NO_EVENTS, ask, fc_event
from vendored import errors

CONTEXT = SimpleNamespace(request_id="1-64f6cd87-1")


def test_says_what_a_started_function_says() -> None:
    """The entry relies on no module of ours, so its sentence is a copy."""
    _, content, _ = errors.describe(errors.Misconfigured("misconfigured"), "")
    assert content == {**main.PROBLEM, "request_id": ""}


def test_starts_with_a_good_environment(environ: dict[str, str]) -> None:
    assert ask(main.start(environ), fc_event("/limits")).status == 200


@pytest.mark.parametrize("event", [fc_event(), fc_event("/limits", method="OPTIONS"), b"", b"{"])
def test_without_settings_it_answers_500_to_everything(event: bytes) -> None:
    answer = ask(main.start({}), event, CONTEXT)
    assert (answer.status, answer.code, answer.content["request_id"]) == (
        500,
        "misconfigured",
        "1-64f6cd87-1",
    )
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_without_settings_no_context_escapes(context: object) -> None:
    handler: Any = main.start({})
    for event in NO_EVENTS:
        answer = ask(handler, event, context)
        assert (answer.status, answer.content["request_id"]) == (500, "")
    assert ask(lambda given, _: handler(given), b"").code == "misconfigured"


def test_it_logs_once_which_variables_are_bad(capsys: pytest.CaptureFixture[str]) -> None:
    handler = main.start({"TICKET_SECRET": "hunter2"})
    handler(fc_event(), CONTEXT)
    told, answered = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert told["code"] == "misconfigured"
    assert "UPLOAD_BUCKET is not set" in told["detail"]
    assert "TICKET_SECRET must be 32 bytes or more" in told["detail"]
    assert "hunter2" not in told["detail"]
    assert answered["status"] == 500


def test_without_a_module_it_answers_500_and_logs_the_traceback(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(
        sys.modules, "grants.application", None
    )  # what Python itself does with a broken import
    assert ask(main.start(environ), fc_event()).code == "misconfigured"
    assert "ModuleNotFoundError" in capsys.readouterr().out


def test_an_import_that_exits_does_not_escape(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(_: object) -> None:
        raise SystemExit(1)

    monkeypatch.setattr(application, "build", leave)
    assert ask(main.start(environ), fc_event()).code == "misconfigured"


class Unwritable(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_broken_log_does_not_cost_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Unwritable())
    assert ask(main.start({}), fc_event(), CONTEXT).code == "misconfigured"


class Pieces(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.extend([text] if text else [])
        return len(text)


@pytest.mark.parametrize("function", ["started", "not started"])
def test_a_log_line_is_written_in_one_piece(
    function: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the lines of requests that run at once would get into each other."""
    log = Pieces()
    monkeypatch.setattr(sys, "stdout", log)
    ask(main.start(environ if function == "started" else {}), fc_event())
    assert log.pieces
    assert all(piece.startswith("{") and piece.endswith("}\n") for piece in log.pieces)


def test_what_was_not_checked_is_not_shown(environ: dict[str, str]) -> None:
    handler = main.start({**environ, "PROBLEM_TYPES_URL": "https://docs.example.com/", "MAX_BYTES": "bad"})
    assert ask(handler, fc_event()).content["type"] == "about:blank"


def test_the_setting_gives_each_refusal_its_type(environ: dict[str, str]) -> None:
    handler = main.start({**environ, "PROBLEM_TYPES_URL": "https://docs.example.com/errors/"})
    told = ask(handler, fc_event("/nowhere"))
    assert told.content["type"] == "https://docs.example.com/errors/#not_found"
