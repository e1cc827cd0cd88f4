"""The processes of `make run` or `make oss`, run by honcho's Manager; none of them outlives the launcher.

honcho 2.0 starts each command in a session of its own, behind a process that it forks to relay the output. It
leaves some commands running when a signal comes early, when the terminal closes or when its own output fails.
So the lifeline ends every process, not honcho's signals; honcho only waits and passes on the output.
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

POLL_SECONDS = 0.1
MAX_END_SECONDS = 10  # the lifeline needs 4; see `Processes.terminate`
HANGUP_STATUS = 128 + signal.SIGHUP


class Message(Protocol):
    """What honcho passes to its printer."""

    name: str
    data: str | bytes


class LogPrinter:
    """honcho's printer: it writes each line of a process after the name of the process."""

    width = 0

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def write(self, message: Message) -> None:
        """Write a message, which may hold several lines."""
        text = message.data.decode(errors="replace") if isinstance(message.data, bytes) else message.data
        for line in text.splitlines():
            self._terminal.put(f"{message.name.ljust(self.width)} | {line}")


class Processes(Manager):  # type: ignore[misc] # honcho ships no types
    """All processes; `loop` returns when every one of them has ended."""

    def __init__(
        self, specs: Iterable[ProcessSpec], folder: Path, lifeline: Lifeline, ready_line: str
    ) -> None:
        # a relay must be forked: it then inherits the handlers below, and survives a signal to the whole
        # group
        multiprocessing.set_start_method("fork")
        self.returncode: int | None = None
        self._terminal = Terminal(1, lambda: os.kill(self._launcher, signal.SIGHUP))
        super().__init__(LogPrinter(self._terminal))
        self._launcher = os.getpid()
        self._lifeline = lifeline
        self._specs = tuple(specs)
        self._ready_line = ready_line
        self._ending = threading.Event()
        for spec in self._specs:
            command = f"exec {shlex.join(spec.arguments)}"  # without exec, the shell would stay as the parent
            self.add_process(spec.name, command, env=dict(spec.env), cwd=str(folder))
        signal.signal(signal.SIGHUP, self._hang_up)

    def run(self) -> int:
        """Start everything, pass on the output until all has ended, return the exit status."""
        try:
            self.loop()
        finally:
            self.terminate()
        status = self.returncode or 0
        return status if status > 0 else 1

    def terminate(self) -> None:
        """End every process. honcho calls this on SIGINT, on SIGTERM and when a process has stopped."""
        if os.getpid() != self._launcher or self._ending.is_set():
            return
        stopped = [name for name, state in self._processes.items() if state.get("returncode") is not None]
        self._ending.set()
        self._lifeline.cut()
        self._terminal.drop_late_lines()
        # if something killed a relay, honcho would wait for it for ever: then this alarm ends the launcher
        signal.alarm(MAX_END_SECONDS)
        for name in stopped:
            self._terminal.put(f"{name} ended by itself; its last lines say why. Ending the others.")

    def _hang_up(self, _number: int, _frame: object) -> None:
        self.returncode = self.returncode or HANGUP_STATUS
        self.terminate()

    def _start(self) -> None:
        super()._start()
        # not earlier: a fork beside a second thread may copy a lock that nobody will release
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """Print the ready line when all processes answer; then wait for the reader of the output to end."""
        for spec in self._specs:
            while not self._ending.is_set() and not answers(spec.port):
                self._ending.wait(POLL_SECONDS)
        if not self._ending.is_set():
            self._terminal.put(self._ready_line)
        self._terminal.wait_until_gone()


def answers(port: int) -> bool:
    """Tell whether a server on this port answers HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/-/faults")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
