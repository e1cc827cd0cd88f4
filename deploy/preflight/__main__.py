"""`make preflight STACK=uploads REGION=cn-hangzhou ...`: what would keep `make deploy` from succeeding.

It changes nothing, takes the arguments of `make deploy`, and shows everything that is wrong. Exit status 1 if
a deploy would fail. JSON=true prints one document of the same form as `make doctor` does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial

from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.buckets import require_bucket
from deploy.aliyun.clients import Cloud, account_id, connect_region
from deploy.aliyun.objects import list_one
from deploy.aliyun.ros_stack import FAILED_CREATIONS, Stacks
from deploy.arguments import DEPLOY_OPTIONS, Arguments, read_arguments
from deploy.deploy import DeployCommand, check_place, refuse_dead_end
from deploy.doctor.__main__ import show_json, show_lines
from deploy.doctor.finding import Finding
from deploy.domains import domain_problems
from deploy.exit_messages import EXPECTED, message_for, run_command
from deploy.page_addresses import default_origins
from deploy.preflight.examination import examine
from deploy.preflight.object_trial import sentence
from deploy.stack_buckets import fault, faults
from deploy.template import parse_template

JSON = "JSON"
TRIED = {
    "region": "region and runtime",
    "account": "the credentials",
    "stack": "the stack",
    "domains": "the domains and their certificates",
    "packages": "the stack's buckets, and the packages that its functions run",
    "examination": "the other checks",
    "objects": "a list of the packages",
}


def main(env: Mapping[str, str]) -> None:
    """Examine and print; exit with status 1 if something failed. Raises `CommandError` for bad arguments."""
    arguments = read_arguments(env, options=(*DEPLOY_OPTIONS, JSON))
    show = show_json if arguments.json else show_lines
    if not show(findings(arguments)):
        sys.exit(1)


def findings(arguments: Arguments) -> Iterator[Finding]:
    """Yield every finding; the last one is what ended the checks, if something did."""
    name = "region"
    try:
        check_place(arguments.region, arguments.settings.get("Runtime"))
        yield Finding(name, "ok", TRIED[name], f"{arguments.region} has callbacks and Function Compute 3.0")
        name = "account"
        cloud = connect_region(arguments.region, arguments.oss_endpoint)
        account = account_id(cloud)
        yield Finding(name, "ok", TRIED[name], f"they are of account {account}")
        name = "stack"
        command = DeployCommand(arguments, cloud, Stacks(cloud.ros, arguments.region), lambda _: None, input)
        stack = command.stacks.find(arguments.stack)
        if stack and stack.status in FAILED_CREATIONS:
            stack = None
        refuse_dead_end(stack)
        values = command.wanted_values(stack, account)
        yield Finding(name, "ok", TRIED[name], "it exists" if stack else "there is none: a deploy makes it")
        yield from check_domains(command, values)
        if stack:
            yield check_stack_buckets(cloud, account, stack.parameters)
        name = "examination"
        yield from examine(command.plan(account, with_usable_origins(command, values)))
        name = "objects"
        yield check_objects(cloud, account, values["ArtifactBucket"])
    except EXPECTED as error:
        yield Finding(name, "failed", TRIED[name], message_for(error))


def check_domains(command: DeployCommand, values: Mapping[str, str]) -> Iterator[Finding]:
    """Yield whether domains and certificates can work, as far as they show it before they are bound."""
    problems = fault(partial(command.certificates, values)).splitlines()
    yield from (Finding("domains", "failed", TRIED["domains"], problem) for problem in problems)
    if not problems:
        wanted = ", ".join(filter(None, (values.get("SiteDomain"), values.get("UploadDomain"))))
        yield Finding("domains", "ok" if wanted else "skipped", TRIED["domains"], wanted or "none is given")


def with_usable_origins(command: DeployCommand, values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values for the other checks: an origin that follows from a bad domain is no second fault."""
    site = {**values, "UploadDomain": ""}
    bad = any(domain_problems(parse_template(command.template), site))
    if bad and values["AllowedOrigins"] == default_origins(values["SiteDomain"]):
        return {**values, "AllowedOrigins": default_origins("")}
    return values


def check_stack_buckets(cloud: Cloud, account: str, parameters: Mapping[str, str]) -> Finding:
    """Return whether the buckets of the stack are there and its packages as a deploy put them."""
    try:
        found = " ".join(faults(cloud, account, parameters))
    except OperationError as error:
        found = sentence(error)
    if found:
        return Finding("packages", "failed", TRIED["packages"], found)
    return Finding("packages", "ok", TRIED["packages"], "they are as they were put there")


def check_objects(cloud: Cloud, account: str, bucket: str) -> Finding:
    """Return whether OSS gives the account objects. Only a deploy makes a bucket and puts an object there."""
    tried = TRIED["objects"]
    if fault(partial(require_bucket, cloud, account, bucket)):
        found = (
            f"there is no {bucket} of yours yet: make deploy makes it, and tries an object first, which OSS "
            "may refuse to accounts of 2025-03-20 or later in mainland China"
        )
        return Finding("objects", "skipped", tried, found)
    try:
        list_one(cloud.oss, bucket)
    except OperationError as error:
        return Finding("objects", "failed", tried, sentence(error))
    return Finding("objects", "ok", tried, f"OSS lists {bucket}")


if __name__ == "__main__":
    sys.exit(run_command(lambda: main(os.environ)))
