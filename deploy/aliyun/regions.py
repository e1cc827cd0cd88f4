"""Which regions can be deployed to, and with which runtimes: one table.

Another region is refused before anything is made there: without callbacks no upload would be completed, and
without Function Compute 3.0 there is no function. Sources, read in November 2026: OSS "Callback" (its
regions); Function Compute "Supported regions" and the endpoints in its SDK for where it is; Function Compute
"Python" for the regions of python3.12.
"""

from __future__ import annotations

BOTH = ("python3.12", "python3.10")  # the newest first
OLDER = ("python3.10",)
NO_FUNCTIONS: tuple[str, ...] = ()  # no Function Compute 3.0 there
# every region that OSS calls back from, and the runtimes of ours that Function Compute has there
RUNTIMES_IN = {
    "cn-hangzhou": BOTH,
    "cn-shanghai": BOTH,
    "cn-qingdao": BOTH,
    "cn-beijing": BOTH,
    "cn-zhangjiakou": BOTH,
    "cn-huhehaote": BOTH,
    "cn-wulanchabu": OLDER,
    "cn-shenzhen": BOTH,
    "cn-heyuan": NO_FUNCTIONS,
    "cn-guangzhou": NO_FUNCTIONS,
    "cn-chengdu": BOTH,
    "cn-hongkong": BOTH,
    "us-west-1": BOTH,
    "us-east-1": BOTH,
    "ap-northeast-1": BOTH,
    "ap-southeast-1": OLDER,
    "ap-southeast-3": OLDER,
    "ap-southeast-5": OLDER,
    "ap-southeast-6": NO_FUNCTIONS,
    "eu-central-1": BOTH,
    "eu-west-1": BOTH,
    "me-east-1": NO_FUNCTIONS,
}


def usable_regions() -> tuple[str, ...]:
    """Return the regions that can be deployed to."""
    return tuple(region for region, runtimes in RUNTIMES_IN.items() if runtimes)


def reason_against(region: str, runtime: str | None = None) -> str | None:
    """Return why nothing can be deployed to this region, or not with this runtime; None if it can."""
    choice = f"choose one of {', '.join(usable_regions())}."
    if region not in RUNTIMES_IN:
        return f"OSS does not call back from {region!r}: {choice}"
    if not RUNTIMES_IN[region]:
        return f"Function Compute 3.0 is not in {region}: {choice}"
    if runtime and runtime not in RUNTIMES_IN[region]:
        return f"{region} has no {runtime}: deploy there with RUNTIME={newest_runtime(region)}."
    return None


def newest_runtime(region: str) -> str:
    """Return the newest runtime of a region that can be deployed to."""
    return RUNTIMES_IN[region][0]


def in_mainland_china(region: str) -> bool:
    """Say whether domains there need an ICP filing, and newer accounts a domain of their own for uploads."""
    return region.startswith("cn-") and region != "cn-hongkong"
