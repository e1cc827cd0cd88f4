"""The uploaded files in OSS: sign an address of one, copy, delete, describe one, list all."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import alibabacloud_oss_v2 as oss

BUCKET = os.environ["UPLOAD_BUCKET"]
LIFE = timedelta(seconds=60)  # the address must be used by then; a download that has begun goes on

config = oss.config.load_default()
# OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET and, for a role, OSS_SESSION_TOKEN
config.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
config.region = os.environ["OSS_REGION"]
config.endpoint = os.environ["UPLOAD_HOST"]  # the bucket's own domain or yours, as browsers reach it
config.use_cname = True
client = oss.Client(config)


def address(key: str, disposition: str | None = None) -> str:
    """Return an address where anybody can read the object for `LIFE`."""
    request = oss.GetObjectRequest(BUCKET, key, response_content_disposition=disposition)
    return str(client.presign(request, expires=LIFE).url)


def copy(key: str, new_key: str) -> None:
    """Copy the object inside the bucket, with its type and disposition."""
    client.copy_object(oss.CopyObjectRequest(BUCKET, new_key, source_key=key))


def delete(key: str) -> None:
    """Delete the object; it is no error if there is none."""
    client.delete_object(oss.DeleteObjectRequest(BUCKET, key))


def stored(prefix: str) -> Iterator[tuple[str, float]]:
    """Yield the key of each object below the prefix, and when it was stored, in epoch seconds."""
    request = oss.ListObjectsV2Request(BUCKET, prefix=prefix)
    for page in client.list_objects_v2_paginator().iter_page(request):
        for found in page.contents or ():
            yield found.key, found.last_modified.timestamp()


def describe(key: str) -> dict[str, Any]:
    """Return what an event says of an object: size, ETag, type and name."""
    head = client.head_object(oss.HeadObjectRequest(BUCKET, key))
    _, _, name = (head.content_disposition or "").partition("filename*=UTF-8''")
    return {
        "size": head.content_length,
        "etag": (head.etag or "").strip('"'),
        "type": head.content_type,
        "name": unquote(name),
    }
