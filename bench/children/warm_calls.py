"""Microseconds of each call of one function: FOLDER ORDER.

ORDER is a JSON file: `events` maps each name to a list of events that take turns, `status` to the status of
their answer; `without_head` lists the names whose HEAD is answered inside the process; `batches` is the
number of batches. Prints JSON: for each name the microseconds per call of every batch. The function's log is
dropped.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

BATCHES = 15
BATCH_SECONDS = 0.04

Answers = Callable[[bytes, object], Any]


def microseconds(answer: Answers, events: Sequence[bytes], batches: int = BATCHES) -> list[float]:
    """Return the microseconds of one call in each batch."""
    rounds = calls(answer, events)
    took = []
    for _ in range(batches):
        started = time.perf_counter()
        for _ in range(rounds):
            for event in events:
                answer(event, None)
        took.append((time.perf_counter() - started) / (rounds * len(events)) * 1e6)
    return took


def calls(answer: Answers, events: Sequence[bytes]) -> int:
    """Return how many rounds of the events fill one batch; this also warms the calls up."""
    started = time.perf_counter()
    for event in events:
        answer(event, None)
    return max(1, round(BATCH_SECONDS / (time.perf_counter() - started)))


def answer_head_inside(bucket_answer: dict[str, str]) -> None:
    """Answer every HEAD of the callback function without a socket."""
    outbound, object_proof = map(importlib.import_module, ("completion.outbound", "completion.object_proof"))
    head = object_proof.Head(200, bucket_answer)
    outbound.Outbound.head = lambda *_: head


def measure(order: Any, answer: Answers, names: Sequence[str]) -> dict[str, list[float]]:
    """Check the status of each answer, and measure the calls."""
    found = {}
    for name in names:
        events = [event.encode() for event in order["events"][name]]
        status = answer(events[0], None)["statusCode"]
        if status != order["status"][name]:
            sys.exit(f"{name} was answered {status}")
        found[name] = microseconds(answer, events, order.get("batches", BATCHES))
    return found


def main(folder: str, order_path: str) -> None:
    """Measure one function."""
    order = json.loads(Path(order_path).read_text())
    sys.path.insert(0, folder)
    answer = importlib.import_module("main").handler
    inside = order["without_head"]
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        found = measure(order, answer, [name for name in order["events"] if name not in inside])
        if inside:
            answer_head_inside(order["head"])
            found |= measure(order, answer, inside)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
