"""Uploads of any size take the same memory: in the client, the functions and the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.large_upload import upload
from tests.support.sparse_file import crc64_of_file, sparse_file
from tests.support.stack import Stack

GIGABYTE = 1_000_000_000
MORE_KILOBYTES = 48 * 1024  # that a process may take for 1.5 GB more

on_linux = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from /proc"
)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path / "state", MAX_BYTES=str(2 * GIGABYTE))
    yield stack
    stack.end()


@on_linux
def test_two_gigabytes_take_as_little_memory_as_half_a_gigabyte(stack: Stack, tmp_path: Path) -> None:
    small = upload(stack, sparse_file(tmp_path / "small.mp4", GIGABYTE // 2))
    film = sparse_file(tmp_path / "film.mp4", 2 * GIGABYTE)
    large = upload(stack, film)
    assert large.answer["crc64"] == crc64_of_file(film)
    grown = {name: peak - small.peaks[name] for name, peak in large.peaks.items()}
    assert max(grown.values()) < MORE_KILOBYTES, grown
