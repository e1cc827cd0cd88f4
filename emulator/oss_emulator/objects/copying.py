"""CopyObject from any bucket of the emulator: a PUT that names its source in x-oss-copy-source.

The metadata is the source's (COPY, the default) or the request's (REPLACE), and so are the tags, by a
directive of their own. ACL, storage class and encryption are the request's; that storage class and ACL are
not the source's is inferred.
Source: OSS CopyObject page; EC 0012-00000202, -203, 0016-00000304, -305; oss2 for the header ETag. Conditions
on the source have the words and the precedence of those on a read; a date in another form than HTTP's is
ignored, as there. That a 304 has the source's ETag is inferred.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO
from urllib.parse import parse_qsl, unquote

from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import OssError, invalid_argument
from oss_emulator.http_messages import CHUNK_BYTES, Answer, Request
from oss_emulator.objects.access import check_signed, requested_version_id
from oss_emulator.objects.conditions import check_preconditions, is_not_modified
from oss_emulator.objects.metadata import ACL, ENCRYPTION_FIELDS, checked_metadata
from oss_emulator.objects.reading import check_not_archived, no_such_object, version_headers
from oss_emulator.objects.tags import header_tags
from oss_emulator.storage.object_version import Metadata, StoredObject
from oss_emulator.xml_documents import document, element

COPY_SOURCE = "x-oss-copy-source"
DIRECTIVE = "x-oss-metadata-directive"
TAGGING_DIRECTIVE = "x-oss-tagging-directive"

_NEVER_COPIED = (ACL, "x-oss-storage-class", "x-oss-forbid-overwrite", *ENCRYPTION_FIELDS)


@dataclass(frozen=True)
class Source:
    """An object to be copied, the bucket that has it, and its content, which the copier closes."""

    bucket: Bucket
    stored: StoredObject
    content: BinaryIO


def copy_object(request: Request, bucket: Bucket, key: str) -> Answer:
    """Store a copy of an object as `key`, or answer 304. Raises OssError."""
    check_signed(request, bucket, key)
    source = open_source(request, bucket)
    if isinstance(source, Answer):
        return source
    original = source.stored
    with source.content as content, bucket.store.start() as upload:
        metadata = _metadata(request, original, key, public_acls=not bucket.settings.block_public_access)
        metadata = replace(metadata, tags=_tags(request.headers, original))
        while chunk := content.read(CHUNK_BYTES):
            upload.write(chunk)
        copy = bucket.store.save(upload, metadata, now=bucket.now(), versioning=bucket.versioning)
    return _answer(copy, {**version_headers(bucket, copy), **_source_version(source)})


def open_source(request: Request, bucket: Bucket) -> Source | Answer:
    """Return the object that x-oss-copy-source names, or the 304 of a condition on it. Raises OssError."""
    name, key, version_id = _named_source(request.headers[COPY_SOURCE])
    owner = bucket.named(name)
    owner.buckets.get(name)
    opened = owner.store.open(key, version_id)
    if opened is None:
        raise no_such_object(owner, key, version_id)
    stored, content = opened
    conditions = _conditions(request.headers)
    try:
        check_not_archived(stored)
        check_preconditions(conditions, stored)
    except OssError:
        content.close()
        raise
    if is_not_modified(conditions, stored):
        content.close()
        return Answer(304, {"ETag": f'"{stored.etag}"'})
    return Source(owner, stored, content)


def _conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the conditions on the source under the names of those on a read."""
    before = f"{COPY_SOURCE}-"
    return {name.removeprefix(before): value for name, value in headers.items() if name.startswith(before)}


def _named_source(header: str) -> tuple[str, str, str]:
    """Return bucket, key and version id (empty for the newest) that x-oss-copy-source names."""
    path, _, query = header.partition("?")
    named, _, key = path.removeprefix("/").partition("/")
    if not path.startswith("/") or not named or not key:
        raise _wrong_source(header, "")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    if parameters.keys() - {"versionId"}:
        raise _wrong_source(header, "0016-00000304")
    if parameters.get("versionId") == "":
        raise _wrong_source(header, "0016-00000305")
    return named, unquote(key), requested_version_id(parameters)


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


def _source_version(source: Source) -> dict[str, str]:
    versions = version_headers(source.bucket, source.stored)
    return {f"{COPY_SOURCE}-version-id": version for version in versions.values()}


def _answer(copy: StoredObject, versions: Mapping[str, str]) -> Answer:
    changed = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(copy.last_modified))
    root = element("CopyObjectResult", element("ETag", f'"{copy.etag}"'), element("LastModified", changed))
    headers = {
        "Content-Type": "application/xml",
        "ETag": f'"{copy.etag}"',
        "x-oss-hash-crc64ecma": copy.crc64,
    }
    return Answer(200, {**headers, **versions}, document(root))


def _wrong_source(header: str, ec: str) -> OssError:
    """400 for an x-oss-copy-source of another form (Code and words are unconfirmed)."""
    error = invalid_argument(f"The value of {COPY_SOURCE} is invalid.", ec, name=COPY_SOURCE, value=header)
    return error.explained(field=COPY_SOURCE, expected="/BUCKET/KEY or /BUCKET/KEY?versionId=ID", got=header)
