"""Whether a bucket exists, and whose it is: a name that another account uses is taken for everybody."""

from __future__ import annotations

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

from deploy.aliyun.objects import delete_objects
from deploy.errors import CommandError


def bucket_exists(client: oss.Client, bucket: str, region: str) -> bool:
    """Say whether this account has the bucket in this region.

    Raises `CommandError` for another account's bucket, and for one of this account in another region.
    """
    try:
        found = client.get_bucket_info(oss.GetBucketInfoRequest(bucket=bucket)).bucket_info
    except OperationError as failure:
        refused = failure.unwrap()
        if not isinstance(refused, ServiceError):
            raise
        if refused.code == "NoSuchBucket":
            return False
        if refused.code == "AccessDenied":
            raise CommandError(
                f"The bucket {bucket} may not be used ({refused.code}): is it yours?"
            ) from None
        raise
    if found.location != f"oss-{region}":
        raise CommandError(f"The bucket {bucket} is in {found.location}, not in oss-{region}.")
    return True


def delete_bucket(client: oss.Client, bucket: str) -> None:
    """Delete a bucket and everything in it."""
    delete_objects(client, bucket)
    client.delete_bucket(oss.DeleteBucketRequest(bucket=bucket))
