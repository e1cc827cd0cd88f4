"""Cold starts: from the start of an interpreter to the first answered event, each in a fresh process.

The contestants take turns on the same core, and processor time is what counts, so that other load of the
machine falls on all of them and hardly matters. To imitate the share of a processor that a small instance
has, the process is stopped for the rest of each period; then time is the clock's.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from bench import events
from bench.harness import CHILDREN, PEERS, SITE_PACKAGES, TIMEOUT_SECONDS, Packages, python, without_byte_code
from bench.turns import pinned
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


class Took(NamedTuple):
    """Milliseconds until the first answer, by the clock and of processor time."""

    wall: float
    processor: float


def first_answer(contestant: Contestant, share: float = 1.0) -> Took:
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
            said = os.read(answered, 64)
            if not said:
                raise RuntimeError(f"{contestant.module} in {contestant.folder} did not answer")
        finally:
            process.kill()
            os.close(answered)
    return Took(took * 1000, float(said) * 1000)


def rest(process: subprocess.Popen[bytes], share: float) -> None:
    """Stop the process for what is left of its period."""
    process.send_signal(signal.SIGSTOP)
    time.sleep(PERIOD_SECONDS * (1 - share))
    process.send_signal(signal.SIGCONT)


def contestants(
    packages: Packages, folder: Path, signer: events.Signer, bucket_url: str
) -> dict[str, Contestant]:
    """Return all contestants; their events, and copies of their sources, are written into `folder`."""

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
        "token, not compiled": Contestant(
            "main", without_byte_code(packages.token, folder), grant, env=events.TOKEN
        ),
        "token, users sign in": Contestant("main", packages.token_with_auth, signed_in, env=events.SIGNED_IN),
        "Flask + alibabacloud-oss-v2": Contestant(
            "flask_token", folder, grant, env=events.TOKEN, packages=installed
        ),
        "functions-framework": Contestant("framework", folder, grant, env=events.TOKEN, packages=installed),
        "callback": Contestant("main", packages.callback, callback, env=called_back),
        "callback, not compiled": Contestant(
            "main", without_byte_code(packages.callback, folder), callback, env=called_back
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
    """Return the milliseconds of processor time of each by name and round.

    Samples of the same index are of the same round.
    """
    found: dict[str, list[float]] = {name: [] for name in everybody}
    for contestant in everybody.values():
        first_answer(contestant)  # the first time, files come from the disk
    cores = cycle(sorted(os.sched_getaffinity(0)))
    turns: Iterable[Iterable[str]] = [everybody] * rounds + [NOISY] * (2 * rounds)
    for names in turns:
        with pinned(next(cores)):
            for name in names:
                found[name].append(first_answer(everybody[name]).processor)
    return found


def under_shares(everybody: Mapping[str, Contestant]) -> dict[str, list[float]]:
    """Return the milliseconds by the clock under each share of a processor: `name at 0.1`."""
    return {
        f"{name} at {share}": [first_answer(everybody[name], share).wall for _ in range(SHARE_ROUNDS)]
        for share in SHARES
        for name in UNDER_A_SHARE
    }
