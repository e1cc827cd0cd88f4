"""The whole local stack with a callback function that is watched, and an attacker who has OSS's private key.

OSS's key has 512 bits, and such numbers are factored in days. Here bucket and function share a pair of that
size whose two primes are known, so that whatever is forged is signed perfectly.
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
from lone import lone
from stack import BUCKET, Stack, md5

from peer import Peer
from surroundings import free_ports

FACTORS = (
    112117580031502940895133980593923901058531351262667050142914561914722031551971,
    91556958256247339095097959898068492931538848349503409749022274197199172755661,
)
FILE = b"hello"
KEY_URL = "http://gosspublic.alicdn.com/callback_pub_key_v1.pem"
WATCHED = Path(__file__).parent.parent / "flow" / "watched"
WEBHOOK_SECRET = "whsec_" + "A" * 32
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


class Attacked:
    """A stack, the callback function in front of it, the backend that is told, and the attacker's key."""

    def __init__(self, stack: Stack, callback: str, backend: Peer, watched: Path) -> None:
        self.stack = stack
        self.callback = callback
        self.backend = backend
        self.key = factored_key()
        self._sockets, self._clock = watched / "sockets", watched / "clock"
        self._names = itertools.count()

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
        grant = self.stack.grant(f"{next(self._names)}.png")
        assert self.stack.send(grant, FILE).json()["id"] == grant["id"]
        return grant

    def told(self) -> list[str]:
        """Return the ids of all messages to the backend, repeats included."""
        return [one.headers["webhook-id"] for one in self.backend.asked]

    def sockets(self) -> list[str]:
        """Return what the function looked up and connected to since it started."""
        return self._sockets.read_text(encoding="utf-8").splitlines()

    @contextmanager
    def clock_wrong_by(self, seconds: float) -> Iterator[None]:
        self._clock.write_text(str(seconds), encoding="ascii")
        yield
        self._clock.write_text("0", encoding="ascii")


def body_of(grant: Any, **changed: str) -> bytes:
    """Return the body that OSS sends for this grant, or what somebody made of it."""
    told = {"ticket": grant["ticket"], "bucket": BUCKET, "object": grant["key"], "size": str(len(FILE))}
    return urlencode({**told, "etag": md5(FILE), **changed}).encode()


@contextmanager
def attacked(folder: Path, switches: str, **changed: str) -> Iterator[Attacked]:
    """Start everything; nothing is left running."""
    state, watched = folder / "state", folder / "watched"
    state.mkdir()
    watched.mkdir()
    (watched / "clock").write_text("0", encoding="ascii")
    (watched / "sockets").touch()
    pem = factored_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (state / "callback_key.pem").write_bytes(pem)
    port = str(free_ports(1)[0])
    backend = Peer(body=b"{}")
    with backend.serving():
        deployed = {"LOCAL_OSS_BLOCK_PUBLIC_ACCESS": "on", "CALLBACK_URL": f"http://127.0.0.1:{port}"}
        stack = Stack(state, LOCAL_OSS_SWITCHES=switches, **deployed)
        wiring: Mapping[str, str] = {
            "WEBHOOK_URL": f"{backend.url}/",
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "PYTHONPATH": str(WATCHED),
            "WATCHED_SOCKETS": str(watched / "sockets"),
            "WATCHED_CLOCK": str(watched / "clock"),
            **changed,
        }
        try:
            with lone("callback", stack, port=port, **wiring) as callback:
                yield Attacked(stack, callback, backend, watched)
        finally:
            stack.end()
