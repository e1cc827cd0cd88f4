"""Settings that a function would refuse, found by the functions' own parsers before anything is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploy.template import Template, defaults_of, variables_of
from local.settings_check import PARSERS, refusal

# stands for the addresses that exist only once the stack is made, and is as long as the longest of them
FUTURE_ADDRESS = f"https://{'known-when-it-is-made'.ljust(62, '-')}x.oss-ap-northeast-1.aliyuncs.com"


def problems(template: Template, values: Mapping[str, str], region: str) -> Iterator[str]:
    """Yield a sentence for each function that would not start with these values."""
    for function in PARSERS:
        if refused := refusal(function, environment(template, function, values, region)):
            yield f"{function}: {refused}"


def environment(template: Template, function: str, values: Mapping[str, str], region: str) -> dict[str, str]:
    """Return the environment variables that a function would have with these values of parameters."""
    known = {**defaults_of(template), **values, "ALIYUN::Region": region}
    variables = variables_of(template, function).items()
    return {name: known.get(value.get("Ref", ""), FUTURE_ADDRESS) for name, value in variables}
