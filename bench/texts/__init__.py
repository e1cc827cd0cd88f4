"""The words of docs/benchmarks.md, one file per language."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Texts(Protocol):
    """What the module of a language has: paragraphs, heads of tables, and names of the results."""

    INTRODUCTION: str
    COLD: str
    UNDER_A_SHARE: str
    WARM: str
    SIGNING: str
    LOOP: str
    HUGE: str
    PARTS: str
    MEMORY: str
    LARGE: str
    RECOVERY: str
    LINE: str
    GROWTH: str
    PAGE: str
    LIBRARY: str
    LONG_LINE: str
    LONG_LINE_HEAD: Sequence[str]
    ENGINES: str
    ENGINES_HEAD: Sequence[str]
    PEERS: str
    COST: str
    SERVER: str
    RATIOS: str
    TRIAL: str
    COLD_HEAD: Sequence[str]
    WARM_HEAD: Sequence[str]
    SIGNING_HEAD: Sequence[str]
    LOOP_HEAD: Sequence[str]
    HUGE_HEAD: Sequence[str]
    GROWTH_HEAD: Sequence[str]
    PAGE_HEAD: Sequence[str]
    MODULE_HEAD: Sequence[str]
    COST_HEAD: Sequence[str]
    RATIO_HEAD: Sequence[str]
    FILE: str
    SPAN: str
    AND: str
    WARM_CALLS: str
    COLD_CALLS: str
    MACHINE: Mapping[str, str]
    ROWS: Mapping[str, str]


class ScaleTexts(Protocol):
    """The module of a language for docs/scale.md: paragraphs, heads of tables, and names of its rows."""

    INTRODUCTION: str
    CARRIED_HEAD: Sequence[str]
    WAITING: str
    DEMAND: str
    FIELDS: Mapping[str, str]
    COST: str
    LIMITS: str
    BREAKS: str
    SHARDING: str
    SIMULATION: str
    SIMULATED_HEAD: Sequence[str]
