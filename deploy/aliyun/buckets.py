"""Whether a bucket is there and ours: every other account's name is taken too."""

from __future__ import annotations

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

from deploy.arguments import Unusable


def exists(client: oss.Client, bucket: str, region: str) -> bool:
    """Say whether a bucket is ours and in this region, or nobody's. Raises `Unusable` for somebody else's."""
    try:
        found = client.get_bucket_info(oss.GetBucketInfoRequest(bucket=bucket)).bucket_info
    except OperationError as failure:
        refused = failure.unwrap()
        if not isinstance(refused, ServiceError):
            raise
        if refused.code == "NoSuchBucket":
            return False
        if refused.code == "AccessDenied":
            raise Unusable(f"The bucket {bucket} may not be used ({refused.code}): is it yours?") from None
        raise
    if found.location != f"oss-{region}":
        raise Unusable(f"The bucket {bucket} is in {found.location}, not in oss-{region}.")
    return True
