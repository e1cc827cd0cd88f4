"""The built page in its bucket: send what changed, delete what is stale, in an order that breaks no page."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from pathlib import Path
from typing import NamedTuple

import alibabacloud_oss_v2 as oss

from deploy.aliyun.objects import delete_keys, entity_tags

CACHE_A_YEAR = "public, max-age=31536000, immutable"  # the longest that caches are asked to keep anything
REVALIDATE = "no-cache"
# the build puts a hash of the content into these names
HASHED_NAME = re.compile(r"assets/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+")
TEXT_TYPES = ("application/json", "image/svg+xml", "text/javascript")


class Change(NamedTuple):
    """The names of what was sent and what was deleted."""

    sent: tuple[str, ...]
    deleted: tuple[str, ...]


def put_site(client: oss.Client, bucket: str, *folders: Path) -> Change:
    """Make the bucket hold exactly the files of these folders; a later folder's file replaces an earlier's.

    Files with a hash in their name are sent first, then the others, `index.html` last of all; only then is
    deleted what no page asks for any more. So a visitor gets the old page or the new one, and all its parts.
    """
    files = {name: content for folder in folders for name, content in read_files(folder).items()}
    stored = entity_tags(client, bucket)
    changed = [name for name, content in files.items() if stored.get(name) != entity_tag(content)]
    changed.sort(key=lambda name: (not HASHED_NAME.fullmatch(name), name == "index.html", name))
    for name in changed:
        client.put_object(
            oss.PutObjectRequest(
                bucket=bucket,
                key=name,
                body=files[name],
                content_type=content_type(name),
                cache_control=CACHE_A_YEAR if HASHED_NAME.fullmatch(name) else REVALIDATE,
            )
        )
    stale = sorted(stored.keys() - files.keys())
    delete_keys(client, bucket, stale)
    return Change(tuple(changed), tuple(stale))


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, under the key that it will have."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def entity_tag(content: bytes) -> str:
    """Return the ETag that OSS gives to content stored by PutObject."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest().upper()


def content_type(name: str) -> str:
    """Return the type for a name's ending; a text type has its encoding, UTF-8."""
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind in TEXT_TYPES else kind
