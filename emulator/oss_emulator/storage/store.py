"""Objects on disk: a content file and a JSON document for each version, and no half object, ever.

The document is what makes an object exist, and it comes last, in one step: a kill at any moment leaves either
the whole object or none. Content that a kill leaves without a document is gone after the next start: before
it comes or goes, a draft in `incoming` says so, and no start has to look through the objects. One process has
the folder: another that starts beside it takes its unfinished uploads away, but nothing that is stored.
What an upload must satisfy is decided by callers.
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
from oss_emulator.storage.documents import Documents, hashed
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
        """Leave nothing of the content that was not committed."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def finish(
        self, key: str, *, now: float, headers: Mapping[str, str], acl: str, storage_class: str
    ) -> StoredObject:
        """End the content; the object still does not exist. `now` is in seconds since 1970."""
        self._file.close()
        digest = self._md5.digest()
        return StoredObject(
            key=key,
            size=self.size,
            etag=digest.hex().upper(),
            crc64=str(self._crc64),
            content_md5=base64.b64encode(digest).decode(),
            last_modified=now,
            content_file=f"{hashed(key)}.{self.path.name}",
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
        self._sweep()

    @contextmanager
    def start(self) -> Iterator[Upload]:
        """Start a new upload; what is not committed inside this context is gone after it."""
        upload = Upload(self._incoming)
        try:
            yield upload
        finally:
            upload.discard()

    def find(self, key: str, version_id: str = "") -> StoredObject | None:
        """Return the object with this key: its newest version unless that is a delete marker, or a given one.

        `null` is the id of what was written without versioning. A given version may be a delete marker.
        """
        if version_id:
            return self._documents.version(key, version_id)
        newest = self._documents.newest(key)
        return None if newest is None or newest.delete_marker else newest

    def newest(self, key: str) -> StoredObject | None:
        """Return the newest version of a key, which may be a delete marker."""
        return self._documents.newest(key)

    def open(self, key: str, version_id: str = "") -> tuple[StoredObject, BinaryIO] | None:
        """Return the object and its content, both of the same upload; None if either is not there."""
        for _ in range(2):  # overwritten between the two reads: look again; twice is a file gone for good
            found = self.find(key, version_id)
            if found is None or found.delete_marker:
                return None
            with suppress(FileNotFoundError):
                return found, (self._objects / found.content_file).open("rb")
        return None

    def each(self) -> Iterator[StoredObject]:
        """Yield every object in no order, one at a time in memory."""
        return (found for found in self._documents.each() if not found.delete_marker)

    def objects(self, limit: int | None = None) -> Iterator[StoredObject]:
        """Yield the objects written last, newest first: of at most `limit` keys, all if None."""
        return (found for found in self._documents.newest_first(limit) if not found.delete_marker)

    def keep(self, upload: Upload, wanted: Metadata, *, now: float, versioning: str = "") -> StoredObject:
        """End an upload and make it an object, at `now` (seconds since 1970). Raises what `commit` raises."""
        stored = upload.finish(
            wanted.key,
            now=now,
            headers=wanted.headers,
            acl=wanted.acl,
            storage_class=wanted.storage_class,
        )
        return self.commit(upload, stored, forbid_overwrite=wanted.forbid_overwrite, versioning=versioning)

    def commit(
        self, upload: Upload, stored: StoredObject, *, forbid_overwrite: bool, versioning: str = ""
    ) -> StoredObject:
        """Make a finished upload the newest version of its key, in one step; return it with its version id.

        `versioning` is the bucket's: empty, Enabled or Suspended. Raises OssError if the key has an object
        and may not be overwritten, which counts only in an unversioned bucket (OSS: PostObject page); of two
        that commit at the same time exactly one wins.
        """
        with self._documents.alone():
            if forbid_overwrite and not versioning and self.find(stored.key):
                raise file_already_exists()
            return self._put(stored, versioning, upload.path)

    def delete(
        self, key: str, *, now: float, version_id: str = "", versioning: str = ""
    ) -> StoredObject | None:
        """Delete one version, or hide all of them; return what was deleted, or the marker that hides.

        Without a version id, a bucket that is or was versioned keeps what it has and gets a delete marker,
        also for a key it never had (OSS: DeleteObject page).
        """
        with self._documents.alone():
            if versioning and not version_id:
                return self._put(delete_marker(key, now=now), versioning)
            removed = self._documents.version(key, version_id) if version_id else self.newest(key)
            if removed:
                with self._going(removed):
                    self._documents.remove(removed)
            return removed

    def _put(self, stored: StoredObject, versioning: str, content: Path | None = None) -> StoredObject:
        newest = self.newest(stored.key)
        order = newest.order + 1 if newest and versioning else 0
        versioned = replace(stored, version_id=new_version_id(versioning), order=order)
        draft = self._documents.draft(versioned)
        if content:
            content.rename(self._objects / versioned.content_file)
        with self._going(self._documents.version(stored.key, versioned.version)):
            self._documents.put(versioned, draft)
        return versioned

    @contextmanager
    def _going(self, version: StoredObject | None) -> Iterator[None]:
        """Remove the content of a version, if there is one, whose document goes in this context."""
        if version is None:
            yield
            return
        # No `finally`: a failure leaves the same behind as a kill, for the next start.
        draft = self._documents.draft(version)
        yield
        self._remove_content(version.content_file)
        draft.unlink()

    def _sweep(self) -> None:
        """Remove what a killed process left: its uploads, and content that only its drafts name."""
        with self._documents.alone():  # so that every draft there is left of somebody, not of work under way
            for leftover in self._incoming.iterdir():
                self._remove_content(self._documents.settle(leftover))
                leftover.unlink(missing_ok=True)

    def _remove_content(self, name: str) -> None:
        if name:  # a delete marker has none
            (self._objects / name).unlink(missing_ok=True)
