"""What is compared takes turns; a ratio that seems worse is measured once more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import turns
from bench.check import became_worse
from bench.ratios import Ratio, paired, ratios
from bench.turns import Worker, in_turns

PEAKS = {"2 GiB": {"token": 10.0}, "10 MB": {"token": 10.0}}
WORSE = {"2 GiB": {"token": 20.0}, "10 MB": {"token": 10.0}}
RECORDED = ratios({"peak_mebibytes": PEAKS})
WRITES = """import os, sys
name, log = sys.argv[1:]
print(f'["{name}"]', flush=True)
for line in sys.stdin:
    with open(log, "a") as opened:
        opened.write(f"{name} {os.sched_getaffinity(0)}\\n")
    print(1.5, flush=True)
"""


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "writes.py").write_text(WRITES, encoding="utf-8")
    (tmp_path / "ends.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(turns, "CHILDREN", tmp_path)
    return tmp_path


def test_workers_take_turns_on_one_core(children: Path) -> None:
    log = children / "log"
    found = in_turns([Worker("writes.py", [name, log], {}) for name in ("ours", "floor")])
    rounds = turns.GENERATIONS * turns.ROUNDS
    assert found == {"ours": [1.5] * rounds, "floor": [1.5] * rounds}
    lines = log.read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == ["ours", "floor"] * rounds
    pairs = zip(lines[::2], lines[1::2], strict=True)
    assert all(one.removeprefix("ours ") == other.removeprefix("floor ") for one, other in pairs)


def test_a_worker_that_does_not_start_is_no_measurement(children: Path) -> None:
    with pytest.raises(RuntimeError):
        in_turns([Worker("ends.py", [children], {})])


def test_a_ratio_is_the_median_of_pairs() -> None:
    """A machine that was busy in one round is in both samples of that round."""
    assert paired([2, 20, 2, 2], [1, 10, 1, 1], 0.1) == Ratio(2, 2, 2, 0.1)


@pytest.mark.parametrize(
    ("measured", "expected"),
    [([PEAKS], []), ([WORSE, PEAKS], []), ([WORSE, WORSE], ["memory: token, 2 GiB / 10 MB: 2.00, was 1.00"])],
    ids=["as recorded", "worse once", "worse twice"],
)
def test_what_is_worse_must_be_worse_twice(measured: list[Any], expected: list[str]) -> None:
    asked: list[Sequence[str]] = []

    def measure(parts: Sequence[str]) -> dict[str, Any]:
        asked.append(parts)
        return {"peak_mebibytes": measured[len(asked) - 1]}

    assert became_worse(RECORDED, measure) == expected
    assert asked == [(), ["loop"]][: len(measured)]
