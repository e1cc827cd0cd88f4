"""`make token-for USER=alice`: a token for `make run SIGN_IN=true`, as an identity provider would sign it.

CLAIMS adds claims as JSON, such as `{"upload": {"max_bytes": 1000}}`; SECONDS is the life of the token. As in
`make run`, AUTH_HS256_SECRET, AUTH_ISSUER and AUTH_AUDIENCE of the environment replace the default ones.
"""

import json
import os
import sys
import time
from collections.abc import Mapping

import jwt

from local.development_settings import IDENTITY
from local.process_spec import pick

DEFAULT_SECONDS = 3600


def token(env: Mapping[str, str], now: float) -> str:
    """Return a signed token; exit with a sentence if it cannot be made."""
    if not env.get("USER"):
        sys.exit("Name the user of the token: make token-for USER=alice")
    if env.get("AUTH_JWKS"):
        sys.exit("AUTH_JWKS is set: only the provider of those keys can sign a token for them.")
    identity = {**IDENTITY, **pick(env, IDENTITY)}
    claims = {
        "iss": identity["AUTH_ISSUER"],
        "aud": identity["AUTH_AUDIENCE"],
        "sub": env["USER"],
        "iat": int(now),
        "exp": int(now) + seconds(env.get("SECONDS") or str(DEFAULT_SECONDS)),
    }
    try:
        return jwt.encode({**claims, **more_claims(env.get("CLAIMS") or "{}")}, identity["AUTH_HS256_SECRET"])
    except TypeError as error:
        sys.exit(f"CLAIMS cannot be signed: {error}")


def seconds(text: str) -> int:
    """Read the life of a token; a negative number makes one that has expired."""
    try:
        return int(text)
    except ValueError:
        sys.exit("SECONDS takes a whole number.")


def more_claims(text: str) -> Mapping[str, object]:
    """Read a JSON object."""
    try:
        claims = json.loads(text)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        sys.exit('CLAIMS takes a JSON object, such as {"upload": {"max_bytes": 1000}}.')
    return claims


if __name__ == "__main__":
    print(token(os.environ, time.time()))
