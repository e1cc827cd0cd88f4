"""Measures in turns: what is compared runs in short blocks, one after the other, on the same core.

Other load of the machine then falls on all of them alike, and samples of the same round are a pair. The core
alternates from round to round.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import IO, NamedTuple, cast

from bench.harness import CHILDREN, SITE_PACKAGES, python
from tests.support.environment import clean_environment

GENERATIONS, ROUNDS = (
    4,
    12,
)  # a process keeps the luck of its start (addresses, caches): so several, a while each


class Worker(NamedTuple):
    """A script of `children/` that measures a block whenever its input asks for one."""

    script: str
    words: Sequence[str | Path]
    environment: Mapping[str, str]
    paths: str = SITE_PACKAGES


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Keep this process, and those that it starts, on one core until the block ends."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


class Started(NamedTuple):
    """A process that measures what it is asked for by name."""

    process: int
    names: Sequence[str]
    questions: IO[str]
    answers: IO[str]

    def ask(self, name: str) -> float:
        """Return the microseconds of a call."""
        self.questions.write(f"{name}\n")
        self.questions.flush()
        return float(self.answers.readline())


@contextmanager
def working(worker: Worker) -> Iterator[Started]:
    """Start a worker; it ends with the block. Raises `RuntimeError` if it does not start."""
    command = [python(), str(CHILDREN / worker.script), *map(str, worker.words)]
    paths = {"PYTHONPATH": worker.paths, "PYTHONHASHSEED": "0"}
    with subprocess.Popen(
        command,
        env={**clean_environment(), **paths, **worker.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        questions, answers = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        names = answers.readline()
        if not names:
            raise RuntimeError(f"{worker.script} did not start")
        yield Started(process.pid, json.loads(names), questions, answers)


def in_turns(workers: Sequence[Worker]) -> dict[str, list[float]]:
    """Return the microseconds of each name by round: the samples of one index are of the same round."""
    found: dict[str, list[float]] = {}
    cores = cycle(sorted(os.sched_getaffinity(0)))
    for _ in range(GENERATIONS):
        with ExitStack() as stack:
            everybody = [stack.enter_context(working(worker)) for worker in workers]
            for core in islice(cores, ROUNDS):
                for started in everybody:
                    os.sched_setaffinity(started.process, {core})
                    for name in started.names:
                        found.setdefault(name, []).append(started.ask(name))
    return found
