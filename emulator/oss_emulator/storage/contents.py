"""Content files: one for each version of an object or part, with a random name: no key can name a path.

A file is complete before the index names it, and no longer named when it is removed. Meanwhile its name is in
the index's table `pending`. Names are put there, and taken out after a removal, many at once: then an upload
costs one change of the index and not two.
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from io import SEEK_CUR, BufferedReader, BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO

from oss_emulator.storage.digests import Digests
from oss_emulator.storage.index import Index
from oss_emulator.storage.joined_files import JoinedFiles

NAMES_AT_ONCE = 64  # ours: that are put into `pending`, or taken out, by one change
READ_AT_ONCE_BYTES = 512 * 1024  # ours: of an object of parts

_ZEROS = bytes(512 * 1024)  # as many as arrive at once


class LostUploadError(Exception):
    """Another process that started at the same folder has removed this unfinished upload."""


class Upload:
    """A content being written, of which nobody knows until it is kept by a change."""

    def __init__(self, path: Path) -> None:
        self.content_file = path.name
        self.kept = False
        self.size = 0
        self._file = path.open("xb")
        self._ends_in_hole = False
        self._digests = Digests()

    def write(self, chunk: bytes) -> None:
        """Append to the content. Zeros become a hole: large files of tests take no room on the disk."""
        self._ends_in_hole = _ZEROS.startswith(chunk)
        if self._ends_in_hole:
            self._file.seek(len(chunk), SEEK_CUR)
        else:
            self._file.write(chunk)
        self._digests.update(chunk)
        self.size += len(chunk)

    def finish(self) -> tuple[bytes, str]:
        """Close the file; return the MD5 and, in decimal, the CRC64 of the content."""
        if self._ends_in_hole and not self._file.closed:
            self._file.truncate(self.size)
        self._file.close()
        return self._digests.finish()

    def close(self) -> None:
        """Let go of the file and of the digests, finished or not."""
        with closing(self._digests):
            self._file.close()


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
        """Have a file removed that no row names after this change."""
        self.execute("INSERT INTO pending VALUES (?)", [content_file])
        self.dropped.append(content_file)

    def drop_part(self, upload: str, number: int) -> None:
        """Remove a part of an upload, if it is there, and have its file removed."""
        named = [upload, number]
        row = self.execute("SELECT content_file FROM parts WHERE upload = ? AND number = ?", named).fetchone()
        if row:
            self.drop(row[0])
            self.execute("DELETE FROM parts WHERE upload = ? AND number = ?", named)

    def drop_parts(self, upload: str) -> None:
        """Remove all parts of an upload, and have their files removed."""
        for (number,) in self.execute("SELECT number FROM parts WHERE upload = ?", [upload]).fetchall():
            self.drop_part(upload, number)


class Contents:
    """The content files of one folder."""

    def __init__(self, folder: Path, index: Index) -> None:
        """Remove what a kill has left: unfinished uploads, and files that were being removed."""
        self._folder = folder
        self._path = str(folder)
        self._index = index
        self._lock = threading.Lock()
        self._spare: list[str] = []
        self._removed: list[str] = []
        folder.mkdir(exist_ok=True)
        with index.writing() as connection:  # so that no other process keeps one of them meanwhile
            for (name,) in connection.execute("SELECT * FROM pending").fetchall():
                self._unlink(name)
            self._forget_removed(connection)

    @contextmanager
    def start(self) -> Iterator[Upload]:
        """Start a new upload; at the end of this context it is removed unless a change has kept it."""
        name = self._new_name()
        upload = Upload(self._folder / name)
        try:
            yield upload
        finally:
            upload.close()
            if not upload.kept:
                self._remove([name])

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Make one change, which excludes all others; an exception undoes it."""
        with self._index.writing() as connection:
            change = Change(connection)
            yield change
        for upload in change.kept:
            upload.kept = True
        self._remove(change.dropped)

    def open(self, content_file: str) -> BinaryIO:
        """Open a content to be read. Raises FileNotFoundError."""
        return FileIO(f"{self._path}/{content_file}")  # a Path, and `open`, cost more

    def open_joined(self, parts: Sequence[tuple[str, int]]) -> BinaryIO:
        """Open several files, given by name and size, to be read as one. Raises FileNotFoundError.

        Few bytes are read at once. Of more, the first file is opened and each other when it is reached: if
        that is removed meanwhile, a read raises FileNotFoundError.
        """
        if not parts:
            raise FileNotFoundError
        joined = JoinedFiles([(self._folder / name, size) for name, size in parts])
        if sum(size for _, size in parts) > READ_AT_ONCE_BYTES:
            joined.open_first()
            return BufferedReader(joined)
        with joined:
            return BytesIO(joined.readall())

    def _new_name(self) -> str:
        """Return the name for a new file, which is pending already."""
        with self._lock:
            if not (self._spare and self._is_pending(self._spare[-1])):  # a start removes the spare ones too
                self._spare = [secrets.token_hex(16) for _ in range(NAMES_AT_ONCE)]
                with self._index.writing() as connection:
                    self._forget_removed(connection)
                    connection.executemany("INSERT INTO pending VALUES (?)", zip(self._spare, strict=True))
            return self._spare.pop()

    def _is_pending(self, name: str) -> bool:
        with self._index.reading() as connection:
            query = "SELECT 1 FROM pending WHERE content_file = ?"
            return connection.execute(query, [name]).fetchone() is not None

    def _remove(self, names: Iterable[str]) -> None:
        """Remove files that are pending."""
        for name in names:
            self._unlink(name)
        if len(self._removed) >= NAMES_AT_ONCE:
            with self._index.writing() as connection:
                self._forget_removed(connection)

    def _unlink(self, name: str) -> None:
        with suppress(PermissionError):  # Windows does not remove an open file: the next start does
            (self._folder / name).unlink(missing_ok=True)
            self._removed.append(name)

    def _forget_removed(self, connection: sqlite3.Connection) -> None:
        """Take removed files out of the table. The next start finds any that is missed here."""
        removed, self._removed = self._removed, []
        connection.executemany("DELETE FROM pending WHERE content_file = ?", zip(removed, strict=True))
