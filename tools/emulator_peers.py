"""The servers that `emulator_figures.py` measures, each a process, and a small client for all of them."""

from __future__ import annotations

import http.server
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.support.environment import clean_environment

EMULATOR, HTTP_SERVER, MOTO, BARE = "emulator", "http.server", "moto", "bare socket"
EMULATOR_SOURCE = Path(__file__).parent.parent / "emulator"
BLOCK = 1 << 20
SMALL = b"x" * 1024
LARGE_BYTES = 256 * BLOCK
READY_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A server that runs: its process, where its objects are, and what every request to it has."""

    name: str
    port: int
    pid: int
    path: str = "/media"
    headers: Mapping[str, str] = field(default_factory=dict)

    def cpu_seconds(self) -> float:
        """Return the processor time that the server has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, name: str = "VmRSS") -> float:
        """Return the memory that the server has now, or the most it had (VmHWM)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition(f"{name}:")[2].split()[0]) / 1024


class Client:
    """One connection, which is made anew after an answer that ends it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: socket.socket | None = None

    def __enter__(self) -> Client:  # noqa: PYI034 - typing has Self from Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            self._connection.close()

    def ask(
        self,
        method: str,
        key: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        copies: int = 1,
    ) -> None:
        """Send a request, with a body of so many copies, and read its answer to the end. It must be 200."""
        size = len(body) * copies
        sent = {"Host": f"127.0.0.1:{self._server.port}", "Content-Length": str(size), **self._server.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**sent, **(headers or {})}.items())
        if self._connection is None:
            self._connection = socket.create_connection(("127.0.0.1", self._server.port), READY_SECONDS)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"{method} {self._server.path}{key} HTTP/1.1\r\n{lines}\r\n".encode()
        self._connection.sendall(head + body if copies else head)
        for _ in range(copies - 1):
            self._connection.sendall(body)
        if self._read_answer(self._connection):
            self._connection.close()
            self._connection = None

    def _read_answer(self, connection: socket.socket) -> bool:
        """Read an answer to its end; return whether it ends the connection."""
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += _received(connection)
        head = received[:end].decode("latin-1").lower()
        if not head.startswith("http/1.1 200"):
            raise SystemExit(f"{self._server.name}: {received.decode(errors='replace')}")
        length = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
        left = length - (len(received) - end - 4)
        while left > 0:
            left -= len(_received(connection))
        return "connection: close" in head


def _received(connection: socket.socket) -> bytes:
    piece = connection.recv(BLOCK)
    if not piece:
        raise SystemExit("a server has closed the connection")
    return piece


class _Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _FileServer(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # its own 5 are too few for eight connections at once: some wait for a second


def _serve_files(folder: Path, port: int) -> None:
    _FileServer(("127.0.0.1", port), partial(_Files, directory=str(folder))).serve_forever()


def _serve_bare(folder: Path, port: int) -> None:
    """Send the large file for a GET, by sendfile; copy the body of a PUT into a file."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            with listener.accept()[0] as connection:
                received = bytearray()
                while (end := received.find(b"\r\n\r\n")) < 0 and (piece := connection.recv(BLOCK)):
                    received += piece
                if received.startswith(b"GET"):
                    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {LARGE_BYTES}\r\n\r\n".encode())
                    with (folder / "large").open("rb") as file:
                        connection.sendfile(file)
                elif received:
                    with (folder / "copy").open("wb") as file:
                        file.write(received[end + 4 :])
                        while file.tell() < LARGE_BYTES:
                            file.write(connection.recv(BLOCK))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def emulator(folder: Path) -> Iterator[Server]:
    """Start an emulator with its data in `folder`, open to anybody."""
    options = ["--bucket", "media", "--folder", str(folder), "--quiet"]
    with _program([sys.executable, "-m", "oss_emulator", *options], folder) as (port, pid):
        yield Server(EMULATOR, port, pid)


@contextmanager
def moto(folder: Path, environment: Path) -> Iterator[Server]:
    """Start moto's server of a virtual environment."""
    with _program([environment / "bin" / "python", "-m", "moto.server"], folder) as (port, pid):
        credential = (
            "AKIA0/20200101/us-east-1/s3/aws4_request"  # it looks for the owner, and verifies nothing
        )
        authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
        server = Server(MOTO, port, pid, headers={"Authorization": authorization})
        with Client(server) as client:
            client.ask("PUT", "")
        yield server


@contextmanager
def http_server(folder: Path) -> Iterator[Server]:
    """Start Python's http.server with HTTP/1.1, on a folder that has the objects."""
    (folder / "small-0").write_bytes(SMALL)
    (folder / "large").write_bytes(bytes(LARGE_BYTES))
    with _child(_serve_files, folder) as (port, pid):
        yield Server(HTTP_SERVER, port, pid, "")


@contextmanager
def bare_socket(folder: Path) -> Iterator[Server]:
    """Start a server that only copies the large object, one connection at a time."""
    (folder / "large").write_bytes(bytes(LARGE_BYTES))
    with _child(_serve_bare, folder) as (port, pid):
        yield Server(BARE, port, pid)


@contextmanager
def _program(command: Sequence[str | Path], folder: Path) -> Iterator[tuple[int, int]]:
    port = _free_port()
    environment = {
        **clean_environment(),
        "PYTHONPATH": str(EMULATOR_SOURCE),
        "LOCAL_OSS_ACL": "public-read-write",
    }
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        [*command, "--port", str(port)], cwd=folder, stdout=quiet, stderr=quiet, env=environment
    ) as process:
        try:
            _wait_for(port)
            yield port, process.pid
        finally:
            process.kill()


@contextmanager
def _child(serve: Callable[[Path, int], None], folder: Path) -> Iterator[tuple[int, int]]:
    port = _free_port()
    process = multiprocessing.Process(target=serve, args=(folder, port), daemon=True)
    process.start()
    try:
        _wait_for(port)
        yield port, process.pid or 0
    finally:
        process.kill()
        process.join()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _wait_for(port: int) -> None:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), READY_SECONDS).close()
            return
        time.sleep(0.001)
    raise SystemExit(f"nobody listens at port {port}")
