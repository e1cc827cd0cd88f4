import json
from pathlib import Path

import pytest
from fastcrc import crc64

from oss.errors import OssError
from oss.store import Store, StoredObject


def put(store: Store, key: str, content: bytes, *, forbid_overwrite: bool = False) -> StoredObject:
    with store.start() as upload:
        upload.write(content)
        stored = upload.finish(
            key, now=1.0, headers={"Content-Type": "a/b"}, acl="default", storage_class="IA"
        )
        store.commit(upload, stored, forbid_overwrite=forbid_overwrite)
    return stored


def content_of(store: Store, key: str) -> bytes | None:
    opened = store.open(key)
    if opened is None:
        return None
    with opened[1] as file:
        return file.read()


def test_digests_are_those_oss_gives(tmp_path: Path) -> None:
    stored = put(Store(tmp_path), "a", b"123456789")

    assert stored.etag == "25F9E794323B453885F5181F1B624D0B"
    assert stored.crc64 == str(0x995DC9BBDF1939FA)  # the check value of CRC-64/XZ, which is OSS's variant
    assert stored.content_md5 == "JfnnlDI7RTiF9RgfG2JNCw=="


def test_digests_do_not_depend_on_the_pieces(tmp_path: Path) -> None:
    with Store(tmp_path).start() as upload:
        for byte in b"123456789":
            upload.write(bytes([byte]))
        stored = upload.finish("a", now=1.0, headers={}, acl="default", storage_class="IA")

    assert (stored.size, stored.crc64) == (9, str(crc64.xz(b"123456789")))


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


def test_what_a_killed_process_left_is_swept_at_the_next_start(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", b"whole")
    (tmp_path / "incoming" / "half").write_bytes(b"ha")

    restarted = Store(tmp_path)

    assert list((tmp_path / "incoming").iterdir()) == []
    assert content_of(restarted, "a") == b"whole"


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

    def overwritten_after_the_first_look(key: str) -> StoredObject | None:
        found = find(key)
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
