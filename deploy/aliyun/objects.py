"""The objects of a bucket: their ETags, and how they are deleted."""

from __future__ import annotations

from collections.abc import Sequence

import alibabacloud_oss_v2 as oss

MAX_KEYS_PER_DELETE = 1000  # OSS: DeleteMultipleObjects


def entity_tags(client: oss.Client, bucket: str, prefix: str = "") -> dict[str, str]:
    """Return the ETag of each object, under its key, for keys that begin with `prefix`."""
    asked = oss.ListObjectsV2Request(bucket=bucket, prefix=prefix)
    pages = client.list_objects_v2_paginator().iter_page(asked)
    return {one.key: (one.etag or "").strip('"') for page in pages for one in page.contents or []}


def list_one(client: oss.Client, bucket: str) -> None:
    """List at most one object. Raises the SDK's exception where that is refused."""
    client.list_objects_v2(oss.ListObjectsV2Request(bucket=bucket, max_keys=1))


def delete_objects(client: oss.Client, bucket: str, prefix: str = "") -> None:
    """Delete each object whose key begins with `prefix`."""
    delete_keys(client, bucket, list(entity_tags(client, bucket, prefix)))


def delete_keys(client: oss.Client, bucket: str, keys: Sequence[str]) -> None:
    """Delete these objects, as many in one request as OSS takes."""
    for start in range(0, len(keys), MAX_KEYS_PER_DELETE):
        chosen = [oss.DeleteObject(key=key) for key in keys[start : start + MAX_KEYS_PER_DELETE]]
        client.delete_multiple_objects(
            oss.DeleteMultipleObjectsRequest(bucket=bucket, objects=chosen, quiet=True)
        )
