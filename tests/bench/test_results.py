"""The recorded results: docs/benchmarks.md shows them, and they are within the limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import report
from bench.ratios import FLASK_OSS2, FLASK_SDK, IMPORTS, PRESIGNING, Ratio, ratios, worse
from bench.samples import exponent

REPOSITORY = Path(__file__).parent.parent.parent
RESULTS: Any = json.loads((REPOSITORY / "bench" / "results.json").read_text(encoding="utf-8"))
RATIOS = ratios(RESULTS)
ENGINES = ("chromium", "firefox", "webkit")
AS_FAST = 1.05  # what differs by less is the same in another run
FLOORS = {
    f"cold start: token / {IMPORTS}": 1.35,
    f"cold start: token / {FLASK_SDK}": 1 / 7,
    f"cold start: callback / {FLASK_OSS2}": 0.55,
    "warm: file grant / its floor": 2.5,
    "warm: callback / its floor": 3,
    **{f"signing: ours / {peer}": 1 for peer in PRESIGNING},
    **{name: AS_FAST for name in RATIOS if name.startswith("large files") and name.endswith("peer")},
    "large files: recovery, in parts / as a form": 0.1,
    **{f"page speed: {engine}, 500 files / a bare script": 1.5 for engine in ENGINES},
    **{f"page speed: {engine}, 200 MiB at 1 Gbit/s / a bare script": 1.15 for engine in ENGINES},
    **{f"memory: {worker}, 2 GiB / 10 MB": 1.1 for worker in ("token", "callback", "OSS")},
}
LEAST_ROUNDS = 20
TOKEN_ZIP_BYTES, CALLBACK_ZIP_BYTES = 200 * 1024, 7 * 1024**2
LINEAR = 1.1


@pytest.mark.parametrize("page", report.PAGES)
def test_the_benchmarks_page_says_what_was_recorded(page: str) -> None:
    assert (REPOSITORY / page).read_text(encoding="utf-8") == report.benchmarks(RESULTS, report.PAGES[page])


@pytest.mark.parametrize("name", RESULTS["cold_start_milliseconds"])
def test_every_start_was_measured_often(name: str) -> None:
    assert len(RESULTS["cold_start_milliseconds"][name]) >= LEAST_ROUNDS


@pytest.mark.parametrize("ratio", FLOORS)
def test_a_floor_holds(ratio: str) -> None:
    assert RATIOS[ratio].value <= FLOORS[ratio]


@pytest.mark.parametrize("name", RESULTS["growth_microseconds"])
def test_a_cost_is_flat_or_grows_as_its_input_does(name: str) -> None:
    series = RESULTS["growth_microseconds"][name]
    assert exponent([float(size) for size in series], list(series.values())) <= LINEAR


def test_zips_are_within_their_budgets() -> None:
    """The build itself holds the page and upload.js to theirs."""
    assert RESULTS["zip_bytes"]["token"] <= TOKEN_ZIP_BYTES
    assert RESULTS["zip_bytes"]["callback"] <= CALLBACK_ZIP_BYTES


@pytest.mark.parametrize("name", RATIOS)
def test_bench_check_fails_for_what_became_slower(name: str) -> None:
    """Nothing is worse than itself, nor by what it may be; by a little more it is, and is named."""

    def now(times: float) -> dict[str, Ratio]:
        return {**RATIOS, name: RATIOS[name]._replace(value=RATIOS[name].value * times)}

    allowed = 1 + RATIOS[name].allowed
    assert worse(RATIOS, RATIOS) == {}
    assert worse(now(allowed - 0.01), RATIOS) == {}
    assert worse(now(allowed + 0.01), RATIOS)[name].startswith(f"{name}: ")


@pytest.mark.parametrize("name", [name for name in RATIOS if name.startswith(("cold", "warm", "signing"))])
def test_a_function_made_a_quarter_slower_is_worse(name: str) -> None:
    slower = {**RATIOS, name: RATIOS[name]._replace(value=RATIOS[name].value * 1.25)}
    assert name in worse(slower, RATIOS)


PAGE_SPEED: Any = {
    "page_on_a_long_line": {"navigation to usable": [1100.0, 1200.0, 1400.0]},
    "page_in_engines": {
        "webkit": {"500 files": [{"page": 9000, "floor": 8000}, {"page": 12000, "floor": 8000}]}
    },
}


@pytest.mark.parametrize("texts", report.PAGES.values())
def test_the_page_is_beside_a_bare_script_in_each_engine(texts: Any) -> None:
    shown = report.page_speed(PAGE_SPEED, texts)
    assert f"| {texts.ROWS.get('navigation to usable', 'navigation to usable')} | 1,200 |" in shown
    assert f"| webkit, {texts.ROWS.get('500 files', '500 files')} | 10,500 | 8,000 | 1.31 |" in shown
    ratio = ratios(PAGE_SPEED)["page speed: webkit, 500 files / a bare script"]
    assert (ratio.value, ratio.low, ratio.high) == (1.3125, 1.125, 1.5)
