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


def ratios(results: Any) -> dict[str, Ratio]:
    """Return each ratio by its name; of partial results, those that they have."""
    found = {}
    if cold := results.get("cold_start_milliseconds"):
        for name in COLD:
            ours, theirs = name.split(" / ")
            found[f"cold start: {name}"] = paired(cold[ours], cold[theirs], PROCESSOR_ALLOWED)
    if warm := results.get("warm_microseconds"):
        for name, (ours, theirs) in WARM.items():
            found[f"warm: {name}"] = paired(warm[ours], warm[theirs], PROCESSOR_ALLOWED)
        for peer in PRESIGNING:
            found[f"signing: ours / {peer}"] = paired(warm[SIGNING], warm[peer], PROCESSOR_ALLOWED)
    if page := results.get("page"):
        ours, theirs = page[OURS], page[UPPY]
        sizes = [ours["bytes_gzip"]], [theirs["bytes_gzip"]]
        found[f"page: bytes / {UPPY}"] = paired(*sizes, CLOCK_ALLOWED)
        found[f"page: time to usable / {UPPY}"] = paired(
            ours["milliseconds"], theirs["milliseconds"], CLOCK_ALLOWED
        )
    if peaks := results.get("peak_mebibytes"):
        for worker, most in peaks["2 GiB"].items():
            found[f"memory: {worker}, 2 GiB / 10 MB"] = paired(
                [most], [peaks["10 MB"][worker]], CLOCK_ALLOWED
            )
    return found


def worse(now: Mapping[str, Ratio], then: Mapping[str, Ratio]) -> dict[str, str]:
    """Return a line for each ratio that became worse by more than it may."""
    return {
        name: f"{name}: {now[name].value:.2f}, was {ratio.value:.2f}"
        for name, ratio in then.items()
        if name in now and now[name].value > ratio.value * (1 + ratio.allowed)
    }
