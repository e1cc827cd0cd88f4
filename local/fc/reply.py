"""From a function's reply to an HTTP answer, and the answers that Function Compute gives itself.

Every function here is pure. The shapes are documented: a handler's dict `{statusCode, headers,
isBase64Encoded, body}`, the answer to an uncaught exception (HTTP 200!), a refusal before the function runs,
and the headers that the default domain adds to every answer.
"""

import base64
import binascii
import json
import traceback
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

REPLY_KEYS = frozenset({"statusCode", "headers", "isBase64Encoded", "body"})
RESERVED_HEADERS = frozenset(
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
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class BadReplyError(Exception):
    """The handler returned something that Function Compute cannot send."""


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
    return Answer(status, allowed_headers(headers), decode_body(body, encoded=encoded))


def decode_body(body: str, *, encoded: bool) -> bytes:
    """Return the body's bytes; `BadReplyError` when it should be base64 and is not."""
    if not encoded:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadReplyError("isBase64Encoded is set and body is not base64") from error


def allowed_headers(headers: dict[str, str]) -> dict[str, str]:
    """Drop the headers that only Function Compute sets; `BadReplyError` for a control character."""
    if any(character in part for pair in headers.items() for part in pair for character in "\r\n\0"):
        raise BadReplyError("a header holds a control character")
    return {
        name: value
        for name, value in headers.items()
        if name.lower() not in RESERVED_HEADERS and not name.lower().startswith(PLATFORM_PREFIX)
    }


def header_bytes(pairs: Iterable[tuple[str, str]]) -> int:
    """Return the bytes of all names and values, which the platform's limits count."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in pairs)


def crash_answer(error: BaseException) -> Answer:
    """Return the answer to a handler that raised: HTTP 200, which a caller can take for success.

    https://www.alibabacloud.com/help/en/functioncompute/fc/user-guide/error-handling-1-1
    """
    frames = [
        [f'File "{frame.filename}"', f"line {frame.lineno}", f"in {frame.name}", frame.line or ""]
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return failure_answer(str(error), type(error).__name__, frames)


def timeout_answer(seconds: float) -> Answer:
    """Return the answer when a handler took too long and its instance is killed."""
    return failure_answer(f"Function timed out after {seconds:g} seconds", "FunctionTimeoutError", [])


def failure_answer(message: str, kind: str, frames: list[list[str]]) -> Answer:
    """Return the documented answer to a failed invocation."""
    body = json.dumps({"errorMessage": message, "errorType": kind, "stackTrace": frames})
    headers = {"Content-Type": "application/json", "X-Fc-Error-Type": "UnhandledInvocationError"}
    return Answer(HTTPStatus.OK, headers, body.encode())


def refusal_answer(status: int, code: str, message: str) -> Answer:
    """Return the answer to a request that Function Compute itself refuses."""
    body = json.dumps({"Code": code, "Message": message})
    return Answer(status, {"Content-Type": "application/json"}, body.encode())


def on_default_domain(answer: Answer, request_id: str, origin: str | None) -> Answer:
    """Add the headers of `*.fcapp.run`: a download disposition, a request id, and CORS if there is none."""
    headers = {**answer.headers, "Content-Disposition": "attachment", "X-Fc-Request-Id": request_id}
    if origin is not None and not any(name.lower().startswith("access-control-") for name in headers):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
    return answer._replace(headers=headers)
