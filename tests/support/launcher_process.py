"""The launcher as a person starts it, and the processes that remain after its end.

A process belongs to a launcher if the launcher's state folder is in its environment or its arguments.
"""

import os
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.emulated_function import REPOSITORY
from tests.support.environment import clean_environment, free_ports

PORTS = ("TOKEN_PORT", "CALLBACK_PORT", "UPLOAD_PORT", "SITE_PORT")
LAUNCHER = (sys.executable, "-m", "local.run")
OSS_LAUNCHER = (sys.executable, "-m", "local.run_oss")
END_SECONDS = 30


def environment(state: Path, **chosen: str) -> dict[str, str]:
    """Return an environment for a launcher of its own: free ports, its own state folder."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return {**clean_environment(), **ports, "LOCAL_STATE": str(state), **chosen}


def refused(env: Mapping[str, str], launcher: Sequence[str] = LAUNCHER) -> tuple[int, list[str]]:
    """Run a launcher that refuses to start; return its status and the lines of its output."""
    run = subprocess.run(
        launcher, cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=END_SECONDS, check=False
    )
    return run.returncode, (run.stdout + run.stderr).splitlines()


def left_of(state: Path) -> dict[int, str]:
    """Return the processes of the launcher with this state folder: ids and arguments."""
    processes = {int(folder.name): words(folder) for folder in Path("/proc").glob("[0-9]*")}
    return {pid: said for pid, said in processes.items() if str(state) in said}


def words(process: Path) -> str:
    """Return the arguments and the environment of a process, or nothing if it has ended."""
    try:
        said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    except OSError:
        return ""
    return said.replace(b"\0", b" ").decode(errors="replace")


class LauncherProcess:
    """A launcher in a session of its own, so that a whole group can be signalled."""

    def __init__(self, state: Path, launcher: Sequence[str] = LAUNCHER, **chosen: str) -> None:
        self.env = environment(state, **chosen)
        self.page = f"http://127.0.0.1:{self.env['SITE_PORT']}/"
        self.state = state
        self.process = subprocess.Popen(
            launcher,
            cwd=REPOSITORY,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.output = self.process.stdout

    def read_to(self, text: str) -> str:
        """Return the launcher's output up to the line that holds `text`."""
        said = ""
        for line in self.output:
            said += line.decode()
            if text in said:
                return said
        raise AssertionError(said)

    def left(self) -> dict[int, str]:
        """Return the processes that belong to this launcher, itself included: ids and arguments."""
        return left_of(self.state)

    def wait_until_nothing_is_left(self) -> None:
        """Wait for the end of each remaining process; a pidfd becomes readable then."""
        for pid in self.left():
            try:
                handle = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            ended, _, _ = select.select([handle], [], [], END_SECONDS)
            os.close(handle)
            assert ended, f"{pid} outlived its launcher"
        assert self.left() == {}

    def end(self) -> tuple[int, str]:
        """Return the launcher's exit status and the rest of its output."""
        rest = b"" if self.output.closed else self.output.read()
        status = self.process.wait(END_SECONDS)
        self.output.close()
        return status, rest.decode()
