"""Every way a function refuses a request, and how each refusal looks to the caller.

A rule raises one of these exceptions with a `code` and a sentence, and knows no HTTP. `PROBLEMS` is the only
table from the kind of refusal to status, title and headers; `describe` makes an RFC 9457 answer of it.

Refusal              403
├── Malformed        400
├── TooLarge         413
├── TypeNotAllowed   415
├── ForeignOrigin    403
├── Unauthenticated  401: one look, whatever was wrong with the token
│   ├── TokenMissing
│   └── TokenExpired
├── UnknownPath      404
├── WrongMethod      405
├── Unverified       403: one look, whatever was wrong with the ticket or the signature
├── NotStored        409
├── ObjectDiffers    409
├── Unavailable      503
│   └── BackendFailed    502
├── Misconfigured    500
└── Crashed          500
"""

from collections.abc import Mapping
from typing import NamedTuple


class Refusal(Exception):
    """The request is refused.

    `code` is stable and for programs, `detail` is a sentence for people and never repeats the request.
    `upload_id` is known once a ticket has been verified.
    """

    def __init__(self, code: str, detail: str = "", *, upload_id: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.upload_id = upload_id


class Malformed(Refusal):
    """The request does not have the form that the README describes."""


class TooLarge(Refusal):
    """The file has more bytes than the limits allow."""


class TypeNotAllowed(Refusal):
    """The limits do not allow this media type."""


class ForeignOrigin(Refusal):
    """The page's origin is not one of the allowed origins."""


class Unauthenticated(Refusal):
    """No valid token says who asks. `code` and `detail` go only to the log."""


class TokenMissing(Unauthenticated):
    """The request has no token."""


class TokenExpired(Unauthenticated):
    """The token was valid and has expired: the page can renew it."""


class UnknownPath(Refusal):
    """The function has nothing at this path."""


class WrongMethod(Refusal):
    """The path has another method, `allow`."""

    def __init__(self, allow: str) -> None:
        super().__init__("method_not_allowed", f"Only {allow} is answered here.")
        self.allow = allow


class Unverified(Refusal):
    """Nothing proves that the request is genuine. `code` and `detail` go only to the log."""


class NotStored(Refusal):
    """The object does not exist: the file can safely be sent again."""


class ObjectDiffers(Refusal):
    """The object exists and is not the one that was granted."""


class Unavailable(Refusal):
    """No decision is possible now: ask again after `retry_after` seconds."""

    def __init__(self, code: str, detail: str = "", *, upload_id: str = "", retry_after: int = 2) -> None:
        super().__init__(code, detail, upload_id=upload_id)
        self.retry_after = retry_after


class BackendFailed(Unavailable):
    """Your backend did not accept the upload. The caller may see `code`, which says how it failed."""


class Misconfigured(Refusal):
    """The deployment is wrong. `detail` names variables, never their values, and goes only to the log."""


class Crashed(Refusal):
    """An exception that nobody foresaw: the fault is in our own code."""


class Problem(NamedTuple):
    """How one kind of refusal looks outside.

    With a `code` and `detail` here, the refusal's own are for the log only: all of this kind look the same.
    `challenge` is the WWW-Authenticate header (RFC 6750, 3: without a token no error is named).
    """

    status: int
    title: str
    code: str = ""
    detail: str = ""
    challenge: str = ""


PROBLEMS: Mapping[type[Refusal], Problem] = {
    Refusal: Problem(403, "Forbidden"),
    Malformed: Problem(400, "Bad Request"),
    TooLarge: Problem(413, "Content Too Large"),
    TypeNotAllowed: Problem(415, "Unsupported Media Type"),
    ForeignOrigin: Problem(403, "Forbidden"),
    Unauthenticated: Problem(
        401,
        "Unauthorized",
        "token_invalid",
        "The bearer token is not valid here.",
        'Bearer error="invalid_token"',
    ),
    TokenMissing: Problem(401, "Unauthorized", "token_missing", "A bearer token is needed.", "Bearer"),
    TokenExpired: Problem(
        401,
        "Unauthorized",
        "token_expired",
        "The bearer token has expired; a new one will do.",
        'Bearer error="invalid_token", error_description="The token expired"',
    ),
    UnknownPath: Problem(404, "Not Found"),
    WrongMethod: Problem(405, "Method Not Allowed"),
    Unverified: Problem(403, "Forbidden", "not_verified", "Nothing proves that this request is genuine."),
    NotStored: Problem(409, "Conflict"),
    ObjectDiffers: Problem(409, "Conflict"),
    Unavailable: Problem(503, "Service Unavailable", "unavailable", "This cannot be decided now; ask again."),
    BackendFailed: Problem(502, "Bad Gateway"),
    Misconfigured: Problem(
        500,
        "Internal Server Error",
        "misconfigured",
        "This deployment is not configured correctly; its log says why.",
    ),
    Crashed: Problem(
        500,
        "Internal Server Error",
        "internal",
        "Something failed here; the log has it under this request_id.",
    ),
}


def describe(refusal: Refusal, request_id: str) -> tuple[int, Mapping[str, object], Mapping[str, str]]:
    """Return status, problem details (RFC 9457) with `code` and `request_id` added, and headers."""
    problem = PROBLEMS[next(kind for kind in type(refusal).__mro__ if kind in PROBLEMS)]
    headers = {"Content-Type": "application/problem+json"}
    if problem.challenge:
        headers["WWW-Authenticate"] = problem.challenge
    if isinstance(refusal, WrongMethod):
        headers["Allow"] = f"{refusal.allow}, OPTIONS"
    if isinstance(refusal, Unavailable):
        headers["Retry-After"] = str(refusal.retry_after)
    content = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail if problem.code else refusal.detail,
        "code": problem.code or refusal.code,
        "request_id": request_id,
    }
    return problem.status, content, headers
