"""Fixtures for the callback function: a genuine callback, a scripted bucket, and a clock that tests move."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from completion.application import build
from tests.support.fc_events import fc_event
from tests.support.peer import Peer
from vendored.fc_http import Clock, Handler
from vendored.oss_signing import callback_message
from vendored.ticket import DirectoryTicket, FileTicket, sign_ticket

NOW = 1_800_000_000.25  # 2027-01-15T08:00:00Z
SECRET = "a-ticket-secret-of-more-than-32-bytes"
ETAG = "5D41402ABC4B2A76B9719D911017C592"
CRC64 = "11177612005948864433"
TICKET = FileTicket("01abc", "uploads/_/2027/01/15/01abc.png", 5, "", int(NOW), int(NOW) + 3900)
FOLDER = "uploads/alice/2027/01/15/01abc/"
DIRECTORY_TICKET = DirectoryTicket("01abc", FOLDER, 9, "alice", int(NOW), int(NOW) + 900)
KEY_URL = base64.b64encode(b"https://gosspublic.alicdn.com/callback_pub_key_v1.pem").decode()
STORED = {
    "ETag": f'"{ETAG}"',
    "Content-Length": "5",
    "Content-Type": "image/png",
    "Content-Disposition": "inline; filename=\"__.png\"; filename*=UTF-8''%E5%9B%BE%E7%89%87.png",
    "x-oss-storage-class": "Standard",
    "x-oss-hash-crc64ecma": CRC64,
}


class Bucket(Peer):
    """The server that answers the function's HEAD."""

    def __init__(self) -> None:
        super().__init__(STORED)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    with bucket.serving():
        yield bucket


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)


@pytest.fixture
def environ(bucket: Bucket, private_key: rsa.RSAPrivateKey) -> dict[str, str]:
    pem = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "UPLOAD_BUCKET": "examplebucket",
        "OSS_REGION": "cn-hangzhou",
        "OBJECT_URL": bucket.url,
        "TICKET_SECRET": SECRET,
        "ALLOWED_ORIGINS": "https://www.example.com",
        "PUBLIC_KEY_PEM": pem.decode(),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "STS.EXAMPLE",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "SKEXAMPLE",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "CAISEXAMPLE",
    }


class Watch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def handler(environ: dict[str, str], watch: Watch) -> Handler:
    return build(environ, Clock(lambda: NOW, watch))


class Callback(NamedTuple):
    """A callback as OSS sends it; tests change one part of it."""

    body: str
    headers: Mapping[str, str]
    path: str = "/callback"

    def event(self) -> bytes:
        return fc_event(self.path, method="POST", headers=self.headers, body=self.body)


@pytest.fixture
def signed(private_key: rsa.RSAPrivateKey) -> Callable[..., Callback]:
    """Return a function that signs a callback with the given fields as OSS does."""

    def sign(path: str = "/callback", raw: str | None = None, **fields: str) -> Callback:
        form = {
            "ticket": sign_ticket(TICKET, SECRET),
            "bucket": "examplebucket",
            "object": TICKET.key,
            "size": "5",
            "etag": ETAG,
            **fields,
        }
        body = urlencode(form) if raw is None else raw
        signature = private_key.sign(callback_message(path, "", body.encode()), padding.PKCS1v15(), MD5())
        headers = {
            "Authorization": base64.b64encode(signature).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Oss-Pub-Key-Url": KEY_URL,
            "X-Oss-Signature-Version": "1.0",
            "X-Oss-Tag": "CALLBACK",
        }
        return Callback(body, headers, path)

    return sign


def confirmation(ticket: str | None = None, raw: str | None = None) -> bytes:
    body = (
        json.dumps({"ticket": sign_ticket(TICKET, SECRET) if ticket is None else ticket})
        if raw is None
        else raw
    )
    return fc_event("/confirm", method="POST", headers={"Origin": "https://www.example.com"}, body=body)
