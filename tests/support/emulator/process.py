"""The emulator in a process of its own, as people run it, and an application server for its callbacks."""

import contextlib
import http.client
import http.server
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from typing_extensions import Self  # typing has it from Python 3.11

from oss_emulator.auth import v4
from oss_emulator.auth.header_signature import canonical_request, string_to_sign
from tests.support.emulator.scene import Seen, signing_key
from tests.support.environment import clean_environment, free_ports

REPOSITORY = Path(__file__).parents[3]
BUCKET, REGION, ORIGIN = "examplebucket", "cn-hangzhou", "http://127.0.0.1:8080"


class EmulatorProcess:
    """`python -m oss_emulator`, ended when the test is over."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self._options = options
        self._environment = {
            "LOCAL_OSS_BUCKET": BUCKET,
            "LOCAL_OSS_REGION": REGION,
            "LOCAL_OSS_CREDENTIALS": json.dumps(
                [{"access_key_id": "AKEXAMPLE", "access_key_secret": "SKEXAMPLE"}]
            ),
            "LOCAL_OSS_FOLDER": str(folder),
            "LOCAL_OSS_CALLBACK_KEY": str(folder / "callback_key.pem"),
            "LOCAL_OSS_ALLOWED_ORIGINS": ORIGIN,
            "LOCAL_OSS_PRIVATE_CALLBACKS": "allow",
            **environment,
        }

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "oss_emulator", "--port", str(self.port), *self._options],
            cwd=REPOSITORY,
            env={**clean_environment(), "PYTHONPATH": str(REPOSITORY / "emulator"), **self._environment},
            start_new_session=True,
        )
        while self._process.poll() is None:
            if self._answers():
                return self
            threading.Event().wait(0.05)
        raise AssertionError("the emulator did not start")

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/switches", timeout=5).ok
        except requests.ConnectionError:
            return False

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)

    def kill(self) -> None:
        """Kill all processes at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(60)

    def peak_kilobytes(self) -> int:
        """The sum of the peak memory of the emulator's processes."""
        statuses = Path("/proc").glob("[0-9]*/status")
        return sum(_peak_kilobytes(status) for status in statuses if self._is_ours(int(status.parent.name)))

    def _is_ours(self, process: int) -> bool:
        try:
            return os.getpgid(process) == self._process.pid
        except ProcessLookupError:
            return False

    def answers(self, sent: bytes) -> list[Seen]:
        """Send raw bytes on one connection, half-close it, and return all answers."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as raw:
            with contextlib.suppress(ConnectionError):  # it may answer and close before everything is sent
                raw.sendall(sent)
                raw.shutdown(socket.SHUT_WR)
            return parsed_answers(received(raw))

    def read(self, method: str, key: str) -> Seen:
        """GET or HEAD a key in path style, percent-encoded, with a client that does not normalise paths."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, f"/{BUCKET}/{quote(key, safe='')}", headers=read_headers(method, key))
            answer = connection.getresponse()
            return Seen(answer.status, dict(answer.headers), answer.read())

    def fault(self, name: str, **options: object) -> None:
        answer = requests.post(f"{self.url}/-/faults", json={"fault": name, **options}, timeout=5)
        assert answer.status_code == 200, answer.text


def read_headers(method: str, key: str) -> dict[str, str]:
    """Sign a read of `key` with the emulator's access key."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {"x-oss-date": date, "x-oss-content-sha256": "UNSIGNED-PAYLOAD", "Accept-Encoding": "identity"}
    scope = v4.Scope("AKEXAMPLE", date[:8], REGION, "oss", "aliyun_v4_request")
    text = string_to_sign(canonical_request(method, f"/{BUCKET}/{key}", "", headers, []), date, scope)
    signature = v4.sign(signing_key("SKEXAMPLE", date[:8]), text)
    credential = f"AKEXAMPLE/{scope.without_key}"
    return {**headers, "Authorization": f"OSS4-HMAC-SHA256 Credential={credential},Signature={signature}"}


def received(raw: socket.socket) -> bytes:
    """Read to the end of a connection, even if it ends with a reset."""
    content = bytearray()
    with contextlib.suppress(ConnectionError):
        while piece := raw.recv(65536):
            content += piece
    return bytes(content)


class _Answers(io.BytesIO):
    """Bytes that http.client reads as if from a socket: several answers, one after the other."""

    def makefile(self, _: str) -> Self:
        return self

    def close(self) -> None:
        """Stay open: http.client closes after each answer, and the next one is still to be read."""


def parsed_answers(content: bytes) -> list[Seen]:
    """Parse the answers of one connection, without interim ones."""
    source, answers = _Answers(content), []
    while source.tell() < len(content):
        answer = http.client.HTTPResponse(source)  # type: ignore[arg-type]
        answer.begin()
        answers.append(Seen(answer.status, dict(answer.headers), answer.read()))
    return answers


def _peak_kilobytes(status: Path) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


Answering = Callable[[http.server.BaseHTTPRequestHandler, bytes], None]


def answer_json(handler: http.server.BaseHTTPRequestHandler, body: bytes = b'{"Status":"OK"}') -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class CallbackServer:
    """An application server; `answering` answers each POST, `received` has the requests."""

    def __init__(self) -> None:
        self.answering: Answering = lambda handler, _: answer_json(handler)
        self.received: list[tuple[str, Mapping[str, str], bytes]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.received.append((self.path, dict(self.headers), body))
                outer.answering(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                pass  # in some tests the caller closes the connection at its deadline

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
