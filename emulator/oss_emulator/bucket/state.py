"""One bucket: settings, objects, clock and history, which all its requests share. No rules, no routes."""

import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

from cryptography.hazmat.primitives.asymmetric import rsa

from oss_emulator.auth.credentials import KnownKeys
from oss_emulator.bucket.configuration import Configuration
from oss_emulator.bucket.cors import Cors, CorsRule
from oss_emulator.callback.delivery import Timing
from oss_emulator.callback.key import load_or_make_key
from oss_emulator.callback.resolver import Resolve, resolve
from oss_emulator.callback.transport import Send, send_over_network
from oss_emulator.errors import no_such_bucket
from oss_emulator.faults import Faults
from oss_emulator.history.records import History
from oss_emulator.settings import Settings, SettingsError
from oss_emulator.storage.buckets import Buckets
from oss_emulator.storage.index import FolderError
from oss_emulator.storage.store import Store


def new_request_id(now: float) -> str:
    """Return 24 upper-case hex digits, as OSS's: the first 8 are the seconds since 1970 (captures)."""
    return f"{int(now) & 0xFFFFFFFF:08X}{os.urandom(8).hex().upper()}"


@dataclass(frozen=True, kw_only=True)
class Site:
    """A bucket that only serves a website."""

    settings: Settings
    now: Callable[[], float] = time.time
    faults: Faults = field(default_factory=Faults)
    history: History = field(default_factory=History)
    # in the page at `/-/` and nowhere else: who sends it with an order has read the page
    page_secret: str = field(default_factory=secrets.token_urlsafe, repr=False)

    @property
    def cors(self) -> Cors:
        """Return the CORS rules: one, for the allowed origins, with ResponseVary."""
        origins = self.settings.allowed_origins
        return Cors((CorsRule(origins),), response_vary=True) if origins else Cors()

    @cached_property
    def undisturbed(self) -> "Site":
        """Return the same without the faults that are pending, and those that are ordered later."""
        return replace(self, faults=Faults())

    def reset(self) -> None:
        """Forget faults and history."""
        self.faults.clear()
        self.history.clear()


@dataclass(frozen=True, kw_only=True)
class Bucket(Site):
    """A bucket with an object store. A test may replace any part of it.

    `others` are the buckets that exist from the start beside the first. One that is `alone` at its port lets
    its requests reach no other.
    """

    buckets: Buckets
    store: Store
    key: rsa.RSAPrivateKey
    send: Send
    timing: Timing
    configuration: Configuration
    others: Sequence[str] = ()
    alone: bool = False
    resolve: Resolve = resolve

    @property
    def cors(self) -> Cors:
        """Return the CORS rules: those of the allowed origins until a request sets or deletes them."""
        return self.configuration.cors(super().cors)

    @property
    def keys(self) -> KnownKeys:
        """Return the access keys; the faults `token_expired` and `url_expired` make a signature expire."""
        return KnownKeys(
            self.settings.credentials,
            lambda: self.faults.strike("token_expired") is not None,
            lambda: self.faults.strike("url_expired") is not None,
            self.settings.v1_signatures,
            self.settings.switches["missing_signed_header"] == "400",
            self.settings.switches["empty_content_type"] == "signed",
        )

    @property
    def acl(self) -> str:
        """Return the bucket's ACL: its option's at each start, until a request has set one."""
        found = self.buckets.find(self.settings.bucket)
        return found.acl if found else self.settings.acl

    def named(self, name: str) -> "Bucket":
        """Return the bucket of this name in the same folder, whether or not it exists.

        Raises OssError for another name if this bucket is alone.
        """
        if self.alone and name != self.settings.bucket:
            raise no_such_bucket(name)
        return replace(
            self,
            settings=replace(self.settings, bucket=name),
            store=self.buckets.store(name),
            configuration=Configuration(self.buckets, name),
        )

    def reset(self) -> None:
        """Forget everything in the folder but the buckets that exist from the start, faults and history too.

        Only the first bucket may be asked.
        """
        names = (self.settings.bucket, *self.others)
        self.buckets.reset(names, acl=self.settings.acl, now=self.now())
        super().reset()

    @property
    def versioning(self) -> str:
        """Return `Enabled`, `Suspended`, or nothing if versioning was never set."""
        return self.configuration.versioning


def open_bucket(settings: Settings) -> Site:
    """Open the bucket or site that `settings` describe, over the real clock, network and disk.

    Raises SettingsError for a folder that cannot be used.
    """
    if settings.website:
        return Site(settings=settings)
    key = load_or_make_key(settings.callback_key)
    try:
        buckets = Buckets(settings.folder)
    except FolderError as error:
        raise SettingsError(str(error)) from error
    buckets.create(settings.bucket, acl=settings.acl, now=time.time())
    timing = Timing(settings.callback_seconds, time.monotonic, time.sleep)
    return Bucket(
        settings=settings,
        buckets=buckets,
        store=buckets.store(settings.bucket),
        key=key,
        send=partial(send_over_network, private_callbacks=settings.private_callbacks),
        timing=timing,
        configuration=Configuration(buckets, settings.bucket),
    )
