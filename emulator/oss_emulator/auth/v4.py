"""The common parts of V4 signatures of forms and requests: credential scope, dates, signing key.

Source: OSS "Signature version 4" pages. The strings to sign are made elsewhere.
"""

import calendar
import hashlib
import hmac
import re
import time
from dataclasses import dataclass

VERSION = "OSS4-HMAC-SHA256"
PRODUCT = "oss"
TERMINATOR = "aliyun_v4_request"
SKEW_SECONDS = 15 * 60  # OSS: V4 signature page, a request may be up to 15 minutes ahead of OSS's clock
LIFETIME_SECONDS = 7 * 24 * 3600  # OSS: V4 form signature page, valid at most 7 days after x-oss-date

_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")


@dataclass(frozen=True)
class Scope:
    """`<AccessKeyId>/<YYYYMMDD>/<region>/oss/aliyun_v4_request`, taken apart."""

    access_key_id: str
    day: str
    region: str
    product: str
    terminator: str

    @property
    def without_key(self) -> str:
        """The scope as it is in a string to sign."""
        return f"{self.day}/{self.region}/{self.product}/{self.terminator}"


def parse_scope(text: str) -> Scope | None:
    """Return the scope, or None if it has not five non-empty parts."""
    parts = text.split("/")
    return Scope(*parts) if len(parts) == 5 and all(parts) else None  # noqa: PLR2004 - the five of the format


def parse_date(text: str) -> float | None:
    """Return `YYYYMMDDTHHMMSSZ` in seconds since 1970; None for any other text."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return float(calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ")))
    except ValueError:
        return None


def utc(seconds: float) -> str:
    """Return seconds since 1970 as `YYYY-MM-DDTHH:MM:SSZ`, for explanations."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def utc_with_milliseconds(seconds: float) -> str:
    """Return seconds since 1970 as OSS's errors have them: whole seconds, `YYYY-MM-DDTHH:MM:SS.000Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def signing_key(secret: str, scope: Scope) -> bytes:
    """Return the key that binds a secret to day, region and product: four HMACs."""
    key = f"aliyun_v4{secret}".encode()
    for part in (scope.day, scope.region, scope.product, scope.terminator):
        key = _hmac(key, part)
    return key


def sign(key: bytes, string_to_sign: str) -> str:
    """Return the signature as OSS wants it: lower-case hex."""
    return _hmac(key, string_to_sign).hex()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
