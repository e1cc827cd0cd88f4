"""A deploy by the official SDKs against the stub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.aliyun.clients import AccessKey, Cloud, Endpoints, connect
from deploy.aliyun.ros_stack import Stack, Stacks
from deploy.arguments import read
from deploy.deploy import Deployment
from deploy.exit_messages import Ask
from tests.support.cloud.server import serving
from tests.support.cloud.state import ACCOUNT, KEY, REGION, State

SITE = f"uploads-cn-hangzhou-{ACCOUNT}-site"
CODE = f"uploads-cn-hangzhou-{ACCOUNT}-code"
UPLOADS = f"uploads-cn-hangzhou-{ACCOUNT}-uploads"
ANYONE = {"ALLOW_ANONYMOUS": "true", "MAX_BYTES": "1048576"}


@contextmanager
def connected(state: State) -> Iterator[Cloud]:
    """Yield the SDKs' clients of a cloud that is served meanwhile."""
    key = AccessKey(KEY.access_key_id, KEY.access_key_secret, KEY.security_token)
    with serving(state) as host:
        yield connect(REGION, key, Endpoints(host, host, host, host, https=False))


def run(cloud: Cloud, shown: list[str] | None = None, ask: Ask = lambda _: "no", /, **settings: str) -> Stack:
    env = {"STACK": "uploads", "REGION": "cn-hangzhou", "YES": "1", **settings}
    arguments = read({**env, "GIVEN": " ".join(env)})
    stacks = Stacks(cloud.ros, "cn-hangzhou", pause=lambda _: None)
    lines = [] if shown is None else shown
    return Deployment(arguments, cloud, stacks, lines.append, ask).run()
