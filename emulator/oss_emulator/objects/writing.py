"""PutObject and DeleteObject, to fill a bucket and to clean it up. Metadata has PostObject's rules.

Source: OSS PutObject and DeleteObject pages; 400 and 411 error pages. Other features of PutObject (callbacks,
tags, links) are not emulated and refused; a PUT that names a source is `copying.py`'s.
"""

from collections.abc import Iterator
from urllib.parse import parse_qsl

from oss_emulator.bucket.state import Bucket
from oss_emulator.content_md5 import check_content_md5
from oss_emulator.errors import OssError, file_already_exists, not_emulated
from oss_emulator.http_messages import Answer, Body, Request
from oss_emulator.objects.access import check_may_write, requested_version_id
from oss_emulator.objects.metadata import checked_metadata
from oss_emulator.storage.object_version import Metadata, StoredObject

MAX_BODY_BYTES = 5 * 1024**3  # OSS: PutObject page

_NOT_EMULATED = ("callback", "x-oss-callback", "x-oss-tagging")


def put_object(request: Request, bucket: Bucket, key: str) -> Answer:
    """Store the request's body as the object `key`. Raises OssError; the body may then be partly unread."""
    check_may_write(request, bucket, key)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    for name in _NOT_EMULATED:
        if name in request.headers or name in query:
            raise not_emulated(f"{name} with PUT")
    length = _length(request)
    content_type, public_acls = request.headers.get("content-type"), not bucket.settings.block_public_access
    metadata = checked_metadata(key, request.headers, content_type, public_acls=public_acls)
    if metadata.forbid_overwrite and not bucket.versioning and bucket.store.find(key):
        raise file_already_exists()
    stored = _store(request, metadata, bucket, length)
    headers = {
        "ETag": f'"{stored.etag}"',
        "Content-MD5": stored.content_md5,
        "x-oss-hash-crc64ecma": stored.crc64,
    }
    return Answer(200, {**headers, **({"x-oss-version-id": stored.version} if bucket.versioning else {})})


def delete_object(request: Request, bucket: Bucket, key: str) -> Answer:
    """Delete an object or one of its versions; 204, whether or not there was one. Raises OssError."""
    check_may_write(request, bucket, key)
    version_id = requested_version_id(dict(parse_qsl(request.query, keep_blank_values=True)))
    now, versioning = bucket.now(), bucket.versioning
    deleted = bucket.store.delete(key, now=now, version_id=version_id, versioning=versioning)
    if deleted is None or not versioning:
        return Answer(204)
    marker = {"x-oss-delete-marker": "true"} if deleted.delete_marker else {}
    return Answer(204, {"x-oss-version-id": deleted.version, **marker})


def _length(request: Request) -> int | None:
    """Return the body's length as announced; None if it is chunked. Raises OssError."""
    length = request.headers.get("content-length")
    if length is None:
        if "transfer-encoding" in request.headers:
            return None
        raise OssError(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    if int(length) > MAX_BODY_BYTES:
        raise _too_large()
    return int(length)


def _store(request: Request, metadata: Metadata, bucket: Bucket, length: int | None) -> StoredObject:
    with bucket.store.start() as upload:
        for chunk in _chunks(request.body):
            upload.write(chunk)
        if length is not None and upload.size != length:
            raise OssError(400, "IncompleteBody", "The request body is shorter than its Content-Length.")
        check_content_md5(request)
        return bucket.store.save(upload, metadata, now=bucket.now(), versioning=bucket.versioning)


def _chunks(body: Body) -> Iterator[bytes]:
    while chunk := body.read():
        if body.received_bytes > MAX_BODY_BYTES:
            raise _too_large()
        yield chunk


def _too_large() -> OssError:
    message = "Your proposed upload exceeds the maximum allowed size."
    return OssError(400, "EntityTooLarge", message)
