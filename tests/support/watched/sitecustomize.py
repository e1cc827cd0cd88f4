"""Python loads this before the code of a watched function: it records connections and changes the clock.

`WATCHED_SOCKETS` is a file that gets a line for each name looked up and each address connected to;
connections to other machines are refused. `WATCHED_CLOCK` is a file with the seconds by which the clock is
wrong. `WATCHED_KEY_HOST` is the port on this machine that stands for the server of OSS's keys, and
`WATCHED_AUTHORITY` the certificate that the function trusts then.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

KEY_HOST = "gosspublic.alicdn.com"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ARGUMENT = {"socket.getaddrinfo": 0, "socket.connect": 1}  # the index of its host or address

sockets, clock, key_port = map(os.environ.get, ("WATCHED_SOCKETS", "WATCHED_CLOCK", "WATCHED_KEY_HOST"))
true_time, look_up = time.time, socket.getaddrinfo


def note(what: str, host: object, port: object) -> None:
    """Append a line about a host and port."""
    with Path(str(sockets)).open("a", encoding="utf-8") as file:
        file.write(f"{what} {host} {port}\n")


def watch(event: str, arguments: Any) -> None:
    """Note a look-up or connection; refuse it if it is not to this machine."""
    if event not in ARGUMENT:
        return
    where = arguments[ARGUMENT[event]]
    host, port = where[:2] if isinstance(where, tuple) else (where, arguments[1])
    note(event.rpartition(".")[2], host, port)
    if host not in LOOPBACK:
        raise OSError(f"{host} is not this machine")


def wrong_time() -> float:
    """Return the time of the wrong clock."""
    return true_time() + float(Path(str(clock)).read_text(encoding="ascii"))


def find_key_host(host: Any, port: Any, *options: Any, **named: Any) -> Any:
    """Look a name up; the server of OSS's keys is found on this machine."""
    if host == KEY_HOST:
        note("getaddrinfo", host, port)
        host, port = LOOPBACK[0], key_port
    return look_up(host, port, *options, **named)


if sockets:
    sys.addaudithook(watch)
if clock:
    time.time = wrong_time
if key_port:
    import certifi

    socket.getaddrinfo = find_key_host
    certifi.where = lambda: os.environ["WATCHED_AUTHORITY"]
