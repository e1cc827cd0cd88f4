"""The arithmetic: percentiles, growth, prices; and the proxy that measures answers."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import cost
from bench.samples import exponent, percentile
from bench.timing_proxy import TimingProxy
from tests.support.peer import Peer

SIZES = [1.0, 2.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize(("hundredths", "expected"), [(0, 1), (1, 1), (50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_a_sample(hundredths: int, expected: int) -> None:
    assert percentile([float(one) for one in range(100, 0, -1)], hundredths) == expected


def test_the_99th_of_a_few_is_the_largest() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3


@pytest.mark.parametrize("power", [0, 0.5, 1, 2])
def test_an_exponent_is_the_power_a_cost_grows_by(power: float) -> None:
    assert exponent(SIZES, [7 * size**power for size in SIZES]) == pytest.approx(power)


def test_an_exponent_is_of_the_large_sizes() -> None:
    """What a call costs without any input hides how it grows."""
    assert exponent(SIZES, [1000, 1000, 1000, 4000, 16000]) == pytest.approx(2)


def test_a_call_is_billed_by_the_whole_millisecond_and_for_itself() -> None:
    call = cost.Call(cost.Function(vcpu=0.5, gib=1), 2.1)
    assert call.billed == 3
    assert call.units == pytest.approx(0.003 * (0.5 + 0.15) + 0.0075)


def test_a_million_uploads_cost_a_million_times_their_units() -> None:
    free = cost.Call(cost.Function(0, 0), 0)  # only the calls themselves: 75 CU per 10,000
    assert cost.cny_per_million(free, free) == pytest.approx(2 * 7500 * 0.00011)


@contextmanager
def proxied() -> Iterator[tuple[TimingProxy, Peer]]:
    peer, proxy = Peer(body=b"answer"), TimingProxy()
    with peer.serving(), proxy.listening():
        proxy.target = int(peer.url.rpartition(":")[2])
        yield proxy, peer


def test_a_timing_proxy_passes_on_and_times_each_answer() -> None:
    with proxied() as (proxy, peer):
        for _ in range(3):
            connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=9)
            connection.request("POST", "/path", body=b"x" * 1_000_000, headers={"Connection": "close"})
            assert connection.getresponse().read() == b"answer"
            connection.close()
        assert [(one.path, len(one.body)) for one in peer.asked] == [("/path", 1_000_000)] * 3
    assert 2 <= len(proxy.milliseconds) <= 3  # the last is noted when its connection ends
    assert min(proxy.milliseconds) > 0
