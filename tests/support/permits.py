"""Permits as a server makes them, signed by PyJWT."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import jwt

PERMIT_SECRET = "a-permit-secret-of-more-than-32-bytes"
TYPE = "upload-permit+jwt"


def permit(now: float, secret: str = PERMIT_SECRET, **claims: object) -> str:
    """Return a permit that lives for five minutes; a claim that is None is left out."""
    told = {"sub": "alice", "exp": int(now) + 300, **claims}
    payload = {name: value for name, value in told.items() if value is not None}
    return jwt.encode(payload, secret, "HS256", headers={"typ": TYPE})


def signed(header: Any, payload: Any, secret: str = PERMIT_SECRET) -> str:
    """Sign what PyJWT would not write: a value as its JSON, bytes as they are."""
    parts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in (header, payload)]
    text = ".".join(map(encoded, parts))
    return f"{text}.{encoded(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
