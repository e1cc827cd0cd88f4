"""GET and HEAD of stored objects: their headers, and the gzip rule.

Who may read is decided before. Ranges and conditional requests are not emulated.
Source: OSS GetObject and HeadObject pages; the FAQ of 2024-11 on gzip and missing ETag and Content-Length.
"""

import re
import zlib
from collections.abc import Iterator
from email.utils import formatdate
from typing import BinaryIO

from oss.http_messages import CHUNK_BYTES, Answer, Request
from oss.store import StoredObject

GZIP_FROM_BYTES = 1024

_GZIP_TYPES = re.compile(
    r"text/[^;]+|application/(json|javascript|x-javascript|xml|rss\+xml)|image/svg\+xml|font/(ttf|otf)"
)
_GZIP_WINDOW = 31  # zlib: a 15 bit window, in gzip's own wrapping


def object_answer(request: Request, stored: StoredObject, content: BinaryIO) -> Answer:
    """Answer a permitted GET or HEAD; `content` is closed when the answer has been sent."""
    if request.method == "HEAD":
        content.close()
    zipped = _zipped(request, stored)
    headers = _headers(stored, zipped=zipped)
    if request.method == "HEAD":
        return Answer(200, headers, iter(()))
    return Answer(200, headers, _gzip(content) if zipped else _pieces(content))


def _headers(stored: StoredObject, *, zipped: bool) -> dict[str, str]:
    headers = {
        **stored.headers,
        "Last-Modified": formatdate(stored.last_modified, usegmt=True),
        "x-oss-hash-crc64ecma": stored.crc64,
        "x-oss-object-type": "Normal",
        "x-oss-storage-class": stored.storage_class,
    }
    if zipped:
        return {**headers, "Content-Encoding": "gzip"}
    return {
        **headers,
        "Accept-Ranges": "bytes",
        "Content-Length": str(stored.size),
        "Content-MD5": stored.content_md5,
        "ETag": f'"{stored.etag}"',
    }


def _zipped(request: Request, stored: StoredObject) -> bool:
    return (
        stored.size >= GZIP_FROM_BYTES
        and _accepts_gzip(request.headers.get("accept-encoding", ""))
        and "Content-Encoding" not in stored.headers
        and bool(_GZIP_TYPES.fullmatch(stored.headers["Content-Type"].partition(";")[0].strip().lower()))
    )


def _accepts_gzip(accept_encoding: str) -> bool:
    for item in accept_encoding.lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() in {"gzip", "*"} and not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight):
            return True
    return False


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    with content:
        while chunk := content.read(CHUNK_BYTES):
            yield chunk


def _gzip(content: BinaryIO) -> Iterator[bytes]:
    squeeze = zlib.compressobj(wbits=_GZIP_WINDOW)
    for chunk in _pieces(content):
        yield squeeze.compress(chunk)
    yield squeeze.flush()
