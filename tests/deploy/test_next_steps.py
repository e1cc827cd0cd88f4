"""The sentences at the end of a deploy, by region and domains."""

from __future__ import annotations

import pytest

from deploy.aliyun.ros_stack import Stack
from deploy.next_steps import next_steps
from deploy.upload_bucket import MissingRules

SITE = {"SiteDomain": "www.example.com", "AllowedOrigins": "https://www.example.com"}
DOMAINS = {**SITE, "UploadDomain": "up.example.com"}
INSECURE = (
    "has no certificate, and browsers use it with https only: give {}_CERTIFICATE, or bind one in the OSS "
    "console."
)
NO_DOMAIN = (
    "Without SITE_DOMAIN, the page's bucket is private. To see the page on this machine: "
    "make page STACK=uploads REGION={}"
)
NO_UPLOAD_DOMAIN = "OSS accounts from 2025-03-20 on need UPLOAD_DOMAIN in mainland China."


@pytest.mark.parametrize(
    ("region", "parameters", "steps"),
    [
        ("cn-beijing", {}, [NO_DOMAIN.format("cn-beijing"), NO_UPLOAD_DOMAIN]),
        ("cn-hongkong", {}, [NO_DOMAIN.format("cn-hongkong")]),
        ("eu-west-1", DOMAINS, []),
        ("cn-shanghai", SITE, [NO_UPLOAD_DOMAIN]),
        (
            "eu-west-1",
            {**DOMAINS, "AllowedOrigins": "https://www.example.com.evil.example"},
            ["https://www.example.com is not in ALLOWED_ORIGINS: pages there cannot upload."],
        ),
    ],
)
def test_what_a_person_has_to_do(region: str, parameters: dict[str, str], steps: list[str]) -> None:
    stack = Stack("stack-1", "uploads", "CREATE_COMPLETE", "", {}, parameters)
    assert next_steps(stack, region, MissingRules(), []) == steps


def test_a_domain_without_a_certificate_is_told() -> None:
    stack = Stack("stack-1", "uploads", "CREATE_COMPLETE", "", {}, DOMAINS)
    assert next_steps(stack, "eu-west-1", MissingRules(), ["up.example.com", "www.example.com"]) == [
        f"www.example.com (page) {INSECURE.format('SITE')}",
        f"up.example.com (uploads) {INSECURE.format('UPLOAD')}",
    ]


LACKS = [
    (
        MissingRules(("https://a.example", "https://b.example"), ("https://a.example",)),
        (
            "The CORS rules of media let no page of https://a.example or https://b.example upload. Add a "
            "rule in the OSS console: that origin, methods POST and PUT, headers *, exposed headers ETag, "
            "x-oss-request-id and x-oss-hash-crc64ecma; or give UPLOAD_BUCKET_RULES=merge."
        ),
    ),
    (
        MissingRules((), ("https://a.example",)),
        (
            "The CORS rules of media let no page of https://a.example send a file in parts. Add method PUT "
            "and the exposed header x-oss-hash-crc64ecma to your rule in the OSS console; or give "
            "UPLOAD_BUCKET_RULES=merge, or MULTIPART_BYTES=0."
        ),
    ),
    (
        MissingRules(("https://b.example",), ("https://a.example", "https://b.example")),
        (
            "The CORS rules of media let no page of https://b.example upload. Add a rule in the OSS console: "
            "that origin, methods POST and PUT, headers *, exposed headers ETag, x-oss-request-id and "
            "x-oss-hash-crc64ecma; or give UPLOAD_BUCKET_RULES=merge. The CORS rules of media let no page of "
            "https://a.example send a file in parts. Add method PUT and the exposed header "
            "x-oss-hash-crc64ecma to your rule in the OSS console; or give UPLOAD_BUCKET_RULES=merge, or "
            "MULTIPART_BYTES=0."
        ),
    ),
    (
        MissingRules(parts_stay=True),
        (
            "No lifecycle rule of media deletes the parts of broken uploads below in/: they stay, and cost "
            "storage. Add one in the OSS console, after 2 days; or give UPLOAD_BUCKET_RULES=merge, or "
            "MULTIPART_BYTES=0."
        ),
    ),
]


@pytest.mark.parametrize(("missing", "told"), LACKS, ids=["forms", "parts", "either", "parts stay"])
def test_what_the_buckets_own_rules_lack_is_told_with_the_rule_to_add(
    missing: MissingRules, told: str
) -> None:
    parameters = {**DOMAINS, "UploadBucket": "media", "UploadPrefix": "in/"}
    stack = Stack("stack-1", "uploads", "CREATE_COMPLETE", "", {}, parameters)
    assert " ".join(next_steps(stack, "eu-west-1", missing, [])) == told
