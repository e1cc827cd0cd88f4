"""Objects on disk: each version has a content file and a JSON document.

An object exists if its document does, and the document is written last, in one step. So a kill at any moment
leaves either the whole object or none. A kill may leave a content file without a document. The next start
removes it without searching through all objects: before a content file is added or removed, a draft of its
document is written to `incoming`. One process uses the folder: a second one that starts beside it removes the
first one's unfinished uploads, but no stored object. Callers decide what an upload must satisfy.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from fastcrc import crc64

from oss_emulator.errors import file_already_exists
from oss_emulator.storage.documents import Documents, hash_name
from oss_emulator.storage.object_version import Metadata, StoredObject, delete_marker, new_version_id


class Upload:
    """An object being written, not visible until `Store.commit`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / secrets.token_hex(16)
        self._file = self.path.open("xb")
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc64 = 0
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append to the content."""
        self._file.write(chunk)
        self._md5.update(chunk)
        self._crc64 = crc64.xz(chunk, self._crc64)  # ECMA-182 reflected, all ones in and out: OSS's variant
        self.size += len(chunk)

    def discard(self) -> None:
        """Remove the content, unless it was committed."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def finish(
        self, key: str, *, now: float, headers: Mapping[str, str], acl: str, storage_class: str
    ) -> StoredObject:
        """Close the content and return the object, not stored yet. `now` is in seconds since 1970."""
        self._file.close()
        digest = self._md5.digest()
        return StoredObject(
            key=key,
            size=self.size,
            etag=digest.hex().upper(),
            crc64=str(self._crc64),
            content_md5=base64.b64encode(digest).decode(),
            last_modified=now,
            content_file=f"{hash_name(key)}.{self.path.name}",
            headers=headers,
            acl=acl,
            storage_class=storage_class,
        )


class Store:
    """The objects of one bucket in one folder, which survive a restart."""

    def __init__(self, folder: Path) -> None:
        self._objects = folder / "objects"
        self._incoming = folder / "incoming"
        versions = folder / "versions"
        self._objects.mkdir(parents=True, exist_ok=True)
        versions.mkdir(exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        self._documents = Documents(self._objects, versions, self._incoming)
        self._remove_leftovers()

    @contextmanager
    def start(self) -> Iterator[Upload]:
        """Start a new upload; at the end of this context it is removed unless it was committed."""
        upload = Upload(self._incoming)
        try:
            yield upload
        finally:
            upload.discard()

    def find(self, key: str, version_id: str = "") -> StoredObject | None:
        """Return the newest version of a key, or the version with this id; None if there is none.

        A delete marker as the newest version counts as none; with an id it is returned. The id of a version
        that was written without versioning is `null`.
        """
        if version_id:
            return self._documents.version(key, version_id)
        newest = self._documents.newest(key)
        return None if newest is None or newest.delete_marker else newest

    def newest(self, key: str) -> StoredObject | None:
        """Return the newest version of a key, which may be a delete marker."""
        return self._documents.newest(key)

    def open(self, key: str, version_id: str = "") -> tuple[StoredObject, BinaryIO] | None:
        """Return the object and its content, both from the same upload; None if one of them is missing."""
        for _ in range(2):  # if the object was overwritten between the two reads: once more
            found = self.find(key, version_id)
            if found is None or found.delete_marker:
                return None
            with suppress(FileNotFoundError):
                return found, (self._objects / found.content_file).open("rb")
        return None

    def all_objects(self) -> Iterator[StoredObject]:
        """Yield every object in no particular order, without reading all into memory."""
        return (found for found in self._documents.all_newest() if not found.delete_marker)

    def latest_objects(self, limit: int | None = None) -> Iterator[StoredObject]:
        """Yield the objects that were written last, newest first: of at most `limit` keys, of all if None."""
        return (found for found in self._documents.latest(limit) if not found.delete_marker)

    def save(self, upload: Upload, metadata: Metadata, *, now: float, versioning: str = "") -> StoredObject:
        """Finish an upload and commit it, at `now` (seconds since 1970). Raises OssError as `commit` does."""
        stored = upload.finish(
            metadata.key,
            now=now,
            headers=metadata.headers,
            acl=metadata.acl,
            storage_class=metadata.storage_class,
        )
        return self.commit(upload, stored, forbid_overwrite=metadata.forbid_overwrite, versioning=versioning)

    def commit(
        self, upload: Upload, stored: StoredObject, *, forbid_overwrite: bool, versioning: str = ""
    ) -> StoredObject:
        """Make a finished upload the newest version of its key, in one step; return it with its version id.

        `versioning` is the bucket's: empty, Enabled or Suspended. Raises OssError if the key has an object
        and `forbid_overwrite` is set, which has an effect only in an unversioned bucket (OSS: PostObject
        page). Of two such uploads that commit at the same time exactly one succeeds.
        """
        with self._documents.exclusive():
            if forbid_overwrite and not versioning and self.find(stored.key):
                raise file_already_exists()
            return self._put(stored, versioning, upload.path)

    def delete(
        self, key: str, *, now: float, version_id: str = "", versioning: str = ""
    ) -> StoredObject | None:
        """Delete one version for good, or the key; return the deleted version or the new delete marker.

        Without a version id, a bucket that is or was versioned keeps all versions and adds a delete marker,
        even for a key that it never had (OSS: DeleteObject page).
        """
        with self._documents.exclusive():
            if versioning and not version_id:
                return self._put(delete_marker(key, now=now), versioning)
            removed = self._documents.version(key, version_id) if version_id else self.newest(key)
            if removed:
                with self._removing_content(removed):
                    self._documents.remove(removed)
            return removed

    def _put(self, stored: StoredObject, versioning: str, content: Path | None = None) -> StoredObject:
        newest = self.newest(stored.key)
        order = newest.order + 1 if newest and versioning else 0
        versioned = replace(stored, version_id=new_version_id(versioning), order=order)
        draft = self._documents.write_draft(versioned)
        if content:
            content.rename(self._objects / versioned.content_file)
        with self._removing_content(self._documents.version(stored.key, versioned.version)):
            self._documents.put(versioned, draft)
        return versioned

    @contextmanager
    def _removing_content(self, version: StoredObject | None) -> Iterator[None]:
        """Remove the content of `version` after the body of this context has removed its document."""
        if version is None:
            yield
            return
        # No `finally`: after a failure the draft stays for the next start, as after a kill.
        draft = self._documents.write_draft(version)
        yield
        self._remove_content(version.content_file)
        draft.unlink()

    def _remove_leftovers(self) -> None:
        """Remove unfinished uploads and the content files that only a draft names, left by a kill."""
        with self._documents.exclusive():  # so that no draft belongs to a change that is still being made
            for leftover in self._incoming.iterdir():
                self._remove_content(self._documents.settle_draft(leftover))
                leftover.unlink(missing_ok=True)

    def _remove_content(self, name: str) -> None:
        if name:  # a delete marker has none
            (self._objects / name).unlink(missing_ok=True)
