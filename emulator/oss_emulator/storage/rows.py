"""Objects as rows of the index's table `objects`, and the pages of a list of keys."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from oss_emulator.storage.object_version import StoredObject

COLUMNS = tuple(field.name for field in fields(StoredObject))
SELECT = f"SELECT {', '.join(COLUMNS)} FROM objects WHERE bucket = ?"  # noqa: S608 - names of our own

_PAGE = f"{SELECT} AND shown = 1 AND key >= ? AND key < ? ORDER BY key LIMIT ?"
_AFTER_ALL = b"\xff"  # no UTF-8 has this byte


@dataclass(frozen=True)
class Page:
    """One page: objects and common prefixes (None) by name, in order. The last has an empty `next_name`."""

    entries: Mapping[str, StoredObject | None]
    next_name: str


def to_row(stored: StoredObject) -> list[object]:
    """Return the values of COLUMNS."""
    headers, tags = json.dumps(dict(stored.headers)), json.dumps(dict(stored.tags))
    members = {**vars(stored), "key": stored.key.encode(), "headers": headers, "tags": tags}
    return [members[name] for name in COLUMNS]


def from_row(row: Sequence[Any]) -> StoredObject:
    """Return the object of a row with COLUMNS."""
    members = dict(zip(COLUMNS, row, strict=True))
    members["key"] = members["key"].decode()
    members["headers"] = json.loads(members["headers"])
    members["tags"] = json.loads(members["tags"])
    members["delete_marker"] = bool(members["delete_marker"])
    return StoredObject(**members)


def read_page(
    connection: sqlite3.Connection, bucket: str, *, prefix: str, delimiter: str, after: str, limit: int
) -> Page:
    """Return the first `limit` names after `after`. Keys with the same common prefix are one name.

    The keys of a common prefix are skipped, not read, so a page costs what it returns.
    """
    entries: dict[str, StoredObject | None] = {}
    first = max(prefix.encode(), after.encode() + b"\0")
    common: str | None = ""
    while common is not None and len(entries) <= limit:
        common = None
        wanted = [bucket, first, end_of(prefix), limit + 1 - len(entries)]
        for row in connection.execute(_PAGE, wanted):
            stored = from_row(row)
            common = common_prefix(stored.key, prefix, delimiter)
            if common is not None:
                break
            entries[stored.key] = stored
        if common is not None:
            first = end_of(common)
            if common != after:
                entries[common] = None
    shown = list(entries)[:limit]
    return Page({name: entries[name] for name in shown}, shown[-1] if len(entries) > limit else "")


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """Return the key up to the first delimiter after the prefix; None if there is none."""
    end = key.find(delimiter, len(prefix)) if delimiter else -1
    return None if end < 0 else key[: end + len(delimiter)]


def end_of(prefix: str) -> bytes:
    """Return the smallest bytes that are greater than every key with this prefix."""
    encoded = prefix.encode()
    return encoded[:-1] + bytes([encoded[-1] + 1]) if encoded else _AFTER_ALL
