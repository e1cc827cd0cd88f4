"""The upload bucket of a stack: this project's rules in it, beside those of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deploy.aliyun.clients import Cloud
from deploy.aliyun.refusals import refusal_of
from deploy.aliyun.ros_stack import Stack
from deploy.aliyun.upload_cors import refused_origins
from deploy.aliyun.upload_rules import abort_stale_parts, cors_rules_of_others, let_pages_post

Parameters = Mapping[str, str]


def rules_of_others(cloud: Cloud, before: Stack | None, values: Parameters) -> list[str]:
    """Return the CORS rules of others in a stack's bucket: ROS drops them when it changes its own rule.

    There are none to keep before the stack is made, or where no rule is changed.
    """
    if before is None or not manages_rules(values):
        return []
    ours = [origins_of(before.parameters), origins_of(values)]
    return cors_rules_of_others(cloud.oss, values["UploadBucket"], ours)


def set_rules(cloud: Cloud, before: Stack | None, stack: Stack, others: Sequence[str]) -> list[str]:
    """Set this project's rules beside those of others. Return a sentence if OSS refused them."""
    if not manages_rules(stack.parameters):
        return []
    bucket, now = stack.parameters["UploadBucket"], origins_of(stack.parameters)
    ours = [now, *([origins_of(before.parameters)] if before else [])]

    def set_both() -> None:
        found = cors_rules_of_others(cloud.oss, bucket, ours)
        let_pages_post(cloud.oss, bucket, now, [*others, *found])
        abort_stale_parts(cloud.oss, bucket, stack.parameters["UploadPrefix"])

    refused = refusal_of(set_both)
    return [f"{bucket} did not get its rules ({refused.code}: {refused.message})."] if refused else []


def restore_rules(cloud: Cloud, before: Stack, others: Sequence[str]) -> None:
    """Put the rules of others back beside ours where ROS did not get to its end. A refusal ends nothing."""
    if others:
        bucket, origins = before.parameters["UploadBucket"], origins_of(before.parameters)
        refusal_of(lambda: let_pages_post(cloud.oss, bucket, origins, others))


def origins_that_cannot_upload(cloud: Cloud, parameters: Parameters) -> list[str]:
    """Return the allowed origins that the bucket's own rules refuse, where deploys change none."""
    if manages_rules(parameters):
        return []
    return refused_origins(cloud.oss, parameters["UploadBucket"], origins_of(parameters))


def origins_of(parameters: Parameters) -> list[str]:
    """Return the origins that these parameters allow."""
    return parameters["AllowedOrigins"].split(",")


def manages_rules(parameters: Parameters) -> bool:
    """Say whether deploys set rules in the bucket: ROS does in any case in one that the stack made.

    Stacks of version 0.1.0 do not have the parameter.
    """
    made = parameters.get("ExistingUploadBucket") == "false"
    return made or parameters.get("UploadBucketRules") != "keep"
