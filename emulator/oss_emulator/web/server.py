"""A listening port: accepts connections and gives each a thread of its own.

Own code, because each of these is needed and no small server has all: the raw target, the order and case of
headers, a reset on purpose, OSS's form for an answer to what is not HTTP, and Linux, macOS and Windows with
nothing but the standard library.
"""

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Callable

from oss_emulator.http_messages import Answer, Request
from oss_emulator.web.connection import Log, serve_connection

MAX_CONNECTIONS = 512  # ours: an upload holds one, and so does the request that its callback makes
POLL_SECONDS = 0.05  # how soon an idle connection is ended for one that waits
WAKE_SECONDS = 0.5  # Windows delivers Ctrl-C only between two waits

_BACKLOG = 512


def _no_log(_request: Request, _answer: Answer | None, _seconds: float) -> None:
    """Log nothing."""


class WebServer:
    """Listens from the moment it is made, on a port of the system's choice if `port` is 0.

    `respond` answers a request, in any thread, or raises ConnectionLost to reset the connection. A connection
    beyond `max_connections` waits until another ends; the one that is idle longest is ended for it.
    """

    def __init__(
        self,
        respond: Callable[[Request], Answer],
        host: str,
        port: int,
        *,
        max_connections: int = MAX_CONNECTIONS,
        tls: ssl.SSLContext | None = None,
        log: Log = _no_log,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        self._respond = respond
        self._tls = tls
        self._log = log
        self._slots = threading.BoundedSemaphore(max_connections)
        self._lock = threading.Lock()
        self._idle: dict[socket.socket, None] = {}  # the longest idle first
        self._busy: set[socket.socket] = set()
        self._waker, self._wake = socket.socketpair()
        self._closing = threading.Event()
        self.port: int = self._listener.getsockname()[1]

    def serve(self) -> None:
        """Accept connections until `close` is called."""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._listener, selectors.EVENT_READ)
            waiting.register(self._waker, selectors.EVENT_READ)
            while not self._closing.is_set():
                ready = waiting.select(WAKE_SECONDS)
                if ready and self._take_slot():
                    self._accept()
        for end in (self._listener, self._waker, self._wake):
            end.close()
        with self._lock:
            for connection in (*self._idle, *self._busy):
                _shut(connection)

    def close(self) -> None:
        """Let `serve` return, and end every connection."""
        self._closing.set()
        with contextlib.suppress(OSError):  # it was closed before
            self._wake.send(b"x")

    def _take_slot(self) -> bool:
        """Wait for a free slot; false if the server is closed meanwhile."""
        while not self._closing.is_set():
            if self._slots.acquire(timeout=POLL_SECONDS):
                return True
            with self._lock:
                oldest = next(iter(self._idle), None)
                if oldest:
                    del self._idle[oldest]
                    self._busy.add(oldest)
                    _shut(oldest)
        return False

    def _accept(self) -> None:
        try:
            connection, peer = self._listener.accept()
            if self._tls:  # the handshake is the thread's work
                connection = self._tls.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                )
        except OSError:  # the client has gone already
            self._slots.release()
            return
        with self._lock:
            self._busy.add(connection)
        threading.Thread(target=self._serve, args=(connection, peer[0]), daemon=True).start()

    def _serve(self, connection: socket.socket, client_ip: str) -> None:
        try:
            waiting = _Waiting(connection, self._lock, self._busy, self._idle)
            serve_connection(connection, client_ip, self._respond, waiting, self._log)
        finally:
            with self._lock:
                self._busy.discard(connection)
                self._idle.pop(connection, None)
            connection.close()
            self._slots.release()


class _Waiting:
    """The times in which a connection waits for a request, and may be ended for another one."""

    def __init__(
        self,
        connection: socket.socket,
        lock: threading.Lock,
        busy: set[socket.socket],
        idle: dict[socket.socket, None],
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._busy = busy
        self._idle = idle

    def __enter__(self) -> None:
        with self._lock:
            self._busy.discard(self._connection)
            self._idle[self._connection] = None

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._idle.pop(self._connection, None)
            self._busy.add(self._connection)


def _shut(connection: socket.socket) -> None:
    """End a connection that another thread reads or writes, which then fails with OSError."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
