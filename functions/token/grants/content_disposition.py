"""The Content-Disposition of an object: the name under which a browser saves it, and whether it is shown.

Sources: RFC 6266 and RFC 8187.
"""

import re

from vendored.oss_signing import uri_encode

NOT_ATTR_CHARS = re.compile(r"[^A-Za-z0-9._~-]+")
KEPT_NAME_BYTES = 120
KEPT_EXTENSION_BYTES = 16
INLINE_TYPES = frozenset(
    [f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp")]
    + [f"audio/{kind}" for kind in ("mpeg", "mp4", "ogg", "wav", "webm")]
    + [f"video/{kind}" for kind in ("mp4", "webm", "ogg")]
)  # browsers show these without running anything in them


def content_disposition(name: str, media_type: str) -> str:
    """Return the header that keeps the file's name; only types that cannot run anything are `inline`."""
    kind = "inline" if media_type in INLINE_TYPES else "attachment"
    kept = shorten(name)
    return f"{kind}; filename=\"{NOT_ATTR_CHARS.sub('_', kept)}\"; filename*=UTF-8''{uri_encode(kept)}"


def shorten(name: str) -> str:
    """Cut a name to `KEPT_NAME_BYTES` of UTF-8, at a character and before its extension."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > KEPT_EXTENSION_BYTES:
        stem, dot, extension = name, "", ""
    room = KEPT_NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + extension
