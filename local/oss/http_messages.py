"""The plain shapes between the web server and the bucket: a request, its body read once, an answer.

Nothing here knows OSS; no rule and no header name belongs here.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

CHUNK_BYTES = (
    256 * 1024
)  # one read: large enough for speed, small enough that 64 uploads stay far below 100 MB

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a header's name (RFC 9110 5.6.2)


class ConnectionLost(Exception):
    """The connection is to be reset without an answer (a fault asked for it)."""


class Body:
    """A request body: read once, in pieces, counted, and digested when the request has a Content-MD5."""

    def __init__(self, read: Callable[[int], bytes], *, digested: bool = False) -> None:
        self._read = read
        self._md5 = hashlib.md5(usedforsecurity=False) if digested else None
        self._reset_after: int | None = None
        self.received_bytes = 0

    def reset_after(self, count: int) -> None:
        """Raise ConnectionLost as soon as `count` bytes have been read."""
        self._reset_after = count

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """At most `size` bytes, empty at the end."""
        if self._reset_after is not None:
            size = min(size, self._reset_after - self.received_bytes)
            if size <= 0:
                raise ConnectionLost
        chunk = self._read(size)
        self.received_bytes += len(chunk)
        if self._md5:
            self._md5.update(chunk)
        return chunk

    def drain(self) -> None:
        """Read and drop what is left.

        functions-framework reads what a handler leaves unread into memory in one piece, so a refused upload
        of 2 GiB would take 2 GiB of memory. It also lets a browser read the answer instead of a reset.
        """
        while self.read():
            pass

    def md5(self) -> bytes:
        """MD5 of all that was read; only for a body made with `digested`."""
        if self._md5 is None:
            raise ValueError("this body is not digested")
        return self._md5.digest()


@dataclass(frozen=True)
class Request:
    """One HTTP request. `target` is path and query as on the request line; header names are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: Body
    client_ip: str = "127.0.0.1"
    port: int = 80

    @property
    def path(self) -> str:
        """The path as sent, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query as sent, without its `?`."""
        return self.target.partition("?")[2]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. A body that is an iterator is streamed and gets no Content-Length but a given one."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""
