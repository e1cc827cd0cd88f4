"""The signature of a request: in the Authorization header or in the query, never in both, and only V4.

Source: OSS signature pages; EC 0002-00000039 (both), 0002-00000080 (V1). The message for a request with both
is unconfirmed.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from oss_emulator.auth.credentials import Credential
from oss_emulator.auth.header_signature import verify_header
from oss_emulator.auth.presigned_url import CREDENTIAL, SIGNATURE, VERSION, verify_presigned_url
from oss_emulator.errors import invalid_argument, v1_not_allowed
from oss_emulator.http_messages import Request

_V1 = {"OSSAccessKeyId", "Signature"}
_V4 = {CREDENTIAL, SIGNATURE, VERSION}


def is_signed(request: Request) -> bool:
    """Whether the request has any part of a signature. If so, it must have a valid one."""
    return "authorization" in request.headers or bool(_query_names(request) & (_V1 | _V4))


def verify_request(
    request: Request, bucket: str, key: str, known: Iterable[Credential], *, region: str, now: float
) -> None:
    """Verify the signature of a request for `key` in `bucket`. Raises OssError if it is wrong or missing."""
    names = _query_names(request)
    if not names & (_V1 | _V4):
        verify_header(request, bucket, key, known, region=region, now=now)
        return
    if "authorization" in request.headers:
        message = "A request is signed in its Authorization header or in its query, not in both."
        raise invalid_argument(message, "0002-00000039", name="Authorization")
    if names & _V1:
        raise v1_not_allowed()
    verify_presigned_url(request, bucket, key, known, region=region, now=now)


def _query_names(request: Request) -> set[str]:
    return {name for name, _ in parse_qsl(request.query, keep_blank_values=True)}
