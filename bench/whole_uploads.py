"""Whole uploads on the local stack: grant, form, callback and HEAD, sent by clients without other work."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode

from bench.harness import PEERS, TIMEOUT_SECONDS
from bench.timing_proxy import TimingProxy
from tests.support.environment import clean_environment, free_ports, processes_at
from tests.support.stack import Stack

MEBIBYTE = 1024**2
SMALL, LARGE, HUGE = 10 * 1024, 10 * MEBIBYTE, 2048 * MEBIBYTE
# bytes of a file -> uploads in parallel -> how many are measured
PLAN: Mapping[int, Mapping[int, int]] = {
    SMALL: {1: 100, 8: 200, 32: 300},
    LARGE: {1: 20, 8: 40, 32: 64},
}
HUGE_ROUNDS = 2
SINK, STACK = (
    "curl to a functions-framework that reads and forgets",
    "curl to the local stack: checked, hashed, stored, called back",
)
PARTS_UPLOADS = {SMALL: 60, LARGE: 15}
NAMES = {SMALL: "10 KB", LARGE: "10 MB", HUGE: "2 GiB"}
BOUNDARY = "a-boundary-of-the-bench"
ANYTHING_BYTES = str(4 * 1024**3)


class Took(NamedTuple):
    """Milliseconds of one upload's two requests."""

    token: float
    form: float


def upload(stack: Stack, file: bytes) -> Took:
    """Upload a file as a page does; raise `RuntimeError` unless the callback function completed it."""
    started = time.perf_counter()
    grant = ask_grant(stack, len(file))
    granted = time.perf_counter()
    status, answer = post(stack.upload, [form_head(grant), file, f"\r\n--{BOUNDARY}--\r\n".encode()])
    ended = time.perf_counter()
    if status != http.client.OK or json.loads(answer)["id"] != grant["id"]:
        raise RuntimeError(f"the upload was answered {status}: {answer!r}")
    return Took((granted - started) * 1000, (ended - granted) * 1000)


def ask_grant(stack: Stack, size: int) -> Any:
    """Return a grant for a file of this many bytes."""
    query = urlencode({"name": "a.bin", "size": size, "type": "application/octet-stream"})
    connection = connect(stack.token)
    connection.request("GET", f"/?{query}", headers={"Connection": "close"})
    with connection.getresponse() as answer:
        return json.loads(answer.read())


def form_head(grant: Any) -> bytes:
    """Return the part of the form before the file's bytes."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in grant["fields"].items()
    ]
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    return ("".join(parts) + file).encode()


def post(url: str, pieces: list[bytes]) -> tuple[int, bytes]:
    """Post a form and return status and body of the answer."""
    connection = connect(url)
    headers = {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(sum(map(len, pieces))),
        "Connection": "close",
    }
    connection.request("POST", "/", body=pieces, headers=headers)
    with connection.getresponse() as answer:
        return answer.status, answer.read()


def connect(url: str) -> http.client.HTTPConnection:
    """Return a connection to an address of this machine."""
    return http.client.HTTPConnection(url.removeprefix("http://"), timeout=TIMEOUT_SECONDS)


def together(stack: Stack, file: bytes, parallel: int, uploads: int) -> dict[str, Any]:
    """Return the milliseconds of each upload, and the uploads per second."""
    with ThreadPoolExecutor(parallel) as pages:
        list(pages.map(lambda _: upload(stack, file), range(parallel)))  # threads start when they are needed
        started = time.perf_counter()
        took = list(pages.map(lambda _: sum(upload(stack, file)), range(uploads)))
        wall = time.perf_counter() - started
    return {"per_second": uploads / wall, "milliseconds": took}


def peaks(stack: Stack) -> dict[str, float]:
    """Return the peak memory of each worker in MiB."""
    ports = {"token": stack.token, "callback": stack.callback, "OSS": stack.upload}
    return {name: peak_of(processes_at(url.rpartition(":")[2])[-1]) for name, url in ports.items()}


def peak_of(process: int) -> float:
    """Return the peak memory of a process in MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) / 1024


def huge_files(stack: Stack, folder: Path) -> dict[str, list[float]]:
    """Return the MiB per second of curl to a bare sink and to the stack, in turns."""
    path = folder / "huge.bin"
    with path.open("wb") as file:
        os.truncate(file.fileno(), HUGE)
    found: dict[str, list[float]] = {SINK: [], STACK: []}
    with sink() as sink_url:
        for _ in range(HUGE_ROUNDS):
            fields = ask_grant(stack, HUGE)["fields"].items()
            form = [word for name, value in fields for word in ("--form-string", f"{name}={value}")]
            found[SINK].append(curl([], path, sink_url))
            found[STACK].append(curl(form, path, stack.upload))
    path.unlink()
    return found


def curl(fields: list[str], path: Path, url: str) -> float:
    """Return the MiB per second of one form; raise `RuntimeError` unless it was accepted."""
    command = [
        "curl",
        "--silent",
        "--noproxy",
        "*",
        "--max-time",
        str(TIMEOUT_SECONDS),
        "--output",
        os.devnull,
    ]
    command += ["--write-out", "%{http_code} %{time_total}", *fields, "--form", f"file=@{path}", f"{url}/"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    status, seconds = finished.stdout.split()
    if status != "200":
        raise RuntimeError(f"{url} answered curl {status}")
    return HUGE / MEBIBYTE / float(seconds)


@contextmanager
def sink() -> Iterator[str]:
    """Serve `peers/sink.py` until the block ends."""
    port = str(free_ports(1)[0])
    command = [sys.executable, "-m", "functions_framework", "--source", str(PEERS / "sink.py")]
    command += ["--target", "sink", "--host", "127.0.0.1", "--port", port]
    environ = {**clean_environment(), "THREADS": "8", "WORKERS": "1"}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=environ, stdout=quiet, stderr=quiet) as process:
        try:
            until = time.monotonic() + TIMEOUT_SECONDS
            while not answers(port) and time.monotonic() < until:
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)


def answers(port: str) -> bool:
    """Tell whether a server answers on this port."""
    try:
        return post(f"http://127.0.0.1:{port}", [b""])[0] == http.client.OK
    except OSError:
        return False


def where_time_goes(folder: Path) -> dict[str, dict[str, float]]:
    """Return the median milliseconds of each part of an upload, one upload at a time, by file size."""
    calls, heads = TimingProxy(), TimingProxy()
    with calls.listening(), heads.listening():
        stack = Stack(folder, CALLBACK_URL=calls.url, OBJECT_URL=heads.url)
        calls.target, heads.target = (int(url.rpartition(":")[2]) for url in (stack.callback, stack.upload))
        try:
            return {
                NAMES[size]: parts_of(stack, calls, heads, bytes(size), uploads)
                for size, uploads in PARTS_UPLOADS.items()
            }
        finally:
            stack.end()


def parts_of(
    stack: Stack, calls: TimingProxy, heads: TimingProxy, file: bytes, uploads: int
) -> dict[str, float]:
    """Return the median milliseconds of each part of an upload."""
    upload(stack, file)
    for proxy in (calls, heads):
        proxy.milliseconds.clear()
    took = [upload(stack, file) for _ in range(uploads)]
    form, called, head = (
        median(one.form for one in took),
        median(calls.milliseconds),
        median(heads.milliseconds),
    )
    return {
        "token": median(one.token for one in took),
        "OSS": form - called,
        "callback": called - head,
        "HEAD": head,
    }


def measure(folder: Path) -> dict[str, Any]:
    """Return everything about whole uploads; memory first, because a peak never goes down."""
    stack = Stack(folder / "stack", MAX_BYTES=ANYTHING_BYTES)
    try:
        memory = {}
        for size in (SMALL, LARGE):
            upload(stack, bytes(size))
            memory[NAMES[size]] = peaks(stack)
        speed = huge_files(stack, folder)
        memory[NAMES[HUGE]] = peaks(stack)
        loop = {
            NAMES[size]: {
                str(parallel): together(stack, bytes(size), parallel, uploads)
                for parallel, uploads in plan.items()
            }
            for size, plan in PLAN.items()
        }
    finally:
        stack.end()
    return {
        "whole_loop": loop,
        "huge_file_mebibytes_per_second": speed,
        "peak_mebibytes": memory,
        "parts_milliseconds": where_time_goes(folder / "parts"),
    }
