"""The objects of one bucket: each version is a row of the index and a content file.

An upload is invisible until it is saved, which is one step: nobody sees a half object, whenever the process
is killed. Callers decide what an upload must satisfy.
"""

import base64
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import BinaryIO

from oss_emulator.errors import file_already_exists
from oss_emulator.storage.contents import Contents, Upload
from oss_emulator.storage.index import Index
from oss_emulator.storage.multipart import MultipartUploads
from oss_emulator.storage.object_version import (
    MULTIPART,
    NULL_VERSION,
    Metadata,
    StoredObject,
    delete_marker,
)
from oss_emulator.storage.rows import SELECT, Page, from_row, read_page
from oss_emulator.storage.version_page import VersionPage, read_versions
from oss_emulator.storage.versions import SHOWN, VERSION, add_version, is_taken, remove_version

_STATISTICS = """
SELECT (SELECT coalesce(sum(size), 0) FROM objects WHERE bucket = ?1),
(SELECT count(*) FROM objects WHERE bucket = ?1 AND shown = 1),
(SELECT count(*) FROM uploads WHERE bucket = ?1)
"""
_AMEND = "UPDATE objects SET acl = ?, tags = ? WHERE bucket = ? AND key = ? AND version = ?"
_NEWEST = f"{SELECT} AND key = ? ORDER BY sequence DESC LIMIT 1"


@dataclass(frozen=True)
class Statistics:
    """What a bucket holds: bytes of all versions, objects that a list shows, unfinished uploads."""

    bytes: int
    objects: int
    uploads: int


class Store:
    """The objects of one bucket, which survive a restart."""

    def __init__(self, index: Index, contents: Contents, bucket: str) -> None:
        self._index = index
        self._contents = contents
        self._bucket = bucket
        self.multipart = MultipartUploads(index, contents, bucket)

    def start(self) -> AbstractContextManager[Upload]:
        """Start a new upload; at the end of this context it is removed unless it was saved."""
        return self._contents.start()

    def find(self, key: str, version_id: str = "") -> StoredObject | None:
        """Return the newest version of a key, or the version with this id; None if there is none.

        A delete marker as the newest version counts as none; with an id it is returned. The id of a version
        that was written without versioning is `null`.
        """
        if version_id:
            return self._one(VERSION, key, version_id)
        return self._one(SHOWN, key)

    def newest(self, key: str) -> StoredObject | None:
        """Return the newest version of a key, which may be a delete marker."""
        return self._one(_NEWEST, key)

    def open(self, key: str, version_id: str = "") -> tuple[StoredObject, BinaryIO] | None:
        """Return the object and its content, both from the same upload; None if one of them is missing."""
        missing = ""
        while (found := self.find(key, version_id)) and not found.delete_marker:
            if found.content_file == missing:  # nobody has overwritten the object: somebody removed its file
                return None
            try:
                return found, self._content(found)
            except FileNotFoundError:
                missing = found.content_file
                self._index.look.again()
        return None

    def page(self, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int) -> Page:
        """Return the first `limit` names after `after`. Keys with the same common prefix are one name."""
        with self._index.reading() as connection:
            return read_page(
                connection, self._bucket, prefix=prefix, delimiter=delimiter, after=after, limit=limit
            )

    def versions(
        self, *, prefix: str = "", delimiter: str = "", after: tuple[str, str] = ("", ""), limit: int
    ) -> VersionPage:
        """Return the first `limit` versions after a key and a version id; see `read_versions`."""
        with self._index.reading() as connection:
            return read_versions(
                connection, self._bucket, prefix=prefix, delimiter=delimiter, after=after, limit=limit
            )

    def latest_objects(self, limit: int) -> list[StoredObject]:
        """Return the `limit` objects that were written last, newest first."""
        with self._index.reading() as connection:
            latest = f"{SELECT} AND shown = 1 ORDER BY sequence DESC LIMIT ?"
            return [from_row(row) for row in connection.execute(latest, [self._bucket, limit])]

    def versions_of(self, key: str, limit: int) -> list[StoredObject]:
        """Return the `limit` versions of a key that were written last, newest first, delete markers too."""
        with self._index.reading() as connection:
            found = f"{SELECT} AND key = ? ORDER BY sequence DESC LIMIT ?"
            return [from_row(row) for row in connection.execute(found, [self._bucket, key.encode(), limit])]

    def statistics(self) -> Statistics:
        """Return what the bucket holds now."""
        with self._index.reading() as connection:
            return Statistics(*connection.execute(_STATISTICS, [self._bucket]).fetchone())

    def save(self, upload: Upload, metadata: Metadata, *, now: float, versioning: str = "") -> StoredObject:
        """Make an upload the newest version of its key, in one step; return it with its version id.

        `now` is in seconds since 1970. `versioning` is the bucket's: empty, Enabled or Suspended. Raises
        OssError if the key has an object and may not be overwritten, which has an effect only in an
        unversioned bucket (OSS: PostObject page). Of two such uploads at the same time exactly one succeeds.
        """
        digest, crc64 = upload.finish()
        stored = StoredObject(
            key=metadata.key,
            size=upload.size,
            etag=digest.hex().upper(),
            crc64=crc64,
            content_md5=base64.b64encode(digest).decode(),
            last_modified=now,
            content_file=upload.content_file,
            headers=metadata.headers,
            acl=metadata.acl,
            storage_class=metadata.storage_class,
            tags=metadata.tags,
        )
        with self._contents.changing() as change:
            change.keep(upload)
            if metadata.forbid_overwrite and not versioning and is_taken(change, self._bucket, metadata.key):
                raise file_already_exists()
            return add_version(change, self._bucket, stored, versioning)

    def amend(
        self, key: str, version_id: str, *, acl: str | None = None, tags: Mapping[str, str] | None = None
    ) -> StoredObject | None:
        """Change ACL or tags of the newest version of a key, or of the one with this id; return it changed.

        Its time and content stay. None if there is no such object; a delete marker is none.
        """
        with self._index.writing() as connection:
            named = [self._bucket, key.encode(), *([version_id] if version_id else [])]
            row = connection.execute(VERSION if version_id else SHOWN, named).fetchone()
            found = None if row is None else from_row(row)
            if found is None or found.delete_marker:
                return None
            changed = replace(
                found, acl=found.acl if acl is None else acl, tags=found.tags if tags is None else tags
            )
            row = [changed.acl, json.dumps(dict(changed.tags)), self._bucket, key.encode(), found.version]
            connection.execute(_AMEND, row)
            return changed

    def delete(
        self, key: str, *, now: float, version_id: str = "", versioning: str = ""
    ) -> StoredObject | None:
        """Delete one version for good, or the key; return the deleted version or the new delete marker.

        Without a version id, a bucket that is or was versioned keeps all versions and adds a delete marker,
        even for a key that it never had (OSS: DeleteObject page).
        """
        with self._contents.changing() as change:
            if versioning and not version_id:
                return add_version(change, self._bucket, delete_marker(key, now=now), versioning)
            return remove_version(change, self._bucket, key, version_id or NULL_VERSION)

    def _content(self, found: StoredObject) -> BinaryIO:
        if found.object_type != MULTIPART:
            return self._contents.open(found.content_file)
        with self._index.reading() as connection:
            query = "SELECT content_file, size FROM parts WHERE upload = ? ORDER BY number"
            parts = connection.execute(query, [found.content_file]).fetchall()
        return self._contents.open_joined(parts)

    def _one(self, query: str, key: str, *version: str) -> StoredObject | None:
        return self._index.find(from_row, query, self._bucket, key.encode(), *version)
