"""Multipart uploads: Initiate, UploadPart, Complete and Abort.

Checks come in this order: signature, arguments, upload id; of a Complete then its document, its callback, and
what `storage.multipart` checks.
Source: OSS pages of the operations; EC 0017-00000219, -220, -244, 0042-00000205, -216; go-sdk-v2's live
tests; answers of 2015 in oss2's tests for the form of XML. Unconfirmed: that the ACL of an Initiate is
ignored, and what a part number beyond 10000 in a Complete is refused with.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from oss_emulator.bucket.state import Bucket
from oss_emulator.content_md5 import read_document
from oss_emulator.errors import OssError, invalid_argument, not_emulated, xml_text
from oss_emulator.http_messages import Answer, ConnectionLost, Request
from oss_emulator.objects.access import check_may_write
from oss_emulator.objects.key_encoding import KeyEncoding, key_encoding
from oss_emulator.objects.metadata import ACL, ENCRYPTION, checked_metadata
from oss_emulator.objects.request_callback import requested_callback, stored_headers
from oss_emulator.objects.writing import receive
from oss_emulator.storage.multipart import UPLOAD_PART, Completion
from oss_emulator.storage.object_version import Metadata, StoredObject
from oss_emulator.xml_documents import children, document, element, malformed_xml, read_xml, texts

MAX_PART_NUMBER = 10_000
MAX_COMPLETE_BYTES = 2 * 1024**2  # ours: 10,000 parts take less than 1 MB
COMPLETE_ALL = "x-oss-complete-all"

_MALFORMED = "0042-00000205"
_FORBID_OVERWRITE = "x-oss-forbid-overwrite"
_QUOTED = re.compile('"?([^"]*)"?')


def initiate(request: Request, bucket: Bucket, key: str) -> Answer:
    """Begin an upload, whose object gets the metadata of this request. Raises OssError."""
    check_may_write(request, bucket, key)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if "sequential" in query:
        raise not_emulated("sequential multipart uploads")
    if "x-oss-tagging" in request.headers:
        raise not_emulated("x-oss-tagging with InitiateMultipartUpload")
    fields = {name: value for name, value in request.headers.items() if name != ACL}
    metadata = checked_metadata(key, fields, fields.get("content-type"), public_acls=True)
    encoding = key_encoding(query)
    upload_id = bucket.store.multipart.begin(metadata, now=bucket.now(), versioning=bucket.versioning)
    root = element(
        "InitiateMultipartUploadResult",
        *encoding.elements,
        element("Bucket", bucket.settings.bucket),
        element("Key", encoding.encode(key)),
        element("UploadId", upload_id),
    )
    return Answer(200, {"Content-Type": "application/xml"}, document(root))


def upload_part(request: Request, bucket: Bucket, key: str) -> Answer:
    """Store the body as one part of an upload. Raises OssError; the body may then be partly unread."""
    check_may_write(request, bucket, key)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    number = _part_number(query.get("partNumber", ""))
    if ENCRYPTION in request.headers:
        raise invalid_argument(f"{ENCRYPTION} is not for parts.", name=ENCRYPTION)
    upload_id = upload_id_of(query)
    bucket.store.multipart.find(key, upload_id, UPLOAD_PART)
    with bucket.store.start() as upload:
        receive(request, upload)
        part = bucket.store.multipart.put_part(key, upload_id, number, upload, now=bucket.now())
    headers = {
        "ETag": f'"{part.etag}"',
        "Content-MD5": base64.b64encode(bytes.fromhex(part.etag)).decode(),
        "x-oss-hash-crc64ecma": part.crc64,
    }
    return Answer(200, headers)


def abort(request: Request, bucket: Bucket, key: str) -> Answer:
    """Forget an upload and its parts. Raises OssError."""
    check_may_write(request, bucket, key)
    upload_id = upload_id_of(dict(parse_qsl(request.query, keep_blank_values=True)))
    bucket.store.multipart.abort(key, upload_id)
    return Answer(204)


def complete(request: Request, bucket: Bucket, key: str, request_id: str) -> Answer:
    """Make an object of the parts of an upload. Raises OssError; the upload then stays."""
    check_may_write(request, bucket, key)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    upload_id, encoding = upload_id_of(query), key_encoding(query)
    metadata = _metadata(request, bucket, key)
    bucket.store.multipart.find(key, upload_id, "")
    completion = Completion(_parts(request, bucket), metadata.acl, metadata.forbid_overwrite)
    callback = requested_callback(request, bucket)
    stored = bucket.store.multipart.complete(
        key, upload_id, completion, now=bucket.now(), versioning=bucket.versioning
    )
    answer = _completed(request, bucket, stored, encoding)
    if callback:
        operation = "CompleteMultipartUpload"
        answer = callback.answer(request, request_id, stored, bucket, operation=operation)
    if bucket.faults.strike("answer_lost"):
        raise ConnectionLost
    return answer


def upload_id_of(query: Mapping[str, str]) -> str:
    """Return the upload id of a query. Raises OssError."""
    upload_id = query.get("uploadId", "")
    if not upload_id:
        message = "The specified upload does not exist. The upload ID may be invalid."
        raise OssError(404, "NoSuchUpload", message, "0017-00000244", {"UploadId": ""})
    return upload_id


def _part_number(text: str) -> int:
    if not text:
        message = "Unexpected query string parameter"
        raise invalid_argument(message, "0017-00000219", name="ResourceType", value="partNumber")
    if not (re.fullmatch("[0-9]{1,5}", text) and 1 <= int(text) <= MAX_PART_NUMBER):
        message = "Part number must be an integer between 1 and 10000, inclusive."
        raise invalid_argument(message, "0017-00000220", name="PartNumber", value=text)
    return int(text)


def _metadata(request: Request, bucket: Bucket, key: str) -> Metadata:
    """Return ACL and forbid-overwrite of a Complete; the rest is from the Initiate."""
    fields = {name: request.headers[name] for name in (ACL, _FORBID_OVERWRITE) if name in request.headers}
    return checked_metadata(key, fields, None, public_acls=not bucket.settings.block_public_access)


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
        found.append((_part_number(number[0]), quoted))
    return found


def _completed(request: Request, bucket: Bucket, stored: StoredObject, encoding: KeyEncoding) -> Answer:
    root = element(
        "CompleteMultipartUploadResult",
        *encoding.elements,
        element("Location", xml_text(f"http://{request.headers.get('host', '')}{request.path}")),
        element("Bucket", bucket.settings.bucket),
        element("Key", encoding.encode(stored.key)),
        element("ETag", f'"{stored.etag}"'),
    )
    return Answer(200, {**stored_headers(stored), "Content-Type": "application/xml"}, document(root))
