"""The only connections this function opens. Each is bounded in time and size.

A HEAD to the upload bucket, your backend's webhook if there is one, and rarely a public key of OSS.
"""

import logging
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy

import requests

import signing
from completing import Head
from deadline import within
from refusals import BackendFailed, Unavailable
from variables import Credentials
from webhook import MAX_ANSWER_BYTES, Response

HEAD_SECONDS = 1.0
FETCH_SECONDS = 1.0
WEBHOOK_SECONDS = 2.0
MAX_KEY_BYTES = 4096
IDLE_SECONDS = 20.0  # OSS closes idle connections; one that may be closed is not worth a try

# Its lines have whole addresses, a backend's key included, and a runtime may collect what reaches the root.
logging.getLogger("urllib3").propagate = False


class Session(requests.Session):
    """Asks exactly what it is told to: no redirects, proxies, cookies or compression."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # neither proxies nor .netrc
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.clear()
        self.headers["Accept-Encoding"] = "identity"  # OSS omits ETag and length where it may compress
        self.headers["User-Agent"] = "oss-direct-upload"

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - requests' signature
        """Follow nothing: `allow_redirects=False` alone still reads a redirect's body and its Location."""
        return


class Line:
    """One peer, over a connection that is kept while it is likely to be still open."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._asked_at = monotonic()
        self._session = Session()

    def ask(self, request: requests.Request, seconds: float, max_bytes: int) -> Response:
        """Return the answer that comes within `seconds`. Raises what `requests` raises, `TimeoutError`."""
        started_at = self._monotonic()
        if started_at - self._asked_at > IDLE_SECONDS:
            self._session.close()
        self._asked_at = started_at
        return within(seconds, lambda: self.ask_twice(request, seconds, max_bytes))

    def ask_twice(self, request: requests.Request, seconds: float, max_bytes: int) -> Response:
        """Ask once more where a connection broke: a kept-alive one may have been closed meanwhile."""
        try:
            return exchange(self._session, request, seconds, max_bytes)
        except requests.ConnectionError:
            return exchange(self._session, request, seconds, max_bytes)


def exchange(session: Session, request: requests.Request, seconds: float, max_bytes: int) -> Response:
    """Ask and read at most one byte more than `max_bytes`, as they came. Raises what `requests` raises."""
    with session.send(session.prepare_request(request), timeout=seconds, stream=True) as response:
        body: bytes = response.raw.read(max_bytes + 1, decode_content=False)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status_code, headers, body)


class Outbound:
    """A line to the bucket and one to your backend. `deadline` is in monotonic seconds everywhere."""

    def __init__(self, object_url: str, bucket: str, region: str, monotonic: Callable[[], float]) -> None:
        self._object_url = object_url
        self._bucket = bucket
        self._region = region
        self._monotonic = monotonic
        self._to_bucket = Line(monotonic)
        self._to_backend = Line(monotonic)

    def head(self, key: str, role: Credentials, now: float, deadline: float) -> Head:
        """Ask OSS about an object. Raises `Unavailable` when no answer comes in time."""
        url = f"{self._object_url}/{signing.uri_encode(key, keep=b'/')}"
        request = requests.Request("HEAD", url, self._signed_headers(key, role, now))
        try:
            answer = self._to_bucket.ask(request, self._left(deadline, HEAD_SECONDS), 0)
        except Exception as error:  # noqa: BLE001 - libraries fail in ways of their own
            raise Unavailable("head_unanswered", type(error).__name__) from None
        return Head(answer.status, answer.headers)

    def post(self, url: str, headers: Mapping[str, str], body: bytes, deadline: float) -> Response:
        """Send an event to your backend. Raises `BackendFailed` when no answer comes in time."""
        request = requests.Request("POST", url, headers, data=body)
        try:
            return self._to_backend.ask(request, self._left(deadline, WEBHOOK_SECONDS), MAX_ANSWER_BYTES)
        except Exception as error:  # noqa: BLE001 - as above
            raise BackendFailed(
                "backend_unanswered", f"Your backend could not be reached in time ({type(error).__name__})."
            ) from None

    def fetch_key(self, url: str, deadline: float) -> bytes | None:
        """Return at most `MAX_KEY_BYTES` found at an address of OSS's, or None."""
        seconds, request = self._left(deadline, FETCH_SECONDS), requests.Request("GET", url)
        try:
            answer = within(seconds, lambda: exchange(Session(), request, seconds, MAX_KEY_BYTES))
        except Exception:  # noqa: BLE001 - as above
            return None
        whole = answer.status == requests.codes.ok and len(answer.body) <= MAX_KEY_BYTES
        return answer.body if whole else None

    def _left(self, deadline: float, most: float) -> float:
        return min(deadline - self._monotonic(), most)

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
