"""How a command that changes the cloud asks for leave, and how it ends: well, or with a sentence."""

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

from deploy.aliyun.ros_stack import Show, StackFailed
from deploy.arguments import Arguments, Unusable

NOTHING_DONE = "Nothing was done."
AGAIN = "Run it again: it goes on from where it is."
# what ends a command, and what is said of it; the first that fits
SAYINGS: tuple[tuple[tuple[type[BaseException], ...], Callable[[Any], str]], ...] = (
    ((Unusable,), str),
    ((StackFailed,), lambda end: f"ROS could not do it. The first that failed: {end}"),
    ((AlibabaCloudException, ServiceError), lambda end: f"Alibaba Cloud refused: {end.code}: {end.message}"),
    # what the network did is not quoted: addresses stand in it, and in ROS's the ticket secret
    (
        (UnretryableException, RequestError, ResponseError),
        lambda _: f"Alibaba Cloud did not answer, several times. {AGAIN}",
    ),
    ((BaseError,), lambda end: f"OSS cannot be asked that: {end}"),  # by its SDK, such as a bucket's name
    ((subprocess.CalledProcessError,), lambda _: "What a function needs could not be installed: see above."),
    ((EOFError,), lambda _: "Nobody can be asked here. YES=1 answers all but what DELETE_UPLOADS=1 asks."),
    ((KeyboardInterrupt,), lambda _: f"Interrupted. {AGAIN}"),
)
ENDS = (OperationError, *(kind for kinds, _ in SAYINGS for kind in kinds))
Ask = Callable[[str], str]


def ask_leave(arguments: Arguments, account: str, question: str, show: Show, ask: Ask) -> None:
    """Show whose account it is and where; raise `Unusable` unless told to go on."""
    show(f"account {account}, region {arguments.region}, stack {arguments.stack}")
    if not arguments.yes and ask(f"{question} Type yes: ").strip() != "yes":
        raise Unusable(NOTHING_DONE)


def status(run: Callable[[], object]) -> int:
    """Run a command; return its exit status, having said why it failed."""
    try:
        run()
    except ENDS as end:
        print(sentence(end), file=sys.stderr)
        return 1
    return 0


def sentence(end: BaseException) -> str:
    """Say why a command ended; it is one of `ENDS`."""
    cause = end.unwrap() if isinstance(end, OperationError) else end
    return next(said(cause) for kinds, said in SAYINGS if isinstance(cause, kinds))
