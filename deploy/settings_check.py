"""Settings that a function or ROS would refuse, found before anything is made.

Found by the functions' own parsers, and by the bounds of the template's parameters, which may be narrower.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from deploy.domains import BUCKET_OF
from deploy.template import Template, defaults_of, variables_of
from local.settings_check import PARSERS, refusal

# stands for the addresses that exist only once the stack is made, and is as long as the longest of them
FUTURE_ADDRESS = f"https://{'known-when-it-is-made'.ljust(62, '-')}x.oss-ap-northeast-1.aliyuncs.com"


def problems(template: Template, values: Mapping[str, str], region: str) -> Iterator[str]:
    """Yield a sentence for each function that would not start, or each value that ROS would not take."""
    found = False
    for function in PARSERS:
        if refused := refusal(function, environment(template, function, values, region)):
            found = True
            yield f"{function}: {refused}"
    if not found:
        yield from out_of_bounds(template, values)


def out_of_bounds(template: Template, values: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each value that a parameter of the template does not take, without the value.

    Not for domains, which `domains.py` judges.
    """
    for name, parameter in template["Parameters"].items():
        if name in BUCKET_OF:
            continue
        value, pattern = values.get(name), parameter.get("AllowedPattern")
        setting = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
        if value and len(value) > int(parameter.get("MaxLength", len(value))):
            yield f"{setting} may have at most {parameter['MaxLength']} characters in a deployment."
        elif value and pattern and not re.fullmatch(pattern, value):
            yield f"{setting} must match {pattern} in a deployment."


def environment(template: Template, function: str, values: Mapping[str, str], region: str) -> dict[str, str]:
    """Return the environment variables that a function would have with these values of parameters."""
    known = {**defaults_of(template), **values, "ALIYUN::Region": region}
    variables = variables_of(template, function).items()
    return {name: known.get(value.get("Ref", ""), FUTURE_ADDRESS) for name, value in variables}
