"""What Function Compute refuses before a function runs: methods the trigger does not list, and sizes.

The sizes and the 400 InvalidArgument are documented; that unlisted methods get 403 is reported by users.
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
    """Any stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


def refuse_head(
    method: str, target: str, headers: Iterable[tuple[str, str]], methods: frozenset[str]
) -> Answer | None:
    """Return the platform's refusal of a request by what comes before its body, or None."""
    if method not in methods:
        return refusal_answer(HTTPStatus.FORBIDDEN, "AccessDenied", f"the trigger does not list {method}")
    if len(target.encode()) > MAX_TARGET_BYTES:
        return refusal_answer(HTTPStatus.BAD_REQUEST, "InvalidArgument", "path and query exceed 4 KB")
    if header_bytes(headers) > MAX_HEADER_BYTES:
        return refusal_answer(HTTPStatus.BAD_REQUEST, "InvalidArgument", "the request headers exceed 8 KB")
    return None


def read_body(stream: Readable, max_bytes: int = MAX_BODY_BYTES) -> bytes | None:
    """Read a body of at most `max_bytes`; None when it is larger.

    The rest of a larger one is read and dropped piece by piece: functions-framework would read whatever is
    left into memory.
    """
    body = bytearray()
    while piece := stream.read(PIECE_BYTES):
        if len(body) + len(piece) > max_bytes:
            drain(stream)
            return None
        body += piece
    return bytes(body)


def drain(stream: Readable) -> None:
    """Read `stream` to its end and keep nothing."""
    while stream.read(PIECE_BYTES):
        pass
