"""The private bucket of the functions' packages. A package's name contains a hash of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Literal

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.buckets import bucket_exists
from deploy.aliyun.clients import Cloud
from deploy.aliyun.objects import delete_keys, entity_tags
from deploy.aliyun.refusals import code_of
from deploy.aliyun.site_access import block_public_access
from deploy.function_zip import Package, digest_in

Stored = Literal["missing", "same", "other", "unknown"]


def ensure_private_bucket(cloud: Cloud, account: str, bucket: str) -> None:
    """Create the bucket if it is missing, and block public access to it whether it was missing or not.

    Raises what `bucket_exists` raises. A name that another account takes before it is created here is refused
    by OSS.
    """
    if not bucket_exists(cloud, account, bucket):
        cloud.oss.put_bucket(oss.PutBucketRequest(bucket=bucket, acl="private"))
    block_public_access(cloud.oss, bucket, blocked=True)


def stored_package(client: oss.Client, bucket: str, name: str) -> Stored:
    """Say whether the bucket has a package's content under its name: the same, other content, or none.

    It is unknown for a name without a digest. The whole object is read: its ETag is an MD5 at best.
    """
    digest = digest_in(name)
    if digest is None:
        return "unknown"
    try:
        found = client.get_object(oss.GetObjectRequest(bucket=bucket, key=name))
    except OperationError as failure:
        if code_of(failure) == "NoSuchKey":
            return "missing"
        raise
    hashed = hashlib.sha256()
    with found.body as body:
        for part in body.iter_bytes():
            hashed.update(part)
    return "same" if hashed.hexdigest() == digest else "other"


def put_package(client: oss.Client, bucket: str, package: Package) -> None:
    """Store a package in the place of whatever has its name."""
    client.put_object(oss.PutObjectRequest(bucket=bucket, key=package.name, body=package.content))


def delete_old_packages(client: oss.Client, bucket: str, used: Collection[str]) -> int:
    """Delete the packages that no function uses any more, and return how many there were."""
    old = [name for name in entity_tags(client, bucket) if name not in used]
    delete_keys(client, bucket, old)
    return len(old)
