"""The edge to the web server: Flask's request to ours, our answer to Flask's, and the end of a connection.

functions-framework runs under gunicorn, which puts the raw request target and the socket into the WSGI
environment. gunicorn itself answers requests that are not valid HTTP; `refuse_what_is_not_http` does so in
OSS's form.
"""

import contextlib
import errno
import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, NoReturn, Protocol

import flask
import gunicorn.util  # type: ignore[import-untyped]  # it ships no types
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]

from oss_emulator.bucket.state import new_request_id
from oss_emulator.errors import OssError, error_document, internal_error
from oss_emulator.http_messages import Answer, Body, IncompleteRead, Request

_AUTHORITY = re.compile("^https?://[^/?]*")  # of a target in absolute form (RFC 9112 3.2.2)

MALFORMED_FORM = "0006-00000104"  # EC of a form that breaks off or is malformed


def answer_every_path(answer: Callable[[flask.Request], flask.Response]) -> None:
    """Send every request of the app that is being set up to `answer`, before Flask looks for a route.

    functions-framework has routes of its own for /robots.txt, /favicon.ico and every path with a line feed.
    All of these may be keys of objects.
    """
    flask.current_app.before_request(lambda: answer(flask.request))


def from_flask(request: flask.Request) -> Request:
    """Return our request, with the raw path: Flask decodes it, but a signature covers the path as sent."""
    headers = {name.lower(): _header_value(value) for name, value in request.headers.items()}
    connection = request.environ["gunicorn.socket"]
    body = Body(
        _body_reader(request),
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


def _header_value(value: str) -> str:
    """Return a header's value read as UTF-8, as OSS does; if it is not UTF-8, as latin-1, which WSGI uses."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _body_reader(request: flask.Request) -> Callable[[int], bytes]:
    """Return a function that reads the body; it raises IncompleteRead if it ends too early."""
    left = request.content_length

    def read(size: int) -> bytes:
        nonlocal left
        try:
            piece = request.stream.read(size)
        except (OSError, ParseException) as error:
            raise IncompleteRead from error
        if left is not None:
            left -= len(piece)
            if left and not piece:
                raise IncompleteRead
        return piece

    return read


def _pause(connection: socket.socket, seconds: float) -> None:
    """Wait for `seconds`, or until the client closes the connection, even if it left unread bytes."""
    waiting = select.poll()
    # Only Linux reports a closed connection that still has unread bytes; elsewhere the wait is not cut short.
    waiting.register(connection, getattr(select, "POLLRDHUP", 0))
    waiting.poll(seconds * 1000)


class _LastResponse(flask.Response):
    """The last answer of its connection, and says so.

    gunicorn drops the Connection header of an application and writes its own.
    """

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response.__self__.force_close()  # type: ignore[attr-defined]  # a method of gunicorn's response
        return super().__call__(environ, start_response)


def to_flask(answer: Answer) -> flask.Response:
    """Return Flask's response. A body that is an iterator is streamed, and no Content-Length is added.

    The connection of a form that broke off is closed: the next bytes may be the rest of the form and must not
    be taken for a new request.
    """
    closes = answer.headers.get("Connection") == "close" or answer.headers.get("x-oss-ec") == MALFORMED_FORM
    response = (_LastResponse if closes else flask.Response)(answer.body, answer.status)
    del response.headers["Content-Type"]
    for name, value in answer.headers.items():
        # WSGI encodes header values as latin-1; OSS sends the stored UTF-8 bytes.
        response.headers[name] = value.encode().decode("latin-1")
    return response


def reset(request: flask.Request) -> flask.Response:
    """Return a response that sends nothing and resets the connection (TCP RST)."""
    connection = request.environ["gunicorn.socket"]
    # gunicorn sends nothing before the first piece of the body, so that is where the reset happens.
    body: Iterator[bytes] = iter(lambda: _reset(connection), b"")
    return flask.Response(body)


def _reset(connection: socket.socket) -> NoReturn:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    # Only for this error does gunicorn treat the connection as gone and send no answer.
    raise ConnectionResetError(errno.ECONNRESET, "reset on purpose")


def refuse_what_is_not_http(connection: socket.socket, status: int, _reason: str, message: str) -> None:
    """Write OSS's XML instead of gunicorn's HTML page, and announce that the connection closes.

    The statuses are gunicorn's. OSS's answer to such requests is unconfirmed: the Code is the phrase of the
    HTTP status, as BadRequest and NotImplemented are in OSS's tables.
    """
    # 500 with a message is about a header that only a proxy may send, such as SCRIPT_NAME: a client's fault.
    answered = (
        HTTPStatus.BAD_REQUEST
        if status == HTTPStatus.INTERNAL_SERVER_ERROR and message
        else HTTPStatus(status)
    )
    code = answered.phrase.title().replace(" ", "").replace("-", "")
    own_fault = answered is HTTPStatus.INTERNAL_SERVER_ERROR
    error = internal_error() if own_fault else OssError(answered, code, message)
    request_id = new_request_id()
    host, port = connection.getsockname()[:2]
    document = error_document(error, request_id=request_id, host_id=f"{host}:{port}")
    head = (
        f"HTTP/1.1 {answered.value} {answered.phrase}",
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
    """Close a connection in a separate thread.

    gunicorn waits up to two seconds for the client to close its end, and accepts no connection meanwhile.
    """
    threading.Thread(target=close, args=(connection,), daemon=True).start()


class _GunicornRequest(Protocol):
    headers: list[tuple[str, str]]

    def force_close(self) -> None: ...


def prefer_chunks(set_body_reader: Callable[[_GunicornRequest], None]) -> Callable[[_GunicornRequest], None]:
    """Return gunicorn's method that finds out a body's length, for which chunks count before Content-Length.

    gunicorn refuses a request with both; OSS takes one (its SDKs' live tests). The connection ends after it,
    because a proxy on the way may have counted otherwise (RFC 9112 6.1).
    """

    def prefer(message: _GunicornRequest) -> None:
        names = [name for name, _ in message.headers]
        if "TRANSFER-ENCODING" in names and names.count("CONTENT-LENGTH") == 1:
            message.headers = [header for header in message.headers if header[0] != "CONTENT-LENGTH"]
            message.force_close()
        set_body_reader(message)

    return prefer
