"""Whether the caps of both functions fit into the quota of instances that an account has in a region.

Each cap is reserved from the quota, and at most 90 % of it can be reserved. The quota is 100 or 300 unless it
was raised, and no API of Function Compute tells it. Source: Function Compute "Set function quotas", which
says 100 in its versions of 2025, and 300 in that of April 2026.
"""

from __future__ import annotations

from collections.abc import Mapping

from deploy.template import Template

SMALLEST_QUOTA = 100
CAPS = {"token": "TokenConcurrency", "callback": "CallbackConcurrency"}  # parameters; 0 reserves nothing


def reservable(quota: int) -> int:
    """Return how many instances of a quota can be reserved."""
    return quota * 9 // 10


def cap_problems(template: Template, values: Mapping[str, str]) -> list[str]:
    """Return a sentence for each cap that the template would refuse."""
    return [
        f"{function.upper()}_CONCURRENCY takes a whole number from {one['MinValue']} to {one['MaxValue']}; "
        "0 sets no cap."
        for function, name in CAPS.items()
        for one in [template["Parameters"][name]]
        if not is_number(cap(template, values, name), one["MinValue"], one["MaxValue"])
    ]


def is_number(text: str, least: int, most: int) -> bool:
    """Say whether a text is a whole number in this range."""
    return text.isascii() and text.isdigit() and least <= int(text) <= most


def cap(template: Template, values: Mapping[str, str], name: str) -> str:
    """Return a cap as it is given, or as the template has it."""
    return values.get(name, str(template["Parameters"][name]["Default"]))


def excess(
    reserved: Mapping[str, int], stack: str, caps: Mapping[str, int], quota: int
) -> tuple[int, int] | None:
    """Return what would be reserved in all and what may be, if that is too much; None if it fits.

    `reserved` has the functions' reservations now, `caps` those of the stack, by the functions' short names.
    Caps that do not grow fit, whatever the quota: they are reserved already.
    """
    wanted = {f"{stack}-{function}": count for function, count in caps.items()}
    total = sum({**reserved, **wanted}.values())
    if total <= sum(reserved.values()) or total <= reservable(quota):
        return None
    return total, reservable(quota)
