"""The uploaded files in OSS: sign an address of one, copy one, delete one."""

import os
from datetime import timedelta

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
