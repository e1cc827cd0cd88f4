"""Cold starts: from the start of an interpreter to the first answered event, each in a fresh process.

The contestants take turns, so that other load of the machine falls on all of them. To imitate the share of a
processor that a small instance has, the process is stopped for the rest of each period.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import events
from bench.harness import CHILDREN, PEERS, SITE_PACKAGES, TIMEOUT_SECONDS, Packages, python, without_byte_code
from tests.support.environment import clean_environment

ROUNDS = 20
SHARES = (0.05, 0.1, 0.35)
SHARE_ROUNDS = 3
PERIOD_SECONDS = 0.1  # as Linux does for a quota


class Contestant(NamedTuple):
    """Answers `event` with `status`; its `module` is in `folder` or in one of the folders `packages`."""

    module: str
    folder: Path
    event: Path
    status: int = 200
    env: Mapping[str, str] = {}
    packages: Sequence[str] = ()


def first_answer(contestant: Contestant, share: float = 1.0) -> float:
    """Return the milliseconds until the first answer; raise `RuntimeError` if there is none."""
    answered, write_end = os.pipe()
    words = (contestant.folder, contestant.module, contestant.event, contestant.status, write_end)
    command = [python(), str(CHILDREN / "first_answer.py"), *map(str, words), *contestant.packages]
    environ = {**clean_environment(), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **contestant.env}
    started = time.perf_counter()
    with subprocess.Popen(command, env=environ, pass_fds=[write_end], stdout=subprocess.DEVNULL) as process:
        os.close(write_end)
        try:
            while not select.select(
                [answered], [], [], PERIOD_SECONDS * share if share < 1 else TIMEOUT_SECONDS
            )[0]:
                rest(process, share)
            took = time.perf_counter() - started
            if not os.read(answered, 1):
                raise RuntimeError(f"{contestant.module} in {contestant.folder} did not answer")
        finally:
            process.kill()
            os.close(answered)
    return took * 1000


def rest(process: subprocess.Popen[bytes], share: float) -> None:
    """Stop the process for what is left of its period."""
    process.send_signal(signal.SIGSTOP)
    time.sleep(PERIOD_SECONDS * (1 - share))
    process.send_signal(signal.SIGCONT)


def contestants(
    packages: Packages, folder: Path, signer: events.Signer, bucket_url: str
) -> dict[str, Contestant]:
    """Return all contestants; their events are written into `folder`."""

    def asked(name: str, event: bytes) -> Path:
        path = folder / f"{name}.json"
        path.write_bytes(event)
        return path

    grant, callback = asked("grant", events.file_grant()), asked("callback", events.callback(signer))
    signed_in = asked("signed_in", events.signed_in_grant())
    called_back = events.callback_environment(signer, bucket_url)
    installed = (str(PEERS), SITE_PACKAGES)
    return {
        "interpreter": Contestant("bare", folder, grant),
        "interpreter with json hashlib hmac base64": Contestant("imports", folder, grant),
        "token": Contestant("main", packages.token, grant, env=events.TOKEN),
        "token, not compiled": Contestant("main", without_byte_code(packages.token), grant, env=events.TOKEN),
        "token, users sign in": Contestant("main", packages.token_with_auth, signed_in, env=events.SIGNED_IN),
        "Flask + alibabacloud-oss-v2": Contestant(
            "flask_token", folder, grant, env=events.TOKEN, packages=installed
        ),
        "functions-framework": Contestant("framework", folder, grant, env=events.TOKEN, packages=installed),
        "callback": Contestant("main", packages.callback, callback, env=called_back),
        "callback, not compiled": Contestant(
            "main", without_byte_code(packages.callback), callback, env=called_back
        ),
        "Flask + oss2 + cryptography": Contestant(
            "flask_callback", folder, callback, env=called_back, packages=installed
        ),
    }


NOISY = (
    "interpreter",
    "interpreter with json hashlib hmac base64",
    "token",
)  # so short that they are measured more often
UNDER_A_SHARE = ("token", "Flask + alibabacloud-oss-v2", "callback", "Flask + oss2 + cryptography")


def measure(everybody: Mapping[str, Contestant], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return the milliseconds of each by name; `name at 0.1` is under that share of a processor."""
    found: dict[str, list[float]] = {name: [] for name in everybody}
    for contestant in everybody.values():
        first_answer(contestant)  # the first time, files come from the disk
    for _ in range(rounds):
        for name in (*everybody, *NOISY * 2):
            found[name].append(first_answer(everybody[name]))
    for share in SHARES:
        for name in UNDER_A_SHARE:
            under = [first_answer(everybody[name], share) for _ in range(SHARE_ROUNDS)]
            found[f"{name} at {share}"] = under
    return found
