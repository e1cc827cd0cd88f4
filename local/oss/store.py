"""Objects on disk: a content file and a JSON document each, and no half object, ever.

The JSON document is what makes an object exist: it is linked or renamed into place last, in one step, so a
kill at any moment leaves either the whole object or none. File names are hashes of keys, so no key can name a
path. What an upload must satisfy is decided by callers.
"""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from fastcrc import crc64

from oss.errors import file_already_exists


@dataclass(frozen=True)
class StoredObject:
    """One object. `etag` is upper-case hex without quotes; `headers` are those stored to be given back."""

    key: str
    size: int
    etag: str
    crc64: str
    content_md5: str
    last_modified: float
    content_file: str
    headers: Mapping[str, str] = field(default_factory=dict)
    acl: str = "default"
    storage_class: str = "Standard"


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
        """End the content; the object still does not exist."""
        self._file.close()
        digest = self._md5.digest()
        return StoredObject(
            key=key,
            size=self.size,
            etag=digest.hex().upper(),
            crc64=str(self._crc64),
            content_md5=base64.b64encode(digest).decode(),
            last_modified=now,
            content_file=f"{_name(key)}.{self.path.name}",
            headers=headers,
            acl=acl,
            storage_class=storage_class,
        )


class Store:
    """The objects of one bucket in one folder, which survive a restart."""

    def __init__(self, folder: Path) -> None:
        self._objects = folder / "objects"
        self._incoming = folder / "incoming"
        self._objects.mkdir(parents=True, exist_ok=True)
        self._incoming.mkdir(exist_ok=True)
        for leftover in self._incoming.iterdir():
            leftover.unlink(missing_ok=True)  # of a process that was killed in mid-upload

    @contextmanager
    def start(self) -> Iterator[Upload]:
        """Start a new upload; what is not committed inside this context is gone after it."""
        upload = Upload(self._incoming)
        try:
            yield upload
        finally:
            upload.discard()

    def find(self, key: str) -> StoredObject | None:
        """Return the object with this key."""
        try:
            return StoredObject(**json.loads(self._document(key).read_bytes()))
        except FileNotFoundError:
            return None

    def open(self, key: str) -> tuple[StoredObject, BinaryIO] | None:
        """Return the object and its content, both of the same upload; None if either is not there."""
        for _ in range(2):  # overwritten between the two reads: look again; twice is a file gone for good
            found = self.find(key)
            if found is None:
                return None
            with suppress(FileNotFoundError):
                return found, (self._objects / found.content_file).open("rb")
        return None

    def commit(self, upload: Upload, stored: StoredObject, *, forbid_overwrite: bool) -> None:
        """Make a finished upload the object of its key, in one step.

        Raises OssError if the key has an object and may not be overwritten; of two that commit at the same
        time exactly one wins, because the file system links a name only once.
        """
        content = self._objects / stored.content_file
        upload.path.rename(content)
        document = self._incoming / f"{stored.content_file}.json"
        document.write_text(json.dumps(asdict(stored), ensure_ascii=False), encoding="utf-8")
        replaced = self.find(stored.key)
        try:
            if forbid_overwrite:
                self._document(stored.key).hardlink_to(document)
            else:
                document.replace(self._document(stored.key))
        except FileExistsError:
            content.unlink()
            raise file_already_exists() from None
        finally:
            document.unlink(missing_ok=True)
        if replaced:
            (self._objects / replaced.content_file).unlink(missing_ok=True)

    def _document(self, key: str) -> Path:
        return self._objects / f"{_name(key)}.json"


def _name(key: str) -> str:
    return hashlib.sha256(os.fsencode(key)).hexdigest()
