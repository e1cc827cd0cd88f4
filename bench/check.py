"""`make bench-check`: measures again and fails if a ratio is worse than the recorded one."""

from __future__ import annotations

import json
import sys

from bench import run
from bench.ratios import ratios, worse

ALLOWED = 0.25


def main() -> None:
    """Exit with a line for each ratio that is worse."""
    recorded = ratios(json.loads(run.RESULTS.read_text(encoding="utf-8")))
    measured = ratios(run.measure())
    for name, ratio in measured.items():
        print(f"{ratio:6.2f}, was {recorded.get(name, ratio):6.2f}  {name}")
    if lines := worse(measured, recorded, ALLOWED):
        sys.exit("\n".join(["Worse by more than 25 %:", *lines]))


if __name__ == "__main__":
    main()
