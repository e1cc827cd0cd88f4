"""`make soak`: uploads, refusals, confirms and faults mixed, on the whole local stack, for SECONDS (600).

Eight workers do what pages do: an upload whose answer is lost is confirmed, one that was not stored is sent
again. Afterwards some of each worker's are confirmed once more. Exit status 1 where one is lost, where the
backend did anything twice, where a function failed by itself, or where memory or handles grew.
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
from pathlib import Path
from threading import Event, Thread
from typing import Any

import requests

from tests.support.environment import clean_environment, free_ports, processes_at
from tests.support.stack import Stack

SECONDS = 600
WORKERS = 8
SAMPLE_SECONDS = 1.0
FLAT = 0.05  # of the first minute's memory
AGAIN = (
    15  # uploads of each worker that are confirmed once more: one delivery in five fails, and then takes 2 s
)
GIVE_UP = 40  # tries of one upload; a fault takes one or two
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
LOST = requests.RequestException


@dataclass
class Worker:
    """One page's doings: `done` has the key of each upload by its id, `counted` what happened."""

    stack: Stack
    dice: random.Random
    over: Event
    done: dict[str, str] = field(default_factory=dict)
    tickets: list[dict[str, str]] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    http: requests.Session = field(default_factory=requests.Session)

    def run(self) -> None:
        """Do one thing after the other until it is over."""
        doings: list[Callable[[], str]] = [self.upload] * 12 + [self.confirm_again] * 2
        doings += [self.ask_for_too_much, self.tamper, self.forge, self.break_something]
        while not self.over.is_set():
            self.counted[self.dice.choice(doings)()] += 1

    def upload(self) -> str:
        """Upload a file, whatever it takes."""
        content = self.dice.randbytes(self.dice.randrange(1, 20_000))
        for _ in range(GIVE_UP):
            grant = self.granted(len(content))
            if grant and (self.sent(grant, content) or self.confirmed(grant)):
                self.done[grant["id"]] = grant["key"]
                self.tickets.append({"ticket": grant["ticket"], "confirm": grant["confirm"]})
                return "uploaded"
        return "given up"

    def granted(self, size: int) -> Any:
        query = {"name": "图.png", "size": str(size), "type": "image/png"}
        try:
            answer = self.http.get(f"{self.stack.token}/", params=query, timeout=10)
        except LOST:
            return None
        return answer.json() if answer.status_code == 200 else None

    def sent(self, grant: Any, content: bytes) -> bool:
        """Send the form; say whether its answer came and is the callback's: other 200s are handed on too."""
        parts: list[Any] = [(name, (None, value)) for name, value in grant["fields"].items()]
        try:
            answer = self.http.post(grant["url"], files=[*parts, ("file", ("a", content))], timeout=20)
        except LOST:
            return False
        try:
            return answer.status_code == 200 and bool(answer.json().get("id") == grant["id"])
        except ValueError:
            return False

    def confirmed(self, grant: Any) -> bool:
        """Ask until it is decided; say whether the file is stored."""
        for _ in range(GIVE_UP):
            try:
                answer = self.http.post(grant["confirm"], json={"ticket": grant["ticket"]}, timeout=10)
            except LOST:
                continue
            if answer.status_code in {200, 409}:
                return answer.status_code == 200
            time.sleep(float(answer.headers.get("Retry-After", 0.2)))
        return False

    def confirm_again(self) -> str:
        return (
            "confirmed again"
            if self.tickets and self.confirmed(self.dice.choice(self.tickets))
            else "nothing"
        )

    def ask_for_too_much(self) -> str:
        wishes = ({"size": "9" * 12}, {"type": "text/html;q=1"}, {"name": "a/b"}, {"x": "1"})
        query = {"name": "a", "size": "1", "type": "image/png", **self.dice.choice(wishes)}
        return self.refused(lambda: self.http.get(f"{self.stack.token}/", params=query, timeout=10))

    def tamper(self) -> str:
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
        path = self.dice.choice(("/callback", "/confirm"))
        body = self.dice.choice((b"", b'{"ticket": "a.b"}', b"ticket=a&bucket=b&object=c&size=1&etag=d"))
        return self.refused(lambda: self.http.post(f"{self.stack.callback}{path}", data=body, timeout=10))

    def refused(self, ask: Callable[[], requests.Response]) -> str:
        try:
            status = ask().status_code
        except LOST:
            return "nothing"  # a fault that somebody else ordered
        return "refused" if status >= 400 else "let through"

    def break_something(self) -> str:
        order = {"fault": self.dice.choice(FAULTS), "requests": 1}
        self.http.post(f"{self.stack.upload}/-/faults", json=order, timeout=10)
        return "fault ordered"


@dataclass
class Watched:
    """One process of the stack: resident bytes and open handles, sample by sample."""

    pid: int
    name: str
    resident: list[int] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)

    def look(self) -> None:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        self.resident.append(pages * os.sysconf("SC_PAGE_SIZE"))
        self.handles.append(len(list(Path(f"/proc/{self.pid}/fd").iterdir())))


def processes_of(stack: Stack) -> list[Watched]:
    """Return the functions and buckets: of each the process that serves, which has the most memory."""
    addresses = {"token": stack.token, "callback": stack.callback, "upload": stack.upload, "site": stack.site}
    found = []
    for name, address in addresses.items():
        serving = [Watched(pid, name) for pid in processes_at(address.rpartition(":")[2])]
        for one in serving:
            one.look()
        found += sorted(serving, key=lambda one: one.resident)[-1:]  # none but where there is /proc
    return found


def growth(samples: list[int], window: int) -> tuple[float, float]:
    """Return the medians of the first minute, after a warm-up as long, and of the last."""
    return statistics.median(samples[window : 2 * window]), statistics.median(samples[-window:])


def grew(watched: list[Watched]) -> list[str]:
    """Return which process holds more in the end than after warming up."""
    wrong = []
    for one in watched:
        window = max(1, min(60, len(one.resident) // 4))
        (first, last), (few, many) = (growth(samples, window) for samples in (one.resident, one.handles))
        print(
            f"{one.name}: {first / 2**20:.1f} MiB, in the end {last / 2**20:.1f};"
            f" {few:.0f} handles, in the end {many:.0f}"
        )
        if last > first * (1 + FLAT):
            wrong.append(f"{one.name}: memory grew by {last / first - 1:.1%}")
        if many > few + WORKERS:  # as many connections may be open as there are pages
            wrong.append(f"{one.name}: {many - few:.0f} handles more")
    return wrong


def judge(stack: Stack, workers: list[Worker], deliveries: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with what the workers did, the functions logged and the backend was told."""
    counted = sum((worker.counted for worker in workers), Counter[str]())
    done = {upload: key for worker in workers for upload, key in worker.done.items()}
    taken: dict[str, set[str]] = {}
    for one in deliveries:
        if one["became"] == "taken":
            taken.setdefault(one["key"], set()).add(one["message"])
    repeats = sum(one["became"] == "taken" for one in deliveries) - len(taken)
    print(", ".join(f"{count} {what}" for what, count in sorted(counted.items())))
    print(f"the backend took {len(taken)} uploads, and {repeats} repeats under the id it had")
    wrong = [f"{what}: {counted[what]}" for what in ("given up", "let through") if counted[what]]
    if lost := set(done.values()) - set(taken):
        wrong.append(f"{len(lost)} uploads the backend never heard of")
    if doubled := [key for key, messages in taken.items() if len(messages) > 1]:
        wrong.append(f"{len(doubled)} uploads under two ids")
    again = [
        (one, ticket)
        for one in workers
        for ticket in one.dice.sample(one.tickets, min(AGAIN, len(one.tickets)))
    ]
    if denied := sum(not worker.confirmed(ticket) for worker, ticket in again):
        wrong.append(f"{denied} of {len(again)} uploads cannot be confirmed afterwards")
    injected = {
        "backend": sum(one["became"] == "failed" for one in deliveries),
        "head": counted["fault ordered"],
    }
    return wrong + failed_by_themselves(stack, injected)


def failed_by_themselves(stack: Stack, injected: dict[str, int]) -> list[str]:
    """Return what the functions answered with 5xx or crashed of, beyond the faults that were injected.

    Whoever asks too soon after such a failure is answered 503 as well.
    """
    logged = [line.partition("|")[2] for line in stack.lines if line.startswith(("token ", "callback "))]
    answers = [json.loads(line) for line in logged if '"answered"' in line]
    codes = Counter(one["code"] for one in answers if one["status"] >= 500)
    print(f"{len(answers)} answers of the functions; with 5xx: {dict(codes)}; injected: {injected}")
    kinds = Counter[str]()
    for code, count in codes.items():
        kinds[code if code == "asked_too_soon" else code.partition("_")[0]] += count
    allowed = {**injected, "asked_too_soon": sum(injected.values())}
    wrong = [f"{kinds[kind]} answers of 5xx: {kind}" for kind in kinds if kinds[kind] > allowed.get(kind, 0)]
    return wrong + [line for line in logged if "Traceback" in line][:5]


def soak(seconds: int) -> list[str]:
    """Soak; print what was measured and return what is wrong."""
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
            told = requests.get(f"http://127.0.0.1:{port}/", timeout=30).json()
            return judge(stack, workers, told) + grew(watched)
        finally:
            stack.end()
            backend.send_signal(signal.SIGTERM)
            backend.wait(30)


def work(stack: Stack, watched: list[Watched], seconds: int) -> list[Worker]:
    """Let the workers work; look at the processes meanwhile."""
    over = Event()
    workers = [Worker(stack, random.Random(number), over) for number in range(WORKERS)]
    threads = [Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and all(thread.is_alive() for thread in threads):
        for one in watched:
            one.look()
        time.sleep(SAMPLE_SECONDS)
    over.set()
    for thread in threads:
        thread.join(60)
    return workers


if __name__ == "__main__":
    wrong = soak(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    print("\n".join(wrong) or "nothing lost, nothing doubled, nothing grew")
    sys.exit(bool(wrong))
