"""Statistics of many measurements. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(samples: Sequence[float], hundredths: int) -> float:
    """Return the percentile by nearest rank: the smallest sample that this share of all do not exceed."""
    ranked = sorted(samples)
    return ranked[max(0, math.ceil(len(ranked) * hundredths / 100) - 1)]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the power with which the cost grows over the upper half of the sizes: 0 is flat, 1 is linear."""
    middle = len(sizes) // 2
    return math.log(costs[-1] / costs[middle]) / math.log(sizes[-1] / sizes[middle])
