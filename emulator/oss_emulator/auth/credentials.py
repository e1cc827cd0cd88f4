"""Access keys that the bucket knows: permanent ones, and temporary ones with a security token.

Keys are only looked up here; signatures are checked elsewhere.
Source: OSS error pages and EC pages 0002-00000003, -004, -006, -007; which Code goes with which EC is
inferred, but for -003 and -007, which captures have, the latter with the token in an element of its own.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from oss_emulator.auth.v4 import utc, utc_with_milliseconds
from oss_emulator.errors import OssError


@dataclass(frozen=True)
class Credential:
    """An access key. `security_token` is empty and `expires` None for a permanent one."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)
    expires: float | None = None


@dataclass(frozen=True)
class KnownKeys:
    """Access keys, what counts as expired before its time, and how open questions are answered.

    `expires_early` is called once for each request, and only for a token that is still valid;
    `address_expires_early` likewise for a presigned address. Without `listed_headers_needed`, an additional
    header that is listed and not sent counts as empty; without `empty_type_signed`, an empty Content-Type
    counts as not sent.
    """

    credentials: tuple[Credential, ...]
    expires_early: Callable[[], bool]
    address_expires_early: Callable[[], bool]
    v1_allowed: bool = False
    listed_headers_needed: bool = True
    empty_type_signed: bool = True

    def __iter__(self) -> Iterator[Credential]:
        return iter(self.credentials)


def find_credential(
    known: Iterable[Credential], *, access_key_id: str, security_token: str, now: float
) -> Credential:
    """Find the key with this id. Raises OssError if the token sent is not its own or has expired."""
    keys = tuple(known)
    found = next((key for key in keys if key.access_key_id == access_key_id), None)
    if found is None:
        known_ids = ", ".join(key.access_key_id for key in keys)
        raise _unknown_key(access_key_id, "0002-00000902").explained(
            expected=f"an access key id of {known_ids}", got=access_key_id
        )
    if not security_token and found.security_token:
        # OSS: PostObject errors page: a temporary key without its token is an unknown key.
        lost = " The Security Token may be lost to specify that it is a STS Access Id."
        raise _unknown_key(access_key_id, "0002-00000003", lost).explained(
            field="x-oss-security-token", expected="the token of this temporary key", got="none"
        )
    if not _same(security_token, found.security_token):
        raise _wrong_token(keys, security_token)
    if found.expires is not None and found.expires <= now:
        raise _expired(security_token).explained(
            token_expired=utc(found.expires), time_here=utc(now), access_key_id=access_key_id
        )
    if security_token and isinstance(known, KnownKeys) and known.expires_early():
        raise _expired(security_token).explained(fault="token_expired")
    return found


def check_address_time(known: KnownKeys, *, ends: float, now: float, ec: str) -> None:
    """Check that a presigned address has not expired. Raises OssError, with this EC.

    Source: captures of an expired V1 address.
    """
    early = now <= ends and known.address_expires_early()
    if early or now > ends:
        told = {"Expires": ends, "ServerTime": ends + 1 if early else now}
        details = {name: utc_with_milliseconds(seconds) for name, seconds in told.items()}
        error = OssError(403, "AccessDenied", "Request has expired.", ec, details)
        raise error.explained(fault="url_expired") if early else error


def _expired(security_token: str) -> OssError:
    message = "The security token you provided has expired."
    details = {"SecurityToken": security_token}
    return OssError(403, "SecurityTokenExpired", message, "0002-00000007", details)


def _unknown_key(access_key_id: str, ec: str, more: str = "") -> OssError:
    message = f"The OSS Access Key Id you provided does not exist in our records.{more}"
    return OssError(403, "InvalidAccessKeyId", message, ec, {"OSSAccessKeyId": access_key_id})


def _wrong_token(keys: tuple[Credential, ...], security_token: str) -> OssError:
    if any(_same(security_token, key.security_token) for key in keys if key.security_token):
        return OssError(
            403,
            "AccessKeyIdAndSecurityTokenNotMatch",
            "The OSS access key id and security token you provided does not match.",
            "0002-00000004",
        )
    return OssError(
        403, "InvalidSecurityToken", "The security token you provided is invalid.", "0002-00000006"
    )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
