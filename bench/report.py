"""What was measured, in words: the text of BENCHMARKS.md. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

INTRODUCTION = """# Benchmarks

Measured by `make bench` in one run on one machine; the raw numbers are in `bench/results.json`. Compare the ratios, not
the times: another machine has others.
"""
COLD = """
## Cold start

From the start of an interpreter to the first answered event, each in a fresh process, in turns. The functions are the
unpacked zips of `make package`; the peers answer the same events, with no server in between. The median of {rounds}.

| | milliseconds | beside |
| --- | ---: | --- |
"""
SHARES = """
### Under a share of the processor

As small instances have it: the process is stopped for the rest of every 0.1 s. The median of {rounds}, in milliseconds.

| | 0.35 | 0.1 | 0.05 |
| --- | ---: | ---: | ---: |
"""
WARM = """
## Warm

From event bytes to reply dict, in a process that has answered before; the HEAD is answered inside the process. The
floor is the same HMACs, base64, RSA and JSON as one straight function without a single check.

| | microseconds | per second and core | beside its floor |
| --- | ---: | ---: | ---: |
"""
SIGNING = """
## Signing alone

| | microseconds |
| --- | ---: |
"""
IMPORTS = "interpreter with json hashlib hmac base64"
BESIDE: Mapping[str, Sequence[str]] = {
    "token": (IMPORTS, "Flask + alibabacloud-oss-v2"),
    "callback": ("Flask + oss2 + cryptography",),
}
CALLS = ("file grant", "limits", "refused grant", "callback", "refused callback")


def benchmarks(results: Any) -> str:
    """Return BENCHMARKS.md."""
    cold, warm = results["cold_start_milliseconds"], results["warm_microseconds"]
    whole = [name for name in cold if " at " not in name]
    shared = [name for name in whole if f"{name} at 0.1" in cold]
    parts = [
        INTRODUCTION,
        "\n" + "\n".join(f"- {name}: {value}" for name, value in results["machine"].items()) + "\n",
        COLD.format(rounds=len(cold["token"])),
        *(f"| {name} | {median(cold[name]):.1f} | {beside(name, cold)} |\n" for name in whole),
        SHARES.format(rounds=len(cold["token at 0.1"])),
        *(
            f"| {name} | "
            + " | ".join(f"{median(cold[f'{name} at {one}']):.0f}" for one in (0.35, 0.1, 0.05))
            + " |\n"
            for name in shared
        ),
        WARM,
        *(warm_row(name, warm) for name in CALLS),
        SIGNING,
        *(
            f"| {name} | {median(warm[name]):.1f} |\n"
            for name in warm
            if name not in CALLS and "floor" not in name
        ),
    ]
    return "".join(parts)


def beside(name: str, cold: Mapping[str, Sequence[float]]) -> str:
    """Return how a start compares with what it is measured against."""
    return ", ".join(
        f"{median(cold[name]) / median(cold[other]):.2f} times {other}" for other in BESIDE.get(name, ())
    )


def warm_row(name: str, warm: Mapping[str, Sequence[float]]) -> str:
    """Return one call's row."""
    took, floor = median(warm[name]), warm.get(f"{name}, floor")
    ratio = f"{took / median(floor):.2f} times" if floor else ""
    return f"| {name} | {took:.1f} | {1e6 / took:,.0f} | {ratio} |\n"
