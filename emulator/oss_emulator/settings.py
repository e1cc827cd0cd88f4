"""The environment of one emulated bucket, read once into a frozen `Settings`.

No other module reads the environment, and no default here grants access.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from oss_emulator.auth.credentials import Credential
from oss_emulator.switches import SwitchError, read_switches

DEFAULT_CALLBACK_SECONDS = 5.0  # OSS: Callback page, "the default timeout is 5 seconds"
ACCOUNT_ID = "1000000000000000"  # of the bucket's owner: OSS names it in answers and callbacks
BUCKET_ACLS = ("private", "public-read", "public-read-write")


class SettingsError(Exception):
    """Names every missing or wrong variable and what was expected; never a value."""


@dataclass(frozen=True)
class Settings:
    """One bucket; others of its folder differ in the name.

    If `website` is not empty, it is a read-only site that needs no credentials, folder or key.

    `own_domain` means that clients use the domain that OSS gave the bucket, where HTML is downloaded, and not
    a custom domain. `neighbours` are the addresses of other buckets by name, for the page at `/-/`;
    `host` is one more name by which that page may be asked for.
    With `original_images`, an image that OSS would process is answered as it is stored.
    `public_url` is where clients reach the server, if that is not the address at which it listens.
    """

    bucket: str
    region: str
    credentials: tuple[Credential, ...]
    folder: Path
    allowed_origins: tuple[str, ...]
    callback_key: Path
    callback_seconds: float
    private_callbacks: bool
    website: tuple[Path, ...]
    switches: Mapping[str, str]
    acl: str = "private"
    block_public_access: bool = False
    own_domain: bool = True
    v1_signatures: bool = False
    original_images: bool = False
    neighbours: Mapping[str, str] = field(default_factory=dict)
    public_url: str = ""
    host: str = ""


def from_env(environment: Mapping[str, str]) -> Settings:
    """Read the LOCAL_OSS_* variables. Raises SettingsError, which names all faults at once."""
    reader = _Reader(environment)
    website = reader.folders("LOCAL_OSS_WEBSITE")
    settings = Settings(
        bucket=reader.required("LOCAL_OSS_BUCKET", "the bucket's name"),
        region=reader.required("LOCAL_OSS_REGION", "a region id such as cn-hangzhou"),
        credentials=() if website else reader.credentials("LOCAL_OSS_CREDENTIALS"),
        folder=Path("" if website else reader.required("LOCAL_OSS_FOLDER", "the folder for stored objects")),
        allowed_origins=reader.comma_list("LOCAL_OSS_ALLOWED_ORIGINS"),
        callback_key=Path(
            ""
            if website
            else reader.required("LOCAL_OSS_CALLBACK_KEY", "path of the RSA key, which is made if missing")
        ),
        callback_seconds=reader.seconds("LOCAL_OSS_CALLBACK_SECONDS", DEFAULT_CALLBACK_SECONDS),
        private_callbacks=reader.choice("LOCAL_OSS_PRIVATE_CALLBACKS", ("refuse", "allow")) == "allow",
        website=website,
        switches=reader.switches("LOCAL_OSS_SWITCHES"),
        acl=reader.choice("LOCAL_OSS_ACL", BUCKET_ACLS),
        block_public_access=reader.choice("LOCAL_OSS_BLOCK_PUBLIC_ACCESS", ("off", "on")) == "on",
        own_domain=reader.choice("LOCAL_OSS_DOMAIN", ("own", "custom")) == "own",
        v1_signatures=reader.choice("LOCAL_OSS_V1_SIGNATURES", ("refuse", "accept")) == "accept",
        original_images=reader.choice("LOCAL_OSS_IMAGES", ("refuse", "original")) == "original",
        neighbours=reader.addresses("LOCAL_OSS_NEIGHBOURS"),
        public_url=reader.url("LOCAL_OSS_PUBLIC_URL"),
        host=environment.get("LOCAL_OSS_HOST", ""),
    )
    if reader.faults:
        raise SettingsError("; ".join(reader.faults))
    return settings


class _Reader:
    """Reads variables and collects their faults."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []

    def required(self, name: str, expected: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            self.faults.append(f"{name} is missing: {expected}")
        return value

    def comma_list(self, name: str) -> tuple[str, ...]:
        return tuple(filter(None, (part.strip() for part in self._environment.get(name, "").split(","))))

    def choice(self, name: str, values: tuple[str, ...]) -> str:
        value = self._environment.get(name, "") or values[0]
        if value not in values:
            self.faults.append(f"{name} is one of {', '.join(values)}")
        return value

    def seconds(self, name: str, default: float) -> float:
        try:
            value = float(self._environment.get(name, "") or default)
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            self.faults.append(f"{name} is a positive number of seconds")
        return value

    def url(self, name: str) -> str:
        value = self._environment.get(name, "").rstrip("/")
        if value and not value.startswith(("http://", "https://")):
            self.faults.append(f"{name} is an address that begins with http:// or https://")
        return value

    def addresses(self, name: str) -> Mapping[str, str]:
        pairs = [entry.partition("=") for entry in self.comma_list(name)]
        if not all(bucket and address.startswith(("http://", "https://")) for bucket, _, address in pairs):
            self.faults.append(f"{name} is a comma list of bucket=address")
        return {bucket: address for bucket, _, address in pairs}

    def folders(self, name: str) -> tuple[Path, ...]:
        return tuple(Path(part) for part in self._environment.get(name, "").split(os.pathsep) if part)

    def switches(self, name: str) -> Mapping[str, str]:
        try:
            return read_switches(self._environment.get(name, ""))
        except SwitchError as error:
            self.faults.append(f"{name}: {error}")
            return {}

    def credentials(self, name: str) -> tuple[Credential, ...]:
        try:
            entries = json.loads(self.required(name, "a JSON list of access keys") or "[]")
            return tuple(_credential(entry) for entry in entries)
        except (ValueError, TypeError, KeyError):
            self.faults.append(
                f"{name} is a JSON list of objects with access_key_id and access_key_secret, and for a "
                "temporary key security_token and expires (seconds since 1970)"
            )
            return ()


def _credential(entry: Mapping[str, object]) -> Credential:
    texts = {name: entry[name] for name in ("access_key_id", "access_key_secret")}
    texts["security_token"] = entry.get("security_token") or ""
    expires = entry.get("expires")
    if set(entry) - {*texts, "expires"} or not isinstance(expires, int | float | None):
        raise ValueError("unknown member")
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("not text")
    return Credential(
        access_key_id=str(texts["access_key_id"]),
        access_key_secret=str(texts["access_key_secret"]),
        security_token=str(texts["security_token"]),
        expires=None if expires is None else float(expires),
    )
