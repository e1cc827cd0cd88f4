"""`make destroy STACK=uploads REGION=cn-hangzhou`: stack, page, packages; uploads only when asked twice."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import alibabacloud_oss_v2 as oss

from deploy.aliyun.buckets import exists
from deploy.aliyun.clients import Cloud, access_key, account_id, connect, endpoints_of
from deploy.aliyun.ros_stack import Show, Stacks
from deploy.aliyun.site_files import remove_all
from deploy.arguments import OWN, Arguments, Unusable, read
from deploy.deploy import names_of
from deploy.exit_messages import NOTHING_DONE, Ask, ask_leave, status

UPLOADS_TOO = "DELETE_UPLOADS"


def destroy(arguments: Arguments, cloud: Cloud, stacks: Stacks, show: Show, ask: Ask) -> None:
    """Delete what a deploy made. Raises `Unusable` without leave, `StackFailed` when ROS cannot."""
    account = account_id(cloud)
    names = names_of(arguments.stack, arguments.region, account)
    stack = stacks.settled(arguments.stack, show)
    values = {**names, **stacks.last_values(arguments.stack)}
    ask_leave(arguments, account, "Delete it there?", show, ask)
    # asked for by name even with YES=1, and before anything is gone
    if arguments.delete_uploads:
        ask_for_uploads(values, ours=is_ours(values, names), ask=ask)
    if stack:
        stacks.delete(stack, show)
    remove_bucket(cloud, names["ArtifactBucket"], show)
    uploads = values["UploadBucket"]
    if not arguments.delete_uploads:
        if exists(cloud.oss, uploads, cloud.region):
            show(f"kept {uploads} with every upload; {UPLOADS_TOO}=1 deletes it")
    elif is_ours(values, names):
        remove_bucket(cloud, uploads, show)
    else:
        remove_all(cloud.oss, uploads, values["UploadPrefix"])
        show(f"deleted what was below {values['UploadPrefix']} in {uploads}")


def is_ours(values: Mapping[str, str], names: Mapping[str, str]) -> bool:
    """Say whether a deploy made the upload bucket; an own one may hold more than uploads."""
    return values["UploadBucket"] == names["UploadBucket"] or values["ExistingUploadBucket"] == "false"


def ask_for_uploads(values: Mapping[str, str], *, ours: bool, ask: Ask) -> None:
    """Have the bucket's name typed. Raises `Unusable` where it is another."""
    bucket = values["UploadBucket"]
    what = "every upload" if ours else f"everything below {values['UploadPrefix']} in your bucket"
    if ask(f"Delete {what}? Type {bucket}: ").strip() != bucket:
        raise Unusable(NOTHING_DONE)


def remove_bucket(cloud: Cloud, bucket: str, show: Show) -> None:
    """Remove a bucket and everything in it, if it is there."""
    if exists(cloud.oss, bucket, cloud.region):
        remove_all(cloud.oss, bucket)
        cloud.oss.delete_bucket(oss.DeleteBucketRequest(bucket=bucket))
        show(f"deleted {bucket}")


def main(env: Mapping[str, str]) -> None:
    """Destroy. Raises what `saying.status` tells."""
    arguments = read(env, own=(*OWN, UPLOADS_TOO), settings=())
    cloud = connect(arguments.region, access_key(), endpoints_of(arguments.region))
    destroy(arguments, cloud, Stacks(cloud.ros, arguments.region), print, input)


if __name__ == "__main__":
    sys.exit(status(lambda: main(os.environ)))
