"""`make soak`: uploads, refusals, confirms and faults mixed, on the whole local stack, for SECONDS (600).

Eight workers behave as pages do: they confirm an upload whose answer is lost, and send again a file that was
not stored. Afterwards some uploads of each worker are confirmed once more. The exit status is 1 if an upload
is lost, if the backend took one twice under two ids, if a function failed without an injected fault, or if
memory or handles grew.
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from typing import Any

import requests

from tests.support.environment import clean_environment, free_ports, processes_at
from tests.support.stack import Stack

SECONDS = 600
WORKERS = 8
SAMPLE_SECONDS = 1.0
MAX_GROWTH = 0.05  # of the memory in the first minute
# how many uploads of each worker are confirmed once more: one delivery in five fails, and then takes 2 s
CONFIRMED_AGAIN = 15
MAX_TRIES = 40  # of one upload; a fault takes one or two
FAULTS = (
    "callback_down",
    "callback_refused",
    "callback_crashed",
    "callback_not_json",
    "callback_twice",
    "answer_lost",
    "server_error",
    "reset",
    "throttle",
)
RECEIVER = Path(__file__).parent.parent / "tests" / "support" / "webhook_receiver.py"
SECRET = "whsec_" + "A" * 32
NO_ANSWER = requests.RequestException
Grant = dict[str, Any]


@dataclass
class Worker:
    """One page: `done` holds the key of each upload by its id, `counted` the number of each result."""

    stack: Stack
    dice: random.Random
    over: Event
    done: dict[str, str] = field(default_factory=dict)
    tickets: list[dict[str, str]] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    http: requests.Session = field(default_factory=requests.Session)

    def run(self) -> None:
        """Repeat random actions until `over` is set."""
        actions: list[Callable[[], str]] = [self.upload] * 12 + [self.confirm_again] * 2
        actions += [self.ask_for_too_much, self.tamper, self.forge, self.break_something]
        while not self.over.is_set():
            self.counted[self.dice.choice(actions)()] += 1

    def upload(self) -> str:
        """Upload a file, with as many tries as it takes."""
        content = self.dice.randbytes(self.dice.randrange(1, 20_000))
        for _ in range(MAX_TRIES):
            grant = self.granted(len(content))
            if grant and (self.sent(grant, content) or self.confirmed(grant)):
                self.done[grant["id"]] = grant["key"]
                self.tickets.append({"ticket": grant["ticket"], "confirm": grant["confirm"]})
                return "uploaded"
        return "given up"

    def granted(self, size: int) -> Grant | None:
        """Return a grant, or None."""
        query = {"name": "图.png", "size": str(size), "type": "image/png"}
        try:
            answer = self.http.get(f"{self.stack.token}/", params=query, timeout=10)
        except NO_ANSWER:
            return None
        return answer.json() if answer.status_code == HTTPStatus.OK else None

    def sent(self, grant: Grant, content: bytes) -> bool:
        """Send the form; tell whether its answer is the callback's, and not the 200 of a crash."""
        parts: list[Any] = [(name, (None, value)) for name, value in grant["fields"].items()]
        try:
            answer = self.http.post(grant["url"], files=[*parts, ("file", ("a", content))], timeout=20)
        except NO_ANSWER:
            return False
        try:
            return answer.status_code == HTTPStatus.OK and bool(answer.json().get("id") == grant["id"])
        except ValueError:
            return False

    def confirmed(self, grant: Grant) -> bool:
        """Confirm until the answer is final; tell whether the file is stored."""
        for _ in range(MAX_TRIES):
            try:
                answer = self.http.post(grant["confirm"], json={"ticket": grant["ticket"]}, timeout=10)
            except NO_ANSWER:
                continue
            if answer.status_code in {HTTPStatus.OK, HTTPStatus.CONFLICT}:
                return answer.status_code == HTTPStatus.OK
            time.sleep(float(answer.headers.get("Retry-After", 0.2)))
        return False

    def confirm_again(self) -> str:
        """Confirm an upload that is done."""
        return (
            "confirmed again"
            if self.tickets and self.confirmed(self.dice.choice(self.tickets))
            else "nothing"
        )

    def ask_for_too_much(self) -> str:
        """Ask for a grant that must be refused."""
        requested = ({"size": "9" * 12}, {"type": "text/html;q=1"}, {"name": "a/b"}, {"x": "1"})
        query = {"name": "a", "size": "1", "type": "image/png", **self.dice.choice(requested)}
        return self.refused(lambda: self.http.get(f"{self.stack.token}/", params=query, timeout=10))

    def tamper(self) -> str:
        """Send a form with a changed field."""
        grant = self.granted(5)
        if not grant:
            return "nothing"
        fields = {**grant["fields"], self.dice.choice(("key", "x-oss-object-acl", "callback")): "changed"}
        parts: list[Any] = [
            *((name, (None, value)) for name, value in fields.items()),
            ("file", ("a", b"hello")),
        ]
        return self.refused(lambda: self.http.post(grant["url"], files=parts, timeout=20))

    def forge(self) -> str:
        """Send a callback or confirm that nobody signed."""
        path = self.dice.choice(("/callback", "/confirm"))
        body = self.dice.choice((b"", b'{"ticket": "a.b"}', b"ticket=a&bucket=b&object=c&size=1&etag=d"))
        return self.refused(lambda: self.http.post(f"{self.stack.callback}{path}", data=body, timeout=10))

    def refused(self, ask: Callable[[], requests.Response]) -> str:
        """Send a request that must be refused; return the result."""
        try:
            status = ask().status_code
        except NO_ANSWER:
            return "nothing"  # a fault that another worker ordered
        return "refused" if status >= HTTPStatus.BAD_REQUEST else "let through"

    def break_something(self) -> str:
        """Order a fault of the stand-in."""
        order = {"fault": self.dice.choice(FAULTS), "requests": 1}
        self.http.post(f"{self.stack.upload}/-/faults", json=order, timeout=10)
        return "fault ordered"


@dataclass
class Watched:
    """One process of the stack: its resident bytes and open handles, by sample."""

    pid: int
    name: str
    resident: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)

    def sample(self) -> None:
        """Note the memory and the handles of now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        self.resident.append(pages * os.sysconf("SC_PAGE_SIZE"))
        self.handles.append(len(list(Path(f"/proc/{self.pid}/fd").iterdir())))


def processes_of(stack: Stack) -> list[Watched]:
    """Return one process for each function and bucket: the worker, which has the most memory."""
    addresses = {"token": stack.token, "callback": stack.callback, "upload": stack.upload, "site": stack.site}
    found = []
    for name, address in addresses.items():
        serving = [Watched(pid, name) for pid in processes_at(address.rpartition(":")[2])]
        for one in serving:
            one.sample()
        found += sorted(serving, key=lambda one: one.resident)[-1:]  # only where there is /proc
    return found


def growth(samples: list[int], window: int) -> tuple[float, float]:
    """Return the median of the second window of samples, the first being the warm-up, and of the last."""
    return statistics.median(samples[window : 2 * window]), statistics.median(samples[-window:])


def grew(watched: list[Watched]) -> list[str]:
    """Return a line for each process that holds more in the end than after the warm-up."""
    wrong = []
    for one in watched:
        window = max(1, min(60, len(one.resident) // 4))
        (first, last), (few, many) = (growth(samples, window) for samples in (one.resident, one.handles))
        print(
            f"{one.name}: {first / 2**20:.1f} MiB, in the end {last / 2**20:.1f};"
            f" {few:.0f} handles, in the end {many:.0f}"
        )
        if last > first * (1 + MAX_GROWTH):
            wrong.append(f"{one.name}: memory grew by {last / first - 1:.1%}")
        if many > few + WORKERS:  # as many connections may be open as there are pages
            wrong.append(f"{one.name}: {many - few:.0f} handles more")
    return wrong


def judge(stack: Stack, workers: list[Worker], deliveries: list[dict[str, Any]]) -> list[str]:
    """Return a line for each wrong thing in the workers' results, the functions' logs and the deliveries."""
    counted = sum((worker.counted for worker in workers), Counter[str]())
    done = {upload: key for worker in workers for upload, key in worker.done.items()}
    taken: dict[str, set[str]] = {}
    for one in deliveries:
        if one["result"] == "taken":
            taken.setdefault(one["key"], set()).add(one["message"])
    repeats = sum(one["result"] == "taken" for one in deliveries) - len(taken)
    print(", ".join(f"{count} {what}" for what, count in sorted(counted.items())))
    print(f"the backend took {len(taken)} uploads, and {repeats} repeats under the id it had")
    wrong = [f"{what}: {counted[what]}" for what in ("given up", "let through") if counted[what]]
    if lost := set(done.values()) - set(taken):
        wrong.append(f"{len(lost)} uploads that the backend never got")
    if doubled := [key for key, messages in taken.items() if len(messages) > 1]:
        wrong.append(f"{len(doubled)} uploads under two ids")
    again = [
        (one, ticket)
        for one in workers
        for ticket in one.dice.sample(one.tickets, min(CONFIRMED_AGAIN, len(one.tickets)))
    ]
    if denied := sum(not worker.confirmed(ticket) for worker, ticket in again):
        wrong.append(f"{denied} of {len(again)} uploads cannot be confirmed afterwards")
    injected = {
        "backend": sum(one["result"] == "failed" for one in deliveries),
        "head": counted["fault ordered"],
    }
    return wrong + failed_by_themselves(stack, injected)


def failed_by_themselves(stack: Stack, injected: dict[str, int]) -> list[str]:
    """Return a line for each kind of 5xx answer beyond the injected faults, and for each traceback.

    A request that comes too soon after a failure is answered 503 as well.
    """
    logged = [line.partition("|")[2] for line in stack.lines if line.startswith(("token ", "callback "))]
    answers = [json.loads(line) for line in logged if '"answered"' in line]
    codes = Counter(one["code"] for one in answers if one["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR)
    print(f"{len(answers)} answers of the functions; with 5xx: {dict(codes)}; injected: {injected}")
    kinds = Counter[str]()
    for code, count in codes.items():
        kinds[code if code == "asked_too_soon" else code.partition("_")[0]] += count
    allowed = {**injected, "asked_too_soon": sum(injected.values())}
    wrong = [f"{kinds[kind]} answers of 5xx: {kind}" for kind in kinds if kinds[kind] > allowed.get(kind, 0)]
    return wrong + [line for line in logged if "Traceback" in line][:5]


def soak(seconds: int) -> list[str]:
    """Run the soak; print the measurements and return a line for each wrong thing."""
    (port,) = free_ports(1)
    backend = subprocess.Popen(
        [sys.executable, str(RECEIVER), str(port), SECRET],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert backend.stdout is not None
    backend.stdout.readline()
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "state", WEBHOOK_URL=f"http://127.0.0.1:{port}/", WEBHOOK_SECRET=SECRET)
        try:
            watched = processes_of(stack)
            workers = work(stack, watched, seconds)
            stack.clear_faults()
            deliveries = requests.get(f"http://127.0.0.1:{port}/", timeout=30).json()
            return judge(stack, workers, deliveries) + grew(watched)
        finally:
            stack.end()
            backend.send_signal(signal.SIGTERM)
            backend.wait(30)


def work(stack: Stack, watched: list[Watched], seconds: int) -> list[Worker]:
    """Run the workers; sample the processes meanwhile."""
    over = Event()
    workers = [Worker(stack, random.Random(number), over) for number in range(WORKERS)]
    threads = [Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and all(thread.is_alive() for thread in threads):
        for one in watched:
            one.sample()
        time.sleep(SAMPLE_SECONDS)
    over.set()
    for thread in threads:
        thread.join(60)
    return workers


if __name__ == "__main__":
    wrong = soak(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    print("\n".join(wrong) or "nothing lost, nothing doubled, nothing grew")
    sys.exit(bool(wrong))
