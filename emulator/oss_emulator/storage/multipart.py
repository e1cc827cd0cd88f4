"""Multipart uploads of one bucket: begun, filled with parts, and completed or aborted, each in one step.

A completed upload is an object whose content stays in the files of its parts. Of two requests that end the
same upload one succeeds, and a part that arrives after that is refused.
Source: OSS pages on multipart uploads; EC 0042-00000002, -104, -209, -213, -214; ali-oss #413, #416 and
s3fs #1304 for words and elements; an answer of 2015 in oss2's tests for the rule of the ETag. What has no EC
here is unconfirmed.
"""

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import md5
from itertools import pairwise
from typing import Any

from oss_emulator.errors import OssError, file_already_exists, no_such_bucket
from oss_emulator.storage import crc64
from oss_emulator.storage.contents import Change, Contents, Upload
from oss_emulator.storage.index import Index
from oss_emulator.storage.object_version import MULTIPART, Metadata, StoredObject
from oss_emulator.storage.rows import SELECT, common_prefix, end_of, from_row
from oss_emulator.storage.versions import add_version, is_taken

MIN_PART_BYTES = 100 * 1024  # OSS: multipart page; of every part but the last

# EC of NoSuchUpload by operation
ABORT_OR_LIST, UPLOAD_PART, UPLOAD_PART_COPY = "0042-00000002", "0042-00000104", "0042-00000311"

REMEMBERED = ("x-oss-object-acl", "x-oss-forbid-overwrite")  # of an Initiate: no headers of the object

_UPLOAD = "SELECT key, id, initiated, headers, storage_class, tags FROM uploads WHERE bucket = ?"
_PARTS = "SELECT number, size, etag, crc64, last_modified FROM parts WHERE upload = ?"
_AFTER_ALL_IDS = "~"  # ids are hex digits


@dataclass(frozen=True)
class StoredUpload:
    """An upload that is neither completed nor aborted; `initiated` is in seconds since 1970."""

    key: str
    id: str
    initiated: float
    headers: Mapping[str, str]
    storage_class: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Part:
    """A stored part: number, size in bytes, ETag without quotes, CRC64 in decimal, time of its end."""

    number: int
    size: int
    etag: str
    crc64: str
    last_modified: float


@dataclass(frozen=True)
class Completion:
    """A request to complete an upload: the parts as number and ETag, or None for all that are there."""

    parts: Sequence[tuple[int, str]] | None
    acl: str
    forbid_overwrite: bool


class MultipartUploads:
    """The unfinished uploads of one bucket, which survive a restart."""

    def __init__(self, index: Index, contents: Contents, bucket: str) -> None:
        self._index = index
        self._contents = contents
        self._bucket = bucket

    def begin(self, metadata: Metadata, *, now: float, versioning: str) -> str:
        """Begin an upload; return its id. Raises OssError if the key is taken and may not be overwritten.

        The ACL in `metadata` is not used: OSS takes that of the Complete.
        """
        upload_id = secrets.token_hex(16).upper()
        key, headers = metadata.key.encode(), json.dumps(dict(metadata.headers))
        tags = json.dumps(dict(metadata.tags))
        row = [upload_id, self._bucket, key, now, headers, metadata.storage_class, tags]
        with self._contents.changing() as change:
            if metadata.forbid_overwrite and not versioning and is_taken(change, self._bucket, metadata.key):
                raise file_already_exists("")
            try:
                change.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError as error:  # the bucket was deleted meanwhile
                raise no_such_bucket(self._bucket) from error
        return upload_id

    def find(self, key: str, upload_id: str, ec: str) -> StoredUpload:
        """Return an unfinished upload. Raises OssError, with this EC, if there is none."""
        with self._index.reading() as connection:
            return self._find(connection, key, upload_id, ec)

    def put_part(self, key: str, upload_id: str, number: int, upload: Upload, *, now: float) -> Part:
        """Add a finished content as a part, in place of the one with its number. Raises OssError."""
        digest, checksum = upload.finish()
        part = Part(number, upload.size, digest.hex().upper(), checksum, now)
        with self._contents.changing() as change:
            change.keep(upload)
            self._find(change, key, upload_id, UPLOAD_PART)
            change.drop_part(upload_id, number)
            row = [upload_id, number, part.size, part.etag, checksum, now, upload.content_file]
            change.execute("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return part

    def parts(self, key: str, upload_id: str, *, after: int, limit: int) -> tuple[StoredUpload, list[Part]]:
        """Return an upload and its first `limit` parts with numbers above `after`. Raises OssError."""
        query = f"{_PARTS} AND number > ? ORDER BY number LIMIT ?"
        with self._index.reading() as connection:
            found = [Part(*row) for row in connection.execute(query, [upload_id, after, limit])]
            # afterwards: one that ends between the two reads has no parts, and is none
            return self._find(connection, key, upload_id, ABORT_OR_LIST), found

    def page(
        self, *, prefix: str, delimiter: str, after: tuple[str, str], limit: int
    ) -> tuple[list[StoredUpload | str], bool]:
        """Return the first `limit` uploads and common prefixes, and whether there are more.

        `after` is the key and id of the last upload of the page before; without an id, of any of that key.
        """
        key, upload_id = after
        found: list[StoredUpload | str] = []
        first = (key.encode(), upload_id or (_AFTER_ALL_IDS if key else ""))
        first = max(first, (prefix.encode(), ""))
        common: str | None = ""
        query = f"{_UPLOAD} AND (key, id) > (?, ?) AND key < ? ORDER BY key, id LIMIT ?"
        with self._index.reading() as connection:
            while common is not None and len(found) <= limit:
                common = None
                wanted = [self._bucket, *first, end_of(prefix), limit + 1 - len(found)]
                for row in connection.execute(query, wanted):
                    upload = _from_row(row)
                    common = common_prefix(upload.key, prefix, delimiter)
                    if common is not None:
                        break
                    found.append(upload)
                if common is not None:
                    first = (end_of(common), "")
                    if common != key:
                        found.append(common)
        return found[:limit], len(found) > limit

    def abort(self, key: str, upload_id: str) -> None:
        """Forget an upload and its parts. Raises OssError if there is none."""
        with self._contents.changing() as change:
            self._find(change, key, upload_id, ABORT_OR_LIST)
            change.drop_parts(upload_id)
            change.execute("DELETE FROM uploads WHERE id = ?", [upload_id])

    def complete(
        self, key: str, upload_id: str, completion: Completion, *, now: float, versioning: str
    ) -> StoredObject:
        """Make the parts an object, the newest version of the key; parts that are not listed are removed.

        Raises OssError, and then the upload and its parts stay as they are. Checks come in this order: the
        upload, the order of the parts, each part and its ETag, their sizes, the object that is there.
        """
        with self._contents.changing() as change:
            upload = self._find(change, key, upload_id, "")
            stored = {row[0]: Part(*row) for row in change.execute(_PARTS, [upload_id])}
            used = _chosen(stored, completion.parts, upload_id)
            if completion.forbid_overwrite and not versioning and is_taken(change, self._bucket, key):
                raise file_already_exists("0042-00000214")
            for number in stored.keys() - {part.number for part in used}:
                change.drop_part(upload_id, number)
            change.execute("DELETE FROM uploads WHERE id = ?", [upload_id])
            joined = _joined(upload, used, completion.acl, now)
            return add_version(change, self._bucket, joined, versioning)

    def completed(self, key: str, upload_id: str) -> StoredObject | None:
        """Return the object that an upload has become; None if it has not, or is no longer there."""
        with self._index.reading() as connection:
            query = f"{SELECT} AND key = ? AND content_file = ?"
            row = connection.execute(query, [self._bucket, key.encode(), upload_id]).fetchone()
        return None if row is None else from_row(row)

    def _find(
        self, connection: sqlite3.Connection | Change, key: str, upload_id: str, ec: str
    ) -> StoredUpload:
        named = [self._bucket, key.encode(), upload_id]
        row = connection.execute(f"{_UPLOAD} AND key = ? AND id = ?", named).fetchone()
        if row is None:
            raise no_such_upload(upload_id, ec)
        return _from_row(row)


def _from_row(row: Sequence[Any]) -> StoredUpload:
    key, upload_id, initiated, headers, storage_class, tags = row
    return StoredUpload(
        key.decode(), upload_id, initiated, json.loads(headers), storage_class, json.loads(tags)
    )


def _chosen(
    stored: Mapping[int, Part], listed: Sequence[tuple[int, str]] | None, upload_id: str
) -> list[Part]:
    """Return the parts that make the object, in their order. Raises OssError."""
    if listed is None:
        listed = [(number, f'"{part.etag}"') for number, part in sorted(stored.items())]
    numbers = [number for number, _ in listed]
    if any(one >= other for one, other in pairwise(numbers)):
        raise _invalid_part_order(numbers)
    for number, etag in listed:
        if number not in stored or etag != f'"{stored[number].etag}"':
            raise _invalid_part(number, etag, upload_id, stored)
    if not listed:
        raise _invalid_part(0, "", upload_id, stored)
    for number in numbers[:-1]:
        if stored[number].size < MIN_PART_BYTES:
            raise _part_too_small(stored[number])
    return [stored[number] for number in numbers]


def joined_etag(parts: Sequence[Part]) -> str:
    """Return the ETag of an object: the MD5 of its parts' ETags as text, and the number of parts."""
    etags = "".join(part.etag for part in parts)
    return f"{md5(etags.encode(), usedforsecurity=False).hexdigest().upper()}-{len(parts)}"


def _joined(upload: StoredUpload, parts: Sequence[Part], acl: str, now: float) -> StoredObject:
    return StoredObject(
        key=upload.key,
        size=sum(part.size for part in parts),
        etag=joined_etag(parts),
        crc64=str(reduce(lambda crc, part: crc64.combine(crc, int(part.crc64), part.size), parts, 0)),
        content_md5="",
        last_modified=now,
        content_file=upload.id,
        headers={name: value for name, value in upload.headers.items() if name not in REMEMBERED},
        acl=acl,
        storage_class=upload.storage_class,
        object_type=MULTIPART,
        tags=upload.tags,
    )


def no_such_upload(upload_id: str, ec: str) -> OssError:
    """404 for an id that is not that of an unfinished upload of this key."""
    message = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
        "aborted or completed."
    )
    return OssError(404, "NoSuchUpload", message, ec, {"UploadId": upload_id})


def _invalid_part(number: int, etag: str, upload_id: str, stored: Mapping[int, Part]) -> OssError:
    message = (
        "One or more of the specified parts could not be found or the specified entity tag might not have "
        "matched the part's entity tag."
    )
    details = {"ETag": etag, "PartNumber": str(number), "UploadId": upload_id}
    expected = f'"{stored[number].etag}"' if number in stored else "a part that was uploaded"
    error = OssError(400, "InvalidPart", message, "", details)
    return error.explained(part=str(number), expected=expected, got=etag)


def _invalid_part_order(numbers: Sequence[int]) -> OssError:
    message = (
        "The list of parts was not in ascending order. Parts list must specified in order by part number."
    )
    error = OssError(400, "InvalidPartOrder", message, "0042-00000209")
    return error.explained(expected="ascending part numbers", got=", ".join(map(str, numbers[:100])))


def _part_too_small(part: Part) -> OssError:
    message = "Your proposed upload smaller than the minimum allowed size."
    error = OssError(400, "EntityTooSmall", message, "0042-00000213")
    return error.explained(
        part=str(part.number),
        expected=f"at least {MIN_PART_BYTES} bytes of every part but the last",
        got=f"{part.size} bytes",
    )
