"""The JSON documents of objects: one for the newest version of a key, and one for each earlier version.

An object exists if its document does. Every change is one rename or one unlink of a complete document, so a
kill at any moment leaves the state before or after the change. While a content file is added or removed, the
folder `incoming` has a draft of its document. File names are hashes of keys and version ids, so neither can
name a path. Writers exclude each other (`exclusive`); readers never wait.
"""

import fcntl
import hashlib
import heapq
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from oss_emulator.storage.object_version import StoredObject

_SUFFIX = ".json"


def hash_name(name: str) -> str:
    """Return a file name for any key or id."""
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()


class Documents:
    """The documents of one bucket: of newest versions in folder `objects`, of earlier ones in `versions`."""

    def __init__(self, objects: Path, versions: Path, incoming: Path) -> None:
        self._objects = objects
        self._versions = versions
        self._incoming = incoming

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock that excludes other writers, in this process and in others."""
        folder = os.open(self._objects, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def newest(self, key: str) -> StoredObject | None:
        """Return the newest version, which may be a delete marker."""
        return _read(self._newest_path(key))

    def version(self, key: str, version_id: str) -> StoredObject | None:
        """Return one version, which may be a delete marker."""
        for _ in range(2):  # a version may become the newest between the two reads: then look again
            newest = self.newest(key)
            if newest and newest.version == version_id:
                return newest
            earlier = _read(self._earlier_path(key, version_id))
            if earlier:
                return earlier
        return None

    def latest(self, limit: int | None = None) -> Iterator[StoredObject]:
        """Yield the newest version of the `limit` keys that were written last; of all keys if None."""
        entries = ((entry.stat().st_mtime_ns, entry.path) for entry in self._entries())
        latest = sorted(entries, reverse=True) if limit is None else heapq.nlargest(limit, entries)
        for _, path in latest:
            found = _read(Path(path))
            if found:
                yield found

    def all_newest(self) -> Iterator[StoredObject]:
        """Yield the newest version of every key, in no order, one at a time in memory."""
        for entry in self._entries():
            found = _read(Path(entry.path))
            if found:
                yield found

    def write_draft(self, stored: StoredObject) -> Path:
        """Write a draft: a document in `incoming`, of a version that is about to be added or removed.

        Call it inside `exclusive`, and remove the draft before that ends. A draft that a kill leaves
        tells the next start which content file was being added or removed: see `settle_draft`.
        """
        document = self._incoming / f"{secrets.token_hex(16)}{_SUFFIX}"
        document.write_text(json.dumps(asdict(stored), ensure_ascii=False), encoding="utf-8")
        return document

    def settle_draft(self, leftover: Path) -> str:
        """Finish or undo the change that a leftover draft describes. Call it inside `exclusive`.

        Return the name of the content file that no document names, to be removed; empty if there is none.
        """
        try:
            left = _read(leftover) if leftover.suffix == _SUFFIX else None
        except ValueError:  # the kill came while the draft was written, before any content file changed
            return ""
        if left is None:
            return ""
        newest, there = self.newest(left.key), self.version(left.key, left.version)
        if newest:
            self._earlier_path(newest.key, newest.version).unlink(missing_ok=True)
        return "" if there and there.content_file == left.content_file else left.content_file

    def put(self, stored: StoredObject, draft: Path) -> None:
        """Make the draft of `stored` the document of the newest version. Call it inside `exclusive`."""
        newest = self.newest(stored.key)
        if newest and newest.version != stored.version:
            self._link_earlier(newest)
        now = time.time_ns()  # `latest` sorts by it; the kernel's own file times are too coarse
        os.utime(draft, ns=(now, now))
        draft.replace(self._newest_path(stored.key))
        self._earlier_path(stored.key, stored.version).unlink(missing_ok=True)

    def remove(self, removed: StoredObject) -> None:
        """Remove a version; the last written of the others becomes the newest. Call it inside `exclusive`."""
        newest = self.newest(removed.key)
        self._earlier_path(removed.key, removed.version).unlink(missing_ok=True)
        if newest and newest.version == removed.version:
            earlier = self._latest_earlier(removed.key)
            if earlier:
                self._earlier_path(earlier.key, earlier.version).replace(self._newest_path(removed.key))
            else:
                self._newest_path(removed.key).unlink()

    def _link_earlier(self, newest: StoredObject) -> None:
        """Link the newest version's document into `versions`, because another becomes the newest."""
        earlier = self._earlier_path(newest.key, newest.version)
        earlier.parent.mkdir(exist_ok=True)
        link = self._incoming / f"{secrets.token_hex(16)}{_SUFFIX}"
        link.hardlink_to(self._newest_path(newest.key))
        link.replace(earlier)
        # If an earlier writer was killed here, both names are one file, and `replace` does nothing.
        link.unlink(missing_ok=True)

    def _latest_earlier(self, key: str) -> StoredObject | None:
        folder = self._versions / hash_name(key)
        found = [_read(path) for path in folder.glob(f"*{_SUFFIX}")]
        return max(filter(None, found), key=lambda one: one.order, default=None)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        with os.scandir(self._objects) as entries:
            for entry in entries:
                if entry.name.endswith(_SUFFIX):
                    with suppress(FileNotFoundError):
                        entry.stat()
                        yield entry

    def _newest_path(self, key: str) -> Path:
        return self._objects / f"{hash_name(key)}{_SUFFIX}"

    def _earlier_path(self, key: str, version_id: str) -> Path:
        return self._versions / hash_name(key) / f"{hash_name(version_id)}{_SUFFIX}"


def _read(document: Path) -> StoredObject | None:
    try:
        return StoredObject(**json.loads(document.read_bytes()))
    except FileNotFoundError:
        return None
