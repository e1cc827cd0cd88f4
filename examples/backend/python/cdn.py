"""Addresses of a CDN whose origin is the private bucket, signed by the CDN's URL signing, type A."""

import hashlib
from urllib.parse import quote


def address(domain: str, key: str, cdn_key: str, now: float) -> str:
    """Return the address; how long it lives from `now`, in epoch seconds, is set in the CDN's console."""
    path = f"/{quote(key)}"
    stamp = f"{int(now)}-0-0"
    digest = hashlib.md5(f"{path}-{stamp}-{cdn_key}".encode()).hexdigest()
    return f"https://{domain}{path}?auth_key={stamp}-{digest}"
