"""One process of `make run` or `make oss`: its arguments, which put it on the lifeline, and its environment.

Of the developer's own environment (cloud credentials, proxies) a process gets nothing but what finds and
shows programs, and what its part of the system reads. What those values are is decided elsewhere.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

HOST = "127.0.0.1"
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")
KEPT_PREFIX = "COVERAGE_"  # the test run measures the functions inside these processes
FUNCTION_THREADS = 64
# An upload waits for a callback that may ask this same process for the object, and often several do at once:
# with only as many threads as uploads, none could end. A thread starts when it is used: idle ones are free.
BUCKET_THREADS = 256


class ProcessSpec(NamedTuple):
    """One process: its name in the log, its arguments, its whole environment, its port."""

    name: str
    arguments: tuple[str, ...]
    env: Mapping[str, str]
    port: int


class Paths(NamedTuple):
    """The repository and the folder of what is kept between runs."""

    repository: Path
    state: Path

    @property
    def lock(self) -> Path:
        """The lifeline's file."""
        return self.state / "launcher.lock"

    @property
    def page(self) -> Path:
        """The page as `make build` leaves it, which knows no address."""
        return self.repository / "client" / "dist"

    @property
    def site(self) -> Path:
        """What the site of `make run` serves in front of the built page."""
        return self.state / "site"

    @property
    def callback_key(self) -> Path:
        """The private key the stand-in signs callbacks with."""
        return self.state / "callback_key.pem"

    def objects(self, bucket: str) -> Path:
        """Return where a bucket's objects are kept."""
        return self.state / "oss" / bucket


def address(port: int) -> str:
    """Return a loopback address, without a path."""
    return f"http://{HOST}:{port}"


def pick(values: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the part of `values` under `names`; an empty variable counts as not set."""
    return {name: values[name] for name in names if values.get(name)}


def function_process(files: Paths, name: str, port: int, env: Mapping[str, str]) -> ProcessSpec:
    """Return the process that emulates one function."""
    return _member(files, name, ("fc/trigger.py", "invoke"), port, {**env, "THREADS": str(FUNCTION_THREADS)})


def bucket_process(files: Paths, name: str, port: int, env: Mapping[str, str]) -> ProcessSpec:
    """Return the process that is one bucket."""
    return _member(files, name, ("bucket.py", "bucket"), port, {**env, "THREADS": str(BUCKET_THREADS)})


def base_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return what every process gets of the environment `env`, and how each is served."""
    kept = pick(env, (*KEPT, *(name for name in env if name.startswith(KEPT_PREFIX))))
    return {**kept, "PYTHONUNBUFFERED": "1", "WORKERS": "1"}


def _member(
    files: Paths, name: str, served: tuple[str, str], port: int, env: Mapping[str, str]
) -> ProcessSpec:
    source, target = served
    local = files.repository / "local"
    where = ("--source", str(local / source), "--target", target, "--host", HOST, "--port", str(port))
    return ProcessSpec(name, (sys.executable, "-m", "local.lifeline", str(files.lock), *where), env, port)
