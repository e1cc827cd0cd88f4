"""One object put, listed, read and deleted in the bucket of the packages, before anything depends on it."""

from __future__ import annotations

import contextlib

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.artifacts import ensure_private_bucket
from deploy.aliyun.clients import Cloud
from deploy.aliyun.objects import delete_keys, list_one
from deploy.aliyun.refusals import code_of
from deploy.errors import CommandError
from deploy.exit_messages import message_for
from deploy.known_refusals import way_out

KEY = "preflight.txt"
REFUSALS = ("AccessDenied", "PublicEndpointForbidden")  # a second try with the same key meets them again


def prepare_bucket(cloud: Cloud, account: str, bucket: str) -> None:
    """Make the bucket if it is missing, and try objects in it.

    Raises `CommandError` where OSS refuses them. The bucket stays, for the next try: OSS gives the name of a
    deleted one to nobody for some hours.
    """
    ensure_private_bucket(cloud, account, bucket)
    try:
        try_objects(cloud.oss, bucket)
    except OperationError as error:
        if code_of(error) not in REFUSALS:
            raise
        with contextlib.suppress(OperationError):  # it may have been stored, and only its list be refused
            delete_keys(cloud.oss, bucket, [KEY])
        raise CommandError(sentence(error)) from None


def try_objects(client: oss.Client, bucket: str) -> None:
    """Put, list, read and delete an object. Raises the SDK's exception for the first refusal."""
    client.put_object(oss.PutObjectRequest(bucket=bucket, key=KEY, body=b"preflight"))
    list_one(client, bucket)
    client.get_object(oss.GetObjectRequest(bucket=bucket, key=KEY)).body.close()
    delete_keys(client, bucket, [KEY])


def sentence(error: OperationError) -> str:
    """Return why objects are refused, and the fix."""
    text = message_for(error)
    if way_out(text):
        return text
    return (
        f"{text} The AccessKey needs oss:PutObject, oss:ListObjects, oss:GetObject and oss:DeleteObject on "
        "the bucket of the packages."
    )
