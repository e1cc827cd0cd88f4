"""A callback as OSS sends it: its headers and its signature. Nothing is sent here.

Source: OSS Callback page and a full capture of 2019-06-02 for the headers and their names.
"""

import base64
import hashlib
from dataclasses import dataclass
from email.utils import formatdate

from cryptography.hazmat.primitives.asymmetric import rsa

from oss_emulator.callback.key import sign_callback, string_to_sign
from oss_emulator.callback.parameter import CallbackUrl
from oss_emulator.callback.transport import CallbackRequest
from oss_emulator.settings import ACCOUNT_ID


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The origin that a callback's headers state: bucket, request, and the address of the public key."""

    bucket: str
    request_id: str
    public_key_url: str


@dataclass(frozen=True, kw_only=True)
class Message:
    """The content of a callback, the same for every address; `host` is its Host header if not empty."""

    body: bytes
    body_type: str
    host: str = ""
    sni: bool = False


def signed_request(
    url: CallbackUrl,
    message: Message,
    origin: Origin,
    *,
    key: rsa.RSAPrivateKey,
    now: float,
    signed_path: str = "",
) -> CallbackRequest:
    """Return the request to `url`. It is signed for the path of `url`, or `signed_path` if it is forged."""
    body, text = message.body, string_to_sign(signed_path or url.path, url.query, message.body)
    headers = {
        "Host": message.host or url.netloc,
        "Connection": "close",
        "Content-Length": str(len(body)),
        "Authorization": sign_callback(key, text),
        "Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
        "Content-Type": message.body_type,
        "Date": formatdate(now, usegmt=True),
        "User-Agent": "aliyun-oss-callback",
        "x-oss-additional-headers": "",
        "x-oss-bucket": origin.bucket,
        "x-oss-owner": ACCOUNT_ID,
        "x-oss-pub-key-url": base64.b64encode(origin.public_key_url.encode()).decode(),
        "x-oss-request-id": origin.request_id,
        "x-oss-requester": ACCOUNT_ID,
        "x-oss-signature-version": "1.0",
        "x-oss-tag": "CALLBACK",
    }
    return CallbackRequest(url, headers, body, text, message.sni)
