"""The events and the environment of the contestants, the same for our functions and the peers."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.scripted_bucket import ETAG, SIZE_BYTES
from tests.support.fc_events import fc_event
from vendored.oss_signing import callback_message
from vendored.ticket import FileTicket, sign_ticket

ORIGIN = "https://www.example.com"
TICKET_SECRET = "a-ticket-secret-of-more-than-32-bytes"
IDENTITY_SECRET = "an-identity-secret-of-more-than-32-bytes"
KEY_URL = base64.b64encode(b"https://gosspublic.alicdn.com/callback_pub_key_v1.pem").decode()
KEY_BITS = 1024  # the fewest that cryptography makes; OSS's own key has 512
LIFETIME_SECONDS = 3600
SHARED = {
    "UPLOAD_BUCKET": "examplebucket",
    "OSS_REGION": "cn-hangzhou",
    "TICKET_SECRET": TICKET_SECRET,
    "ALLOWED_ORIGINS": ORIGIN,
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.NUExampleExampleExampleEx",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "ExampleExampleExampleExampleExampleExampleEx",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "CAIS" + "Example0" * 90,  # as long as that of a role
}
TOKEN = {
    **SHARED,
    "UPLOAD_HOST": "https://upload.example.com",
    "CALLBACK_URL": "https://callback.example.com",
    "MAX_BYTES": "1048576",
    "ALLOW_ANONYMOUS": "true",
}
SIGNED_IN = {
    **{name: value for name, value in TOKEN.items() if name != "ALLOW_ANONYMOUS"},
    "AUTH_HS256_SECRET": IDENTITY_SECRET,
    "AUTH_ISSUER": "https://id.example.com",
    "AUTH_AUDIENCE": "uploads",
}
BROWSER = {
    "Accept": "*/*",
    "Accept-Language": "en-GB,en;q=0.9,zh-CN;q=0.8",
    "Origin": ORIGIN,
    "Referer": f"{ORIGIN}/",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
}
UPLOAD = {"name": "holiday.png", "size": str(SIZE_BYTES), "type": "image/png"}


class Signer(NamedTuple):
    """Signs callbacks as OSS does; `pem` is the public key."""

    key: rsa.RSAPrivateKey
    pem: str


def new_signer() -> Signer:
    """Return a signer with a key of its own."""
    key = rsa.generate_private_key(65537, KEY_BITS)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Signer(key, pem.decode())


def callback_environment(signer: Signer, bucket_url: str) -> dict[str, str]:
    """Return the variables of the callback function and of its peer."""
    return {**SHARED, "OBJECT_URL": bucket_url, "PUBLIC_KEY_PEM": signer.pem}


def file_grant(headers: Mapping[str, str] | None = None) -> bytes:
    """Return the request of a page for a grant."""
    return fc_event("/", UPLOAD, headers={**BROWSER, **(headers or {})})


def claims() -> dict[str, object]:
    """Return the claims of a user's token."""
    now = int(time.time())
    return {
        "iss": SIGNED_IN["AUTH_ISSUER"],
        "aud": SIGNED_IN["AUTH_AUDIENCE"],
        "sub": "alice",
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
    }


def signed_in_grant() -> bytes:
    """Return the same request of a user who signed in."""
    return file_grant({"Authorization": "Bearer " + jwt.encode(claims(), IDENTITY_SECRET, "HS256")})


def limits() -> bytes:
    """Return the request of a page for the limits."""
    return fc_event("/limits", headers=BROWSER)


def refused_grant() -> bytes:
    """Return the request for a file that is too large."""
    return fc_event("/", {**UPLOAD, "size": "1048577"}, headers=BROWSER)


def callback(signer: Signer, number: int = 0, extra: Mapping[str, str] | None = None) -> bytes:
    """Return the genuine callback about upload `number`."""
    now = int(time.time())
    upload_id = f"{number:026d}"
    key = f"uploads/_/2026/11/23/{upload_id}.png"
    ticket = FileTicket(upload_id, key, SIZE_BYTES, "", now, now + LIFETIME_SECONDS)
    form = {
        "ticket": sign_ticket(ticket, TICKET_SECRET),
        "bucket": SHARED["UPLOAD_BUCKET"],
        "object": key,
        "size": str(SIZE_BYTES),
        "etag": ETAG,
    }
    body = urlencode(form)
    signature = signer.key.sign(
        callback_message("/callback", "", body.encode()),
        padding.PKCS1v15(),
        MD5(),  # noqa: S303 - OSS signs with nothing else
    )
    headers = {
        "Authorization": base64.b64encode(signature).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "aliyun-oss-callback",
        "X-Oss-Pub-Key-Url": KEY_URL,
        "X-Oss-Signature-Version": "1.0",
        **(extra or {}),
    }
    return fc_event("/callback", method="POST", headers=headers, body=body)


def refused_callback(signer: Signer) -> bytes:
    """Return a callback whose ticket has a wrong MAC."""
    document = json.loads(callback(signer))
    document["body"] = document["body"].replace("ticket=e", "ticket=f", 1)
    return json.dumps(document).encode()
