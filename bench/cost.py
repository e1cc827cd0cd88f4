"""The cost of uploads on Function Compute, from measured milliseconds and published prices. Pure.

Sources: Alibaba Cloud, "Function Compute: billing" (mainland list prices); Alibaba Cloud, "Elastic Container
Instance: economy type", for a small machine that is always on.
"""

from __future__ import annotations

import math
from typing import NamedTuple

CNY_PER_CU = 0.00011
CU_PER_VCPU_SECOND = 1.0
CU_PER_GIB_SECOND = 0.15
CU_PER_CALL = 75 / 10_000
LEAST_CNY_PER_HOUR = 0.01  # the least that a function costs in an hour with a call
SERVER_CNY_PER_HOUR = 0.0972 + 0.0221  # 1 vCPU, 1 GiB
HOURS_OF_A_MONTH = 730
MILLION = 1_000_000


class Function(NamedTuple):
    """The size of a function in `template.yml`."""

    vcpu: float
    gib: float


TOKEN, CALLBACK = Function(0.1, 0.125), Function(0.35, 0.5)


class Call(NamedTuple):
    """One call, which costs a fee and its milliseconds."""

    function: Function
    milliseconds: float

    @property
    def billed(self) -> int:
        """Return the billed milliseconds."""
        return math.ceil(self.milliseconds)

    @property
    def units(self) -> float:
        """Return the compute units (CU)."""
        size = self.function.vcpu * CU_PER_VCPU_SECOND + self.function.gib * CU_PER_GIB_SECOND
        return self.billed / 1000 * size + CU_PER_CALL


def cny_per_million(*calls: Call) -> float:
    """Return the cost of a million uploads that make these calls."""
    return sum(call.units for call in calls) * MILLION * CNY_PER_CU


def least_cny_per_month() -> float:
    """Return the least cost of both functions if each is called in every hour."""
    return 2 * LEAST_CNY_PER_HOUR * HOURS_OF_A_MONTH


def server_cny_per_month() -> float:
    """Return the cost of a small machine that is always on."""
    return SERVER_CNY_PER_HOUR * HOURS_OF_A_MONTH
