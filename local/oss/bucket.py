"""One bucket, put together: what its requests share. No rule and no route lives here."""

import ipaddress
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa

from oss.callback_delivery import Exchange, Timing
from oss.callback_key import load_or_make_key
from oss.callback_parameter import Callback
from oss.callback_request import exchange_over_network
from oss.cors import CorsRule
from oss.faults import Faults
from oss.history import History
from oss.settings import Settings
from oss.store import Store

MakeExchange = Callable[[Callback, bytes, Mapping[str, str]], Exchange]


def new_request_id() -> str:
    """Return 24 upper-case hex digits, as OSS's."""
    return secrets.token_hex(12).upper()


def resolve(host: str) -> Sequence[str]:
    """Return the addresses of a host name; none if it has none, which then fails when it is called."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})
    except (OSError, UnicodeError):  # UnicodeError: no DNS name can be written like this
        return []


@dataclass(frozen=True, kw_only=True)
class Site:
    """A bucket that only serves a website."""

    settings: Settings
    now: Callable[[], float] = time.time
    faults: Faults = field(default_factory=Faults)
    history: History = field(default_factory=History)

    @property
    def cors_rules(self) -> Sequence[CorsRule]:
        """The bucket's rules: one, for the allowed origins."""
        origins = self.settings.allowed_origins
        return [CorsRule(origins)] if origins else []


@dataclass(frozen=True, kw_only=True)
class Bucket(Site):
    """A bucket with an object store and everything that a test may want to replace."""

    store: Store
    key: rsa.RSAPrivateKey
    make_exchange: MakeExchange
    timing: Timing
    resolve: Callable[[str], Sequence[str]] = resolve


def open_bucket(settings: Settings) -> Site:
    """Open the bucket or site that `settings` describe, over the real clock, network and disk."""
    if settings.website:
        return Site(settings=settings)
    key = load_or_make_key(settings.callback_key)

    def make_exchange(callback: Callback, body: bytes, origin: Mapping[str, str]) -> Exchange:
        return exchange_over_network(callback, body, key=key, origin=origin, now=time.time())

    timing = Timing(settings.callback_seconds, time.monotonic, time.sleep)
    return Bucket(
        settings=settings,
        store=Store(settings.folder),
        key=key,
        make_exchange=make_exchange,
        timing=timing,
    )
