"""`make destroy STACK=uploads REGION=cn-hangzhou`: delete stack, page and packages.

Uploads are kept. DELETE_UPLOADS=1 deletes them too, after the bucket's name was typed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping

from deploy.aliyun.buckets import NotOurBucketError, bucket_exists, delete_bucket, is_ours_now
from deploy.aliyun.clients import Cloud, account_id, connect_region
from deploy.aliyun.domains import bound_domains, unbind_domain
from deploy.aliyun.objects import delete_objects
from deploy.aliyun.ros_stack import Stack, Stacks
from deploy.arguments import OPTIONS, Arguments, read_arguments
from deploy.domains import bound_by_ros, domains_of
from deploy.errors import CommandError
from deploy.exit_messages import run_command
from deploy.resource_names import resource_names
from deploy.stack_record import EMPTY, Record, put_record, read_record
from deploy.template import parse_template
from deploy.terminal import NOTHING_DONE, Ask, Show, ask_permission
from deploy.upload_bucket import remove_rules

DELETE_UPLOADS = "DELETE_UPLOADS"
# resources that ROS deletes in a bucket, with the parameter for it; earlier versions of the template have all
IN_BUCKETS = {"Site": "SiteBucket", "SiteDomainBinding": "SiteBucket", "UploadDomainBinding": "UploadBucket"}


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
    doomed = [values["SiteBucket"]]
    if arguments.delete_uploads and is_ours(values, names):
        doomed.append(values["UploadBucket"])
    packages = names["ArtifactBucket"]
    earlier = record_of(cloud, account, packages, stack, stacks)
    record, unfinished = release_buckets(cloud, account, earlier, values, doomed=doomed, show=show)
    if record != earlier:  # what somebody else sets from now on is not the stack's
        put_record(cloud.oss, packages, record)
    if stack:
        resources = parse_template(stacks.template_of(stack))["Resources"]
        foreign = [name for name, bucket in IN_BUCKETS.items() if is_foreign(cloud, account, values[bucket])]
        stacks.delete(stack, show, [name for name in foreign if name in resources])
    is_there(cloud, account, values["SiteBucket"], show)  # it went with the stack, unless it is not ours
    if unfinished:
        raise CommandError("\n".join((*unfinished, "Run this again to remove the rest.")))
    if is_there(cloud, account, packages, show):
        delete_bucket(cloud.oss, packages)
        show(f"deleted {packages}")
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


def record_of(cloud: Cloud, account: str, packages: str, stack: Stack | None, stacks: Stacks) -> Record:
    """Return what deploys set beside ROS; without a record, the domains that an earlier version bound."""
    found = read_record(cloud.oss, packages) if is_ours_now(cloud, account, packages) else None
    if found is None and stack:
        bound = bound_by_ros(parse_template(stacks.template_of(stack)), stack.parameters)
        return EMPTY._replace(domains=(*bound.items(),))
    return found or EMPTY


def release_buckets(
    cloud: Cloud,
    account: str,
    record: Record,
    values: Mapping[str, str],
    *,
    doomed: Collection[str],
    show: Show,
) -> tuple[Record, list[str]]:
    """Unbind the domains and remove the rules that deploys set. What somebody else set stays.

    A domain does not stay in a bucket that is deleted next, which is `doomed`. Return the record of what is
    left, and a sentence for each refusal.
    """
    for domain, bucket in dict.fromkeys((*record.domains, *domains_of(values).items())):
        if not is_ours_now(cloud, account, bucket) or domain not in bound_domains(cloud.oss, bucket):
            continue
        if (domain, bucket) in record.domains or bucket in doomed:
            unbind_domain(cloud.oss, bucket, domain)
            show(f"unbound {domain} from {bucket}")
        else:
            show(f"left {domain} bound to {bucket}: no deploy bound it")
    record, uploads = record._replace(domains=()), values["UploadBucket"]
    if uploads in doomed or not is_ours_now(cloud, account, uploads):
        return record, []
    record, said, refused = remove_rules(cloud, record, values)
    for line in said:
        show(line)
    return record, refused


def is_ours(values: Mapping[str, str], names: Mapping[str, str]) -> bool:
    """Say whether a deploy made the upload bucket. One that existed before may hold more than uploads."""
    return values["UploadBucket"] == names["UploadBucket"] or values["ExistingUploadBucket"] == "false"


def ask_for_bucket_name(values: Mapping[str, str], *, ours: bool, ask: Ask) -> None:
    """Ask for the upload bucket's name. Raises `CommandError` for any other answer."""
    bucket = values["UploadBucket"]
    what = "every upload" if ours else f"everything below {values['UploadPrefix']} in your bucket"
    if ask(f"Delete {what}? Type {bucket}: ").strip() != bucket:
        raise CommandError(NOTHING_DONE)


def is_foreign(cloud: Cloud, account: str, bucket: str) -> bool:
    """Say whether another account has the bucket now: ROS cannot delete what is in it."""
    try:
        bucket_exists(cloud, account, bucket)
    except NotOurBucketError:
        return True
    return False


def is_there(cloud: Cloud, account: str, bucket: str, show: Show) -> bool:
    """Say whether the bucket exists and is this account's; show why if it is not."""
    try:
        return bucket_exists(cloud, account, bucket)
    except NotOurBucketError as error:
        show(f"left {bucket}: it {error.reason}")
        return False


if __name__ == "__main__":
    sys.exit(run_command(lambda: main(os.environ)))
