"""Files of many gigabytes that take no room on the disk, although no two of their parts are alike."""

from __future__ import annotations

from pathlib import Path

from fastcrc import crc64

MARK_EVERY = 8 * 1024**2  # bytes: the smallest part of an upload
CHUNK_BYTES = 16 * 1024**2


def sparse_file(path: Path, size: int) -> Path:
    """Write zeros, and every 8 MiB a number of its own."""
    with path.open("wb") as file:
        file.truncate(size)
        for start in range(0, size - 8, MARK_EVERY):
            file.seek(start)
            file.write(start.to_bytes(8, "big"))
    return path


def crc64_of_file(path: Path) -> str:
    """Return the CRC-64 (ECMA-182) of a file of any size, as OSS writes it."""
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            crc = crc64.xz(chunk, crc)
    return str(crc)
