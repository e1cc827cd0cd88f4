"""Free ports for the processes that tests start, and an environment without the developer's settings."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from local.launcher import is_free

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
FIRST_PORT = 10_081  # browsers block 10080 and some below (Fetch, "port blocking")
CLIENT_PORTS = 32_768  # Linux gives clients this one and those above, other systems higher ones
SHARES = 8
END_SECONDS = 5


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, each returned once in this process.

    The ports lie below the range from which the system takes the ports of clients, so that no connection of
    another test takes one before its server listens. Each worker of pytest-xdist has a share of its own.
    """
    return list(itertools.islice(_ports, count))


def _search_ports() -> Iterator[int]:
    """Yield the free ports of this worker's share, from a random one on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES
    share = range(FIRST_PORT + worker, CLIENT_PORTS, SHARES)
    start = random.randrange(len(share))
    for number in itertools.count(start):
        port = share[number % len(share)]
        if is_free(port):
            yield port


_ports = _search_ports()


def processes_at(port: int | str) -> list[int]:
    """Return the processes that serve a port: first gunicorn's parent process, then its workers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # a process may end while it is read
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"--port" in words and words[words.index(b"--port") + 1] == str(port).encode():
                found.append(int(folder.name))
    return sorted(found)


def end_server(process: subprocess.Popen[Any]) -> None:
    """End a server of gunicorn, which must lead a session of its own.

    SIGINT does not wait for connections that are kept alive. A worker that was being forked at that moment
    misses it, and gunicorn would wait 30 s for that worker.
    """
    process.send_signal(signal.SIGINT)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def coverage_variables() -> dict[str, str]:
    """Return the variables with which the test run measures the coverage of a started process."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}


def clean_environment() -> dict[str, str]:
    """Return the few variables that programs need, and those for coverage."""
    return {**{name: os.environ[name] for name in INHERITED if name in os.environ}, **coverage_variables()}
