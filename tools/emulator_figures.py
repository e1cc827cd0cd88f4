"""`make emulator-figures`: how fast is the OSS emulator, and how much does it need? It only prints a table.

Beside it, in the same run and in turns: Python's http.server, a bare socket that copies, and moto's server
for S3 if `--moto VENV` names a virtual environment that has it. Each figure is the median of the rounds.
http.server runs with HTTP/1.1, without a log, and without Nagle's algorithm, which would delay each of its
answers by 40 ms. Linux only: processor time and memory are read from /proc.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
import venv
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from oss_emulator import development
from oss_emulator.auth import v4
from oss_emulator.auth.header_signature import PAYLOAD, canonical_request, string_to_sign
from tools.emulator_peers import (
    BARE,
    BLOCK,
    EMULATOR,
    EMULATOR_SOURCE,
    HTTP_SERVER,
    LARGE_BYTES,
    MOTO,
    SMALL,
    Client,
    Server,
    bare_socket,
    emulator,
    http_server,
    moto,
)

THREADS = 8
BUCKETS = 1000


def signed(method: str, resource: str) -> dict[str, str]:
    """Return the headers of a V4 signature by the key for development."""
    key = development.ACCESS_KEY
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {"x-oss-date": date, "x-oss-content-sha256": PAYLOAD}
    scope = v4.Scope(
        key["access_key_id"], date[:8], development.VARIABLES["LOCAL_OSS_REGION"], v4.PRODUCT, v4.TERMINATOR
    )
    text = string_to_sign(canonical_request(method, resource, "", headers, ()), date, scope)
    signature = v4.sign(v4.signing_key(key["access_key_secret"], scope), text)
    credential = f"{scope.access_key_id}/{scope.without_key}"
    headers["Authorization"] = f"{v4.VERSION} Credential={credential},Signature={signature}"
    return headers


class Figures:
    """What was measured: for each figure and server the values of all rounds."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, figure: str, server: str, value: float) -> None:
        """Add one value."""
        self._values[figure][server].append(value)

    def table(self) -> str:
        """Return the medians as a table in Markdown."""
        names = [
            name
            for name in (EMULATOR, HTTP_SERVER, MOTO, BARE)
            if any(name in of for of in self._values.values())
        ]
        rows = [["", *names], ["---", *("---:" for _ in names)]]
        for figure, by_server in self._values.items():
            medians = [statistics.median(by_server[name]) if name in by_server else None for name in names]
            rows.append([figure, *("" if one is None else _shown(one) for one in medians)])
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"  # noqa: PLR2004 - two digits are enough


@dataclass(frozen=True)
class Kind:
    """A kind of small request, repeated with a key for each number."""

    name: str
    method: str
    key: str = "/small-{}"
    body: bytes = b""
    signed: bool = False

    def suits(self, server: Server) -> bool:
        """Whether a server knows such requests."""
        return server.name == EMULATOR or (not self.signed and (self.method == "GET" or server.name == MOTO))


KINDS = (
    Kind("PUT 1 KB", "PUT", body=SMALL),
    Kind("GET 1 KB", "GET", "/small-0"),
    Kind("GET 1 KB signed V4", "GET", "/small-0", signed=True),
)


def measure_small(figures: Figures, server: Server, kind: Kind, count: int) -> None:
    """Send `count` requests of one kind, over one connection and over eight."""
    headers = signed(kind.method, server.path + kind.key) if kind.signed else None

    def work(numbers: range) -> None:
        with Client(server) as client:
            for number in numbers:
                client.ask(kind.method, kind.key.format(number), kind.body, headers)

    for threads in (1, THREADS):
        used, started = server.cpu_seconds(), time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, [range(first, count, threads) for first in range(threads)]))
        seconds, used = time.perf_counter() - started, server.cpu_seconds() - used
        of = f"{kind.name}, {threads} connection{'s' if threads > 1 else ''}"
        figures.add(f"{of}: per second", server.name, count / seconds)
        figures.add(f"{of}: µs of processor each", server.name, 1e6 * used / count)


def measure_large(figures: Figures, server: Server) -> None:
    """Send 256 MB there and back."""
    before = server.memory_mb()
    for method in ("GET",) if server.name == HTTP_SERVER else ("PUT", "GET"):
        copies = LARGE_BYTES // BLOCK if method == "PUT" else 0
        with Client(server) as client:
            started, used = time.perf_counter(), server.cpu_seconds()
            client.ask(method, "/large", bytes(BLOCK), copies=copies)
            seconds, used = time.perf_counter() - started, server.cpu_seconds() - used
        figures.add(f"{method} 256 MB: MB per second", server.name, LARGE_BYTES / 1e6 / seconds)
        figures.add(f"{method} 256 MB: ms of processor", server.name, 1000 * used)
    figures.add("memory added at most by 256 MB, MB", server.name, server.memory_mb("VmHWM") - before)


def measure_start(figures: Figures, folder: Path) -> None:
    """Start an emulator in a new folder, and give it many buckets."""
    started = time.perf_counter()
    with emulator(folder) as server:
        figures.add("start until it listens, seconds", EMULATOR, time.perf_counter() - started)
        with Client(server) as client:
            client.ask("PUT", "/small", SMALL)
        before = server.memory_mb()
        figures.add("memory with one bucket, MB", EMULATOR, before)
        with Client(replace(server, path="")) as client:
            for number in range(BUCKETS):
                name = f"/bucket-{number}"
                client.ask("PUT", name, headers=signed("PUT", f"{name}/"))
        figures.add(
            "memory of each of 1,000 buckets, KB", EMULATOR, (server.memory_mb() - before) * 1024 / BUCKETS
        )


def measure_installation(figures: Figures, folder: Path) -> None:
    """Install the emulator into a virtual environment of its own, with pip, from its registry or cache."""
    venv.create(folder, with_pip=True)
    source = shutil.copytree(EMULATOR_SOURCE, folder / "source")  # pip builds in the source's folder
    before = _bytes_in(folder / "lib")
    started = time.perf_counter()
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", source], check=True)
    figures.add("pip install, seconds", EMULATOR, time.perf_counter() - started)
    figures.add("installed, MB", EMULATOR, (_bytes_in(folder / "lib") - before) / 1e6)


def _bytes_in(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="tools.emulator_figures")
    parser.add_argument("--moto", type=Path, metavar="VENV", help="a virtual environment with moto[server]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--requests", type=int, default=2000, help="of each small kind in a round (%(default)s)"
    )
    given = parser.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        servers = [
            running.enter_context(start(_made(folder / str(number))))
            for number, start in enumerate((emulator, http_server, bare_socket))
        ]
        if given.moto:
            servers.append(running.enter_context(moto(_made(folder / "moto"), given.moto.absolute())))
        for number in range(given.rounds):
            for server in servers:
                if server.name != BARE:
                    for kind in KINDS:
                        if kind.suits(server):
                            measure_small(figures, server, kind, given.requests)
                measure_large(figures, server)
            measure_start(figures, _made(folder / f"start-{number}"))
        measure_installation(figures, folder / "installed")
    print(figures.table())


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
