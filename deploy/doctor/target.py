"""Which deployment is examined: one by its addresses, one by its stack, or `make run`."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Mapping

from deploy.doctor.finding import Deployment

BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750
MAKE_RUN = Deployment("http://127.0.0.1:9001/", "http://127.0.0.1:8080", "http://127.0.0.1:8080")


def choose_deployment(
    token_url: str | None, origin: str | None, site_url: str | None, env: Mapping[str, str]
) -> Deployment:
    """Return the deployment to examine. Exits with a sentence if something needed is missing."""
    bearer = env.get("BEARER_TOKEN", "").removeprefix("Bearer ").strip() or None
    if bearer and not BEARER_TOKEN.fullmatch(bearer):
        sys.exit("BEARER_TOKEN is no bearer token: it has characters that no token has.")
    if not token_url and env.get("STACK"):
        found = find_stack(env["STACK"], env.get("REGION", ""), env.get("OSS_ENDPOINT", ""))
        return dataclasses.replace(found, bearer_token=bearer)
    if not token_url:
        return dataclasses.replace(MAKE_RUN, bearer_token=bearer)
    if not origin:
        sys.exit(
            "ORIGIN is missing, the origin of a page that uploads, such as ORIGIN=https://www.example.com"
        )
    return Deployment(token_url, origin.rstrip("/"), site_url or None, bearer)


def find_stack(name: str, region: str, oss_endpoint: str = "") -> Deployment:
    """Ask ROS for a stack, and return its deployment; exit with a sentence if that fails."""
    # only a deployment that is found by its stack needs the SDKs, which take a second to import
    from deploy.aliyun.clients import account_id, connect_region  # noqa: PLC0415
    from deploy.aliyun.ros_stack import Stacks  # noqa: PLC0415
    from deploy.exit_messages import EXPECTED, message_for  # noqa: PLC0415
    from deploy.stack_buckets import faults  # noqa: PLC0415

    if not region:
        sys.exit("REGION is missing, such as REGION=cn-hangzhou")
    try:
        cloud = connect_region(region, oss_endpoint)
        stack = Stacks(cloud.ros, region).find_working(name)
    except EXPECTED as error:
        sys.exit(message_for(error))

    def bucket_faults() -> list[str]:
        try:
            return list(faults(cloud, account_id(cloud), stack.parameters))
        except EXPECTED as error:
            return [message_for(error)]

    found = deployment_of(stack.outputs, stack.parameters, region)
    return dataclasses.replace(found, bucket_faults=bucket_faults)


def deployment_of(outputs: Mapping[str, str], parameters: Mapping[str, str], region: str) -> Deployment:
    """Return a stack's deployment. The site's address is the bucket's own, which exists without a domain too."""
    origin = parameters["AllowedOrigins"].split(",")[0]
    site = f"https://{outputs['SiteBucketName']}.oss-{region}.aliyuncs.com"
    return Deployment(outputs["TokenUrl"].rstrip("/") + "/", origin, site, None)
