"""`make bench-check`: measures again and fails if a ratio is worse than the recorded one.

PARTS="cold warm" measures these parts only. A ratio that seems worse is measured once more: it must be worse
twice.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench import run
from bench.ratios import Ratio, ratios, worse


def became_worse(recorded: Mapping[str, Ratio], measure: Callable[[Sequence[str]], Any]) -> list[str]:
    """Return a line for each ratio that is twice worse than it may be; `measure` gets parts, first none."""
    measured = ratios(measure(()))
    for name, ratio in measured.items():
        was = recorded.get(name, ratio).value
        print(f"{ratio.value:6.2f} ({ratio.low:.2f} to {ratio.high:.2f}), was {was:6.2f}  {name}")
    first = worse(measured, recorded)
    if not first:
        return []
    print("\n".join(["Measured once more, because it seems worse:", *first.values()]), flush=True)
    second = worse(ratios(measure(run.parts_of(first))), recorded)
    return [line for name, line in second.items() if name in first]


def main(parts: Sequence[str]) -> None:
    """Exit with a line for each ratio that is worse."""
    recorded = ratios(json.loads(run.RESULTS.read_text(encoding="utf-8")))
    if lines := became_worse(recorded, lambda again: run.measure(again or parts)):
        sys.exit("\n".join(["Worse than it may be:", *lines]))


if __name__ == "__main__":
    main(sys.argv[1:])
