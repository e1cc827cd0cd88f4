"""A store in a folder, what its folder holds, and changes that are killed at each of their steps."""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from oss_emulator.storage.buckets import Buckets
from oss_emulator.storage.object_version import Metadata, StoredObject
from oss_emulator.storage.store import Store

_PARTS_OF_NOTHING = """
SELECT * FROM parts WHERE upload NOT IN (SELECT id FROM uploads)
AND upload NOT IN (SELECT content_file FROM objects)
"""


def open_store(folder: Path) -> Store:
    buckets = Buckets(folder)
    buckets.create("examplebucket", acl="private", now=1.0)
    return buckets.store("examplebucket")


def put(
    store: Store, key: str, content: bytes, *, forbid_overwrite: bool = False, versioning: str = ""
) -> StoredObject:
    metadata = Metadata(key, {"Content-Type": "a/b"}, "default", "IA", forbid_overwrite)
    with store.start() as upload:
        upload.write(content)
        return store.save(upload, metadata, now=1.0, versioning=versioning)


def content_of(store: Store, key: str, version_id: str = "") -> bytes | None:
    opened = store.open(key, version_id)
    if opened is None:
        return None
    with opened[1] as file:
        return file.read()


def contents(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "objects").iterdir())


def assert_every_content_is_named_once(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "index.sqlite")) as connection:
        named = connection.execute(
            "SELECT content_file FROM objects WHERE object_type = 'Normal' AND NOT delete_marker "
            "UNION ALL SELECT content_file FROM parts"
        ).fetchall()
        pending = connection.execute("SELECT content_file FROM pending").fetchall()
        assert connection.execute(_PARTS_OF_NOTHING).fetchall() == []
    assert sorted(name for (name,) in named) == contents(folder)
    assert not set(named) & set(pending)


class KilledError(Exception):
    """The process was killed at this point."""


Change = Callable[[Store], Callable[[], object]]


class Steps:
    """The steps of a change: SQL statements, commits and file operations. It dies when none is left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = float("inf")
        names = {
            name: self.dying(getattr(sqlite3.Connection, name))
            for name in ("execute", "executemany", "commit")
        }
        dying = type("Dying", (sqlite3.Connection,), names)
        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=dying))
        for name in ("open", "unlink"):
            monkeypatch.setattr(Path, name, self.dying(getattr(Path, name)))

    def dying(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise KilledError
            return operation(*arguments, **options)

        return step


def killed_after_each_step(folder: Path, monkeypatch: pytest.MonkeyPatch, change: Change) -> Iterator[Store]:
    """Make a change in a new store, killed after 0, 1, 2 … steps, until it ends without a kill.

    Yields each store as it is opened again. `change` prepares a store and returns the change to kill.
    """
    for number in itertools.count():
        ended = False
        with monkeypatch.context() as killing, suppress(KilledError):
            steps = Steps(killing)
            act = change(open_store(folder / str(number)))
            steps.left = number
            act()
            ended = True
        yield open_store(folder / str(number))
        if ended:
            assert number > 4, "the change has fewer steps than a test of kills is about"
            return
