"""The private bucket of the functions' packages. A package's name contains a hash of its content."""

from __future__ import annotations

from collections.abc import Collection

import alibabacloud_oss_v2 as oss

from deploy.aliyun.buckets import bucket_exists
from deploy.aliyun.objects import delete_keys, entity_tags
from deploy.function_zip import Package


def ensure_private_bucket(client: oss.Client, bucket: str, region: str) -> None:
    """Create the bucket if it is missing, and block public access to it whether it was missing or not."""
    if not bucket_exists(client, bucket, region):
        client.put_bucket(oss.PutBucketRequest(bucket=bucket, acl="private"))
    blocked = oss.PublicAccessBlockConfiguration(block_public_access=True)
    client.put_bucket_public_access_block(
        oss.PutBucketPublicAccessBlockRequest(bucket=bucket, public_access_block_configuration=blocked)
    )


def put_package(client: oss.Client, bucket: str, package: Package) -> bool:
    """Store a package unless the bucket has it, and return whether it was sent."""
    if client.is_object_exist(bucket, package.name):
        return False
    client.put_object(oss.PutObjectRequest(bucket=bucket, key=package.name, body=package.content))
    return True


def delete_old_packages(client: oss.Client, bucket: str, used: Collection[str]) -> int:
    """Delete the packages that no function uses any more, and return how many there were."""
    old = [name for name in entity_tags(client, bucket) if name not in used]
    delete_keys(client, bucket, old)
    return len(old)
