"""What was recorded last: BENCHMARKS.md says it, and the floors hold. Ratios, because machines differ."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import report

REPOSITORY = Path(__file__).parent.parent.parent
RESULTS: Any = json.loads((REPOSITORY / "bench" / "results.json").read_text(encoding="utf-8"))
COLD = {name: median(samples) for name, samples in RESULTS["cold_start_milliseconds"].items()}
WARM = {name: median(samples) for name, samples in RESULTS["warm_microseconds"].items()}


def test_benchmarks_md_says_what_was_recorded() -> None:
    assert (REPOSITORY / "BENCHMARKS.md").read_text(encoding="utf-8") == report.benchmarks(RESULTS)


@pytest.mark.parametrize("name", [name for name in COLD if " at " not in name])
def test_every_start_was_measured_often(name: str) -> None:
    assert len(RESULTS["cold_start_milliseconds"][name]) >= 20


def test_the_token_starts_in_a_seventh_of_the_sdks_time() -> None:
    assert COLD["token"] * 7 <= COLD["Flask + alibabacloud-oss-v2"]


def test_the_callback_starts_in_about_half_the_samples_time() -> None:
    assert COLD["callback"] <= 0.55 * COLD["Flask + oss2 + cryptography"]


@pytest.mark.parametrize(("call", "times"), [("file grant", 2.5), ("callback", 3)])
def test_a_warm_call_is_near_its_floor(call: str, times: float) -> None:
    assert WARM[call] <= times * WARM[f"{call}, floor"]
