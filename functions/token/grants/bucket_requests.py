"""What this function itself asks of the upload bucket. Each request is limited in time and size.

Imported only for uploads in parts: HTTP and TLS cost as much as the whole rest of a cold start.
"""

import http.client
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from vendored.errors import Unavailable
from vendored.oss_signing import Signer, path_of, uri_encode
from vendored.time_limit import use, within

MAX_ANSWER_BYTES = 1024**2  # a list of a thousand parts has 300 KB


class BucketAnswer(NamedTuple):
    """OSS's answer: header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class BucketRequests:
    """Signed requests for one object, of one upload."""

    def __init__(
        self, key: str, upload_id: str, origin: str, signer: Signer, left: Callable[[], float]
    ) -> None:
        """`origin` is the bucket's address; `left` returns how many seconds are left for all requests."""
        self._key = key
        self._upload_id = upload_id
        self._origin = origin
        self._signer = signer
        self._left = left

    def send(
        self,
        method: str,
        query: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        seconds: float,
    ) -> BucketAnswer:
        """Send one request. Raises `Unavailable` when no whole answer comes in time."""
        typed = {"Content-Type": "application/xml", **(headers or {})}
        signed = self._signer.headers(method, self._key, query, typed)
        named = [f"{name}={uri_encode(value)}" if value else name for name, value in query.items()]
        target = f"/{path_of(self._key)}?{'&'.join(named)}"
        limit = min(seconds, self._left())
        try:
            return within(limit, lambda: _exchange(self._origin, method, target, signed, body, limit))
        except (OSError, http.client.HTTPException) as error:  # TimeoutError is an OSError
            raise Unavailable("bucket_unanswered", type(error).__name__, upload_id=self._upload_id) from None


def _exchange(
    origin: str, method: str, target: str, headers: Mapping[str, str], body: bytes, seconds: float
) -> BucketAnswer:
    with closing(_connection(origin, seconds)) as connection:
        connection.connect()
        use(connection.sock)
        connection.request(method, target, body, dict(headers))
        with connection.getresponse() as response:
            content = response.read(MAX_ANSWER_BYTES + 1)
            if len(content) > MAX_ANSWER_BYTES:
                raise http.client.HTTPException
            return BucketAnswer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, content
            )


def _connection(origin: str, seconds: float) -> http.client.HTTPConnection:
    address = urlsplit(origin)
    if address.scheme == "https":
        return http.client.HTTPSConnection(address.netloc, timeout=seconds, context=_tls())
    return http.client.HTTPConnection(address.netloc, timeout=seconds)


@cache  # reading the system's authorities takes longer than a handshake
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
