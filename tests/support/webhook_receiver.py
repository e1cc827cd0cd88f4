"""A small backend in a process of its own: it verifies every event, and one in five deliveries fails.

    python receiver.py PORT SECRET

A delivery fails in turn by an error, by a dropped connection and by an empty answer. `GET /` tells what came:
each delivery's message id, key, user, and what became of it: `taken`, `failed` or `forged`.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

FAILING = 5


class Deliveries:
    """Everything that was delivered, in order."""

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)
        self._lock = Lock()
        self.all: list[dict[str, Any]] = []

    def take(self, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        with self._lock:
            self.all.append({"message": headers.get("webhook-id", ""), "became": "forged"})
            delivery, number = self.all[-1], len(self.all)
        with suppress(WebhookVerificationError):
            told = self._webhook.verify(body, headers)["data"]
            delivery |= {"key": told["key"], "user": told["user"], "number": number}
            delivery["became"] = "failed" if number % FAILING == 0 else "taken"
        return delivery


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the second write of an answer waits 40 ms for an ACK
    deliveries: Deliveries

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        delivery = self.deliveries.take(body, dict(self.headers))
        if delivery["became"] == "taken":
            return self.answer(200, json.dumps({"message": delivery["message"]}).encode())
        if delivery["became"] == "forged":
            return self.answer(401, b"{}")
        way = delivery["number"] // FAILING % 3
        if way == 1:
            return self.answer(500, b"{}")
        if way == 2:
            return self.answer(204, b"")
        self.close_connection = True
        return None

    def do_GET(self) -> None:
        self.answer(200, json.dumps(self.deliveries.all).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


if __name__ == "__main__":
    Answering.deliveries = Deliveries(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answering)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    server.serve_forever()
