"""An exchange with another machine that is waited for only so long.

Libraries bound single waits: not looking up a name, not trying address after address, not a peer that sends a
byte now and then. So each exchange has a thread that nobody waits for longer than its time. One that hangs
ends when its peer does, and holds nothing that others need.
"""

import concurrent.futures
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, exchange: Callable[[], T]) -> T:
    """Return what `exchange` returns within its time. Raises what it raises, or a `TimeoutError`."""
    if seconds <= 0:
        raise TimeoutError
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            outcome.set_result(exchange())
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits
            outcome.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return outcome.result(seconds)
    except concurrent.futures.TimeoutError:  # before Python 3.11 this is a class of its own
        raise TimeoutError from None
