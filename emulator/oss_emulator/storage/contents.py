"""Content files: one for each version of an object, with a random name, so that no key can name a path.

A file is complete before the index names it, and no longer named when it is removed. Meanwhile its name is in
the index's table `pending`.
"""

import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import md5
from pathlib import Path
from typing import BinaryIO

from fastcrc import crc64

from oss_emulator.storage.index import Index


class LostUploadError(Exception):
    """Another process that started at the same folder has removed this unfinished upload."""


class Upload:
    """A content being written, of which nobody knows until it is kept by a change."""

    def __init__(self, path: Path) -> None:
        self.content_file = path.name
        self.kept = False
        self.size = 0
        self._file = path.open("xb")
        self._md5 = md5(usedforsecurity=False)
        self._crc64 = 0

    def write(self, chunk: bytes) -> None:
        """Append to the content."""
        self._file.write(chunk)
        self._md5.update(chunk)
        self._crc64 = crc64.xz(chunk, self._crc64)  # ECMA-182 reflected, all ones in and out: OSS's variant
        self.size += len(chunk)

    def finish(self) -> tuple[bytes, str]:
        """Close the file; return the MD5 and, in decimal, the CRC64 of the content."""
        self._file.close()
        return self._md5.digest(), str(self._crc64)


class Change:
    """One transaction of the index that keeps and drops content files."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.execute = connection.execute
        self.kept: list[Upload] = []
        self.dropped: list[str] = []

    def keep(self, upload: Upload) -> None:
        """Keep a finished upload, which a row written by this change names. Raises LostUploadError."""
        removed = self.execute("DELETE FROM pending WHERE content_file = ?", [upload.content_file])
        if not removed.rowcount:
            raise LostUploadError
        self.kept.append(upload)

    def drop(self, content_file: str) -> None:
        """Have a file removed that no row names after this change; nothing if the name is empty."""
        if content_file:
            self.execute("INSERT INTO pending VALUES (?)", [content_file])
            self.dropped.append(content_file)


class Contents:
    """The content files of one folder."""

    def __init__(self, folder: Path, index: Index) -> None:
        """Remove what a kill has left: unfinished uploads, and files that were being removed."""
        self._folder = folder
        self._index = index
        folder.mkdir(exist_ok=True)
        with index.writing() as connection:  # so that no other process keeps one of them meanwhile
            self._remove(connection, [name for (name,) in connection.execute("SELECT * FROM pending")])

    @contextmanager
    def start(self) -> Iterator[Upload]:
        """Start a new upload; at the end of this context it is removed unless a change has kept it."""
        name = secrets.token_hex(16)
        with self._index.writing() as connection:
            connection.execute("INSERT INTO pending VALUES (?)", [name])
        upload = Upload(self._folder / name)
        try:
            yield upload
        finally:
            upload.finish()
            if not upload.kept:
                self._remove_all([name])

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Make one change, which excludes all others; an exception undoes it."""
        with self._index.writing() as connection:
            change = Change(connection)
            yield change
        for upload in change.kept:
            upload.kept = True
        self._remove_all(change.dropped)

    def open(self, content_file: str) -> BinaryIO:
        """Open a content to be read. Raises FileNotFoundError."""
        return (self._folder / content_file).open("rb")

    def _remove_all(self, names: list[str]) -> None:
        if names:
            with self._index.writing() as connection:
                self._remove(connection, names)

    def _remove(self, connection: sqlite3.Connection, names: Iterable[str]) -> None:
        for name in names:
            # Windows does not remove an open file: the next start does.
            with suppress(PermissionError):
                (self._folder / name).unlink(missing_ok=True)
                connection.execute("DELETE FROM pending WHERE content_file = ?", [name])
