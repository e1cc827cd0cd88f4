"""What keeps a started process from outliving the launcher, however the launcher ends.

The launcher holds a lock on a file; every process it starts waits for that lock in a thread and ends itself
when it gets it. The kernel gives a lock back when its holder ends, so Ctrl-C, a closed terminal and SIGKILL
all work alike, and a process that starts late finds the lock free and ends at once. POSIX locks belong to one
process and are not inherited, so honcho's forked relays do not keep the line alive.

Run as a script this is one such process: `python lifeline.py LOCK ARGUMENT...` is
`functions-framework ARGUMENT...` on that line.
"""

import fcntl
import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import IO

GRACE_SECONDS = 4  # below honcho's own 5, after which it kills


class TakenError(Exception):
    """Another launcher holds the line."""


class Lifeline:
    """The launcher's end. Nothing else in the launcher may open the file: closing it would drop the lock."""

    def __init__(self, path: Path) -> None:
        """Take the lock; `TakenError` when another process holds it."""
        self._file: IO[str] = path.open("w", encoding="ascii")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TakenError from error

    def cut(self) -> None:
        """End every process on the line, now or when it starts."""
        fcntl.lockf(self._file, fcntl.LOCK_UN)


def end_with_launcher(path: Path) -> None:
    """Wait until the launcher lets go, then end this process group: politely, after a grace for good."""
    with path.open(encoding="ascii") as file:
        fcntl.lockf(file, fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Follow the line in a thread and serve in this one."""
    lock = Path(sys.argv.pop(1))
    threading.Thread(target=end_with_launcher, args=(lock,), daemon=True).start()
    runpy.run_module("functions_framework", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
