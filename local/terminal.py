"""The launcher's output: lines to one file descriptor, from two threads and from signal handlers.

The descriptor has no buffered stream: a signal handler that printed to it during another print would raise.
No write blocks for ever: a reader that has stopped reading must not keep the launcher from ending.
"""

import os
import select
from collections.abc import Callable

PIECE_BYTES = select.PIPE_BUF  # a pipe that is ready for writing takes this much without blocking
READER_SECONDS = 1.0  # a launcher that ends drops a line that its reader does not take in this time


class Terminal:
    """Writes lines until the reader has closed its end, and then calls `on_gone` once."""

    def __init__(
        self, descriptor: int, on_gone: Callable[[], None], reader_seconds: float = READER_SECONDS
    ) -> None:
        self._reader_seconds = reader_seconds
        self._descriptor = descriptor
        self._on_gone = on_gone
        self._gone = False
        self._ending = False

    def put(self, line: str) -> None:
        """Write one line, or nothing when the reader is gone."""
        if self._gone:
            return
        try:
            self._write(f"{line}\n".encode(errors="replace"))
        except OSError:
            self._report_gone()

    def drop_late_lines(self) -> None:
        """From now on, drop every line that the reader does not take in time."""
        self._ending = True

    def wait_until_gone(self) -> None:
        """Return when the other end of a pipe or terminal is closed; with a file, never return."""
        poll = select.poll()
        poll.register(self._descriptor, 0)
        poll.poll()
        self._report_gone()

    def _write(self, rest: bytes) -> None:
        while rest:
            if select.select([], [self._descriptor], [], self._reader_seconds)[1]:
                rest = rest[os.write(self._descriptor, rest[:PIECE_BYTES]) :]
            elif self._ending:
                return

    def _report_gone(self) -> None:
        if not self._gone:
            self._gone = True
            self._on_gone()
