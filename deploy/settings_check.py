"""What the functions will say of their settings, asked before anything is made: by their own parsers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from package import FUNCTIONS, REPOSITORY

ELSEWHERE = "https://known-when-it-is-made.example.com"  # an address that only the finished stack has
HIDDEN = "*"  # begins what ROS tells of a NoEcho parameter
CHECK = """
import os, sys
import settings
from refusals import Misconfigured
try:
    settings.Settings.from_env(os.environ)
except Misconfigured as problem:
    sys.exit(problem.detail)
"""


def problems(template: Mapping[str, Any], values: Mapping[str, str], region: str) -> Iterator[str]:
    """Yield what each function would refuse to start with. A value that ROS hides was taken before."""
    for function in FUNCTIONS:
        finished = subprocess.run(
            [sys.executable, "-c", CHECK],
            env={**environment(template, function, values, region), "PYTHONPATH": "."},
            cwd=REPOSITORY / "functions" / function,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            yield f"{function}: {finished.stderr.strip()}"


def environment(
    template: Mapping[str, Any], function: str, values: Mapping[str, str], region: str
) -> dict[str, str]:
    """Return the variables that the template would give a function."""
    wanted = template["Resources"][f"{function.capitalize()}Function"]["Properties"]["EnvironmentVariables"]
    defaults = {name: str(one.get("Default", "")) for name, one in template["Parameters"].items()}
    known = {**defaults, **values, "ALIYUN::Region": region}
    if known["AuthHs256Secret"].startswith(HIDDEN) and (
        known["AllowAnonymous"] == "true" or known["AuthJwks"]
    ):
        known["AuthHs256Secret"] = ""  # ROS hides an empty one too, and there is never a second mode
    return {
        name: ELSEWHERE if (said := known.get(value.get("Ref", ""))) is None else unhidden(name, said)
        for name, value in wanted.items()
    }


def unhidden(name: str, value: str) -> str:
    """Return a value, or for one that ROS hides, something of its form."""
    if not value.startswith(HIDDEN):
        return value
    return {"WEBHOOK_URL": ELSEWHERE, "WEBHOOK_SECRET": f"whsec_{'A' * 32}"}.get(name, "A" * 32)
