"""What a deployed function has, as Function Compute tells it to who may manage it: secrets too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from alibabacloud_fc20230330.client import Client
from alibabacloud_fc20230330.models import GetFunctionRequest

FRACTION = re.compile(r"\.[0-9]+")


class Deployed(NamedTuple):
    """A function's variables; `since` is the Unix time of its last change."""

    variables: Mapping[str, str]
    since: float

    def __repr__(self) -> str:
        return f"Deployed({sorted(self.variables)}, {self.since})"


def deployed(client: Client, stack: str, function: str) -> Deployed:
    """Return what a stack's function has."""
    told = client.get_function(f"{stack}-{function}", GetFunctionRequest()).body
    at = datetime.strptime(FRACTION.sub("", told.last_modified_time), "%Y-%m-%dT%H:%M:%S%z")
    return Deployed(told.environment_variables or {}, at.timestamp())
