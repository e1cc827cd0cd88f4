"""The private bucket that holds the packages, each under a name that says what is in it."""

from __future__ import annotations

from collections.abc import Collection

import alibabacloud_oss_v2 as oss

from deploy.aliyun.buckets import exists
from deploy.aliyun.site_files import entity_tags, remove
from deploy.package import Package


def ensure_private_bucket(client: oss.Client, bucket: str, region: str) -> None:
    """Make the bucket if it is missing, and close it to the public in either case."""
    if not exists(client, bucket, region):
        client.put_bucket(oss.PutBucketRequest(bucket=bucket, acl="private"))
    closed = oss.PublicAccessBlockConfiguration(block_public_access=True)
    client.put_bucket_public_access_block(
        oss.PutBucketPublicAccessBlockRequest(bucket=bucket, public_access_block_configuration=closed)
    )


def put_package(client: oss.Client, bucket: str, package: Package) -> bool:
    """Put a package unless it is there; its name is its content's. Return whether it was sent."""
    if client.is_object_exist(bucket, package.name):
        return False
    client.put_object(
        oss.PutObjectRequest(
            bucket=bucket, key=package.name, body=package.content, content_type="application/zip"
        )
    )
    return True


def remove_old_packages(client: oss.Client, bucket: str, used: Collection[str]) -> int:
    """Remove the packages that no function uses any more; return how many there were."""
    old = [name for name in entity_tags(client, bucket) if name not in used]
    remove(client, bucket, old)
    return len(old)
