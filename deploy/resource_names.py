"""The names of a stack's buckets and log project: unique at Alibaba Cloud, because the account is in them."""

from __future__ import annotations

USES = {"ArtifactBucket": "code", "UploadBucket": "uploads", "SiteBucket": "site", "LogProject": "logs"}


def resource_names(stack: str, region: str, account: str) -> dict[str, str]:
    """Return the name of each, under the template's parameter for it."""
    return {parameter: f"{stack}-{region}-{account}-{use}" for parameter, use in USES.items()}
