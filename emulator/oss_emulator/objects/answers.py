"""Answers to GET and HEAD of an object: headers, the bytes that are sent, and gzip.

Permission and version were checked before.
Source: OSS GetObject and HeadObject pages; the FAQ of 2024-11 on gzip and missing ETag and Content-Length.
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from oss_emulator import compressing
from oss_emulator.http_messages import CHUNK_BYTES, Answer, Request, http_date
from oss_emulator.objects.conditions import check_preconditions, is_not_modified, requested_range
from oss_emulator.storage.object_version import StoredObject

_NOT_MODIFIED_HEADERS = {
    "Cache-Control",
    "ETag",
    "Expires",
    "Last-Modified",
    "x-oss-version-id",
}  # RFC 9110 15.4.5


def object_answer(
    request: Request,
    stored: StoredObject,
    content: BinaryIO,
    *,
    description: Mapping[str, str],
    overrides: Mapping[str, str],
) -> Answer:
    """Answer a permitted GET or HEAD; `content` is closed after the answer was sent. Raises OssError.

    `description` are further headers of the object; `overrides` replace the object's headers in a 200. HEAD
    ignores Range, and a part is not compressed (both unconfirmed).
    """
    check_preconditions(request.headers, stored)
    headers = {**_headers(stored), **description}
    if is_not_modified(request.headers, stored):
        content.close()
        headers |= _content_headers(stored)
        return Answer(304, {name: value for name, value in headers.items() if name in _NOT_MODIFIED_HEADERS})
    wanted = None if request.method == "HEAD" else requested_range(request.headers, stored.size)
    if wanted:
        return _partial(stored, content, headers, wanted)
    headers |= overrides
    zipped = compressing.is_compressed(request, stored.size, headers)
    headers |= {"Content-Encoding": "gzip"} if zipped else _content_headers(stored)
    if request.method == "HEAD":
        content.close()
        return Answer(200, headers, iter(()))
    return Answer(200, headers, _gzip(content) if zipped else _bytes(content, stored.size))


def meta_answer(stored: StoredObject, version_headers: Mapping[str, str]) -> Answer:
    """Answer GetObjectMeta, which has fewer headers than HeadObject (OSS: GetObjectMeta page)."""
    headers = {
        "Content-Length": str(stored.size),
        "ETag": f'"{stored.etag}"',
        "Last-Modified": http_date(int(stored.last_modified)),
        "x-oss-hash-crc64ecma": stored.crc64,
    }
    return Answer(200, {**headers, **version_headers}, iter(()))


def _headers(stored: StoredObject) -> dict[str, str]:
    return {
        **stored.headers,
        "Last-Modified": http_date(int(stored.last_modified)),
        "x-oss-hash-crc64ecma": stored.crc64,
        "x-oss-object-type": stored.object_type,
        "x-oss-storage-class": stored.storage_class,
    }


def _content_headers(stored: StoredObject) -> dict[str, str]:
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(stored.size), "ETag": f'"{stored.etag}"'}
    if stored.content_md5:
        headers["Content-MD5"] = stored.content_md5
    return headers


def _partial(
    stored: StoredObject, content: BinaryIO, headers: Mapping[str, str], wanted: tuple[int, int]
) -> Answer:
    start, stop = wanted
    content.seek(start)
    of_part = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(stop - start),
        "Content-Range": f"bytes {start}-{stop - 1}/{stored.size}",
        "ETag": f'"{stored.etag}"',
    }
    return Answer(206, {**headers, **of_part}, _bytes(content, stop - start))


def _bytes(content: BinaryIO, size: int) -> bytes | Iterator[bytes]:
    """Return the next `size` bytes, which are read at once if they are few."""
    if size > CHUNK_BYTES:
        return _chunks(content, size)
    with content:
        return content.read(size)


def _chunks(content: BinaryIO, left: int) -> Iterator[bytes]:
    with content:
        while left and (chunk := content.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk


def _gzip(content: BinaryIO) -> Iterator[bytes]:
    squeeze = zlib.compressobj(wbits=compressing.WINDOW)
    with content:
        while chunk := content.read(CHUNK_BYTES):
            yield squeeze.compress(chunk)
    yield squeeze.flush()
