import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from oss_emulator.errors import OssError
from oss_emulator.storage.buckets import Buckets, StoredBucket
from oss_emulator.storage.multipart import Completion
from oss_emulator.storage.object_version import Metadata
from oss_emulator.storage.store import Statistics, Store
from tests.support.emulator.stores import assert_every_content_is_named_once, content_of, contents


@pytest.fixture
def buckets(tmp_path: Path) -> Buckets:
    found = Buckets(tmp_path)
    for number, name in enumerate(("bbb-2", "aaa", "bbb-1")):
        assert found.create(name, acl="private", now=float(number))
    return found


def test_large_rows_are_not_remembered(buckets: Buckets) -> None:
    size, parts = 200_000, [f"part {number}" for number in range(20)]
    for part in parts:
        buckets.configure("aaa", part, b"x" * size)
    tracemalloc.start()
    try:
        assert {len(buckets.configuration("aaa", part) or b"") for part in parts} == {size}
        remembered, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert remembered < size


def put(store: Store, key: str, content: bytes, versioning: str = "") -> None:
    with store.start() as upload:
        upload.write(content)
        metadata = Metadata(key, {}, "default", "Standard", forbid_overwrite=False)
        store.save(upload, metadata, now=1.0, versioning=versioning)


def test_buckets_survive_a_restart_and_are_listed_by_name(buckets: Buckets, tmp_path: Path) -> None:
    listed = [
        StoredBucket("aaa", 1.0, "private"),
        StoredBucket("bbb-1", 2.0, "private"),
        StoredBucket("bbb-2", 0.0, "private"),
    ]

    assert buckets.page(limit=9) == Buckets(tmp_path).page(limit=9) == listed
    assert buckets.page(prefix="bbb", limit=9) == listed[1:]
    assert buckets.page(after="aaa", limit=1) == listed[1:2]
    assert buckets.find("aaa") == listed[0]
    assert buckets.find("aa") is None


def test_a_bucket_that_is_created_again_keeps_its_time_and_gets_the_acl(buckets: Buckets) -> None:
    assert not buckets.create("aaa", acl="public-read", now=9.0)

    assert buckets.find("aaa") == StoredBucket("aaa", 1.0, "public-read")


def test_the_changes_of_another_process_count_at_once(buckets: Buckets, tmp_path: Path) -> None:
    other = Buckets(tmp_path)
    put(other.store("aaa"), "a", b"x")
    first = buckets.store("aaa").find("a")
    assert (buckets.find("aaa"), buckets.find("new")) == (StoredBucket("aaa", 1.0, "private"), None)
    assert buckets.configuration("aaa", "cors") is None

    other.create("aaa", acl="public-read", now=9.0)
    other.create("new", acl="private", now=9.0)
    other.configure("aaa", "cors", b"rules")
    put(other.store("aaa"), "a", b"y")

    assert first is not None
    assert buckets.store("aaa").find("a") == other.store("aaa").find("a") != first
    assert buckets.find("aaa") == StoredBucket("aaa", 1.0, "public-read")
    assert buckets.find("new") is not None
    assert buckets.configuration("aaa", "cors") == b"rules"
    other.store("aaa").delete("a", now=9.0)
    assert buckets.store("aaa").find("a") is None
    assert buckets.store("aaa").open("a") is None


def test_one_look_finds_what_it_found_and_the_next_one_what_is_there(
    buckets: Buckets, tmp_path: Path
) -> None:
    first = buckets.get("aaa")
    with ThreadPoolExecutor(1) as another_thread:
        with buckets.look:
            assert buckets.find("aaa") == first
            Buckets(tmp_path).create("aaa", acl="public-read", now=9.0)
            assert buckets.find("aaa") == first
            assert another_thread.submit(buckets.find, "aaa").result() == replace(first, acl="public-read")
        assert buckets.find("aaa") == replace(first, acl="public-read")


def test_a_look_that_misses_a_content_looks_again(buckets: Buckets, tmp_path: Path) -> None:
    store, other = buckets.store("aaa"), Buckets(tmp_path).store("aaa")
    put(other, "a", b"first")
    with buckets.look:
        assert content_of(store, "a") == b"first"
        put(other, "a", b"second")
        assert content_of(store, "a") == b"second"


def test_each_bucket_has_objects_of_its_own(buckets: Buckets) -> None:
    for name in ("aaa", "bbb-1"):
        put(buckets.store(name), "a", name.encode())
    put(buckets.store("aaa"), "b", b"")
    buckets.store("aaa").delete("a", now=2.0)

    assert list(buckets.store("aaa").page(limit=9).entries) == ["b"]
    assert list(buckets.store("bbb-1").page(limit=9).entries) == ["a"]
    assert [found.key for found in buckets.store("bbb-1").latest_objects(9)] == ["a"]
    assert buckets.store("bbb-2").find("a") is None


def test_deletes_an_empty_bucket_once(buckets: Buckets) -> None:
    put(buckets.store("aaa"), "a", b"x")
    buckets.store("aaa").delete("a", now=2.0)
    buckets.delete("aaa")

    assert buckets.find("aaa") is None
    with pytest.raises(OssError, match="404 NoSuchBucket 0015-00000101"):
        buckets.delete("aaa")


def test_a_bucket_with_an_unfinished_upload_stays_and_a_deleted_one_takes_none(buckets: Buckets) -> None:
    store = buckets.store("aaa")
    metadata = Metadata("a", {}, "default", "Standard", forbid_overwrite=False)
    upload_id = store.multipart.begin(metadata, now=1.0, versioning="")

    with pytest.raises(OssError, match="409 BucketNotEmpty"):
        buckets.delete("aaa")
    store.multipart.abort("a", upload_id)
    buckets.delete("aaa")
    with pytest.raises(OssError, match="404 NoSuchBucket"):
        store.multipart.begin(metadata, now=1.0, versioning="")


@pytest.mark.parametrize("deleted", [False, True], ids=["object", "marker"])
def test_a_bucket_that_is_not_empty_stays(buckets: Buckets, deleted: bool) -> None:  # noqa: FBT001
    store = buckets.store("aaa")
    put(store, "a", b"x", "Enabled")
    if deleted:
        found = store.find("a")
        assert found
        store.delete("a", now=2.0, versioning="Enabled")
        store.delete("a", now=2.0, version_id=found.version_id, versioning="Enabled")

    with pytest.raises(OssError, match="409 BucketNotEmpty"):
        buckets.delete("aaa")
    assert buckets.find("aaa")


def test_an_upload_into_a_bucket_that_is_deleted_meanwhile_is_refused(
    buckets: Buckets, tmp_path: Path
) -> None:
    store = buckets.store("aaa")
    metadata = Metadata("a", {}, "default", "Standard", forbid_overwrite=False)
    with store.start() as upload:
        buckets.delete("aaa")
        with pytest.raises(OssError, match="404 NoSuchBucket"):
            store.save(upload, metadata, now=1.0)

    assert list((tmp_path / "objects").iterdir()) == []


def test_a_reset_removes_everything_but_the_buckets_that_it_names(tmp_path: Path) -> None:
    buckets = Buckets(tmp_path)
    for name in ("examplebucket", "another"):
        buckets.create(name, acl="private", now=1.0)
    buckets.configure("examplebucket", "cors", b"x")
    store = buckets.store("examplebucket")
    for versioning in ("", "Enabled", "Enabled"):
        put(store, "a", b"1", versioning)
    store.delete("a", now=2.0, versioning="Enabled")
    metadata = Metadata("parts", {}, "default", "Standard", forbid_overwrite=False)
    for complete in (True, False):
        upload_id = store.multipart.begin(metadata, now=1.0, versioning="")
        with store.start() as upload:
            upload.write(b"part")
            part = store.multipart.put_part("parts", upload_id, 1, upload, now=1.0)
        if complete:
            wanted = Completion([(1, f'"{part.etag}"')], "default", forbid_overwrite=False)
            store.multipart.complete("parts", upload_id, wanted, now=1.0, versioning="")

    with store.start() as upload:
        upload.write(b"meanwhile")
        buckets.reset(["examplebucket", "new"], acl="public-read", now=3.0)
        assert contents(tmp_path) == [upload.content_file]
        store.save(upload, metadata, now=4.0)

    assert buckets.page(limit=9) == [
        StoredBucket("examplebucket", 3.0, "public-read"),
        StoredBucket("new", 3.0, "public-read"),
    ]
    assert buckets.configuration("examplebucket", "cors") is None
    assert [(one.key, one.size) for one in store.latest_objects(9)] == [("parts", 9)]
    assert store.statistics() == Statistics(bytes=9, objects=1, uploads=0)
    assert_every_content_is_named_once(tmp_path)
