"""Ratios of our numbers to those of the peers, which compare across machines; lower is better. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from bench.samples import percentile

IMPORTS = "interpreter with json hashlib hmac base64"
FLASK_SDK, FLASK_OSS2 = "Flask + alibabacloud-oss-v2", "Flask + oss2 + cryptography"
SIGNING = "ours: policy and signature"
PRESIGNING = ("boto3 generate_presigned_post", "alibabacloud-oss-v2 presign", "oss2 sign_url")
OURS, UPPY = "this page", "Uppy, the whole bundle"
LIBRARY = "upload.js"
IN_PARTS, AS_FORM = "upload.js, in parts", "upload.js, as a form"
PARTS_PEERS = ("@uppy/aws-s3", "ali-oss multipartUpload")
SHARES = ("0.35", "0.1", "0.05")
COLD = (f"token / {IMPORTS}", f"token / {FLASK_SDK}", f"callback / {FLASK_OSS2}")
WARM = {
    "file grant / its floor": ("file grant", "file grant, floor"),
    "limits / a file grant's floor": ("limits", "file grant, floor"),
    "refused grant / a file grant's floor": ("refused grant", "file grant, floor"),
    "callback / its floor": ("callback", "callback, floor"),
    "refused callback / a callback's floor": ("refused callback", "callback, floor"),
}
PROCESSOR_ALLOWED = 0.12  # half way to a function that became 25 % slower
CLOCK_ALLOWED = 0.25


class Ratio(NamedTuple):
    """The median of pairs of the same round, their quartiles, and by how much it may become worse."""

    value: float
    low: float
    high: float
    allowed: float


def paired(ours: Sequence[float], theirs: Sequence[float], allowed: float) -> Ratio:
    """Return the ratio of samples of the same rounds."""
    pairs = [one / other for one, other in zip(ours, theirs, strict=False)]
    return Ratio(median(pairs), percentile(pairs, 25), percentile(pairs, 75), allowed)


def single(ours: float, theirs: float) -> Ratio:
    """Return the ratio of what is measured once."""
    return paired([ours], [theirs], CLOCK_ALLOWED)


def ratios(results: Any) -> dict[str, Ratio]:
    """Return each ratio by its name; of partial results, those that they have."""
    sections = {
        "cold_start_milliseconds": cold_starts,
        "warm_microseconds": warm_calls,
        "line_mebibytes_per_second": large_files,
        "page": page,
        "page_in_engines": page_speed,
        "peak_mebibytes": memory,
    }
    found: dict[str, Ratio] = {}
    for member, section in sections.items():
        if member in results:
            found |= section(results)
    return found


def cold_starts(results: Any) -> dict[str, Ratio]:
    """Return the ratios of starts."""
    cold = results["cold_start_milliseconds"]
    pairs = {name: name.split(" / ") for name in COLD}
    return {
        f"cold start: {name}": paired(cold[ours], cold[theirs], PROCESSOR_ALLOWED)
        for name, (ours, theirs) in pairs.items()
    }


def warm_calls(results: Any) -> dict[str, Ratio]:
    """Return the ratios of warm calls and of signing."""
    warm = results["warm_microseconds"]
    pairs = {f"warm: {name}": both for name, both in WARM.items()}
    pairs |= {f"signing: ours / {peer}": (SIGNING, peer) for peer in PRESIGNING}
    return {
        name: paired(warm[ours], warm[theirs], PROCESSOR_ALLOWED) for name, (ours, theirs) in pairs.items()
    }


def large_files(results: Any) -> dict[str, Ratio]:
    """Return the ratios of time on each line, of recovery, and of the bytes of code."""
    recovered, scripts = results["recovery_seconds"], results["script_bytes_gzip"]
    found = {}
    for line, speeds in results["line_mebibytes_per_second"].items():
        faster = [max(pair) for pair in zip(*(speeds[peer] for peer in PARTS_PEERS), strict=True)]
        found[f"large files: {line}, time / the faster peer"] = paired(
            faster, speeds[IN_PARTS], CLOCK_ALLOWED
        )
    smaller = min(size for name, size in scripts.items() if name != LIBRARY)
    return {
        **found,
        "large files: recovery, in parts / as a form": single(recovered[IN_PARTS], recovered[AS_FORM]),
        "large files: bytes of code / the smaller peer": single(scripts[LIBRARY], smaller),
    }


def page(results: Any) -> dict[str, Ratio]:
    """Return the ratios of the page."""
    ours, theirs = results["page"][OURS], results["page"][UPPY]
    return {
        f"page: bytes / {UPPY}": single(ours["bytes_gzip"], theirs["bytes_gzip"]),
        f"page: time to usable / {UPPY}": paired(ours["milliseconds"], theirs["milliseconds"], CLOCK_ALLOWED),
    }


def page_speed(results: Any) -> dict[str, Ratio]:
    """Return the ratios of the page to a bare script, in each engine."""
    return {
        f"page speed: {engine}, {work} / a bare script": paired(
            [one["page"] for one in rounds], [one["floor"] for one in rounds], CLOCK_ALLOWED
        )
        for engine, works in results["page_in_engines"].items()
        for work, rounds in works.items()
    }


def memory(results: Any) -> dict[str, Ratio]:
    """Return the ratios of the memory for a huge file to that for a large one."""
    peaks = results["peak_mebibytes"]
    return {
        f"memory: {worker}, 2 GiB / 10 MB": single(most, peaks["10 MB"][worker])
        for worker, most in peaks["2 GiB"].items()
    }


def worse(now: Mapping[str, Ratio], then: Mapping[str, Ratio]) -> dict[str, str]:
    """Return a line for each ratio that became worse by more than it may."""
    return {
        name: f"{name}: {now[name].value:.2f}, was {ratio.value:.2f}"
        for name, ratio in then.items()
        if name in now and now[name].value > ratio.value * (1 + ratio.allowed)
    }
