"""The built page, put into its bucket: what changed is sent, what is stale goes, nobody meets half of it."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from pathlib import Path
from typing import NamedTuple

import alibabacloud_oss_v2 as oss

FOR_EVER = "public, max-age=31536000, immutable"  # a year: the most that caches are asked to keep
ASK_FIRST = "no-cache"
# the build puts a hash of the content into these names
HASHED = re.compile(r"assets/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+")
TEXT_TYPES = ("application/json", "image/svg+xml", "text/javascript")
MOST_DELETED = 1000  # OSS: in one request


class Change(NamedTuple):
    """Names of what was sent and what was removed."""

    sent: tuple[str, ...]
    removed: tuple[str, ...]


def put_site(client: oss.Client, bucket: str, *folders: Path) -> Change:
    """Make the bucket hold exactly the files of these folders; of one name in two, the later folder's wins.

    First what is new under its own name, then the pages that ask for it, last what nobody asks for any more.
    """
    files = {name: content for folder in folders for name, content in read_files(folder).items()}
    there = entity_tags(client, bucket)
    changed = [name for name, content in files.items() if there.get(name) != entity_tag(content)]
    changed.sort(key=lambda name: (not HASHED.fullmatch(name), name == "index.html", name))
    for name in changed:
        client.put_object(
            oss.PutObjectRequest(
                bucket=bucket,
                key=name,
                body=files[name],
                content_type=content_type(name),
                cache_control=FOR_EVER if HASHED.fullmatch(name) else ASK_FIRST,
            )
        )
    stale = sorted(there.keys() - files.keys())
    remove(client, bucket, stale)
    return Change(tuple(changed), tuple(stale))


def remove_all(client: oss.Client, bucket: str, prefix: str = "") -> None:
    """Remove every object of a bucket whose key begins so."""
    remove(client, bucket, list(entity_tags(client, bucket, prefix)))


def remove(client: oss.Client, bucket: str, stale: list[str]) -> None:
    """Remove objects, as many at a time as OSS takes."""
    for start in range(0, len(stale), MOST_DELETED):
        doomed = [oss.DeleteObject(key=name) for name in stale[start : start + MOST_DELETED]]
        client.delete_multiple_objects(
            oss.DeleteMultipleObjectsRequest(bucket=bucket, objects=doomed, quiet=True)
        )


def read_files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its key."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def entity_tags(client: oss.Client, bucket: str, prefix: str = "") -> dict[str, str]:
    """Return the ETag of every object whose key begins so."""
    asked = oss.ListObjectsV2Request(bucket=bucket, prefix=prefix)
    pages = client.list_objects_v2_paginator().iter_page(asked)
    return {one.key: (one.etag or "").strip('"') for page in pages for one in page.contents or []}


def entity_tag(content: bytes) -> str:
    """Return the ETag that OSS gives what PutObject stored."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest().upper()


def content_type(name: str) -> str:
    """Return a type by the name's ending, with the encoding of what is text."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind in TEXT_TYPES else kind
