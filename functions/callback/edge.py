"""Function Compute's side of a function: its v1 event in, its reply dict out, and nothing else escapes.

Lives here: `Request`, `Reply`, the last catch-all, CORS, and the log line of a request. Never lives here: a
rule about uploads.

Sources: Function Compute, "Use an HTTP trigger to invoke a function" (event and reply format); the Fetch
standard. Function Compute answers an exception that escapes a handler with 200, which OSS would
take for success, and echoes any Origin with credentials allowed when a function sets no CORS header.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple, TypeVar

import journal
import problems
import refusals

MAX_EVENT_BYTES = 64 * 1024  # the largest genuine event, a callback's, is under 8 KiB
PREFLIGHT_SECONDS = 7200  # the longest that Chromium caches a preflight
SERVER_ERROR = 500
WRITER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))  # of answers: a page can read no NaN

T = TypeVar("T")

FcReply = dict[str, object]
Handler = Callable[[bytes, object], FcReply]


class Clock(NamedTuple):
    """The two clocks a function reads: epoch seconds, and seconds that never step."""

    now: Callable[[], float]
    monotonic: Callable[[], float]


SYSTEM_CLOCK = Clock(time.time, time.monotonic)


class Request(NamedTuple):
    """What is asked. Header names are lower-case, `path` and `query` decoded; both times in seconds."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    request_id: str
    now: float
    received_at: float


class Reply(NamedTuple):
    """What is answered: a JSON object, or its text; `code` and `log` are told to the log only."""

    status: int
    content: Mapping[str, object] | str | None
    headers: Mapping[str, str] = {}
    code: str = "ok"
    log: Mapping[str, str] = {"upload_id": ""}


Route = tuple[str, Callable[[Request], Reply]]  # the one method of a path, and what answers it


def serve(
    event: bytes, context: object, routes: Mapping[str, Route], origins: tuple[str, ...], clock: Clock
) -> FcReply:
    """Answer one event. Whatever happens inside, the reply is a whole one."""
    now, received_at = clock.now(), clock.monotonic()
    request_id, origin = str(getattr(context, "request_id", "")), None
    try:
        request = from_fc(event, now, received_at)
        request_id, origin = request.request_id, request.headers.get("origin")
        reply = _dispatch(request, routes, origins)
        packed = to_fc(reply, _cors(origin, origins))
    except BaseException as error:  # noqa: BLE001 - even SystemExit must not become Function Compute's 200
        reply = _refuse(error, request_id)
        packed = to_fc(reply, _cors(origin, origins))
    level = "info" if reply.code == "ok" else "error" if reply.status >= SERVER_ERROR else "warning"
    journal.write(
        now,
        level,
        "answered",
        request_id=request_id,
        **reply.log,
        code=reply.code,
        status=reply.status,
        milliseconds=round((clock.monotonic() - received_at) * 1000, 1),
    )
    return packed


def from_fc(event: bytes, now: float, received_at: float) -> Request:
    """Read a v1 event. Raises `Unverified`: Function Compute itself sends none that cannot be read."""
    if len(event) > MAX_EVENT_BYTES:
        raise refusals.Unverified("event_too_large")
    try:
        document = json.loads(event.decode())
        context = document["requestContext"]
        body = _typed(str, document.get("body") or "").encode()
        encoded = _typed(bool, document.get("isBase64Encoded", False))
        return Request(
            method=_typed(str, context["http"]["method"]),
            path=_typed(str, context["http"]["path"]),
            headers=_texts(document.get("headers") or {}, str.lower),
            query=_texts(document.get("queryParameters") or {}),
            body=base64.b64decode(body, validate=True) if encoded else body,
            request_id=_typed(str, context["requestId"]),
            now=now,
            received_at=received_at,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise refusals.Unverified("event_unreadable") from None


def to_fc(reply: Reply, cors: Mapping[str, str]) -> FcReply:
    """Write Function Compute's reply. Raises `ValueError` or `TypeError` for what is not JSON."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **cors}
    body = ""
    if reply.content is not None:
        headers["Content-Type"] = "application/json"
        body = reply.content if isinstance(reply.content, str) else WRITER.encode(reply.content)
    headers.update(reply.headers)
    return {"statusCode": reply.status, "headers": headers, "isBase64Encoded": False, "body": body}


def _refuse(error: BaseException, request_id: str) -> Reply:
    """Return the answer to a refusal; anything else is `Crashed`, and so is a refusal that is not whole."""
    if isinstance(error, refusals.Refusal):
        with suppress(Exception):  # one of your own may hold anything
            reply = _answer(error, request_id)
            WRITER.encode(reply)
            return reply
    return _answer(refusals.Crashed("internal", journal.traceback_of(error)), request_id)


def _answer(refusal: refusals.Refusal, request_id: str) -> Reply:
    status, content, headers = problems.describe(refusal, request_id)
    log = {"upload_id": refusal.upload_id, "detail": refusal.detail}
    return Reply(status, content, headers, refusal.code, log)


def _dispatch(request: Request, routes: Mapping[str, Route], origins: tuple[str, ...]) -> Reply:
    origin = request.headers.get("origin")
    if origin is not None and origin not in origins:
        raise refusals.ForeignOrigin("foreign_origin", "Pages of this origin may not ask here.")
    if request.path not in routes:
        raise refusals.UnknownPath("not_found", "Nothing lives at this path.")
    method, respond = routes[request.path]
    if request.method == "OPTIONS":
        return Reply(204, None, _preflight(method))
    if request.method != method:
        raise refusals.WrongMethod(method)
    return respond(request)


def _cors(origin: str | None, origins: tuple[str, ...]) -> dict[str, str]:
    """Let exactly our pages read the answer: a foreign one is told an origin that is not its own."""
    return {
        "Access-Control-Allow-Origin": origin if origin in origins else origins[0],
        "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate",
        "Vary": "Origin",
    }


def _preflight(method: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Methods": method,
        "Access-Control-Allow-Headers": "authorization, content-type",
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }


def _typed(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _texts(values: Mapping[str, object], fold: Callable[[str], str] = str) -> dict[str, str]:
    texts = {fold(name): value for name, value in values.items() if isinstance(value, str)}
    if len(texts) != len(values):  # one is no text, or two are one
        raise ValueError
    return texts
