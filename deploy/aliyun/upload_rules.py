"""The two rules of this project in the upload bucket: its pages may upload, and parts of broken uploads go.

OSS takes all rules of a bucket in one document. Rules of somebody else stay as they are: the documents are
read and written as XML, because the SDK's models drop the elements that they do not know.
Sources: OSS PutBucketCors, PutBucketLifecycle; EC 0014-00000084 (rules whose prefixes overlap).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET  # what it reads is OSS's own answer

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.refusals import code_of

Own = tuple[str, int]  # what a rule of this project is for, and its version

VERSION = 2  # of both rules; rules of version 1 are from before uploads in parts
METHODS = {1: ["POST"], 2: ["POST", "PUT"]}
EXPOSED = {1: ["ETag", "x-oss-request-id"], 2: ["ETag", "x-oss-request-id", "x-oss-hash-crc64ecma"]}
DAYS = {1: "1", 2: "2"}  # the ticket of an upload in parts lives one
HEADERS, AGE_SECONDS = ["*"], "600"
HEADER_NAMES = {"AllowedHeader", "ExposeHeader"}
# or OSS refuses two rules for parts whose prefixes overlap, also where both are somebody else's
OVERLAP_ALLOWED = {"x-oss-allow-same-action-overlap": "true"}


class Kind(NamedTuple):
    """One of the two documents: its name in a request, its elements, and what OSS answers if there is none.

    `rule` makes this project's rule of a version: for origins with commas between them, or for a prefix.
    """

    name: str
    root: str
    tag: str
    none: str
    rule: Callable[[str, int], ET.Element]
    headers: Mapping[str, str]


def cors_rule(origins: str, version: int) -> ET.Element:
    """Return this project's rule for these origins."""
    rule = ET.Element("CORSRule")
    for name, values in (
        ("AllowedOrigin", origins.split(",")),
        ("AllowedMethod", METHODS[version]),
        ("AllowedHeader", HEADERS),
        ("ExposeHeader", EXPOSED[version]),
        ("MaxAgeSeconds", [AGE_SECONDS]),
    ):
        for value in values:
            ET.SubElement(rule, name).text = value
    return rule


def lifecycle_rule(prefix: str, version: int) -> ET.Element:
    """Return this project's rule for the parts below a prefix. OSS gives it an id that no other rule has."""
    rule = ET.Element("Rule")
    ET.SubElement(rule, "Prefix").text = prefix
    ET.SubElement(rule, "Status").text = "Enabled"
    ET.SubElement(ET.SubElement(rule, "AbortMultipartUpload"), "Days").text = DAYS[version]
    return rule


CORS = Kind("cors", "CORSConfiguration", "CORSRule", "NoSuchCORSConfiguration", cors_rule, {})
LIFECYCLE = Kind(
    "lifecycle", "LifecycleConfiguration", "Rule", "NoSuchLifecycle", lifecycle_rule, OVERLAP_ALLOWED
)
KINDS = (CORS, LIFECYCLE)


def rules_of_others(client: oss.Client, bucket: str, kind: Kind, ours: Collection[Own]) -> list[str]:
    """Return the bucket's rules as XML, without those of this project that `ours` names."""
    rules = document(client, bucket, kind).findall(kind.tag)
    return [text_of(rule) for rule in rules if not any(is_rule_for(kind, *own, rule) for own in ours)]


def put_rules(client: oss.Client, bucket: str, kind: Kind, text: str | None, others: Iterable[str]) -> None:
    """Make the rule for a text the first one, before those of others; without a text, keep only these.

    Nothing is sent where all is so. A rule for parts is left out where one of others does the same.
    """
    found = document(client, bucket, kind)
    present = found.findall(kind.tag)
    wanted = [ET.fromstring(other) for other in dict.fromkeys(others)]  # noqa: S314 - as above
    if text is not None and not any(aborts_parts(rule, text) for rule in wanted):
        own = kind.rule(text, VERSION)
        wanted = [own, *(rule for rule in wanted if parts_of(rule) != parts_of(own))]
    varies = kind is not CORS or text is None or found.findtext("ResponseVary") == "true"
    if varies and same(kind, present, wanted):
        return
    for rule in present:
        found.remove(rule)
    if not wanted:
        ask(client, "DELETE", bucket, kind)
        return
    found[:0] = wanted
    if not varies:
        for element in found.findall("ResponseVary"):
            found.remove(element)
        ET.SubElement(found, "ResponseVary").text = "true"
    ask(client, "PUT", bucket, kind, ET.tostring(found))


def same(kind: Kind, present: Sequence[ET.Element], wanted: Sequence[ET.Element]) -> bool:
    """Say whether rules are as wanted. The order counts for CORS alone, where the first that fits answers."""
    found, sought = (
        [parts_of(rule) for rule in rules] if kind is CORS else sorted(map(parts_of, rules))
        for rules in (present, wanted)
    )
    return found == sought


def is_rule_for(kind: Kind, text: str, version: int, rule: ET.Element) -> bool:
    """Say whether a rule is the one that this project makes, or made, for a text."""
    return version in DAYS and parts_of(rule) == parts_of(kind.rule(text, version))


def has_rule_for(kind: Kind, text: str, rules: Iterable[str]) -> bool:
    """Say whether rules of others, as XML, leave nothing to the one that this project makes for a text."""
    found = [ET.fromstring(one) for one in rules]  # noqa: S314 - as above
    if kind is LIFECYCLE:
        return any(aborts_parts(rule, text) for rule in found)
    return any(is_rule_for(kind, text, VERSION, rule) for rule in found)


def aborts_parts(rule: ET.Element, prefix: str) -> bool:
    """Say whether a rule deletes all parts of broken uploads below a prefix, some days after them."""
    if rule.find("AbortMultipartUpload/Days") is None or rule.findtext("Status") == "Disabled":
        return False
    if rule.find("Filter") is not None or rule.find("Tag") is not None:
        return False
    return prefix.startswith((rule.findtext("Prefix") or "").strip())


def has_abort_rule(client: oss.Client, bucket: str, prefix: str) -> bool:
    """Say whether a bucket's rules delete all parts of broken uploads below a prefix."""
    return any(aborts_parts(rule, prefix) for rule in document(client, bucket, LIFECYCLE).findall("Rule"))


def parts_of(rule: ET.Element, path: str = "") -> list[tuple[str, str]]:
    """Return the parts of a rule but for its id; OSS tells the names of headers in lower case."""
    found = []
    for part in rule:
        if len(part):
            found += parts_of(part, f"{path}{part.tag}/")
        elif part.tag != "ID":
            text = (part.text or "").strip()
            found.append((f"{path}{part.tag}", text.lower() if part.tag in HEADER_NAMES else text))
    return sorted(found)


def text_of(element: ET.Element) -> str:
    """Return an element as XML, without the blanks between elements."""
    for inner in element.iter():
        inner.tail = None
        if len(inner):
            inner.text = None
    return ET.tostring(element, encoding="unicode")


def document(client: oss.Client, bucket: str, kind: Kind) -> ET.Element:
    """Return a bucket's document; if OSS answers that there is none, an empty one."""
    try:
        body = ask(client, "GET", bucket, kind).http_response
    except OperationError as failure:
        if code_of(failure) == kind.none:
            return ET.Element(kind.root)
        raise
    return ET.fromstring(body.content)  # noqa: S314 - as above


def ask(client: oss.Client, method: str, bucket: str, kind: Kind, body: bytes = b"") -> oss.OperationOutput:
    """Read, store or delete a document, as the SDK's own operations do."""
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    headers = {"Content-Type": "application/xml", "Content-MD5": digest}
    return client.invoke_operation(
        oss.OperationInput(
            op_name=f"{method.title()}Bucket{kind.name.title()}",
            method=method,
            headers={**headers, **kind.headers} if body else headers,
            parameters={kind.name: ""},
            body=body or None,
            bucket=bucket,
        )
    )
