"""An exchange is waited for only so long."""

from __future__ import annotations

import socket
from threading import Event

import pytest

from tests.support.dripper import PATIENCE
from vendored import time_limit
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


def test_shuts_down_the_connections_of_what_hangs() -> None:
    here, there = socket.socketpair()
    ended: list[bytes] = []
    finished = Event()

    def receive() -> None:
        time_limit.use(here)
        ended.append(here.recv(1))
        finished.set()

    with here, there:
        with pytest.raises(TimeoutError):
            within(0.05, receive)
        assert finished.wait(PATIENCE)
        assert (ended, there.recv(1)) == ([b""], b"")


def test_a_closed_connection_does_not_keep_the_others_open() -> None:
    closed, (here, there) = socket.socket(), socket.socketpair()
    finished = Event()

    def receive() -> None:
        time_limit.use(closed)
        time_limit.use(here)
        closed.close()
        here.recv(1)
        finished.set()

    with here, there:
        with pytest.raises(TimeoutError):
            within(0.05, receive)
        assert finished.wait(PATIENCE)


def test_a_connection_that_another_exchange_uses_by_now_stays_open() -> None:
    here, there = socket.socketpair()
    late, next_one = time_limit.Exchange(fail), time_limit.Exchange(fail)
    with here, there:
        late.use(here)
        next_one.use(here)
        late.end()
        there.send(b"x")
        assert here.recv(1) == b"x"
        next_one.end()
        assert here.recv(1) == b""


def test_nothing_begins_after_the_limit() -> None:
    here, there = socket.socketpair()
    over, finished = Event(), Event()
    refused: list[str] = []

    def hang() -> None:
        over.wait(PATIENCE)
        with pytest.raises(TimeoutError):
            time_limit.use(here)
        with pytest.raises(TimeoutError):
            time_limit.check()
        refused.append("both")
        finished.set()

    with here, there:
        with pytest.raises(TimeoutError):
            within(0.05, hang)
        over.set()
        assert finished.wait(PATIENCE)
    assert refused == ["both"]


def test_an_exchange_that_is_not_limited_may_use_what_it_likes() -> None:
    here, there = socket.socketpair()
    with here, there:
        time_limit.use(here)
        time_limit.check()
        there.send(b"a")
        assert here.recv(1) == b"a"


def test_what_ended_in_time_keeps_its_connection() -> None:
    here, there = socket.socketpair()
    with here, there:
        within(5, lambda: time_limit.use(here))
        there.send(b"a")
        assert here.recv(1) == b"a"
