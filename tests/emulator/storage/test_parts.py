import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest

import oss_emulator.storage.contents
from oss_emulator.errors import OssError
from oss_emulator.storage import crc64
from oss_emulator.storage.multipart import Completion, Part, StoredUpload, joined_etag
from oss_emulator.storage.object_version import Metadata, StoredObject
from oss_emulator.storage.store import Store
from tests.support.emulator.stores import (
    assert_every_content_is_named_once,
    content_of,
    contents,
    killed_after_each_step,
    open_store,
    put,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "multipart_etag_crc64.json").read_text())
BIG = 100 * 1024


def metadata(key: str, *, forbid_overwrite: bool = False) -> Metadata:
    return Metadata(key, {"Content-Type": "a/b"}, "default", "IA", forbid_overwrite)


def begin(store: Store, key: str = "a", **options: bool) -> str:
    return store.multipart.begin(metadata(key, **options), now=1.0, versioning="")


def put_part(store: Store, upload_id: str, number: int, content: bytes, key: str = "a") -> Part:
    with store.start() as upload:
        upload.write(content)
        return store.multipart.put_part(key, upload_id, number, upload, now=2.0)


def complete(
    store: Store,
    upload_id: str,
    parts: Sequence[Part] | None = None,
    *,
    forbid_overwrite: bool = False,
    versioning: str = "",
) -> StoredObject:
    listed = None if parts is None else [(part.number, f'"{part.etag}"') for part in parts]
    completion = Completion(listed, "private", forbid_overwrite)
    return store.multipart.complete("a", upload_id, completion, now=3.0, versioning=versioning)


def filled(store: Store) -> tuple[str, list[Part], bytes]:
    """An upload of three parts, numbered 1, 5 and 8."""
    upload_id = begin(store)
    pieces = {1: b"1" * BIG, 5: b"5" * BIG, 8: b"8"}
    parts = [put_part(store, upload_id, number, content) for number, content in pieces.items()]
    return upload_id, parts, b"".join(pieces.values())


def part_content(part: dict[str, Any]) -> bytes:
    return bytes([part["byte"] or 0]) * int(part["size"]) if "byte" in part else str(part["text"]).encode()


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS["etag"] if "parts" in one], ids=lambda vector: vector["name"]
)
def test_etag_and_crc64_are_those_of_the_vectors(tmp_path: Path, vector: dict[str, Any]) -> None:
    store = open_store(tmp_path)
    upload_id = begin(store)
    parts = [
        put_part(store, upload_id, number, part_content(part))
        for number, part in enumerate(vector["parts"], 1)
    ]

    stored = complete(store, upload_id, parts)

    assert [part.etag for part in parts] == vector["part_etags"]
    assert [part.crc64 for part in parts] == vector["part_crc64"]
    assert (stored.etag, stored.crc64) == (vector["etag"], vector["crc64"])


def test_the_etag_is_that_of_a_recorded_answer_of_oss() -> None:
    """Its two parts were never published, only their ETags."""
    (vector,) = [one for one in VECTORS["etag"] if one["kind"] == "published"]
    parts = [Part(number, 0, etag, "0", 2.0) for number, etag in enumerate(vector["part_etags"])]

    assert joined_etag(parts) == vector["etag"]


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS["crc64"] if "text" in one], ids=lambda vector: vector["name"]
)
def test_the_crc64_of_a_part_is_that_of_the_vectors(tmp_path: Path, vector: dict[str, Any]) -> None:
    store = open_store(tmp_path)

    assert put_part(store, begin(store), 1, vector["text"].encode()).crc64 == vector["crc64"]


def test_crcs_are_combined_as_in_the_vectors() -> None:
    (vector,) = [one for one in VECTORS["crc64"] if "parts" in one]
    first, second = map(int, vector["part_crc64"])

    assert crc64.combine(first, second, vector["part_sizes"][1]) == int(vector["crc64"])
    assert crc64.combine(first, 0, 0) == first
    assert crc64.combine(0, second, 49) == second


def test_a_completed_upload_is_an_object_and_survives_a_restart(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id, parts, content = filled(store)
    assert (store.find("a"), len(upload_id)) == (None, 32)

    stored = complete(store, upload_id, parts)

    restarted = open_store(tmp_path)
    assert restarted.find("a") == stored
    assert content_of(restarted, "a") == content
    assert (stored.size, stored.headers, stored.acl) == (len(content), {"Content-Type": "a/b"}, "private")
    assert (stored.storage_class, stored.last_modified, stored.object_type) == ("IA", 3.0, "Multipart")
    assert stored.content_md5 == ""
    assert_every_content_is_named_once(tmp_path)


@pytest.mark.parametrize("start", [0, 1, BIG - 1, BIG, 2 * BIG - 1, 2 * BIG, 2 * BIG + 1])
@pytest.mark.parametrize("size", [1, 2, BIG + 2, -1])
def test_reads_any_range_over_the_parts(tmp_path: Path, start: int, size: int) -> None:
    store = open_store(tmp_path)
    upload_id, parts, content = filled(store)
    complete(store, upload_id, parts)

    opened = store.open("a")
    assert opened
    with opened[1] as file:
        file.seek(start)
        assert file.read(size) == content[start:][: None if size < 0 else size]
        file.seek(-1, 2)
        assert file.read() == content[-1:]


def test_parts_that_are_not_listed_are_removed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id, parts, content = filled(store)

    stored = complete(store, upload_id, parts[1:])

    assert (content_of(store, "a"), stored.etag[-2:]) == (content[BIG:], "-2")
    assert len(contents(tmp_path)) == 2
    assert_every_content_is_named_once(tmp_path)


def test_all_parts_make_the_object_if_none_is_listed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id, _, content = filled(store)
    put_part(store, upload_id, 9, b"9")
    put_part(store, upload_id, 8, b"x" * BIG)

    complete(store, upload_id)

    assert content_of(store, "a") == content[:-1] + b"x" * BIG + b"9"


def test_a_part_replaces_the_one_with_its_number(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id = begin(store)
    old, new = put_part(store, upload_id, 7, b"old"), put_part(store, upload_id, 7, b"new")

    assert store.multipart.parts("a", upload_id, after=0, limit=9)[1] == [new]
    with pytest.raises(OssError, match="400 InvalidPart"):
        complete(store, upload_id, [old])
    complete(store, upload_id, [new])
    assert content_of(store, "a") == b"new"
    assert_every_content_is_named_once(tmp_path)


def test_parts_are_listed_in_pages(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id, parts, _ = filled(store)

    upload, first = store.multipart.parts("a", upload_id, after=0, limit=2)

    assert (upload.id, upload.key, upload.initiated, first) == (upload_id, "a", 1.0, parts[:2])
    assert store.multipart.parts("a", upload_id, after=5, limit=2)[1] == parts[2:]


def test_a_list_never_shows_an_upload_that_ends_meanwhile_without_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads, other = open_store(tmp_path).multipart, open_store(tmp_path).multipart
    upload_id, parts, _ = filled(open_store(tmp_path))
    find = uploads._find

    def aborted_after_a_look(*of: Any) -> StoredUpload:
        found = find(*of)
        other.abort("a", upload_id)
        return found

    monkeypatch.setattr(uploads, "_find", aborted_after_a_look)

    assert uploads.parts("a", upload_id, after=0, limit=9)[1] == parts
    monkeypatch.undo()
    with pytest.raises(OssError):
        uploads.parts("a", upload_id, after=0, limit=9)


def test_deleting_or_replacing_the_object_removes_its_parts(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    complete(store, filled(store)[0])
    put(store, "a", b"whole")
    assert len(contents(tmp_path)) == 1

    complete(store, filled(store)[0])
    assert len(contents(tmp_path)) == 3
    store.delete("a", now=4.0)
    assert contents(tmp_path) == []
    assert_every_content_is_named_once(tmp_path)


def test_a_reader_that_meets_a_replacement_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path)
    complete(store, filled(store)[0])
    find = store.find
    seen: list[StoredObject | None] = []

    def replaced_after_the_first_look(key: str, version_id: str = "") -> StoredObject | None:
        found = find(key, version_id)
        if not seen:
            put(store, "a", b"second")
        seen.append(found)
        return found

    monkeypatch.setattr(store, "find", replaced_after_the_first_look)

    assert content_of(store, "a") == b"second"


def replacements(store: Store, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Replace the object `a` by another of parts after each of the next `times` looks at it."""
    find, left = store.find, iter(range(times))

    def replaced(key: str, version_id: str = "") -> StoredObject | None:
        found = find(key, version_id)
        if next(left, None) is not None:
            complete(store, filled(store)[0])
        return found

    monkeypatch.setattr(store, "find", replaced)


def test_a_reader_looks_again_as_often_as_the_object_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path)
    upload_id, _, content = filled(store)
    complete(store, upload_id)
    replacements(store, monkeypatch, 5)

    assert content_of(store, "a") == content


def test_a_small_object_that_was_opened_is_read_to_its_end(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id, _, content = filled(store)
    complete(store, upload_id)

    opened = store.open("a")
    assert opened
    with opened[1] as file:
        put(store, "a", b"second")
        assert file.read() == content


def test_the_first_part_of_a_large_object_is_opened_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path)
    monkeypatch.setattr(oss_emulator.storage.contents, "READ_AT_ONCE_BYTES", BIG)
    complete(store, filled(store)[0])
    parts_of = store._contents.open_joined

    def removed_meanwhile(parts: Sequence[tuple[str, int]]) -> BinaryIO:
        put(store, "a", b"second")
        return parts_of(parts)

    monkeypatch.setattr(store._contents, "open_joined", removed_meanwhile)

    assert content_of(store, "a") == b"second"


def test_each_version_keeps_its_parts(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id, _, content = filled(store)
    first = complete(store, upload_id, versioning="Enabled")
    put(store, "a", b"second", versioning="Enabled")

    assert content_of(store, "a") == b"second"
    assert content_of(store, "a", first.version_id) == content


def abort(store: Store, upload_id: str) -> None:
    store.multipart.abort("a", upload_id)


@pytest.mark.parametrize("end", [abort, complete])
def test_an_upload_that_has_ended_takes_nothing_more(
    tmp_path: Path, end: Callable[[Store, str], object]
) -> None:
    store = open_store(tmp_path)
    upload_id, parts, _ = filled(store)
    with store.start() as late:
        late.write(b"late")
        end(store, upload_id)
        with pytest.raises(OssError, match="404 NoSuchUpload 0042-00000104"):
            store.multipart.put_part("a", upload_id, 9, late, now=2.0)

    for again in (
        lambda: store.multipart.abort("a", upload_id),
        lambda: store.multipart.parts("a", upload_id, after=0, limit=1),
    ):
        with pytest.raises(OssError, match="404 NoSuchUpload 0042-00000002"):
            again()
    with pytest.raises(OssError, match="404 NoSuchUpload  "):
        complete(store, upload_id, parts)
    assert len(contents(tmp_path)) == (0 if end is abort else 3)
    assert_every_content_is_named_once(tmp_path)


def test_an_upload_belongs_to_its_key(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id = begin(store)

    with pytest.raises(OssError, match="404 NoSuchUpload"):
        put_part(store, upload_id, 1, b"x", key="b")
    assert contents(tmp_path) == []


@pytest.mark.parametrize(
    ("listed", "refusal"),
    [
        ([(5, 0), (1, 0)], "400 InvalidPartOrder 0042-00000209"),
        ([(1, 0), (1, 0)], "400 InvalidPartOrder 0042-00000209"),
        ([(1, 0), (2, 0)], "400 InvalidPart  "),
        ([(1, 5)], "400 InvalidPart  "),
        ([(1, 0), (8, 0), (9, 0)], "400 EntityTooSmall 0042-00000213"),
        ([], "400 InvalidPart  "),
    ],
)
def test_refuses_a_wrong_list_of_parts_and_keeps_the_upload(
    tmp_path: Path, listed: list[tuple[int, int]], refusal: str
) -> None:
    store = open_store(tmp_path)
    upload_id, parts, content = filled(store)
    parts.append(put_part(store, upload_id, 9, b"9"))
    etags = {part.number: part.etag for part in parts}
    named = [(number, f'"{etags.get(other or number, "")}"') for number, other in listed]

    with pytest.raises(OssError, match=refusal):
        store.multipart.complete(
            "a", upload_id, Completion(named, "default", forbid_overwrite=False), now=3.0, versioning=""
        )

    complete(store, upload_id, parts[:3])
    assert content_of(store, "a") == content


def test_overwriting_can_be_forbidden_at_both_ends(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id, _, content = filled(store)
    put(store, "a", b"first")

    with pytest.raises(OssError, match="409 FileAlreadyExists  "):
        begin(store, forbid_overwrite=True)
    with pytest.raises(OssError, match="409 FileAlreadyExists 0042-00000214"):
        complete(store, upload_id, forbid_overwrite=True)
    assert content_of(store, "a") == b"first"
    complete(store, upload_id)
    assert content_of(store, "a") == content


def test_nothing_forbids_an_overwrite_in_a_versioned_bucket(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    put(store, "a", b"first", versioning="Enabled")

    assert complete(store, filled(store)[0], forbid_overwrite=True, versioning="Enabled").version_id


def test_one_of_two_completes_at_once_succeeds(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    upload_id, _, content = filled(store)
    together, outcomes = threading.Barrier(4), []

    def end() -> None:
        together.wait(10)
        try:
            complete(store, upload_id)
            outcomes.append(200)
        except OssError as error:
            outcomes.append(error.status)

    threads = [threading.Thread(target=end) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [200, 404, 404, 404]
    assert content_of(store, "a") == content


def listed_uploads(store: Store, **asked: Any) -> tuple[list[str], bool]:
    wanted = {"prefix": "", "delimiter": "", "after": ("", ""), "limit": 9, **asked}
    found, more = store.multipart.page(**wanted)
    return [one if isinstance(one, str) else one.key for one in found], more


def test_lists_uploads_by_key_and_id(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    keys = ["a", "b/1", "b/2", "b/2", "c"]
    ids = {begin(store, key): key for key in reversed(keys)}
    two = sorted(upload_id for upload_id, key in ids.items() if key == "b/2")

    assert listed_uploads(store) == (keys, False)
    assert listed_uploads(store, limit=2) == (keys[:2], True)
    assert listed_uploads(store, prefix="b/") == (keys[1:4], False)
    assert listed_uploads(store, delimiter="/") == (["a", "b/", "c"], False)
    assert listed_uploads(store, delimiter="/", limit=2) == (["a", "b/"], True)
    assert listed_uploads(store, delimiter="/", after=("b/", "")) == (["c"], False)
    assert listed_uploads(store, after=("b/1", "")) == (["b/2", "b/2", "c"], False)
    assert listed_uploads(store, after=("b/2", two[0])) == (["b/2", "c"], False)
    assert listed_uploads(store, after=("b/2", "")) == (["c"], False)
    assert listed_uploads(store, prefix="b/2", after=("b/2", two[1])) == ([], False)


def test_a_kill_in_a_part_leaves_the_old_one_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids: list[str] = []

    def change(store: Store) -> Callable[[], object]:
        ids[:] = [begin(store)]
        put_part(store, ids[0], 1, b"old")
        return lambda: put_part(store, ids[0], 1, b"new")

    for number, restarted in enumerate(killed_after_each_step(tmp_path, monkeypatch, change)):
        assert_every_content_is_named_once(tmp_path / str(number))
        complete(restarted, ids[0])
        assert content_of(restarted, "a") in {b"old", b"new"}


@pytest.mark.parametrize("versioning", ["", "Enabled"])
def test_a_kill_in_a_complete_leaves_the_upload_or_the_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, versioning: str
) -> None:
    uploads: list[tuple[str, list[Part], bytes]] = []

    def change(store: Store) -> Callable[[], object]:
        put(store, "a", b"before", versioning=versioning)
        uploads[:] = [filled(store)]
        upload_id, parts, _ = uploads[0]
        return lambda: complete(store, upload_id, parts[1:], versioning=versioning)

    for number, restarted in enumerate(killed_after_each_step(tmp_path, monkeypatch, change)):
        upload_id, parts, content = uploads[0]
        assert_every_content_is_named_once(tmp_path / str(number))
        if content_of(restarted, "a") == b"before":
            assert restarted.multipart.parts("a", upload_id, after=0, limit=9)[1] == parts
            complete(restarted, upload_id, parts[1:])
        assert content_of(restarted, "a") == content[BIG:]
        with pytest.raises(OssError, match="404 NoSuchUpload"):
            restarted.multipart.abort("a", upload_id)


def test_a_kill_in_an_abort_leaves_the_whole_upload_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads: list[tuple[str, list[Part], bytes]] = []

    def change(store: Store) -> Callable[[], object]:
        uploads[:] = [filled(store)]
        return lambda: store.multipart.abort("a", uploads[0][0])

    for number, restarted in enumerate(killed_after_each_step(tmp_path, monkeypatch, change)):
        assert_every_content_is_named_once(tmp_path / str(number))
        if contents(tmp_path / str(number)):
            complete(restarted, uploads[0][0], uploads[0][1])
            assert content_of(restarted, "a") == uploads[0][2]
