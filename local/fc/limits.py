"""The requests that Function Compute refuses before the function runs: by method, and by size.

The limits and the 400 InvalidArgument are documented; that a method which the trigger does not list is
answered 403, is what users report.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol

from local.fc.reply import Answer, header_bytes, refusal_answer

MAX_HEADER_BYTES = 8 * 1024
MAX_TARGET_BYTES = 4 * 1024
MAX_BODY_BYTES = 32 * 1024 * 1024
PIECE_BYTES = 64 * 1024


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


def refuse_head(
    method: str, target: str, headers: Iterable[tuple[str, str]], methods: frozenset[str]
) -> Answer | None:
    """Return the platform's refusal of this method, target or these headers, or None."""
    if method not in methods:
        return refusal_answer(HTTPStatus.FORBIDDEN, "AccessDenied", f"the trigger does not list {method}")
    if len(target.encode()) > MAX_TARGET_BYTES:
        return refusal_answer(HTTPStatus.BAD_REQUEST, "InvalidArgument", "path and query exceed 4 KB")
    if header_bytes(headers) > MAX_HEADER_BYTES:
        return refusal_answer(HTTPStatus.BAD_REQUEST, "InvalidArgument", "the request headers exceed 8 KB")
    return None


def read_body(stream: Readable, max_bytes: int = MAX_BODY_BYTES) -> bytes | None:
    """Read a body of at most `max_bytes`; return None when it is larger.

    The rest of a larger body is read and dropped piece by piece, because functions-framework would read all
    of it into memory.
    """
    body = bytearray()
    while piece := stream.read(PIECE_BYTES):
        if len(body) + len(piece) > max_bytes:
            drain(stream)
            return None
        body += piece
    return bytes(body)


def drain(stream: Readable) -> None:
    """Read `stream` to its end and drop the bytes."""
    while stream.read(PIECE_BYTES):
        pass
