"""The stand-in in a process of its own, as people run it, and an application server for its callbacks."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests
from typing_extensions import Self  # typing has it from Python 3.11

from surroundings import clean_environment, free_ports

LOCAL = Path(__file__).parents[2] / "local"
BUCKET, REGION, ORIGIN = "examplebucket", "cn-hangzhou", "http://127.0.0.1:8080"


class StandIn:
    """`python -m functions_framework` on local/bucket.py, killed as a group when the test is over."""

    def __init__(self, folder: Path, **environment: str) -> None:
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self._environment = {
            "THREADS": "64",
            "WORKERS": "1",
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
        command = [sys.executable, "-m", "functions_framework", "--source", str(LOCAL / "bucket.py")]
        self._process = subprocess.Popen(
            [*command, "--target", "bucket", "--host", "127.0.0.1", "--port", str(self.port)],
            env={**clean_environment(), **self._environment},
            start_new_session=True,
        )
        while self._process.poll() is None:
            if self._answers():
                return self
            threading.Event().wait(0.05)
        raise AssertionError("the stand-in did not start")

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/switches", timeout=5).ok
        except requests.ConnectionError:
            return False

    def __exit__(self, *_: object) -> None:
        self.kill(signal.SIGTERM)

    def kill(self, by: signal.Signals) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, by)
            self._process.wait(10)

    def peak_kilobytes(self) -> int:
        """The most memory any process of the stand-in has ever held."""
        statuses = Path("/proc").glob("[0-9]*/status")
        return max(_peak_kilobytes(status) for status in statuses if self._is_ours(int(status.parent.name)))

    def _is_ours(self, process: int) -> bool:
        try:
            return os.getpgid(process) == self._process.pid
        except ProcessLookupError:
            return False

    def fault(self, name: str, **options: object) -> None:
        answer = requests.post(f"{self.url}/-/faults", json={"fault": name, **options}, timeout=5)
        assert answer.status_code == 200, answer.text


def _peak_kilobytes(status: Path) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


Answering = Callable[[http.server.BaseHTTPRequestHandler, bytes], None]


def answer_json(handler: http.server.BaseHTTPRequestHandler, body: bytes = b'{"Status":"OK"}') -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class CallbackServer:
    """An application server; `answering` answers each POST, `received` keeps what came."""

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
                pass  # a caller that hangs up at its deadline is what some tests are about

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
