"""Multipart uploads: Initiate, UploadPart, UploadPartCopy and Abort.

Checks come in this order: signature, arguments, upload id.
Source: OSS pages of the operations; EC 0017-00000219, -220, -244, 0042-00000311; answers of 2015 in oss2's
tests for the form of XML, and for the headers of UploadPartCopy.
"""

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import replace

from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import invalid_argument, not_emulated
from oss_emulator.http_messages import CHUNK_BYTES, Answer, Request
from oss_emulator.objects.access import check_may_write, check_signed, check_signed_at_end
from oss_emulator.objects.copying import open_source
from oss_emulator.objects.key_encoding import key_encoding
from oss_emulator.objects.metadata import ACL, ENCRYPTION, FORBID_OVERWRITE, checked_metadata
from oss_emulator.objects.multipart_faults import find_upload
from oss_emulator.objects.tags import header_tags
from oss_emulator.objects.writing import receive
from oss_emulator.storage.multipart import UPLOAD_PART, UPLOAD_PART_COPY, no_such_upload
from oss_emulator.storage.object_version import Metadata
from oss_emulator.xml_documents import document, element

MAX_PART_NUMBER = 10_000
COPY_RANGE = "x-oss-copy-source-range"


def initiate(request: Request, bucket: Bucket, key: str) -> Answer:
    """Begin an upload, whose object gets the metadata of this request. Raises OssError."""
    check_may_write(request, bucket, key)
    query = request.parameters
    if "sequential" in query:
        raise not_emulated("sequential multipart uploads")
    switches, public_acls = bucket.settings.switches, not bucket.settings.block_public_access
    take_acl = switches["initiate_acl"] == "take"
    fields = {name: value for name, value in request.headers.items() if take_acl or name != ACL}
    metadata = checked_metadata(key, fields, fields.get("content-type"), public_acls=public_acls)
    encoding = key_encoding(query)
    headers = {**metadata.headers, **_remembered(metadata, switches)}
    kept = replace(metadata, headers=headers, tags=header_tags(request.headers))
    upload_id = bucket.store.multipart.begin(kept, now=bucket.now(), versioning=bucket.versioning)
    root = element(
        "InitiateMultipartUploadResult",
        *encoding.elements,
        element("Bucket", bucket.settings.bucket),
        element("Key", encoding.encode(key)),
        element("UploadId", upload_id),
    )
    return Answer(200, {"Content-Type": "application/xml"}, document(root))


def _remembered(metadata: Metadata, switches: Mapping[str, str]) -> dict[str, str]:
    """Return what of an Initiate counts for its Complete, by switch."""
    acl = {ACL: metadata.acl} if switches["initiate_acl"] == "take" else {}
    forbids = metadata.forbid_overwrite and switches["initiate_forbid_overwrite"] == "remember"
    return {**acl, **({FORBID_OVERWRITE: "true"} if forbids else {})}


def upload_part(request: Request, bucket: Bucket, key: str) -> Answer:
    """Store the body as one part of an upload. Raises OssError; the body may then be partly unread."""
    check_may_write(request, bucket, key)
    query = request.parameters
    number = part_number(query.get("partNumber", ""))
    if ENCRYPTION in request.headers:
        raise invalid_argument(f"{ENCRYPTION} is not for parts.", name=ENCRYPTION)
    upload_id = upload_id_of(query)
    find_upload(bucket, key, upload_id, UPLOAD_PART)
    with bucket.store.start() as upload:
        receive(request, upload)
        check_signed_at_end(request, bucket, key)
        part = bucket.store.multipart.put_part(key, upload_id, number, upload, now=bucket.now())
    headers = {
        "ETag": f'"{part.etag}"',
        "Content-MD5": base64.b64encode(bytes.fromhex(part.etag)).decode(),
        "x-oss-hash-crc64ecma": part.crc64,
    }
    return Answer(200, headers)


def upload_part_copy(request: Request, bucket: Bucket, key: str) -> Answer:
    """Store an object, or a range of it, as one part of an upload, or answer 304. Raises OssError."""
    check_signed(request, bucket, key)
    query = request.parameters
    number, upload_id = part_number(query.get("partNumber", "")), upload_id_of(query)
    find_upload(bucket, key, upload_id, UPLOAD_PART_COPY)
    source = open_source(request, bucket)
    if isinstance(source, Answer):
        return source
    start, stop = _copied_range(request.headers.get(COPY_RANGE, ""), source.stored.size)
    with source.content as content, bucket.store.start() as upload:
        content.seek(start)
        while chunk := content.read(min(CHUNK_BYTES, stop - start - upload.size)):
            upload.write(chunk)
        part = bucket.store.multipart.put_part(key, upload_id, number, upload, now=bucket.now())
    changed = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(part.last_modified))
    root = element("CopyPartResult", element("LastModified", changed), element("ETag", f'"{part.etag}"'))
    headers = {
        "Content-Type": "application/xml",
        "ETag": f'"{part.etag}"',
        "x-oss-hash-crc64ecma": part.crc64,
        **({"Content-Range": f"bytes {start}-{stop - 1}/{source.stored.size}"} if stop > start else {}),
    }
    return Answer(200, headers, document(root))


def _copied_range(text: str, size: int) -> tuple[int, int]:
    """Return the first byte and the one after the last; the whole object for a range of another form."""
    found = re.fullmatch("bytes=([0-9]{1,18})-([0-9]{1,18})", text)
    start, stop = (int(found[1]), int(found[2]) + 1) if found else (0, size)
    return (start, stop) if start < stop <= size else (0, size)


def abort(request: Request, bucket: Bucket, key: str) -> Answer:
    """Forget an upload and its parts. Raises OssError."""
    check_may_write(request, bucket, key)
    upload_id = upload_id_of(request.parameters)
    bucket.store.multipart.abort(key, upload_id)
    return Answer(204)


def upload_id_of(query: Mapping[str, str]) -> str:
    """Return the upload id of a query. Raises OssError."""
    upload_id = query.get("uploadId", "")
    if not upload_id:
        raise no_such_upload("", "0017-00000244")
    return upload_id


def part_number(text: str) -> int:
    """Return the number of a part, in a query or in a document. Raises OssError."""
    if not text:
        message = "Unexpected query string parameter"
        raise invalid_argument(message, "0017-00000219", name="ResourceType", value="partNumber")
    if not (re.fullmatch("[0-9]{1,5}", text) and 1 <= int(text) <= MAX_PART_NUMBER):
        message = "Part number must be an integer between 1 and 10000, inclusive."
        raise invalid_argument(message, "0017-00000220", name="PartNumber", value=text)
    return int(text)
