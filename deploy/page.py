"""`make page STACK=uploads REGION=cn-hangzhou`: the page on this machine, uploading to a deployed stack.

For who has no domain yet: a page at a bucket's own address is downloaded instead of shown. It listens on
loopback, at the first origin of this machine that the stack allows.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping

from deploy.aliyun.clients import access_key, connect, endpoints_of
from deploy.aliyun.ros_stack import Stack, Stacks
from deploy.arguments import Unusable, read
from deploy.exit_messages import status
from local.launcher import is_free, run_until_ended, state_files, take_state_folder
from local.process_spec import Paths, ProcessSpec, base_environment, bucket_process
from local.website import Page, write_page

LOCAL_PAGE = "http://localhost:8080"  # what the first deploy without a domain allows
HERE = re.compile(r"http://(?:localhost|127\.0\.0\.1):(?P<port>[0-9]{1,5})")


def page_of(stack: Stack) -> Page:
    """Return where a page of this stack has to speak to."""
    return Page(stack.outputs["TokenUrl"], stack.outputs["CallbackUrl"], stack.outputs["UploadUrl"])


def allowed_here(stack: Stack) -> tuple[str, int]:
    """Return an origin of this machine that the stack allows, and its port. Raises `Unusable` without one."""
    origins = stack.parameters["AllowedOrigins"]
    found = next(filter(None, map(HERE.fullmatch, origins.split(","))), None)
    if not found:
        raise Unusable(
            f"Stack {stack.name} allows no page of this machine, only {origins}. To add it, give make deploy "
            f"ALLOWED_ORIGINS={origins},{LOCAL_PAGE}"
        )
    return found[0], int(found["port"])


def serve(stack: Stack, region: str, env: Mapping[str, str]) -> int:
    """Serve the page until Ctrl-C; return the exit status. Raises `Unusable` where it cannot."""
    origin, port = allowed_here(stack)
    if not is_free(port):
        raise Unusable(
            f"Port {port} is in use, and it is where {stack.name} allows a page: end what uses it."
        )
    files = state_files(env, ".local/page")
    lifeline = take_state_folder(files, lambda: write_page(files.page, files.site, page_of(stack)))
    ready = (
        f"\nOpen {origin}/ in a browser; Ctrl-C ends it. 用浏览器打开上面的地址; Ctrl-C 结束。\n"
        f"It uploads to (上传到) {stack.outputs['UploadUrl']}\n"
    )
    return run_until_ended([site(files, port, region, env)], lifeline, ready)


def site(files: Paths, port: int, region: str, env: Mapping[str, str]) -> ProcessSpec:
    """Return the process that serves the page as a site bucket with a domain of its own does."""
    told = {
        "LOCAL_OSS_BUCKET": "page",
        "LOCAL_OSS_REGION": region,
        "LOCAL_OSS_WEBSITE": os.pathsep.join((str(files.site), str(files.page))),
        "LOCAL_OSS_DOMAIN": "custom",
    }
    return bucket_process(files, "page", port, {**base_environment(env), **told})


def main(env: Mapping[str, str]) -> None:
    """Serve. Raises what `saying.status` tells."""
    arguments = read(env, own=("STACK", "REGION"), settings=())
    cloud = connect(arguments.region, access_key(), endpoints_of(arguments.region))
    stack = Stacks(cloud.ros, arguments.region).standing(arguments.stack)
    sys.exit(serve(stack, arguments.region, env))


if __name__ == "__main__":
    sys.exit(status(lambda: main(os.environ)))
