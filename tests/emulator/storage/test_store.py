import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from oss_emulator.errors import OssError
from oss_emulator.storage.object_version import Metadata, StoredObject
from oss_emulator.storage.store import Store

CRC64_CHECK = str(0x995DC9BBDF1939FA)  # of 123456789: the check value of CRC-64/XZ, which is OSS's variant


def put(
    store: Store, key: str, content: bytes, *, forbid_overwrite: bool = False, versioning: str = ""
) -> StoredObject:
    with store.start() as upload:
        upload.write(content)
        stored = upload.finish(
            key, now=1.0, headers={"Content-Type": "a/b"}, acl="default", storage_class="IA"
        )
        return store.commit(upload, stored, forbid_overwrite=forbid_overwrite, versioning=versioning)


def content_of(store: Store, key: str, version_id: str = "") -> bytes | None:
    opened = store.open(key, version_id)
    if opened is None:
        return None
    with opened[1] as file:
        return file.read()


def test_digests_are_those_oss_gives(tmp_path: Path) -> None:
    stored = put(Store(tmp_path), "a", b"123456789")

    assert stored.etag == "25F9E794323B453885F5181F1B624D0B"
    assert stored.crc64 == CRC64_CHECK
    assert stored.content_md5 == "JfnnlDI7RTiF9RgfG2JNCw=="


def test_digests_do_not_depend_on_the_pieces(tmp_path: Path) -> None:
    with Store(tmp_path).start() as upload:
        for byte in b"123456789":
            upload.write(bytes([byte]))
        stored = upload.finish("a", now=1.0, headers={}, acl="default", storage_class="IA")

    assert (stored.size, stored.crc64) == (9, CRC64_CHECK)


def test_objects_survive_a_restart(tmp_path: Path) -> None:
    stored = put(Store(tmp_path), "图/a", b"hello")

    restarted = Store(tmp_path)

    assert restarted.find("图/a") == stored
    assert content_of(restarted, "图/a") == b"hello"
    assert restarted.find("a") is None


def test_an_upload_that_is_not_committed_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ZeroDivisionError), store.start() as upload:  # noqa: PT012
        upload.write(b"half")
        raise ZeroDivisionError

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_start_removes_the_uploads_of_a_killed_process(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", b"whole")
    (tmp_path / "incoming" / "half").write_bytes(b"ha")

    restarted = Store(tmp_path)

    assert list((tmp_path / "incoming").iterdir()) == []
    assert content_of(restarted, "a") == b"whole"


@pytest.mark.parametrize("leftover", [b"", b'{"key": "a", "content_f', b'{"key": "\xe5\x9b'])
def test_an_incomplete_draft_does_not_prevent_a_start(tmp_path: Path, leftover: bytes) -> None:
    put(Store(tmp_path), "a", b"whole")
    (tmp_path / "incoming" / "half.json").write_bytes(leftover)

    restarted = Store(tmp_path)

    assert list((tmp_path / "incoming").iterdir()) == []
    assert content_of(restarted, "a") == b"whole"


def test_a_second_process_waits_until_the_first_has_removed_its_draft(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put_document = store._documents.put
    starts: list[threading.Thread] = []

    def started_beside(stored: StoredObject, draft: Path) -> None:
        start = threading.Thread(target=Store, args=[tmp_path])
        start.start()
        start.join(0.2)
        starts.append(start)
        assert start.is_alive()
        put_document(stored, draft)

    store._documents.put = started_beside  # type: ignore[method-assign]
    put(store, "a", b"whole")
    starts[0].join()

    assert content_of(store, "a") == b"whole"
    assert_every_content_is_named_once(tmp_path)


def assert_every_content_is_named_once(folder: Path) -> None:
    documents = [json.loads(path.read_text()) for path in folder.rglob("*.json")]
    named = [members["content_file"] for members in documents if not members["delete_marker"]]
    there = [path.name for path in (folder / "objects").iterdir() if path.suffix != ".json"]
    assert sorted(named) == sorted(there)


def test_saves_an_upload_with_all_its_metadata(tmp_path: Path) -> None:
    store = Store(tmp_path)
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


def test_files_have_the_same_names_in_every_locale() -> None:
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    environment = {**os.environ, **locale, "PYTHONPATH": str(Path(__file__).parents[3] / "emulator")}
    code = "from oss_emulator.storage.documents import hash_name; print(hash_name(chr(22270) + chr(0xdcff)))"

    named = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )

    assert named.stdout == hashlib.sha256("图".encode() + b"\xff").hexdigest() + "\n"


def test_an_overwrite_replaces_object_and_content_as_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", b"first")
    opened = store.open("a")
    assert opened
    put(store, "a", b"second")

    with opened[1] as reader_from_before:
        assert reader_from_before.read() == b"first"
    assert content_of(store, "a") == b"second"
    assert len(list((tmp_path / "objects").iterdir())) == 2


def test_a_forbidden_overwrite_leaves_the_first_object(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", b"first")

    with pytest.raises(OssError, match="409 FileAlreadyExists"):
        put(store, "a", b"second", forbid_overwrite=True)

    assert content_of(store, "a") == b"first"
    assert len(list((tmp_path / "objects").iterdir())) == 2


def test_a_reader_that_meets_an_overwrite_looks_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", b"first")
    find = store.find
    seen: list[StoredObject | None] = []

    def overwritten_after_the_first_look(key: str, version_id: str = "") -> StoredObject | None:
        found = find(key, version_id)
        if not seen:
            seen.append(found)
            put(Store(tmp_path), "a", b"second")
        return found

    store.find = overwritten_after_the_first_look  # type: ignore[method-assign]

    assert content_of(store, "a") == b"second"


def test_an_object_whose_content_somebody_deleted_is_not_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "objects" / put(store, "a", b"x").content_file).unlink()

    assert store.open("a") is None

    put(store, "a", b"again")
    assert content_of(store, "a") == b"again"


def test_no_key_can_name_a_path(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    put(store, "../../etc/passwd", b"x")

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent for path in files} == {tmp_path / "state" / "objects"}
    assert (
        json.loads(next(path for path in files if path.suffix == ".json").read_text())["key"]
        == "../../etc/passwd"
    )


def files(folder: Path) -> int:
    return len([path for path in folder.rglob("*") if path.is_file()])


def test_objects_of_the_first_format_are_still_read(tmp_path: Path) -> None:
    stored = put(Store(tmp_path), "a", b"hello")
    (document,) = (tmp_path / "objects").glob("*.json")
    members = json.loads(document.read_text())
    for name in ("version_id", "order", "delete_marker"):
        del members[name]
    document.write_text(json.dumps(members))
    (tmp_path / "versions").rmdir()

    restarted = Store(tmp_path)

    assert restarted.find("a") == stored
    assert content_of(restarted, "a", "null") == b"hello"


def test_an_unversioned_object_has_one_version_called_null(tmp_path: Path) -> None:
    store = Store(tmp_path)
    stored = put(store, "a", b"hello")

    assert stored.version_id == ""
    assert store.find("a", "null") == stored
    assert store.find("a", "CAEQ") is None
    assert store.find("b", "null") is None


def test_every_version_of_an_enabled_bucket_stays_readable(tmp_path: Path) -> None:
    store = Store(tmp_path)
    before = put(store, "a", b"before")
    versions = [put(store, "a", content, versioning="Enabled") for content in (b"1", b"2", b"3")]

    assert content_of(store, "a") == b"3"
    assert [content_of(store, "a", version.version_id) for version in versions] == [b"1", b"2", b"3"]
    assert [store.find("a", version.version_id) for version in versions] == versions
    assert (content_of(store, "a", "null"), store.find("a", "null")) == (b"before", before)
    assert content_of(Store(tmp_path), "a", versions[0].version_id) == b"1"


def test_a_version_id_is_64_characters_like_those_of_oss_and_never_the_same(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ids = [put(store, "a", b"", versioning="Enabled").version_id for _ in range(20)]

    assert all(re.fullmatch("CAEQ[0-9A-Za-z]{60}", version_id) for version_id in ids)
    assert len(set(ids)) == 20


def test_a_suspended_bucket_replaces_only_its_null_version(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", b"before")
    kept = put(store, "a", b"kept", versioning="Enabled")
    suspended = put(store, "a", b"null 1", versioning="Suspended")
    put(store, "a", b"null 2", versioning="Suspended")

    assert suspended.version_id == "null"
    assert (content_of(store, "a"), content_of(store, "a", "null")) == (b"null 2", b"null 2")
    assert content_of(store, "a", kept.version_id) == b"kept"
    assert files(tmp_path) == 2 * 2


def test_the_null_version_stays_when_versioning_is_enabled_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", b"null", versioning="Suspended")
    enabled = put(store, "a", b"newest", versioning="Enabled")

    assert (content_of(store, "a"), content_of(store, "a", "null")) == (b"newest", b"null")
    put(store, "a", b"other null", versioning="Suspended")
    assert content_of(store, "a", "null") == b"other null"
    assert content_of(store, "a", enabled.version_id) == b"newest"
    assert files(tmp_path) == 2 * 2


@pytest.mark.parametrize("versioning", ["Enabled", "Suspended"])
def test_nothing_forbids_an_overwrite_in_a_versioned_bucket(tmp_path: Path, versioning: str) -> None:
    store = Store(tmp_path)
    put(store, "a", b"first")
    put(store, "a", b"second", forbid_overwrite=True, versioning=versioning)

    assert content_of(store, "a") == b"second"


def test_versions_committed_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        versions = list(
            pool.map(lambda number: put(store, "a", bytes([number]), versioning="Enabled"), range(40))
        )

    assert [content_of(store, "a", version.version_id) for version in versions] == [
        bytes([number]) for number in range(40)
    ]
    newest = max(versions, key=lambda version: version.order)
    assert store.find("a") == newest


class KilledError(Exception):
    """The process was killed at this point."""


Change = Callable[[Store], Callable[[], object]]


def kill_before_step(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """Let the store fail after `number` file operations; returns the count of those begun."""
    begun = [0]

    def dying(operation: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            begun[0] += 1
            if begun[0] > number:
                raise KilledError
            return operation(*arguments, **options)

        return step

    for name in ("rename", "replace", "unlink", "hardlink_to", "write_text", "mkdir"):
        monkeypatch.setattr(Path, name, dying(getattr(Path, name)))
    return begun


def killed_after_each_step(folder: Path, monkeypatch: pytest.MonkeyPatch, change: Change) -> Iterator[Store]:
    """Make a change in a new store, killed after 0, 1, 2 … file operations, until it ends without a kill.

    Yields each store as it is opened again. `change` prepares a store and returns the change to kill.
    """
    for number in itertools.count():
        killed = Store(folder / str(number))
        act, ended = change(killed), False
        with monkeypatch.context() as killing, suppress(KilledError):
            kill_before_step(killing, number)
            act()
            ended = True
        yield Store(folder / str(number))
        if ended:
            assert number > 3, "the change has fewer file operations than a test of kills is about"
            return


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
    assert not list((folder / "incoming").iterdir())


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
    store = Store(tmp_path)
    stored = put(store, "a", b"x")

    assert store.delete("a", now=2.0) == stored
    assert (store.find("a"), files(tmp_path)) == (None, 0)
    assert store.delete("a", now=2.0) is None


def test_a_delete_marker_hides_the_versions_before_it_until_it_is_deleted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    stored = put(store, "a", b"x", versioning="Enabled")
    marker = store.delete("a", now=2.0, versioning="Enabled")
    assert marker

    assert (marker.delete_marker, store.find("a"), store.newest("a")) == (True, None, marker)
    assert (store.open("a", marker.version_id), store.find("a", marker.version_id)) == (None, marker)
    assert content_of(store, "a", stored.version_id) == b"x"

    assert store.delete("a", now=3.0, version_id=marker.version_id, versioning="Enabled") == marker
    assert content_of(store, "a") == b"x"


def test_a_marker_in_a_suspended_bucket_takes_the_place_of_the_null_version(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", b"null")
    marker = store.delete("a", now=2.0, versioning="Suspended")

    assert marker and marker.version_id == "null"  # noqa: PT018 - for mypy
    assert store.find("a", "null") == marker
    assert files(tmp_path) == 1


def test_the_version_before_becomes_the_newest_when_that_is_deleted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    versions = [put(store, "a", content, versioning="Enabled") for content in (b"1", b"2", b"3")]
    for version, left in zip(reversed(versions), (b"2", b"1", None), strict=True):
        store.delete("a", now=2.0, version_id=version.version_id, versioning="Enabled")
        assert content_of(store, "a") == left

    assert files(tmp_path) == 0


def test_lists_the_objects_written_last_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for key in ("a", "b", "c", "b"):
        put(store, key, b"", versioning="Enabled")
    store.delete("c", now=2.0, versioning="Enabled")

    assert [stored.key for stored in store.latest_objects()] == ["b", "a"]
    assert [stored.key for stored in store.latest_objects(2)] == ["b"]  # its delete marker makes c the last
    assert sorted(stored.key for stored in store.all_objects()) == ["a", "b"]


def test_an_object_that_goes_before_its_document_is_read_is_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for key in ("a", "b"):
        put(store, key, b"")
    entries = list(store._documents._entries())
    store.delete("a", now=2.0)
    store._documents._entries = lambda: iter(entries)  # type: ignore[method-assign]

    assert [stored.key for stored in store.all_objects()] == ["b"]
    assert [stored.key for stored in store.latest_objects()] == ["b"]


def test_an_object_that_goes_while_they_are_listed_is_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for key in ("a", "b"):
        put(store, key, b"")
    newest_first, unordered = store.latest_objects(), store.all_objects()
    assert (next(newest_first).key, next(unordered).key in {"a", "b"}) == ("b", True)
    for key in ("a", "b"):
        store.delete(key, now=2.0)

    assert (list(newest_first), list(unordered)) == ([], [])
