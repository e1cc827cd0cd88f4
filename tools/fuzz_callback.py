"""Fuzzes the callback function: no input crashes it, completes an upload or opens a connection.

The seeds hold a genuine ticket that is valid at the time of the clock, for an object that is never stored.
The first line of an input is the path, the second the Authorization, the third the address of the key, the
rest the body. An input with fewer lines is passed as a whole event.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import sys
import time

import atheris

with atheris.instrument_imports():
    from completion.application import build

from completion.callback_keys import PUBLISHED_PEM
from completion.object_proof import Head
from completion.outbound import Outbound
from vendored.fc_http import Clock

ENVIRON = {
    "UPLOAD_BUCKET": "examplebucket",
    "OSS_REGION": "cn-hangzhou",
    "OBJECT_URL": "http://127.0.0.1:9",
    "TICKET_SECRET": "a-ticket-secret-of-more-than-32-bytes",
    "ALLOWED_ORIGINS": "https://www.example.com",
    "PUBLIC_KEY_PEM": PUBLISHED_PEM.decode(),
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "id",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret",
}
NOW = 1_800_000_000.0
STATUSES = {204, 403, 404, 405, 409, 503}  # 503: asked again too soon about an object that is not stored
PARTS = 4
handler = build(ENVIRON, Clock(lambda: NOW, time.monotonic))


def refuse_connections(_: object, address: object) -> None:
    """Fail: no input may lead to a connection."""
    raise AssertionError(f"a connection to {address!r}")


def event_of(data: bytes) -> bytes:
    """Return the event that an input describes."""
    lines = data.decode("latin-1").split("\n", PARTS - 1)
    if len(lines) < PARTS:
        return data
    path, authorization, key_url, body = lines
    headers = {"Authorization": authorization, "x-oss-pub-key-url": key_url}
    context = {"http": {"method": "POST", "path": path}, "requestId": "r"}
    return json.dumps({"requestContext": context, "headers": headers, "body": body}).encode()


def try_one(data: bytes) -> None:
    """Call the function with one input."""
    with contextlib.redirect_stdout(io.StringIO()):
        status = handler(event_of(data), None)["statusCode"]
    if status not in STATUSES:
        raise AssertionError(f"answered {status}")


if __name__ == "__main__":
    Outbound.head = lambda *_: Head(404, {})  # type: ignore[method-assign]
    socket.socket.connect = refuse_connections  # type: ignore[method-assign]
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()
