"""Signatures as OSS makes and checks them: pure functions of their arguments.

Lives here: form policies (V1 and V4), V4 signatures in headers and in addresses, the message that OSS signs
for a callback. Each stage of a signature is a function of its own. Never lives here: our tickets
(`ticket.py`), a clock.

Sources: Alibaba Cloud OSS, "Signature version 4 (recommended)" for PostObject, for headers and for URLs,
"Callback".
"""

import base64
import functools
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping, Sequence

from vendored.env import Credentials

ALGORITHM_V4 = "OSS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"  # OSS V4 never signs a body
ALWAYS_SIGNED_HEADERS = ("content-type", "content-md5")  # and every x-oss-* header
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")  # RFC 3986, 2.3
ENCODED = tuple(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in range(256))


@functools.lru_cache(maxsize=1)  # the several stamps of one request are the same
def utc_stamp(now: float) -> str:
    """Epoch seconds -> `20231203T121212Z`, the form of x-oss-date; its first eight characters are the day."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def scope(day: str, region: str, product: str = "oss") -> str:
    """Return the credential scope; `region` is `cn-hangzhou`, not `oss-cn-hangzhou`."""
    return f"{day}/{region}/{product}/aliyun_v4_request"


@functools.lru_cache(maxsize=4)  # changes with the day and with the role's credentials
def signing_key(secret: str, day: str, region: str, product: str = "oss") -> bytes:
    """Derive the 32-byte V4 key of one day and region from an AccessKey secret."""
    key = ("aliyun_v4" + secret).encode()
    for part in (day, region, product, "aliyun_v4_request"):
        key = _hmac_sha256(key, part.encode())
    return key


def sign_policy_v4(policy: str, secret: str, day: str, region: str) -> str:
    """Sign a form policy, given as the base64 text that is sent -> lower-case hex."""
    return _hmac_sha256(signing_key(secret, day, region), policy.encode()).hex()


def sign_policy_v1(policy: str, secret: str) -> str:
    """Sign a form policy, given as the base64 text that is sent -> base64 of HMAC-SHA1."""
    return base64.b64encode(hmac.digest(secret.encode(), policy.encode(), "sha1")).decode()


def uri_encode(text: str) -> str:
    """Percent-encode the UTF-8 bytes, except RFC 3986's unreserved ones."""
    return "".join([ENCODED[byte] for byte in text.encode()])


def path_of(key: str) -> str:
    """Return the path of an object's address, without the slash at its beginning."""
    return "/".join(map(uri_encode, key.split("/")))


def canonical_request(
    method: str,
    bucket: str,
    key: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    additional_headers: Iterable[str] = (),
) -> str:
    """Write a request the way OSS V4 signs it. Its path begins with the bucket, even if the host names it."""
    additional = sorted({name.lower() for name in additional_headers})
    parameters = sorted((uri_encode(name), uri_encode(value)) for name, value in query.items())
    lowered = sorted((name.lower(), value.strip()) for name, value in headers.items())
    signed = [(name, value) for name, value in lowered if _is_signed(name, additional)]
    return "\n".join(
        (
            method,
            f"/{bucket}/{path_of(key)}",
            "&".join(f"{name}={value}" if value else name for name, value in parameters),
            "".join(f"{name}:{value}\n" for name, value in signed),
            ";".join(additional),
            UNSIGNED_PAYLOAD,
        )
    )


def string_to_sign(canonical: str, date: str, region: str, product: str = "oss") -> str:
    """Return the string to sign of a canonical request; `date` is the value of x-oss-date."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return "\n".join((ALGORITHM_V4, date, scope(date[:8], region, product), digest))


def signature_v4(to_sign: str, key: bytes) -> str:
    """Sign with a key from `signing_key` -> lower-case hex."""
    return _hmac_sha256(key, to_sign.encode()).hex()


def authorization_v4(access_key_id: str, date: str, region: str, signature: str) -> str:
    """Return the Authorization header of a request that signs no additional headers."""
    return f"{ALGORITHM_V4} Credential={access_key_id}/{scope(date[:8], region)},Signature={signature}"


def callback_message(path: str, query: str, body: bytes) -> bytes:
    """Return the bytes that OSS signs for a callback: decoded path, `?query` if there is one, newline, body.

    `path` is decoded, `query` is raw and without its `?`. OSS signs them with RSASSA-PKCS1-v1_5 and MD5.
    """
    target = f"{path}?{query}" if query else path
    return target.encode() + b"\n" + body


class Signer:
    """Signs requests for the objects of one bucket, with one AccessKey, at one time."""

    def __init__(self, bucket: str, region: str, credentials: Credentials, now: float) -> None:
        """`now` is in epoch seconds."""
        self._bucket = bucket
        self._region = region
        self._credentials = credentials
        self._date = utc_stamp(now)
        self._key = signing_key(credentials.access_key_secret, self._date[:8], region)

    def headers(
        self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> dict[str, str]:
        """Return `headers` and those that sign a request with them."""
        named = {
            **headers,
            "x-oss-date": self._date,
            "x-oss-content-sha256": UNSIGNED_PAYLOAD,
            **self._token(),
        }
        canonical = canonical_request(method, self._bucket, key, query, named)
        authorization = authorization_v4(
            self._credentials.access_key_id, self._date, self._region, self._sign(canonical)
        )
        return {**named, "Authorization": authorization}

    def presigned_target(
        self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], expires: int
    ) -> str:
        """Return path and query of an address that whoever has it may use for `expires` seconds.

        The request must have `headers`, in lower case: each is signed. `content-length` makes OSS refuse a
        body of another size; a body itself is never signed.
        """
        additional = [name for name in sorted(headers) if not _is_signed(name, ())]
        parameters = {
            **query,
            "x-oss-signature-version": ALGORITHM_V4,
            "x-oss-credential": f"{self._credentials.access_key_id}/{scope(self._date[:8], self._region)}",
            "x-oss-date": self._date,
            "x-oss-expires": str(expires),
            **({"x-oss-additional-headers": ";".join(additional)} if additional else {}),
            **self._token(),
        }
        canonical = canonical_request(method, self._bucket, key, parameters, headers, additional)
        _, _, encoded, _ = canonical.split("\n", 3)
        return f"/{path_of(key)}?{encoded}&x-oss-signature={self._sign(canonical)}"

    def _token(self) -> dict[str, str]:
        token = self._credentials.security_token
        return {"x-oss-security-token": token} if token else {}

    def _sign(self, canonical: str) -> str:
        return signature_v4(string_to_sign(canonical, self._date, self._region), self._key)


def _is_signed(name: str, additional: Sequence[str]) -> bool:
    return name.startswith("x-oss-") or name in ALWAYS_SIGNED_HEADERS or name in additional


def _hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
