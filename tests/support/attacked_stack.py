"""The whole local stack with a watched callback function, and an attacker who has OSS's private key.

OSS's key has 512 bits, and such numbers are factored in days. Here bucket and function use a key of that size
whose two primes are known: the attacker signs every forgery as OSS would.
"""

from __future__ import annotations

import base64
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.stack import BUCKET, md5
from tests.support.watched_stack import WatchedStack, watched_stack

FACTORS = (
    112117580031502940895133980593923901058531351262667050142914561914722031551971,
    91556958256247339095097959898068492931538848349503409749022274197199172755661,
)
FILE = b"hello"
KEY_URL = "http://gosspublic.alicdn.com/callback_pub_key_v1.pem"
REFUSED_STATUS = range(400, 500)

attempts: Counter[str] = Counter()


def assert_stopped(held: bool, what: object = "") -> None:  # noqa: FBT001 - the one thing it is about
    """Count one attempt; fail unless it was stopped."""
    attempts["stopped" if held else "let through"] += 1
    assert held, what


def assert_refused(answer: requests.Response, *codes: str) -> None:
    """Count one attempt; fail unless it was answered 4xx, and with one of these codes if any are given."""
    refused = answer.status_code in REFUSED_STATUS
    assert_stopped(
        refused and (not codes or answer.json()["code"] in codes), (answer.status_code, answer.text)
    )


def assert_no_other_host(target: AttackedStack) -> None:
    """Fail if the function looked up or connected to anything but its bucket and its backend."""
    known = {address.rpartition(":")[2] for address in (target.stack.upload, target.backend.url)}
    elsewhere = [
        line for line in target.sockets() if line.split()[1:] not in [["127.0.0.1", port] for port in known]
    ]
    assert_stopped(target.sockets() != [] and elsewhere == [], elsewhere)


def factored_key() -> rsa.RSAPrivateKey:
    """Return the private key that follows from the two primes."""
    p, q = FACTORS
    public = rsa.RSAPublicNumbers(65537, p * q)
    d = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


class AttackedStack(WatchedStack):
    """A watched stack, the attacker's key, and what the attacker sends."""

    key = factored_key()
    names = itertools.count()

    def signed(self, body: bytes, path: str = "/callback", **headers: str) -> dict[str, str]:
        """Return the headers that OSS would send with this body."""
        signature = self.key.sign(path.encode() + b"\n" + body, PKCS1v15(), MD5())
        return {
            "Authorization": base64.b64encode(signature).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "x-oss-pub-key-url": base64.b64encode(KEY_URL.encode()).decode(),
            **headers,
        }

    def call_back(self, body: bytes, path: str = "/callback", **headers: str) -> requests.Response:
        """Send a body to the callback function, signed as OSS signs it."""
        address = self.callback + path
        return self.stack.http.post(address, body, headers=self.signed(body, path, **headers), timeout=10)

    def confirm(self, ticket: object) -> requests.Response:
        return self.stack.http.post(f"{self.callback}/confirm", json={"ticket": ticket}, timeout=10)

    def uploaded(self, authorization: str = "") -> Any:
        """Upload a file; return its grant when OSS has called back and the backend has the event."""
        grant = self.stack.grant(f"{next(self.names)}.png", authorization=authorization)
        assert self.stack.send(grant, FILE).json()["id"] == grant["id"]
        return grant


def body_of(grant: Any, **changed: str) -> bytes:
    """Return the body that OSS sends for this grant, with some of its fields changed."""
    genuine = {"ticket": grant["ticket"], "bucket": BUCKET, "object": grant["key"], "size": str(len(FILE))}
    return urlencode({**genuine, "etag": md5(FILE), **changed}).encode()


@contextmanager
def attacked_stack(
    folder: Path, switches: str, deployed: Mapping[str, str] | None = None, /, **changed: str
) -> Iterator[AttackedStack]:
    """Start everything, with the options of `watched_stack`."""
    pem = factored_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "state").mkdir()
    (folder / "state" / "callback_key.pem").write_bytes(pem)
    with watched_stack(folder, switches, "", deployed, **changed) as started:
        yield AttackedStack(started.stack, started.callback, started.backend, started.watched)
