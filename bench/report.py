"""The text of docs/benchmarks.md in each language, made from the results. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from bench import cost
from bench.ratios import AS_FORM, FLASK_OSS2, FLASK_SDK, IMPORTS, IN_PARTS, SHARES, Ratio, ratios
from bench.samples import exponent, percentile
from bench.texts import Texts, en, zh

PAGES: Mapping[str, Texts] = {"docs/benchmarks.md": en, "docs/benchmarks.zh.md": zh}
BESIDE: Mapping[str, Sequence[str]] = {"token": (IMPORTS, FLASK_SDK), "callback": (FLASK_OSS2,)}
CALLS = ("file grant", "limits", "refused grant", "callback", "refused callback")


def benchmarks(results: Any, texts: Texts) -> str:
    """Return docs/benchmarks.md in the language of these texts, a module of `bench.texts`."""
    sections = (starts, warm_calls, uploads, large_files, growth, page, page_speed, peers, costs, all_ratios)
    machine = "\n" + "".join(
        f"- {texts.MACHINE.get(name, name)}: {value}\n" for name, value in results["machine"].items()
    )
    return texts.INTRODUCTION + machine + "".join(section(results, texts) for section in sections)


def starts(results: Any, texts: Texts) -> str:
    """Return the section about cold starts."""
    cold, shared = results["cold_start_milliseconds"], results["under_shares_milliseconds"]
    middle = {name: median(samples) for name, samples in cold.items()}
    found = ratios(results)
    slower = {name: median(samples) for name, samples in shared.items()}
    return (
        texts.COLD.format(rounds=len(cold["token"]), fewest=min(map(len, cold.values())))
        + table(
            texts,
            texts.COLD_HEAD,
            ((name, f"{took:.1f}", ", ".join(beside(name, found))) for name, took in middle.items()),
        )
        + texts.UNDER_A_SHARE.format(rounds=len(shared["token at 0.1"]))
        + table(
            texts,
            ("", *SHARES),
            (
                (name, *(f"{slower[f'{name} at {share}']:.0f}" for share in SHARES))
                for name in cold
                if f"{name} at 0.1" in shared
            ),
        )
    )


def beside(name: str, found: Mapping[str, Ratio]) -> Iterable[str]:
    """Yield the ratio of a start to each one that it is compared with."""
    for other in BESIDE.get(name, ()):
        yield f"{found[f'cold start: {name} / {other}'].value:.2f} × {other}"


def warm_calls(results: Any, texts: Texts) -> str:
    """Return the sections about warm calls and about signing alone."""
    took = {name: median(samples) for name, samples in results["warm_microseconds"].items()}
    floors = {name: took[f"{name}, floor"] for name in took if f"{name}, floor" in took}
    found = ratios(results)
    return (
        texts.WARM
        + table(
            texts,
            texts.WARM_HEAD,
            (
                (
                    name,
                    f"{took[name]:.1f}",
                    f"{1e6 / took[name]:,.0f}",
                    *(
                        (f"{floors[name]:.1f}", f"{found[f'warm: {name} / its floor'].value:.2f}")
                        if name in floors
                        else ("", "")
                    ),
                )
                for name in CALLS
            ),
        )
        + texts.SIGNING
        + table(
            texts,
            texts.SIGNING_HEAD,
            (
                (name, f"{value:.1f}")
                for name, value in took.items()
                if name not in CALLS and "floor" not in name
            ),
        )
    )


def uploads(results: Any, texts: Texts) -> str:
    """Return the sections about whole uploads and about memory."""
    rows = (
        (
            size,
            parallel,
            f"{one['per_second']:.1f}",
            *(f"{percentile(one['milliseconds'], at):.0f}" for at in (50, 99)),
        )
        for size, plan in results["whole_loop"].items()
        for parallel, one in plan.items()
    )
    parts, speed, peaks = (
        results[name] for name in ("parts_milliseconds", "huge_file_mebibytes_per_second", "peak_mebibytes")
    )
    names, workers = list(next(iter(parts.values()))), list(next(iter(peaks.values())))
    return (
        texts.LOOP.format(cores=results["machine"]["processor"].rpartition(", ")[2])
        + table(texts, texts.LOOP_HEAD, rows)
        + texts.HUGE.format(rounds=len(next(iter(speed.values()))))
        + table(texts, texts.HUGE_HEAD, ((name, f"{median(samples):.0f}") for name, samples in speed.items()))
        + texts.PARTS
        + table(
            texts,
            (texts.FILE, *names),
            ((size, *(f"{one[name]:.1f}" for name in names)) for size, one in parts.items()),
        )
        + texts.MEMORY
        + table(
            texts,
            (texts.FILE, *workers),
            ((size, *(f"{one[name]:.1f}" for name in workers)) for size, one in peaks.items()),
        )
    )


def large_files(results: Any, texts: Texts) -> str:
    """Return the section about large files on several lines."""
    speeds, recovered = results["line_mebibytes_per_second"], results["recovery_seconds"]
    names = list(next(iter(speeds.values())))
    return (
        texts.LARGE
        + table(
            texts,
            (texts.LINE, *(texts.ROWS.get(name, name) for name in names)),
            ((line, *(f"{median(one[name]):.2f}" for name in names)) for line, one in speeds.items()),
        )
        + texts.RECOVERY.format(parts=recovered[IN_PARTS], form=recovered[AS_FORM])
        + table(
            texts,
            texts.MODULE_HEAD,
            ((name, f"{size:,}") for name, size in results["script_bytes_gzip"].items()),
        )
    )


def growth(results: Any, texts: Texts) -> str:
    """Return the section about growing inputs."""
    rows = []
    for name, costs_by_size in results["growth_microseconds"].items():
        sizes, took = [float(size) for size in costs_by_size], list(costs_by_size.values())
        span = texts.SPAN.format(first=f"{sizes[0]:,.0f}", last=f"{sizes[-1]:,.0f}")
        rows.append((name, span, f"{took[0]:.1f}", f"{took[-1]:.1f}", f"{exponent(sizes, took):.2f}"))
    return texts.GROWTH + table(texts, texts.GROWTH_HEAD, rows)


def page(results: Any, texts: Texts) -> str:
    """Return the section about the page."""
    files = texts.AND.join(f"`{name}` {size:,}" for name, size in results["library_bytes_gzip"].items())
    return (
        texts.PAGE
        + table(
            texts,
            texts.PAGE_HEAD,
            (
                (name, f"{one['bytes_gzip']:,}", str(one["requests"]), f"{median(one['milliseconds']):.0f}")
                for name, one in results["page"].items()
            ),
        )
        + texts.LIBRARY.format(files=files)
        + table(
            texts,
            texts.MODULE_HEAD,
            ((name, f"{size:,}") for name, size in results["module_bytes_gzip"].items()),
        )
    )


def page_speed(results: Any, texts: Texts) -> str:
    """Return the sections about the page on a long line, and with many small files and a large one."""
    if "page_in_engines" not in results:
        return ""
    rows: list[tuple[str, ...]] = []
    for engine, works in results["page_in_engines"].items():
        for work, rounds in works.items():
            ours, floor = (median(one[who] for one in rounds) for who in ("page", "floor"))
            times = median(one["page"] / one["floor"] for one in rounds)
            name = f"{engine}, {texts.ROWS.get(work, work)}"
            rows.append((name, f"{ours:,.0f}", f"{floor:,.0f}", f"{times:.2f}"))
    line = results["page_on_a_long_line"].items()
    return (
        texts.LONG_LINE
        + table(texts, texts.LONG_LINE_HEAD, ((name, f"{median(took):,.0f}") for name, took in line))
        + texts.ENGINES
        + table(texts, texts.ENGINES_HEAD, rows)
    )


def peers(results: Any, texts: Texts) -> str:
    """Return the section about many small files by other uploaders."""
    engines = results["peer_milliseconds_per_file"]
    names = [texts.ROWS.get(name, name) for name in next(iter(engines.values()))]
    rows = ((engine, *(f"{median(took):.1f}" for took in one.values())) for engine, one in engines.items())
    return texts.PEERS + table(texts, ("", *names), rows)


def calls_of(results: Any) -> tuple[tuple[cost.Call, cost.Call], tuple[cost.Call, cost.Call]]:
    """Return both calls of an upload, warm and cold."""
    cold = {name: median(samples) for name, samples in results["under_shares_milliseconds"].items()}
    warm = {name: median(samples) / 1000 for name, samples in results["warm_microseconds"].items()}
    head = results["parts_milliseconds"]["10 KB"]["HEAD"]
    token, callback = cost.TOKEN, cost.CALLBACK
    usual = (
        cost.Call(token, warm["file grant"] / token.vcpu),
        cost.Call(callback, (warm["callback"] + head) / callback.vcpu),
    )
    return usual, (cost.Call(token, cold["token at 0.1"]), cost.Call(callback, cold["callback at 0.35"]))


def costs_of(results: Any) -> list[float]:
    """Return the CNY per million uploads, warm and cold."""
    return [cost.cny_per_million(*calls) for calls in calls_of(results)]


def costs(results: Any, texts: Texts) -> str:
    """Return the section about costs, with the arithmetic."""
    usual, worst = calls_of(results)
    rows = [
        (
            when,
            *(f"{one.billed} ms: {one.units:.5f} CU" for one in calls),
            f"{sum(one.units for one in calls):.5f}",
            f"{cost.cny_per_million(*calls):.2f}",
        )
        for when, calls in ((texts.WARM_CALLS, usual), (texts.COLD_CALLS, worst))
    ]
    return (
        texts.COST.format(
            cny=cost.CNY_PER_CU,
            gib=cost.CU_PER_GIB_SECOND,
            least=cost.LEAST_CNY_PER_HOUR,
            token=cost.TOKEN,
            callback=cost.CALLBACK,
        )
        + table(texts, texts.COST_HEAD, rows)
        + texts.SERVER.format(
            hour=cost.SERVER_CNY_PER_HOUR,
            hours=cost.HOURS_OF_A_MONTH,
            month=cost.server_cny_per_month(),
            uploads=cost.server_cny_per_month() / cost.cny_per_million(*usual),
            least=cost.LEAST_CNY_PER_HOUR,
            least_month=cost.least_cny_per_month(),
        )
    )


def all_ratios(results: Any, texts: Texts) -> str:
    """Return the ratios that `make bench-check` compares, and how far the check was right."""
    rows = (
        (name, f"{one.value:.2f}", spread(one, texts), f"{one.allowed * 100:.0f} %")
        for name, one in ratios(results).items()
    )
    trial = texts.TRIAL.format(**results["trial"]) if "trial" in results else ""
    return texts.RATIOS + table(texts, texts.RATIO_HEAD, rows) + trial


def spread(ratio: Ratio, texts: Texts) -> str:
    """Return the quartiles of a ratio that was measured more than once."""
    low, high = f"{ratio.low:.2f}", f"{ratio.high:.2f}"
    return texts.SPAN.format(first=low, last=high) if low != high else ""


def table(texts: Texts, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; all columns but the first hold numbers."""
    named = ((texts.ROWS.get(name, name), *cells) for name, *cells in rows)
    lines = [head, ("---", *("---:" for _ in head[1:])), *named]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
