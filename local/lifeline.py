"""The lifeline: a file lock that ends every started process when the launcher ends, however that happens.

The launcher holds the lock. Each process that it starts waits for the lock in a thread, and ends itself as
soon as it gets it. The kernel releases a lock when its holder ends, so Ctrl-C, a closed terminal and SIGKILL
all have the same effect, and a process that starts too late gets the lock and ends at once. A POSIX lock
belongs to one process and is not inherited: the relays that honcho forks do not hold it.

`python -m local.lifeline LOCK MODULE ARGUMENT...` is such a process: it runs `python -m MODULE ARGUMENT...`.
"""

import fcntl
import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import IO

GRACE_SECONDS = 4  # honcho sends SIGKILL after 5


class TakenError(Exception):
    """Another launcher holds the lock."""


class Lifeline:
    """The launcher's lock. The launcher must not open the file again: closing it would release the lock."""

    def __init__(self, path: Path) -> None:
        """Take the lock; `TakenError` when another process holds it."""
        self._file: IO[str] = path.open("w", encoding="ascii")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TakenError from error

    def cut(self) -> None:
        """Release the lock: every process that waits for it ends, and so does one that starts later."""
        fcntl.lockf(self._file, fcntl.LOCK_UN)


def end_with_launcher(path: Path) -> None:
    """Wait until the launcher releases the lock; send SIGTERM to this process, later SIGKILL to its group."""
    with path.open(encoding="ascii") as file:
        fcntl.lockf(file, fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Wait for the lock in a thread, and serve in this one."""
    lock, module = Path(sys.argv.pop(1)), sys.argv.pop(1)
    threading.Thread(target=end_with_launcher, args=(lock,), daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
