"""A deployed function's environment variables, secrets included: only an account's administrators may ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from alibabacloud_fc20230330.client import Client
from alibabacloud_fc20230330.models import GetFunctionRequest

FRACTION = re.compile(r"\.[0-9]+")  # of a second


class DeployedFunction(NamedTuple):
    """`modified` is the Unix time of the function's last change."""

    variables: Mapping[str, str]
    modified: float

    def __repr__(self) -> str:
        return f"DeployedFunction({sorted(self.variables)}, {self.modified})"


def get_function(client: Client, stack: str, function: str) -> DeployedFunction:
    """Return a function of a stack as it is now."""
    body = client.get_function(f"{stack}-{function}", GetFunctionRequest()).body
    modified = datetime.strptime(FRACTION.sub("", body.last_modified_time), "%Y-%m-%dT%H:%M:%S%z")
    return DeployedFunction(body.environment_variables or {}, modified.timestamp())
