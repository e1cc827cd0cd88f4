"""An exchange is waited for only so long."""

from __future__ import annotations

from threading import Event

import pytest

from vendored.time_limit import within


def fail() -> None:
    raise KeyError("inside")


def test_returns_or_raises_what_the_exchange_does() -> None:
    assert within(5, lambda: "answer") == "answer"
    with pytest.raises(KeyError, match="inside"):
        within(5, fail)


@pytest.mark.parametrize("seconds", [0, -1])
def test_does_not_begin_when_the_time_is_over(seconds: float) -> None:
    with pytest.raises(TimeoutError):
        within(seconds, fail)


def test_leaves_behind_what_hangs() -> None:
    never = Event()
    with pytest.raises(TimeoutError):
        within(0.05, never.wait)
    never.set()
