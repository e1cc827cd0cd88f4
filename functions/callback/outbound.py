"""The only connections this function opens: a HEAD to the upload bucket, and rarely a public key of OSS.

Each is bounded in time and size. `requests` bounds single waits: not looking up a name, not trying address
after address, not a peer that sends a byte now and then. So each exchange has a thread that nobody waits for
longer than its time. One that hangs ends when its peer does, and holds nothing that others need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from http.cookiejar import DefaultCookiePolicy
from threading import Thread
from typing import TypeVar

import requests

import signing
from completing import Head
from refusals import Unavailable
from variables import Credentials

HEAD_SECONDS = 1.0
FETCH_SECONDS = 1.0
MAX_KEY_BYTES = 4096
IDLE_SECONDS = 20.0  # OSS closes idle connections; one that may be closed is not worth a try

T = TypeVar("T")


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


class Outbound:
    """One kept-alive session with the bucket. `deadline` is in monotonic seconds everywhere."""

    def __init__(self, object_url: str, bucket: str, region: str, monotonic: Callable[[], float]) -> None:
        self._object_url = object_url
        self._bucket = bucket
        self._region = region
        self._monotonic = monotonic
        self._asked_at = monotonic()
        self._session = Session()

    def head(self, key: str, role: Credentials, now: float, deadline: float) -> Head:
        """Ask OSS about an object. Raises `Unavailable` when no answer comes in time."""
        url = f"{self._object_url}/{signing.uri_encode(key, keep=b'/')}"
        headers = self._signed_headers(key, role, now)
        started_at = self._monotonic()
        if started_at - self._asked_at > IDLE_SECONDS:
            self._session.close()
        self._asked_at = started_at
        seconds = min(deadline - started_at, HEAD_SECONDS)
        try:
            response = within(seconds, lambda: self._ask_twice(url, headers, seconds))
        except Exception as error:  # noqa: BLE001 - libraries fail in ways of their own
            raise Unavailable("head_unanswered", type(error).__name__) from None
        return Head(response.status_code, {name.lower(): value for name, value in response.headers.items()})

    def fetch_key(self, url: str, deadline: float) -> bytes | None:
        """Return at most `MAX_KEY_BYTES` found at an address of OSS's, or None."""
        seconds = min(deadline - self._monotonic(), FETCH_SECONDS)
        try:
            return within(seconds, lambda: _fetch(url, seconds))
        except Exception:  # noqa: BLE001 - as above
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

    def _ask_twice(self, url: str, headers: Mapping[str, str], seconds: float) -> requests.Response:
        try:
            return self._session.head(url, headers=headers, timeout=seconds)
        except requests.ConnectionError:  # a kept-alive connection may have been closed meanwhile
            return self._session.head(url, headers=headers, timeout=seconds)


def within(seconds: float, exchange: Callable[[], T]) -> T:
    """Return what `exchange` returns within its time. Raises what it raises, or a `TimeoutError`."""
    if seconds <= 0:
        raise TimeoutError
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(exchange())
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    return outcome.result(seconds)


def _fetch(url: str, seconds: float) -> bytes | None:
    with Session() as session, session.get(url, timeout=seconds, stream=True) as response:
        body: bytes = response.raw.read(MAX_KEY_BYTES + 1, decode_content=False)
        return body if response.status_code == requests.codes.ok and len(body) <= MAX_KEY_BYTES else None
