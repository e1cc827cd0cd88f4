"""One version of an object: its metadata and its version id. Nothing here reads or writes files.

Source: OSS versioning pages: an id is opaque, and `null` if the bucket was unversioned or suspended at the
time.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

ENABLED, SUSPENDED = "Enabled", "Suspended"
NULL_VERSION = "null"
NORMAL, MULTIPART = "Normal", "Multipart"

_ID_PREFIX = b"\x08\x01\x10"  # `CAEQ` in base64: the ids in OSS's documentation begin with it
_ID_BYTES = 48  # 64 characters in base64


@dataclass(frozen=True)
class StoredObject:
    """One version of one object. `etag` is upper-case hex without quotes; `headers` go with every answer.

    `version_id` is empty if the bucket was never versioned. A `delete_marker` has no content and hides the
    versions before it. An object of type Multipart has no `content_md5`.
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
    delete_marker: bool = False
    object_type: str = NORMAL
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version id in requests: `null` for an object from before versioning (OSS: versioning pages)."""
        return self.version_id or NULL_VERSION


@dataclass(frozen=True)
class Metadata:
    """The metadata of an object to be stored: everything but its content."""

    key: str
    headers: Mapping[str, str]
    acl: str
    storage_class: str
    forbid_overwrite: bool
    tags: Mapping[str, str] = field(default_factory=dict)


def delete_marker(key: str, *, now: float) -> StoredObject:
    """Return a delete marker for `key`, made at `now` (seconds since 1970)."""
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
    """Return the id of a new version: a unique one if Enabled, `null` if Suspended, else empty."""
    if versioning == ENABLED:
        # The random part is hex digits, so that no id has a character that a URL must escape.
        digits = secrets.token_hex(_ID_BYTES).encode()
        return base64.b64encode((_ID_PREFIX + digits)[:_ID_BYTES]).decode()
    return NULL_VERSION if versioning == SUSPENDED else ""
