"""The plain types between the web server and the bucket: request, request body, answer.

Nothing here is specific to OSS; no rule and no header name belongs here.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

CHUNK_BYTES = 512 * 1024  # one read; measured: 256 KB is a quarter slower, 1 MB no faster

READ_METHODS = frozenset({"GET", "HEAD"})
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a header's name (RFC 9110 5.6.2)


class ConnectionLost(Exception):
    """The connection is to be reset without an answer, because of a fault."""


class IncompleteRead(Exception):
    """The body ended earlier than its request announced: raised by the function that a `Body` reads with."""


class Body:
    """A request body: read once, in pieces, counted, and hashed if `digested`.

    After the whole body was read, `incomplete` says whether its end was missing: the body must then not be
    used.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        *,
        digested: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._read = read
        self._pause = pause
        self._stall: tuple[int, float] | None = None
        self._md5 = hashlib.md5(usedforsecurity=False) if digested else None
        self._reset_after: int | None = None
        self._corrupted = False
        self.received_bytes = 0
        self.incomplete = False

    def reset_after(self, count: int) -> None:
        """Let `read` raise ConnectionLost after `count` bytes, or at the end of a shorter body."""
        self._reset_after = count

    def stall_after(self, count: int, seconds: float) -> None:
        """Let `read` pause once for `seconds` after `count` bytes, before it reads more."""
        self._stall = count, seconds

    def corrupt(self) -> None:
        """Let the first byte that is read be another one."""
        self._corrupted = True

    def pause(self, seconds: float) -> None:
        """Wait, at most until the client has gone."""
        self._pause(seconds)

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """Return at most `size` bytes; none at the end."""
        if self._stall is not None:
            size = self._until_stall(size, *self._stall)
        if self._reset_after is not None:
            size = min(size, self._reset_after - self.received_bytes)
            if size <= 0:
                raise ConnectionLost
        try:
            chunk = self._read(size)
        except IncompleteRead:
            self.incomplete = True
            return b""
        if self._corrupted and chunk:
            self._corrupted = False
            chunk = bytes((chunk[0] ^ 1,)) + chunk[1:]
        self.received_bytes += len(chunk)
        if not chunk and self._reset_after is not None:  # a shorter body: reset at its end
            raise ConnectionLost
        if self._md5:
            self._md5.update(chunk)
        return chunk

    def read_up_to(self, limit: int) -> bytes:
        """Return the rest of the body, however many pieces it arrives in, but at most `limit` bytes."""
        content = b""
        while len(content) < limit and (chunk := self.read(limit - len(content))):
            content += chunk
        return content

    def _until_stall(self, size: int, count: int, seconds: float) -> int:
        """Return how many bytes to read now: not beyond the stall, or `size` after it."""
        if self.received_bytes < count:
            return min(size, count - self.received_bytes)
        self._stall = None
        self._pause(seconds)
        return size

    def drain(self) -> None:
        """Read the rest of the body and drop it.

        A browser whose body is not read sees a reset connection instead of the answer.
        """
        while self.read():
            pass

    def md5(self) -> bytes:
        """Return the MD5 of all bytes read; only for a body that is `digested`."""
        if self._md5 is None:
            raise ValueError("this body is not digested")
        return self._md5.digest()


@dataclass(frozen=True)
class Request:
    """One HTTP request. `target` is path and query as on the request line; header names are lower-case.

    `address` is the URL of the server's end of the connection, without a path. `notes` is what the log and
    the history say of a request beyond its head: `key` and `signer` of a form, `code` of a refusal.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: Body
    client_ip: str = "127.0.0.1"
    address: str = "http://127.0.0.1:80"
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def scheme(self) -> str:
        """`http` or `https`, as clients reach the server."""
        return self.address.partition("://")[0]

    @property
    def path(self) -> str:
        """The path as sent, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def shown_path(self) -> str:
        """The path decoded, to be read and not to be used."""
        return unquote(self.path, errors="replace")

    @property
    def query(self) -> str:
        """The query as sent, without its `?`."""
        return self.target.partition("?")[2]

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query, decoded, in its order; of two with one name the last."""
        query = self.query
        return dict(parse_qsl(query, keep_blank_values=True)) if query else {}


@lru_cache(maxsize=256)  # that of now, and of the objects that are read just now
def http_date(seconds: int) -> str:
    """Return a time, in seconds since 1970, as headers have it (RFC 9110 5.6.7)."""
    return formatdate(seconds, usegmt=True)


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. An iterator as body is streamed; only `headers` may give it a Content-Length."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = b""
