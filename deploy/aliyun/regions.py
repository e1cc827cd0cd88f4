"""Where this can be deployed: what OSS and Function Compute offer in which region.

Sources: OSS "Callback" (the regions that call back), Function Compute "Runtimes". A region that is not listed
is refused before anything is made there: a deployment without callbacks would never complete an upload.
"""

from __future__ import annotations

CALLBACK_REGIONS = (
    *("cn-hangzhou", "cn-shanghai", "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote"),
    *("cn-wulanchabu", "cn-shenzhen", "cn-heyuan", "cn-guangzhou", "cn-chengdu", "cn-hongkong"),
    *("us-west-1", "us-east-1", "ap-northeast-1", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5"),
    *("ap-southeast-6", "eu-central-1", "eu-west-1", "me-east-1"),
)
WITHOUT_RUNTIME = {"python3.12": frozenset({"ap-southeast-1"})}


def refusal(region: str, runtime: str) -> str | None:
    """Return why nothing can be deployed there, or None where it can."""
    if region not in CALLBACK_REGIONS:
        return f"OSS does not call back from {region!r}: choose one of {', '.join(CALLBACK_REGIONS)}."
    if region in WITHOUT_RUNTIME.get(runtime, ()):
        return f"{region} has no {runtime}: deploy there with RUNTIME=python3.10."
    return None


def in_mainland_china(region: str) -> bool:
    """Say whether a domain needs an ICP filing, and newer accounts a domain of their own for uploads."""
    return region.startswith("cn-") and region != "cn-hongkong"
