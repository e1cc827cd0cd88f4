"""`make destroy STACK=uploads REGION=cn-hangzhou`: delete stack, page and packages.

Uploads are kept. DELETE_UPLOADS=1 deletes them too, after the bucket's name was typed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from deploy.aliyun.buckets import NotOurBucketError, bucket_exists, delete_bucket
from deploy.aliyun.clients import Cloud, account_id, connect_region
from deploy.aliyun.objects import delete_objects
from deploy.aliyun.ros_stack import Stacks
from deploy.arguments import OPTIONS, Arguments, read_arguments
from deploy.errors import CommandError
from deploy.exit_messages import run_command
from deploy.resource_names import resource_names
from deploy.terminal import NOTHING_DONE, Ask, Show, ask_permission

DELETE_UPLOADS = "DELETE_UPLOADS"
# resources that ROS deletes in a bucket, each with the parameters for its bucket and for whether it exists
IN_BUCKETS = {
    "Site": ("SiteBucket", "SiteBucket"),
    "SiteDomainBinding": ("SiteBucket", "SiteDomain"),
    "UploadDomainBinding": ("UploadBucket", "UploadDomain"),
}


def main(env: Mapping[str, str]) -> None:
    """Delete. Raises the exceptions that `exit_messages` knows."""
    arguments = read_arguments(env, options=(*OPTIONS, DELETE_UPLOADS), settings=())
    cloud = connect_region(arguments.region, arguments.oss_endpoint)
    destroy(arguments, cloud, Stacks(cloud.ros, arguments.region), print, input)


def destroy(arguments: Arguments, cloud: Cloud, stacks: Stacks, show: Show, ask: Ask) -> None:
    """Delete what deploys made. Raises `CommandError` without permission, `StackFailed` if ROS could not."""
    account = account_id(cloud)
    names = resource_names(arguments.stack, arguments.region, account)
    stack = stacks.find_idle(arguments.stack, show)
    values = {**names, **stacks.last_parameters(arguments.stack)}
    ask_permission(arguments, account, "Delete it there?", show, ask)
    # before anything is deleted; YES=1 does not answer this question
    if arguments.delete_uploads:
        ask_for_bucket_name(values, ours=is_ours(values, names), ask=ask)
    if stack:
        stacks.delete(stack, show, unreachable(cloud, account, values))
    is_there(cloud, account, values["SiteBucket"], show)  # it went with the stack, unless it is not ours
    if is_there(cloud, account, names["ArtifactBucket"], show):
        delete_bucket(cloud.oss, names["ArtifactBucket"])
        show(f"deleted {names['ArtifactBucket']}")
    uploads = values["UploadBucket"]
    if not is_there(cloud, account, uploads, show):
        return
    if not arguments.delete_uploads:
        show(f"kept {uploads} with every upload; {DELETE_UPLOADS}=1 deletes it")
    elif is_ours(values, names):
        delete_bucket(cloud.oss, uploads)
        show(f"deleted {uploads}")
    else:
        delete_objects(cloud.oss, uploads, values["UploadPrefix"])
        show(f"deleted everything below {values['UploadPrefix']} in {uploads}")


def is_ours(values: Mapping[str, str], names: Mapping[str, str]) -> bool:
    """Say whether a deploy made the upload bucket. One that existed before may hold more than uploads."""
    return values["UploadBucket"] == names["UploadBucket"] or values["ExistingUploadBucket"] == "false"


def ask_for_bucket_name(values: Mapping[str, str], *, ours: bool, ask: Ask) -> None:
    """Ask for the upload bucket's name. Raises `CommandError` for any other answer."""
    bucket = values["UploadBucket"]
    what = "every upload" if ours else f"everything below {values['UploadPrefix']} in your bucket"
    if ask(f"Delete {what}? Type {bucket}: ").strip() != bucket:
        raise CommandError(NOTHING_DONE)


def unreachable(cloud: Cloud, account: str, values: Mapping[str, str]) -> list[str]:
    """Return the resources that ROS cannot delete, because another account has their bucket now."""

    def is_foreign(bucket: str) -> bool:
        try:
            bucket_exists(cloud, account, bucket)
        except NotOurBucketError:
            return True
        return False

    return [
        name
        for name, (bucket, condition) in IN_BUCKETS.items()
        if values.get(condition) and is_foreign(values[bucket])
    ]


def is_there(cloud: Cloud, account: str, bucket: str, show: Show) -> bool:
    """Say whether the bucket exists and is this account's; show why if it is not."""
    try:
        return bucket_exists(cloud, account, bucket)
    except NotOurBucketError as error:
        show(f"left {bucket}: it {error.reason}")
        return False


if __name__ == "__main__":
    sys.exit(run_command(lambda: main(os.environ)))
