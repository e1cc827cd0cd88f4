"""OSS's public keys, which verify a callback's signature: where they may come from, how often one is fetched.

Never lives here: the RSA itself (`rsa_md5.py`), the connection (`outbound.py`).

Source: Alibaba Cloud OSS, "Callback".
"""

import base64
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from completion.settings import Settings
from vendored import log
from vendored.errors import Unverified
from vendored.fc_http import Clock, Request

if TYPE_CHECKING:
    from completion.rsa_md5 import Verifier  # loaded in `load_verifier`: it may fail

KEY_URL = re.compile(r"https?://gosspublic\.alicdn\.com/(callback_pub_key_v[1-9][0-9]?\.pem)")
KEY_HOST = "https://gosspublic.alicdn.com/"
PUBLISHED_NAME = "callback_pub_key_v1.pem"
PUBLISHED_PEM = b"""-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKs/JBGzwUB2aVht4crBx3oIPBLNsjGs
C0fTXv+nvlmklvkcolvpvXLTjaxUHR3W9LXxQ2EHXAJfCB+6H2YF1k8CAwEAAQ==
-----END PUBLIC KEY-----
"""
REFETCH_SECONDS = 600  # between two fetches of one key, whatever the answer was

KeyFinder = Callable[[Request], "Verifier | None"]


class PublicKeys:
    """OSS's public keys by name: the published one, and others fetched at most once in `REFETCH_SECONDS`.

    `published` is None where RSA does not work; `fetch` returns the verifier at an address or None.
    """

    def __init__(
        self, published: "Verifier | None", fetch: Callable[[str, Request], "Verifier | None"]
    ) -> None:
        self._published = published
        self._fetch = fetch
        self._fetched: dict[str, tuple[float, Verifier | None]] = {}  # at most 98 names match KEY_URL

    def find(self, request: Request) -> "Verifier | None":
        """Return the key that the callback names. Raises `Unverified` for an address that is not OSS's.

        Call it only after the ticket was verified: strangers must not make this function fetch anything.
        """
        url = decode_canonical(request.headers.get("x-oss-pub-key-url", ""))
        match = KEY_URL.fullmatch(url.decode("latin-1"))
        if not match:
            raise Unverified("key_url_foreign")
        name = match[1]
        if name == PUBLISHED_NAME:
            return self._published
        fetched_at, key = self._fetched.get(name, (float("-inf"), None))
        if request.received_at - fetched_at >= REFETCH_SECONDS:
            self._fetched[name] = (request.received_at, None)  # the fetch may be our end
            key = self._fetch(KEY_HOST + name, request)
            self._fetched[name] = (request.received_at, key)
        return key


def key_finder(
    settings: Settings, fetch_pem: Callable[[str, Request], bytes | None], clock: Clock
) -> KeyFinder:
    """Return the function that finds a callback's public key: OSS's own, or in emulation the stand-in's."""
    if settings.public_key_pem:
        stand_in = load_verifier(settings.public_key_pem.encode(), clock)
        return lambda _: stand_in

    def fetch(url: str, request: Request) -> "Verifier | None":
        pem = fetch_pem(url, request)
        return load_verifier(pem, clock) if pem else None

    return PublicKeys(load_verifier(PUBLISHED_PEM, clock), fetch).find


def load_verifier(pem: bytes, clock: Clock) -> "Verifier | None":
    """Return the verifier of a key. If RSA or this key does not work, log that and return None.

    Callbacks are then refused, and pages confirm their uploads instead.
    """
    try:
        from completion.rsa_md5 import verifier  # noqa: PLC0415 - an OpenSSL that refuses must not break `/confirm`

        return verifier(pem)
    except Exception as error:  # noqa: BLE001 - libraries fail in ways of their own
        log.write(clock.now(), "error", "key_unusable", traceback=log.traceback_of(error))
        return None


def decode_canonical(text: str) -> bytes:
    """Decode base64; refuse other spellings of the same bytes, which decoders accept. Raises `Unverified`."""
    try:
        decoded = base64.b64decode(text)
    except ValueError:
        raise Unverified("header_malformed") from None
    if not decoded or base64.b64encode(decoded).decode() != text:
        raise Unverified("header_malformed")
    return decoded
