"""gzip of an answer, as OSS does it: which types, from which size, for which requests.

Source: OSS FAQ "How do I compress objects that I download from OSS in the GZIP format?" of 2024-11. Its list
has `application/javascript`, but not `text/javascript`, `application/xml` or `image/svg+xml`.
"""

import re
from collections.abc import Mapping

from oss_emulator.http_messages import Request

FROM_BYTES = 1024
WINDOW = 31  # zlib: a 15 bit window, in gzip's own wrapping
_MEDIA_TYPES = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/rss+xml",
        "application/x-javascript",
        "text/cache-manifest",
        "text/css",
        "text/html",
        "text/json",
        "text/plain",
        "text/xml",
    }
)


def is_compressed(request: Request, size: int, headers: Mapping[str, str]) -> bool:
    """Say whether an answer of `size` bytes with these headers is compressed for this request."""
    return (
        size >= FROM_BYTES
        and _accepts_gzip(request.headers.get("accept-encoding", ""))
        and "Content-Encoding" not in headers
        and headers["Content-Type"].partition(";")[0].strip().lower() in _MEDIA_TYPES
    )


def _accepts_gzip(accept_encoding: str) -> bool:
    for item in accept_encoding.lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() in {"gzip", "*"} and not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight):
            return True
    return False
