"""The arithmetic of scale, and the simulation that checks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from bench import scale, scale_report
from tests.bench.test_results import REPOSITORY, RESULTS

LOAD = scale.Load(per_second=1000, milliseconds=20, cold_milliseconds=20)
SECONDS = 60


@pytest.mark.parametrize(
    ("busy", "cap", "expected"), [(1, 1, 0.5), (2, 2, 0.4), (10, 10, 0.2146), (20, 30, 0.0085)]
)
def test_the_refused_share_is_that_of_erlangs_tables(busy: float, cap: int, expected: float) -> None:
    assert scale.refused_share(busy, cap) == pytest.approx(expected, abs=5e-5)


def test_so_many_instances_refuse_few_and_one_less_refuses_more() -> None:
    instances = scale.instances_for(LOAD.per_second, LOAD.milliseconds)
    busy = LOAD.per_second * LOAD.milliseconds / 1000
    assert scale.refused_share(busy, instances) <= scale.REFUSED_SHARE
    assert scale.refused_share(busy, instances - 1) > scale.REFUSED_SHARE


def test_what_a_cap_carries_needs_no_more_than_the_cap() -> None:
    most = scale.most_per_second(50, 20)
    assert scale.instances_for(most, 20) == 50
    assert scale.instances_for(most + 2, 20) == 51


@pytest.mark.parametrize("cap", [15, 20, 25, 40])
def test_the_simulation_refuses_what_the_formula_says(cap: int) -> None:
    seen = scale.simulate(LOAD, cap, SECONDS)
    assert seen.refused / seen.calls == pytest.approx(scale.refused_share(20, cap), abs=0.01)


def test_the_simulation_keeps_as_many_instances_busy_as_calls_and_seconds_say() -> None:
    seen = scale.simulate(LOAD, 1000, SECONDS)
    assert seen.refused == 0
    assert seen.calls == pytest.approx(LOAD.per_second * SECONDS, rel=0.02)
    assert seen.busy == pytest.approx(20, rel=0.02)


def test_a_busy_function_starts_few_instances_and_a_rare_call_always_one() -> None:
    assert scale.simulate(LOAD, 1000, SECONDS).cold < 60
    rare = scale.simulate(scale.Load(0.001, 20, 400), 10, 1_000_000)
    assert rare.cold > 0.9 * rare.calls


def test_a_seed_gives_the_same_arrivals() -> None:
    assert scale.simulate(LOAD, 20, 1, seed=5) == scale.simulate(LOAD, 20, 1, seed=5)
    assert scale.simulate(LOAD, 20, 1, seed=5) != scale.simulate(LOAD, 20, 1, seed=6)


def test_a_hundred_times_the_uploads_need_a_hundred_times_the_limits() -> None:
    small, large = (scale.demand(rate, 1, 24) for rate in (1_000, 100_000))
    assert (small.oss_requests, small.sequential_keys, small.buckets, small.accounts) == (2_000, 1, 1, 1)
    assert (large.oss_requests, large.sequential_keys, large.buckets, large.accounts) == (
        200_000,
        100,
        100,
        80,
    )
    assert 24 * 100 < large.callback_instances < 24 * 105


def test_the_caps_are_those_of_the_template() -> None:
    class Loader(yaml.SafeLoader):
        """Reads the template's own tags as plain values."""

    Loader.add_multi_constructor("!", lambda *_: None)
    template: Any = yaml.load((REPOSITORY / "template.yml").read_text(encoding="utf-8"), Loader)
    parameters: Mapping[str, Any] = template["Parameters"]
    caps = parameters["TokenConcurrency"]["Default"], parameters["CallbackConcurrency"]["Default"]
    assert caps == (scale.TOKEN_CAP, scale.CALLBACK_CAP)


@pytest.mark.parametrize("name", scale_report.PAGES)
def test_the_page_about_scale_says_what_was_recorded(name: str) -> None:
    assert (REPOSITORY / name).read_text(encoding="utf-8") == scale_report.page(RESULTS, name)
