"""Answers written to a connection, in the form of OSS: its Server, its order of headers, a Date.

Source of the form: the recorded exchanges of tests/vectors/recorded.json.
"""

import re
import socket
import time
from collections.abc import Iterator
from functools import lru_cache
from http import HTTPStatus

from oss_emulator.errors import OssError, error_document
from oss_emulator.http_messages import Answer, http_date

SERVER = "AliyunOSS"

_ORDER = """
    server date content-type content-length transfer-encoding connection x-oss-request-id vary
    access-control-allow-origin access-control-allow-methods access-control-allow-headers
    access-control-expose-headers access-control-max-age
    content-range accept-ranges etag last-modified x-oss-object-type x-oss-hash-crc64ecma x-oss-storage-class
    x-oss-version-id content-md5 * x-oss-server-time x-oss-ec x-oss-err
""".split()  # noqa: SIM905 - one name on a line would hide the order; `*` stands for every other header
_PLACES = {name: place for place, name in enumerate(_ORDER)}

_NOT_IN_A_LINE = re.compile("[\r\n\0]")  # a value must never begin another header
_NOT_MODIFIED = 304
_BODILESS = {204, _NOT_MODIFIED}
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def send_answer(
    connection: socket.socket, answer: Answer, *, method: str, last: bool, chunks: bool = True
) -> None:
    """Send an answer; `last` says that the connection ends after it. Raises OSError of the connection.

    A body that is an iterator is streamed: in chunks, unless the answer has a Content-Length. To a client
    that knows no `chunks`, the end of the connection is the end of the body.
    """
    body = answer.body
    chunked = chunks and not isinstance(body, bytes) and "Content-Length" not in answer.headers
    framing = {}
    if isinstance(body, bytes):
        framing = {"Content-Length": str(len(body))}
    elif chunked and method != "HEAD":
        framing = {"Transfer-Encoding": "chunked"}
    if answer.status == _NOT_MODIFIED:
        framing = {}
    # OSS has a Content-Length of 0 in a 204, which RFC 9110 8.6 forbids.
    head = _head(answer, framing, last=last)
    if method == "HEAD" or answer.status in _BODILESS:
        _send(connection, head)
    elif isinstance(body, bytes):
        _send(connection, head + body)
    else:
        _send_pieces(connection, head, body, chunked=chunked)


def plain_answer(error: OssError, host_id: str, request_id: str) -> Answer:
    """Return the answer of an error that no bucket raised."""
    headers = {"Content-Type": "application/xml", "x-oss-request-id": request_id, "x-oss-server-time": "0"}
    return Answer(error.status, headers, error_document(error, request_id=request_id, host_id=host_id))


def _head(answer: Answer, framing: dict[str, str], *, last: bool) -> bytes:
    headers = {
        "Server": SERVER,
        "Date": http_date(int(time.time())),
        **framing,
        **answer.headers,
        "Connection": "close" if last else "keep-alive",
    }
    if not "".join(headers.values()).isprintable():
        headers = {name: _NOT_IN_A_LINE.sub(" ", value) for name, value in headers.items()}
    lines = "".join([f"{name}: {headers[name]}\r\n" for name in _in_order(tuple(headers))])
    phrase = _PHRASES.get(answer.status, "")
    return f"HTTP/1.1 {int(answer.status)} {phrase}\r\n{lines}\r\n".encode()


@lru_cache(maxsize=64)  # most answers have the same names
def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: _PLACES.get(name.lower(), _PLACES["*"])))


def _send_pieces(connection: socket.socket, head: bytes, pieces: Iterator[bytes], *, chunked: bool) -> None:
    """Send a streamed answer: the head together with the first piece, which is often the only one."""
    before = head
    for piece in pieces:
        framed = b"%x\r\n%s\r\n" % (len(piece), piece) if chunked and piece else piece
        _send(connection, before + framed)
        before = b""
    _send(connection, before + (b"0\r\n\r\n" if chunked else b""))


def _send(connection: socket.socket, content: bytes) -> None:
    """Send everything. The socket's time limit holds for each piece that the client takes, not for all."""
    sent = connection.send(content)
    while sent < len(content):
        sent += connection.send(memoryview(content)[sent:])
