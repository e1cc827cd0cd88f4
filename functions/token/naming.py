"""What an upload is called: its id, its key, and the name a browser saves it under.

Never lives here: whether an upload may happen (`issuing.py`).

Sources: Alibaba Cloud OSS, "Object naming"; RFC 6266 and RFC 8187 for Content-Disposition.
"""

import base64
import hashlib
import re

from refusals import Malformed
from signing import uri_encode

UNSAFE_IN_NAMES = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *b"/\\")))
BIDI_CONTROLS = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "_")
NOT_ATTR_CHARS = re.compile(r"[^A-Za-z0-9._~-]+")
PLAIN_SUBJECT = r"[a-z0-9-]{1,64}"  # compiled where users sign in
MAX_NAME_BYTES = 1024  # no file system has longer names
KEPT_NAME_BYTES = 120
KEPT_EXTENSION_BYTES = 16

ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: sorts as the number does
ID_RANDOM_BYTES = 10

INLINE = frozenset(
    [f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp")]
    + [f"audio/{kind}" for kind in ("mpeg", "mp4", "ogg", "wav", "webm")]
    + [f"video/{kind}" for kind in ("mp4", "webm", "ogg")]
)  # what a browser shows without running anything
EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/heic": "heic",
    "image/svg+xml": "svg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "video/mp4": "mp4",
    "video/ogg": "ogv",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "text/plain": "txt",
    "text/csv": "csv",
    "application/json": "json",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
}


def time_sortable_id(now: float, entropy: bytes) -> str:
    """Return 128 bits, the first 48 of them the time in milliseconds, as 26 characters that sort by time."""
    number = int.from_bytes(int(now * 1000).to_bytes(6, "big") + entropy, "big")
    return "".join(ID_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def user_segment(subject: str) -> str:
    """Return the folder of a user; no two subjects share one, and nobody's is `_`.

    What is no plain name is hashed: `~` and 132 bits of SHA-256 as base64url.
    """
    if not subject or re.fullmatch(PLAIN_SUBJECT, subject):
        return subject or "_"
    return "~" + base64.urlsafe_b64encode(hashlib.sha256(subject.encode()).digest())[:22].decode()


def file_name_of(upload_id: str, media_type: str) -> str:
    """Return the last part of a key; its extension follows the type, never the name."""
    extension = EXTENSIONS.get(media_type)
    return f"{upload_id}.{extension}" if extension else upload_id


def read_name(name: str) -> str:
    """Return a file's name fit for a header. Raises `Malformed`."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        size = 0
    if not size or not UNSAFE_IN_NAMES.isdisjoint(name):
        raise Malformed(
            "name_invalid", "The parameter name must be a file's name without folders or control characters."
        )
    if size > MAX_NAME_BYTES:
        raise Malformed("name_too_long", f"The parameter name may have at most {MAX_NAME_BYTES} bytes.")
    return name.translate(BIDI_CONTROLS)  # they can disguise an extension


def content_disposition(name: str, media_type: str) -> str:
    """Return the header (RFC 6266) that keeps the file's name and lets browsers show harmless types only."""
    kind = "inline" if media_type in INLINE else "attachment"
    kept = _shorten(name)
    return f"{kind}; filename=\"{NOT_ATTR_CHARS.sub('_', kept)}\"; filename*=UTF-8''{uri_encode(kept)}"


def _shorten(name: str) -> str:
    """Cut a name to `KEPT_NAME_BYTES` of UTF-8, at a character and before its extension."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > KEPT_EXTENSION_BYTES:
        stem, dot, extension = name, "", ""
    room = KEPT_NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + extension
