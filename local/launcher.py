"""What both launchers do around their processes. What is known to fail is said in one sentence beforehand.

Only the standard library is imported here: what else is needed may not be installed yet.
"""

import importlib.util
import os
import re
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn

from local.lifeline import Lifeline, TakenError
from local.process_spec import HOST, Paths, ProcessSpec

REPOSITORY = Path(__file__).resolve().parent.parent
NEEDED = ("honcho", "functions_framework", "cryptography", "multipart", "fastcrc")
HIGHEST_PORT = 65535
INTERRUPTED_STATUS = 130


def launch(target: str, start: Callable[[Mapping[str, str]], int]) -> NoReturn:
    """Check what is installed, start with the environment, and exit with the status."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)}. `{target}` sets everything up.")
    try:
        sys.exit(start(os.environ))
    except KeyboardInterrupt:  # before anything was started
        sys.exit(INTERRUPTED_STATUS)


def state_files(env: Mapping[str, str], default: str) -> Paths:
    """Return the files below LOCAL_STATE, or below `default` in the repository."""
    return Paths(REPOSITORY, Path(env.get("LOCAL_STATE") or REPOSITORY / default).resolve())


def take_state_folder(files: Paths, prepare: Callable[[], object]) -> Lifeline:
    """Make the state folder, take its lifeline, prepare the rest; exit with a sentence if that fails."""
    try:
        files.state.mkdir(parents=True, exist_ok=True)
        lifeline = Lifeline(files.lock)
        prepare()
    except TakenError:
        user = "Another `make run` or `make oss`"
        sys.exit(f"{user} uses {files.state}: end it, or set LOCAL_STATE to another folder.")
    except OSError as error:
        sys.exit(f"{files.state} cannot be used ({error.strerror}): set LOCAL_STATE to another folder.")
    return lifeline


def callback_public_key(path: Path, option: str = "") -> str:
    """Return the public half of the callback key at `path`, made when absent; exit with a sentence if not.

    `option` is the name of the variable that gave the path, which is then not shown: it might be a key.
    """
    from oss_emulator.callback.key import load_or_make_key, public_pem  # noqa: PLC0415

    try:
        return public_pem(load_or_make_key(path)).decode()
    except (TypeError, ValueError):
        if option:
            sys.exit(f"The file that {option} names is not a private RSA key.")
        sys.exit(f"{path} is not a private RSA key: delete it, and it is made anew.")
    except OSError as error:
        name = f"The file that {option} names" if option else path
        sys.exit(f"{name} cannot be read or made ({error.strerror}).")


def run_until_ended(members: Iterable[ProcessSpec], lifeline: Lifeline, ready: str) -> int:
    """Start the processes, say `ready` when all answer, and return the exit status when all have ended."""
    from local.processes import Processes  # noqa: PLC0415

    return Processes(members, REPOSITORY, lifeline, ready).run()


def port_number(text: str) -> int:
    """Return the port that `text` names; 0 when it names none."""
    port = int(text) if re.fullmatch("[0-9]{1,5}", text) else 0
    return port if port <= HIGHEST_PORT else 0


def is_free(port: int) -> bool:
    """Say whether a server could listen here, by listening for a moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn: TIME_WAIT is free
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            return False
    return True
