"""An HTTP server on loopback that answers as a test says, and records the requests."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from tests.support.certificate import make_certificate


class Asked(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Peer:
    """It answers with `status`, `headers` and `body`, unless `raw` is set: that writes its own bytes."""

    def __init__(self, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.status = 200
        self.headers: dict[str, str] = dict(headers or {})
        self.body = body
        self.raw: Callable[[Any], None] | None = None
        self.asked: list[Asked] = []
        self.connections = 0
        outer = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else the second write of an answer waits 40 ms for an ACK

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.asked.append(Asked(self.command, self.path, dict(self.headers), body))
                with suppress(OSError):  # some tests have the other side end the connection
                    if outer.raw:
                        self.close_connection = True
                        outer.raw(self)
                        return
                    outer.answer(self)

            do_HEAD = do_POST = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - http.server's naming

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, answering: BaseHTTPRequestHandler) -> None:
        """Write the status and the headers; also the body and its length, unless this answers a HEAD."""
        answering.send_response(self.status)
        for name, value in self.headers.items():
            answering.send_header(name, value)
        if answering.command != "HEAD":
            answering.send_header("Content-Length", str(len(self.body)))
        answering.end_headers()
        answering.wfile.write(b"" if answering.command == "HEAD" else self.body)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve until the block ends; then nothing is left running."""
        thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()

    def speak_tls(self, folder: Path, *names: str) -> Path:
        """Serve https with a new certificate for 127.0.0.1 and these names; return where it is stored."""
        path = make_certificate(folder, *names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")
        return path
