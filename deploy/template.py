"""The ROS template, as text for ROS and parsed for what commands read from it. Nothing here changes it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import yaml

from deploy.function_zip import REPOSITORY

TEMPLATE = REPOSITORY / "template.yml"
Template = Mapping[str, Any]


def template_text() -> str:
    """Return the template as it is sent to ROS."""
    return TEMPLATE.read_text(encoding="utf-8")


@functools.cache
def parse_template(text: str) -> Template:
    """Return the template's document."""
    document: Template = yaml.safe_load(text)
    return document


def defaults_of(template: Template) -> dict[str, str]:
    """Return the default of each parameter, an empty text for one without."""
    return {name: str(one.get("Default", "")) for name, one in template["Parameters"].items()}


def variables_of(template: Template, function: str) -> Mapping[str, Any]:
    """Return the environment variables that the template gives a function."""
    properties = template["Resources"][f"{function.capitalize()}Function"]["Properties"]
    variables: Mapping[str, Any] = properties["EnvironmentVariables"]
    return variables


def hidden_values(template: Template, function: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the values of NoEcho parameters, which ROS never returns, from the variables a function has."""
    return {
        value["Ref"]: variables.get(name, "")
        for name, value in variables_of(template, function).items()
        if template["Parameters"].get(value.get("Ref"), {}).get("NoEcho")
    }
