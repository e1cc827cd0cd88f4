"""What the functions will say of their settings, asked before anything is made: by their own parsers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.package import FUNCTIONS, REPOSITORY

ELSEWHERE = "https://known-when-it-is-made.example.com"  # an address that only the finished stack has
SETTINGS = {"token": "grants.settings", "callback": "completion.settings"}
CHECK = """
import os, sys
from importlib import import_module
from vendored.errors import Misconfigured
try:
    import_module(sys.argv[1]).Settings.from_env(os.environ)
except Misconfigured as problem:
    sys.exit(problem.detail)
"""


def problems(template: Mapping[str, Any], values: Mapping[str, str], region: str) -> Iterator[str]:
    """Yield what each function would refuse to start with."""
    for function in FUNCTIONS:
        finished = subprocess.run(
            [sys.executable, "-c", CHECK, SETTINGS[function]],
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
    defaults = {name: str(one.get("Default", "")) for name, one in template["Parameters"].items()}
    known = {**defaults, **values, "ALIYUN::Region": region}
    wanted = variables_of(template, function).items()
    return {name: known.get(value.get("Ref", ""), ELSEWHERE) for name, value in wanted}


def hidden_values(template: Mapping[str, Any], function: str, held: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that ROS shows nobody, from the variables that a function has."""
    return {
        value["Ref"]: held.get(name, "")
        for name, value in variables_of(template, function).items()
        if template["Parameters"].get(value.get("Ref"), {}).get("NoEcho")
    }


def variables_of(template: Mapping[str, Any], function: str) -> Mapping[str, Any]:
    """Return a function's variables as the template has them."""
    properties = template["Resources"][f"{function.capitalize()}Function"]["Properties"]
    wanted: Mapping[str, Any] = properties["EnvironmentVariables"]
    return wanted
