"""A file of any size through library, functions and stand-in, and how much memory each of them took."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.environment import clean_environment, processes_at
from tests.support.stack import Stack

PROGRAM = Path(__file__).parent / "upload_file.mjs"
CLEAR_PEAK = "5"  # Linux, proc_pid_clear_refs(5)


class Uploaded(NamedTuple):
    """The callback's answer, and the peak memory of each process during the upload, in KiB."""

    answer: Any
    peaks: Mapping[str, int]


def upload(stack: Stack, file: Path) -> Uploaded:
    """Upload a file in a process of its own."""
    node = shutil.which("node")
    assert node, "Node.js is not on the path"
    serving = {
        name: processes_at(address.rpartition(":")[2])
        for name, address in (
            ("token", stack.token),
            ("callback", stack.callback),
            ("stand-in", stack.upload),
        )
    }
    for pid in chain.from_iterable(serving.values()):
        Path(f"/proc/{pid}/clear_refs").write_text(CLEAR_PEAK)
    finished = subprocess.run(
        [node, PROGRAM, stack.token, file],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    said = json.loads(finished.stdout)
    peaks = {name: sum(map(peak_kilobytes, pids)) for name, pids in serving.items()}
    return Uploaded(said["answer"], {"client": said["peakKilobytes"], **peaks})


def peak_kilobytes(pid: int) -> int:
    """Return the most memory that a process has had since its peak was cleared."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
