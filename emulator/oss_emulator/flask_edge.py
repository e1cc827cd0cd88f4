"""The edge to the web server: a Flask request to ours, our answer to Flask's, and the end of a connection.

functions-framework serves under gunicorn, which leaves the raw target and the socket in the environment, and
which answers by itself what is not HTTP: `refuse_what_is_not_http` has OSS's form for that.
"""

import contextlib
import errno
import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http import HTTPStatus
from typing import NoReturn

import flask
import gunicorn.util  # type: ignore[import-untyped]  # it ships no types
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]

from oss_emulator.bucket.state import new_request_id
from oss_emulator.errors import OssError, error_document, internal_error
from oss_emulator.http_messages import Answer, Body, BrokenOff, Request

_AUTHORITY = re.compile("^https?://[^/?]*")  # of a target in absolute form (RFC 9112 3.2.2)

CUT_OFF = "0006-00000104"  # EC of a form that does not end, or not as one


def answer_every_path(answer: Callable[[flask.Request], flask.Response]) -> None:
    """Let `answer` have every request of the app that is being made, before a route is looked for.

    functions-framework has routes of its own: they keep /robots.txt, /favicon.ico and every path with a line
    feed in it from the function. All of them may be keys.
    """
    flask.current_app.before_request(lambda: answer(flask.request))


def from_flask(request: flask.Request) -> Request:
    """Our request. Its path is the raw one: Flask's is decoded, and signatures need what was sent."""
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    connection = request.environ["gunicorn.socket"]
    body = Body(
        _to_its_end(request),
        digested="content-md5" in headers,
        pause=lambda seconds: _pause(connection, seconds),
    )
    return Request(
        method=request.method,
        target=_AUTHORITY.sub("", request.environ["RAW_URI"]),
        headers=headers,
        body=body,
        client_ip=request.remote_addr or "",
        port=int(request.environ["SERVER_PORT"]),
    )


def _text(value: str) -> str:
    """Return a header's text: UTF-8, as OSS takes it; what is not stays the latin-1 that WSGI makes of it."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _to_its_end(request: flask.Request) -> Callable[[int], bytes]:
    """Return what reads the body, and raises BrokenOff where a connection or a chunk breaks it off."""
    left = request.content_length

    def read(size: int) -> bytes:
        nonlocal left
        try:
            piece = request.stream.read(size)
        except (OSError, ParseException) as error:
            raise BrokenOff from error
        if left is not None:
            left -= len(piece)
            if left and not piece:
                raise BrokenOff
        return piece

    return read


def _pause(connection: socket.socket, seconds: float) -> None:
    """Wait, but no longer than the client stays: what it has sent and nobody has read yet does not count."""
    waiting = select.poll()
    # Only Linux tells of a closed connection that still holds unread bytes; elsewhere the wait is whole.
    waiting.register(connection, getattr(select, "POLLRDHUP", 0))
    waiting.poll(seconds * 1000)


def to_flask(answer: Answer) -> flask.Response:
    """Flask's response. An iterator as body is streamed, and no Content-Length is made up for it.

    The connection of a form that was cut off is not used again: what comes next may be the form's rest, and
    must not be answered as a request of its own.
    """
    if answer.headers.get("x-oss-ec") == CUT_OFF:
        flask.request.environ["wsgi.input"].failed = True  # gunicorn's word for "the end was not found"
    response = flask.Response(answer.body, answer.status)
    del response.headers["Content-Type"]
    for name, value in answer.headers.items():
        # Header values leave as latin-1; OSS sends the UTF-8 that was stored.
        response.headers[name] = value.encode().decode("latin-1")
    return response


def reset(request: flask.Request) -> flask.Response:
    """Return a response that resets the connection (TCP RST) instead of being sent."""
    connection = request.environ["gunicorn.socket"]
    # gunicorn sends nothing before the first piece of the body, so that is where the reset happens.
    body: Iterator[bytes] = iter(lambda: _reset(connection), b"")
    return flask.Response(body)


def _reset(connection: socket.socket) -> NoReturn:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    # gunicorn takes this error, and no other, for a connection that is gone and needs no answer.
    raise ConnectionResetError(errno.ECONNRESET, "reset on purpose")


def refuse_what_is_not_http(connection: socket.socket, status: int, _reason: str, message: str) -> None:
    """Write OSS's XML where gunicorn would write its HTML page, and say that the connection ends.

    The statuses are gunicorn's. What OSS says to such requests is unconfirmed: the Code is the status's own
    phrase, as BadRequest and NotImplemented are in OSS's tables.
    """
    # 500 with a message is about a header that only a proxy may send, such as SCRIPT_NAME: a client's fault.
    told = (
        HTTPStatus.BAD_REQUEST
        if status == HTTPStatus.INTERNAL_SERVER_ERROR and message
        else HTTPStatus(status)
    )
    code = told.phrase.title().replace(" ", "").replace("-", "")
    own_fault = told is HTTPStatus.INTERNAL_SERVER_ERROR
    error = internal_error() if own_fault else OssError(told, code, message)
    request_id = new_request_id()
    host, port = connection.getsockname()[:2]
    document = error_document(error, request_id=request_id, host_id=f"{host}:{port}")
    head = (
        f"HTTP/1.1 {told.value} {told.phrase}",
        "Server: AliyunOSS",
        f"Date: {formatdate(usegmt=True)}",
        "Connection: close",
        "Content-Type: application/xml",
        f"Content-Length: {len(document)}",
        f"x-oss-request-id: {request_id}",
        "x-oss-server-time: 0",
    )
    gunicorn.util.write_nonblock(connection, "\r\n".join((*head, "", "")).encode() + document)


def close_aside(
    connection: socket.socket, close: Callable[[socket.socket], None] = gunicorn.util.close_graceful
) -> None:
    """Close a connection in a thread of its own.

    gunicorn gives a client two seconds to close its end, and accepts nobody else meanwhile.
    """
    threading.Thread(target=close, args=(connection,), daemon=True).start()
