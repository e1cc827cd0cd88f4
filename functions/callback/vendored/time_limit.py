"""A time limit for a whole exchange with another machine.

The timeouts of libraries limit single waits. They do not limit a peer that sends one byte now and then. So
each exchange runs in a thread of its own. At the limit the caller stops waiting, and the exchange's
connections are shut down: its thread gets an error, closes them and ends.

Until it is connected, a thread ends by other limits: the resolver's for a name (glibc: 5 s for each try and
server), and the library's timeout for each address and for the whole TLS handshake.
"""

import concurrent.futures
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread, current_thread
from typing import TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


_lock = Lock()
_users: "WeakKeyDictionary[socket.socket, Exchange]" = WeakKeyDictionary()  # or did last


class Exchange(Thread):
    """The thread of one exchange."""

    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__(target=run, daemon=True)
        self._over = False

    def use(self, connection: socket.socket) -> None:
        """Shut this connection down at the limit, unless another exchange uses it by then.

        Raises `TimeoutError` after the limit.
        """
        with _lock:
            _users[connection] = self
        self.check()

    def check(self) -> None:
        """Raise `TimeoutError` after the limit: nobody waits for the outcome any more."""
        if self._over:
            raise TimeoutError

    def end(self) -> None:
        """Shut the connections down. Their own thread closes them: only it knows when they are unused."""
        self._over = True
        with _lock:
            for connection in [one for one, user in _users.items() if user is self]:
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)  # TLS's own would go on without TLS


def within(seconds: float, exchange: Callable[[], T]) -> T:
    """Return the result of `exchange`. Raises its exception, or `TimeoutError` after `seconds`.

    `exchange` calls `use` for each connection before it sends, and `check` before it tries again.
    """
    if seconds <= 0:
        raise TimeoutError
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            outcome.set_result(exchange())
        except BaseException as error:  # noqa: BLE001 - the waiting caller gets it
            outcome.set_exception(error)

    thread = Exchange(run)
    thread.start()
    try:
        return outcome.result(seconds)
    except concurrent.futures.TimeoutError:  # before Python 3.11 this is a class of its own
        thread.end()
        raise TimeoutError from None


def use(connection: socket.socket) -> None:
    """Shut this connection of the running exchange down at its limit. Raises `TimeoutError` after it."""
    thread = current_thread()
    if isinstance(thread, Exchange):
        thread.use(connection)


def check() -> None:
    """Raise `TimeoutError` if the running exchange is over."""
    thread = current_thread()
    if isinstance(thread, Exchange):
        thread.check()
