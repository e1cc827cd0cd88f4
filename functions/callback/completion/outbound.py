"""The connections that this function opens, and no others. Each is limited in time and size.

A HEAD to the upload bucket, and a GET there with DETECT_TYPE; a POST to your backend if there is one; and
rarely a GET of a public key of OSS.
"""

import logging
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from completion.object_proof import Head, Upload
from completion.webhook import MAX_ANSWER_BYTES, Response
from vendored import oss_signing, time_limit
from vendored.env import Credentials
from vendored.errors import BackendFailed, Unavailable
from vendored.time_limit import within

HEAD_SECONDS = 1.0
FETCH_SECONDS = 1.0
FIRST_BYTES_SECONDS = 0.5  # with HEAD and webhook, no more than a request may take in all
WEBHOOK_SECONDS = 2.0
MAX_KEY_BYTES = 4096
IDLE_SECONDS = 20.0  # OSS closes idle connections: after this time a new one is opened

# urllib3 logs whole addresses, which may hold a key of the backend; a runtime may collect its root logger.
logging.getLogger("urllib3").propagate = False


class LimitedConnection(HTTPConnection):
    """A connection that is shut down at the limit of the exchange that uses it."""

    def connect(self) -> None:
        """Open the connection: `request` does so if it must."""
        super().connect()
        time_limit.use(self.sock)

    def request(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - handed on as they are
        """Send a request. A connection that an earlier exchange opened is this exchange's from now on."""
        time_limit.check()
        if self.sock is not None:
            time_limit.use(self.sock)
        super().request(*args, **options)


class LimitedTlsConnection(LimitedConnection, HTTPSConnection):
    """The same with TLS."""


class LimitedPool(HTTPConnectionPool):
    """Connections of this kind."""

    ConnectionCls = LimitedConnection


class LimitedTlsPool(HTTPSConnectionPool):
    """Connections of this kind, with TLS."""

    ConnectionCls = LimitedTlsConnection


class Session(requests.Session):
    """A session without redirects, proxies, cookies and compression."""

    def __init__(self) -> None:
        super().__init__()
        adapter = HTTPAdapter()
        adapter.poolmanager.pool_classes_by_scheme = {"http": LimitedPool, "https": LimitedTlsPool}
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        self.trust_env = False  # neither proxies nor .netrc
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.clear()
        self.headers["Accept-Encoding"] = "identity"  # OSS omits ETag and length where it may compress
        self.headers["User-Agent"] = "oss-direct-upload"

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - requests' signature
        """Follow nothing: `allow_redirects=False` alone still reads a redirect's body and its Location."""
        return


class Connection:
    """A connection to one peer, kept alive for as long as the peer probably keeps it open."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._sent_at = monotonic()
        self._session = Session()

    def send(self, request: requests.Request, seconds: float, max_bytes: int) -> Response:
        """Return the answer that comes within `seconds`. Raises what `requests` raises, `TimeoutError`."""
        started_at = self._monotonic()
        if started_at - self._sent_at > IDLE_SECONDS:
            self._session.close()
        self._sent_at = started_at
        return within(seconds, lambda: self.send_twice(request, seconds, max_bytes))

    def send_twice(self, request: requests.Request, seconds: float, max_bytes: int) -> Response:
        """Send, and once more if the connection broke: the peer may have closed an idle one meanwhile.

        Not once more if the time is over, which breaks the connection too.
        """
        try:
            return exchange(self._session, request, seconds, max_bytes)
        except requests.Timeout:  # one of them is also a ConnectionError
            raise
        except requests.ConnectionError:
            time_limit.check()
            return exchange(self._session, request, seconds, max_bytes)


def exchange(session: Session, request: requests.Request, seconds: float, max_bytes: int) -> Response:
    """Send a request; read at most `max_bytes` + 1 bytes, not decompressed. Raises what `requests` raises."""
    with session.send(session.prepare_request(request), timeout=seconds, stream=True) as response:
        body: bytes = response.raw.read(max_bytes + 1, decode_content=False)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status_code, headers, body)


class Outbound:
    """The connections to the bucket and to your backend. Every `deadline` is in monotonic seconds."""

    def __init__(self, object_url: str, bucket: str, region: str, monotonic: Callable[[], float]) -> None:
        self._object_url = object_url
        self._bucket = bucket
        self._region = region
        self._monotonic = monotonic
        self._to_bucket = Connection(monotonic)
        self._to_backend = Connection(monotonic)

    def head(self, key: str, role: Credentials, now: float, deadline: float) -> Head:
        """Send a signed HEAD for an object. Raises `Unavailable` when no answer comes in time."""
        signer = oss_signing.Signer(self._bucket, self._region, role, now)
        headers = signer.headers("HEAD", key, {}, {})
        request = requests.Request("HEAD", f"{self._object_url}/{oss_signing.path_of(key)}", headers)
        try:
            answer = self._to_bucket.send(request, self._left(deadline, HEAD_SECONDS), 0)
        except Exception as error:  # noqa: BLE001 - libraries fail in ways of their own
            raise Unavailable("head_unanswered", type(error).__name__) from None
        return Head(answer.status, answer.headers)

    def first_bytes(
        self, upload: Upload, count: int, role: Credentials, now: float, deadline: float
    ) -> bytes:
        """Return the first `count` bytes of a proved object, or all that it has; none if they come too late.

        OSS answers a range that ends behind the object with the whole object, so the range never does.
        """
        count = min(count, upload.size)
        if not count:
            return b""
        signer = oss_signing.Signer(self._bucket, self._region, role, now)
        asked = {"Range": f"bytes=0-{count - 1}", "If-Match": f'"{upload.etag}"'}
        headers = signer.headers("GET", upload.key, {}, asked)
        request = requests.Request("GET", f"{self._object_url}/{oss_signing.path_of(upload.key)}", headers)
        try:
            answer = self._to_bucket.send(request, self._left(deadline, FIRST_BYTES_SECONDS), count)
        except Exception:  # noqa: BLE001 - as above
            return b""
        return answer.body[:count] if answer.status == requests.codes.partial else b""

    def post(self, url: str, headers: Mapping[str, str], body: bytes, deadline: float) -> Response:
        """Send an event to your backend. Raises `BackendFailed` when no answer comes in time."""
        request = requests.Request("POST", url, headers, data=body)
        try:
            return self._to_backend.send(request, self._left(deadline, WEBHOOK_SECONDS), MAX_ANSWER_BYTES)
        except Exception as error:  # noqa: BLE001 - as above
            raise BackendFailed(
                "backend_unanswered", f"Your backend could not be reached in time ({type(error).__name__})."
            ) from None

    def fetch_key(self, url: str, deadline: float) -> bytes | None:
        """Return the key at an address of OSS's; None if there is none, or one over `MAX_KEY_BYTES`."""
        seconds, request = self._left(deadline, FETCH_SECONDS), requests.Request("GET", url)
        try:
            answer = within(seconds, lambda: exchange(Session(), request, seconds, MAX_KEY_BYTES))
        except Exception:  # noqa: BLE001 - as above
            return None
        whole = answer.status == requests.codes.ok and len(answer.body) <= MAX_KEY_BYTES
        return answer.body if whole else None

    def _left(self, deadline: float, most: float) -> float:
        return min(deadline - self._monotonic(), most)
