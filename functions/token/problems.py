"""How a refusal looks outside: the only table from kind to status, as RFC 9457's problem details."""

from collections.abc import Mapping

import refusals

TABLE: Mapping[type[refusals.Refusal], tuple[int, str]] = {
    refusals.Refusal: (403, "Forbidden"),
    refusals.Malformed: (400, "Bad Request"),
    refusals.Unauthenticated: (401, "Unauthorized"),
    refusals.TokenMissing: (401, "Unauthorized"),
    refusals.TokenExpired: (401, "Unauthorized"),
    refusals.Unverified: (403, "Forbidden"),
    refusals.ForeignOrigin: (403, "Forbidden"),
    refusals.UnknownPath: (404, "Not Found"),
    refusals.WrongMethod: (405, "Method Not Allowed"),
    refusals.NotStored: (409, "Conflict"),
    refusals.ObjectDiffers: (409, "Conflict"),
    refusals.TooLarge: (413, "Content Too Large"),
    refusals.TypeNotAllowed: (415, "Unsupported Media Type"),
    refusals.Misconfigured: (500, "Internal Server Error"),
    refusals.Crashed: (500, "Internal Server Error"),
    refusals.BackendFailed: (502, "Bad Gateway"),
    refusals.Unavailable: (503, "Service Unavailable"),
}
# What exactly was wrong is for the log: outside, each of these has one look.
SILENT: Mapping[type[refusals.Refusal], tuple[str, str]] = {
    refusals.Unverified: ("not_verified", "Nothing proves that this request is genuine."),
    refusals.Unauthenticated: ("token_invalid", "The bearer token is not valid here."),
    refusals.TokenMissing: ("token_missing", "A bearer token is needed."),
    refusals.TokenExpired: ("token_expired", "The bearer token has expired; a new one will do."),
    refusals.Misconfigured: (
        "misconfigured",
        "This deployment is not configured correctly; its log says why.",
    ),
    refusals.Unavailable: ("unavailable", "This cannot be decided now; ask again."),
    refusals.Crashed: ("internal", "Something failed here; the log has it under this request_id."),
}
# RFC 6750, 3: without a token no error is named
CHALLENGES: Mapping[type[refusals.Refusal], str] = {
    refusals.Unauthenticated: 'Bearer error="invalid_token"',
    refusals.TokenMissing: "Bearer",
    refusals.TokenExpired: 'Bearer error="invalid_token", error_description="The token expired"',
}


def describe(
    refusal: refusals.Refusal, request_id: str
) -> tuple[int, Mapping[str, object], Mapping[str, str]]:
    """Return status, problem details with `code` and `request_id` added, and headers."""
    kind = next(one for one in type(refusal).__mro__ if one in TABLE)
    status, title = TABLE[kind]
    code, detail = SILENT.get(kind, (refusal.code, refusal.detail))
    headers = {"Content-Type": "application/problem+json"}
    if kind in CHALLENGES:
        headers["WWW-Authenticate"] = CHALLENGES[kind]
    if isinstance(refusal, refusals.WrongMethod):
        headers["Allow"] = f"{refusal.allow}, OPTIONS"
    if isinstance(refusal, refusals.Unavailable):
        headers["Retry-After"] = str(refusal.retry_after)
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return status, {**content, "request_id": request_id}, headers
