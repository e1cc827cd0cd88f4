"""The site bucket of a stack: who may read it, and the page in it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from deploy.aliyun.clients import Cloud
from deploy.aliyun.refusals import refusal_of
from deploy.aliyun.ros_stack import Stack
from deploy.aliyun.site_access import close_site, open_site
from deploy.aliyun.site_files import Change, put_site
from deploy.function_zip import REPOSITORY
from deploy.page_addresses import page_of
from local.website import write_page

BUILT_PAGE = REPOSITORY / "client" / "dist"
STAYS_PRIVATE = (
    "If Block Public Access is on for the whole account, switch it off in the OSS console and run this "
    "again; or leave it on, and put a CDN in front of the private bucket, as docs/domains.md says. Without "
    "a domain (SITE_DOMAIN=) the page stays private, and make page serves it."
)


def set_site_access(cloud: Cloud, account: str, stack: Stack) -> list[str]:
    """Let everybody read the page if it has a domain, and nobody if not. Return a sentence if OSS refused."""
    bucket = stack.outputs["SiteBucketName"]
    if not stack.parameters["SiteDomain"]:
        close_site(cloud.oss, bucket)
        return []
    refused = refusal_of(lambda: open_site(cloud.oss, account, bucket))
    if refused is None:
        return []
    return [f"Nobody can read the page ({refused.code}: {refused.message}). {STAYS_PRIVATE}"]


def put_page(cloud: Cloud, stack: Stack) -> Change:
    """Put the page into the bucket, with the addresses of this stack."""
    with tempfile.TemporaryDirectory() as folder:
        write_page(BUILT_PAGE, Path(folder), page_of(stack))
        return put_site(cloud.oss, stack.outputs["SiteBucketName"], BUILT_PAGE, Path(folder))
