"""The keys that may sign a bearer token. Imported only where users sign in.

The algorithm follows from the key and never from the token. One bad key in AUTH_JWKS itself is an
error; bad keys in a fetched set are ignored.
Never lives here: what a token must say (`bearer.py`).

Sources: RFC 7517 and RFC 7518 for JSON Web Keys, RFC 8725 for what to refuse.
"""

import base64
import http.client
import json
import ssl
import time
from collections.abc import Mapping
from threading import Lock
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.serialization import load_der_public_key
from jwt.utils import base64url_encode

from grants.callers import FindKeys
from vendored.env import InvalidValue, is_loopback, url
from vendored.errors import Unavailable
from vendored.time_limit import use, within

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
SECRET_MEMBERS = frozenset({"d", "k"})  # RFC 7518: a private exponent or key, a symmetric one

CACHE_SECONDS = 3600
UNKNOWN_KEY_FETCHES = 5  # at once, for keys that the cached set lacks ...
UNKNOWN_KEY_SECONDS = 12  # ... and the time in which one of them comes back
FAILURE_SECONDS = 10  # between two questions to an address that did not answer
FETCH_SECONDS = 2.0  # Function Compute gives the whole request 5 s
MAX_KEY_SET_BYTES = 64 * 1024


def read_secret(value: str) -> FindKeys:
    """Read `AUTH_HS256_SECRET`. Raises `InvalidValue`."""
    if value.startswith(("http://", "https://")) or is_public_key(value):
        raise InvalidValue("must be a secret, and neither an address nor a public key")
    try:
        key = jwt.PyJWK({"kty": "oct", "k": base64url_encode(value.encode()).decode()}, "HS256")
        weak = key_length_problem(key)
    except jwt.InvalidKeyError:  # a public key, which everyone knows
        weak = "no secret"
    if weak:
        raise InvalidValue("must be 32 bytes or more, and no public key")
    return lambda _: [key]


def read_keys(value: str) -> FindKeys:
    """Read `AUTH_JWKS`: a JSON Web Key Set (RFC 7517) itself, or where one is. Raises `InvalidValue`."""
    if value.startswith("http"):
        return RemoteKeys(url(value)).find
    try:
        listed = enumerate(json.loads(value)["keys"], 1)
        signing = [(key, number) for number, key in listed if is_for_verifying(key)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InvalidValue(
            'must be a JSON Web Key Set, {"keys": [...]}, or the https address of one'
        ) from None
    keys = [_read_key(key, number) for key, number in signing]
    if not keys:
        raise InvalidValue("has no key that signs")
    return lambda kid: keys_for(keys, kid)


def keys_for(keys: list[jwt.PyJWK], kid: str | None) -> list[jwt.PyJWK]:
    """Return the keys of ours that a token with this `kid`, or without one, may be signed with."""
    return [
        key
        for key in keys
        if key.algorithm_name in ALGORITHMS and (kid is None or key.key_id is None or key.key_id == kid)
    ]


class RemoteKeys(jwt.PyJWKClient):
    """A key set at an address: cached an hour, and asked again at once for an unknown `kid`.

    Whoever invents many uses up `UNKNOWN_KEY_FETCHES`. A new key is then found as soon as anybody's next
    question is allowed, because each one fetches the whole set.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address, lifespan=CACHE_SECONDS)
        self._asked_at = self._spent_until = float("-inf")
        self._failed = False
        self._one_at_a_time = Lock()  # requests that share an instance wait for one fetch

    def find(self, kid: str | None) -> list[jwt.PyJWK]:
        """Return the keys for a `kid`. Raises `Unavailable` where the address does not answer with keys."""
        try:
            with self._one_at_a_time:
                found = keys_for(self.get_jwk_set().keys, kid)
                if not found and self._may_ask_again():
                    found = keys_for(self.get_jwk_set(refresh=True).keys, kid)
        except Exception as error:  # noqa: BLE001 - networks and libraries fail in ways of their own
            raise Unavailable("keys_unanswered", type(error).__name__) from None
        if not found and self._failed:
            raise Unavailable("keys_unanswered")  # the last fetch failed, so the set may have the key
        return found

    def fetch_data(self) -> jwt.PyJWKSet:
        """Fetch with a limit of time and size: PyJWKClient itself has none for size, and uses proxies."""
        now = time.monotonic()
        if self._must_wait(now):
            raise TimeoutError
        self._asked_at, self._failed = now, True
        members = json.loads(within(FETCH_SECONDS, self._fetch))["keys"]
        keys = jwt.PyJWKSet([member for member in members if is_usable(member)])
        self._failed = False
        return keys

    def _may_ask_again(self) -> bool:
        """Spend one of the fetches for unknown keys; False if none is left, or no answer came lately."""
        now = time.monotonic()
        spent_until = max(self._spent_until, now) + UNKNOWN_KEY_SECONDS
        if self._must_wait(now) or spent_until > now + UNKNOWN_KEY_FETCHES * UNKNOWN_KEY_SECONDS:
            return False
        self._spent_until = spent_until
        return True

    def _must_wait(self, now: float) -> bool:
        return self._failed and now - self._asked_at < FAILURE_SECONDS

    def _fetch(self) -> bytes:
        parts = urlsplit(self.uri)
        if is_loopback(f"{parts.scheme}://{parts.netloc}"):
            connection = http.client.HTTPConnection(parts.netloc, timeout=FETCH_SECONDS)
        else:
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(parts.netloc, timeout=FETCH_SECONDS, context=context)
        try:
            connection.connect()
            use(connection.sock)
            connection.request("GET", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}")
            with connection.getresponse() as response:
                body = response.read(MAX_KEY_SET_BYTES + 1)
        finally:
            connection.close()
        if response.status != http.client.OK or len(body) > MAX_KEY_SET_BYTES:
            raise ValueError("no key set")
        return body


def _read_key(key: Mapping[str, object], number: int) -> jwt.PyJWK:
    if key.get("x5c"):
        raise InvalidValue(f"has x5c in key {number}: certificates are not checked here, so leave it out")
    if SECRET_MEMBERS & key.keys():
        raise InvalidValue(f"holds a secret in key {number}: only public keys belong here")
    expected = f"must have a key for RS256, ES256 or EdDSA as key {number}"
    if not isinstance(key.get("kid", ""), str):
        raise InvalidValue(expected)
    try:
        read = jwt.PyJWK(dict(key))
        weak = key_length_problem(read)
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        raise InvalidValue(expected) from None
    if read.algorithm_name not in ALGORITHMS:
        raise InvalidValue(expected)
    if weak:
        raise InvalidValue(f"must have 2048 bits or more in key {number}")
    return read


def key_length_problem(key: jwt.PyJWK) -> str | None:
    """Return why PyJWT finds the key too weak, or None. Raises what PyJWT raises."""
    weak: str | None = key.Algorithm.check_key_length(key.Algorithm.prepare_key(key.key))
    return weak


def is_for_verifying(key: Mapping[str, object]) -> bool:
    """Tell whether a key may verify signatures: neither `use` nor `key_ops` says no (RFC 7517, 4.2, 4.3).

    Serializers write what was never set as null, and .NET's writes empty lists: both say nothing.
    """
    operations = key.get("key_ops")
    may_verify = operations in (None, []) or (isinstance(operations, list) and "verify" in operations)
    return key.get("use") in (None, "sig") and may_verify


def is_usable(member: dict[str, object]) -> bool:
    """Tell whether PyJWT can verify with a member of a set; the others are ignored (RFC 7517, 5)."""
    try:
        return is_for_verifying(member) and not key_length_problem(jwt.PyJWK(member))
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        return False


def is_public_key(text: str) -> bool:
    """Tell whether this is the base64 of a public key, as some providers show one."""
    try:
        load_der_public_key(base64.b64decode(text))
    except Exception:  # noqa: BLE001 - it is not a key
        return False
    return True
