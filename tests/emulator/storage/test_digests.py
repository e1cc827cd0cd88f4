import threading
from hashlib import md5
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastcrc import crc64

from oss_emulator.storage import digests
from oss_emulator.storage.digests import BESIDE_FROM_BYTES, BLOCK_BYTES, MAX_BLOCKS, Digests
from tests.support.emulator.stores import contents, open_store

BLOCK = bytes(range(256)) * (BLOCK_BYTES // 256)
LARGE = BLOCK * (BESIDE_FROM_BYTES // BLOCK_BYTES + 4) + b"end"
SIDE_THREAD = "oss-emulator-digests"


def side_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(SIDE_THREAD)]


class Crc:
    """Computes a CRC-64 as fastcrc does, in the side thread only when it is let go on."""

    def __init__(self, error: Exception | None = None) -> None:
        self.goes_on = threading.Event()
        self.ended = 0
        self.error = error

    def __call__(self, chunk: bytes, before: int) -> int:
        if threading.current_thread().name.startswith(SIDE_THREAD):
            assert self.goes_on.wait(30)
            if self.error:
                raise self.error
        self.ended += 1
        return crc64.xz(chunk, before)


def replaced(monkeypatch: pytest.MonkeyPatch, crc: Crc) -> Crc:
    monkeypatch.setattr(digests, "crc64", SimpleNamespace(xz=crc))
    return crc


@pytest.mark.parametrize("piece_bytes", [65_537, BLOCK_BYTES, len(LARGE)])
def test_the_digests_of_a_large_content_are_those_of_its_bytes_in_their_order(
    tmp_path: Path, piece_bytes: int
) -> None:
    store = open_store(tmp_path)
    with store.start() as upload:
        for start in range(0, len(LARGE), piece_bytes):
            upload.write(LARGE[start : start + piece_bytes])
        found = upload.finish()
        assert upload.finish() == found

    assert found == (md5(LARGE).digest(), str(crc64.xz(LARGE)))
    assert side_threads() == []


def test_a_large_content_is_received_while_it_is_hashed_but_not_far_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crc = replaced(monkeypatch, Crc())
    hashed = Digests()
    written: list[int] = []  # for each block that was taken: how many were done then

    def write(count: int) -> None:
        for _ in range(count):
            hashed.update(BLOCK)
            written.append(crc.ended)

    at_once = BESIDE_FROM_BYTES // BLOCK_BYTES
    write(at_once + MAX_BLOCKS)
    assert written[at_once:] == [at_once] * MAX_BLOCKS
    receiving = threading.Thread(target=write, args=(9,))
    receiving.start()
    crc.goes_on.set()
    receiving.join()
    count = at_once + MAX_BLOCKS + 9
    assert all(block - done < MAX_BLOCKS for block, done in enumerate(written))
    assert hashed.finish()[0] == md5(BLOCK * count).digest()
    hashed.close()


def test_an_upload_that_breaks_off_leaves_neither_thread_nor_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path)
    crc = replaced(monkeypatch, Crc())

    with pytest.raises(ConnectionError), store.start() as upload:  # noqa: PT012 - the upload ends by it
        for _ in range(BESIDE_FROM_BYTES // BLOCK_BYTES + MAX_BLOCKS):
            upload.write(BLOCK)
        crc.goes_on.set()
        raise ConnectionError

    assert (side_threads(), contents(tmp_path)) == ([], [])


def test_an_error_of_the_side_thread_ends_the_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path)
    crc = replaced(monkeypatch, Crc(MemoryError("no memory")))
    crc.goes_on.set()

    with pytest.raises(MemoryError, match="no memory"), store.start() as upload:  # noqa: PT012 - it may raise at any
        for _ in range(BESIDE_FROM_BYTES // BLOCK_BYTES + 9):
            upload.write(BLOCK)

    assert (side_threads(), contents(tmp_path)) == ([], [])
