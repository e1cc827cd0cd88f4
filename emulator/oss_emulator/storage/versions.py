"""Versions of objects, added and removed inside a change of the index."""

from dataclasses import replace
from sqlite3 import IntegrityError

from oss_emulator.errors import no_such_bucket
from oss_emulator.storage.contents import Change
from oss_emulator.storage.object_version import MULTIPART, StoredObject, new_version_id
from oss_emulator.storage.rows import COLUMNS, SELECT, from_row, to_row

SHOWN = f"{SELECT} AND key = ? AND shown = 1"
VERSION = f"{SELECT} AND key = ? AND version = ?"

_INSERT = (
    f"INSERT INTO objects (bucket, shown, version, {', '.join(COLUMNS)}) "  # noqa: S608 - names of our own
    f"VALUES (?, ?, ?{', ?' * len(COLUMNS)})"
)
_HIDE = "UPDATE objects SET shown = 0 WHERE bucket = ? AND key = ? AND shown = 1"
_SHOW_NEWEST = """
UPDATE objects SET shown = 1 WHERE NOT delete_marker
AND sequence = (SELECT max(sequence) FROM objects WHERE bucket = ? AND key = ?)
"""


def is_taken(change: Change, bucket: str, key: str) -> bool:
    """Whether the key has an object; a delete marker is none."""
    return change.execute(SHOWN, [bucket, key.encode()]).fetchone() is not None


def add_version(change: Change, bucket: str, unversioned: StoredObject, versioning: str) -> StoredObject:
    """Add a version, the newest of its key, in place of the one with the same id; return it with its id.

    `versioning` is the bucket's: empty, Enabled or Suspended. Raises OssError if the bucket was deleted.
    """
    stored = replace(unversioned, version_id=new_version_id(versioning))
    remove_version(change, bucket, stored.key, stored.version)
    change.execute(_HIDE, [bucket, stored.key.encode()])
    try:
        change.execute(_INSERT, [bucket, not stored.delete_marker, stored.version, *to_row(stored)])
    except IntegrityError as error:  # the bucket was deleted after this request had found it
        raise no_such_bucket(bucket) from error
    return stored


def remove_version(change: Change, bucket: str, key: str, version: str) -> StoredObject | None:
    """Remove a version and its content; the last written of the others becomes the newest."""
    named = [bucket, key.encode(), version]
    row = change.execute(VERSION, named).fetchone()
    if row is None:
        return None
    removed = from_row(row)
    if removed.object_type == MULTIPART:
        change.drop_parts(removed.content_file)
    elif not removed.delete_marker:
        change.drop(removed.content_file)
    change.execute("DELETE FROM objects WHERE bucket = ? AND key = ? AND version = ?", named)
    change.execute(_SHOW_NEWEST, named[:2])
    return removed
