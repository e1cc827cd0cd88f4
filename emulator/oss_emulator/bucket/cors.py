"""CORS rules of a bucket: the answer to a preflight request, and the headers of every other answer.

Source: OSS PutBucketCors and OptionObject pages; EC 0003-00000601, -602, 0034-00000101, -102. OSS executes
an actual request that no rule matches, without these headers: nothing here may refuse one. `switches` has
`cors_any_origin`, which says what a rule for any origin answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oss_emulator.errors import OssError
from oss_emulator.http_messages import Answer, Request

# OSS's own text, with its typing errors.
_NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
    "request method / Access-Control-Request-Method or Access-Control-Requet-Headers are not whitelisted "
    "by the resource's CORS spec."
)


@dataclass(frozen=True)
class CorsRule:
    """One rule; an origin or a header may hold one `*`. Without `max_age_seconds` the browser decides."""

    origins: tuple[str, ...]
    methods: tuple[str, ...] = ("POST", "PUT", "GET")
    headers: tuple[str, ...] = ("*",)
    exposed: tuple[str, ...] = ("ETag", "x-oss-request-id", "x-oss-hash-crc64ecma")
    max_age_seconds: int | None = 600


@dataclass(frozen=True)
class Cors:
    """The rules of a bucket, in the order in which they are tried; without rules CORS is off.

    With `response_vary` every answer has `Vary: Origin`, whatever the request; without it no answer has.
    """

    rules: tuple[CorsRule, ...] = ()
    response_vary: bool = False


def preflight(cors: Cors, headers: Mapping[str, str], switches: Mapping[str, str]) -> Answer:
    """Answer OPTIONS. Raises OssError if it is not a preflight or no rule matches."""
    origin = headers.get("origin", "")
    method = headers.get("access-control-request-method", "")
    if not origin:
        raise _insufficient("Origin request header needed.", "0034-00000101")
    if not method:
        raise _insufficient("Request Access-Control-Request-Method header needed.", "0034-00000102")
    if not cors.rules:
        raise _not_allowed("0003-00000601", cors, origin, method, [])
    asked = headers.get("access-control-request-headers", "")
    names = [name.strip().lower() for name in asked.split(",") if name.strip()]
    rule = _matching(cors.rules, origin, method, names)
    if rule is None:
        raise _not_allowed("0003-00000602", cors, origin, method, names)
    return Answer(200, {**_granted(rule, origin, switches), **_preflight_headers(rule, names)})


def actual_headers(cors: Cors, request: Request, switches: Mapping[str, str]) -> dict[str, str]:
    """Return the CORS headers of the answer to an actual request, by the first rule that matches, if any."""
    origin = request.headers.get("origin", "")
    rule = _matching(cors.rules, origin, request.method, []) if origin else None
    vary = {"Vary": "Origin"} if cors.response_vary else {}
    return {**vary, **(_granted(rule, origin, switches) if rule else {})}


def _matching(rules: Sequence[CorsRule], origin: str, method: str, names: Sequence[str]) -> CorsRule | None:
    for rule in rules:
        if (
            method in rule.methods
            and any(_fits(pattern, origin) for pattern in rule.origins)
            and all(any(_fits(pattern.lower(), name) for pattern in rule.headers) for name in names)
        ):
            return rule
    return None


def _fits(pattern: str, text: str) -> bool:
    before, star, after = pattern.partition("*")
    if not star:
        return text == pattern
    return len(text) >= len(before) + len(after) and text.startswith(before) and text.endswith(after)


def _granted(rule: CorsRule, origin: str, switches: Mapping[str, str]) -> dict[str, str]:
    allowed = "*" if "*" in rule.origins and switches["cors_any_origin"] == "*" else origin
    exposed = {"Access-Control-Expose-Headers": ", ".join(rule.exposed)} if rule.exposed else {}
    return {"Access-Control-Allow-Origin": allowed, **exposed}


def _preflight_headers(rule: CorsRule, names: Sequence[str]) -> dict[str, str]:
    headers = {"Access-Control-Allow-Methods": ", ".join(rule.methods)}
    if names:
        headers["Access-Control-Allow-Headers"] = ", ".join(names)
    if rule.max_age_seconds is not None:
        headers["Access-Control-Max-Age"] = str(rule.max_age_seconds)
    return headers


def _not_allowed(ec: str, cors: Cors, origin: str, method: str, names: Sequence[str]) -> OssError:
    error = OssError(403, "AccessForbidden", _NOT_ALLOWED, ec)
    rules = "; ".join(
        f"{', '.join(rule.origins)} with {', '.join(rule.methods)} and headers {', '.join(rule.headers)}"
        for rule in cors.rules
    )
    error.explanation = {
        "expected": rules or "no rule: CORS is off",
        "got": f"{origin} with {method} and headers {', '.join(names)}",
    }
    return error


def _insufficient(what: str, ec: str) -> OssError:
    return OssError(400, "BadRequest", f"Insufficient information. {what}", ec)
