"""The bucket that answers the HEAD: a socket on loopback with one scripted answer, as fast as can be."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

ETAG = "5D41402ABC4B2A76B9719D911017C592"
SIZE_BYTES = 5
ANSWER = (
    f'HTTP/1.1 200 OK\r\nETag: "{ETAG}"\r\nContent-Length: {SIZE_BYTES}\r\nContent-Type: image/png\r\n'
    "Content-Disposition: inline; filename=\"a.png\"; filename*=UTF-8''a.png\r\n"
    "Last-Modified: Mon, 23 Nov 2026 08:00:00 GMT\r\nx-oss-request-id: 6923000000000000000000AB\r\n"
    "x-oss-storage-class: Standard\r\n\r\n"
).encode()
READ_BYTES = 65536


@contextmanager
def serving() -> Iterator[str]:
    """Answer every request with the same object until the block ends; yield the bucket's address."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        Thread(target=_accept, args=[listener], daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _accept(listener: socket.socket) -> None:
    with suppress(OSError):  # the block ended
        while True:
            connection, _ = listener.accept()
            Thread(target=_answer, args=[connection], daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection, suppress(OSError):
        asked = b""
        while received := connection.recv(READ_BYTES):
            asked += received
            if asked.endswith(b"\r\n\r\n"):
                connection.sendall(ANSWER)
                asked = b""
