"""The buckets of one folder: name, time of creation, ACL and configuration. Their objects are in `store`.

Source: OSS DeleteBucket page; the words of BucketNotEmpty are unconfirmed.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import IntegrityError
from typing import Any

from oss_emulator.errors import OssError, no_such_bucket
from oss_emulator.storage.contents import Contents
from oss_emulator.storage.index import Index
from oss_emulator.storage.object_version import MULTIPART
from oss_emulator.storage.store import Store

_SELECT = "SELECT name, created, acl FROM buckets"
_FIND = f"{_SELECT} WHERE name = ?"
_CONFIGURATION = "SELECT content FROM configuration WHERE bucket = ? AND part = ?"
_SET_ACL = """
UPDATE buckets SET acl = :acl, acl_requested = max(acl_requested, :requested)
WHERE name = :name AND (:requested OR NOT acl_requested)
"""
_CONTENT_FILES = """
SELECT content_file FROM parts UNION ALL
SELECT content_file FROM objects WHERE NOT delete_marker AND object_type != ?
"""


@dataclass(frozen=True)
class StoredBucket:
    """One bucket; `created` is in seconds since 1970."""

    name: str
    created: float
    acl: str


class Buckets:
    """The buckets of one folder, which survive a restart."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, which is made if missing. Raises FolderError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._index = Index(folder)
        self._contents = Contents(folder / "objects", self._index)

    def close(self) -> None:
        """Close the index, for a folder that is to be removed."""
        self._index.close()

    @property
    def look(self) -> AbstractContextManager[None]:
        """One look at the index, for a request that changes nothing and waits for nobody."""
        return self._index.look

    def create(self, name: str, *, acl: str, now: float, requested: bool = False) -> bool:
        """Make a bucket; an existing one only gets the ACL. Return whether it is new.

        An ACL that was `requested` stays until another is.
        """
        with self._index.writing() as connection:
            made = connection.execute(
                "INSERT OR IGNORE INTO buckets VALUES (?, ?, ?, ?)", [name, now, acl, requested]
            )
            if not made.rowcount:
                connection.execute(_SET_ACL, {"name": name, "acl": acl, "requested": requested})
            return bool(made.rowcount)

    def find(self, name: str) -> StoredBucket | None:
        """Return the bucket with this name, if there is one."""
        return self._index.find(_bucket, _FIND, name)

    def get(self, name: str) -> StoredBucket:
        """Return the bucket with this name. Raises OssError if there is none."""
        found = self.find(name)
        if found is None:
            raise no_such_bucket(name)
        return found

    def page(self, *, prefix: str = "", after: str = "", limit: int) -> list[StoredBucket]:
        """Return the first `limit` buckets whose names come after `after`, in the order of their names."""
        query = f"{_SELECT} WHERE name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?"
        with self._index.reading() as connection:
            return [
                StoredBucket(*row) for row in connection.execute(query, [after, len(prefix), prefix, limit])
            ]

    def delete(self, name: str) -> None:
        """Delete an empty bucket. Raises OssError if it has a version or a marker, or does not exist."""
        try:
            with self._index.writing() as connection:
                if not connection.execute("DELETE FROM buckets WHERE name = ?", [name]).rowcount:
                    raise no_such_bucket(name)
        except IntegrityError as error:
            message = "The bucket you tried to delete is not empty."
            raise OssError(409, "BucketNotEmpty", message, "", {"BucketName": name}) from error

    def reset(self, names: Iterable[str], *, acl: str, now: float) -> None:
        """Remove all that the folder has and make these buckets anew, in one step.

        What is being uploaded meanwhile is stored in the new bucket, and a part of it finds no upload.
        """
        with self._contents.changing() as change:
            for (name,) in change.execute(_CONTENT_FILES, [MULTIPART]).fetchall():
                change.drop(name)
            for table in ("parts", "uploads", "objects", "buckets"):
                change.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
            for name in names:
                change.execute("INSERT INTO buckets VALUES (?, ?, ?, 0)", [name, now, acl])

    def configuration(self, name: str, part: str) -> bytes | None:
        """Return the document that was stored for a part of a bucket's configuration, if there is one."""
        return self._index.find(_content, _CONFIGURATION, name, part)

    def configure(self, name: str, part: str, content: bytes) -> None:
        """Store a part of a bucket's configuration; it goes with the bucket. Raises OssError without one."""
        try:
            with self._index.writing() as connection:
                connection.execute(
                    "INSERT OR REPLACE INTO configuration VALUES (?, ?, ?)", [name, part, content]
                )
        except IntegrityError as error:
            raise no_such_bucket(name) from error

    def store(self, name: str) -> Store:
        """Return the objects of a bucket, which may be deleted meanwhile: then nothing more is stored."""
        return Store(self._index, self._contents, name)


def _bucket(row: Sequence[Any]) -> StoredBucket:
    return StoredBucket(*row)


def _content(row: Sequence[Any]) -> bytes:
    return bytes(row[0])
