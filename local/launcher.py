"""The steps that `make run` and `make oss` share: check, prepare the state folder, start, wait.

A start that cannot succeed ends with one sentence that says why. This module imports only the standard
library at first: the packages that the processes need may not be installed yet.
"""

import errno
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
REQUIRED = ("honcho", "functions_framework", "cryptography", "multipart", "fastcrc")
HIGHEST_PORT = 65535
INTERRUPTED_STATUS = 130


def launch(target: str, start: Callable[[Mapping[str, str]], int]) -> NoReturn:
    """Check that all required packages are installed; exit with the status that `start` returns."""
    missing = [name for name in REQUIRED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)}. `{target}` sets everything up.")
    try:
        sys.exit(start(os.environ))
    except KeyboardInterrupt:  # before any process was started
        sys.exit(INTERRUPTED_STATUS)


def state_files(env: Mapping[str, str], default: str) -> Paths:
    """Return the paths with LOCAL_STATE as the state folder, or else `default` in the repository."""
    return Paths(REPOSITORY, Path(env.get("LOCAL_STATE") or REPOSITORY / default).resolve())


def take_state_folder(paths: Paths, prepare: Callable[[], object]) -> Lifeline:
    """Make the state folder, take its lock and call `prepare`; exit with a sentence if one of them fails."""
    try:
        paths.state.mkdir(parents=True, exist_ok=True)
        lifeline = Lifeline(paths.lock)
        prepare()
    except TakenError:
        other = "Another `make run` or `make oss`"
        sys.exit(f"{other} uses {paths.state}: end it, or set LOCAL_STATE to another folder.")
    except OSError as error:
        sys.exit(f"{paths.state} cannot be used ({error.strerror}): set LOCAL_STATE to another folder.")
    return lifeline


def callback_public_key(path: Path, option: str = "") -> str:
    """Return the public half of the private key at `path`, made when absent; exit with a sentence if not.

    `option` is the variable that names the path, if one does. The path is then not shown: it could be a key
    that was pasted by mistake.
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


def run_until_ended(specs: Iterable[ProcessSpec], lifeline: Lifeline, ready: str) -> int:
    """Start the processes, print `ready` when all answer, and return the exit status when all have ended."""
    from local.processes import Processes  # noqa: PLC0415

    return Processes(specs, REPOSITORY, lifeline, ready).run()


def port_number(text: str) -> int:
    """Return the port number in `text`, or 0 if it is none."""
    port = int(text) if re.fullmatch("[0-9]{1,5}", text) else 0
    return port if port <= HIGHEST_PORT else 0


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port."""
    return not why_taken(port)


def why_taken(port: int, host: str = HOST) -> str:
    """Return why no server can listen on this port, found by listening for a moment, or an empty text."""
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as gunicorn does: TIME_WAIT counts as free
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is in use: end what uses it"
            if error.errno == errno.EADDRNOTAVAIL:
                return f"cannot be opened, because this machine has no address {host}: give it one"
            return f"cannot be opened ({error.strerror}): allow it"
    return ""
