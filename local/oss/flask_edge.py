"""The edge to the web server: a Flask request to ours, our answer to Flask's, and the reset of a connection.

functions-framework serves under gunicorn, which leaves the raw target and the socket in the environment.
"""

import contextlib
import errno
import socket
import struct
from collections.abc import Callable, Iterator
from typing import NoReturn

import flask
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]  # it ships no types

from oss.http_messages import Answer, Body, Request


def from_flask(request: flask.Request) -> Request:
    """Our request. Its path is the raw one: Flask's is decoded, and signatures need what was sent."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = Body(_until_broken(request.stream.read), digested="content-md5" in headers)
    return Request(
        method=request.method,
        target=str(request.environ["RAW_URI"]),
        headers=headers,
        body=body,
        client_ip=request.remote_addr or "",
        port=int(request.environ["SERVER_PORT"]),
    )


def _until_broken(read: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """Return `read` with the end of the body where the connection breaks or a chunk is not one."""

    def read_whole(size: int) -> bytes:
        try:
            return read(size)
        except (OSError, ParseException):
            return b""

    return read_whole


def to_flask(answer: Answer) -> flask.Response:
    """Flask's response. An iterator as body is streamed, and no Content-Length is made up for it."""
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
