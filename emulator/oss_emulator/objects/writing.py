"""PutObject and DeleteObject, to fill a bucket and to clean it up. Metadata has PostObject's rules.

Source: OSS PutObject and DeleteObject pages; 400 and 411 error pages. A PUT that names a source is
`copying.py`'s.
"""

from collections.abc import Iterator
from dataclasses import replace

from oss_emulator.bucket.state import Bucket
from oss_emulator.content_md5 import check_content_md5
from oss_emulator.errors import OssError, file_already_exists
from oss_emulator.http_messages import Answer, Body, Request
from oss_emulator.objects.access import asked_version_id, check_may_write, check_signed_at_end
from oss_emulator.objects.metadata import checked_metadata
from oss_emulator.objects.request_callback import requested_callback, stored_headers
from oss_emulator.objects.tags import header_tags
from oss_emulator.storage.contents import Upload

MAX_BODY_BYTES = 5 * 1024**3  # OSS: PutObject page


def put_object(request: Request, bucket: Bucket, key: str, request_id: str) -> Answer:
    """Store the request's body as the object `key`. Raises OssError; the body may then be partly unread."""
    check_may_write(request, bucket, key)
    announced_length(request)
    content_type, public_acls = request.headers.get("content-type"), not bucket.settings.block_public_access
    metadata = checked_metadata(key, request.headers, content_type, public_acls=public_acls)
    metadata = replace(metadata, tags=header_tags(request.headers))
    if metadata.forbid_overwrite and not bucket.versioning and bucket.store.find(key):
        raise file_already_exists()
    callback = requested_callback(request, bucket)
    with bucket.store.start() as upload:
        receive(request, upload)
        check_signed_at_end(request, bucket, key)
        stored = bucket.store.save(upload, metadata, now=bucket.now(), versioning=bucket.versioning)
    if callback:
        return callback.answer(request, request_id, stored, bucket, operation="PutObject")
    return Answer(200, stored_headers(stored))


def delete_object(request: Request, bucket: Bucket, key: str) -> Answer:
    """Delete an object or one of its versions; 204, whether or not there was one. Raises OssError."""
    check_may_write(request, bucket, key)
    version_id = asked_version_id(request)
    now, versioning = bucket.now(), bucket.versioning
    deleted = bucket.store.delete(key, now=now, version_id=version_id, versioning=versioning)
    if deleted is None or not versioning:
        return Answer(204)
    marker = {"x-oss-delete-marker": "true"} if deleted.delete_marker else {}
    return Answer(204, {"x-oss-version-id": deleted.version, **marker})


def receive(request: Request, upload: Upload) -> None:
    """Write the body of a PUT into `upload`, and check its length and digest. Raises OssError."""
    length = announced_length(request)
    for chunk in _chunks(request.body):
        upload.write(chunk)
    if length is not None and upload.size != length:
        raise OssError(400, "IncompleteBody", "The request body is shorter than its Content-Length.")
    check_content_md5(request)


def announced_length(request: Request) -> int | None:
    """Return the length that a PUT's body is announced with; None if it is chunked. Raises OssError."""
    length = request.headers.get("content-length")
    if length is None:
        if "transfer-encoding" in request.headers:
            return None
        raise OssError(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    if int(length) > MAX_BODY_BYTES:
        raise _too_large()
    return int(length)


def _chunks(body: Body) -> Iterator[bytes]:
    while chunk := body.read():
        if body.received_bytes > MAX_BODY_BYTES:
            raise _too_large()
        yield chunk


def _too_large() -> OssError:
    message = "Your proposed upload exceeds the maximum allowed size."
    return OssError(400, "EntityTooLarge", message)
