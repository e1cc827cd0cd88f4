"""2 GiB through a process of its own in little memory, and unusual keys."""

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator.process import BUCKET, EmulatorProcess, parsed_answers, read_headers, received
from tests.support.emulator.scene import BOUNDARY, Seen, file_part, multipart, signed

MEBIBYTE = 1024 * 1024
BLOCK = bytes(range(256)) * 4096
TOTAL_KILOBYTES = 150 * 1024

# Of 2,048 BLOCKs, by other programs: `openssl md5`, and the check that `xz --check=crc64` writes.
BIG_ETAG = '"F65C53CB40E6BECEF872004F80B7B4A0"'
BIG_CRC64 = "17544399884134927249"

on_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """An emulator for this module only, whose large folder is removed after its tests."""
    folder = tmp_path_factory.mktemp("large")
    with EmulatorProcess(folder) as running:
        yield running
    shutil.rmtree(folder)


def form(key: str, **others: str) -> dict[str, str]:
    # without a condition on the key: one with a bare `$` matches nothing
    return signed({"key": key}, pinned=False, now=time.time(), expires=time.time() + 3600) | others


def send(emulator: EmulatorProcess, fields: dict[str, str], mebibytes: int) -> Seen:
    """Post a file of that many BLOCKs."""
    whole = multipart(fields, file_part(b"BLOCKS"))
    before, after = whole.split(b"BLOCKS")
    length = len(before) + mebibytes * MEBIBYTE + len(after)
    head = (
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=120) as raw:
        raw.sendall(head.encode() + before)
        for _ in range(mebibytes):
            raw.sendall(BLOCK)
        raw.sendall(after)
        (answer,) = parsed_answers(received(raw))
    return answer


def fetched_bytes(emulator: EmulatorProcess, key: str) -> int:
    """Read an object to its end; return the number of bytes, headers included."""
    headers = {"Host": "x", "Connection": "close", **read_headers("GET", key)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    count, buffer = 0, bytearray(MEBIBYTE)
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=120) as raw:
        raw.sendall(f"GET /{BUCKET}/{key} HTTP/1.1\r\n{lines}\r\n".encode())
        while piece := raw.recv_into(buffer):
            count += piece
    return count


@on_linux
def test_two_gibibytes_go_through_in_little_memory(large: EmulatorProcess) -> None:
    answer = send(large, form("big"), 2048)

    assert (answer.status, answer.headers["ETag"]) == (204, BIG_ETAG)
    assert answer.headers["x-oss-hash-crc64ecma"] == BIG_CRC64
    assert large.read("HEAD", "big").headers["Content-Length"] == str(2048 * MEBIBYTE)
    assert 2048 * MEBIBYTE < fetched_bytes(large, "big") < 2048 * MEBIBYTE + 2000
    assert large.peak_kilobytes() < TOTAL_KILOBYTES


@on_linux
def test_two_gibibytes_that_are_refused_at_once_are_read_in_little_memory(large: EmulatorProcess) -> None:
    answer = send(large, form("refused", **{"x-oss-signature": "0" * 64}), 2048)

    assert answer.refusal == (403, "SignatureDoesNotMatch", "0002-00000705")
    assert large.peak_kilobytes() < TOTAL_KILOBYTES


@on_linux
def test_a_file_that_is_refused_for_its_last_byte_leaves_nothing(large: EmulatorProcess) -> None:
    sizes = ["content-length-range", 0, 300 * MEBIBYTE - 1]
    fields = signed({"key": "late"}, conditions=[sizes], now=time.time(), expires=time.time() + 3600)

    stored = set((large.folder / "objects").iterdir())
    answer = send(large, fields, 300)

    assert answer.refusal == (400, "EntityTooLarge", "0006-00000003")
    assert set((large.folder / "objects").iterdir()) == stored
    assert large.read("HEAD", "late").status == 404
    assert large.peak_kilobytes() < TOTAL_KILOBYTES


def store_s_own_names() -> list[str]:
    """Keys that are equal to names of the store's own files and folders."""
    return [
        "objects",
        f"objects/{'0' * 32}",
        "0" * 32,
        "index.sqlite",
        "index.sqlite-wal",
        "callback_key.pem",
    ]


ODD_KEYS = [
    "..",
    ".",
    "../../../../../../tmp/escaped",
    "a/../b",
    "a/./b",
    "a//b",
    "a/",
    "b\\..\\c",
    "C:\\Windows\\win.ini",
    "%2F",
    "%2e%2e%2f",
    "%00",
    "%",
    "+ +",
    " ",
    "?acl",
    "a?versionId=1#b",
    "&=;",
    "".join(map(chr, range(1, 32))) + "\x7f\x85",
    "\ufeffbom\u202eltr",
    "e\u0301 and \u00e9",
    "图🙂👩‍👩‍👧",
    "\U0010ffff",
    "k" * 1023,
    "é" * 511,
    "-/switches",
    f"{BUCKET}/a",
    "CON",
    "a:b|c*d<e>\"'`$(f)",
    *store_s_own_names(),
]


def test_keys_as_odd_as_they_may_be_come_back_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    contents = {key: f"{number} {key}".encode() for number, key in enumerate(ODD_KEYS)}
    with EmulatorProcess(folder) as first:
        answers = [post(first, key, content) for key, content in contents.items()]
        assert [answer.status for answer in answers] == [204] * len(ODD_KEYS)
        first.kill()

    with EmulatorProcess(folder) as second:
        assert {key: second.read("GET", key).body for key in ODD_KEYS} == contents

    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    assert {path.parent.name for path in folder.rglob("*") if path.is_file()} == {"state", "objects"}


def post(emulator: EmulatorProcess, key: str, content: bytes) -> Seen:
    body = multipart(form(key), file_part(content))
    head = (
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    (answer,) = emulator.answers(head.encode() + body)
    return answer
