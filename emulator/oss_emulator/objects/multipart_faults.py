"""Faults of multipart uploads: somebody else aborts the upload or overwrites a part, or a Complete is slow.

They are acted out after the signature and the arguments of a request were judged, and as another request
would: what OSS answers then is not decided here.
Source: OSS lifecycle page (it aborts unfinished uploads); CompleteMultipartUpload page (it may take long, and
goes on if the client disconnects).
"""

from contextlib import suppress

from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import OssError
from oss_emulator.http_messages import CHUNK_BYTES, Request
from oss_emulator.storage.multipart import Part, StoredUpload

_FILLINGS = (b"\0", b"\xff")  # two, because one of them may be the part's own content


def find_upload(bucket: Bucket, key: str, upload_id: str, ec: str) -> StoredUpload:
    """Return an unfinished upload. Raises OssError, with this EC, if there is none."""
    _abort(bucket, key, upload_id)
    return bucket.store.multipart.find(key, upload_id, ec)


def disturb_complete(request: Request, bucket: Bucket, key: str, upload_id: str) -> None:
    """Act out `slow_complete` and `part_overwritten` before the parts are looked at."""
    if fault := bucket.faults.strike("slow_complete"):
        request.body.pause(fault.options["seconds"])
    _overwrite_part(bucket, key, upload_id)


def disturb_list(bucket: Bucket, key: str, upload_id: str) -> None:
    """Act out `upload_aborted` and `part_overwritten` before the parts are listed. Raises OssError."""
    _abort(bucket, key, upload_id)
    _overwrite_part(bucket, key, upload_id)


def _abort(bucket: Bucket, key: str, upload_id: str) -> None:
    if bucket.faults.strike("upload_aborted"):
        with suppress(OssError):
            bucket.store.multipart.abort(key, upload_id)


def _overwrite_part(bucket: Bucket, key: str, upload_id: str) -> None:
    """Give the part that the fault names, or the first that there is, other bytes of the same size."""
    fault = bucket.faults.strike("part_overwritten")
    if fault is None:
        return
    before = int(fault.options.get("part_number", 1)) - 1
    _, parts = bucket.store.multipart.parts(key, upload_id, after=before, limit=1)
    for part in parts:
        any(_replaced(bucket, key, upload_id, part, filling) for filling in _FILLINGS)


def _replaced(bucket: Bucket, key: str, upload_id: str, part: Part, filling: bytes) -> bool:
    """Store a part anew that consists of one byte; whether that is another content."""
    with bucket.store.start() as upload:
        while upload.size < part.size:
            upload.write(filling * min(CHUNK_BYTES, part.size - upload.size))
        if upload.finish()[0].hex().upper() == part.etag:
            return False
        bucket.store.multipart.put_part(key, upload_id, part.number, upload, now=bucket.now())
        return True
