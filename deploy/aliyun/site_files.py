"""The built page in its bucket: send what changed, delete what is stale, in an order that breaks no page."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import alibabacloud_oss_v2 as oss

from deploy.aliyun.objects import delete_keys, entity_tags

CACHE_A_YEAR = "public, max-age=31536000, immutable"  # the longest that caches are asked to keep anything
REVALIDATE = "no-cache"
# the build puts a hash of the content into these names
HASHED_NAME = re.compile(r"assets/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+")
# OSS compresses application/javascript, but not text/javascript (OSS FAQ on gzip, 2024-11). The tables of the
# machine that deploys say the one or the other, so they are not asked. The stand-in has a table of
# its own; a test compares both.
TYPES = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "application/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".map": "application/json; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "application/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",  # such as .d.ts: TypeScript, not MPEG transport stream
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


class Change(NamedTuple):
    """The names of what was sent and what was deleted."""

    sent: tuple[str, ...]
    deleted: tuple[str, ...]


def put_site(client: oss.Client, bucket: str, *folders: Path) -> Change:
    """Make the bucket hold exactly the files of these folders; a later folder's file replaces an earlier's.

    A file is sent again where its content, its type or its caching differs.
    Files with a hash in their name are sent first, then the others, `index.html` last of all; only then is
    deleted what no page asks for any more. So a visitor gets the old page or the new one, and all its parts.
    """
    files = {name: content for folder in folders for name, content in read_files(folder).items()}
    stored = entity_tags(client, bucket)
    changed = [
        name
        for name, content in files.items()
        if stored.get(name) != entity_tag(content) or stored_headers(client, bucket, name) != headers_of(name)
    ]
    changed.sort(key=lambda name: (not HASHED_NAME.fullmatch(name), name == "index.html", name))
    for name in changed:
        kind, caching = headers_of(name)
        client.put_object(
            oss.PutObjectRequest(
                bucket=bucket, key=name, body=files[name], content_type=kind, cache_control=caching
            )
        )
    stale = sorted(stored.keys() - files.keys())
    delete_keys(client, bucket, stale)
    return Change(tuple(changed), tuple(stale))


def headers_of(name: str) -> tuple[str, str]:
    """Return Content-Type and Cache-Control of a file."""
    return content_type(name), CACHE_A_YEAR if HASHED_NAME.fullmatch(name) else REVALIDATE


def stored_headers(client: oss.Client, bucket: str, name: str) -> tuple[str, str]:
    """Return those of a stored file: an earlier version may have sent the same content with others."""
    found = client.head_object(oss.HeadObjectRequest(bucket=bucket, key=name))
    return found.content_type or "", found.cache_control or ""


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, under the key that it will have."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def entity_tag(content: bytes) -> str:
    """Return the ETag that OSS gives to content stored by PutObject."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest().upper()


def content_type(name: str) -> str:
    """Return the type for a name's ending; a text type has its encoding, UTF-8."""
    return TYPES.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")
