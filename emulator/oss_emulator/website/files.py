"""A read-only website whose pages are files in folders instead of objects in a bucket."""

import gzip
import hashlib
from collections.abc import Sequence
from pathlib import Path

from oss_emulator import compressing
from oss_emulator.errors import no_such_key
from oss_emulator.http_messages import Answer, Request
from oss_emulator.website.rules import Missing, Website

# Folders have no website configuration, so it is fixed.
SITE = Website(index="index.html", sub_directories=True, missing=Missing.NOT_FOUND, error_key="404.html")

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


def read_file(folders: Sequence[Path], request: Request, key: str) -> Answer:
    """Answer with the file `key` of the first folder that has it. Raises OssError if none has."""
    path = _find(folders, key)
    if path is None:
        raise no_such_key(key)
    content = path.read_bytes()
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest().upper()}"'
    headers = {
        "Content-Type": TYPES.get(path.suffix.lower(), "application/octet-stream"),
        "Cache-Control": "no-cache",
        "ETag": etag,
    }
    if request.headers.get("if-none-match") == etag:
        return Answer(304, headers)
    if compressing.is_compressed(request, len(content), headers):
        del headers["ETag"]
        return Answer(200, headers | {"Content-Encoding": "gzip"}, gzip.compress(content))
    return Answer(200, headers, content)


def _find(folders: Sequence[Path], key: str) -> Path | None:
    parts = key.split("/")
    if "\0" in key or "\\" in key or any(part.startswith(".") or not part for part in parts):
        return None  # `..` and dot files among them
    for folder in folders:
        root = folder.resolve()
        try:
            path = root.joinpath(*parts).resolve()
            if path.is_relative_to(root) and path.is_file():
                return path
        except (OSError, RuntimeError):  # the name is too long, or a link that points to itself
            continue
    return None
