"""`make bench-trial`: can `make bench-check` be believed? Records what it finds; many minutes.

A busy loop beside it must not make it fail, and a function that became a quarter slower must.
"""

from __future__ import annotations

import datetime as dt
import json
import py_compile
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bench import run
from bench.check import became_worse
from bench.harness import Packages
from bench.ratios import ratios

PARTS, SLOWER_PARTS = ("cold", "warm"), ("warm",)
RUNS = 5
# the first call counts from the start of the process; the clock of later calls is the one that costs least
SLOWER = """import time

import usual


def handler(event, context):
    clock = time.perf_counter if handler.called else time.process_time
    started = clock() if handler.called else 0
    handler.called = True
    answer = usual.handler(event, context)
    ended = clock()
    until = ended + (ended - started) / 4
    while clock() < until:
        pass
    return answer


handler.called = False
"""


def make_slower(folder: Path) -> None:
    """Make an unpacked function take a quarter more of the processor: its start, and each call."""
    compiled = next((folder / "__pycache__").glob("main.*.pyc"))
    compiled.rename(compiled.with_name(compiled.name.replace("main", "usual", 1)))
    (folder / "main.py").rename(folder / "usual.py")
    (folder / "main.py").write_text(SLOWER, encoding="utf-8")
    py_compile.compile(
        str(folder / "main.py"), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH, doraise=True
    )


@contextmanager
def busy_loop() -> Iterator[None]:
    """Run a process that never rests until the block ends."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


def main() -> None:
    """Try both ways, and write the counts into the results."""
    recorded = ratios(run.measure(PARTS))

    def measured(change: Callable[[Packages], None], parts: Sequence[str], again: Sequence[str]) -> Any:
        return run.measure(again or parts, change)

    with busy_loop():
        passed = sum(
            not became_worse(recorded, partial(measured, lambda _: None, PARTS)) for _ in range(RUNS)
        )
    each = islice(cycle([lambda it: make_slower(it.token), lambda it: make_slower(it.callback)]), RUNS)
    failed = sum(bool(became_worse(recorded, partial(measured, change, SLOWER_PARTS))) for change in each)
    counted = {
        "parts": ", ".join(PARTS),
        "runs": RUNS,
        "passed": passed,
        "slower_parts": ", ".join(SLOWER_PARTS),
        "slower_runs": RUNS,
        "failed": failed,
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
    }
    run.record({**json.loads(run.RESULTS.read_text(encoding="utf-8")), "trial": counted})
    print(counted)


if __name__ == "__main__":
    main()
