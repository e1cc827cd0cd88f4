"""Whether pages may post to a bucket whose CORS rules are not the stack's own."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

NONE = "NoSuchCORSConfiguration"


def refused_origins(client: oss.Client, bucket: str, origins: Iterable[str]) -> list[str]:
    """Return the origins from which no rule allows a POST. `*` stands for anything in a rule's origin."""
    open_to = [
        pattern
        for rule in rules_of(client, bucket)
        if "POST" in (rule.allowed_methods or [])
        for pattern in rule.allowed_origins or []
    ]
    return [origin for origin in origins if not any(fnmatchcase(origin, pattern) for pattern in open_to)]


def rules_of(client: oss.Client, bucket: str) -> list[oss.CORSRule]:
    """Return the rules of a bucket, which may be none."""
    try:
        found = client.get_bucket_cors(oss.GetBucketCorsRequest(bucket=bucket))
    except OperationError as failure:
        refused = failure.unwrap()
        if isinstance(refused, ServiceError) and refused.code == NONE:
            return []
        raise
    return found.cors_configuration.cors_rules or []
