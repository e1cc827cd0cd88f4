"""The description of one process of `make run` or `make oss`: its arguments and its whole environment.

A process does not inherit the developer's environment: cloud credentials and proxies must not reach it. It
gets the variables in `INHERITED` (where programs are, language, temporary folder) and the settings of its own
part of the system. `development_settings.py` and `oss_options.py` decide the values of those settings.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

HOST = "127.0.0.1"
EVERY_NETWORK = "0.0.0.0"  # where `make run HOST=` listens
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")
INHERITED_PREFIX = "COVERAGE_"  # so that a test run measures the code inside these processes
FUNCTION_THREADS = 64


class ProcessSpec(NamedTuple):
    """One process: its name in the log, its arguments, its whole environment and its port."""

    name: str
    arguments: tuple[str, ...]
    env: Mapping[str, str]
    port: int


class Paths(NamedTuple):
    """The folder of the repository, and the folder of the files that are kept between runs."""

    repository: Path
    state: Path

    @property
    def lock(self) -> Path:
        """The file of the lifeline's lock."""
        return self.state / "launcher.lock"

    @property
    def page(self) -> Path:
        """The page as `make build` made it, without the addresses of the functions."""
        return self.repository / "client" / "dist"

    @property
    def site(self) -> Path:
        """The files that the site of `make run` serves in place of those of the built page."""
        return self.state / "site"

    @property
    def callback_key(self) -> Path:
        """The private key with which the stand-in signs callbacks."""
        return self.state / "callback_key.pem"

    def objects(self, bucket: str) -> Path:
        """Return the folder of a bucket's objects."""
        return self.state / "oss" / bucket


def address(port: int, host: str = "") -> str:
    """Return the URL of a port on this machine, or at the name that others know it by, without a path."""
    return f"http://{host or HOST}:{port}"


def listening(env: Mapping[str, str]) -> str:
    """Return the address to listen on: every network's if HOST says how others reach this machine."""
    return EVERY_NETWORK if env.get("HOST") else HOST


def pick(values: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return those of `values` that `names` lists; an empty variable counts as not set."""
    return {name: values[name] for name in names if values.get(name)}


def function_process(
    paths: Paths, name: str, port: int, env: Mapping[str, str], host: str = HOST
) -> ProcessSpec:
    """Return the process that emulates one function, listening on `host`."""
    source = str(paths.repository / "local" / "fc" / "trigger.py")
    framework = ("functions_framework", "--source", source, "--target", "invoke")
    threads = {"THREADS": str(FUNCTION_THREADS), "WORKERS": "1"}
    return _process(paths, name, framework, (host, port), {**env, **threads})


def bucket_process(
    paths: Paths, name: str, port: int, env: Mapping[str, str], host: str = HOST
) -> ProcessSpec:
    """Return the process that serves one bucket, listening on `host`."""
    opened = () if host == HOST else ("--allow-network",)
    return _process(paths, name, ("oss_emulator", "--quiet", *opened), (host, port), env)


def base_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that every process gets: those it inherits from `env`, and unbuffered output."""
    inherited = pick(env, (*INHERITED, *(name for name in env if name.startswith(INHERITED_PREFIX))))
    return {**inherited, "PYTHONUNBUFFERED": "1"}


def _process(
    paths: Paths, name: str, served: tuple[str, ...], listening_on: tuple[str, int], env: Mapping[str, str]
) -> ProcessSpec:
    """Return a process that runs a module with arguments, and with those that say where it listens."""
    host, port = listening_on
    lifeline = (sys.executable, "-m", "local.lifeline", str(paths.lock))
    return ProcessSpec(name, (*lifeline, *served, "--host", host, "--port", str(port)), env, port)
