"""V4 signatures of requests, one function for each stage of the specification, and the Authorization header.

Source: OSS "Include a V4 signature in the Authorization header"; EC 0002-00000201, -213 (the
Credential), -214 (x-oss-content-sha256), -226 (its region), -227 (its product), -502 and -503 (x-oss-date),
-504. Words and elements of -226, -227, -503 and -504 are from captures; that -502 has the words of -503 is
inferred. Presigned URLs are in `presigned_url`.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

from oss_emulator.auth import v4
from oss_emulator.auth.credentials import Credential, find_credential
from oss_emulator.auth.form_signature import signature_mismatch
from oss_emulator.errors import OssError, bucket_acl_denied, invalid_argument
from oss_emulator.http_messages import Request

PAYLOAD = "UNSIGNED-PAYLOAD"

_AUTHORIZATION = re.compile(
    re.escape(v4.VERSION)
    + r" Credential=(?P<credential>[^,\s]+)"
    + r"(,\s*AdditionalHeaders=(?P<additional>[^,\s]*))?"
    + r",\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class _Authorization:
    scope: v4.Scope
    additional: tuple[str, ...]
    signature: str


def verify_header(
    request: Request, bucket: str, key: str, known: Iterable[Credential], *, region: str, now: float
) -> None:
    """Verify the request's Authorization header against `key` in `bucket`, both empty for the service itself.

    Raises OssError.

    The order of checks is: the header's text -> key id and token -> date -> signature.
    """
    if "authorization" not in request.headers:
        raise bucket_acl_denied()
    sent = _authorization(request.headers["authorization"], region)
    token = request.headers.get("x-oss-security-token", "")
    found = find_credential(known, access_key_id=sent.scope.access_key_id, security_token=token, now=now)
    date = _date(request.headers, sent.scope, now)
    resource = f"/{bucket}/{key}" if bucket else "/"
    canonical = canonical_request(request.method, resource, request.query, request.headers, sent.additional)
    check_signature(found, canonical, date, sent.scope, sent.signature)


def check_signature(key: Credential, canonical: str, date: str, scope: v4.Scope, provided: str) -> None:
    """Compare the signature `provided` with that of `canonical`. Raises OssError with the string to sign."""
    text = string_to_sign(canonical, date, scope)
    expected = v4.sign(v4.signing_key(key.access_key_secret, scope), text)
    if not hmac.compare_digest(expected.encode(), provided.encode()):
        error = signature_mismatch("0002-00000201", key.access_key_id, provided, text)
        error.details["CanonicalRequest"] = canonical
        raise error.explained(
            expected_canonical_request=canonical, expected_string_to_sign=text, got_signature=provided
        )


def canonical_request(
    method: str, resource: str, query: str, headers: Mapping[str, str], additional: Iterable[str]
) -> str:
    """Return the canonical request. `resource` is `/bucket/key`, not encoded; `query` is as sent."""
    names = sorted({name.lower() for name in additional})
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    signed = {
        n: v for n, v in lower.items() if n.startswith("x-oss-") or n in {"content-type", "content-md5"}
    }
    signed |= {name: lower.get(name, "") for name in names}
    return "\n".join(
        (
            method,
            quote(resource, safe="/~"),
            _canonical_query(query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            ";".join(names),
            PAYLOAD,
        )
    )


def string_to_sign(canonical: str, date: str, scope: v4.Scope) -> str:
    """Return the string to sign of a canonical request."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{v4.VERSION}\n{date}\n{scope.without_key}\n{digest}"


def _canonical_query(query: str) -> str:
    pairs = []
    for item in filter(None, query.split("&")):
        name, _, value = item.partition("=")
        pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" if value else name for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    # A plus in a query is a space: python-sdk v1 and go-sdk v2 send `+` and sign `%20`.
    return quote(unquote_plus(text), safe="~")


def _authorization(header: str, region: str) -> _Authorization:
    found = _AUTHORIZATION.fullmatch(header.strip())
    if not found:
        raise invalid_header(header)
    scope = v4.parse_scope(found["credential"])
    if scope is None and re.fullmatch("[^/]+/[^/]+//[^/]+/[^/]+", found["credential"]):
        raise invalid_header(header)  # no region
    if scope is None or scope.terminator != v4.TERMINATOR:
        raise invalid_argument(
            "The Credential of the Authorization header is invalid.",
            "0002-00000213",
            name="Authorization",
            value=header,
        )
    if scope.product != v4.PRODUCT:
        raise _wrong_part("product", "0002-00000227", header)
    if scope.region != region:
        raise _wrong_part("region", "0002-00000226", header)
    return _Authorization(
        scope, tuple(filter(None, (found["additional"] or "").split(";"))), found["signature"]
    )


def invalid_header(header: str) -> OssError:
    """400 for an Authorization header that cannot be read (capture: aliyun/alibabacloud-jindodata 127)."""
    message = "Authorization header is invalid."
    return OssError(400, "InvalidArgument", message, "", {"Authorization": header})


def _wrong_part(part: str, ec: str, header: str) -> OssError:
    message = f"Invalid signing {part} in Authorization header."
    return OssError(400, "InvalidArgument", message, ec, {"Authorization": header})


def _date(headers: Mapping[str, str], scope: v4.Scope, now: float) -> str:
    date = headers.get("x-oss-date", "")
    seconds = v4.parse_date(date)
    if seconds is None:
        raise no_valid_date("x-oss-date", "YYYYMMDDTHHMMSSZ", date)
    payload = headers.get("x-oss-content-sha256", "")
    if payload != PAYLOAD:
        message = "x-oss-content-sha256 is missing or invalid."
        raise invalid_argument(message, "0002-00000214", name="x-oss-content-sha256", value=payload)
    if abs(now - seconds) > v4.SKEW_SECONDS:
        raise too_skewed(seconds, now)
    if scope.day != date[:8]:
        message = "The Credential of the Authorization header does not fit x-oss-date."
        raise invalid_argument(message, "0002-00000213", name="Authorization")
    return date


def no_valid_date(field: str, expected: str, got: str) -> OssError:
    """403 for a request whose date is missing or cannot be read (EC 0002-00000503, -502)."""
    ec = "0002-00000502" if got else "0002-00000503"
    error = OssError(403, "AccessDenied", "OSS authentication requires a valid Date.", ec)
    return error.explained(field=field, expected=expected, got=got or "none")


def too_skewed(sent: float, now: float) -> OssError:
    """403 with both times. ali-oss corrects its clock by ServerTime; without one it repeats for ever."""
    details = {
        "MaxAllowedSkewMilliseconds": str(v4.SKEW_SECONDS * 1000),
        "RequestTime": v4.utc_with_milliseconds(sent),
        "ServerTime": v4.utc_with_milliseconds(now),
    }
    message = "The difference between the request time and the current time is too large."
    return OssError(403, "RequestTimeTooSkewed", message, "0002-00000504", details)
