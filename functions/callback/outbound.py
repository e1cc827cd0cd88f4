"""The only connections this function opens: a HEAD to the upload bucket, and rarely a public key of OSS.

Each is bounded in time and size. `requests` bounds each read but not their sum, so a peer that sends a byte
now and then could hold it for ever; here a timer ends the connection when the time is over.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import BaseHTTPResponse

import signing
from completing import Head
from refusals import Unavailable
from variables import Credentials

HEAD_SECONDS = 1.0
KEY_SECONDS = 1.0
MAX_KEY_BYTES = 4096
IDLE_SECONDS = 20.0  # OSS closes idle connections; one that may be closed is not worth a try

Monotonic = Callable[[], float]


class Outbound:
    """One kept-alive session. `deadline` is in monotonic seconds everywhere."""

    def __init__(self, object_url: str, bucket: str, region: str, monotonic: Monotonic) -> None:
        self._object_url = object_url
        self._bucket = bucket
        self._region = region
        self._monotonic = monotonic
        self._used_at = monotonic()
        self._session = _session()

    def head(self, key: str, role: Credentials, now: float, deadline: float) -> Head:
        """Ask OSS about an object. Raises `Unavailable` when no answer comes in time."""
        deadline = min(deadline, self._monotonic() + HEAD_SECONDS)
        headers = self._signed_headers(key, role, now)
        url = f"{self._object_url}/{signing.uri_encode(key, keep=b'/')}"
        try:
            response = self._request("HEAD", url, headers, deadline)
        except requests.ConnectionError:  # a kept-alive connection may have been closed meanwhile
            response = self._retry(url, headers, deadline)
        except requests.RequestException:
            raise Unavailable("head_unanswered") from None
        return Head(response.status_code, {name.lower(): value for name, value in response.headers.items()})

    def fetch_key(self, url: str, deadline: float) -> bytes | None:
        """Return at most `MAX_KEY_BYTES` found at an address of OSS's, or None."""
        deadline = min(deadline, self._monotonic() + KEY_SECONDS)
        try:
            with self._request("GET", url, {}, deadline) as response:
                return self._read(response, deadline) if response.status_code == requests.codes.ok else None
        except (requests.RequestException, urllib3.exceptions.HTTPError):
            return None

    def _signed_headers(self, key: str, role: Credentials, now: float) -> dict[str, str]:
        date = signing.utc_stamp(now)
        headers = {"x-oss-date": date, "x-oss-content-sha256": signing.UNSIGNED_PAYLOAD}
        if role.security_token:
            headers["x-oss-security-token"] = role.security_token
        canonical = signing.canonical_request("HEAD", self._bucket, key, {}, headers)
        signature = signing.signature_v4(
            signing.string_to_sign(canonical, date, self._region),
            signing.signing_key(role.access_key_secret, date[:8], self._region),
        )
        authorization = signing.authorization_v4(role.access_key_id, date, self._region, signature)
        return {**headers, "Authorization": authorization}

    def _retry(self, url: str, headers: Mapping[str, str], deadline: float) -> requests.Response:
        try:
            return self._request("HEAD", url, headers, deadline)
        except requests.RequestException:
            raise Unavailable("head_unanswered") from None

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], deadline: float
    ) -> requests.Response:
        now = self._monotonic()
        if now >= deadline:
            raise requests.Timeout
        if now - self._used_at > IDLE_SECONDS:
            self._session.close()
        self._used_at = now
        whole = urllib3.Timeout(total=deadline - now)  # connecting and waiting together
        return self._session.request(
            method,
            url,
            headers=headers,
            timeout=whole,  # type: ignore[arg-type]  # requests hands it on; only its stub does not know
            allow_redirects=False,
            stream=method != "HEAD",  # a HEAD has no body, and its connection is kept
        )

    def _read(self, response: requests.Response, deadline: float) -> bytes | None:
        raw: BaseHTTPResponse = response.raw
        body = b""
        while len(body) <= MAX_KEY_BYTES and self._monotonic() < deadline:
            piece = raw.read1(MAX_KEY_BYTES + 1, decode_content=False)
            if not piece:
                return body
            body += piece
        return None


class _EndingConnection(HTTPConnection):
    """A connection whose wait for an answer ends with its timeout, however slowly bytes drip."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 itself does
        with _ended_after(self.sock, self.timeout):
            return super().getresponse()


class _EndingTLSConnection(HTTPSConnection):
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 itself does
        with _ended_after(self.sock, self.timeout):
            return super().getresponse()


class _EndingPool(HTTPConnectionPool):
    ConnectionCls = _EndingConnection


class _EndingTLSPool(HTTPSConnectionPool):
    ConnectionCls = _EndingTLSConnection


class _EndingAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on untouched
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _EndingPool, "https": _EndingTLSPool}


@contextmanager
def _ended_after(sock: socket.socket | None, seconds: float | None) -> Iterator[None]:
    """End the socket when the time is over. What was read until then may look whole, so it is thrown away."""
    ended = threading.Event()
    timer = threading.Timer(seconds or 0, _end, [sock, ended])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if ended.is_set():
        raise TimeoutError


def _end(sock: socket.socket, ended: threading.Event) -> None:
    ended.set()
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # SSLSocket's own would drop the state being read


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # neither proxies nor .netrc
    session.headers.clear()
    session.headers["Accept-Encoding"] = "identity"  # OSS omits ETag and length where it may compress
    session.headers["User-Agent"] = "oss-direct-upload"
    for scheme in ("http://", "https://"):
        session.mount(scheme, _EndingAdapter())
    return session
