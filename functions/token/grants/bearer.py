"""A bearer JWT (RFC 6750, RFC 7519), checked by PyJWT. Imported only where users sign in.

Lives here: the rules for a request's token. Never lives here: which keys may verify it (`key_sets.py`), what
a user may do (`authorize.py`).
"""

from collections.abc import Mapping
from contextlib import suppress

import jwt

from grants.bearer_header import read_bearer
from grants.callers import Claims, FindKeys, SignIn, fits_ticket
from vendored.errors import TokenExpired, Unauthenticated, Unavailable
from vendored.fc_http import Request

LEEWAY_SECONDS = 60
OF_PERMITS = frozenset({"data", "profile"})  # members of `upload` that only your own server may sign
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})  # RFC 8725, 3.11: no logout token, for example


def sign_in(find_keys: FindKeys, issuer: str, audience: str) -> SignIn:
    """Return a function from a request to the claims of its verified token."""

    def claims_of(request: Request) -> Claims:
        token = read_bearer(request)
        try:
            return verify(token, find_keys, issuer, audience)
        except (Unauthenticated, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a hostile token may break a library in ways of its own
            raise Unauthenticated("token_refused", type(error).__name__) from None

    return claims_of


def verify(token: str, find_keys: FindKeys, issuer: str, audience: str) -> Claims:
    """Return a token's claims. Raises `Unauthenticated`, `Unavailable`, and whatever PyJWT raises."""
    header = jwt.get_unverified_header(token)
    if str(header.get("typ", "JWT")).lower() not in TYPES:
        raise Unauthenticated("token_for_something_else")
    keys = find_keys(header.get("kid"))
    for key in keys:
        with suppress(jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
            return decode(token, key, issuer, audience)
    raise Unauthenticated("signed_by_no_key" if keys else "key_unknown")


def decode(token: str, key: jwt.PyJWK, issuer: str, audience: str) -> dict[str, object]:
    """Verify with one key. Raises `TokenExpired` only for a token that has no other fault."""

    def checked(*, expiry: bool) -> dict[str, object]:
        claims: dict[str, object] = jwt.decode(
            token,
            key,
            [key.algorithm_name],
            {
                "require": ["exp", "sub", "iss", "aud"],
                "verify_exp": expiry,
                "enforce_minimum_key_length": True,
            },
            issuer=issuer,
            audience=audience,
            leeway=LEEWAY_SECONDS,
        )
        subject = str(claims["sub"])  # PyJWT refuses a `sub` that is not text, but accepts an empty one
        if not subject or not fits_ticket(subject):
            raise Unauthenticated("subject_unfit")
        upload = claims.get("upload")
        if isinstance(upload, Mapping) and not OF_PERMITS.isdisjoint(upload):
            raise Unauthenticated("claim_malformed", "upload")
        return claims

    try:
        return checked(expiry=True)
    except jwt.ExpiredSignatureError:
        checked(expiry=False)
        raise TokenExpired("token_expired") from None
