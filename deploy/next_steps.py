"""The steps that a deploy leaves to a person, one sentence each."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.aliyun.regions import in_mainland_china
from deploy.aliyun.ros_stack import Stack


def next_steps(stack: Stack, region: str, refused: Sequence[str], insecure: Sequence[str]) -> list[str]:
    """Return the sentences.

    `refused` are origins that the bucket's own CORS rules refuse, `insecure` domains without a certificate.
    """
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
    if refused:
        lines.append(
            f"The CORS rules of {parameters['UploadBucket']} let no page of {' or '.join(refused)} upload. "
            "Add a rule in the OSS console: that origin, method POST, headers *, exposed headers ETag and "
            "x-oss-request-id; or give UPLOAD_BUCKET_RULES=merge."
        )
    if in_mainland_china(region) and not parameters.get("UploadDomain"):
        lines.append("OSS accounts from 2025-03-20 on need UPLOAD_DOMAIN in mainland China.")
    return lines
