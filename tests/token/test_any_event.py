"""Whatever arrives, the token function answers, as docs/http-api.md says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.support.fc_events import CONTEXTS, NO_EVENTS, ask, fc_event
from tests.support.hypothesis_settings import MANY
from tests.support.random_events import EVENTS
from vendored.fc_http import Handler

CONTEXT = SimpleNamespace(request_id="1-64f6cd87-1")


@settings(MANY, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=EVENTS)
@example(event=b"")
@example(event=b"[" * 60_000)
@example(event=b'{"requestContext": ' * 3000)
@example(event=b"9" * 60_000)
def test_no_event_is_a_failure_of_ours(
    event: bytes, handler: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(handler, event, CONTEXT)
    assert answer.status in {200, 204, 400, 401, 403, 404, 405, 413, 415}
    assert capsys.readouterr().out.count("\n") == 1, "one line for each request"


@pytest.mark.parametrize("event", NO_EVENTS, ids=repr)
def test_what_is_no_event_is_refused(event: Any, handler: Any) -> None:
    for answer in (ask(handler, event), ask(lambda given, _: handler(given), event)):
        assert (answer.status, answer.code) == (403, "not_verified")


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_no_context_is_a_failure_of_ours(context: object, handler: Handler) -> None:
    """The role is in the environment: nothing of the context is needed."""
    assert ask(handler, fc_event("/limits"), context).status == 200
    assert ask(handler, b"", context).content["request_id"] == ""
