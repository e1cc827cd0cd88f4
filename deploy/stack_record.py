"""What the deploys of a stack set in buckets beside ROS, and may so remove: kept with the stack's packages.

A stack's parameters tell only what it has now. A deploy that is cut off after ROS has changed them would
otherwise forget which domain to unbind, and which rules of the upload bucket are whose. So what a deploy is
about to set is recorded before, and what it has removed is struck out after.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.refusals import code_of
from deploy.errors import CommandError

RECORD_NAME = "deployed.json"
LARGEST = 1024 * 1024  # bytes; twenty CORS rules of OSS's greatest length are less
Bound = tuple[str, str]
Texts = Mapping[str, tuple[str, ...]]


class Record(NamedTuple):
    """What deploys have set, or were about to set when they ended.

    `domains`: each domain that a deploy bound, with its bucket.
    `certificates`: the certificate's id of each domain that ROS may unbind.
    `ours`: under "cors" and "lifecycle", the origins or prefix of each rule of this project's.
    `others`: under the same names, the rules of others as XML, which ROS may drop.
    """

    domains: tuple[Bound, ...]
    certificates: Mapping[str, str]
    ours: Texts
    others: Texts


EMPTY = Record((), {}, {}, {})


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
    try:
        parts = json.loads(found.body.read() if small else "")
        ours, others = (as_texts(parts[name]) for name in ("ours", "others"))
        domains = tuple((str(domain), str(bucket)) for domain, bucket in parts["domains"])
        return Record(domains, dict(parts["certificates"]), ours, others)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise CommandError(
            f"{RECORD_NAME} in {bucket} is not what make deploy put there: delete it, and run this again. "
            "Domains and rules that earlier deploys set then stay where they are."
        ) from None


def put_record(client: oss.Client, bucket: str, record: Record) -> None:
    """Store a record in the place of the present one."""
    body = json.dumps(record._asdict(), ensure_ascii=False, indent=1).encode()
    client.put_object(oss.PutObjectRequest(bucket=bucket, key=RECORD_NAME, body=body))


def as_texts(part: Mapping[str, list[str]]) -> Texts:
    """Return a part of the record as it was before it became JSON."""
    return {name: tuple(map(str, texts)) for name, texts in part.items()}
