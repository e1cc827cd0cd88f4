"""What Function Compute says of functions: variables, secrets included, and reserved instances.

Only an account's administrators may ask.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from alibabacloud_fc20230330.client import Client
from alibabacloud_fc20230330.models import GetFunctionRequest, ListConcurrencyConfigsRequest

PAGE_SIZE = 100  # Function Compute: the most
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


def reserved_instances(client: Client) -> dict[str, int]:
    """Return how many instances of the region's quota are reserved for each function that has a cap."""
    reserved: dict[str, int] = {}
    asked = ListConcurrencyConfigsRequest(limit=PAGE_SIZE)
    while True:
        page = client.list_concurrency_configs(asked).body
        for one in page.configs or []:
            reserved[one.function_arn.rpartition("/")[2]] = one.reserved_concurrency or 0
        if not page.next_token:
            return reserved
        asked.next_token = page.next_token
