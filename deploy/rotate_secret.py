"""`make rotate-secret STACK=uploads REGION=cn-hangzhou`: a new ticket secret, in two steps.

After the first step, the new secret signs and the old one still verifies. The second step drops the old one,
once its last ticket has ended; so no upload fails. After a leak nobody can wait: NOW=1 replaces the secret in
one step, and what is being uploaded then has to be uploaded again. No secret is shown, or stored on this
machine: the present one is read from the callback function, which an update changes before token.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from math import ceil
from typing import NamedTuple

from deploy.aliyun.clients import Cloud, account_id, connect_region
from deploy.aliyun.functions import DeployedFunction, get_function
from deploy.aliyun.ros_stack import Stacks
from deploy.arguments import OPTIONS, Arguments, read_arguments
from deploy.errors import CommandError
from deploy.exit_messages import run_command
from deploy.stack_buckets import require_packages
from deploy.terminal import Ask, Show, ask_permission
from deploy.ticket_secret import LONGEST_TICKET_SECONDS, new_ticket_secret

NOW = "NOW"
VARIABLE = "TICKET_SECRET"


class Step(NamedTuple):
    """The secrets that both functions get, the signing one first, and what to say when they have them."""

    secrets: tuple[str, ...]
    message: str


def main(env: Mapping[str, str]) -> None:
    """Take the next step. Raises the exceptions that `exit_messages` knows."""
    arguments = read_arguments(env, options=(*OPTIONS, NOW), settings=())
    cloud = connect_region(arguments.region, arguments.oss_endpoint)
    rotate(arguments, cloud, Stacks(cloud.ros, arguments.region), time.time, print, input)


def rotate(
    arguments: Arguments, cloud: Cloud, stacks: Stacks, now: Callable[[], float], show: Show, ask: Ask
) -> None:
    """Take the next step. Raises `CommandError` if it is too early, `StackFailed` if ROS could not.

    Raises `CommandError` too where the new secret would go to a package of somebody else.
    """
    account = account_id(cloud)
    stacks.find_idle(arguments.stack, show)
    stack = stacks.find_working(arguments.stack)
    token, callback = (get_function(cloud.fc, stack.name, function) for function in ("token", "callback"))
    step = replacement() if arguments.now else next_step(token, callback, now())
    ask_permission(arguments, account, "Change its secret there?", show, ask)
    require_packages(cloud, account, stack.parameters)
    seen = stacks.events_so_far(stack)
    if not stacks.update(stack, stacks.template_of(stack), {"TicketSecret": ",".join(step.secrets)}):
        raise CommandError(
            f"The functions have different secrets, and not by this command: {NOW}=1 gives both a new one."
        )
    stacks.watch(stack.id, show, seen)
    show(step.message)


def next_step(token: DeployedFunction, callback: DeployedFunction, now: float) -> Step:
    """Return the step to take now. Raises `CommandError` while tickets of the old secret are valid."""
    present = tuple(callback.variables[VARIABLE].split(","))
    if token.variables[VARIABLE] != callback.variables[VARIABLE]:
        # an update changed callback, and then ended before it changed token
        return Step(present, "The interrupted step is done. Run it again for the next one.")
    if len(present) == 1:
        minutes = ceil(LONGEST_TICKET_SECONDS / 60)
        message = f"The new secret signs. Run it again in {minutes} minutes or later, to drop the old one."
        return Step((new_ticket_secret(), *present), message)
    wait = max(token.modified, callback.modified) + LONGEST_TICKET_SECONDS - now
    if wait > 0:
        raise CommandError(
            f"Too early: tickets of the old secret are valid for up to {ceil(wait / 60)} more minutes. "
            f"{NOW}=1 does not wait; what is being uploaded then cannot be confirmed."
        )
    return Step(present[:1], "The old secret is gone.")


def replacement() -> Step:
    """Return the step that does not wait."""
    return Step(
        (new_ticket_secret(),), "The secret is replaced. What was being uploaded has to be uploaded again."
    )


if __name__ == "__main__":
    sys.exit(run_command(lambda: main(os.environ)))
