"""Settings that a function would refuse, found by the functions' own parsers before anything is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import completion.settings
import grants.settings
from deploy.template import Template, defaults_of, variables_of
from vendored.errors import Misconfigured

# stands for the addresses that exist only once the stack is made
FUTURE_ADDRESS = "https://known-when-it-is-made.example.com"
PARSERS = {"token": grants.settings.Settings.from_env, "callback": completion.settings.Settings.from_env}


def problems(template: Template, values: Mapping[str, str], region: str) -> Iterator[str]:
    """Yield a sentence for each function that would not start with these values."""
    for function in PARSERS:
        if refused := refusal(function, environment(template, function, values, region)):
            yield f"{function}: {refused}"


def refusal(function: str, variables: Mapping[str, str]) -> str:
    """Return what a function's parser refuses in its environment variables, or an empty text."""
    try:
        PARSERS[function](variables)
    except Misconfigured as problem:
        return problem.detail
    return ""


def environment(template: Template, function: str, values: Mapping[str, str], region: str) -> dict[str, str]:
    """Return the environment variables that a function would have with these values of parameters."""
    known = {**defaults_of(template), **values, "ALIYUN::Region": region}
    variables = variables_of(template, function).items()
    return {name: known.get(value.get("Ref", ""), FUTURE_ADDRESS) for name, value in variables}
