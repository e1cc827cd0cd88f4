"""Requests of multipart uploads: which operation a method and the names in a query are. No rules."""

from urllib.parse import parse_qsl

from oss_emulator.bucket.state import Bucket
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.copying import COPY_SOURCE
from oss_emulator.objects.multipart import abort, initiate, upload_part, upload_part_copy
from oss_emulator.objects.multipart_complete import complete
from oss_emulator.objects.multipart_lists import list_parts, list_uploads

MULTIPART_PARTS = frozenset({"partNumber", "uploadId", "uploads"})


def multipart_answer(request: Request, bucket: Bucket, key: str, request_id: str) -> Answer | None:
    """Answer a request whose query has one of MULTIPART_PARTS; None if it is no operation of these.

    Raises OssError.
    """
    names = {name for name, _ in parse_qsl(request.query, keep_blank_values=True)}
    if not key:
        return (
            list_uploads(request, bucket) if (request.method, "uploads" in names) == ("GET", True) else None
        )
    if "uploads" in names:
        return initiate(request, bucket, key) if request.method == "POST" else None
    if "uploadId" not in names:
        return None
    if request.method == "PUT" and COPY_SOURCE in request.headers:
        return upload_part_copy(request, bucket, key)
    if request.method == "POST":
        return complete(request, bucket, key, request_id)
    answer = _OF_AN_UPLOAD.get(request.method)
    return answer and answer(request, bucket, key)


_OF_AN_UPLOAD = {"PUT": upload_part, "GET": list_parts, "DELETE": abort}
