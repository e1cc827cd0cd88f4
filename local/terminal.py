"""Where the launcher writes: lines to one file descriptor, from two threads and from signal handlers.

No buffered stream, because a signal handler that prints while the main code prints would raise; and no write
that can block for ever, because a reader that stopped reading must not keep the launcher from ending.
"""

import os
import select
from collections.abc import Callable

PIECE_BYTES = select.PIPE_BUF  # what a pipe that is ready takes at once
LOOK_SECONDS = 1.0  # how long a reader may take before a launcher in a hurry gives up on it


class Terminal:
    """Writes lines until the reader is gone, which it reports once through `on_gone`."""

    def __init__(
        self, descriptor: int, on_gone: Callable[[], None], look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._look_seconds = look_seconds
        self._descriptor = descriptor
        self._on_gone = on_gone
        self._gone = False
        self._hurried = False

    def put(self, line: str) -> None:
        """Write one line; nothing when the reader is gone."""
        if self._gone:
            return
        try:
            self._write(f"{line}\n".encode(errors="replace"))
        except OSError:
            self._leave()

    def hurry(self) -> None:
        """From here on drop what the reader does not take in time."""
        self._hurried = True

    def wait_until_gone(self) -> None:
        """Return when the other end of a pipe or terminal has closed; block for ever on a file."""
        poll = select.poll()
        poll.register(self._descriptor, 0)
        poll.poll()
        self._leave()

    def _write(self, rest: bytes) -> None:
        while rest:
            if select.select([], [self._descriptor], [], self._look_seconds)[1]:
                rest = rest[os.write(self._descriptor, rest[:PIECE_BYTES]) :]
            elif self._hurried:
                return

    def _leave(self) -> None:
        if not self._gone:
            self._gone = True
            self._on_gone()
