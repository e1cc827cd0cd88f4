"""How a command that changes the cloud asks for leave, and how it ends: well, or with a sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable

from alibabacloud_oss_v2.exceptions import OperationError, ServiceError
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from darabonba.exceptions import UnretryableException

from arguments import Arguments, Unusable
from ros_stack import Show, StackFailed

NOTHING_DONE = "Nothing was done."
AGAIN = "Run it again: it goes on from where it is."
ENDS = (
    Unusable,
    StackFailed,
    AlibabaCloudException,
    OperationError,
    UnretryableException,
    EOFError,
    KeyboardInterrupt,
)
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
    """Say why a command ended."""
    cause = end.unwrap() if isinstance(end, OperationError) else end
    if isinstance(cause, Unusable):
        return str(cause)
    if isinstance(cause, StackFailed):
        return f"ROS could not do it. The first that failed: {cause}"
    if isinstance(cause, (AlibabaCloudException, ServiceError)):
        return f"Alibaba Cloud refused: {cause.code}: {cause.message}"
    if isinstance(cause, EOFError):  # input() found no terminal
        return "Nobody can be asked here: say YES=1."
    if isinstance(cause, KeyboardInterrupt):
        return f"Interrupted. {AGAIN}"
    # what the network did is not quoted: addresses stand in it, and in ROS's the ticket secret
    return f"Alibaba Cloud did not answer, several times. {AGAIN}"
