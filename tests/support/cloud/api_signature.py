"""The signature of a request to ROS, STS and Function Compute, as their gateway checks it.

Source: Alibaba Cloud SDK documentation, "V3 request body and signature mechanism".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit

AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<id>[^,]+),SignedHeaders=(?P<names>[a-z0-9;-]+),"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
MUST_BE_SIGNED = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce"}


def fault(
    method: str, target: str, headers: Mapping[str, str], body: bytes, access_key_id: str, secret: str
) -> str:
    """Return the code that a request is refused with, empty for one that is signed. Names are lower-case."""
    sent = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if sent is None:
        return "IncompleteSignature"
    if sent["id"] != access_key_id:
        return "InvalidAccessKeyId.NotFound"
    names = sent["names"].split(";")
    digest = headers.get("x-acs-content-sha256", "")
    if digest != hashlib.sha256(body).hexdigest() or not set(names) >= MUST_BE_SIGNED:
        return "SignatureDoesNotMatch"
    parts = urlsplit(target)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    canonical = "\n".join(
        (
            method,
            parts.path,
            "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs),
            *(f"{name}:{headers.get(name, '').strip()}" for name in names),
            "",
            ";".join(names),
            digest,
        )
    )
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    expected = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return "" if hmac.compare_digest(expected, sent["signature"]) else "SignatureDoesNotMatch"
