"""A bearer JWT (RFC 6750, RFC 7519), checked by PyJWT; imported only where the settings ask for one.

Lives here: what a request and its token must be. Never lives here: which keys may verify it (`key_sets.py`),
what a user may do (`authorize.py`).
"""

import re
from contextlib import suppress

import jwt

from callers import Claims, SignIn, fits_ticket
from edge import Request
from refusals import TokenExpired, TokenMissing, Unauthenticated, Unavailable
from settings import FindKeys

LEEWAY_SECONDS = 60
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})  # RFC 8725, 3.11: not a logout's, say
BEARER = re.compile(r"bearer +([\w-]+\.[\w-]+\.[\w-]+)", re.ASCII | re.IGNORECASE)
MAX_BEARER_CHARACTERS = 7 * 1024  # Function Compute passes 8 KB of headers in all


def sign_in(find_keys: FindKeys, issuer: str, audience: str) -> SignIn:
    """Return what turns a request into the claims of its verified token."""

    def claims_of(request: Request) -> Claims:
        token = read_bearer(request)
        try:
            return verify(token, find_keys, issuer, audience)
        except (Unauthenticated, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a hostile token may break a library in ways of its own
            raise Unauthenticated("token_refused", type(error).__name__) from None

    return claims_of


def read_bearer(request: Request) -> str:
    """Return the request's one bearer token. Raises `TokenMissing`, `Unauthenticated`."""
    header = request.headers.get("authorization")
    if header is None:
        raise TokenMissing("token_missing")
    if len(header) > MAX_BEARER_CHARACTERS:
        raise Unauthenticated("token_too_long")
    match = BEARER.fullmatch(header)
    if not match:
        raise Unauthenticated("token_malformed")
    return match[1]


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
    """Verify under one key. `TokenExpired` is only for a token in which nothing else is wrong."""

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
        subject = str(claims["sub"])  # PyJWT refuses what is no text, but takes an empty one
        if not subject or not fits_ticket(subject):
            raise Unauthenticated("subject_unfit")
        return claims

    try:
        return checked(expiry=True)
    except jwt.ExpiredSignatureError:
        checked(expiry=False)
        raise TokenExpired("token_expired") from None
