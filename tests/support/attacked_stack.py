"""The whole local stack with a callback function that is watched, and an attacker who has OSS's private key.

OSS's key has 512 bits, and such numbers are factored in days. Here bucket and function share a pair of that
size whose two primes are known, so that whatever is forged is signed perfectly.
"""

from __future__ import annotations

import base64
import itertools
from collections import Counter
from collections.abc import Iterator
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
REFUSED = range(400, 500)

attempts: Counter[str] = Counter()


def stopped(held: bool, what: object = "") -> None:  # noqa: FBT001 - the one thing it is about
    """Count one attempt; an attempt that got through fails the test."""
    attempts["let through" if not held else "stopped"] += 1
    assert held, what


def stopped_by(answer: requests.Response, *codes: str) -> None:
    """Count one attempt; it must be refused as the attacker's fault, and with one of these codes if any."""
    refused = answer.status_code in REFUSED
    stopped(refused and (not codes or answer.json()["code"] in codes), (answer.status_code, answer.text))


def factored_key() -> rsa.RSAPrivateKey:
    """Return the private key that follows from the two primes."""
    p, q = FACTORS
    public = rsa.RSAPublicNumbers(65537, p * q)
    d = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


class AttackedStack(WatchedStack):
    """Everything that may be attacked, and the attacker's key."""

    key = factored_key()
    names = itertools.count()

    def signed(self, body: bytes, path: str = "/callback", **headers: str) -> dict[str, str]:
        """Return the headers OSS would send with this body, were it OSS."""
        signature = self.key.sign(path.encode() + b"\n" + body, PKCS1v15(), MD5())
        return {
            "Authorization": base64.b64encode(signature).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "x-oss-pub-key-url": base64.b64encode(KEY_URL.encode()).decode(),
            **headers,
        }

    def call_back(self, body: bytes, path: str = "/callback", **headers: str) -> requests.Response:
        """Send a body, signed perfectly."""
        address = self.callback + path
        return self.stack.http.post(address, body, headers=self.signed(body, path, **headers), timeout=10)

    def confirm(self, ticket: object) -> requests.Response:
        return self.stack.http.post(f"{self.callback}/confirm", json={"ticket": ticket}, timeout=10)

    def uploaded(self) -> Any:
        """Return the grant of an upload that is stored, called back and told to the backend."""
        grant = self.stack.grant(f"{next(self.names)}.png")
        assert self.stack.send(grant, FILE).json()["id"] == grant["id"]
        return grant


def body_of(grant: Any, **changed: str) -> bytes:
    """Return the body that OSS sends for this grant, or what somebody made of it."""
    told = {"ticket": grant["ticket"], "bucket": BUCKET, "object": grant["key"], "size": str(len(FILE))}
    return urlencode({**told, "etag": md5(FILE), **changed}).encode()


@contextmanager
def attacked_stack(folder: Path, switches: str, **changed: str) -> Iterator[AttackedStack]:
    """Start everything; nothing is left running."""
    pem = factored_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "state").mkdir()
    (folder / "state" / "callback_key.pem").write_bytes(pem)
    with watched_stack(folder, switches, **changed) as started:
        yield AttackedStack(started.stack, started.callback, started.backend, started.watched)
