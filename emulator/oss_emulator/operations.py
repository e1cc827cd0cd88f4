"""OSS's names of the operations on objects, and which of them a request is. No rules.

Source: OSS API reference, overview of operations.
"""

from oss_emulator.http_messages import Request

_COPY_SOURCE = "x-oss-copy-source"
_COPIES = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
_NAMES = {  # by method, whether the request has a key, and its subresource
    ("POST", False, ""): "PostObject",
    ("PUT", True, ""): "PutObject",
    ("GET", True, ""): "GetObject",
    ("HEAD", True, ""): "HeadObject",
    ("DELETE", True, ""): "DeleteObject",
    ("POST", False, "delete"): "DeleteMultipleObjects",
    ("GET", False, ""): "ListObjects",
    ("POST", True, "uploads"): "InitiateMultipartUpload",
    ("PUT", True, "uploadId"): "UploadPart",
    ("POST", True, "uploadId"): "CompleteMultipartUpload",
    ("DELETE", True, "uploadId"): "AbortMultipartUpload",
    ("GET", True, "uploadId"): "ListParts",
    ("GET", False, "uploads"): "ListMultipartUploads",
}
OPERATIONS = (*_NAMES.values(), *_COPIES.values())


def operation_of(request: Request, key: str, subresource: str) -> str:
    """Return the operation of a request for `key`, one of OPERATIONS; nothing for any other."""
    of_an_upload = bool(key) and "uploadId" in _query(request, "uploadId")  # beside partNumber, in any order
    name = _NAMES.get((request.method, bool(key), "uploadId" if of_an_upload else subresource), "")
    return _COPIES.get(name, name) if _COPY_SOURCE in request.headers else name


def part_number_of(request: Request) -> int:
    """Return the part number in a request's query; 0 if it has none."""
    text = _query(request, "partNumber").get("partNumber", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004 - 10000


def _query(request: Request, name: str) -> dict[str, str]:
    """Return the parameters of a query that may have this one; most have not, and are not parsed."""
    return request.parameters if name in request.query else {}
