import itertools
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oss_emulator.errors import OssError
from oss_emulator.storage import rows
from oss_emulator.storage.contents import NAMES_AT_ONCE, LostUploadError
from oss_emulator.storage.index import FolderError
from oss_emulator.storage.object_version import Metadata, StoredObject
from oss_emulator.storage.store import Store
from tests.support.emulator.killed_writer import WRITER, content_of_number
from tests.support.emulator.stores import (
    assert_every_content_is_named_once,
    content_of,
    contents,
    killed_after_each_step,
    open_store,
    put,
)
from tests.support.environment import clean_environment

EMULATOR = Path(__file__).parents[3] / "emulator"
MEBIBYTE = 1024**2
CRC64_CHECK = str(0x995DC9BBDF1939FA)  # of 123456789: the check value of CRC-64/XZ, which is OSS's variant


def test_digests_are_those_oss_gives(tmp_path: Path) -> None:
    stored = put(open_store(tmp_path), "a", b"123456789")

    assert stored.etag == "25F9E794323B453885F5181F1B624D0B"
    assert stored.crc64 == CRC64_CHECK
    assert stored.content_md5 == "JfnnlDI7RTiF9RgfG2JNCw=="


def test_digests_do_not_depend_on_the_pieces(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.start() as upload:
        for byte in b"123456789":
            upload.write(bytes([byte]))
        stored = store.save(upload, Metadata("a", {}, "default", "IA", forbid_overwrite=False), now=1.0)

    whole = put(store, "a", b"123456789")
    assert stored == replace(whole, headers={}, content_file=stored.content_file)


@pytest.mark.parametrize("mark", [b"", b"a"], ids=["zeros at the end", "a byte at the end"])
def test_zeros_take_no_room_on_the_disk(tmp_path: Path, mark: bytes) -> None:
    pieces = [b"first", bytes(MEBIBYTE // 2), bytes(MEBIBYTE // 2), mark]
    store = open_store(tmp_path)
    with store.start() as upload:
        for piece in pieces:
            upload.write(piece)
        stored = store.save(upload, Metadata("a", {}, "default", "IA", forbid_overwrite=False), now=1.0)

    assert content_of(store, "a") == b"".join(pieces)
    assert stored.size == len(b"".join(pieces))
    (name,) = contents(tmp_path)
    assert (tmp_path / "objects" / name).stat().st_blocks * 512 < MEBIBYTE // 4


def test_objects_survive_a_restart(tmp_path: Path) -> None:
    stored = put(open_store(tmp_path), "图/a", b"hello")

    restarted = open_store(tmp_path)

    assert restarted.find("图/a") == stored
    assert content_of(restarted, "图/a") == b"hello"
    assert restarted.find("a") is None


def test_an_upload_that_is_not_saved_leaves_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with pytest.raises(ZeroDivisionError), store.start() as upload:  # noqa: PT012
        upload.write(b"half")
        raise ZeroDivisionError

    assert contents(tmp_path) == []
    assert_every_content_is_named_once(tmp_path)


def test_a_start_removes_the_uploads_of_a_killed_process(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"whole")
    with store.start() as upload:
        upload.write(b"ha")
        restarted = open_store(tmp_path)

        assert len(contents(tmp_path)) == 1
        assert content_of(restarted, "a") == b"whole"


def test_an_upload_that_another_start_has_removed_cannot_be_saved(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with pytest.raises(LostUploadError), store.start() as upload:  # noqa: PT012
        open_store(tmp_path)
        store.save(upload, Metadata("a", {}, "default", "IA", forbid_overwrite=False), now=1.0)

    assert store.find("a") is None
    assert_every_content_is_named_once(tmp_path)


def test_an_upload_that_begins_after_another_start_is_saved(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"first")
    put(open_store(tmp_path), "b", b"second")
    put(store, "c", b"third")

    restarted = open_store(tmp_path)
    assert [content_of(restarted, key) for key in "abc"] == [b"first", b"second", b"third"]
    assert_every_content_is_named_once(tmp_path)


def test_removed_files_are_forgotten_as_others_are_removed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for _ in range(3 * NAMES_AT_ONCE):
        put(store, "a", b"x")
    with closing(sqlite3.connect(tmp_path / "index.sqlite")) as connection:
        (pending,) = connection.execute("SELECT count(*) FROM pending").fetchone()

    assert pending <= 2 * NAMES_AT_ONCE
    assert_every_content_is_named_once(tmp_path)


def test_an_open_file_that_cannot_be_removed_is_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""

    def unlink(*_: object, **__: object) -> None:
        raise PermissionError

    store = open_store(tmp_path)
    put(store, "a", b"first")
    with monkeypatch.context() as windows:
        windows.setattr(Path, "unlink", unlink)
        put(store, "a", b"second")
    assert len(contents(tmp_path)) == 2

    assert content_of(open_store(tmp_path), "a") == b"second"
    assert_every_content_is_named_once(tmp_path)


def old_json_files(folder: Path) -> None:
    (folder / "incoming").mkdir()


def another_format(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "index.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 99")


def no_database(folder: Path) -> None:
    (folder / "index.sqlite").write_bytes(b"no database" * 100)


@pytest.mark.parametrize("left", [old_json_files, another_format, no_database])
def test_a_folder_of_another_version_is_refused_by_its_name(
    tmp_path: Path, left: Callable[[Path], None]
) -> None:
    left(tmp_path)

    with pytest.raises(FolderError, match=re.escape(f"{tmp_path} has objects in the format of another")):
        open_store(tmp_path)


def test_saves_an_upload_with_all_its_metadata(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    wanted = Metadata("a", {"Content-Type": "a/b"}, "private", "IA", forbid_overwrite=True)
    with store.start() as upload:
        upload.write(b"x")
        kept = store.save(upload, wanted, now=3.0)

    assert store.find("a") == kept
    assert (kept.headers, kept.acl, kept.storage_class) == ({"Content-Type": "a/b"}, "private", "IA")
    assert (kept.key, kept.size, kept.last_modified, kept.version_id) == ("a", 1, 3.0, "")
    with store.start() as upload, pytest.raises(OssError, match="409 FileAlreadyExists"):
        store.save(upload, wanted, now=4.0)
    with store.start() as upload:
        assert store.save(upload, wanted, now=4.0, versioning="Enabled").version_id


def test_an_overwrite_replaces_object_and_content_as_one(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"first")
    opened = store.open("a")
    assert opened
    put(store, "a", b"second")

    with opened[1] as reader_from_before:
        assert reader_from_before.read() == b"first"
    assert content_of(store, "a") == b"second"
    assert_every_content_is_named_once(tmp_path)


def test_a_forbidden_overwrite_leaves_the_first_object(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"first")

    with pytest.raises(OssError, match="409 FileAlreadyExists"):
        put(store, "a", b"second", forbid_overwrite=True)

    assert content_of(store, "a") == b"first"
    assert_every_content_is_named_once(tmp_path)


def test_a_reader_that_meets_an_overwrite_looks_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"first")
    find = store.find
    seen: list[StoredObject | None] = []

    def overwritten_after_the_first_look(key: str, version_id: str = "") -> StoredObject | None:
        found = find(key, version_id)
        if not seen:
            seen.append(found)
            put(open_store(tmp_path), "a", b"second")
        return found

    store.find = overwritten_after_the_first_look  # type: ignore[method-assign]

    assert content_of(store, "a") == b"second"


def test_an_object_whose_content_somebody_deleted_is_not_there(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    (tmp_path / "objects" / put(store, "a", b"x").content_file).unlink()

    assert store.open("a") is None

    put(store, "a", b"again")
    assert content_of(store, "a") == b"again"


def test_no_key_can_name_a_path(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state")
    put(store, "../../etc/passwd", b"x")

    assert {path.name for path in tmp_path.iterdir()} == {"state"}
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in contents(tmp_path / "state"))


def test_an_unversioned_object_has_one_version_called_null(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    stored = put(store, "a", b"hello")

    assert stored.version_id == ""
    assert store.find("a", "null") == stored
    assert store.find("a", "CAEQ") is None
    assert store.find("b", "null") is None


def test_every_version_of_an_enabled_bucket_stays_readable(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    before = put(store, "a", b"before")
    versions = [put(store, "a", content, versioning="Enabled") for content in (b"1", b"2", b"3")]

    assert content_of(store, "a") == b"3"
    assert [content_of(store, "a", version.version_id) for version in versions] == [b"1", b"2", b"3"]
    assert [store.find("a", version.version_id) for version in versions] == versions
    assert (content_of(store, "a", "null"), store.find("a", "null")) == (b"before", before)
    assert content_of(open_store(tmp_path), "a", versions[0].version_id) == b"1"


def test_a_version_id_is_64_characters_like_those_of_oss_and_never_the_same(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    ids = [put(store, "a", b"", versioning="Enabled").version_id for _ in range(20)]

    assert all(re.fullmatch("CAEQ[0-9A-Za-z]{60}", version_id) for version_id in ids)
    assert len(set(ids)) == 20


def test_a_suspended_bucket_replaces_only_its_null_version(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"before")
    kept = put(store, "a", b"kept", versioning="Enabled")
    suspended = put(store, "a", b"null 1", versioning="Suspended")
    put(store, "a", b"null 2", versioning="Suspended")

    assert suspended.version_id == "null"
    assert (content_of(store, "a"), content_of(store, "a", "null")) == (b"null 2", b"null 2")
    assert content_of(store, "a", kept.version_id) == b"kept"
    assert len(contents(tmp_path)) == 2


def test_the_null_version_stays_when_versioning_is_enabled_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"null", versioning="Suspended")
    enabled = put(store, "a", b"newest", versioning="Enabled")

    assert (content_of(store, "a"), content_of(store, "a", "null")) == (b"newest", b"null")
    put(store, "a", b"other null", versioning="Suspended")
    assert content_of(store, "a", "null") == b"other null"
    assert content_of(store, "a", enabled.version_id) == b"newest"
    assert len(contents(tmp_path)) == 2


@pytest.mark.parametrize("versioning", ["Enabled", "Suspended"])
def test_nothing_forbids_an_overwrite_in_a_versioned_bucket(tmp_path: Path, versioning: str) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"first")
    put(store, "a", b"second", forbid_overwrite=True, versioning=versioning)

    assert content_of(store, "a") == b"second"


def test_versions_committed_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        versions = list(
            pool.map(lambda number: put(store, "a", bytes([number]), versioning="Enabled"), range(40))
        )

    assert [content_of(store, "a", version.version_id) for version in versions] == [
        bytes([number]) for number in range(40)
    ]
    assert store.find("a") in versions


@pytest.mark.parametrize("versioning", ["", "Enabled", "Suspended"])
def test_a_kill_between_any_two_steps_leaves_the_state_before_or_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, versioning: str
) -> None:
    versions: list[str] = []

    def change(store: Store) -> Callable[[], object]:
        null = put(store, "a", b"null")
        first = put(store, "a", b"first", versioning="Enabled") if versioning else null
        versions.append(first.version)
        return lambda: put(store, "a", b"second", versioning=versioning)

    for number, restarted in enumerate(killed_after_each_step(tmp_path, monkeypatch, change)):
        assert_is_before_or_after(restarted, tmp_path / str(number), versions[-1], versioning)


def test_a_kill_in_the_first_upload_of_a_key_leaves_it_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(store: Store) -> Callable[[], object]:
        return lambda: put(store, "a", b"first")

    for number, restarted in enumerate(killed_after_each_step(tmp_path, monkeypatch, change)):
        assert_every_content_is_named_once(tmp_path / str(number))
        assert content_of(restarted, "a") in {None, b"first"}
        put(restarted, "a", b"second")
        assert content_of(restarted, "a") == b"second"


def test_a_kill_in_the_deletion_of_an_only_version_leaves_it_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(store: Store) -> Callable[[], object]:
        put(store, "a", b"only")
        return lambda: store.delete("a", now=2.0)

    for number, restarted in enumerate(killed_after_each_step(tmp_path, monkeypatch, change)):
        assert_every_content_is_named_once(tmp_path / str(number))
        assert content_of(restarted, "a") in {None, b"only"}


def assert_is_before_or_after(restarted: Store, folder: Path, first_version: str, versioning: str) -> None:
    assert_every_content_is_named_once(folder)
    assert content_of(restarted, "a") in {b"second", content_of(restarted, "a", first_version)}
    if versioning:
        assert content_of(restarted, "a", first_version) == b"first"
    if versioning == "Enabled":
        assert content_of(restarted, "a", "null") == b"null"
    assert content_of(restarted, "a", "null") in {b"null", b"second"}
    third = put(restarted, "a", b"third", versioning=versioning)
    assert (content_of(restarted, "a"), content_of(restarted, "a", third.version)) == (b"third", b"third")
    assert_every_content_is_named_once(folder)


def test_a_kill_in_a_deletion_leaves_the_version_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions: list[StoredObject] = []

    def change(store: Store) -> Callable[[], object]:
        versions[:] = [put(store, "a", content, versioning="Enabled") for content in (b"1", b"2")]
        version_id = versions[1].version_id
        return lambda: store.delete("a", now=2.0, version_id=version_id, versioning="Enabled")

    for number, restarted in enumerate(killed_after_each_step(tmp_path, monkeypatch, change)):
        first, second = versions
        assert_every_content_is_named_once(tmp_path / str(number))
        assert content_of(restarted, "a", first.version_id) == b"1"
        assert content_of(restarted, "a") in {b"1", b"2"}
        assert content_of(restarted, "a", second.version_id) == (
            b"2" if content_of(restarted, "a") == b"2" else None
        )


def test_deletes_an_unversioned_object_for_good(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    stored = put(store, "a", b"x")

    assert store.delete("a", now=2.0) == stored
    assert (store.find("a"), contents(tmp_path)) == (None, [])
    assert store.delete("a", now=2.0) is None


def test_a_delete_marker_hides_the_versions_before_it_until_it_is_deleted(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    stored = put(store, "a", b"x", versioning="Enabled")
    marker = store.delete("a", now=2.0, versioning="Enabled")
    assert marker

    assert (marker.delete_marker, store.find("a"), store.newest("a")) == (True, None, marker)
    assert (store.open("a", marker.version_id), store.find("a", marker.version_id)) == (None, marker)
    assert content_of(store, "a", stored.version_id) == b"x"

    assert store.delete("a", now=3.0, version_id=marker.version_id, versioning="Enabled") == marker
    assert content_of(store, "a") == b"x"


def test_a_marker_in_a_suspended_bucket_takes_the_place_of_the_null_version(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"null")
    marker = store.delete("a", now=2.0, versioning="Suspended")

    assert marker and marker.version_id == "null"  # noqa: PT018 - for mypy
    assert store.find("a", "null") == marker
    assert contents(tmp_path) == []


def test_the_version_before_becomes_the_newest_when_that_is_deleted(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    versions = [put(store, "a", content, versioning="Enabled") for content in (b"1", b"2", b"3")]
    for version, left in zip(reversed(versions), (b"2", b"1", None), strict=True):
        store.delete("a", now=2.0, version_id=version.version_id, versioning="Enabled")
        assert content_of(store, "a") == left

    assert contents(tmp_path) == []


def test_lists_the_objects_written_last_first(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for key in ("a", "b", "c", "b"):
        put(store, key, b"", versioning="Enabled")
    store.delete("c", now=2.0, versioning="Enabled")

    assert [stored.key for stored in store.latest_objects(3)] == ["b", "a"]
    assert [stored.key for stored in store.latest_objects(1)] == ["b"]


def test_a_page_has_the_order_of_utf_8_and_not_of_utf_16(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    keys = ["a", "a\0", "a b", "a/", "é", "\uffee", "\U0001f642"]
    for key in reversed(keys):
        put(store, key, b"")

    assert list(store.page(limit=9).entries) == keys


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"prefix": "none"}, 0),
        ({"prefix": "b/05"}, 10),
        ({"delimiter": "/"}, 3),
        ({"delimiter": "/", "after": "a/"}, 2),
        ({"delimiter": "/", "after": "b/050"}, 2),
        ({"delimiter": "/0"}, 3),
        ({"after": "c/090"}, 9),
    ],
)
def test_a_page_reads_no_more_objects_than_it_has_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str], names: int
) -> None:
    store = open_store(tmp_path)
    for folder, number in itertools.product("abc", range(100)):
        put(store, f"{folder}/{number:03}", b"")
    made: list[StoredObject] = []
    from_row = rows.from_row

    def counting(row: Any) -> StoredObject:
        made.append(from_row(row))
        return made[-1]

    monkeypatch.setattr(rows, "from_row", counting)

    page = store.page(**asked, limit=1000)

    assert (len(page.entries), page.next_name) == (names, "")
    assert len(made) <= names + 1


def writer(folder: Path, prefix: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, WRITER, str(folder), prefix, str(count)]
    environment = {**clean_environment(), "PYTHONPATH": str(EMULATOR)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_two_processes_at_one_folder_keep_all_their_objects(tmp_path: Path) -> None:
    running = [writer(tmp_path, name, 60) for name in ("first", "second")]
    assert [process.communicate()[0].count("\n") for process in running] == [60, 60]

    store = open_store(tmp_path)
    for name, number in itertools.product(("first", "second"), range(60)):
        assert content_of(store, f"{name}/{number}") == content_of_number(number)
    assert_every_content_is_named_once(tmp_path)


@pytest.mark.parametrize("answered", [0, 1, 10, 50, 150])
def test_what_was_answered_survives_sigkill(tmp_path: Path, answered: int) -> None:
    """The writer also overwrites `shared` with each number, before it answers."""
    with writer(tmp_path, "killed", 100_000) as killed:
        assert killed.stdout
        for _ in range(answered):
            killed.stdout.readline()
        killed.kill()

    store = open_store(tmp_path)
    for number in range(answered):
        assert content_of(store, f"killed/{number}") == content_of_number(number)
    shared = content_of(store, "shared")
    assert shared is None or int(shared.split()[0]) >= answered - 1
    assert shared is None or shared == content_of_number(int(shared.split()[0]))
    assert_every_content_is_named_once(tmp_path)
