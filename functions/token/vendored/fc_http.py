"""HTTP on Function Compute: a v1 event in, a reply dict out, and no exception escapes.

Lives here: `Request`, `Reply`, CORS and which origins may call, the log line of a request, and the place that
catches every exception. Never lives here: a rule about uploads.

Sources: Function Compute, "Use an HTTP trigger to invoke a function" (event and reply format); the Fetch
standard. Function Compute answers an exception that escapes a handler with 200, which OSS would
take for success, and echoes any Origin with credentials allowed when a function sets no CORS header.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping

from vendored import errors, log
from vendored.records import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

MAX_EVENT_BYTES = 96 * 1024  # a genuine event, of twenty files with long names and data, is under 80 KiB
PREFLIGHT_SECONDS = 7200  # the longest that Chromium caches a preflight
SERVER_ERROR = 500
# JSON.parse in a page fails on NaN; what holds itself ends as a RecursionError
WRITER = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":"))

FcReply = dict[str, object]
Handler = Callable[[bytes, object], FcReply]


class Clock:
    """Two clocks: epoch seconds, and monotonic seconds. A named tuple would cost 0.1 ms at each start."""

    def __init__(self, now: "Callable[[], float]", monotonic: "Callable[[], float]") -> None:
        self.now = now
        self.monotonic = monotonic


SYSTEM_CLOCK = Clock(time.time, time.monotonic)


class Request(NamedTuple):
    """A request. Header names are lower-case, `path` and `query` are decoded.

    `now` is in epoch seconds, `received_at` in monotonic seconds.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    request_id: str
    now: float
    received_at: float


class Reply(NamedTuple):
    """A reply: `content` is a JSON object or its text; `code` and `log` go only to the log."""

    status: int
    content: Mapping[str, object] | str | None
    headers: Mapping[str, str] = {}
    code: str = "ok"
    log: Mapping[str, str] = {"upload_id": ""}


# the one method of a path, and the function that answers a request and its Function Compute context
Route = tuple[str, Callable[[Request, object], Reply]]


def serve(
    event: bytes,
    context: object,
    routes: Mapping[str, Route],
    origins: tuple[str, ...],
    clock: Clock,
    types_url: str = "",
) -> FcReply:
    """Answer one event. Whatever fails inside, Function Compute gets a complete reply.

    `types_url` is as in `errors.describe`.
    """
    now, received_at = clock.now(), clock.monotonic()
    request_id, origin = _request_id_of(context), None
    try:
        request = from_fc(event, now, received_at)
        request_id, origin = request.request_id, request.headers.get("origin")
        reply = _dispatch(request, context, routes, origins)
        packed = to_fc(reply, _cors(origin, origins))
    except BaseException as error:  # noqa: BLE001 - even SystemExit must not become Function Compute's 200
        reply = _refuse(error, request_id, types_url)
        packed = to_fc(reply, _cors(origin, origins))
    level = "info" if reply.code == "ok" else "error" if reply.status >= SERVER_ERROR else "warning"
    log.write(
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
    """Read a v1 event. Raises `Unverified`: Function Compute never sends an event that cannot be read."""
    try:
        if len(event) > MAX_EVENT_BYTES:
            raise errors.Unverified("event_too_large")
        document = json.loads(event.decode())
        context = document["requestContext"]
        body = _typed(str, document.get("body") or "").encode()
        encoded = _typed(bool, document.get("isBase64Encoded", False))
        return Request(
            method=_typed(str, context["http"]["method"]),
            path=_typed(str, context["http"]["path"]),
            headers=_texts(document.get("headers") or {}, lower=True),
            query=_texts(document.get("queryParameters") or {}),
            body=base64.b64decode(body, validate=True) if encoded else body,
            request_id=_typed(str, context["requestId"]),
            now=now,
            received_at=received_at,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise errors.Unverified("event_unreadable") from None


def to_fc(reply: Reply, cors: Mapping[str, str]) -> FcReply:
    """Write Function Compute's reply. Raises for what is not JSON."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **cors}
    body = ""
    if reply.content is not None:
        headers["Content-Type"] = "application/json"
        body = reply.content if isinstance(reply.content, str) else WRITER.encode(reply.content)
    headers.update(reply.headers)
    return {"statusCode": reply.status, "headers": headers, "isBase64Encoded": False, "body": body}


def _request_id_of(context: object) -> str:
    try:
        found = getattr(context, "request_id", "")
    except BaseException:  # noqa: BLE001 - a context that raises must not escape either
        return ""
    return found if isinstance(found, str) else ""


def _refuse(error: BaseException, request_id: str, types_url: str) -> Reply:
    """Answer a refusal. Any other exception, or a refusal that cannot be answered as it is, is `Crashed`."""
    if not isinstance(error, errors.Refusal):
        return _crashed(error, request_id, types_url)
    try:
        reply = _answer(error, request_id, types_url)
        WRITER.encode(reply)
    except Exception:  # noqa: BLE001 - a refusal raised in hook.py or authorize.py may hold anything
        return _crashed(error, request_id, types_url)
    return reply


def _crashed(error: BaseException, request_id: str, types_url: str) -> Reply:
    return _answer(errors.Crashed("internal", log.traceback_of(error)), request_id, types_url)


def _answer(refusal: errors.Refusal, request_id: str, types_url: str) -> Reply:
    status, content, headers = errors.describe(refusal, request_id, types_url)
    return Reply(
        status, content, headers, refusal.code, {"upload_id": refusal.upload_id, "detail": refusal.detail}
    )


def _dispatch(
    request: Request, context: object, routes: Mapping[str, Route], origins: tuple[str, ...]
) -> Reply:
    origin = request.headers.get("origin")
    if origin is not None and origin not in origins:
        raise errors.ForeignOrigin("foreign_origin", "Pages of this origin may not call this function.")
    if request.path not in routes:
        raise errors.UnknownPath("not_found", "There is nothing at this path.")
    method, respond = routes[request.path]
    if request.method == "OPTIONS":
        return Reply(204, None, _preflight(method))
    if request.method != method:
        raise errors.WrongMethod(method)
    return respond(request, context)


def _cors(origin: str | None, origins: tuple[str, ...]) -> dict[str, str]:
    """Let only pages of allowed origins read the answer: any other page gets our first one."""
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


def _typed(kind: "type[T]", value: object) -> "T":
    if not isinstance(value, kind):
        raise TypeError
    return value


def _texts(values: "Mapping[str, Any]", *, lower: bool = False) -> dict[str, str]:
    texts = dict(zip(map(str.lower, values) if lower else values, values.values(), strict=True))
    if len(texts) != len(values):  # two names differ only in case
        raise ValueError
    if not {str}.issuperset(map(type, texts.values())):
        raise TypeError
    return texts
