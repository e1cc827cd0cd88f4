"""What is known of one stored object, and the ids of its versions. Nothing here touches a disk.

Source: OSS versioning pages: an id is opaque, and `null` for what an unversioned or suspended bucket wrote.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

ENABLED, SUSPENDED = "Enabled", "Suspended"
NULL_VERSION = "null"

_ID_PREFIX = b"\x08\x01\x10"  # `CAEQ`, with which the ids of OSS's documentation start
_ID_BYTES = 48  # 64 characters in base64


@dataclass(frozen=True)
class StoredObject:
    """One version of one object. `etag` is upper-case hex without quotes; `headers` are to be given back.

    `version_id` is empty where the bucket was never versioned. `order` counts the versions of a key upwards.
    A `delete_marker` has no content and hides the versions before it.
    """

    key: str
    size: int
    etag: str
    crc64: str
    content_md5: str
    last_modified: float
    content_file: str
    headers: Mapping[str, str] = field(default_factory=dict)
    acl: str = "default"
    storage_class: str = "Standard"
    version_id: str = ""
    order: int = 0
    delete_marker: bool = False

    @property
    def version(self) -> str:
        """The id by which it is asked for: objects from before versioning are `null` (OSS: versioning)."""
        return self.version_id or NULL_VERSION


@dataclass(frozen=True)
class Metadata:
    """Everything about an object to be stored but its content."""

    key: str
    headers: Mapping[str, str]
    acl: str
    storage_class: str
    forbid_overwrite: bool


def delete_marker(key: str, *, now: float) -> StoredObject:
    """Return a marker that hides `key`, last modified at `now` (seconds since 1970)."""
    return StoredObject(
        key=key,
        size=0,
        etag="",
        crc64="",
        content_md5="",
        last_modified=now,
        content_file="",
        delete_marker=True,
    )


def new_version_id(versioning: str) -> str:
    """Return the id of what is written now: a new one if Enabled, `null` if Suspended, else empty."""
    if versioning == ENABLED:
        # Hex digits inside, so that no id has a character an address must escape.
        digits = secrets.token_hex(_ID_BYTES).encode()
        return base64.b64encode((_ID_PREFIX + digits)[:_ID_BYTES]).decode()
    return NULL_VERSION if versioning == SUSPENDED else ""
