"""One request, one look at a certificate or at DNS. Nothing here judges an answer.

Every exchange has a limit of time and of size, and uses no redirect, proxy, cookie or .netrc.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests

from vendored.time_limit import within

SECONDS = 15.0  # above OSS's 5 s for a callback and the time of a small upload
MAX_BYTES = 64 * 1024
HTTPS_PORT = 443

Parts = Sequence[tuple[str, "tuple[str | None, str | bytes]"]]


@dataclass(frozen=True)
class Answer:
    """An answer, with header names in lower case; `raw_headers` are as they came.

    If none came, `status` is 0 and `network_error` says why.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    network_error: str = ""
    raw_headers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Exchange:
    """What a check sent, and the answer. Of a form, `fields` are the fields, and `content` is the file."""

    check: str
    method: str
    url: str
    headers: Mapping[str, str]
    fields: Sequence[tuple[str, str]]
    content: bytes
    answer: Answer


def ask(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    parts: Parts = (),
    content: bytes | Iterator[bytes] | None = None,
) -> Answer:
    """Send one request over a connection of its own. Errors of the network are returned, not raised.

    Content from an iterator is sent without saying its length.
    """
    request = requests.Request(method, url, headers, files=list(parts) or None, data=content)
    started = time.monotonic()
    try:
        status, raw, body = within(SECONDS, lambda: _exchange(request))
    except (OSError, ValueError) as error:  # requests' errors are both
        return Answer(0, {}, b"", time.monotonic() - started, network_error_of(error))
    received = {name.lower(): value for name, value in raw}
    return Answer(status, received, body, time.monotonic() - started, raw_headers=raw)


@dataclass(frozen=True)
class Certificate:
    """For how many days a certificate is still valid, and the host names that it is for."""

    days: float
    names: tuple[str, ...]


def certificate_of(url: str) -> Certificate | str:
    """Return the certificate at an address, or what is wrong with it, in words of a symptom."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or HTTPS_PORT
    try:
        return within(SECONDS, lambda: _certificate(host, port))
    except (OSError, ValueError) as error:
        return network_error_of(error)


@dataclass(frozen=True)
class Resolved:
    """The name at the end of a host's aliases, and its addresses."""

    canonical_name: str
    addresses: tuple[str, ...]


def resolve(host: str) -> Resolved | str:
    """Ask this machine's resolver for a host, or return what is wrong, in words of a symptom."""
    try:
        found = within(
            SECONDS,
            lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME),
        )
    except (OSError, ValueError) as error:
        return network_error_of(error)
    return Resolved(found[0][3] or host, tuple(str(one[4][0]) for one in found))


def network_error_of(error: BaseException) -> str:
    """Return one word for an error of the network, and for TLS the verifier's reason. Never an address."""
    chain = _chain(error)
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"tls {one.verify_message}"
        if isinstance(one, socket.gaierror):
            return "name_unknown"
        if isinstance(one, ConnectionRefusedError):
            return "refused"
    if any(isinstance(one, (TimeoutError, requests.Timeout)) for one in chain):
        return "timeout"
    if any(isinstance(one, (ssl.SSLError, requests.exceptions.SSLError)) for one in chain):
        return "tls handshake failed"
    return "address_invalid" if isinstance(error, ValueError) else "broken"


def _chain(error: BaseException) -> list[BaseException]:
    """List an error and those inside it: requests and urllib3 keep them as cause, context or argument."""
    found, waiting = [], [error]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.append(one)
            inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
            waiting.extend(each for each in inner if isinstance(each, BaseException))
    return found


class _Session(requests.Session):
    """Adds nothing to a request but two headers."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.clear()
        self.headers.update({"Accept-Encoding": "identity", "User-Agent": "oss-direct-upload-doctor"})

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - requests' signature
        """Follow no redirect."""
        return


def _exchange(request: requests.Request) -> tuple[int, list[tuple[str, str]], bytes]:
    with _Session() as session:
        prepared = session.prepare_request(request)
        with session.send(prepared, timeout=SECONDS, stream=True) as response:
            body: bytes = response.raw.read(MAX_BYTES, decode_content=False)
            return response.status_code, list(response.raw.headers.items()), body


def _certificate(host: str, port: int) -> Certificate:
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as tls,
    ):
        found: Mapping[str, Any] = tls.getpeercert() or {}
    days = (ssl.cert_time_to_seconds(found["notAfter"]) - time.time()) / 86400
    return Certificate(days, tuple(name for _, name in found.get("subjectAltName", ())))
