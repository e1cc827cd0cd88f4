"""Presigned URLs: a V4 signature in the query, with its own lifetime.

Source: OSS "V4 signatures in presigned URLs"; EC 0002-00000066, -076, -078, -215 to -220 (-218 inferred),
-223, -224, -226, -227 (its page has a header), -232, -235, -236. Status and code for faulty parameters are
unconfirmed: 400 InvalidArgument, as for faulty form fields.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from oss_emulator.auth import v4
from oss_emulator.auth.credentials import KnownKeys, check_address_time, find_credential
from oss_emulator.auth.header_signature import canonical_request, check_signature
from oss_emulator.errors import OssError, invalid_argument
from oss_emulator.http_messages import Request

VERSION = "x-oss-signature-version"
CREDENTIAL = "x-oss-credential"
DATE = "x-oss-date"
EXPIRES = "x-oss-expires"
SIGNATURE = "x-oss-signature"
ADDITIONAL_HEADERS = "x-oss-additional-headers"
SECURITY_TOKEN = "x-oss-security-token"  # noqa: S105 - the name of a parameter

MAX_EXPIRES_SECONDS = 7 * 24 * 3600  # OSS: EC 0002-00000232

_MISSING_EC = {CREDENTIAL: "0002-00000217", EXPIRES: "0002-00000215", SIGNATURE: "0002-00000219"}
_EMPTY_EC = {CREDENTIAL: "0002-00000218", EXPIRES: "0002-00000216", SIGNATURE: "0002-00000220"}
_SIGNATURE_PARAMETERS = {VERSION, CREDENTIAL, DATE, EXPIRES, SIGNATURE, ADDITIONAL_HEADERS, SECURITY_TOKEN}


def verify_presigned_url(
    request: Request, bucket: str, key: str, known: KnownKeys, *, region: str, now: float
) -> None:
    """Verify the signature in the request's query against `key` in `bucket`. Raises OssError.

    The order of checks is: presence of the parameters -> key id and token -> date and credential -> time ->
    signature.
    """
    sent = _parameters(request.query)
    if sent.get(VERSION) != v4.VERSION:
        raise _wrong(sent, VERSION, "0002-00000066")
    scope = _scope(sent)
    expires_seconds = _expires_seconds(sent)
    provided = _required(sent, SIGNATURE)
    additional = _additional_headers(sent, request.headers if known.listed_headers_needed else None)
    token = sent.get(SECURITY_TOKEN, "")
    found = find_credential(known, access_key_id=scope.access_key_id, security_token=token, now=now)
    started = _signed_at(sent, scope, region)
    _check_begun(started, now)
    check_address_time(known, ends=started + expires_seconds, now=now, ec="0002-00000236")
    query = "&".join(item for item in request.query.split("&") if _name(item) != SIGNATURE)
    resource = f"/{bucket}/{key}" if bucket else "/"
    canonical = canonical_request(request.method, resource, query, request.headers, additional)
    check_signature(found, canonical, sent[DATE], scope, provided)


def _parameters(query: str) -> dict[str, str]:
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] in _SIGNATURE_PARAMETERS]
    sent = dict(pairs)
    for name in sent:
        if sum(1 for pair in pairs if pair[0] == name) > 1:
            raise invalid_argument(f"The parameter {name} is given twice.", name=name)
    return sent


def _name(item: str) -> str:
    return unquote(item.partition("=")[0])


def _required(sent: Mapping[str, str], name: str) -> str:
    if name not in sent:
        raise invalid_argument(f"The parameter {name} is missing.", _MISSING_EC[name], name=name)
    if not sent[name]:
        raise invalid_argument(f"The parameter {name} is empty.", _EMPTY_EC[name], name=name)
    return sent[name]


def _scope(sent: Mapping[str, str]) -> v4.Scope:
    scope = v4.parse_scope(_required(sent, CREDENTIAL))
    if scope is None or scope.terminator != v4.TERMINATOR:
        raise _wrong(sent, CREDENTIAL, "0002-00000224" if scope else "")
    if scope.product != v4.PRODUCT:
        raise _wrong(sent, CREDENTIAL, "0002-00000227")
    return scope


def _expires_seconds(sent: Mapping[str, str]) -> int:
    text = _required(sent, EXPIRES)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_EXPIRES_SECONDS))):
        raise _wrong(sent, EXPIRES, "0002-00000232")
    if not 1 <= int(text) <= MAX_EXPIRES_SECONDS:
        raise _wrong(sent, EXPIRES, "0002-00000232")
    return int(text)


def _additional_headers(sent: Mapping[str, str], headers: Mapping[str, str] | None) -> list[str]:
    if ADDITIONAL_HEADERS not in sent:
        return []
    if not sent[ADDITIONAL_HEADERS]:
        raise _wrong(sent, ADDITIONAL_HEADERS, "0002-00000076")
    names = sent[ADDITIONAL_HEADERS].split(";")
    if headers is not None and not all(name in headers for name in names):
        raise _wrong(sent, ADDITIONAL_HEADERS, "0002-00000078")
    return names


def _signed_at(sent: Mapping[str, str], scope: v4.Scope, region: str) -> float:
    seconds = v4.parse_date(sent.get(DATE, ""))
    if seconds is None:
        raise _wrong(sent, DATE)
    if scope.day != sent[DATE][:8]:
        raise _wrong(sent, CREDENTIAL, "0002-00000223")
    if scope.region != region:
        raise _wrong(sent, CREDENTIAL, "0002-00000226")
    return seconds


def _check_begun(started: float, now: float) -> None:
    """Check that it is not more than 15 minutes before the date of the address."""
    if now < started - v4.SKEW_SECONDS:
        message = "Request is not valid yet."  # these words are unconfirmed
        raise OssError(
            403, "AccessDenied", message, "0002-00000235", {"ServerTime": v4.utc_with_milliseconds(now)}
        )


def _wrong(sent: Mapping[str, str], name: str, ec: str = "") -> OssError:
    return invalid_argument(f"The value of {name} is invalid.", ec, name=name, value=sent.get(name, ""))
