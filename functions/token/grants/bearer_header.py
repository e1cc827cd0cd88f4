"""The bearer token of a request (RFC 6750), unread. Imported only where a token can count."""

import re

from vendored.errors import TokenMissing, Unauthenticated
from vendored.fc_http import Request

BEARER = re.compile(r"bearer +([\w-]+\.[\w-]+\.[\w-]+)", re.ASCII | re.IGNORECASE)
MAX_BEARER_CHARACTERS = 7 * 1024  # Function Compute passes 8 KB of headers in all


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
