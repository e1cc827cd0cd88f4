"""From a function's reply to an HTTP answer, and what Function Compute says in a function's place.

Pure functions. The documented shapes: a handler's dict `{statusCode, headers, isBase64Encoded, body}`, an
uncaught exception (HTTP 200!), a request refused before the function runs, and what the default domain adds
to every answer.
"""

import base64
import binascii
import json
import traceback
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

REPLY_KEYS = frozenset({"statusCode", "headers", "isBase64Encoded", "body"})
UNSETTABLE_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "server",
        "content-disposition",
        "transfer-encoding",
    }
)
PLATFORM_PREFIX = "x-fc-"
MAX_RESPONSE_HEADER_BYTES = 8 * 1024


class Answer(NamedTuple):
    """What goes back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


class BadReplyError(Exception):
    """The handler returned something Function Compute cannot send."""


def answer_from_reply(reply: object) -> Answer:
    """Turn a handler's return value into an answer; `BadReplyError` unless it is the documented dict."""
    if not isinstance(reply, dict) or set(reply) != REPLY_KEYS:
        raise BadReplyError("a reply is a dict of statusCode, headers, isBase64Encoded and body")
    status, headers, encoded, body = (
        reply[key] for key in ("statusCode", "headers", "isBase64Encoded", "body")
    )
    if type(status) is not int or not HTTPStatus.OK <= status <= 599:  # noqa: PLR2004 - the last status HTTP has
        raise BadReplyError("statusCode is a whole number from 200 to 599")
    if not isinstance(headers, dict) or not all(
        isinstance(part, str) for pair in headers.items() for part in pair
    ):
        raise BadReplyError("headers is a dict of text to text")
    if not isinstance(encoded, bool) or not isinstance(body, str):
        raise BadReplyError("isBase64Encoded is a bool and body is text")
    if header_bytes(headers.items()) > MAX_RESPONSE_HEADER_BYTES:
        return refusal_answer(HTTPStatus.BAD_GATEWAY, "BadResponse", "the response headers exceed 8 KB")
    return Answer(status, settable(headers), decode_body(body, encoded=encoded))


def decode_body(body: str, *, encoded: bool) -> bytes:
    """Return the body's bytes; `BadReplyError` when the flag says base64 and it is not."""
    if not encoded:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadReplyError("isBase64Encoded is set and body is not base64") from error


def settable(headers: dict[str, str]) -> dict[str, str]:
    """Leave out the headers Function Compute keeps to itself; control characters are a bad reply."""
    if any(character in part for pair in headers.items() for part in pair for character in "\r\n\0"):
        raise BadReplyError("a header holds a control character")
    return {
        name: value
        for name, value in headers.items()
        if name.lower() not in UNSETTABLE_HEADERS and not name.lower().startswith(PLATFORM_PREFIX)
    }


def header_bytes(pairs: Iterable[tuple[str, str]]) -> int:
    """Count names and values together, as the platform's limits do."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in pairs)


def crash_answer(error: BaseException) -> Answer:
    """Answer for a handler that raised: HTTP 200, which a careless caller takes for success.

    https://www.alibabacloud.com/help/en/functioncompute/fc/user-guide/error-handling-1-1
    """
    frames = [
        [f'File "{frame.filename}"', f"line {frame.lineno}", f"in {frame.name}", frame.line or ""]
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return failure_answer(str(error), type(error).__name__, frames)


def timeout_answer(seconds: float) -> Answer:
    """Answer for a handler that took too long: the instance is killed, the caller sees this."""
    return failure_answer(f"Function timed out after {seconds:g} seconds", "FunctionTimeoutError", [])


def failure_answer(message: str, kind: str, frames: list[list[str]]) -> Answer:
    """Build the documented body of a failed invocation."""
    body = json.dumps({"errorMessage": message, "errorType": kind, "stackTrace": frames})
    headers = {"Content-Type": "application/json", "X-Fc-Error-Type": "UnhandledInvocationError"}
    return Answer(HTTPStatus.OK, headers, body.encode())


def refusal_answer(status: int, code: str, message: str) -> Answer:
    """Answer for a request that Function Compute refuses itself."""
    body = json.dumps({"Code": code, "Message": message})
    return Answer(status, {"Content-Type": "application/json"}, body.encode())


def on_default_domain(answer: Answer, request_id: str, origin: str | None) -> Answer:
    """Add what `*.fcapp.run` adds: a download disposition, a request id, and CORS for all if none is set."""
    headers = {**answer.headers, "Content-Disposition": "attachment", "X-Fc-Request-Id": request_id}
    if origin is not None and not any(name.lower().startswith("access-control-") for name in headers):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
    return answer._replace(headers=headers)
