"""Sending one callback request, with one deadline for name resolution and every byte of the reply.

The request is made in `message`; the reply is checked in `delivery`.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oss_emulator.callback.parameter import CallbackUrl
from oss_emulator.callback.resolver import Resolve, is_ipv4, is_public, resolve, resolve_within

MAX_ANSWER_BYTES = 1024 * 1024  # OSS: Callback page 2021 and 203 page


@dataclass(frozen=True)
class CallbackRequest:
    """A POST to one address, ready to be sent; its Authorization header signs `string_to_sign`."""

    url: CallbackUrl
    headers: Mapping[str, str]
    body: bytes
    string_to_sign: bytes
    sni: bool


@dataclass(frozen=True)
class Reply:
    """The application server's reply: header names in lower case, `body` at most MAX_ANSWER_BYTES."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """No connection, or the connection ended before the whole reply had arrived."""


class TlsFailed(Unreachable):
    """The server was reached, but not over TLS: its certificate does not fit, or it wants a name (SNI)."""


class TooSlow(Exception):
    """The deadline passed."""


Send = Callable[[CallbackRequest, float], Reply]


def send_over_network(
    request: CallbackRequest,
    seconds: float,
    *,
    private_callbacks: bool = False,
    resolve: Resolve = resolve,
) -> Reply:
    """Send `request` and return the reply within `seconds`. Raises Unreachable, TlsFailed or TooSlow.

    The name is resolved once, and the address found is checked and called. So a name that had a public
    address when the upload was checked and has a private one now (DNS rebinding) is Unreachable, unless
    `private_callbacks`.
    """
    deadline = time.monotonic() + seconds
    try:
        addresses = resolve_within(seconds, request.url.host, resolve)
    except TimeoutError as error:
        raise TooSlow from error
    address = next(filter(is_ipv4, addresses), None)
    if address is None or not (private_callbacks or is_public(address)):
        raise Unreachable
    left = deadline - time.monotonic()
    if left <= 0:
        raise TooSlow
    return _call(request, address, left)


def _call(request: CallbackRequest, address: str, seconds: float) -> Reply:
    connection = _Connection(request.url, address, seconds, sni=request.sni)
    try:
        return _exchange(connection, request)
    except (OSError, http.client.HTTPException, ValueError) as error:
        # The socket and the timer have the same limit; either may be first.
        if connection.expired or isinstance(error, TimeoutError):
            raise TooSlow from error
        raise (TlsFailed if isinstance(error, ssl.SSLError) else Unreachable) from error
    finally:
        connection.end()


class _Connection(http.client.HTTPConnection):
    """A connection whose socket a timer shuts down at the deadline, whatever it is waiting for."""

    def __init__(self, url: CallbackUrl, address: str, seconds: float, *, sni: bool) -> None:
        super().__init__(url.host, url.port, timeout=seconds)
        self._address = address
        self._tls = url.scheme == "https"
        self._sni = sni
        # http.client forgets its socket before the body is read; the timer needs it until the end.
        self._live = socket.socket(socket.AF_INET, socket.SOCK_STREAM)  # OSS calls no IPv6 address
        self._live.settimeout(seconds)
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.name = f"deadline of {url.netloc}"
        self.expired = False

    def connect(self) -> None:
        self._timer.start()
        self.sock = self._live
        self._live.connect((self._address, self.port))
        if self._tls:
            context = ssl.create_default_context()
            context.check_hostname = self._sni
            name = self.host if self._sni else None
            tls = context.wrap_socket(self._live, server_hostname=name, do_handshake_on_connect=False)
            self.sock = self._live = tls
            tls.do_handshake()

    def end(self) -> None:
        self._timer.cancel()
        self.close()
        self._live.close()

    def _expire(self) -> None:
        self.expired = True
        with contextlib.suppress(OSError):  # the connection may end at the same moment
            socket.socket.shutdown(self._live, socket.SHUT_RDWR)


def _exchange(connection: _Connection, request: CallbackRequest) -> Reply:
    target = request.url.path + request.url.query
    # http.client rather than requests: requests rewrites paths and adds headers.
    connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    connection.endheaders(request.body)
    with connection.getresponse() as response:
        answered = {name.lower(): value for name, value in response.getheaders()}
        # A body whose length `check_reply` will refuse is not read: it might never end.
        content = response.read() if response.length and response.length <= MAX_ANSWER_BYTES else b""
    if connection.expired:
        raise TimeoutError
    return Reply(response.status, answered, content)
