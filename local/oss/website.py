"""A bucket that serves a site: files of some folders, read-only, as behind a bound custom domain.

HTML is therefore shown and not downloaded, which a bucket's own domain would do (EC 0048-00000001).
Source: OSS PutBucketWebsite page for the index document and the 404 document.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from oss.errors import OssError, no_such_key
from oss.http_messages import Answer, Request

INDEX, ERROR_PAGE = "index.html", "404.html"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",  # such as .d.ts: for people to read
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


def site_answer(folders: Sequence[Path], request: Request) -> Answer:
    """Answer a request to a site bucket. Raises OssError for other methods and for what is not there."""
    if request.method not in {"GET", "HEAD"}:
        message = "The specified method is not allowed against this resource."
        raise OssError(405, "MethodNotAllowed", message)
    key = unquote(request.path.lstrip("/"))
    if not key or key.endswith("/"):
        key += INDEX
    found = _find(folders, key)
    if found:
        return _file_answer(found, request)
    page = _find(folders, ERROR_PAGE)
    if page is None:
        raise no_such_key(key)
    return Answer(404, {"Content-Type": _TYPES[".html"], "x-oss-ec": "0026-00000001"}, page.read_bytes())


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
        except (OSError, RuntimeError):  # no file has such a name: too long, or a link to itself
            continue
    return None


def _file_answer(path: Path, request: Request) -> Answer:
    content = path.read_bytes()
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest().upper()}"'
    headers = {
        "Content-Type": _TYPES.get(path.suffix.lower(), "application/octet-stream"),
        "Cache-Control": "no-cache",
        "ETag": etag,
    }
    if request.headers.get("if-none-match") == etag:
        return Answer(304, headers)
    return Answer(200, headers, content)
