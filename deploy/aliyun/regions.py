"""Which regions can be deployed to. Sources: OSS "Callback" (its regions), Function Compute "Runtimes".

Another region is refused before anything is made there: without callbacks, no upload would be completed.
"""

from __future__ import annotations

CALLBACK_REGIONS = (
    *("cn-hangzhou", "cn-shanghai", "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote"),
    *("cn-wulanchabu", "cn-shenzhen", "cn-heyuan", "cn-guangzhou", "cn-chengdu", "cn-hongkong"),
    *("us-west-1", "us-east-1", "ap-northeast-1", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5"),
    *("ap-southeast-6", "eu-central-1", "eu-west-1", "me-east-1"),
)
WITHOUT_RUNTIME = {"python3.12": frozenset({"ap-southeast-1"})}


def reason_against(region: str, runtime: str) -> str | None:
    """Return why this runtime cannot be deployed to this region, or None if it can."""
    if region not in CALLBACK_REGIONS:
        return f"OSS does not call back from {region!r}: choose one of {', '.join(CALLBACK_REGIONS)}."
    if region in WITHOUT_RUNTIME.get(runtime, ()):
        return f"{region} has no {runtime}: deploy there with RUNTIME=python3.10."
    return None


def in_mainland_china(region: str) -> bool:
    """Say whether domains there need an ICP filing, and newer accounts a domain of their own for uploads."""
    return region.startswith("cn-") and region != "cn-hongkong"
