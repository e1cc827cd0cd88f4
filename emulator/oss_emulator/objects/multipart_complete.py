"""CompleteMultipartUpload: its document, its callback and its answer.

Checks come in this order: signature, arguments, upload id, the document, the callback, and what
`storage.multipart` checks.
Source: OSS CompleteMultipartUpload page; EC 0042-00000205, -216; go-sdk-v2's live tests; an answer of 2015 in
oss2's tests for the form of XML. What a part number beyond 10000 is refused with is unconfirmed.
"""

import re
from collections.abc import Sequence

from oss_emulator.bucket.state import Bucket
from oss_emulator.content_md5 import read_document
from oss_emulator.errors import OssError, invalid_argument, xml_text
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import check_may_write
from oss_emulator.objects.key_encoding import KeyEncoding, key_encoding
from oss_emulator.objects.metadata import ACL, FORBID_OVERWRITE, checked_metadata
from oss_emulator.objects.multipart import part_number, upload_id_of
from oss_emulator.objects.multipart_faults import disturb_complete, find_upload
from oss_emulator.objects.request_callback import RequestCallback, requested_callback, stored_headers
from oss_emulator.storage.multipart import Completion
from oss_emulator.storage.object_version import Metadata, StoredObject
from oss_emulator.xml_documents import children, document, element, malformed_xml, read_xml, texts

MAX_COMPLETE_BYTES = 2 * 1024**2  # ours: 10,000 parts take less than 1 MB
COMPLETE_ALL = "x-oss-complete-all"

_MALFORMED = "0042-00000205"
_QUOTED = re.compile('"?([^"]*)"?')


def complete(request: Request, bucket: Bucket, key: str, request_id: str) -> Answer:
    """Make an object of the parts of an upload. Raises OssError; the upload then stays."""
    check_may_write(request, bucket, key)
    query = request.parameters
    upload_id, encoding = upload_id_of(query), key_encoding(query)
    metadata = _metadata(request, bucket, key)
    try:
        stored, callback = _made(request, bucket, metadata, upload_id)
    except OssError as error:
        repeated = _made_before(bucket, key, upload_id) if error.code == "NoSuchUpload" else None
        if repeated is None:
            raise
        stored, callback = repeated, requested_callback(request, bucket)
    if callback:
        operation = "CompleteMultipartUpload"
        return callback.answer(request, request_id, stored, bucket, operation=operation)
    return _completed(request, bucket, stored, encoding)


def _metadata(request: Request, bucket: Bucket, key: str) -> Metadata:
    """Return ACL and forbid-overwrite of a Complete; the rest is from the Initiate."""
    fields = {name: request.headers[name] for name in (ACL, FORBID_OVERWRITE) if name in request.headers}
    return checked_metadata(key, fields, None, public_acls=not bucket.settings.block_public_access)


def _made(
    request: Request, bucket: Bucket, metadata: Metadata, upload_id: str
) -> tuple[StoredObject, RequestCallback | None]:
    """Make the object; return it, and the callback to send. `metadata` is that of the Complete."""
    key, switches = metadata.key, bucket.settings.switches
    upload = find_upload(bucket, key, upload_id, "")
    acl = metadata.acl if ACL in request.headers else upload.headers.get(ACL, metadata.acl)
    forbid_overwrite = metadata.forbid_overwrite or FORBID_OVERWRITE in upload.headers
    completion = Completion(_parts(request, bucket), acl, forbid_overwrite)
    callback = requested_callback(request, bucket)
    disturb_complete(request, bucket, key, upload_id)
    now = upload.initiated if switches["multipart_last_modified"] == "initiate" else bucket.now()
    stored = bucket.store.multipart.complete(
        key, upload_id, completion, now=now, versioning=bucket.versioning
    )
    return stored, callback


def _made_before(bucket: Bucket, key: str, upload_id: str) -> StoredObject | None:
    """Return the object of an earlier Complete, if a switch wants a repeated one to be answered alike."""
    repeatable = bucket.settings.switches["repeated_complete"] == "200"
    return bucket.store.multipart.completed(key, upload_id) if repeatable else None


def _parts(request: Request, bucket: Bucket) -> Sequence[tuple[int, str]] | None:
    """Return the listed parts with their ETags, or None for all. Raises OssError."""
    asked, any_etag = request.headers.get(COMPLETE_ALL), bucket.settings.switches["part_etag"] == "any"
    if asked not in {None, "yes"}:
        raise invalid_argument(
            f"The value of {COMPLETE_ALL} is invalid.", name=COMPLETE_ALL, value=asked or ""
        )
    try:
        content = read_document(request, MAX_COMPLETE_BYTES)
        if not asked:
            return _listed_parts(content, any_etag=any_etag)
    except OssError as error:
        error.ec = error.ec or _MALFORMED
        raise
    if content:
        message = "Should not speficy both complete all header and http body."
        raise invalid_argument(message, "0042-00000216", name=COMPLETE_ALL, value="yes")
    return None


def _listed_parts(content: bytes, *, any_etag: bool) -> list[tuple[int, str]]:
    root = read_xml(content, "CompleteMultipartUpload", max_bytes=MAX_COMPLETE_BYTES)
    parts = children(root, many=("Part",))["Part"]
    if not parts:
        raise malformed_xml(expected="a Part")
    found = []
    for part in parts:
        members = children(part, one=("PartNumber", "ETag"))
        number, etag = texts(members["PartNumber"]), texts(members["ETag"])
        if not number or not etag:
            raise malformed_xml(expected="PartNumber and ETag in each Part")
        bare = _QUOTED.fullmatch(etag[0])
        quoted = f'"{bare[1].upper()}"' if any_etag and bare else etag[0]
        found.append((part_number(number[0]), quoted))
    return found


def _completed(request: Request, bucket: Bucket, stored: StoredObject, encoding: KeyEncoding) -> Answer:
    root = element(
        "CompleteMultipartUploadResult",
        *encoding.elements,
        element("Location", xml_text(f"{request.scheme}://{request.headers.get('host', '')}{request.path}")),
        element("Bucket", bucket.settings.bucket),
        element("Key", encoding.encode(stored.key)),
        element("ETag", f'"{stored.etag}"'),
    )
    return Answer(200, {**stored_headers(stored), "Content-Type": "application/xml"}, document(root))
