"""What the deploys of a stack set in buckets beside ROS, and may so remove: kept with the stack's packages.

A stack's parameters tell only what it has now. A deploy that is cut off after ROS has changed them would
otherwise forget which domain to unbind, and which rules of the upload bucket are whose. So what a deploy is
about to set is recorded before, and what it has removed is struck out after.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple
from xml.etree import ElementTree as ET

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.refusals import code_of
from deploy.errors import CommandError

RECORD_NAME = "deployed.json"
LARGEST = 8 * 1024 * 1024  # bytes; a bucket's thousand lifecycle rules are less
Bound = tuple[str, str]  # a domain, and its bucket


class Rule(NamedTuple):
    """A rule of a bucket: of `kind` "cors" or "lifecycle".

    `text` is what a rule of this project is for, its origins or its prefix; of somebody else's, its XML.
    `version` is one of `upload_rules.VERSION`; earlier records have none, and it was 1.
    """

    bucket: str
    kind: str
    text: str
    version: int = 1


class Record(NamedTuple):
    """What deploys have set, or were about to set when they ended.

    `domains`: those that a deploy bound. `certificates`: the certificate's id of each domain that ROS may
    unbind. `ours`: the rules of this project. `others`: rules of others, which ROS may drop.
    """

    domains: tuple[Bound, ...]
    certificates: Mapping[str, str]
    ours: tuple[Rule, ...]
    others: tuple[Rule, ...]


EMPTY = Record((), {}, (), ())


def read_record(client: oss.Client, bucket: str) -> Record | None:
    """Return the record in the bucket of a stack's packages, or None if it has none.

    Raises `CommandError` if something else has its name.
    """
    try:
        found = client.get_object(oss.GetObjectRequest(bucket=bucket, key=RECORD_NAME))
    except OperationError as failure:
        if code_of(failure) == "NoSuchKey":
            return None
        raise
    small = (found.content_length or 0) <= LARGEST
    with found.body as body:
        text = body.read() if small else b""
    try:
        return parse_record(text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ET.ParseError):
        raise CommandError(
            f"{RECORD_NAME} in {bucket} is not what make deploy put there: delete it, and run this again. "
            "Domains and rules that earlier deploys set then stay where they are."
        ) from None


def parse_record(text: bytes) -> Record:
    """Return a record. Raises any of the exceptions that `read_record` knows."""
    parts = json.loads(text)
    domains = tuple((str(domain), str(bucket)) for domain, bucket in parts["domains"])
    ours, others = (
        tuple(
            Rule(str(bucket), str(kind), str(text), *map(int, version))
            for bucket, kind, text, *version in parts[name]
        )
        for name in ("ours", "others")
    )
    for rule in others:
        ET.fromstring(rule.text)  # noqa: S314 - written by a deploy, and read by no other parser
    return Record(domains, {str(name): str(id_) for name, id_ in parts["certificates"].items()}, ours, others)


def put_record(client: oss.Client, bucket: str, record: Record) -> None:
    """Store a record in the place of the present one."""
    body = json.dumps(record._asdict(), ensure_ascii=False, indent=1).encode()
    client.put_object(oss.PutObjectRequest(bucket=bucket, key=RECORD_NAME, body=body))
