"""The line between a browser and a server: what it delays, limits, loses and cuts."""

from __future__ import annotations

import http.client
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.line import FIRST_WINDOW, SEGMENT_BYTES, Line, Quality, Window
from tests.support.peer import Peer

TRIP = 0.1
LOSSLESS = Quality(TRIP)
FILE = b"x" * 1_000_000


class Never(random.Random):
    def random(self) -> float:
        return 0.0


class Always(random.Random):
    def random(self) -> float:
        return 1.0


def window(chance: random.Random, quality: Quality = LOSSLESS) -> Window:
    return Window(quality, chance)


def test_a_window_doubles_each_round_trip_in_which_all_of_it_was_sent() -> None:
    it = window(Never())
    for trips, times in enumerate((1, 2, 4)):
        count = it.may_send(trips * TRIP)
        assert count == times * FIRST_WINDOW
        assert it.send(count) == 0
        assert it.may_send(trips * TRIP) == 0
        assert it.rest(trips * TRIP) == pytest.approx(TRIP)


def test_a_window_that_was_not_sent_does_not_grow() -> None:
    it = window(Never())
    it.send(it.may_send(0) - 1)
    assert it.may_send(TRIP) == FIRST_WINDOW


def test_a_lost_segment_halves_the_window_which_then_grows_by_a_segment() -> None:
    it = window(Always(), Quality(TRIP, loss=0.5))
    assert it.send(it.may_send(0)) == TRIP
    it = window(Always(), Quality(TRIP, loss=0.5))
    it.send(it.may_send(0))
    lost = it.may_send(TRIP)
    assert lost == FIRST_WINDOW / 2 + SEGMENT_BYTES


def test_a_small_window_waits_for_a_timeout() -> None:
    it = window(Always(), Quality(TRIP, loss=0.5))
    held_up = [it.send(it.may_send(trips * TRIP)) for trips in range(6)]
    assert held_up[0] == TRIP
    assert held_up[-1] == max(0.2, 2 * TRIP)


@contextmanager
def served(quality: Quality) -> Iterator[tuple[Line, Peer]]:
    peer = Peer(body=b"answer")
    with peer.serving():
        line = Line(int(peer.url.rpartition(":")[2]), quality)
        with line.listening():
            yield line, peer


def post(line: Line) -> bytes:
    connection = http.client.HTTPConnection(line.url.removeprefix("http://"), timeout=30)
    try:
        connection.request("POST", "/path", body=FILE, headers={"Connection": "close"})
        return connection.getresponse().read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "quality", [Quality(), Quality(0.001), Quality(0.001, 10_000_000), Quality(0.001, loss=0.01)], ids=str
)
def test_a_line_passes_on_all_bytes(quality: Quality) -> None:
    with served(quality) as (line, peer):
        assert post(line) == b"answer"
        assert [one.body for one in peer.asked] == [FILE]


def test_a_line_is_cut_once_and_is_another_line_then() -> None:
    with served(Quality()) as (line, _):
        line.cut_once(len(FILE) // 2, Quality(0.001))
        with pytest.raises((OSError, http.client.HTTPException)):
            post(line)
        assert line.cut_at > 0
        assert line.quality == Quality(0.001)
        assert post(line) == b"answer"


def test_a_line_of_the_same_seed_has_the_same_losses_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = []

    class Noted(random.Random):
        def __init__(self, seed: int) -> None:
            seeds.append(seed)
            super().__init__(seed)

    monkeypatch.setattr(random, "Random", Noted)
    with served(Quality()) as (line, _):
        line.become(Quality(), seed=7)
        post(line)
        post(line)
        line.become(Quality(), seed=7)
        post(line)
    assert seeds == [7, 8, 7]
