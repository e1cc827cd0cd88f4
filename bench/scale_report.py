"""The text of docs/scale.md in each language, made from the results. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from bench import cost, scale
from bench.report import table
from bench.texts import ScaleTexts, en, scale_en, scale_zh, zh

STARTING_SECONDS, SIMULATED_SECONDS = 2, 5
BACKEND_MILLISECONDS = 100  # of the text
PAGES: Mapping[str, tuple[ScaleTexts, Any]] = {
    "docs/scale.md": (scale_en, en),
    "docs/scale.zh.md": (scale_zh, zh),
}


def milliseconds(results: Any) -> dict[str, float]:
    """Return the milliseconds of each call on an instance, from those of this machine."""
    warm = {name: median(samples) / 1000 for name, samples in results["warm_microseconds"].items()}
    shared = {name: median(samples) for name, samples in results["under_shares_milliseconds"].items()}
    head = results["parts_milliseconds"]["10 KB"]["HEAD"]
    callback = (warm["callback"] + head) / cost.CALLBACK.vcpu + scale.HEAD_WAIT_MILLISECONDS
    return {
        "token": warm["file grant"] / cost.TOKEN.vcpu,
        "callback": callback,
        "token, cold": shared["token at 0.1"],
        "callback, cold": shared["callback at 0.35"] + scale.HEAD_WAIT_MILLISECONDS,
    }


def page(results: Any, name: str) -> str:
    """Return docs/scale.md or its translation."""
    texts, words = PAGES[name]
    took = milliseconds(results)
    caps = {"token": scale.TOKEN_CAP, "callback": scale.CALLBACK_CAP}
    carried = [
        (one, f"{took[one]:.1f}", f"{cap}", f"{scale.most_per_second(cap, took[one]):,}")
        for one, cap in caps.items()
    ]
    calls = cost.Call(cost.TOKEN, took["token"]), cost.Call(cost.CALLBACK, took["callback"])
    functions, oss = cost.cny_per_million(*calls), scale.oss_cny_per_million()
    demands = {rate: scale.demand(rate, took["token"], took["callback"]) for rate in scale.RATES}
    rows = [
        (texts.FIELDS[field], *(shown(getattr(one, field)) for one in demands.values()))
        for field in scale.Demand._fields
    ]
    rows.append((texts.COST, *(f"{functions:.2f} + {oss:.2f}" for _ in demands)))
    return (
        texts.INTRODUCTION.format(share=f"{scale.REFUSED_SHARE:.1%}".replace("%", " %"))
        + table(words, texts.CARRIED_HEAD, carried)
        + texts.WAITING.format(wait=scale.HEAD_WAIT_MILLISECONDS, callback=took["callback"])
        + texts.DEMAND
        + table(words, ("", *(f"{rate:,}" for rate in demands)), rows)
        + texts.LIMITS
        + texts.BREAKS.format(
            per_second=scale.most_per_second(scale.CALLBACK_CAP, took["callback"]),
            asked=scale.most_per_second(scale.CALLBACK_CAP, took["callback"] + BACKEND_MILLISECONDS),
            largest=scale.most_per_second(scale.REGION_INSTANCES, took["callback"]),
            largest_asked=scale.most_per_second(
                scale.REGION_INSTANCES, took["callback"] + BACKEND_MILLISECONDS
            ),
        )
        + texts.SHARDING
        + texts.SIMULATION.format(rows=simulated(took, texts, words))
    )


def simulated(took: Mapping[str, float], texts: ScaleTexts, words: Any) -> str:
    """Return the table that puts the simulation beside the formulas."""
    rows = []
    for name, cap in (("token", scale.TOKEN_CAP), ("callback", scale.CALLBACK_CAP)):
        for times in (0.5, 1, 1.3):
            rate = times * cap * 1000 / took[name]
            load = scale.Load(rate, took[name], took[f"{name}, cold"])
            seen = scale.simulate(load, cap, SIMULATED_SECONDS, STARTING_SECONDS)
            expected = scale.refused_share(rate * took[name] / 1000, cap)
            rows.append(
                (
                    name,
                    f"{rate:,.0f}",
                    f"{seen.busy:.1f}",
                    f"{seen.refused / seen.calls:.4f}",
                    f"{expected:.4f}",
                )
            )
    return table(words, texts.SIMULATED_HEAD, rows)


def shown(number: float) -> str:
    """Return a number as the table has it."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.2f}"
