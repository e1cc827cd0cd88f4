"""Ratios of our numbers to those of the peers, which compare across machines; lower is better. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

IMPORTS = "interpreter with json hashlib hmac base64"
FLASK_SDK, FLASK_OSS2 = "Flask + alibabacloud-oss-v2", "Flask + oss2 + cryptography"
SIGNING = "ours: policy and signature"
PRESIGNING = ("boto3 generate_presigned_post", "alibabacloud-oss-v2 presign", "oss2 sign_url")
OURS, UPPY = "this page", "Uppy, the whole bundle"
SHARES = ("0.35", "0.1", "0.05")


def ratios(results: Any) -> dict[str, float]:
    """Return each ratio by its name."""
    cold, warm = (
        {name: median(samples) for name, samples in results[one].items()}
        for one in ("cold_start_milliseconds", "warm_microseconds")
    )
    page = results["page"]
    usable = {name: median(one["milliseconds"]) for name, one in page.items()}
    return {
        f"cold start: token / {IMPORTS}": cold["token"] / cold[IMPORTS],
        f"cold start: token / {FLASK_SDK}": cold["token"] / cold[FLASK_SDK],
        f"cold start: callback / {FLASK_OSS2}": cold["callback"] / cold[FLASK_OSS2],
        "warm: file grant / its floor": warm["file grant"] / warm["file grant, floor"],
        "warm: limits / a file grant's floor": warm["limits"] / warm["file grant, floor"],
        "warm: refused grant / a file grant's floor": warm["refused grant"] / warm["file grant, floor"],
        "warm: callback / its floor": warm["callback"] / warm["callback, floor"],
        "warm: refused callback / a callback's floor": warm["refused callback"] / warm["callback, floor"],
        **{f"signing: ours / {peer}": warm[SIGNING] / warm[peer] for peer in PRESIGNING},
        f"page: bytes / {UPPY}": page[OURS]["bytes_gzip"] / page[UPPY]["bytes_gzip"],
        f"page: time to usable / {UPPY}": usable[OURS] / usable[UPPY],
        **{
            f"memory: {worker}, 2 GiB / 10 MB": results["peak_mebibytes"]["2 GiB"][worker] / most
            for worker, most in results["peak_mebibytes"]["10 MB"].items()
        },
    }


def worse(now: Mapping[str, float], then: Mapping[str, float], allowed: float) -> list[str]:
    """Return a line for each ratio that became worse by more than `allowed`, such as 0.25."""
    return [
        f"{name}: {now[name]:.2f}, was {ratio:.2f}"
        for name, ratio in then.items()
        if now[name] > ratio * (1 + allowed)
    ]
