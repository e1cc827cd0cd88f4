"""`make large`: one file of GIGABYTES (20) through the library, the functions and the stand-in.

A file of 1 GB goes first, and shows how much memory each process takes. The exit status is 1 if one of them
takes more for the large file, or if what is stored is not what was sent. The files are sparse: their zeros
take no room on the disk, nor in the stand-in.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.large_upload import upload
from tests.support.sparse_file import crc64_of_file, sparse_file
from tests.support.stack import Stack

GIGABYTES = 20
GIGABYTE = 1_000_000_000
MAX_BYTES = 100 * 1024**3
MORE_KILOBYTES = 48 * 1024  # that a process may take for the large file


def measure(stack: Stack, folder: Path, gigabytes: int) -> Mapping[str, int]:
    """Upload a file; print the measurements and return the peak memory of each process, in KiB."""
    file = sparse_file(folder / f"{gigabytes}-gb.mp4", gigabytes * GIGABYTE)
    started = time.monotonic()
    uploaded = upload(stack, file)
    seconds = time.monotonic() - started
    parts = uploaded.answer["etag"].rpartition("-")[2]
    peaks = ", ".join(f"{name} {peak / 1024:.0f} MiB" for name, peak in uploaded.peaks.items())
    print(f"{gigabytes} GB in {parts} parts: {seconds:.0f} s; at most {peaks}", flush=True)
    if uploaded.answer["crc64"] != crc64_of_file(file):
        sys.exit("What is stored is not what was sent.")
    return uploaded.peaks


def main(gigabytes: int) -> int:
    """Upload both files; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "state", MAX_BYTES=str(MAX_BYTES))
        try:
            small = measure(stack, Path(folder), 1)
            large = measure(stack, Path(folder), gigabytes)
        finally:
            stack.end()
    grown = {name: peak - small[name] for name, peak in large.items() if peak - small[name] > MORE_KILOBYTES}
    for name, kilobytes in grown.items():
        print(f"{name}: {kilobytes / 1024:.0f} MiB more")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else GIGABYTES))
