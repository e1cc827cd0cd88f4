"""One callback request on the wire, with a deadline that a slow drip of bytes cannot outlive.

Source: OSS Callback page and a full capture of 2019-06-02 for the headers and their names. Whether the answer
is good enough is not judged here.
"""

import base64
import contextlib
import hashlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from email.utils import formatdate

from cryptography.hazmat.primitives.asymmetric import rsa

from oss.callback_delivery import MAX_ANSWER_BYTES, Exchange, Reply, TooSlow, Unreachable
from oss.callback_key import sign_callback
from oss.callback_parameter import Callback, CallbackUrl

ACCOUNT_ID = "1000000000000000"  # stands for the bucket owner's uid


def callback_headers(
    callback: Callback,
    url: CallbackUrl,
    body: bytes,
    *,
    key: rsa.RSAPrivateKey,
    origin: Mapping[str, str],
    now: float,
) -> dict[str, str]:
    """Return the headers OSS sends; `origin` has `bucket`, `request_id` and `public_key_url`."""
    return {
        "Host": callback.host or url.netloc,
        "Connection": "close",
        "Content-Length": str(len(body)),
        "Authorization": sign_callback(key, url.path, url.query, body),
        "Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
        "Content-Type": callback.body_type,
        "Date": formatdate(now, usegmt=True),
        "User-Agent": "aliyun-oss-callback",
        "x-oss-additional-headers": "",
        "x-oss-bucket": origin["bucket"],
        "x-oss-owner": ACCOUNT_ID,
        "x-oss-pub-key-url": base64.b64encode(origin["public_key_url"].encode()).decode(),
        "x-oss-request-id": origin["request_id"],
        "x-oss-requester": ACCOUNT_ID,
        "x-oss-signature-version": "1.0",
        "x-oss-tag": "CALLBACK",
    }


def exchange_over_network(
    callback: Callback, body: bytes, *, key: rsa.RSAPrivateKey, origin: Mapping[str, str], now: float
) -> Exchange:
    """Return the exchange that sends `body` over the network."""

    def exchange(url: CallbackUrl, seconds: float) -> Reply:
        headers = callback_headers(callback, url, body, key=key, origin=origin, now=now)
        connection = _Connection(url, seconds, sni=callback.sni)
        try:
            return _request(connection, url.path + url.query, headers, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            # The socket has the same limit as the timer, and either may be first.
            late = connection.expired or isinstance(error, TimeoutError)
            raise (TooSlow if late else Unreachable) from error
        finally:
            connection.end()

    return exchange


class _Connection(http.client.HTTPConnection):
    """A connection whose socket a timer shuts down at the deadline, whatever it waits for."""

    def __init__(self, url: CallbackUrl, seconds: float, *, sni: bool) -> None:
        super().__init__(url.host, url.port, timeout=seconds)
        self._tls = url.scheme == "https"
        self._sni = sni
        # http.client lets go of its socket before the body is read; the timer must not.
        self._live = socket.socket(socket.AF_INET, socket.SOCK_STREAM)  # OSS calls no IPv6 address
        self._live.settimeout(seconds)
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.name = f"deadline of {url.netloc}"
        self.expired = False

    def connect(self) -> None:
        self._timer.start()
        self.sock = self._live
        self._live.connect((self.host, self.port))
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
        with contextlib.suppress(OSError):  # it may end by itself at the same moment
            socket.socket.shutdown(self._live, socket.SHUT_RDWR)


def _request(connection: _Connection, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
    connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    with connection.getresponse() as response:
        answered = {name.lower(): value for name, value in response.getheaders()}
        # A length that the judge will refuse anyway is not read: the server might never end it.
        content = response.read() if response.length and response.length <= MAX_ANSWER_BYTES else b""
    if connection.expired:
        raise TimeoutError
    return Reply(response.status, answered, content)
