"""Shared by all measurements: the unpacked packages, a bare interpreter, and a clean environment."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from deploy import function_zip
from tests.support.environment import clean_environment

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
PEERS, CHILDREN = HERE / "peers", HERE / "children"
SITE_PACKAGES = sysconfig.get_path("purelib")
RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
INTERPRETER = REPOSITORY / ".venv" / "bare"
TIMEOUT_SECONDS = 120


class Packages(NamedTuple):
    """The unpacked zips for this version of Python, and the size of each zip in bytes."""

    token: Path
    token_with_auth: Path
    callback: Path
    zip_bytes: Mapping[str, int]


def unpack(folder: Path) -> Packages:
    """Make the zips as `make package` does, and unpack them as Function Compute does."""
    wanted = {"token": ("token", False), "token_with_auth": ("token", True), "callback": ("callback", False)}
    made = {
        name: function_zip.build(one, RUNTIME, sign_in=sign_in) for name, (one, sign_in) in wanted.items()
    }
    for name, zipped in made.items():
        zipfile.ZipFile(io.BytesIO(zipped.content)).extractall(folder / name)
    sizes = {name: len(zipped.content) for name, zipped in made.items()}
    return Packages(folder / "token", folder / "token_with_auth", folder / "callback", sizes)


def without_byte_code(package: Path, folder: Path) -> Path:
    """Put a copy of an unpacked package without its byte code into a folder; return the copy."""
    copy = folder / f"{package.name}_sources"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@cache
def python() -> str:
    """Return an interpreter without installed packages and start-up hooks."""
    venv.create(INTERPRETER, clear=True, symlinks=True)
    return str(INTERPRETER / "bin" / "python")


def ask_child(script: str, *words: str | Path, env: Mapping[str, str], paths: str = SITE_PACKAGES) -> Any:
    """Run a script of `children/` and return the JSON that it prints."""
    finished = subprocess.run(
        [python(), str(CHILDREN / script), *map(str, words)],
        env={**clean_environment(), "PYTHONPATH": paths, "PYTHONHASHSEED": "0", **env},
        stdout=subprocess.PIPE,
        check=True,
        timeout=TIMEOUT_SECONDS,
    )
    return json.loads(finished.stdout)


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def sizes_by(script: str) -> dict[str, int]:
    """Return the bytes by name that a script of this folder prints as JSON, run by Node.js."""
    finished = subprocess.run(
        [str(shutil.which("node")), str(HERE / script)],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        timeout=TIMEOUT_SECONDS,
    )
    sizes: dict[str, int] = json.loads(finished.stdout)
    return sizes
