"""What `make destroy` takes away, and what it keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.aliyun.clients import Cloud
from deploy.aliyun.ros_stack import Stacks
from deploy.arguments import OPTIONS, read_arguments
from deploy.destroy import DELETE_UPLOADS, destroy
from deploy.errors import CommandError
from tests.support.cloud.commands import ANYONE, CODE, UPLOADS, deploy, given
from tests.support.cloud.state import State


def delete(cloud: Cloud, shown: list[str], ask: Callable[[str], str], **options: str) -> None:
    env = given(**{"STACK": "uploads", "REGION": "cn-hangzhou", **options})
    arguments = read_arguments(env, options=(*OPTIONS, DELETE_UPLOADS), settings=())
    destroy(arguments, cloud, Stacks(cloud.ros, "cn-hangzhou", pause=lambda _: None), shown.append, ask)


def deployed(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.buckets[UPLOADS] = {"uploads/_/x.txt": (b"kept", {})}


def test_stack_and_packages_go_and_uploads_stay(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    shown: list[str] = []
    delete(cloud, shown, lambda _: "no", YES="1")
    assert [one["Status"] for one in state.stacks.values()] == ["DELETE_COMPLETE"]
    assert CODE not in state.buckets
    assert state.buckets[UPLOADS] == {"uploads/_/x.txt": (b"kept", {})}
    assert f"kept {UPLOADS} with every upload; DELETE_UPLOADS=1 deletes it" in shown


def test_uploads_go_when_asked_twice(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    delete(cloud, [], lambda _: UPLOADS, YES="1", DELETE_UPLOADS="1")
    assert UPLOADS not in state.buckets


@pytest.mark.parametrize("options", [{"DELETE_UPLOADS": "1", "YES": "1"}, {}])
def test_nothing_goes_without_leave(cloud: Cloud, state: State, options: dict[str, str]) -> None:
    deployed(cloud, state)
    before = list(state.writes)
    with pytest.raises(CommandError, match="Nothing was done"):
        delete(cloud, [], lambda _: "no", **options)
    assert state.writes == before


def test_a_second_time_there_is_nothing_left_to_do(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    for _ in range(2):
        delete(cloud, [], lambda _: "no", YES="1")
    assert state.writes.count("DeleteStack") == 1


def test_it_takes_no_settings(cloud: Cloud) -> None:
    with pytest.raises(CommandError, match="MAX_BYTES: no such setting"):
        delete(cloud, [], lambda _: "no", MAX_BYTES="1")


def test_of_a_bucket_of_ones_own_only_uploads_go(cloud: Cloud, state: State) -> None:
    state.buckets["mine"] = {"uploads/_/x.txt": (b"upload", {}), "contracts/a.pdf": (b"precious", {})}
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="mine")
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "mine"

    delete(cloud, [], ask, YES="1", DELETE_UPLOADS="1")
    assert state.buckets["mine"] == {"contracts/a.pdf": (b"precious", {})}
    assert asked == ["Delete everything below uploads/ in your bucket? Type mine: "]


def test_cut_off_after_the_stack_it_still_knows_whose_uploads_they_were(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="mine")
    state.buckets["mine"] = {"uploads/_/x.txt": (b"upload", {})}
    delete(cloud, [], lambda _: "no", YES="1")
    shown: list[str] = []
    delete(cloud, shown, lambda _: "no", YES="1")
    assert "kept mine with every upload; DELETE_UPLOADS=1 deletes it" in shown
    delete(cloud, [], lambda _: "mine", YES="1", DELETE_UPLOADS="1")
    assert "mine" not in state.buckets
