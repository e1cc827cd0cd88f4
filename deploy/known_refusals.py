"""Refusals that a person must end outside of the commands: services that are not activated, and closed hosts.

| text in code or message | status | how certain |
| --- | --- | --- |
| UserDisable | 403, EC 0003-00000801 | OSS "HTTP 403 errors"; captured in 2026, when a bucket was made |
| FC service is not enabled | 403 AccessDenied | Alibaba's Funcraft looks for it; captured from 2021 to 2026 |
| Your SLS service has not been opened | 401 InvalidAccessKeyId | captured in 2025 by Serverless Devs |
| PublicEndpointForbidden | 400, EC 0048-00000401 | a code of OSS's documents; captured in 2026 |

For an account that has not activated ROS, neither a document nor a capture has a code.
"""

from __future__ import annotations

WAYS_OUT = {
    "UserDisable": (
        "Activate OSS at https://oss.console.aliyun.com; if it is active, a payment is overdue, or the RAM "
        "user is disabled."
    ),
    "FC service is not enabled": "Activate Function Compute at https://fcnext.console.aliyun.com",
    "Your SLS service has not been opened": ("Activate Simple Log Service at https://sls.console.aliyun.com"),
    "PublicEndpointForbidden": (
        "Accounts that activated OSS on 2025-03-20 or later reach objects in mainland China only by the "
        "internal network or a domain of their own: run this on a machine in Alibaba Cloud's network in that "
        "region, with OSS_ENDPOINT=oss-{region}-internal.aliyuncs.com, or deploy to REGION=cn-hongkong."
    ),
}


def way_out(refusal: str, region: str = "") -> str:
    """Return what ends a refusal in a region, given its code and message; an empty text if none is known."""
    found = next((way for text, way in WAYS_OUT.items() if text in refusal), "")
    return found.format(region=region or "REGION")
