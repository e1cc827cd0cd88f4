"""The objects of one bucket: each version is a row of the index and a content file.

An upload is invisible until it is saved, which is one step: nobody sees a half object, whenever the process
is killed. Callers decide what an upload must satisfy.
"""

import base64
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from sqlite3 import IntegrityError
from typing import BinaryIO

from oss_emulator.errors import file_already_exists, no_such_bucket
from oss_emulator.storage.contents import Change, Contents, Upload
from oss_emulator.storage.index import Index
from oss_emulator.storage.object_version import (
    NULL_VERSION,
    Metadata,
    StoredObject,
    delete_marker,
    new_version_id,
)
from oss_emulator.storage.rows import COLUMNS, SELECT, Page, from_row, read_page, to_row

_INSERT = (
    f"INSERT INTO objects (bucket, shown, version, {', '.join(COLUMNS)}) "  # noqa: S608 - names of our own
    f"VALUES (?, ?, ?{', ?' * len(COLUMNS)})"
)
_SHOWN = f"{SELECT} AND key = ? AND shown = 1"
_VERSION = f"{SELECT} AND key = ? AND version = ?"
_NEWEST = f"{SELECT} AND key = ? ORDER BY sequence DESC LIMIT 1"
_SHOW_NEWEST = """
UPDATE objects SET shown = 1 WHERE NOT delete_marker
AND sequence = (SELECT max(sequence) FROM objects WHERE bucket = ? AND key = ?)
"""


class Store:
    """The objects of one bucket, which survive a restart."""

    def __init__(self, index: Index, contents: Contents, bucket: str) -> None:
        self._index = index
        self._contents = contents
        self._bucket = bucket

    def start(self) -> AbstractContextManager[Upload]:
        """Start a new upload; at the end of this context it is removed unless it was saved."""
        return self._contents.start()

    def find(self, key: str, version_id: str = "") -> StoredObject | None:
        """Return the newest version of a key, or the version with this id; None if there is none.

        A delete marker as the newest version counts as none; with an id it is returned. The id of a version
        that was written without versioning is `null`.
        """
        if version_id:
            return self._one(_VERSION, key, version_id)
        return self._one(_SHOWN, key)

    def newest(self, key: str) -> StoredObject | None:
        """Return the newest version of a key, which may be a delete marker."""
        return self._one(_NEWEST, key)

    def open(self, key: str, version_id: str = "") -> tuple[StoredObject, BinaryIO] | None:
        """Return the object and its content, both from the same upload; None if one of them is missing."""
        for _ in range(2):  # if the object was overwritten between the two reads: once more
            found = self.find(key, version_id)
            if found is None or found.delete_marker:
                return None
            with suppress(FileNotFoundError):
                return found, self._contents.open(found.content_file)
        return None

    def page(self, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int) -> Page:
        """Return the first `limit` names after `after`. Keys with the same common prefix are one name."""
        with self._index.reading() as connection:
            return read_page(
                connection, self._bucket, prefix=prefix, delimiter=delimiter, after=after, limit=limit
            )

    def latest_objects(self, limit: int) -> list[StoredObject]:
        """Return the `limit` objects that were written last, newest first."""
        with self._index.reading() as connection:
            latest = f"{SELECT} AND shown = 1 ORDER BY sequence DESC LIMIT ?"
            return [from_row(row) for row in connection.execute(latest, [self._bucket, limit])]

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
        )
        with self._contents.changing() as change:
            change.keep(upload)
            if metadata.forbid_overwrite and not versioning:
                self._check_not_taken(change, metadata.key)
            return self._put(change, stored, versioning)

    def delete(
        self, key: str, *, now: float, version_id: str = "", versioning: str = ""
    ) -> StoredObject | None:
        """Delete one version for good, or the key; return the deleted version or the new delete marker.

        Without a version id, a bucket that is or was versioned keeps all versions and adds a delete marker,
        even for a key that it never had (OSS: DeleteObject page).
        """
        with self._contents.changing() as change:
            if versioning and not version_id:
                return self._put(change, delete_marker(key, now=now), versioning)
            return self._remove(change, key, version_id or NULL_VERSION)

    def _put(self, change: Change, unversioned: StoredObject, versioning: str) -> StoredObject:
        """Add a version, the newest of its key, in place of the one with the same id."""
        stored = replace(unversioned, version_id=new_version_id(versioning))
        key = stored.key.encode()
        self._remove(change, stored.key, stored.version)
        change.execute(
            "UPDATE objects SET shown = 0 WHERE bucket = ? AND key = ? AND shown = 1", [self._bucket, key]
        )
        values = [self._bucket, not stored.delete_marker, stored.version, *to_row(stored)]
        try:
            change.execute(_INSERT, values)
        except IntegrityError as error:  # the bucket was deleted after this request had found it
            raise no_such_bucket(self._bucket) from error
        return stored

    def _remove(self, change: Change, key: str, version: str) -> StoredObject | None:
        """Remove a version and its content; the last written of the others becomes the newest."""
        named = [self._bucket, key.encode(), version]
        row = change.execute(_VERSION, named).fetchone()
        if row is None:
            return None
        removed = from_row(row)
        change.drop(removed.content_file)
        change.execute("DELETE FROM objects WHERE bucket = ? AND key = ? AND version = ?", named)
        change.execute(_SHOW_NEWEST, [self._bucket, key.encode()])
        return removed

    def _check_not_taken(self, change: Change, key: str) -> None:
        if change.execute(_SHOWN, [self._bucket, key.encode()]).fetchone():
            raise file_already_exists()

    def _one(self, query: str, key: str, *version: str) -> StoredObject | None:
        with self._index.reading() as connection:
            row = connection.execute(query, [self._bucket, key.encode(), *version]).fetchone()
        return None if row is None else from_row(row)
