"""The text of BENCHMARKS.md, made from the results. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from bench import cost
from bench.ratios import FLASK_OSS2, FLASK_SDK, IMPORTS, SHARES, ratios
from bench.samples import exponent, percentile

INTRODUCTION = """# Benchmarks

Measured by `make bench` in one run on one machine; the raw numbers are in `bench/results.json`. Compare the ratios, not
the times: another machine has others. `make bench-check` measures again and fails where a ratio became worse by more
than 25 %.
"""
COLD = """
## Cold start

From the start of an interpreter to the first answered event, each in a fresh process, in turns. The functions are the
unpacked zips of `make package`; the peers answer the same events, with no server in between. The median of {rounds}.

"""
UNDER_A_SHARE = """
### Under a share of the processor

As small instances have it: the process is stopped for the rest of every 0.1 s. The median of {rounds}, in milliseconds.

"""
WARM = """
## Warm

From event bytes to reply dict, in a process that has answered before; the HEAD is answered inside the process. The
floor is the same HMACs, base64, RSA and JSON as one straight function without a single check.

"""
SIGNING = """
## Signing alone

One policy or one presigned address in a warm process, with temporary credentials. Ours pins twelve fields.

"""
LOOP = """
## Whole uploads on the local stack

Grant, form, callback and HEAD; four processes and the clients share the {cores}. Milliseconds of one upload.

"""
HUGE = """
One file of 2 GiB, posted by curl as a form; the median of {rounds}, in turns. The stack hashes it twice, MD5 and CRC-64 as
OSS does, and writes it to the disk, on which the speed depends:

"""
PARTS = """
Where the time of one upload at a time goes, in milliseconds:

"""
MEMORY = """
### Memory

The most that each worker had at a time, in MiB, after one file of each size:

"""
GROWTH = """
## Growth

Microseconds of one call as its input, or what the function looks through, grows. The exponent is over the upper half: 0
is flat, 1 is linear.

"""
PAGE = """
## Page

In Chromium, nothing cached, on the local stack: requests, and milliseconds until files can be chosen. This page asks its
configuration and the token function's limits first; the others are set up in the page and ask nobody.

"""
LIBRARY = """
For a page of your own: {files} (bytes, gzip). The script of this page by module, each minified and gzip by itself:

"""
COST = """
## Cost on Function Compute

Computed from the times above and the mainland list prices: {cny} CNY per compute unit (CU); 1 CU per vCPU second, {gib}
per GiB second, 75 per 10,000 calls; by the millisecond; at least {least} CNY per function in an hour with a call.

The times are those of this machine divided by the share of a processor that `template.yml` gives: token has {token.vcpu}
vCPU and {token.gib} GiB, callback {callback.vcpu} and {callback.gib}. The HEAD is the local stack's, as if all of it
were computing. Traffic and storage are OSS's to bill, and the same whoever signs.

"""
SERVER = """
An always-on server instead, as the template of Alibaba's tutorial starts one: 1 vCPU of economy type and 1 GiB cost
{hour:.4f} CNY an hour, without disk, address and a second machine, so {hour:.4f} × {hours} = {month:.2f} CNY a month. For
that, Function Compute answers {uploads:.0f} million uploads. Called a little in every hour of a month, both functions cost
at least 2 × {least} × {hours} = {least_month:.2f} CNY; called in no hour, nothing.
"""
RATIOS = """
## All ratios

What `make bench-check` compares; the lower, the better.

"""
BESIDE: Mapping[str, Sequence[str]] = {"token": (IMPORTS, FLASK_SDK), "callback": (FLASK_OSS2,)}
CALLS = ("file grant", "limits", "refused grant", "callback", "refused callback")


def benchmarks(results: Any) -> str:
    """Return BENCHMARKS.md."""
    sections = (starts, warm_calls, uploads, growth, page, costs, all_ratios)
    machine = "\n" + "".join(f"- {name}: {value}\n" for name, value in results["machine"].items())
    return INTRODUCTION + machine + "".join(section(results) for section in sections)


def starts(results: Any) -> str:
    """Return the section about cold starts."""
    cold = results["cold_start_milliseconds"]
    middle = {name: median(samples) for name, samples in cold.items()}
    whole = [name for name in cold if " at " not in name]
    shared = [name for name in whole if f"{name} at 0.1" in cold]
    return (
        COLD.format(rounds=len(cold["token"]))
        + table(
            ("", "milliseconds", "beside"),
            ((name, f"{middle[name]:.1f}", ", ".join(beside(name, middle))) for name in whole),
        )
        + UNDER_A_SHARE.format(rounds=len(cold["token at 0.1"]))
        + table(
            ("", *SHARES),
            ((name, *(f"{middle[f'{name} at {share}']:.0f}" for share in SHARES)) for name in shared),
        )
    )


def beside(name: str, middle: Mapping[str, float]) -> Iterable[str]:
    """Yield the ratio of a start to each one that it is compared with."""
    for other in BESIDE.get(name, ()):
        yield f"{middle[name] / middle[other]:.2f} × {other}"


def warm_calls(results: Any) -> str:
    """Return the sections about warm calls and about signing alone."""
    took = {name: median(samples) for name, samples in results["warm_microseconds"].items()}
    floors = {name: took[f"{name}, floor"] for name in took if f"{name}, floor" in took}
    return (
        WARM
        + table(
            ("", "microseconds", "per second and core", "floor", "times its floor"),
            (
                (
                    name,
                    f"{took[name]:.1f}",
                    f"{1e6 / took[name]:,.0f}",
                    *(
                        (f"{floors[name]:.1f}", f"{took[name] / floors[name]:.2f}")
                        if name in floors
                        else ("", "")
                    ),
                )
                for name in CALLS
            ),
        )
        + SIGNING
        + table(
            ("", "microseconds"),
            (
                (name, f"{value:.1f}")
                for name, value in took.items()
                if name not in CALLS and "floor" not in name
            ),
        )
    )


def uploads(results: Any) -> str:
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
        LOOP.format(cores=results["machine"]["processor"].rpartition(", ")[2])
        + table(("file", "in parallel", "uploads per second", "p50", "p99"), rows)
        + HUGE.format(rounds=len(next(iter(speed.values()))))
        + table(("", "MiB per second"), ((name, f"{median(samples):.0f}") for name, samples in speed.items()))
        + PARTS
        + table(
            ("file", *names), ((size, *(f"{one[name]:.1f}" for name in names)) for size, one in parts.items())
        )
        + MEMORY
        + table(
            ("file", *workers),
            ((size, *(f"{one[name]:.1f}" for name in workers)) for size, one in peaks.items()),
        )
    )


def growth(results: Any) -> str:
    """Return the section about growing inputs."""
    rows = []
    for name, costs_by_size in results["growth_microseconds"].items():
        sizes, took = [float(size) for size in costs_by_size], list(costs_by_size.values())
        span = f"{sizes[0]:,.0f} to {sizes[-1]:,.0f}"
        rows.append((name, span, f"{took[0]:.1f}", f"{took[-1]:.1f}", f"{exponent(sizes, took):.2f}"))
    return GROWTH + table(("what grows", "from, to", "at first", "at last", "exponent"), rows)


def page(results: Any) -> str:
    """Return the section about the page."""
    files = " and ".join(f"`{name}` {size:,}" for name, size in results["library_bytes_gzip"].items())
    return (
        PAGE
        + table(
            ("", "bytes of script and style, gzip", "requests", "milliseconds to usable"),
            (
                (name, f"{one['bytes_gzip']:,}", str(one["requests"]), f"{median(one['milliseconds']):.0f}")
                for name, one in results["page"].items()
            ),
        )
        + LIBRARY.format(files=files)
        + table(
            ("module", "bytes"), ((name, f"{size:,}") for name, size in results["module_bytes_gzip"].items())
        )
    )


def costs(results: Any) -> str:
    """Return the section about costs, with the arithmetic."""
    cold = {name: median(samples) for name, samples in results["cold_start_milliseconds"].items()}
    warm = {name: median(samples) / 1000 for name, samples in results["warm_microseconds"].items()}
    head = results["parts_milliseconds"]["10 KB"]["HEAD"]
    token, callback = cost.TOKEN, cost.CALLBACK
    usual = (
        cost.Call(token, warm["file grant"] / token.vcpu),
        cost.Call(callback, (warm["callback"] + head) / callback.vcpu),
    )
    worst = (cost.Call(token, cold["token at 0.1"]), cost.Call(callback, cold["callback at 0.35"]))
    rows = [
        (
            when,
            *(f"{one.billed} ms: {one.units:.5f} CU" for one in calls),
            f"{sum(one.units for one in calls):.5f}",
            f"{cost.cny_per_million(*calls):.2f}",
        )
        for when, calls in (("both warm", usual), ("every call a cold start", worst))
    ]
    return (
        COST.format(
            cny=cost.CNY_PER_CU,
            gib=cost.CU_PER_GIB_SECOND,
            least=cost.LEAST_CNY_PER_HOUR,
            token=token,
            callback=callback,
        )
        + table(("", "token", "callback", "CU per upload", "CNY per million uploads"), rows)
        + SERVER.format(
            hour=cost.SERVER_CNY_PER_HOUR,
            hours=cost.HOURS_OF_A_MONTH,
            month=cost.server_cny_per_month(),
            uploads=cost.server_cny_per_month() / cost.cny_per_million(*usual),
            least=cost.LEAST_CNY_PER_HOUR,
            least_month=cost.least_cny_per_month(),
        )
    )


def all_ratios(results: Any) -> str:
    """Return the ratios that `make bench-check` compares."""
    return RATIOS + table(("", "ratio"), ((name, f"{ratio:.2f}") for name, ratio in ratios(results).items()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; all columns but the first hold numbers."""
    lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
