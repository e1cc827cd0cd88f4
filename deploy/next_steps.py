"""The steps that a deploy leaves to a person, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deploy.aliyun.regions import in_mainland_china
from deploy.aliyun.ros_stack import Stack
from deploy.upload_bucket import MissingRules


def next_steps(stack: Stack, region: str, missing: MissingRules, insecure: Sequence[str]) -> list[str]:
    """Return the sentences. `insecure` are domains without a certificate."""
    parameters = stack.parameters
    lines = []
    for name, use in (("SITE", "page"), ("UPLOAD", "uploads")):
        domain = parameters.get(f"{name.title()}Domain")
        if domain and domain in insecure:
            lines.append(
                f"{domain} ({use}) has no certificate, and browsers use it with https only: give "
                f"{name}_CERTIFICATE, or bind one in the OSS console."
            )
    domain = parameters.get("SiteDomain")
    if domain and f"https://{domain}" not in parameters.get("AllowedOrigins", "").split(","):
        lines.append(f"https://{domain} is not in ALLOWED_ORIGINS: pages there cannot upload.")
    if not domain:
        lines.append(
            "Without SITE_DOMAIN, the page's bucket is private. To see the page on this machine: "
            f"make page STACK={stack.name} REGION={region}"
        )
    lines += rules_to_add(missing, parameters)
    if in_mainland_china(region) and not parameters.get("UploadDomain"):
        lines.append("OSS accounts from 2025-03-20 on need UPLOAD_DOMAIN in mainland China.")
    return lines


def rules_to_add(missing: MissingRules, parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each thing that the upload bucket's own rules lack."""
    bucket = parameters.get("UploadBucket")
    if missing.forms:
        yield (
            f"The CORS rules of {bucket} let no page of {' or '.join(missing.forms)} upload. Add a rule "
            "in the OSS console: that origin, methods POST and PUT, headers *, exposed headers ETag, "
            "x-oss-request-id and x-oss-hash-crc64ecma; or give UPLOAD_BUCKET_RULES=merge."
        )
    if parts := [origin for origin in missing.parts if origin not in missing.forms]:
        yield (
            f"The CORS rules of {bucket} let no page of {' or '.join(parts)} send a file in parts. "
            "Add method PUT and the exposed header x-oss-hash-crc64ecma to your rule in the OSS console; or "
            "give UPLOAD_BUCKET_RULES=merge, or MULTIPART_BYTES=0."
        )
    if missing.parts_stay:
        yield (
            f"No lifecycle rule of {bucket} deletes the parts of broken uploads below "
            f"{parameters['UploadPrefix']}: they stay, and cost storage. Add one in the OSS console, after 2 "
            "days; or give UPLOAD_BUCKET_RULES=merge, or MULTIPART_BYTES=0."
        )
