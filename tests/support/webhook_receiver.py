"""A small backend in a process of its own: it verifies every event, and fails at one delivery in five.

    python webhook_receiver.py PORT SECRET

It fails in turn with an error, with an empty answer and by closing the connection. `GET /` lists the
deliveries: message id, key, user, and the result, which is `taken`, `failed` or `forged`.
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
    """All deliveries, in order."""

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)
        self._lock = Lock()
        self.all: list[dict[str, Any]] = []

    def take(self, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        with self._lock:
            self.all.append({"message": headers.get("webhook-id", ""), "result": "forged"})
            delivery, number = self.all[-1], len(self.all)
        with suppress(WebhookVerificationError):
            event = self._webhook.verify(body, headers)["data"]
            delivery |= {"key": event["key"], "user": event["user"], "number": number}
            delivery["result"] = "failed" if number % FAILING == 0 else "taken"
        return delivery


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the second write of an answer waits 40 ms for an ACK
    deliveries: Deliveries

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        delivery = self.deliveries.take(body, dict(self.headers))
        if delivery["result"] == "taken":
            return self.answer(200, json.dumps({"message": delivery["message"]}).encode())
        if delivery["result"] == "forged":
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
