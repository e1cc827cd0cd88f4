"""Which deployment is examined: one by its addresses, one by its stack, or `make run` at its ports."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Mapping

from deploy.doctor import probe
from deploy.doctor.bucket_access import BucketAccess
from deploy.doctor.finding import Deployment
from local.launcher import HIGHEST_PORT, port_number
from local.process_spec import address
from local.run import DEFAULT_PORTS

BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750


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
        return dataclasses.replace(local_deployment(env), bearer_token=bearer)
    if not origin:
        sys.exit(
            "ORIGIN is missing, the origin of a page that uploads, such as ORIGIN=https://www.example.com"
        )
    return Deployment(token_url, origin.rstrip("/"), site_url or None, bearer)


def local_deployment(env: Mapping[str, str]) -> Deployment:
    """Return what `make run` serves with the same TOKEN_PORT and SITE_PORT. Exits with a sentence for no port."""
    ports = {
        name: port_number(env.get(name) or str(DEFAULT_PORTS[name])) for name in ("TOKEN_PORT", "SITE_PORT")
    }
    for name, port in ports.items():
        if not port:
            sys.exit(f"{name} is not a port: it takes a number from 1 to {HIGHEST_PORT}.")
    site = address(ports["SITE_PORT"])
    return Deployment(address(ports["TOKEN_PORT"]) + "/", site, site)


def require_running(deployment: Deployment) -> None:
    """Exit with a sentence if nothing answers where `make run` serves the token function."""
    if not probe.ask("GET", deployment.token_url + "limits").status:
        sys.exit(
            f"Nothing answers at {deployment.token_url}: start make run in another terminal, pass its TOKEN_PORT "
            "and SITE_PORT if you chose them, or name a deployment by STACK and REGION, or by TOKEN_URL and ORIGIN."
        )


def find_stack(name: str, region: str, oss_endpoint: str = "") -> Deployment:
    """Ask ROS for a stack, and return its deployment; exit with a sentence if that fails."""
    # only a deployment that is found by its stack needs the SDKs, which take a second to import
    from deploy.aliyun.clients import account_id, connect_region, find_access_key  # noqa: PLC0415
    from deploy.aliyun.ros_stack import Stacks  # noqa: PLC0415
    from deploy.aliyun.upload_rules import has_abort_rule  # noqa: PLC0415
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

    def parts_go() -> bool | str:
        bucket, prefix = stack.parameters["UploadBucket"], stack.parameters["UploadPrefix"]
        try:
            return has_abort_rule(cloud.oss, bucket, prefix)
        except EXPECTED as error:
            return message_for(error)

    def find_access() -> BucketAccess:
        url, parameters = stack.outputs["UploadUrl"], stack.parameters
        return BucketAccess(
            find_access_key(), region, parameters["UploadBucket"], url, parameters["UploadPrefix"]
        )

    found = deployment_of(stack.outputs, stack.parameters, region)
    return dataclasses.replace(found, bucket_faults=bucket_faults, find_access=find_access, parts_go=parts_go)


def deployment_of(outputs: Mapping[str, str], parameters: Mapping[str, str], region: str) -> Deployment:
    """Return a stack's deployment. The site's address is the bucket's own, which exists without a domain too."""
    origin = parameters["AllowedOrigins"].split(",")[0]
    site = f"https://{outputs['SiteBucketName']}.oss-{region}.aliyuncs.com"
    return Deployment(outputs["TokenUrl"].rstrip("/") + "/", origin, site, None)
