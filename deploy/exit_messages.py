"""How a command ends: with exit status 0, or with 1 and one sentence that says why."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from alibabacloud_oss_v2.exceptions import (
    BaseError,
    OperationError,
    RequestError,
    ResponseError,
    ServiceError,
)
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from darabonba.exceptions import UnretryableException

from deploy.aliyun.refusals import region_of
from deploy.errors import CommandError, StackFailed
from deploy.known_refusals import way_out

RUN_AGAIN = "Run it again: it continues where it stopped."
# exceptions that end a command, and the message for each; the first row that fits counts
MESSAGES: tuple[tuple[tuple[type[BaseException], ...], Callable[[Any], str]], ...] = (
    ((CommandError,), str),
    ((StackFailed,), lambda error: f"ROS could not do it: {error}"),
    (
        (AlibabaCloudException, ServiceError),
        lambda error: f"Alibaba Cloud refused: {error.code}: {error.message}",
    ),
    # the SDK's message is not shown: the request's address is in it, and with ROS the ticket secret in that
    (
        (UnretryableException, RequestError, ResponseError),
        lambda _: f"Alibaba Cloud did not answer, several times. {RUN_AGAIN}",
    ),
    # by OSS's SDK, before it sends anything: a bucket's name that no bucket can have, for instance
    ((BaseError,), lambda error: f"OSS cannot be asked that: {error}"),
    (
        (subprocess.CalledProcessError,),
        lambda _: "The packages that a function needs could not be installed: see above.",
    ),
    (
        (EOFError,),
        lambda _: (
            "There is no terminal to ask at. YES=1 answers every question but that of DELETE_UPLOADS=1."
        ),
    ),
    ((KeyboardInterrupt,), lambda _: f"Interrupted. {RUN_AGAIN}"),
)
EXPECTED = (OperationError, *(kind for kinds, _ in MESSAGES for kind in kinds))


def run_command(command: Callable[[], object]) -> int:
    """Run a command and return its exit status; print why it failed to standard error."""
    try:
        command()
    except EXPECTED as error:
        print(message_for(error), file=sys.stderr)
        return 1
    return 0


def message_for(error: BaseException) -> str:
    """Return the message for one of the `EXPECTED` exceptions, with the way out if it is known."""
    cause = error.unwrap() if isinstance(error, OperationError) else error
    text = next(message(cause) for kinds, message in MESSAGES if isinstance(cause, kinds))
    region = region_of(cause) if isinstance(cause, ServiceError) else ""
    way = "" if isinstance(cause, CommandError) else way_out(text, region)
    return f"{text} {way}".rstrip(" ")
