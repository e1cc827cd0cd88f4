"""No failure of a handler escapes its invocation."""

import json
import threading
from pathlib import Path
from typing import Any, NoReturn

import pytest

from local.fc.event import fc_context
from local.fc.instance import Settings, invoke_handler

CONTEXT = fc_context("token", "1-2-3", 5.0)
REPLY = {"statusCode": 204, "headers": {}, "isBase64Encoded": False, "body": ""}


def invoke(handler: Any) -> tuple[int, Any]:
    answer = invoke_handler(handler, {"version": "v1"}, CONTEXT, 5.0)
    return answer.status, json.loads(answer.body or "null")


def raising(error: BaseException) -> Any:
    def handler(_event: bytes, _context: object) -> NoReturn:
        raise error

    return handler


def test_passes_the_event_as_bytes_and_the_context() -> None:
    seen: list[object] = []

    def handler(event: bytes, context: object) -> object:
        seen.extend((event, context))
        return REPLY

    assert invoke(handler) == (204, None)
    assert seen == [b'{"version": "v1"}', CONTEXT]


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit("x"), KeyboardInterrupt("x")])
def test_answers_200_for_a_handler_that_raises(error: BaseException) -> None:
    status, body = invoke(raising(error))
    assert (status, body["errorType"], body["errorMessage"]) == (200, type(error).__name__, "x")


def test_answers_200_for_a_reply_that_is_no_reply() -> None:
    status, body = invoke(lambda _event, _context: "done")
    assert (status, body["errorType"]) == (200, "BadReplyError")


def test_answers_a_timeout_and_drops_the_late_reply() -> None:
    released, returned = threading.Event(), threading.Event()

    def handler(_event: bytes, _context: object) -> object:
        released.wait()
        returned.set()
        return REPLY

    waits: list[float] = []

    def over_at_once(_finished: threading.Event, seconds: float) -> bool:
        waits.append(seconds)
        return False

    answer = invoke_handler(handler, {}, CONTEXT, 5.0, wait=over_at_once)
    released.set()
    assert returned.wait(10)
    assert waits == [5.0]
    assert json.loads(answer.body)["errorType"] == "FunctionTimeoutError"


def test_reads_its_settings(tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    required = {"EMULATE_FUNCTION": str(tmp_path), "EMULATE_METHODS": "get, OPTIONS"}
    methods = frozenset({"GET", "OPTIONS"})
    assert Settings.from_env(required) == Settings(
        tmp_path.resolve(), methods, always_base64=False, timeout_seconds=5.0
    )
    chosen = Settings.from_env({**required, "EMULATE_BASE64": "always", "EMULATE_TIMEOUT": "0.5"})
    assert chosen == Settings(tmp_path.resolve(), methods, always_base64=True, timeout_seconds=0.5)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "five"])
def test_names_every_wrong_setting_at_once(tmp_path: Path, seconds: str) -> None:
    wrong = {"EMULATE_FUNCTION": str(tmp_path), "EMULATE_BASE64": "yes", "EMULATE_TIMEOUT": seconds}
    with pytest.raises(
        ValueError, match=r"EMULATE_FUNCTION.*EMULATE_METHODS.*EMULATE_BASE64.*EMULATE_TIMEOUT"
    ):
        Settings.from_env(wrong)
