"""ListParts and ListMultipartUploads, in pages.

Source: OSS pages of both; go-sdk-v2's live tests for the markers of a last page; ali-oss's for their order.
That nobody lists anonymously, and the messages for wrong parameters, are unconfirmed.
"""

import re
import time

from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import invalid_argument
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import check_signed
from oss_emulator.objects.key_encoding import MAX_KEYS, KeyEncoding, key_encoding, page_size
from oss_emulator.objects.multipart import upload_id_of
from oss_emulator.objects.multipart_faults import disturb_list
from oss_emulator.storage.multipart import Part, StoredUpload
from oss_emulator.xml_documents import document, element


def list_parts(request: Request, bucket: Bucket, key: str) -> Answer:
    """Answer with the parts of an upload, by number. Raises OssError."""
    check_signed(request, bucket, key)
    query = request.parameters
    upload_id, encoding = upload_id_of(query), key_encoding(query)
    after, limit = (
        _part_marker(query.get("part-number-marker") or "0"),
        page_size(query, "max-parts", MAX_KEYS, limited=_is_limited(bucket)),
    )
    disturb_list(bucket, key, upload_id)
    upload, found = bucket.store.multipart.parts(key, upload_id, after=after, limit=limit + 1)
    shown = found[:limit]
    root = element(
        "ListPartsResult",
        *encoding.elements,
        element("Bucket", bucket.settings.bucket),
        element("Key", encoding.encode(key)),
        element("UploadId", upload_id),
        element("StorageClass", upload.storage_class),
        element("PartNumberMarker", str(after)),
        element("NextPartNumberMarker", str(shown[-1].number if shown else 0)),
        element("MaxParts", str(limit)),
        element("IsTruncated", _bool(len(found) > limit)),
        *map(_part_element, shown),
    )
    return Answer(200, {"Content-Type": "application/xml"}, document(root))


def list_uploads(request: Request, bucket: Bucket) -> Answer:
    """Answer with the unfinished uploads of a bucket, by key and id. Raises OssError."""
    check_signed(request, bucket)
    query = request.parameters
    encoding = key_encoding(query)
    limit = page_size(query, "max-uploads", MAX_KEYS, limited=_is_limited(bucket))
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    key_marker = query.get("key-marker", "")
    id_marker = query.get("upload-id-marker", "") if key_marker else ""  # OSS: counts only with a key
    found, more = bucket.store.multipart.page(
        prefix=prefix, delimiter=delimiter, after=(key_marker, id_marker), limit=limit
    )
    last = found[-1] if found else ""
    next_markers = (last, "") if isinstance(last, str) else (last.key, last.id)
    root = element(
        "ListMultipartUploadsResult",
        *encoding.elements,
        element("Bucket", bucket.settings.bucket),
        element("KeyMarker", encoding.encode(key_marker)),
        element("UploadIdMarker", encoding.encode(id_marker)),
        element("NextKeyMarker", encoding.encode(next_markers[0])),
        element("NextUploadIdMarker", next_markers[1]),
        element("Delimiter", encoding.encode(delimiter)),
        element("Prefix", encoding.encode(prefix)),
        element("MaxUploads", str(limit)),
        element("IsTruncated", _bool(more)),
        *(_upload_element(one, encoding) for one in found if isinstance(one, StoredUpload)),
        *(_prefix_element(one, encoding) for one in found if isinstance(one, str)),
    )
    return Answer(200, {"Content-Type": "application/xml"}, document(root))


def _is_limited(bucket: Bucket) -> bool:
    return bucket.settings.switches["part_page_size"] == "limit"


def _part_marker(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text):
        message = "Argument part-number-marker must be an integer."
        raise invalid_argument(message, name="part-number-marker", value=text)
    return int(text)


def _part_element(part: Part) -> str:
    return element(
        "Part",
        element("PartNumber", str(part.number)),
        element("LastModified", _time(part.last_modified)),
        element("ETag", f'"{part.etag}"'),
        element("HashCrc64ecma", part.crc64),
        element("Size", str(part.size)),
    )


def _upload_element(upload: StoredUpload, encoding: KeyEncoding) -> str:
    return element(
        "Upload",
        element("Key", encoding.encode(upload.key)),
        element("UploadId", upload.id),
        element("Initiated", _time(upload.initiated)),
    )


def _prefix_element(prefix: str, encoding: KeyEncoding) -> str:
    return element("CommonPrefixes", element("Prefix", encoding.encode(prefix)))


def _bool(value: bool) -> str:  # noqa: FBT001 - the value itself
    return "true" if value else "false"


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))
