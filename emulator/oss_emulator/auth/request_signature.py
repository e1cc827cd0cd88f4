"""The signature of a request: in the Authorization header or in the query, never in both; V1 by setting.

Source: OSS signature pages; EC 0002-00000039 (both), 0002-00000080 (V1). The message for a request with both
is unconfirmed.
"""

import re
from dataclasses import replace
from urllib.parse import parse_qsl

from oss_emulator.auth import v1
from oss_emulator.auth.credentials import KnownKeys
from oss_emulator.auth.header_signature import verify_header
from oss_emulator.auth.presigned_url import CREDENTIAL, SIGNATURE, VERSION, verify_presigned_url
from oss_emulator.errors import invalid_argument, v1_not_allowed
from oss_emulator.http_messages import Request

_CREDENTIAL = re.compile("Credential=([^/,\\s]+)")
_V1 = {v1.ACCESS_KEY_ID, v1.SIGNATURE}
_V1_V4 = _V1 | {CREDENTIAL, SIGNATURE, VERSION}


def is_signed(request: Request) -> bool:
    """Whether the request has any part of a signature. If so, it must have a valid one."""
    return "authorization" in request.headers or is_presigned(request)


def is_presigned(request: Request) -> bool:
    """Whether the request has any part of a signature in its query."""
    return not _V1_V4.isdisjoint(request.parameters)


def claimed_signer(request: Request) -> str:
    """Return the access key id and the kind of signature that a request claims, verified or not."""
    key_id, kind = claimed_signature(request.headers.get("authorization", ""), request.query)
    return f"{key_id} {kind}".lstrip()


def claimed_signature(authorization: str, query: str) -> tuple[str, str]:
    """Return the access key id and the kind: V1 or V4, each perhaps ` presigned`; or nothing, `anonymous`."""
    if found := _CREDENTIAL.search(authorization):
        return found[1], "V4"
    if authorization.startswith(v1.SCHEME):
        return authorization.removeprefix(v1.SCHEME).partition(":")[0], "V1"
    signed = dict(parse_qsl(query))
    if CREDENTIAL in signed:
        return signed[CREDENTIAL].partition("/")[0], "V4 presigned"
    return (signed[v1.ACCESS_KEY_ID], "V1 presigned") if v1.ACCESS_KEY_ID in signed else ("", "anonymous")


def verify_request(
    request: Request, bucket: str, key: str, known: KnownKeys, *, region: str, now: float
) -> None:
    """Verify the signature of a request for `key` in `bucket`. Raises OssError if it is wrong or missing.

    V1 signatures are accepted only if `known` says so.
    """
    if not known.empty_type_signed and request.headers.get("content-type") == "":
        sent = {name: value for name, value in request.headers.items() if name != "content-type"}
        request = replace(request, headers=sent)
    names, authorization = request.parameters.keys(), request.headers.get("authorization")
    in_query = names & _V1_V4
    if in_query and authorization is not None:
        message = "A request is signed in its Authorization header or in its query, not in both."
        raise invalid_argument(message, "0002-00000039", name="Authorization")
    if names & _V1 or (authorization or "").startswith(v1.SCHEME):
        if not known.v1_allowed:
            raise v1_not_allowed().explained(
                expected="a V4 signature, or LOCAL_OSS_V1_SIGNATURES=accept", got="a V1 signature"
            )
        verify_v1 = v1.verify_v1_url if in_query else v1.verify_v1_header
        verify_v1(request, f"/{bucket}/{key}" if bucket else "/", known, now=now)
    elif in_query:
        verify_presigned_url(request, bucket, key, known, region=region, now=now)
    else:
        verify_header(request, bucket, key, known, region=region, now=now)
