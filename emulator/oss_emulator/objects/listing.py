"""ListObjects and ListObjectsV2: the keys of a bucket in the order of their bytes, in pages.

Source: OSS ListObjects (GetBucket) and ListObjectsV2 pages. A continuation token is opaque there; here it is
the last name of the page before, in hex. The messages for wrong parameters are unconfirmed.
"""

import time
from collections.abc import Callable, Mapping

from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import invalid_argument, xml_text
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import check_may_list
from oss_emulator.objects.key_encoding import key_encoding, page_size
from oss_emulator.settings import ACCOUNT_ID
from oss_emulator.storage.object_version import StoredObject
from oss_emulator.storage.rows import Page
from oss_emulator.xml_documents import document, element

DEFAULT_KEYS = 100


def list_objects(request: Request, bucket: Bucket) -> Answer:
    """Answer GET of the bucket. Raises OssError."""
    check_may_list(request, bucket)
    query = request.parameters
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    is_v2 = query.get("list-type", "1") == "2"
    after = (_token_name(query) or query.get("start-after", "")) if is_v2 else query.get("marker", "")
    limit = page_size(query, "max-keys", DEFAULT_KEYS)
    page = bucket.store.page(prefix=prefix, delimiter=delimiter, after=after, limit=limit)
    encoding = key_encoding(query)
    encode = encoding.encode
    parts = [
        element("Name", bucket.settings.bucket),
        element("Prefix", encode(prefix)),
        *([] if is_v2 else [element("Marker", encode(after))]),
        element("MaxKeys", str(limit)),
        element("Delimiter", encode(delimiter)),
        *encoding.elements,
        *(_v2_elements(query, page, encode) if is_v2 else []),
        element("IsTruncated", "true" if page.next_name else "false"),
        *([element("NextMarker", encode(page.next_name))] if page.next_name and not is_v2 else []),
        *_entry_elements(page, encode, owner=not is_v2 or query.get("fetch-owner") == "true"),
    ]
    return Answer(200, {"Content-Type": "application/xml"}, document(element("ListBucketResult", *parts)))


def _v2_elements(query: Mapping[str, str], page: Page, encode: Callable[[str], str]) -> list[str]:
    parts = [element("KeyCount", str(len(page.entries)))]
    if "start-after" in query:
        parts.append(element("StartAfter", encode(query["start-after"])))
    if "continuation-token" in query:
        parts.append(element("ContinuationToken", xml_text(query["continuation-token"])))
    if page.next_name:
        parts.append(element("NextContinuationToken", page.next_name.encode().hex()))
    return parts


def _token_name(query: Mapping[str, str]) -> str:
    token = query.get("continuation-token", "")
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        message = "The continuation token provided is incorrect."
        raise invalid_argument(message, name="continuation-token", value=token) from None


def _entry_elements(page: Page, encode: Callable[[str], str], *, owner: bool) -> list[str]:
    contents = [_contents_element(stored, encode, owner=owner) for stored in page.entries.values() if stored]
    prefixes = [name for name, stored in page.entries.items() if stored is None]
    return [*contents, *(element("CommonPrefixes", element("Prefix", encode(name))) for name in prefixes)]


def _contents_element(stored: StoredObject, encode: Callable[[str], str], *, owner: bool) -> str:
    changed = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(stored.last_modified))
    whose = element("Owner", element("ID", ACCOUNT_ID), element("DisplayName", ACCOUNT_ID))
    return element(
        "Contents",
        element("Key", encode(stored.key)),
        element("LastModified", changed),
        element("ETag", f'"{stored.etag}"'),
        element("Type", stored.object_type),
        element("Size", str(stored.size)),
        element("StorageClass", stored.storage_class),
        *([whose] if owner else []),
    )
