"""Whether pages may upload to a bucket whose CORS rules were not made by the stack."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.refusals import code_of

NO_RULES = "NoSuchCORSConfiguration"


def refused_origins(client: oss.Client, bucket: str, origins: Iterable[str], method: str) -> list[str]:
    """Return the origins from which no rule allows a method. `*` in a rule's origin matches any text."""
    allowed = [
        pattern
        for rule in cors_rules(client, bucket)
        if method in (rule.allowed_methods or [])
        for pattern in rule.allowed_origins or []
    ]
    return [origin for origin in origins if not any(fnmatchcase(origin, pattern) for pattern in allowed)]


def cors_rules(client: oss.Client, bucket: str) -> list[oss.CORSRule]:
    """Return a bucket's rules, which may be none."""
    try:
        found = client.get_bucket_cors(oss.GetBucketCorsRequest(bucket=bucket))
    except OperationError as failure:
        if code_of(failure) == NO_RULES:
            return []
        raise
    return found.cors_configuration.cors_rules or []
