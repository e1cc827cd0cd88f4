"""Whatever arrives, the callback function answers, lets nobody in and asks nobody anything."""

from __future__ import annotations

import json
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.callback_fixtures import confirmation
from tests.support.fc_events import ask, fc_event
from tests.support.hypothesis_settings import MANY
from tests.support.random_events import ANYTHING, BODIES, EVENTS, texts
from vendored.fc_http import Handler

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
