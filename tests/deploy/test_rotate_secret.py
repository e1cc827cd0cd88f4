"""What `make rotate-secret` changes, and when it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.aliyun.clients import Cloud
from deploy.aliyun.ros_stack import Stacks
from deploy.arguments import OPTIONS, read_arguments
from deploy.errors import CommandError, StackFailed
from deploy.rotate_secret import NOW, rotate
from deploy.ticket_secret import LONGEST_TICKET_SECONDS
from tests.support.cloud.commands import ANYONE, deploy, given
from tests.support.cloud.state import ACCOUNT, State

MODIFIED = 1767225600.0  # 2026-01-01T00:00:00Z, as the stand-in says of its functions
LATER = MODIFIED + LONGEST_TICKET_SECONDS


def rotate_once(
    cloud: Cloud, now: float = LATER, ask: Callable[[str], str] = lambda _: "no", **options: str
) -> list[str]:
    env = given(**{"STACK": "uploads", "REGION": "cn-hangzhou", "YES": "1", **options})
    arguments = read_arguments(env, options=(*OPTIONS, NOW), settings=())
    shown: list[str] = []
    stacks = Stacks(cloud.ros, "cn-hangzhou", pause=lambda _: None)
    rotate(arguments, cloud, stacks, lambda: now, shown.append, ask)
    return shown


def secrets_of(state: State) -> list[str]:
    (stack,) = state.stacks.values()
    return str(stack["values"]["TicketSecret"]).split(",")


def test_two_steps_leave_nothing_of_the_old_secret(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    (old,) = secrets_of(state)
    first = rotate_once(cloud)
    new, kept = secrets_of(state)
    assert (kept, new != old, len(new)) == (old, True, 64)
    assert first[-1] == "The new secret signs. Run it again in 1441 minutes or later, to drop the old one."
    second = rotate_once(cloud)
    assert secrets_of(state) == [new]
    assert second[-1] == "The old secret is gone."
    assert not any(secret in line for line in first + second for secret in (old, new))


def test_the_second_step_waits_for_the_last_ticket(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    rotate_once(cloud)
    before = secrets_of(state)
    for seconds, minutes in ((7200, 120), (100, 2), (1, 1)):
        with pytest.raises(CommandError, match=f"^Too early: .* for up to {minutes} more minutes"):
            rotate_once(cloud, now=LATER - seconds)
    assert secrets_of(state) == before


@pytest.mark.parametrize("function", ["token", "callback"])
def test_it_waits_for_the_function_that_changed_last(cloud: Cloud, state: State, function: str) -> None:
    """The other one was changed a day before: token signed with the old secret until its own change."""
    deploy(cloud, **ANYONE)
    rotate_once(cloud)
    other = {"token": "callback", "callback": "token"}[function]
    state.modified = {f"uploads-{other}": "2025-12-31T00:00:00Z"}
    with pytest.raises(CommandError, match=r"for up to 1 more minutes"):
        rotate_once(cloud, now=LATER - 60)
    assert rotate_once(cloud, now=LATER)[-1] == "The old secret is gone."


def test_the_wait_is_as_long_as_the_longest_ticket() -> None:
    """23 hours for the parts of a file, an hour to confirm, a minute between two clocks."""
    assert LONGEST_TICKET_SECONDS == 23 * 3600 + 3600 + 60


def test_a_lost_secret_does_not_wait(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    (lost,) = secrets_of(state)
    assert rotate_once(cloud, NOW="1")[-1].startswith("The secret is replaced.")
    (new,) = secrets_of(state)
    rotate_once(cloud)
    rotate_once(cloud, now=MODIFIED, NOW="1")
    assert not {lost, new} & set(secrets_of(state))


def test_nothing_but_the_secret_changes(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    (stack,) = state.stacks.values()
    stack["template"] = {**stack["template"], "Description": "as somebody deployed it last year"}
    before = (stack["template"], {**stack["values"], "TicketSecret": ""})
    rotate_once(cloud)
    assert (stack["template"], {**stack["values"], "TicketSecret": ""}) == before


def test_a_deploy_between_the_steps_keeps_both(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    rotate_once(cloud)
    both = secrets_of(state)
    deploy(cloud, MAX_BYTES="5")
    assert secrets_of(state) == both


@pytest.mark.parametrize("callback", ["n" * 32 + "," + "o" * 32, "n" * 32])
def test_an_interrupted_step_is_finished_first(cloud: Cloud, state: State, callback: str) -> None:
    deploy(cloud, **ANYONE)
    state.drifted = {"uploads-callback": callback}
    assert rotate_once(cloud, now=MODIFIED)[-1].startswith("The interrupted step is done.")
    assert ",".join(secrets_of(state)) == callback


def test_a_secret_that_somebody_changed_by_hand_is_reported(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.drifted = {"uploads-token": "t" * 32}
    with pytest.raises(
        CommandError, match=r"^The functions have different secrets, .*NOW=1 gives both a new one"
    ):
        rotate_once(cloud)
    assert rotate_once(cloud, NOW="1")[-1].startswith("The secret is replaced.")


def test_a_step_that_is_rolled_back_is_a_failure(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    before = secrets_of(state)
    state.fails["TokenFunction"] = "InvalidArgument: too long"
    with pytest.raises(StackFailed, match=r"^TokenFunction"):
        rotate_once(cloud)
    assert secrets_of(state) == before


def test_nothing_is_done_without_permission(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    before = list(state.writes)
    with pytest.raises(CommandError, match="Nothing was done"):
        rotate_once(cloud, YES="0")
    assert state.writes == before


def test_permission_is_asked_for_and_given(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "yes"

    shown = rotate_once(cloud, ask=ask, YES="0")
    assert asked == ["Change its secret there? Type yes: "]
    assert shown[0] == f"account {ACCOUNT}, region cn-hangzhou, stack uploads"
    assert len(secrets_of(state)) == 2


def test_an_earlier_command_is_waited_for_and_its_events_are_shown_once(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    (stack,) = state.stacks.values()
    stack.update({"Status": "UPDATE_IN_PROGRESS", "next": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]})
    shown = rotate_once(cloud)
    assert shown[0] == "An earlier command is still running; waiting for it."
    assert sum(line == "CREATE_COMPLETE      TokenFunction" for line in shown) == 1
    assert sum(line == "UPDATE_COMPLETE      TokenFunction" for line in shown) == 1


def test_nothing_is_asked_while_it_is_too_early(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    rotate_once(cloud)

    def ask(question: str) -> str:
        raise AssertionError(question)

    with pytest.raises(CommandError, match="NOW=1 does not wait; what is being uploaded then cannot be conf"):
        rotate_once(cloud, now=MODIFIED, ask=ask, YES="0")
    assert len(secrets_of(state)) == 2


def test_without_a_stack_it_says_so(cloud: Cloud) -> None:
    with pytest.raises(CommandError, match="There is no stack uploads in cn-hangzhou"):
        rotate_once(cloud)


def test_a_stack_whose_creation_failed_has_no_secret(cloud: Cloud, state: State) -> None:
    state.fails["TokenRole"] = "EntityAlreadyExists.Role"
    with pytest.raises(StackFailed):
        deploy(cloud, **ANYONE)
    with pytest.raises(CommandError, match="Stack uploads is CREATE_ROLLBACK_COMPLETE"):
        rotate_once(cloud)
