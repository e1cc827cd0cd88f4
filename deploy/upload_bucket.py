"""The upload bucket of a stack: this project's rules in it, beside those of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from deploy.aliyun.buckets import bucket_exists
from deploy.aliyun.clients import Cloud
from deploy.aliyun.refusals import refusal_of
from deploy.aliyun.upload_cors import refused_origins
from deploy.aliyun.upload_rules import (
    DAYS,
    KINDS,
    VERSION,
    Kind,
    has_abort_rule,
    has_rule_for,
    put_rules,
    rules_of_others,
)
from deploy.stack_record import Record, Rule

Parameters = Mapping[str, str]


class MissingRules(NamedTuple):
    """What the bucket's own rules lack.

    `forms` and `parts`: the origins whose pages may send none. `parts_stay`: nothing deletes the parts of
    broken uploads.
    """

    forms: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    parts_stay: bool = False


def rule_texts(parameters: Parameters) -> dict[str, str]:
    """Return what this project's rules are for: the origins, and the prefix: of ROS's, all keys."""
    prefix = "" if ros_sets_rules(parameters) else parameters["UploadPrefix"]
    return {"cors": parameters["AllowedOrigins"], "lifecycle": prefix}


def rules_of_ros(parameters: Parameters) -> Iterator[Rule]:
    """Yield the rules, of every version, that ROS may have set in a bucket that the stack made."""
    if ros_sets_rules(parameters):
        for kind, text in rule_texts(parameters).items():
            for version in DAYS:
                yield Rule(parameters["UploadBucket"], kind, text, version)


def recorded_rules(cloud: Cloud, record: Record, account: str, parameters: Parameters) -> Record:
    """Return a record with the rules that a deploy is about to set, and those of others that ROS may drop.

    A rule that is there already, and that no deploy of this stack set, is somebody else's, and stays so. Of
    rules that may not be read, none is recorded: setting them then costs its step.
    """
    if not manages_rules(parameters):
        return record
    bucket, ours, others = parameters["UploadBucket"], list(record.ours), list(record.others)
    there = bucket_exists(cloud, account, bucket)
    for kind in KINDS:
        found: list[str] = []
        if there and refusal_of(lambda: found.extend(others_in(cloud, record, bucket, kind))):  # noqa: B023
            continue
        wanted = Rule(bucket, kind.name, rule_texts(parameters)[kind.name], VERSION)
        if not has_rule_for(kind, wanted.text, found):
            ours.append(wanted)
        if ros_sets_rules(parameters):
            others += [Rule(bucket, kind.name, rule) for rule in found]
    return record._replace(ours=(*dict.fromkeys(ours),), others=(*dict.fromkeys(others),))


def set_rules(
    cloud: Cloud, record: Record, earlier: Record, parameters: Parameters
) -> tuple[Record, list[str]]:
    """Set this project's rules beside those of others, and remove earlier ones.

    `earlier` is the record from before the rules were about to be set. Return the record of what is there
    now, and a sentence for each document that OSS refused.
    """
    if not manages_rules(parameters):
        return record, []
    bucket, refused = parameters["UploadBucket"], []
    for kind in KINDS:
        wanted = Rule(bucket, kind.name, rule_texts(parameters)[kind.name], VERSION)
        if sentence := put_beside_others(cloud, record, bucket, kind, wanted.text):
            refused.append(sentence)
            there = {*earlier.ours, *earlier.others}
        else:
            there = {wanted}
        ours, others = (
            (rule for rule in rules if rule[:2] != wanted[:2] or rule in there) for rules in record[2:]
        )
        record = record._replace(ours=tuple(ours), others=tuple(others))
    return record, refused


def remove_rules(cloud: Cloud, record: Record, parameters: Parameters) -> tuple[Record, list[str], list[str]]:
    """Remove this project's rules from the upload bucket of a stack that is deleted.

    Return the record of what is left, what is to be said, and a sentence for each document that OSS refused.
    """
    bucket, said, refused = parameters["UploadBucket"], [], []
    for kind in KINDS:
        ours = {rule for rule in record.ours if rule[:2] == (bucket, kind.name)}
        if not ours:
            continue
        if not manages_rules(parameters):
            said.append(f"left this stack's rule in the {kind.root} of {bucket}: UPLOAD_BUCKET_RULES is keep")
            continue
        if sentence := put_beside_others(cloud, record, bucket, kind, None):
            refused.append(sentence)
            continue
        said.append(f"removed this stack's rule from the {kind.root} of {bucket}")
        record = record._replace(ours=tuple(rule for rule in record.ours if rule not in ours))
    return record, said, refused


def put_beside_others(cloud: Cloud, record: Record, bucket: str, kind: Kind, text: str | None) -> str:
    """Put the rule for a text, or none, beside those of others. Return a sentence if OSS refused."""

    def put() -> None:
        kept = [rule.text for rule in record.others if rule[:2] == (bucket, kind.name)]
        put_rules(cloud.oss, bucket, kind, text, [*kept, *others_in(cloud, record, bucket, kind)])

    refused = refusal_of(put)
    return (
        f"The {kind.root} of {bucket} stays as it was ({refused.code}: {refused.message})." if refused else ""
    )


def others_in(cloud: Cloud, record: Record, bucket: str, kind: Kind) -> list[str]:
    """Return the rules of others that a bucket has now, as XML. Raises the SDK's exception."""
    ours = [(rule.text, rule.version) for rule in record.ours if rule[:2] == (bucket, kind.name)]
    return rules_of_others(cloud.oss, bucket, kind, ours)


def missing_rules(cloud: Cloud, parameters: Parameters) -> MissingRules:
    """Return what the bucket's own rules lack, where deploys change none."""
    if manages_rules(parameters):
        return MissingRules()
    bucket, origins = parameters["UploadBucket"], parameters["AllowedOrigins"].split(",")
    forms = refused_origins(cloud.oss, bucket, origins, "POST")
    if not sends_parts(parameters):
        return MissingRules((*forms,))
    parts = refused_origins(cloud.oss, bucket, origins, "PUT")
    return MissingRules((*forms,), (*parts,), parts_stay(cloud, parameters))


def parts_stay(cloud: Cloud, parameters: Parameters) -> bool:
    """Say whether no rule deletes the parts of broken uploads; of rules that may not be read, say no."""
    bucket, prefix = parameters["UploadBucket"], parameters["UploadPrefix"]
    found: list[bool] = []
    refusal_of(lambda: found.append(has_abort_rule(cloud.oss, bucket, prefix)))
    return found == [False]


def sends_parts(parameters: Parameters) -> bool:
    """Say whether pages may send large files in parts. Stacks of version 0.1.0 do not have the parameter."""
    return parameters.get("MultipartBytes") != "0"


def ros_sets_rules(parameters: Parameters) -> bool:
    """Say whether the stack made the bucket: ROS sets its rules, and drops those of others when it does."""
    return parameters.get("ExistingUploadBucket") == "false"


def manages_rules(parameters: Parameters) -> bool:
    """Say whether deploys set rules in the bucket. Stacks of version 0.1.0 do not have the parameter."""
    return ros_sets_rules(parameters) or parameters.get("UploadBucketRules") != "keep"
