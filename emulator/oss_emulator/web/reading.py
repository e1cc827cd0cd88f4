"""Requests read from a connection, one after another: HTTP/1.1 (RFC 9112), read strictly.

The raw target is kept, because a signature covers the path as it was sent. A request that could be counted in
two ways (two lengths, a folded header, a bare line feed) is refused: another program on the way may have
counted otherwise. What a request asks for is decided elsewhere.
"""

import contextlib
import re
import socket
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from oss_emulator.http_messages import TOKEN, IncompleteRead

MAX_LINE_BYTES = 8190  # ours, as of other servers: of the request line and of each header
MAX_HEADERS = 100  # ours
MAX_HEAD_BYTES = 128 * 1024  # ours: of all lines together
MAX_LENGTH_DIGITS = 18  # of Content-Length; the largest object has 14
IDLE_SECONDS = 60.0  # ours: how long a connection may wait between two requests
HEAD_SECONDS = 10.0  # ours: from a request's first byte to the end of its head
STALL_SECONDS = 60.0  # ours: how long a client may send nothing of a body, or take nothing of an answer

_RECEIVE_BYTES = 64 * 1024
_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# of a head as Latin-1: a character for each byte
_REQUEST_LINE = re.compile(rf"({TOKEN.pattern}) (?:https?://[^/?]*)?([/?][^\0-\x20\x7f]*) HTTP/1\.([01])")
_HEADER = re.compile(rf"({TOKEN.pattern}):[ \t]*([^\0-\x08\x0a-\x1f\x7f]*)")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\0-\x08\x0a-\x1f\x7f]*)?")
_KNOWN_CODINGS = {"chunked", "gzip", "x-gzip", "deflate", "compress", "identity"}


class NotHttpError(Exception):
    """Bytes that are no request as RFC 9112 has it, or one beyond the limits above; the connection ends."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Head(NamedTuple):
    """A request without its body; names of headers in lower case. `length` is None if the body is chunked.

    `last` is true if no other request may follow on the connection, `chunks` if the client knows chunks.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    length: int | None
    last: bool
    chunks: bool


class Incoming:
    """The receiving side of one connection. After IncompleteRead nothing more may be read."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = 0.0
        self._buffer = bytearray()
        self._left: int | None = 0
        self._chunk_left = 0
        self._expects = False

    def read_head(self) -> Head | None:
        """Return the next request; None if the client ended the connection or sent nothing for too long.

        The body of the last request must have been read. Raises NotHttpError, and OSError of the connection.
        """
        while (end := self._head_end()) < 0:
            _check_beginning(self._buffer)
            if not self._receive_head():
                return None
        head = parse_head(bytes(self._buffer[:end]))
        del self._buffer[: end + len(_END)]
        self._left, self._chunk_left = head.length, 0
        self._expects = "expect" in head.headers
        self._connection.settimeout(STALL_SECONDS)
        return head

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes of the body, none at its end; IncompleteRead if it breaks off."""
        if self._expects:
            self._expects = False
            if not self._buffer:
                self._continue()
        if self._left is None:
            return self._read_chunked(size)
        piece = self._take(min(size, self._left)) if self._left else b""
        self._left -= len(piece)
        return piece

    def _continue(self) -> None:
        try:
            self._connection.sendall(_CONTINUE)
        except OSError as error:
            raise IncompleteRead from error

    def _head_end(self) -> int:
        """Return where a head ends in what was received, or -1. Empty lines before it are dropped."""
        while self._buffer.startswith(b"\r\n"):  # RFC 9112 2.2
            del self._buffer[:2]
        return self._buffer.find(_END)

    def _receive_head(self) -> bool:
        """Wait for more of a head; whether there is one to go on with."""
        begun = bool(self._buffer)
        seconds = self._deadline - time.monotonic() if begun else IDLE_SECONDS
        self._connection.settimeout(max(seconds, 0.001))
        try:
            piece = self._connection.recv(_RECEIVE_BYTES)
        except TimeoutError:
            if begun:
                raise NotHttpError(HTTPStatus.REQUEST_TIMEOUT, "The request took too long.") from None
            return False
        if begun and not piece:
            raise _bad("The request breaks off.")
        if not begun:
            self._deadline = time.monotonic() + HEAD_SECONDS
        self._buffer += piece
        return bool(piece)

    def _read_chunked(self, size: int) -> bytes:
        if self._chunk_left == 0:
            found = _CHUNK.fullmatch(self._line())
            if not found:
                raise IncompleteRead
            self._chunk_left = int(found[1], 16)
            if not self._chunk_left:
                self._skip_trailers()
                return b""
        piece = self._take(min(size, self._chunk_left))
        self._chunk_left -= len(piece)
        if not self._chunk_left and self._line():
            raise IncompleteRead
        return piece

    def _skip_trailers(self) -> None:
        for _ in range(MAX_HEADERS):
            if not self._line():
                self._left = 0
                return
        raise IncompleteRead

    def _line(self) -> bytes:
        """Return the next line of a chunked body, without its end."""
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise IncompleteRead
            self._buffer += self._received(_RECEIVE_BYTES)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _take(self, size: int) -> bytes:
        if not self._buffer:
            return self._received(size)
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        return piece

    def _received(self, size: int) -> bytes:
        try:
            piece = self._connection.recv(size)
        except OSError as error:
            raise IncompleteRead from error
        if not piece:
            raise IncompleteRead
        return piece


def parse_head(head: bytes) -> Head:
    """Return the request that these lines are, without the empty one. Raises NotHttpError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    if len(first) > MAX_LINE_BYTES:
        raise _target_too_long()
    found = _REQUEST_LINE.fullmatch(first)
    if not found:
        raise _bad("The request line is malformed.")
    if len(lines) > MAX_HEADERS:
        raise _head_too_large()
    headers: dict[str, str] = {}
    for line in lines:
        name, value = _header(line)
        if name in headers:
            if name in {"host", "content-length"}:
                raise _bad("A header that must be there once is there twice.")
            value = f"{headers[name]},{value}"
        headers[name] = value
    method, target, minor = found.groups()
    if minor == "1" and "host" not in headers:
        raise _bad("The request has no Host.")
    if headers.get("expect", "100-continue").lower() != "100-continue":
        raise NotHttpError(HTTPStatus.EXPECTATION_FAILED, "The expectation is unknown.")
    last = minor == "0" or "close" in headers.get("connection", "").lower()
    if "transfer-encoding" in headers:
        _check_codings(headers["transfer-encoding"], minor)
        # Of both, the chunks count (the SDKs' live tests). The connection ends after such a request, because
        # a proxy on the way may have counted otherwise (RFC 9112 6.1).
        last = headers.pop("content-length", None) is not None or last
        return Head(method, target, headers, None, last, chunks=True)
    length = _length(headers.get("content-length", "0"))
    return Head(method, target, headers, length, last, chunks=minor == "1")


def _header(line: str) -> tuple[str, str]:
    if len(line) > MAX_LINE_BYTES:
        raise _head_too_large()
    found = _HEADER.fullmatch(line)
    if not found:
        raise _bad("A header is malformed.")
    name, value = found[1].lower(), found[2].rstrip(" \t")
    if not value.isascii():
        with contextlib.suppress(UnicodeDecodeError):  # OSS reads UTF-8
            value = value.encode("latin-1").decode()
    return name, value


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_LENGTH_DIGITS):
        raise _bad("Content-Length is not a number of bytes.")
    return int(text)


def _check_codings(text: str, minor: str) -> None:
    codings = [coding.strip().lower() for coding in text.split(",")]
    if set(codings) - _KNOWN_CODINGS:
        raise NotHttpError(HTTPStatus.NOT_IMPLEMENTED, "The transfer coding is unknown.")
    if codings != ["chunked"] or minor == "0":
        raise _bad("The only transfer coding of a request is chunked.")


def _check_beginning(beginning: bytearray) -> None:
    """Refuse the beginning of a head that cannot become a request, without waiting for its end."""
    if len(beginning) > MAX_LINE_BYTES and b"\r\n" not in beginning[: MAX_LINE_BYTES + 2]:
        raise _target_too_long()
    if len(beginning) > MAX_HEAD_BYTES:
        raise _head_too_large()
    if beginning and beginning != b"\r" and not TOKEN.match(chr(beginning[0])):
        raise _bad("The request line is malformed.")


def _bad(message: str) -> NotHttpError:
    return NotHttpError(HTTPStatus.BAD_REQUEST, message)


def _target_too_long() -> NotHttpError:
    return NotHttpError(
        HTTPStatus.REQUEST_URI_TOO_LONG, f"The request line has more than {MAX_LINE_BYTES} bytes."
    )


def _head_too_large() -> NotHttpError:
    message = f"There are more than {MAX_HEADERS} headers, or one has more than {MAX_LINE_BYTES} bytes."
    return NotHttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)
