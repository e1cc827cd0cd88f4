"""The pages of a list of versions: keys in the order of their bytes, of each key the newest version first."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from oss_emulator.storage.object_version import StoredObject
from oss_emulator.storage.rows import SELECT, common_prefix, end_of, from_row

_ORDER = "ORDER BY key, sequence DESC LIMIT ?"
_FROM = f"{SELECT} AND key >= ? AND key < ? {_ORDER}"
_OLDER = f"{SELECT} AND key = ? AND sequence < ? {_ORDER}"
_SEQUENCE = "SELECT sequence FROM objects WHERE bucket = ? AND key = ? AND version = ?"


@dataclass(frozen=True)
class ListedVersion:
    """A version or a delete marker, and whether it is the newest of its key."""

    stored: StoredObject
    latest: bool


@dataclass(frozen=True)
class VersionPage:
    """One page: versions, and common prefixes as text, in order; whether there are more."""

    entries: list[ListedVersion | str]
    truncated: bool


def read_versions(
    connection: sqlite3.Connection,
    bucket: str,
    *,
    prefix: str,
    delimiter: str,
    after: tuple[str, str],
    limit: int,
) -> VersionPage:
    """Return the first `limit` versions and common prefixes after the key and the version id `after`.

    Without a version id, all versions of that key are passed over. If the version was deleted meanwhile, its
    key is listed from the newest version on: a client that deletes page by page misses none.
    """
    found: list[ListedVersion | str] = []
    entries = _entries(connection, bucket, (prefix, delimiter), after, limit + 1)
    while len(found) <= limit and (entry := next(entries, None)) is not None:
        found.append(entry)
    return VersionPage(found[:limit], len(found) > limit)


def _entries(
    connection: sqlite3.Connection, bucket: str, within: tuple[str, str], after: tuple[str, str], limit: int
) -> Iterator[ListedVersion | str]:
    """Yield what a list shows, by queries for at most `limit` rows. The keys of a prefix are skipped."""
    (prefix, delimiter), (marker, version_id) = within, after
    first = max(prefix.encode(), marker.encode() + (b"" if version_id else b"\0"))
    if version_id and first == marker.encode():
        row = connection.execute(_SEQUENCE, [bucket, first, version_id]).fetchone()
        if row:
            for older in connection.execute(_OLDER, [bucket, first, *row, limit]):
                yield ListedVersion(from_row(older), latest=False)
            first += b"\0"
    key = None
    while True:
        for row in connection.execute(_FROM, [bucket, first, end_of(prefix), limit]):
            stored = from_row(row)
            common = common_prefix(stored.key, prefix, delimiter)
            if common is not None:
                first = end_of(common)
                if common != marker:
                    yield common
                break
            yield ListedVersion(stored, latest=stored.key != key)
            key = stored.key
        else:
            return
