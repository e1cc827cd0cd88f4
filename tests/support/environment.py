"""What the tests' own processes start in: free ports, and an environment that no shell decides."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on; held together until all are found, so that no two are the same."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def processes_at(port: int | str) -> list[int]:
    """Return the processes that were started to serve a port: gunicorn's own, and then its workers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may end while it is looked at
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"--port" in words and words[words.index(b"--port") + 1] == str(port).encode():
                found.append(int(folder.name))
    return sorted(found)


def coverage_variables() -> dict[str, str]:
    """Return what lets the test run measure the functions inside a process."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}


def clean_environment() -> dict[str, str]:
    """Return what starts programs, and what measures them."""
    return {**{name: os.environ[name] for name in KEPT if name in os.environ}, **coverage_variables()}
