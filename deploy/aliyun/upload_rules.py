"""The two rules of this project in the upload bucket: its pages may post, and parts of broken uploads go.

OSS takes all rules of a bucket in one document. Rules of somebody else stay as they are: the documents are
read and written as XML, because the SDK's models drop the elements that they do not know.
Sources: OSS PutBucketCors, PutBucketLifecycle; EC 0014-00000084, -085 (two lifecycle rules that overlap).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Sequence
from xml.etree import ElementTree as ET  # what it reads is OSS's own answer

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.refusals import code_of

STALE_PARTS = "abort-stale-multipart"  # as in template.yml
METHODS, HEADERS, EXPOSED, AGE_SECONDS = ["POST"], ["*"], ["ETag", "x-oss-request-id"], "600"
NO_CORS, NO_LIFECYCLE = "NoSuchCORSConfiguration", "NoSuchLifecycle"
Origins = Sequence[str]


def cors_rules_of_others(client: oss.Client, bucket: str, ours: Collection[Origins]) -> list[str]:
    """Return the bucket's CORS rules as XML, without those of this project for these lists of origins."""
    rules = document(client, bucket, "cors", NO_CORS, "CORSConfiguration").findall("CORSRule")
    return [text_of(rule) for rule in rules if not is_rule_of(rule, ours)]


def let_pages_post(client: oss.Client, bucket: str, origins: Origins, others: Iterable[str]) -> None:
    """Make the rule for these origins the first one, before those of others; set nothing if all is so."""
    found = document(client, bucket, "cors", NO_CORS, "CORSConfiguration")
    rules, kept = found.findall("CORSRule"), [*dict.fromkeys(others)]
    first = bool(rules) and is_rule_of(rules[0], [origins])
    if first and [text_of(rule) for rule in rules[1:]] == kept and found.findtext("ResponseVary") == "true":
        return
    for element in (*found.findall("CORSRule"), *found.findall("ResponseVary")):
        found.remove(element)
    found.extend([rule_for(origins), *map(ET.fromstring, kept)])
    ET.SubElement(found, "ResponseVary").text = "true"
    put_document(client, bucket, "cors", found)


def rule_for(origins: Origins) -> ET.Element:
    """Return this project's rule for a list of origins."""
    rule = ET.Element("CORSRule")
    for name, values in (
        ("AllowedOrigin", origins),
        ("AllowedMethod", METHODS),
        ("AllowedHeader", HEADERS),
        ("ExposeHeader", EXPOSED),
        ("MaxAgeSeconds", [AGE_SECONDS]),
    ):
        for value in values:
            ET.SubElement(rule, name).text = value
    return rule


def is_rule_of(rule: ET.Element, ours: Collection[Origins]) -> bool:
    """Say whether a rule is this project's for one of these lists of origins."""
    return any(parts_of(rule) == parts_of(rule_for(origins)) for origins in ours)


def parts_of(rule: ET.Element) -> list[tuple[str, str]]:
    """Return the parts of a rule; OSS tells header names in lower case."""
    return sorted((part.tag, (part.text or "").strip().lower()) for part in rule)


def abort_stale_parts(client: oss.Client, bucket: str, prefix: str) -> None:
    """Add the rule for parts below a prefix, unless a rule for parts, or for this prefix, is there."""
    found = document(client, bucket, "lifecycle", NO_LIFECYCLE, "LifecycleConfiguration")
    for rule in found.findall("Rule"):
        if rule.find("AbortMultipartUpload") is not None or rule.findtext("Prefix") == prefix:
            return
    ours = ET.SubElement(found, "Rule")
    for name, value in (("ID", STALE_PARTS), ("Prefix", prefix), ("Status", "Enabled")):
        ET.SubElement(ours, name).text = value
    ET.SubElement(ET.SubElement(ours, "AbortMultipartUpload"), "Days").text = "1"
    put_document(client, bucket, "lifecycle", found)


def text_of(element: ET.Element) -> str:
    """Return an element as XML, without the blanks between elements."""
    for inner in element.iter():
        inner.tail = None
        if len(inner):
            inner.text = None
    return ET.tostring(element, encoding="unicode")


def document(client: oss.Client, bucket: str, name: str, none: str, root: str) -> ET.Element:
    """Return a configuration of a bucket; if OSS answers that there is `none`, an empty one."""
    try:
        body = ask(client, "GET", bucket, name).http_response
    except OperationError as failure:
        if code_of(failure) == none:
            return ET.Element(root)
        raise
    return ET.fromstring(body.content)  # noqa: S314 - as above


def put_document(client: oss.Client, bucket: str, name: str, root: ET.Element) -> None:
    """Store a configuration in the place of the present one."""
    ask(client, "PUT", bucket, name, ET.tostring(root))


def ask(client: oss.Client, method: str, bucket: str, name: str, body: bytes = b"") -> oss.OperationOutput:
    """Read or store a configuration, as the SDK's own operations do."""
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    return client.invoke_operation(
        oss.OperationInput(
            op_name=f"{method.title()}Bucket{name.title()}",
            method=method,
            headers={"Content-Type": "application/xml", "Content-MD5": digest},
            parameters={name: ""},
            body=body or None,
            bucket=bucket,
        )
    )
