"""The processes of `make run` or `make oss` on honcho's Manager; their ending leaves nothing behind.

honcho 2.0 starts each command in a session of its own behind a forked relay, and loses some of them when a
signal comes early, when the terminal closes or when its own output breaks. So the ending is not left to its
signals: the lifeline ends every process, and honcho only waits and relays.
"""

import http.client
import multiprocessing
import os
import shlex
import signal
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from honcho.manager import Manager

from local.lifeline import Lifeline
from local.process_spec import ProcessSpec
from local.terminal import Terminal

LOOK_SECONDS = 0.1
LONGEST_END_SECONDS = 10  # the lifeline needs 4; see `Processes.terminate`
HANGUP_STATUS = 128 + signal.SIGHUP


class Message(Protocol):
    """What honcho gives its printer."""

    name: str
    data: str | bytes


class LogLines:
    """honcho's printer: one line of a process is one line here, under its name."""

    width = 0

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def write(self, message: Message) -> None:
        """Write a message, which may be several lines."""
        text = message.data.decode(errors="replace") if isinstance(message.data, bytes) else message.data
        for line in text.splitlines():
            self._terminal.put(f"{message.name.ljust(self.width)} | {line}")


class Processes(Manager):  # type: ignore[misc] # honcho ships no types
    """All members; `loop` returns when every one of them has ended."""

    def __init__(
        self, members: Iterable[ProcessSpec], folder: Path, lifeline: Lifeline, ready_line: str
    ) -> None:
        # a relay must be a fork: it inherits the handlers below and so survives signals to the whole group
        multiprocessing.set_start_method("fork")
        self.returncode: int | None = None
        self._terminal = Terminal(1, lambda: os.kill(self._launcher, signal.SIGHUP))
        super().__init__(LogLines(self._terminal))
        self._launcher = os.getpid()
        self._lifeline = lifeline
        self._members = tuple(members)
        self._ready_line = ready_line
        self._ending = threading.Event()
        for member in self._members:
            command = f"exec {shlex.join(member.arguments)}"  # without exec, a shell stands in between
            self.add_process(member.name, command, env=dict(member.env), cwd=str(folder))
        signal.signal(signal.SIGHUP, self._hang_up)

    def run(self) -> int:
        """Start everything, relay until all has ended, return the exit status."""
        try:
            self.loop()
        finally:
            self.terminate()
        status = self.returncode or 0
        return status if status > 0 else 1

    def terminate(self) -> None:
        """End every member. honcho calls this on SIGINT, on SIGTERM and when one has stopped."""
        if os.getpid() != self._launcher or self._ending.is_set():
            return
        stopped = [name for name, state in self._processes.items() if state.get("returncode") is not None]
        self._ending.set()
        self._lifeline.cut()
        self._terminal.hurry()
        # had something killed a relay, honcho would wait for its word for ever: then the kernel ends us
        signal.alarm(LONGEST_END_SECONDS)
        for name in stopped:
            self._terminal.put(f"{name} ended by itself; its last lines say why. Ending the others.")

    def _hang_up(self, _number: int, _frame: object) -> None:
        self.returncode = self.returncode or HANGUP_STATUS
        self.terminate()

    def _start(self) -> None:
        super()._start()
        # only now: a fork while a second thread runs may copy a lock that nobody will release
        threading.Thread(target=self._attend, daemon=True).start()

    def _attend(self) -> None:
        """Say when all members answer, then watch whether anybody still reads what we write."""
        for member in self._members:
            while not self._ending.is_set() and not answers(member.port):
                self._ending.wait(LOOK_SECONDS)
        if not self._ending.is_set():
            self._terminal.put(self._ready_line)
        self._terminal.wait_until_gone()


def answers(port: int) -> bool:
    """Say whether something speaks HTTP on this port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/-/faults")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
