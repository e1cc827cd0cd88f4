"""`make rotate-secret STACK=uploads REGION=cn-hangzhou`: a new ticket secret, unnoticed by uploads under way.

Run once, the new secret signs and the old one still verifies; run again when the last ticket of the old one
has ended, the old one goes. Whoever has lost the secret cannot wait: NOW=1 replaces it in one step, and what
is under way has to be uploaded again. No secret is shown, or kept here: the one in use is asked of the
callback function, which an update reaches before the function that signs.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from deploy.aliyun.clients import Cloud, access_key, account_id, connect, endpoints_of
from deploy.aliyun.functions import Deployed, deployed
from deploy.aliyun.ros_stack import Show, Stacks
from deploy.arguments import OWN, Arguments, Unusable, read
from deploy.exit_messages import Ask, ask_leave, status
from grants.lifetime import CONFIRM_SECONDS, MAX_GRANT_SECONDS
from vendored.ticket import CLOCK_LEEWAY_SECONDS

AT_ONCE = "NOW"
VARIABLE = "TICKET_SECRET"
SECRET_BYTES = 48
LONGEST_TICKET_SECONDS = MAX_GRANT_SECONDS + CONFIRM_SECONDS + CLOCK_LEEWAY_SECONDS


class Step(NamedTuple):
    """What both functions are to have, and what that means to whoever asked."""

    secrets: tuple[str, ...]
    said: str


def new_secret() -> str:
    """Return a ticket secret as the template takes it."""
    return secrets.token_urlsafe(SECRET_BYTES)


def rotate(
    arguments: Arguments, cloud: Cloud, stacks: Stacks, now: Callable[[], float], show: Show, ask: Ask
) -> None:
    """Take the next step. Raises `Unusable` when it is too early, `StackFailed` when ROS cannot."""
    account = account_id(cloud)
    stacks.settled(arguments.stack, show)
    stack = stacks.standing(arguments.stack)
    token, callback = (deployed(cloud.fc, stack.name, function) for function in ("token", "callback"))
    step = replaced() if arguments.at_once else next_step(token, callback, now())
    ask_leave(arguments, account, "Change its secret there?", show, ask)
    seen = stacks.events_so_far(stack)
    if not stacks.update(stack, stacks.template_of(stack), {"TicketSecret": ",".join(step.secrets)}):
        raise Unusable(
            f"The functions' secrets differ, and not from this command: {AT_ONCE}=1 gives both a new one."
        )
    stacks.watch(stack.id, show, seen)
    show(step.said)


def next_step(token: Deployed, callback: Deployed, now: float) -> Step:
    """Return what comes after what both functions have. Raises `Unusable` while old tickets live."""
    held = tuple(callback.variables[VARIABLE].split(","))  # the first signs
    if token.variables[VARIABLE] != callback.variables[VARIABLE]:
        # a step that was rolled back half way: callback's is the later
        return Step(held, "The step that was cut off is done. Run it again for the next one.")
    if len(held) == 1:
        hours = LONGEST_TICKET_SECONDS / 3600
        said = f"The new secret signs. Run it again in {hours:.0f} hours or later: then the old one goes."
        return Step((new_secret(), *held), said)
    left = max(token.since, callback.since) + LONGEST_TICKET_SECONDS - now
    if left > 0:
        raise Unusable(
            f"Too early: tickets of the old secret may still come for {left / 60:.0f} minutes. {AT_ONCE}=1 "
            "does not wait; what is being uploaded then cannot be confirmed."
        )
    return Step(held[:1], "The old secret is gone.")


def replaced() -> Step:
    """Return the step that does not wait."""
    return Step((new_secret(),), "The secret is replaced. What was under way has to be uploaded again.")


def main(env: Mapping[str, str]) -> None:
    """Rotate. Raises what `saying.status` tells."""
    arguments = read(env, own=(*OWN, AT_ONCE), settings=())
    cloud = connect(arguments.region, access_key(), endpoints_of(arguments.region))
    rotate(arguments, cloud, Stacks(cloud.ros, arguments.region), time.time, print, input)


if __name__ == "__main__":
    sys.exit(status(lambda: main(os.environ)))
