"""One connection: its requests are read and answered in turn, until one side ends it."""

import contextlib
import logging
import os
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import NamedTuple

from oss_emulator.bucket.state import new_request_id
from oss_emulator.errors import OssError, internal_error
from oss_emulator.http_messages import Answer, Body, ConnectionLost, Request
from oss_emulator.web.reading import STALL_SECONDS, Head, Incoming, NotHttpError
from oss_emulator.web.writing import plain_answer, send_answer

LINGER_SECONDS = 2.0  # ours: how long what a client still sends is read after the last answer

# Is told of each request, its answer (None for a reset), and the seconds from its head to the answer's end.
Log = Callable[[Request, Answer | None, float], None]

_LINGER_OFF = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)  # SO_LINGER: on, no seconds
_LOG = logging.getLogger(__name__)


class _Ends(NamedTuple):
    """Both ends of a connection: the client's IP address, and the URL of our own, without a path."""

    client_ip: str
    address: str


def serve_connection(
    connection: socket.socket,
    client_ip: str,
    respond: Callable[[Request], Answer],
    idle: AbstractContextManager[None],
    log: Log,
) -> None:
    """Answer the requests of a connection until it ends; while it waits for one, it is in context `idle`."""
    try:
        connection.settimeout(STALL_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if isinstance(connection, ssl.SSLSocket):
            connection.do_handshake()
        ends = _Ends(client_ip, _address(connection))
        incoming = Incoming(connection)
        while True:
            try:
                with idle:
                    head = incoming.read_head()
            except NotHttpError as error:
                _refuse(connection, error, ends.address)
                break
            if head is None or not _answer(connection, ends, incoming, head, respond, log):
                break
        _linger(connection)
    except ConnectionLost:
        _reset(connection)
    except OSError:
        pass  # the client has gone, or is too slow


def _answer(
    connection: socket.socket,
    ends: _Ends,
    incoming: Incoming,
    head: Head,
    respond: Callable[[Request], Answer],
    log: Log,
) -> bool:
    """Answer one request; whether another may follow. Raises ConnectionLost and OSError."""
    body = Body(incoming.read, digested="content-md5" in head.headers, pause=partial(_pause, connection))
    request = Request(
        method=head.method,
        target=head.target,
        headers=head.headers,
        body=body,
        client_ip=ends.client_ip,
        address=ends.address,
    )
    started = time.monotonic()
    try:
        answer = respond(request)
        body.drain()
    except ConnectionLost:
        log(request, None, time.monotonic() - started)
        raise
    except Exception:  # noqa: BLE001 - our own fault: logged, and answered in OSS's form
        _LOG.exception("%s %s", head.method, head.target)
        answer = plain_answer(internal_error(), _authority(ends.address), new_request_id(time.time()))
        body.incomplete = True
    # The next bytes may be the rest of a body that broke off, and must not be taken for a request.
    last = head.last or body.incomplete or answer.headers.get("Connection") == "close"
    try:
        send_answer(connection, answer, method=head.method, last=last, chunks=head.chunks)
    except ConnectionLost:
        log(request, None, time.monotonic() - started)
        raise
    log(request, answer, time.monotonic() - started)
    return not last


def _refuse(connection: socket.socket, error: NotHttpError, address: str) -> None:
    """Answer bytes that are no request.

    What OSS answers is unconfirmed: the Code is the phrase of the status, as BadRequest and NotImplemented
    are in OSS's tables.
    """
    code = error.status.phrase.title().replace(" ", "").replace("-", "")
    refusal = OssError(error.status, code, error.message)
    answer = plain_answer(refusal, _authority(address), new_request_id(time.time()))
    send_answer(connection, answer, method="", last=True)


def _address(connection: socket.socket) -> str:
    scheme = "https" if isinstance(connection, ssl.SSLSocket) else "http"
    host, port = connection.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _authority(address: str) -> str:
    return address.partition("://")[2]


def _pause(connection: socket.socket, seconds: float) -> None:
    """Wait for `seconds`, or until the client closes the connection, even if it left unread bytes.

    Only Linux reports a closed connection that still has unread bytes; elsewhere the wait is not cut short.
    """
    closed = getattr(select, "POLLRDHUP", None)
    if closed is None:
        time.sleep(seconds)
        return
    waiting = select.poll()
    waiting.register(connection, closed)
    waiting.poll(seconds * 1000)


def _linger(connection: socket.socket) -> None:
    """Say that no more is sent, and read on for a moment.

    Bytes that are still on their way would make the system reset the connection, and the client would lose
    the answer.
    """
    connection.shutdown(socket.SHUT_WR)
    ends = time.monotonic() + LINGER_SECONDS
    while (left := ends - time.monotonic()) > 0:
        connection.settimeout(left)
        if not connection.recv(1 << 16):
            return


def _reset(connection: socket.socket) -> None:
    """Send nothing and end the connection by a reset (TCP RST)."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
        connection.close()
