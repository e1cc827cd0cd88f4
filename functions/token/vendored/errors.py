"""All refusals of both functions: status, title and public text of each. Only main.py repeats one of them.

A rule raises one of these with a `code` and a sentence; `describe` makes an RFC 9457 answer of it.

Refusal
├── Malformed
├── TooLarge
├── TypeNotAllowed
├── ForeignOrigin
├── Unauthenticated
│   ├── TokenMissing
│   └── TokenExpired
├── UnknownPath
├── WrongMethod
├── Unverified
├── NotStored
├── ObjectDiffers
├── MultipartConflict
│   └── PartsMissing
├── Unavailable
│   └── BackendFailed
├── Misconfigured
└── Crashed
"""

import re
from collections.abc import Mapping, Sequence

ERROR_STATUSES = range(400, 600)
NO_TYPE = "about:blank"  # RFC 9457, 4.2.1: the type says no more than the status does
FRAGMENT = r"[A-Za-z0-9._~-]+"  # RFC 3986, 2.3; compiled when used


class Refusal(Exception):
    """The request is refused.

    `code` is stable and for programs, `detail` is a sentence for people and never repeats the request.
    `upload_id` is known once a ticket has been verified.

    If a class has a `public_code`, callers see only that and `public_detail`: the rest goes only to the log.
    `challenge` is the WWW-Authenticate header; without a token it names no error (RFC 6750, 3).
    A refusal of your own may have its own `status`, from 400 to 599, and `title`.
    """

    status, title = 403, "Forbidden"
    public_code = public_detail = challenge = ""

    def __init__(self, code: str, detail: str = "", *, upload_id: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.upload_id = upload_id


class Malformed(Refusal):
    """The request does not have the form that docs/http-api.md describes."""

    status, title = 400, "Bad Request"


class TooLarge(Refusal):
    """The file has more bytes than the limits allow."""

    status, title = 413, "Content Too Large"


class TypeNotAllowed(Refusal):
    """The limits do not allow this media type."""

    status, title = 415, "Unsupported Media Type"


class ForeignOrigin(Refusal):
    """The page's origin is not one of the allowed origins."""


class Unauthenticated(Refusal):
    """No valid token says who asks."""

    status, title = 401, "Unauthorized"
    public_code, public_detail = "token_invalid", "The bearer token is not valid here."
    challenge = 'Bearer error="invalid_token"'


class TokenMissing(Unauthenticated):
    """The request has no token."""

    public_code, public_detail = "token_missing", "A bearer token is needed."
    challenge = "Bearer"


class TokenExpired(Unauthenticated):
    """The token was valid and has expired: the page can renew it."""

    public_code, public_detail = "token_expired", "The bearer token has expired; send a new one."
    challenge = 'Bearer error="invalid_token", error_description="The token expired"'


class UnknownPath(Refusal):
    """The function has nothing at this path."""

    status, title = 404, "Not Found"


class WrongMethod(Refusal):
    """The path has another method, `allow`."""

    status, title = 405, "Method Not Allowed"

    def __init__(self, allow: str) -> None:
        super().__init__("method_not_allowed", f"This path answers only {allow}.")
        self.allow = allow


class Unverified(Refusal):
    """Nothing proves that the request is genuine."""

    public_code, public_detail = "not_verified", "Nothing proves that this request is genuine."


class NotStored(Refusal):
    """The object does not exist: the file can safely be sent again."""

    status, title = 409, "Conflict"


class ObjectDiffers(Refusal):
    """The object exists and is not the one that was granted."""

    status, title = 409, "Conflict"


class MultipartConflict(Refusal):
    """The upload in parts is not in a state for this."""

    status, title = 409, "Conflict"


class PartsMissing(MultipartConflict):
    """Parts are not stored, or not with the sizes that were granted: `numbers` must be sent."""

    def __init__(self, numbers: "Sequence[int]", *, upload_id: str = "") -> None:
        super().__init__("parts_missing", "Parts of the file are not stored.", upload_id=upload_id)
        self.numbers = numbers


class Unavailable(Refusal):
    """No decision is possible now: ask again after `retry_after` seconds."""

    status, title = 503, "Service Unavailable"
    public_code, public_detail = "unavailable", "This cannot be decided now; ask again."

    def __init__(self, code: str, detail: str = "", *, upload_id: str = "", retry_after: int = 2) -> None:
        super().__init__(code, detail, upload_id=upload_id)
        self.retry_after = retry_after


class BackendFailed(Unavailable):
    """Your backend did not accept the upload: ask again. The caller may see how it failed."""

    status, title = 502, "Bad Gateway"
    public_code = public_detail = ""


class Misconfigured(Refusal):
    """The deployment is wrong. `detail` names variables, never their values."""

    status, title = 500, "Internal Server Error"
    public_code, public_detail = (
        "misconfigured",
        "This deployment is not configured correctly; its log says why.",
    )


class Crashed(Refusal):
    """An unexpected exception, in this project or in your hook.py or authorize.py."""

    status, title = 500, "Internal Server Error"
    public_code, public_detail = (
        "internal",
        "An internal error; the log has the details under this request_id.",
    )


def describe(
    refusal: Refusal, request_id: str, types_url: str = ""
) -> tuple[int, Mapping[str, object], Mapping[str, str]]:
    """Return status, problem details (RFC 9457) with `code` and `request_id` added, and headers.

    `types_url` is the address of the page that explains the codes, empty where there is none.
    Raises `ValueError` for a refusal whose status is not one of an error: OSS takes 2xx for success.
    """
    if type(refusal.status) is not int or refusal.status not in ERROR_STATUSES:
        raise ValueError("a refusal's status must be from 400 to 599")
    headers = {"Content-Type": "application/problem+json"}
    if refusal.challenge:
        headers["WWW-Authenticate"] = refusal.challenge
    if isinstance(refusal, WrongMethod):
        headers["Allow"] = f"{refusal.allow}, OPTIONS"
    if isinstance(refusal, Unavailable):
        headers["Retry-After"] = str(refusal.retry_after)
    code = refusal.public_code or refusal.code
    content = {
        "type": problem_type(types_url, code),
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.public_detail if refusal.public_code else refusal.detail,
        "code": code,
        "request_id": request_id,
    }
    if isinstance(refusal, PartsMissing):
        content["numbers"] = list(refusal.numbers)
    return refusal.status, content, headers


def problem_type(types_url: str, code: object) -> str:
    """Return the address that explains a code: its heading on the page `types_url` (RFC 9457, 3.1.1).

    Without such a page, or for a code of your own that a fragment would have to escape, `about:blank`.
    """
    named = types_url and isinstance(code, str) and re.fullmatch(FRAGMENT, code)
    return f"{types_url}#{code}" if named else NO_TYPE
