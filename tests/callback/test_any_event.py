"""Whatever arrives, the callback function answers, lets nobody in and asks nobody anything."""

from __future__ import annotations

import json
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from completion.application import build
from tests.support.callback_fixtures import NOW, confirmation
from tests.support.fc_events import CONTEXTS, NO_EVENTS, ask, fc_event
from tests.support.hypothesis_settings import MANY
from tests.support.random_events import ANYTHING, BODIES, EVENTS, texts
from vendored.fc_http import Clock, Handler

TO_US = st.one_of(
    texts(*BODIES).map(lambda body: fc_event("/callback", method="POST", body=body)),
    texts(*BODIES).map(lambda body: confirmation(raw=body)),
    ANYTHING.map(lambda ticket: confirmation(raw=json.dumps({"ticket": ticket}))),
)
CONTEXT = SimpleNamespace(request_id="1-64f6cd87-1")


@pytest.fixture
def nobody_is_asked(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> Handler:
    def connect(_: object, address: Any) -> None:
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return handler


@settings(MANY, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=st.one_of(EVENTS, TO_US))
@example(event=b"")
@example(event=b"[" * 60_000)
@example(event=confirmation(raw='{"ticket": "' + "a" * 60_000 + '"}'))
@example(event=confirmation(raw="[" * 60_000))
@example(event=confirmation(raw='{"ticket": ' + "9" * 60_000 + "}"))
def test_no_event_is_a_failure_of_ours_or_lets_anybody_in(
    event: bytes, nobody_is_asked: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    answer = ask(nobody_is_asked, event, CONTEXT)
    assert answer.status in {204, 403, 404, 405}
    assert capsys.readouterr().out.count("\n") == 1, "one line for each request"


@pytest.mark.parametrize("event", NO_EVENTS, ids=repr)
def test_what_is_no_event_is_refused(event: Any, handler: Any) -> None:
    for answer in (ask(handler, event), ask(lambda given, _: handler(given), event)):
        assert (answer.status, answer.code) == (403, "not_verified")


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_no_context_is_a_failure_of_ours(context: object, handler: Handler) -> None:
    """The role is in the environment: nothing of the context is needed."""
    assert ask(handler, confirmation(), context).status == 200
    assert ask(handler, b"", context).content["request_id"] == ""


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_a_context_is_no_way_out_where_it_should_hold_the_role(
    context: object, environ: dict[str, str]
) -> None:
    del environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    answer = ask(build(environ, Clock(lambda: NOW, lambda: 0.0)), confirmation(), context)
    assert (answer.status, answer.code in {"misconfigured", "internal"}) == (500, True)
    assert "hunter2" not in str(answer.content)
