"""The upload bucket of a stack: this project's rules in it, beside those of others."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.aliyun.buckets import bucket_exists
from deploy.aliyun.clients import Cloud
from deploy.aliyun.refusals import refusal_of
from deploy.aliyun.upload_cors import refused_origins
from deploy.aliyun.upload_rules import KINDS, Kind, has_rule_for, put_rules, rules_of_others
from deploy.stack_record import Record

Parameters = Mapping[str, str]


def rule_texts(parameters: Parameters) -> dict[str, str]:
    """Return what this project's rules are for: the origins, and the prefix: of ROS's, all keys."""
    prefix = "" if ros_sets_rules(parameters) else parameters["UploadPrefix"]
    return {"cors": parameters["AllowedOrigins"], "lifecycle": prefix}


def recorded_rules(cloud: Cloud, record: Record, account: str, parameters: Parameters) -> Record:
    """Return a record with the rules that a deploy is about to set, and those of others that ROS may drop.

    A rule that is there already, and that no deploy of this stack set, is somebody else's, and stays so.
    """
    if not manages_rules(parameters):
        return record
    ours, others, bucket = dict(record.ours), dict(record.others), parameters["UploadBucket"]
    there = bucket_exists(cloud, account, bucket)
    for kind in KINDS:
        text, mine = rule_texts(parameters)[kind.name], record.ours.get(kind.name, ())
        found = rules_of_others(cloud.oss, bucket, kind, mine) if there else []
        if text not in mine and not has_rule_for(kind, text, found):
            ours[kind.name] = (*mine, text)
        if found and ros_sets_rules(parameters):
            others[kind.name] = (*dict.fromkeys((*record.others.get(kind.name, ()), *found)),)
    return record._replace(ours=ours, others=others)


def set_rules(cloud: Cloud, record: Record, parameters: Parameters) -> tuple[Record, list[str]]:
    """Set this project's rules beside those of others, and remove earlier ones.

    Return the record of what is there now, and a sentence for each that OSS refused.
    """
    if not manages_rules(parameters):
        return record, []
    ours, others, refused = dict(record.ours), dict(record.others), []
    for kind in KINDS:
        text = rule_texts(parameters)[kind.name]
        if sentence := put_beside_others(cloud, record, parameters["UploadBucket"], kind, text):
            refused.append(sentence)
            continue
        ours[kind.name] = tuple(one for one in ours.get(kind.name, ()) if one == text)
        others.pop(kind.name, None)
    return record._replace(ours=ours, others=others), refused


def remove_rules(cloud: Cloud, record: Record, parameters: Parameters) -> list[str]:
    """Remove this project's rules from a bucket that the stack did not make. Return what is to be said."""
    if ros_sets_rules(parameters) or not manages_rules(parameters):
        return []
    bucket, said = parameters["UploadBucket"], []
    for kind in KINDS:
        if record.ours.get(kind.name):
            sentence = put_beside_others(cloud, record, bucket, kind, None)
            said.append(sentence or f"removed this stack's rule from the {kind.root} of {bucket}")
    return said


def put_beside_others(cloud: Cloud, record: Record, bucket: str, kind: Kind, text: str | None) -> str:
    """Put the rule for a text, or none, beside those of others. Return a sentence if OSS refused."""

    def put() -> None:
        found = rules_of_others(cloud.oss, bucket, kind, record.ours.get(kind.name, ()))
        put_rules(cloud.oss, bucket, kind, text, [*record.others.get(kind.name, ()), *found])

    refused = refusal_of(put)
    return (
        f"The {kind.root} of {bucket} stays as it was ({refused.code}: {refused.message})." if refused else ""
    )


def origins_that_cannot_upload(cloud: Cloud, parameters: Parameters) -> list[str]:
    """Return the allowed origins that the bucket's own rules refuse, where deploys change none."""
    if manages_rules(parameters):
        return []
    origins = parameters["AllowedOrigins"].split(",")
    return refused_origins(cloud.oss, parameters["UploadBucket"], origins)


def ros_sets_rules(parameters: Parameters) -> bool:
    """Say whether the stack made the bucket: ROS sets its rules, and drops those of others when it does."""
    return parameters.get("ExistingUploadBucket") == "false"


def manages_rules(parameters: Parameters) -> bool:
    """Say whether deploys set rules in the bucket. Stacks of version 0.1.0 do not have the parameter."""
    return ros_sets_rules(parameters) or parameters.get("UploadBucketRules") != "keep"
