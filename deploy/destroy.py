"""`make destroy STACK=uploads REGION=cn-hangzhou`: stack, page, packages; uploads only when asked twice."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import alibabacloud_oss_v2 as oss

from arguments import OWN, Arguments, Unusable, read
from cloud import Cloud, access_key, account_id, connect, endpoints_of
from deploy import names_of
from ros_stack import Show, Stacks
from saying import NOTHING_DONE, Ask, ask_leave, status
from site_files import remove_all

UPLOADS_TOO = "DELETE_UPLOADS"


def destroy(arguments: Arguments, cloud: Cloud, stacks: Stacks, show: Show, ask: Ask) -> None:
    """Delete what a deploy made. Raises `Unusable` without leave, `StackFailed` when ROS cannot."""
    account = account_id(cloud)
    names = names_of(arguments.stack, arguments.region, account)
    stack = stacks.settled(arguments.stack, show)
    uploads = stack.parameters.get("UploadBucket", "") if stack else names["UploadBucket"]
    ask_leave(arguments, account, "Delete it there?", show, ask)
    # asked for by name even with YES=1, and before anything is gone
    if arguments.delete_uploads and ask(f"Delete every upload? Type {uploads}: ").strip() != uploads:
        raise Unusable(NOTHING_DONE)
    if stack:
        seen = stacks.events_so_far(stack)
        stacks.delete(stack)
        stacks.watch(stack.id, show, seen)
    remove_bucket(cloud.oss, names["ArtifactBucket"], show)
    if arguments.delete_uploads:
        remove_bucket(cloud.oss, uploads, show)
    elif cloud.oss.is_bucket_exist(uploads):
        show(f"kept {uploads} with every upload; {UPLOADS_TOO}=1 deletes it")


def remove_bucket(client: oss.Client, bucket: str, show: Show) -> None:
    """Remove a bucket and everything in it, if it is there."""
    if client.is_bucket_exist(bucket):
        remove_all(client, bucket)
        client.delete_bucket(oss.DeleteBucketRequest(bucket=bucket))
        show(f"deleted {bucket}")


def main(env: Mapping[str, str]) -> None:
    """Destroy. Raises what `saying.status` tells."""
    arguments = read(env, own=(*OWN, UPLOADS_TOO), settings=())
    cloud = connect(arguments.region, access_key(), endpoints_of(arguments.region))
    destroy(arguments, cloud, Stacks(cloud.ros, arguments.region), print, input)


if __name__ == "__main__":
    sys.exit(status(lambda: main(os.environ)))
