"""The commands run by the official SDKs against the cloud of `state`, in this process."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from deploy.aliyun.clients import AccessKey, Cloud, Endpoints, connect
from deploy.aliyun.ros_stack import Stack, Stacks
from deploy.arguments import DEPLOY_OPTIONS, read_arguments
from deploy.deploy import DeployCommand
from deploy.function_zip import REPOSITORY
from deploy.terminal import Ask
from tests.support.cloud.server import serving
from tests.support.cloud.state import ACCOUNT, KEY, State

SITE = f"uploads-cn-hangzhou-{ACCOUNT}-site"
CODE = f"uploads-cn-hangzhou-{ACCOUNT}-code"
UPLOADS = f"uploads-cn-hangzhou-{ACCOUNT}-uploads"
ANYONE = {"ALLOW_ANONYMOUS": "true", "MAX_BYTES": "1048576"}


@contextmanager
def connected(state: State) -> Iterator[Cloud]:
    """Yield the SDKs' clients of a cloud that is served meanwhile."""
    key = AccessKey(KEY.access_key_id, KEY.access_key_secret, KEY.security_token)
    with serving(state) as host:
        yield connect(state.region, key, Endpoints(host, host, host, host, https=False))


def given(**values: str) -> dict[str, str]:
    """Return the environment that make gives a command with these values on its command line."""
    return {**values, "GIVEN": " ".join(values)}


def deploy(
    cloud: Cloud, shown: list[str] | None = None, ask: Ask = lambda _: "no", /, **settings: str
) -> Stack:
    """Deploy the stack `uploads`, asking nothing unless YES says so; return it."""
    env = given(**{"STACK": "uploads", "REGION": cloud.region, "YES": "1", **settings})
    stacks = Stacks(cloud.ros, cloud.region, pause=lambda _: None)
    lines = [] if shown is None else shown
    return DeployCommand(read_arguments(env, options=DEPLOY_OPTIONS), cloud, stacks, lines.append, ask).run()


def make(target: str, **variables: str) -> int:
    """Do what `make TARGET NAME=VALUE ...` does, in this process; return the exit status."""
    environment, module = command_of(dry_run(target, **variables))
    # make exports the variables of its command line
    return run_module(module, {**variables, **environment})


def dry_run(target: str, **variables: str) -> str:
    """Return the last line that make would run, whatever make started the tests with."""
    arguments = [f"{name}={value}" for name, value in variables.items()]
    asked = ["make", "--dry-run", "--silent", target, *arguments]
    env = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    return subprocess.run(
        asked, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=True
    ).stdout.splitlines()[-1]


def command_of(line: str) -> tuple[dict[str, str], str]:
    """Return the environment and the module of a recipe's `exec env NAME=VALUE python -m MODULE`."""
    words = shlex.split(line.removeprefix("exec "))
    *before, flag, module = words
    assert flag == "-m"
    assert Path(before.pop()).name == "python"
    environment = dict(word.split("=", 1) for word in before if re.fullmatch(r"[A-Z_]+=.*", word))
    assert before[: len(before) - len(environment)] in ([], ["env"])
    return environment, module


def run_module(module: str, environment: Mapping[str, str], *arguments: str) -> int:
    """Run a module as `python -m` does, and return its exit status; a sentence of `sys.exit` is printed."""
    with (
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", [module, *arguments]),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "'deploy.*' found in sys.modules", RuntimeWarning)
        try:
            runpy.run_module(module, run_name="__main__")
        except SystemExit as end:
            if isinstance(end.code, str):
                sys.stderr.write(f"{end.code}\n")
            return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
