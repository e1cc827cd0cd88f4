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
    """OSS's answer."""

    status: int
    body: bytes


class BucketRequests(NamedTuple):
    """Signed requests for the object `key`, to the bucket at `origin`.

    `upload_id` is the grant's, for refusals; `left` returns how many seconds are left for all requests.
    """

    origin: str
    key: str
    upload_id: str
    signer: Signer
    left: Callable[[], float]

    def send(
        self,
        method: str,
        query: Mapping[str, str],
        headers: Mapping[str, str] = {},
        body: bytes = b"",
        *,
        seconds: float,
    ) -> BucketAnswer:
        """Send one request. Raises `Unavailable` when no whole answer comes within `seconds`."""
        signed = self.signer.headers(method, self.key, query, headers)
        named = [f"{name}={uri_encode(value)}" if value else name for name, value in query.items()]
        target = f"/{path_of(self.key)}?{'&'.join(named)}"
        limit = min(seconds, self.left())
        try:
            return within(limit, lambda: _exchange(self.origin, method, target, signed, body, limit))
        except (OSError, http.client.HTTPException) as error:  # TimeoutError is an OSError
            raise Unavailable("bucket_unanswered", type(error).__name__, upload_id=self.upload_id) from None


def _exchange(
    origin: str, method: str, target: str, headers: Mapping[str, str], body: bytes, seconds: float
) -> BucketAnswer:
    """Return an answer of at most `MAX_ANSWER_BYTES`. Raises `OSError` or `HTTPException`."""
    with closing(_connection(origin, seconds)) as connection:
        connection.connect()
        use(connection.sock)
        connection.request(method, target, body, dict(headers))
        with connection.getresponse() as response:
            content = response.read(MAX_ANSWER_BYTES + 1)
            if response.length or len(content) > MAX_ANSWER_BYTES:  # `length` bytes are still to come
                raise http.client.IncompleteRead(b"")
            return BucketAnswer(response.status, content)


def _connection(origin: str, seconds: float) -> http.client.HTTPConnection:
    address = urlsplit(origin)
    if address.scheme == "https":
        return http.client.HTTPSConnection(address.netloc, timeout=seconds, context=_tls())
    return http.client.HTTPConnection(address.netloc, timeout=seconds)


@cache  # reading the system's authorities takes longer than a handshake
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
