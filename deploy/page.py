"""`make page STACK=uploads REGION=cn-hangzhou`: the page on this machine, uploading to a deployed stack.

It is for deployments without a domain: browsers download a page at a bucket's own address instead of showing
it. The page is served on loopback, at the first origin of this machine that the stack allows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from deploy.aliyun.clients import account_id, connect_region
from deploy.aliyun.ros_stack import Stack, Stacks
from deploy.arguments import read_arguments
from deploy.errors import CommandError
from deploy.exit_messages import run_command
from deploy.page_addresses import local_origin, page_of
from deploy.stack_buckets import require_buckets, require_packages
from local.launcher import is_free, run_until_ended, state_files, take_state_folder
from local.process_spec import Paths, ProcessSpec, base_environment, bucket_process
from local.website import write_page


def main(env: Mapping[str, str]) -> None:
    """Serve the page until Ctrl-C. Raises the exceptions that `exit_messages` knows."""
    arguments = read_arguments(env, options=("STACK", "REGION", "OSS_ENDPOINT"), settings=())
    cloud = connect_region(arguments.region, arguments.oss_endpoint)
    stack = Stacks(cloud.ros, arguments.region).find_working(arguments.stack)
    account = account_id(cloud)
    require_buckets(cloud, account, stack.parameters, ["UploadBucket"])
    require_packages(cloud, account, stack.parameters)
    sys.exit(serve(stack, arguments.region, env))


def serve(stack: Stack, region: str, env: Mapping[str, str]) -> int:
    """Serve the page until Ctrl-C, and return the exit status. Raises `CommandError`."""
    origin, port = local_origin(stack)
    if not is_free(port):
        raise CommandError(
            f"Port {port} is in use, and {stack.name} allows a page of this machine only there: end the "
            "program that uses it."
        )
    paths = state_files(env, ".local/page")
    lifeline = take_state_folder(paths, lambda: write_page(paths.page, paths.site, page_of(stack)))
    ready = (
        f"\nOpen {origin}/ in a browser; Ctrl-C ends it. 用浏览器打开上面的地址。按 Ctrl-C 结束。\n"
        f"It uploads to (上传到) {stack.outputs['UploadUrl']}\n"
    )
    return run_until_ended([site_process(paths, port, region, env)], lifeline, ready)


def site_process(paths: Paths, port: int, region: str, env: Mapping[str, str]) -> ProcessSpec:
    """Return the process that serves the page as a site bucket with a domain of its own does."""
    bucket = {
        "LOCAL_OSS_BUCKET": "page",
        "LOCAL_OSS_REGION": region,
        "LOCAL_OSS_WEBSITE": os.pathsep.join((str(paths.site), str(paths.page))),
        "LOCAL_OSS_DOMAIN": "custom",
    }
    return bucket_process(paths, "page", port, {**base_environment(env), **bucket})


if __name__ == "__main__":
    sys.exit(run_command(lambda: main(os.environ)))
