"""The index: an SQLite database beside the content files, which names every object and every content file.

A change is one transaction, so a kill at any moment leaves the state before or after it, and a change that
was answered is never lost. A power cut may lose the changes of the last seconds, or leave an object whose
content is incomplete: nothing waits for the disk. Two processes may use one folder.

Keys are BLOBs: they sort by the bytes of their UTF-8, which is OSS's order. Of each key the newest version is
`shown`, unless it is a delete marker. The content of an object of type Multipart is that of the parts of its
upload, whose id is its `content_file`: completing an upload copies nothing.

Readers share one connection and writers another, each for a moment: nobody waits for an upload, and no
reader for a writer. Rows that were found one by one are remembered until any process commits a change; a
request that only reads asks once whether one has.

The table `pending` names the content files that no object has: those being written and those being removed.
The next start removes them, without a look at the others.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

FORMAT = 3  # of the tables below
CHECKPOINT_PAGES = 10_000  # 40 MB of log: only then does a change wait for the disk
BUSY_SECONDS = 60  # how long a change waits for those of other processes
MAX_REMEMBERED_ROWS = 256  # ours: of some hundred bytes each
MAX_REMEMBERED_BYTES = 16 * 1024  # ours: of one row with its query; a larger one is read again

_Read = TypeVar("_Read")
_Rows = dict[tuple[str | bytes, ...], Any]  # what was found, by query and values

_TABLES = f"""
CREATE TABLE pending (content_file TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE buckets (
    name TEXT PRIMARY KEY,
    created REAL NOT NULL,
    acl TEXT NOT NULL,
    acl_requested INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE configuration (
    bucket TEXT NOT NULL REFERENCES buckets ON DELETE CASCADE,
    part TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (bucket, part)
) WITHOUT ROWID;
CREATE TABLE objects (
    sequence INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES buckets,
    shown INTEGER NOT NULL,
    version TEXT NOT NULL,
    key BLOB NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    crc64 TEXT NOT NULL,
    content_md5 TEXT NOT NULL,
    last_modified REAL NOT NULL,
    content_file TEXT NOT NULL,
    headers TEXT NOT NULL,
    acl TEXT NOT NULL,
    storage_class TEXT NOT NULL,
    version_id TEXT NOT NULL,
    delete_marker INTEGER NOT NULL,
    object_type TEXT NOT NULL,
    tags TEXT NOT NULL
);
CREATE UNIQUE INDEX versions ON objects (bucket, key, version);
CREATE INDEX newest_first ON objects (bucket, key, sequence DESC);
CREATE UNIQUE INDEX listed ON objects (bucket, key) WHERE shown = 1;
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES buckets,
    key BLOB NOT NULL,
    initiated REAL NOT NULL,
    headers TEXT NOT NULL,
    storage_class TEXT NOT NULL,
    tags TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX uploads_of_bucket ON uploads (bucket, key, id);
CREATE TABLE parts (
    upload TEXT NOT NULL,
    number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    crc64 TEXT NOT NULL,
    last_modified REAL NOT NULL,
    content_file TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE INDEX latest ON objects (bucket, sequence) WHERE shown = 1;
PRAGMA user_version = {FORMAT};
"""


class FolderError(Exception):
    """A folder that cannot be used; the message says what to do."""


class Index:
    """The index of one folder. `folder` exists."""

    def __init__(self, folder: Path) -> None:
        """Make the tables, if the folder is new. Raises FolderError."""
        if (folder / "incoming").exists():  # version 0.1 had it, and a JSON file for each object
            raise _other_format(folder)
        self._path = folder / "index.sqlite"
        self._reader = _Connection(self._path)
        self._writer = _Connection(self._path)
        self._remembered: _Rows = {}
        self._data_version = 0
        self.look = Look(self._current)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise _other_format(folder) from error

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Lend the connection for a few short queries."""
        return self._reader

    def find(self, read: Callable[[Sequence[Any]], _Read], query: str, *values: str | bytes) -> _Read | None:
        """Return what `read` makes of the first row of a query; None if there is no row.

        It is remembered until any process changes something, unless it is large, so it must not be changed
        by a caller.
        """
        rows = self._current() if self.look.rows is None else self.look.rows
        asked = (query, *values)
        if asked in rows:
            remembered: _Read | None = rows[asked]
            return remembered
        with self._reader as connection:
            row = connection.execute(query, values).fetchone()
        found = None if row is None else read(row)
        if sum(len(value) for value in (*asked, *(row or ())) if isinstance(value, str | bytes)) <= (
            MAX_REMEMBERED_BYTES
        ):
            rows[asked] = found
        return found

    def _current(self) -> _Rows:
        """Return the rows that are remembered and still true. A change begins others, and leaves these."""
        with self._reader as connection:
            # differs when another connection has committed, the one of our own writers too (SQLite: PRAGMAs)
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if version != self._data_version or len(self._remembered) >= MAX_REMEMBERED_ROWS:
                self._remembered = {}
                self._data_version = version
            return self._remembered

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for one transaction, which excludes all others; an exception undoes it."""
        with self._writer as connection, _transaction(connection):
            yield connection

    def close(self) -> None:
        """Close the connections, each when nobody uses it."""
        self._reader.close()
        self._writer.close()
        self._remembered = {}

    def _prepare(self) -> None:
        # Not the connections of requests: the process that serves them may be a child of this one, and
        # SQLite's connections must not cross a fork.
        with closing(_connect(self._path)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # there is nothing yet that could be lost
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection):
                (found,) = connection.execute("PRAGMA user_version").fetchone()
                if not found:
                    for statement in filter(str.strip, _TABLES.split(";")):
                        connection.execute(statement)
        if found not in {0, FORMAT}:
            raise _other_format(self._path.parent)


class Look(threading.local):
    """One look at the index for all that a thread finds inside this context: nothing asks for changes again.

    It is for a request that changes nothing and waits for nobody.
    """

    def __init__(self, current: Callable[[], _Rows]) -> None:
        self._current = current
        self.rows: _Rows | None = None

    def __enter__(self) -> None:
        self.rows = self._current()

    def __exit__(self, *_: object) -> None:
        self.rows = None

    def again(self) -> None:
        """Look again, if this thread is looking."""
        if self.rows is not None:
            self.rows = self._current()


class _Connection:
    """A connection that is opened when it is first used, and used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        try:
            if self._opened is None:
                self._opened = _connect(self._path)
        except BaseException:
            self._lock.release()
            raise
        return self._opened

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def close(self) -> None:
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _connect(path: Path) -> sqlite3.Connection:
    # No transaction but ours: `isolation_level` would let the module begin some.
    connection = sqlite3.connect(path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")  # so nothing is stored in a bucket that was deleted
    connection.execute("PRAGMA synchronous = NORMAL")  # safe from a kill, and no wait for the disk
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection


def _other_format(folder: Path) -> FolderError:
    return FolderError(f"{folder} has objects in the format of another version: delete this folder")
