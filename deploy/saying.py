"""How a command that changes the cloud asks for leave, and how it ends: well, or with a sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable

from alibabacloud_oss_v2.exceptions import BaseError
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from arguments import Arguments, Unusable
from ros_stack import Show, StackFailed

NOTHING_DONE = "Nothing was done."
Ask = Callable[[str], str]


def ask_leave(arguments: Arguments, account: str, question: str, show: Show, ask: Ask) -> None:
    """Show whose account it is and where; raise `Unusable` unless told to go on."""
    show(f"account {account}, region {arguments.region}, stack {arguments.stack}")
    if not arguments.yes and ask(f"{question} Type yes: ").strip() != "yes":
        raise Unusable(NOTHING_DONE)


def status(run: Callable[[], None]) -> int:
    """Run a command; return its exit status, having said why it failed."""
    try:
        run()
    except Unusable as problem:
        return failed(str(problem))
    except EOFError:  # input() found no terminal
        return failed("Nobody can be asked here: say YES=1.")
    except StackFailed as failure:
        return failed(f"ROS could not do it. The first that failed: {failure}")
    except (AlibabaCloudException, BaseError) as refused:
        return failed(f"Alibaba Cloud refused: {refused}")
    return 0


def failed(sentence: str) -> int:
    """Say why, where errors are said; return the status."""
    print(sentence, file=sys.stderr)
    return 1
