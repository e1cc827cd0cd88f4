"""Processor time of each call of one function: FOLDER ORDER.

ORDER is a JSON file: `events` maps each name to a list of events that take turns, `status` to the status of
their answer; `without_head` lists the names whose HEAD is answered inside the process. The function's log is
dropped. With `samples` in ORDER, prints JSON: for each name the microseconds of a call, so often. Without
it, measures a call whenever it is asked for one: see `serve`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

BLOCK_SECONDS = 0.003
BLOCKS = 5
WARMING = 100

Answers = Callable[[bytes, object], Any]


class Call(NamedTuple):
    """A function and the events that it answers, without an end."""

    answer: Answers
    turns: Iterator[bytes]


def block(call: Call, calls: int) -> float:
    """Return the microseconds of this process's processor time that one call takes."""
    answer, events = call.answer, call.turns
    started = time.process_time()
    for event in islice(events, calls):
        answer(event, None)
    return (time.process_time() - started) / calls * 1e6


def calls_of(call: Call) -> int:
    """Return how many calls fill one block; this also warms them up."""
    block(call, WARMING)
    return max(1, round(BLOCK_SECONDS * 1e6 / block(call, WARMING)))


def microseconds(call: Call, samples: int) -> list[float]:
    """Return this many samples of the microseconds of one call."""
    calls = calls_of(call)
    return [least(call, calls) for _ in range(samples)]


def least(call: Call, calls: int) -> float:
    """Return the least of some blocks: what other processes did to the caches is in the others."""
    return min(block(call, calls) for _ in range(BLOCKS))


def serve(calls: Mapping[str, Call]) -> None:
    """Print the names as JSON; then the microseconds of a call for each name that a line of the input has."""
    output = sys.stdout
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        counts = {name: calls_of(call) for name, call in calls.items()}
        print(json.dumps(list(calls)), file=output, flush=True)
        for line in sys.stdin:
            name = line.rstrip("\n")
            print(least(calls[name], counts[name]), file=output, flush=True)


def answer_head_inside(bucket_answer: dict[str, str]) -> None:
    """Answer every HEAD of the callback function without a socket."""
    outbound, object_proof = map(importlib.import_module, ("completion.outbound", "completion.object_proof"))
    head = object_proof.Head(200, bucket_answer)
    outbound.Outbound.head = lambda *_: head


def checked_calls(order: Any, answer: Answers) -> dict[str, Call]:
    """Return the calls, each of which was answered with its status."""
    if order["without_head"]:
        answer_head_inside(order["head"])
    calls = {}
    for name, listed in order["events"].items():
        events = [event.encode() for event in listed]
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            status = answer(events[0], None)["statusCode"]
        if status != order["status"][name]:
            sys.exit(f"{name} was answered {status}")
        calls[name] = Call(answer, cycle(events))
    return calls


def main(folder: str, order_path: str) -> None:
    """Measure one function."""
    order = json.loads(Path(order_path).read_text())
    sys.path.insert(0, folder)
    calls = checked_calls(order, importlib.import_module("main").handler)
    if "samples" not in order:
        return serve(calls)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        found = {name: microseconds(call, order["samples"]) for name, call in calls.items()}
    return print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
