"""ListObjectVersions: all versions and delete markers of a bucket, in pages. Only signed requests list them.

Source: OSS ListObjectVersions (GetBucketVersions) page, also for the order of elements; EC 0012-00000105,
-106; java-sdk's live tests; an answer of 2018 (an Elixir SDK's documentation): a version from before
versioning has the id `null`. The words of the refusals, and that a page which ends with a common prefix has
an empty NextVersionIdMarker, are unconfirmed.
"""

import time
from collections.abc import Mapping

from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import invalid_argument
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import VERSION_ID, check_may_list
from oss_emulator.objects.key_encoding import KeyEncoding, key_encoding, page_size
from oss_emulator.objects.listing import DEFAULT_KEYS
from oss_emulator.settings import ACCOUNT_ID
from oss_emulator.storage.object_version import StoredObject
from oss_emulator.storage.version_page import ListedVersion
from oss_emulator.xml_documents import document, element

_OWNER = element("Owner", element("ID", ACCOUNT_ID), element("DisplayName", ACCOUNT_ID))


def list_versions(request: Request, bucket: Bucket) -> Answer:
    """Answer GET of ?versions. Raises OssError."""
    check_may_list(request, bucket)
    query = request.parameters
    prefix, delimiter, after = query.get("prefix", ""), query.get("delimiter", ""), _markers(query)
    limit, encoding = page_size(query, "max-keys", DEFAULT_KEYS), key_encoding(query)
    page = bucket.store.versions(prefix=prefix, delimiter=delimiter, after=after, limit=limit)
    root = element(
        "ListVersionsResult",
        element("Name", bucket.settings.bucket),
        element("Prefix", encoding.encode(prefix)),
        element("KeyMarker", encoding.encode(after[0])),
        element("VersionIdMarker", after[1]),
        element("MaxKeys", str(limit)),
        element("Delimiter", encoding.encode(delimiter)),
        *encoding.elements,
        element("IsTruncated", str(page.truncated).lower()),
        *(_next_markers(page.entries[-1], encoding) if page.truncated else []),
        *(_version_element(entry, encoding) for entry in page.entries if isinstance(entry, ListedVersion)),
        *(
            element("CommonPrefixes", element("Prefix", encoding.encode(entry)))
            for entry in page.entries
            if isinstance(entry, str)
        ),
    )
    return Answer(200, {"Content-Type": "application/xml"}, document(root))


def _markers(query: Mapping[str, str]) -> tuple[str, str]:
    """Return the key and the version id after which the page begins. Raises OssError."""
    key, version_id = query.get("key-marker", ""), query.get("version-id-marker", "")
    if version_id and not VERSION_ID.fullmatch(version_id):
        message = "Invalid version id specified"
        raise invalid_argument(message, "0012-00000105", name="version-id-marker", value=version_id)
    if version_id and not key:
        message = "A version-id marker cannot be specified without a key marker."
        raise invalid_argument(message, "0012-00000106", name="version-id-marker", value=version_id)
    return key, version_id


def _next_markers(last: ListedVersion | str, encoding: KeyEncoding) -> list[str]:
    key, version = (last, "") if isinstance(last, str) else (last.stored.key, last.stored.version)
    return [element("NextKeyMarker", encoding.encode(key)), element("NextVersionIdMarker", version)]


def _version_element(entry: ListedVersion, encoding: KeyEncoding) -> str:
    stored = entry.stored
    changed = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(stored.last_modified))
    return element(
        "DeleteMarker" if stored.delete_marker else "Version",
        element("Key", encoding.encode(stored.key)),
        element("VersionId", stored.version),
        element("IsLatest", str(entry.latest).lower()),
        element("LastModified", changed),
        *([] if stored.delete_marker else _content_elements(stored)),
        _OWNER,
    )


def _content_elements(stored: StoredObject) -> list[str]:
    return [
        element("ETag", f'"{stored.etag}"'),
        element("Type", stored.object_type),
        element("Size", str(stored.size)),
        element("StorageClass", stored.storage_class),
    ]
