"""V1 signatures of requests, in the Authorization header and in the query.

Source: OSS "Add signatures to headers" (its example is a test) and "Add signatures to URLs"; EC 0002-00000040
(mismatch), -069 (expired; a capture of 2025), -070 (Expires), -071, -073 (OSSAccessKeyId), -074 (Signature),
-502 to -504 (the date, as of V4). Status and words of -070 to -074 are unconfirmed. The names of parameters
are those that oss2 and alibabacloud-oss-v2 sign. V1 signatures of forms are in `form_signature`.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from oss_emulator.auth import v4
from oss_emulator.auth.credentials import Credential, KnownKeys, check_address_time, find_credential
from oss_emulator.auth.form_signature import signature_mismatch
from oss_emulator.auth.header_signature import invalid_header, no_valid_date, too_skewed
from oss_emulator.errors import OssError
from oss_emulator.http_messages import Request

SCHEME = "OSS "
ACCESS_KEY_ID, EXPIRES, SIGNATURE = "OSSAccessKeyId", "Expires", "Signature"
SECURITY_TOKEN = "security-token"  # noqa: S105 - the name of a parameter
MAX_EXPIRES_DIGITS = 12  # ours: seconds since 1970, for some 30,000 years

# In the query, these are a part of the resource that is signed.
SIGNED_PARAMETERS = frozenset(
    """
    accessPoint accessPointPolicy acl append asyncFetch bucketArchiveDirectRead bucketInfo callback
    callback-var cloudboxes cname comp continuation-token cors delete encryption endTime group httpsConfig
    inventory inventoryId lifecycle link live location logging metaQuery objectInfo objectMeta partNumber
    policy position publicAccessBlock qos qosInfo qosRequester redundancyTransition referer regionList
    replication replicationLocation replicationProgress requestPayment requesterQosInfo resourceGroup
    resourcePool resourcePoolBuckets resourcePoolInfo response-cache-control response-content-disposition
    response-content-encoding response-content-language response-content-type response-expires restore
    security-token sequential startTime stat status style styleName symlink tagging transferAcceleration
    uploadId uploads versionId versioning versions vod website worm wormExtend wormId
    x-oss-ac-forward-allow x-oss-ac-source-ip x-oss-ac-subnet-mask x-oss-ac-vpc-id x-oss-access-point-name
    x-oss-async-process x-oss-process x-oss-redundancy-transition-taskid x-oss-request-payer
    x-oss-target-redundancy-type x-oss-traffic-limit x-oss-write-get-object-response
    """.split()  # noqa: SIM905 - as a list, it takes a line for each name
)


def verify_v1_header(request: Request, resource: str, known: Iterable[Credential], *, now: float) -> None:
    """Verify a V1 Authorization header. `resource` is `/bucket/key`, not encoded. Raises OssError.

    The order of checks is: the header's text -> key id and token -> date -> signature.
    """
    header = request.headers["authorization"]
    access_key_id, colon, provided = header.removeprefix(SCHEME).partition(":")
    if not colon:
        raise invalid_header(header)
    token = request.headers.get("x-oss-security-token", "")
    key = find_credential(known, access_key_id=access_key_id, security_token=token, now=now)
    date = request.headers.get("x-oss-date") or request.headers.get("date", "")
    _check_date(date, now)
    _check_signature(key, string_to_sign(request, resource, date), provided)


def verify_v1_url(request: Request, resource: str, known: KnownKeys, *, now: float) -> None:
    """Verify a V1 signature in the query. `resource` is `/bucket/key`, not encoded. Raises OssError.

    The order of checks is: presence of the parameters -> key id and token -> expiry -> signature.
    """
    sent = request.parameters
    access_key_id = _required(sent, ACCESS_KEY_ID, "0002-00000071")
    expires = _required(sent, EXPIRES, "0002-00000070")
    provided = _required(sent, SIGNATURE, "0002-00000074")
    if not access_key_id.isprintable():
        raise _refused("The OSSAccessKeyId of the address is invalid.", "0002-00000073")
    if not (expires.isascii() and expires.isdigit() and len(expires) <= MAX_EXPIRES_DIGITS):
        raise _refused("The Expires of the address is not a time in seconds.", "0002-00000070")
    token = sent.get(SECURITY_TOKEN, "")
    key = find_credential(known, access_key_id=access_key_id, security_token=token, now=now)
    check_address_time(known, ends=int(expires), now=now, ec="0002-00000069")
    _check_signature(key, string_to_sign(request, resource, expires), provided)


def string_to_sign(request: Request, resource: str, date: str) -> str:
    """Return what V1 signs of a request; `date` is its Date or x-oss-date, or an address's Expires."""
    headers = request.headers
    oss_headers = "".join(
        f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-oss-")
    )
    signed = [
        f"{name}={value}" if value else name
        for name, value in sorted(parse_qsl(request.query, keep_blank_values=True))
        if name in SIGNED_PARAMETERS
    ]
    return "\n".join(
        (
            request.method,
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            date,
            oss_headers + resource + ("?" + "&".join(signed) if signed else ""),
        )
    )


def sign(secret: str, text: str) -> str:
    """Return the V1 signature of a string to sign, in base64."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _check_signature(key: Credential, text: str, provided: str) -> None:
    expected = sign(key.access_key_secret, text)
    if not hmac.compare_digest(expected.encode(), provided.encode()):
        raise signature_mismatch("0002-00000040", key.access_key_id, provided, text)


def _check_date(date: str, now: float) -> None:
    try:
        seconds = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise no_valid_date("Date or x-oss-date", "a date as of HTTP", date) from None
    if abs(now - seconds) > v4.SKEW_SECONDS:
        raise too_skewed(seconds, now)


def _required(sent: Mapping[str, str], name: str, ec: str) -> str:
    if not sent.get(name):
        raise _refused(f"The address has no {name}, which a signature in the query needs.", ec)
    return sent[name]


def _refused(message: str, ec: str) -> OssError:
    return OssError(403, "AccessDenied", message, ec)
