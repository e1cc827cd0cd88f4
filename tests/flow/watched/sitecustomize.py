"""Loaded by a function's process before its own code: where it connects to, and what time it believes in.

`WATCHED_SOCKETS` is a file that gets a line for each name looked up and each address connected to; what is
not this machine is refused there, so no test leaves it. `WATCHED_CLOCK` is a file with the seconds by which
its clock is wrong.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ASKED = {"socket.getaddrinfo": 0, "socket.connect": 1}  # where the event has its host or address

sockets, clock, true_time = os.environ.get("WATCHED_SOCKETS"), os.environ.get("WATCHED_CLOCK"), time.time


def watch(event: str, arguments: Any) -> None:
    """Write down where a socket is to go; refuse it if that is another machine."""
    if event not in ASKED or not sockets:
        return
    where = arguments[ASKED[event]]
    host, port = where[:2] if isinstance(where, tuple) else (where, arguments[1])
    with Path(sockets).open("a", encoding="utf-8") as file:
        file.write(f"{event.rpartition('.')[2]} {host} {port}\n")
    if host not in LOOPBACK:
        raise OSError(f"{host} is not this machine")


def wrong_time() -> float:
    """Return the time on the clock that a test has put wrong."""
    return true_time() + float(Path(str(clock)).read_text(encoding="ascii"))


if sockets:
    sys.addaudithook(watch)
if clock:
    time.time = wrong_time
