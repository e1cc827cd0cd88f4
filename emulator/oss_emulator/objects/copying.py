"""CopyObject within one bucket: a PUT that names its source in x-oss-copy-source.

The metadata is the source's (COPY, the default) or the request's (REPLACE), and so are the tags, by a
directive of their own. ACL, storage class and encryption are the request's; that storage class and ACL are
not the source's is inferred.
Source: OSS CopyObject page; EC 0012-00000202, -203, 0016-00000304, -305; oss2 for the header ETag. Copies
from another bucket and conditions on the source are not emulated and refused.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO
from urllib.parse import parse_qsl, unquote

from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import OssError, invalid_argument, not_emulated
from oss_emulator.http_messages import CHUNK_BYTES, Answer, Request
from oss_emulator.objects.access import check_signed, requested_version_id
from oss_emulator.objects.metadata import ACL, ENCRYPTION_FIELDS, checked_metadata
from oss_emulator.objects.reading import check_not_archived, no_such_object
from oss_emulator.objects.tags import header_tags
from oss_emulator.storage.object_version import Metadata, StoredObject
from oss_emulator.xml_documents import document, element

COPY_SOURCE = "x-oss-copy-source"
DIRECTIVE = "x-oss-metadata-directive"
TAGGING_DIRECTIVE = "x-oss-tagging-directive"

_NEVER_COPIED = (ACL, "x-oss-storage-class", "x-oss-forbid-overwrite", *ENCRYPTION_FIELDS)
_NOT_EMULATED = (f"{COPY_SOURCE}-if-",)


def copy_object(request: Request, bucket: Bucket, key: str) -> Answer:
    """Store a copy of an object of this bucket as `key`. Raises OssError."""
    check_signed(request, bucket, key)
    original, content = open_source(request, bucket)
    with content, bucket.store.start() as upload:
        metadata = _metadata(request, original, key, public_acls=not bucket.settings.block_public_access)
        metadata = replace(metadata, tags=_tags(request.headers, original))
        while chunk := content.read(CHUNK_BYTES):
            upload.write(chunk)
        copy = bucket.store.save(upload, metadata, now=bucket.now(), versioning=bucket.versioning)
    return _answer(copy, original, versioned=bool(bucket.versioning))


def open_source(request: Request, bucket: Bucket) -> tuple[StoredObject, BinaryIO]:
    """Return the object that x-oss-copy-source names, and its content. Raises OssError."""
    for name in request.headers:
        if name.startswith(_NOT_EMULATED):
            raise not_emulated(f"{name} with a copy")
    source, version_id = _source(request.headers[COPY_SOURCE], bucket.settings.bucket)
    opened = bucket.store.open(source, version_id)
    if opened is None:
        raise no_such_object(bucket, source, version_id)
    try:
        check_not_archived(opened[0])
    except OssError:
        opened[1].close()
        raise
    return opened


def _source(header: str, bucket: str) -> tuple[str, str]:
    """Return the key and the version id (empty for the newest) that x-oss-copy-source names."""
    path, _, query = header.partition("?")
    named, _, key = path.removeprefix("/").partition("/")
    if not path.startswith("/") or not named or not key:
        raise _wrong_source(header, "")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    if parameters.keys() - {"versionId"}:
        raise _wrong_source(header, "0016-00000304")
    if parameters.get("versionId") == "":
        raise _wrong_source(header, "0016-00000305")
    if named != bucket:
        raise not_emulated("a copy from another bucket")
    return unquote(key), requested_version_id(parameters)


def _metadata(request: Request, original: StoredObject, key: str, *, public_acls: bool) -> Metadata:
    headers, directive = request.headers, request.headers.get(DIRECTIVE, "COPY")
    if directive not in {"COPY", "REPLACE"}:
        error = invalid_argument(f"The value of {DIRECTIVE} is invalid.", name=DIRECTIVE, value=directive)
        raise error.explained(field=DIRECTIVE, expected="COPY, REPLACE", got=directive)
    if directive == "REPLACE":
        return checked_metadata(key, headers, headers.get("content-type"), public_acls=public_acls)
    kept = {name.lower(): value for name, value in original.headers.items() if name not in _NEVER_COPIED}
    own = {name: headers[name] for name in _NEVER_COPIED if name in headers}
    return checked_metadata(key, {**kept, **own}, kept["content-type"], public_acls=public_acls)


def _tags(headers: Mapping[str, str], original: StoredObject) -> Mapping[str, str]:
    """Return the source's tags or the request's; the SDKs write the directive in capital letters."""
    directive, tags = headers.get(TAGGING_DIRECTIVE, "Copy"), header_tags(headers)
    if directive.lower() not in {"copy", "replace"}:
        message = f"The value of {TAGGING_DIRECTIVE} is invalid."
        error = invalid_argument(message, name=TAGGING_DIRECTIVE, value=directive)
        raise error.explained(field=TAGGING_DIRECTIVE, expected="Copy, Replace", got=directive)
    return tags if directive.lower() == "replace" else original.tags


def _answer(copy: StoredObject, original: StoredObject, *, versioned: bool) -> Answer:
    changed = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(copy.last_modified))
    root = element("CopyObjectResult", element("ETag", f'"{copy.etag}"'), element("LastModified", changed))
    versions = {"x-oss-version-id": copy.version, f"{COPY_SOURCE}-version-id": original.version}
    headers = {
        "Content-Type": "application/xml",
        "ETag": f'"{copy.etag}"',
        "x-oss-hash-crc64ecma": copy.crc64,
    }
    return Answer(200, {**headers, **(versions if versioned else {})}, document(root))


def _wrong_source(header: str, ec: str) -> OssError:
    """400 for an x-oss-copy-source of another form (Code and words are unconfirmed)."""
    error = invalid_argument(f"The value of {COPY_SOURCE} is invalid.", ec, name=COPY_SOURCE, value=header)
    return error.explained(field=COPY_SOURCE, expected="/BUCKET/KEY or /BUCKET/KEY?versionId=ID", got=header)
