"""Bytes that no HTTP library sends: smuggled headers, JSON with two meanings, the longest accepted input."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.support.attacked_stack import AttackedStack, assert_refused, assert_stopped, body_of

Headers = list[tuple[str, str]]

NOT_VERIFIED = "not_verified"
TAKEN_BYTES = 64 * 1024  # of a body, by our functions
HEADER_BYTES = 8000  # of all headers together, by Function Compute


def status_of(address: str, path: str, headers: Headers, body: bytes) -> int:
    """Send exactly these bytes; return the status, or 0 if the connection is closed without an answer."""
    where = urlsplit(address)
    lines = [f"POST {path} HTTP/1.1", f"Host: {where.netloc}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if not any(name.lower() in {"content-length", "transfer-encoding"} for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10) as line:
        line.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        answer = line.makefile("rb").read()
    return int(answer.split(b" ", 2)[1]) if answer else 0


def refused(status: int) -> None:
    """Count one attempt about an object that is not stored: 503 follows when OSS answers 403."""
    assert_stopped(status == 0 or status in range(400, 504), status)


SMUGGLED: dict[str, Callable[[Headers], Headers]] = {
    "a second signature": lambda signed: [*signed, ("Authorization", "AAAA")],
    "a first signature": lambda signed: [("Authorization", "AAAA"), *signed],
    "the signature twice": lambda signed: [*signed, *(one for one in signed if one[0] == "Authorization")],
    "two signatures in one": lambda signed: [
        (name, f"{text},{text}" if name == "Authorization" else text) for name, text in signed
    ],
    "two versions": lambda signed: [
        *signed,
        *(("x-oss-signature-version", one) for one in ("1.0", "2.0")),
    ],
    "another version": lambda signed: [*signed, ("x-oss-signature-version", "2.0")],
    "two lengths": lambda signed: [*signed, ("Content-Length", "1"), ("Content-Length", "2")],
    "a length that is joined": lambda signed: [*signed, ("Content-Length", "1, 2")],
    "a negative length": lambda signed: [*signed, ("Content-Length", "-1")],
    "a length and chunks": lambda signed: [
        *signed,
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
    ],
    "chunks in other words": lambda signed: [*signed, ("Transfer-Encoding", "xchunked")],
    "a header in a header": lambda signed: [
        (name, f"AAAA\r\nAuthorization: {text}\r\nAuthorization: BBBB" if name == "Authorization" else text)
        for name, text in signed
    ],
    "a folded header": lambda signed: [
        (name, f"\r\n {text}" if name == "Authorization" else text) for name, text in signed
    ],
    "no signature": lambda signed: [one for one in signed if one[0] != "Authorization"],
}


@pytest.mark.parametrize("trick", SMUGGLED)
def test_a_smuggled_header_lets_nobody_in(trick: str, strict: AttackedStack) -> None:
    """The object is not stored: even a callback that is read as it was signed completes nothing."""
    body = body_of(strict.stack.grant())
    before = strict.webhook_ids()
    headers = SMUGGLED[trick](list(strict.signed(body).items()))
    refused(status_of(strict.callback, "/callback", headers, body))
    assert strict.webhook_ids() == before


def two_meanings(ticket: str) -> dict[str, bytes]:
    """Return documents that two JSON parsers read differently, each with a genuine ticket."""
    good = json.dumps(ticket)
    return {
        "the ticket last": f'{{"ticket": "a.b", "ticket": {good}}}'.encode(),
        "the ticket first": f'{{"ticket": {good}, "ticket": "a.b"}}'.encode(),
        "the ticket twice": f'{{"ticket": {good}, "ticket": {good}}}'.encode(),
        "an escaped name": f'{{"ticket": {good}, "tick\\u0065t": {good}}}'.encode(),
        "something besides": f'{{"ticket": {good}, "key": "uploads/a"}}'.encode(),
        "a byte order mark": f'\ufeff{{"ticket": {good}}}'.encode(),
        "UTF-16": f'{{"ticket": {good}}}'.encode("utf-16"),
        "UTF-32": f'{{"ticket": {good}}}'.encode("utf-32"),
        "two documents": f'{{"ticket": {good}}}{{}}'.encode(),
        "a list around it": f'[{{"ticket": {good}}}]'.encode(),
        "a comment": f'{{"ticket": {good}}} // a'.encode(),
        "a comma more": f'{{"ticket": {good},}}'.encode(),
        "single quotes": f"{{'ticket': {good}}}".encode(),
        "a lone surrogate": f'{{"ticket": "{ticket}\\ud800"}}'.encode(),
        "a NUL": f'{{"ticket": "{ticket}\\u0000"}}'.encode(),
        "a line feed": f'{{"ticket": "{ticket}\\n"}}'.encode(),
        "bytes that are no UTF-8": f'{{"ticket": {good}}}'.encode()[:-2] + b'\xff"}',
        "not a number": b'{"ticket": NaN}',
        "a huge number": b'{"ticket": 1e999999}',
        "a long number": b'{"ticket": ' + b"9" * 60_000 + b"}",
        "deep lists": b"[" * 60_000,
        "deep objects": b'{"ticket":' * 6_000,
        "a form": b"ticket=" + ticket.encode(),
        "nothing": b"",
    }


@pytest.mark.parametrize("trick", two_meanings(""))
def test_json_with_two_meanings_is_refused(trick: str, strict: AttackedStack) -> None:
    body = two_meanings(strict.uploaded()["ticket"])[trick]
    assert_refused(strict.stack.http.post(f"{strict.callback}/confirm", body, timeout=10), NOT_VERIFIED)


@pytest.mark.parametrize(
    "piece", [b"a", b"&", b"a=b&", b"%", b"%25", b"+", b"=", b";", b"\x00", b"[", b'{"a":']
)
@pytest.mark.parametrize("path", ["/callback", "/confirm"])
def test_as_much_as_is_taken_is_refused_and_the_next_is_answered(
    piece: bytes, path: str, strict: AttackedStack
) -> None:
    body = (piece * TAKEN_BYTES)[:TAKEN_BYTES]
    assert_refused(strict.call_back(body, path), NOT_VERIFIED)
    assert strict.call_back(body_of(strict.uploaded())).status_code == 200


@pytest.mark.parametrize("piece", ["a", ",", ";", "=", "%", "\\", '"', " a"])
@pytest.mark.parametrize("name", ["Authorization", "x-oss-pub-key-url", "Origin"])
def test_headers_as_long_as_they_are_taken_are_refused(name: str, piece: str, strict: AttackedStack) -> None:
    body = body_of(strict.stack.grant())
    value = (piece * HEADER_BYTES)[: HEADER_BYTES - 1000] + "a"
    headers = {**strict.signed(body), name: value}
    refused(status_of(strict.callback, "/callback", list(headers.items()), body))
