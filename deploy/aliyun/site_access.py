"""Whether everybody may read the site bucket's objects. Nobody may list them.

ROS does not say in which order it sets a bucket's policy and its Block Public Access, which is on for every
bucket made from 2025-10-13 on. A public policy under it is refused with 403 AccessDenied, "Put public bucket
policy is not allowed". The order here is that of the live test of OSS's Python SDK.
"""

from __future__ import annotations

import json

import alibabacloud_oss_v2 as oss


def open_site(client: oss.Client, account: str, bucket: str) -> None:
    """Let everybody read the bucket's objects."""
    block_public_access(client, bucket, blocked=False)
    client.put_bucket_policy(oss.PutBucketPolicyRequest(bucket=bucket, body=public_policy(account, bucket)))


def close_site(client: oss.Client, bucket: str) -> None:
    """Let nobody but the account read them. The first request is enough; the second removes what is left."""
    block_public_access(client, bucket, blocked=True)
    client.delete_bucket_policy(oss.DeleteBucketPolicyRequest(bucket=bucket))


def block_public_access(client: oss.Client, bucket: str, *, blocked: bool) -> None:
    """Switch a bucket's Block Public Access on or off. The account has one too, which counts more."""
    wanted = oss.PublicAccessBlockConfiguration(block_public_access=blocked)
    client.put_bucket_public_access_block(
        oss.PutBucketPublicAccessBlockRequest(bucket=bucket, public_access_block_configuration=wanted)
    )


def public_policy(account: str, bucket: str) -> str:
    """Return the policy of a site that everybody may read, and nobody list."""
    statement = {
        "Effect": "Allow",
        "Principal": ["*"],
        "Action": ["oss:GetObject"],
        "Resource": [f"acs:oss:*:{account}:{bucket}/*"],
    }
    return json.dumps({"Version": "1", "Statement": [statement]})
