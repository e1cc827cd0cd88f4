"""GetObject, HeadObject and GetObjectMeta: the version that is read, and headers that replace the object's.

Source: OSS GetObject page (versions, delete markers, archive, response headers); EC 0012-00000203 (that it
also applies to GetObject is inferred), 0016-00000404, 0017-00000902, 0026-00000001.
"""

from collections.abc import Mapping

from oss_emulator.auth.request_signature import is_signed
from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import OssError, bucket_acl_denied, invalid_argument, no_such_key, not_emulated
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import (
    check_acl_allows_read,
    check_anonymous_read,
    check_signed,
    requested_version_id,
)
from oss_emulator.objects.answers import meta_answer, object_answer
from oss_emulator.storage.object_version import StoredObject

ARCHIVED_CLASSES = ("Archive", "ColdArchive", "DeepColdArchive")

_RESPONSE_HEADERS = {
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
    "response-content-type": "Content-Type",
    "response-expires": "Expires",
}


def read_object(request: Request, bucket: Bucket, key: str, *, signed_key: str) -> Answer:
    """Answer GET or HEAD of an object, if the request may read it. Raises OssError.

    `signed_key` is the key in the request's path, which a signature covers: a website shows another one.
    """
    query = request.parameters
    signed = is_signed(request)
    if signed:
        check_signed(request, bucket, signed_key)
    version_id = requested_version_id(query)
    if not signed:
        check_anonymous_read(bucket, key, version_id)
    overrides = _overrides(query, signed=signed) if query and request.method == "GET" else {}
    meta_only = "objectMeta" in query
    if meta_only and request.method != "HEAD":
        raise not_emulated("GET of ?objectMeta")
    opened = None if bucket.faults.strike("object_missing") else bucket.store.open(key, version_id)
    if opened is None:
        raise _not_found(request, bucket, key, version_id)
    stored, content = opened
    try:
        if not signed:  # perhaps another object than a moment ago
            check_acl_allows_read(bucket, stored.acl)
        if request.method == "GET":
            check_not_archived(stored)
        versions = version_headers(bucket, stored)
        if meta_only:
            content.close()
            return meta_answer(stored, versions)
        described = {**versions, **_tag_headers(request, stored)}
        return object_answer(request, stored, content, description=described, overrides=overrides)
    except OssError:
        content.close()
        raise


def _tag_headers(request: Request, stored: StoredObject) -> dict[str, str]:
    """Return the number of tags, for who may read them (OSS: GetObject page)."""
    return {"x-oss-tagging-count": str(len(stored.tags))} if stored.tags and is_signed(request) else {}


def _overrides(query: Mapping[str, str], *, signed: bool) -> dict[str, str]:
    wanted = {header: query[name] for name, header in _RESPONSE_HEADERS.items() if query.get(name)}
    if wanted and not signed:
        raise OssError(400, "InvalidRequest", "Can not override response header for an anonymous user")
    if "Content-Type" in wanted:
        message = "Can not override response header on content-type"
        raise OssError(400, "InvalidRequest", message, "0017-00000902")
    for name, header in _RESPONSE_HEADERS.items():
        if not wanted.get(header, "").isprintable():
            raise invalid_argument("A response header holds control characters.", name=name)
    return wanted


def _not_found(request: Request, bucket: Bucket, key: str, version_id: str) -> OssError:
    marker = bucket.store.find(key, version_id) if version_id else bucket.store.newest(key)
    if marker and marker.delete_marker:
        error = _is_delete_marker(request.method) if version_id else no_such_key(key)
        allow = {"Allow": "DELETE"} if version_id else {}
        error.headers = {"x-oss-delete-marker": "true", "x-oss-version-id": marker.version, **allow}
        return error
    if version_id:
        return no_such_version(key, version_id)
    if request.method == "HEAD" and bucket.settings.switches["head_missing_key"] == "403":
        return bucket_acl_denied().explained(switch="head_missing_key=403", expected=key, got="no object")
    return no_such_key(key)


def version_headers(bucket: Bucket, stored: StoredObject) -> dict[str, str]:
    """Return the header that names the version of an answer; none if the bucket was never versioned."""
    return {"x-oss-version-id": stored.version} if bucket.versioning else {}


def described_object(bucket: Bucket, key: str, version_id: str) -> StoredObject:
    """Return the version of an object that a request asks about. Raises OssError; a delete marker is none."""
    found = bucket.store.find(key, version_id)
    if found is None or found.delete_marker:
        raise no_such_object(bucket, key, version_id)
    return found


def no_such_object(bucket: Bucket, key: str, version_id: str) -> OssError:
    """404 for an object that is not read itself; a delete marker is none, even if it is named.

    Source: CopyObject, GetObjectACL and GetObjectTagging pages.
    """
    if version_id and not bucket.store.find(key, version_id):
        return no_such_version(key, version_id)
    return no_such_key(key)


def no_such_version(key: str, version_id: str) -> OssError:
    """404 for a version that does not exist (EC 0012-00000203; its words are unconfirmed)."""
    details = {"Key": key, "VersionId": version_id}
    return OssError(404, "NoSuchVersion", "The specified version does not exist.", "0012-00000203", details)


def _is_delete_marker(method: str) -> OssError:
    message = "The specified method is not allowed against this resource."
    details = {"Method": method, "ResourceType": "DeleteMarker"}
    return OssError(405, "MethodNotAllowed", message, "", details)


def check_not_archived(stored: StoredObject) -> None:
    """Refuse archived objects: none can be restored here, and new buckets have no real-time access."""
    if stored.storage_class in ARCHIVED_CLASSES:
        message = "The operation is not valid for the object's state"
        raise OssError(403, "InvalidObjectState", message, "0016-00000404", {"ObjectName": stored.key})
