"""Whether a bucket exists, and whose it is: a name that another account uses is taken for everybody.

The names of a stack's buckets can be guessed, so another account may have one of them, and its bucket policy
may allow this account everything. Only the owner says that a bucket is ours.
"""

from __future__ import annotations

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

from deploy.aliyun.clients import Cloud
from deploy.aliyun.objects import delete_objects
from deploy.errors import CommandError

NO_ACCESS = (
    "may not be used (AccessDenied): another account has it, unless it is in your list of buckets and only "
    "oss:GetBucketInfo is not allowed"
)


class NotOurBucketError(CommandError):
    """The bucket belongs to another account, or may not be asked about; `reason` says which."""

    def __init__(self, bucket: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The bucket {bucket} {reason}. Nothing of yours may go there or come from there: choose another "
            "STACK, or another UPLOAD_BUCKET if you chose this one; make destroy removes a stack with it."
        )


def bucket_exists(cloud: Cloud, account: str, bucket: str) -> bool:
    """Say whether this account has the bucket in this region.

    Raises `NotOurBucketError` for another account's bucket, and `CommandError` for one in another region.
    Source: OSS GetBucketInfo. `Owner.ID` is the account's id, whichever of its users made the bucket.
    """
    try:
        found = cloud.oss.get_bucket_info(oss.GetBucketInfoRequest(bucket=bucket)).bucket_info
    except OperationError as failure:
        refused = failure.unwrap()
        if not isinstance(refused, ServiceError):
            raise
        if refused.code == "NoSuchBucket":
            return False
        if endpoint := (refused.error_fileds or {}).get("Endpoint"):
            raise CommandError(f"The bucket {bucket} is at {endpoint}, not in oss-{cloud.region}.") from None
        if refused.code == "AccessDenied":
            raise NotOurBucketError(bucket, NO_ACCESS) from None
        raise
    owner = found.owner.id if found.owner else None
    if owner != account:
        raise NotOurBucketError(bucket, f"belongs to account {owner or '(not told)'}, not to {account}")
    if found.location != f"oss-{cloud.region}":
        raise CommandError(f"The bucket {bucket} is in {found.location}, not in oss-{cloud.region}.")
    return True


def is_ours_now(cloud: Cloud, account: str, bucket: str) -> bool:
    """Say whether this account has the bucket, whoever may have its name."""
    try:
        return bucket_exists(cloud, account, bucket)
    except NotOurBucketError:
        return False


def require_bucket(cloud: Cloud, account: str, bucket: str) -> None:
    """Raise what `bucket_exists` raises, and `CommandError` where a stack's bucket is gone."""
    if not bucket_exists(cloud, account, bucket):
        raise CommandError(
            f"The bucket {bucket} is gone, and anybody may take its name now: make a private bucket of this "
            f"name in {cloud.region} again; or run make destroy, then make deploy."
        )


def account_blocks_public_access(client: oss.Client) -> bool:
    """Say whether Block Public Access is on for the account: it counts for each of its buckets."""
    found = client.get_public_access_block(oss.GetPublicAccessBlockRequest())
    return bool(found.public_access_block_configuration.block_public_access)


def delete_bucket(client: oss.Client, bucket: str) -> None:
    """Delete a bucket and everything in it."""
    delete_objects(client, bucket)
    client.delete_bucket(oss.DeleteBucketRequest(bucket=bucket))
