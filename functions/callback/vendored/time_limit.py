"""A time limit for a whole exchange with another machine.

The timeouts of libraries limit single waits. They do not limit a name lookup, trying one address after
another, or a peer that sends one byte now and then. So each exchange runs in its own thread, and the caller
stops waiting at the limit. A thread that hangs ends when its peer closes, and holds no lock meanwhile.
"""

import concurrent.futures
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, exchange: Callable[[], T]) -> T:
    """Return the result of `exchange`. Raises its exception, or `TimeoutError` after `seconds`."""
    if seconds <= 0:
        raise TimeoutError
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            outcome.set_result(exchange())
        except BaseException as error:  # noqa: BLE001 - the waiting caller gets it
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return outcome.result(seconds)
    except concurrent.futures.TimeoutError:  # before Python 3.11 this is a class of its own
        raise TimeoutError from None
