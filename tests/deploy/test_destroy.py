"""What `make destroy` deletes, and what it keeps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.aliyun.clients import Cloud
from deploy.aliyun.ros_stack import Stacks
from deploy.arguments import OPTIONS, read_arguments
from deploy.destroy import DELETE_UPLOADS, destroy
from deploy.errors import CommandError, StackFailed
from tests.support.cloud.commands import ANYONE, CODE, UPLOADS, deploy, given
from tests.support.cloud.state import ACCOUNT, State


def delete(cloud: Cloud, shown: list[str], ask: Callable[[str], str], **options: str) -> None:
    env = given(**{"STACK": "uploads", "REGION": "cn-hangzhou", **options})
    arguments = read_arguments(env, options=(*OPTIONS, DELETE_UPLOADS), settings=())
    destroy(arguments, cloud, Stacks(cloud.ros, "cn-hangzhou", pause=lambda _: None), shown.append, ask)


def deployed(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.buckets[UPLOADS] = {"uploads/_/x.txt": (b"kept", {})}


def test_stack_and_packages_are_deleted_and_uploads_stay(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    shown: list[str] = []
    delete(cloud, shown, lambda _: "no", YES="1")
    assert [one["Status"] for one in state.stacks.values()] == ["DELETE_COMPLETE"]
    assert CODE not in state.buckets
    assert state.buckets[UPLOADS] == {"uploads/_/x.txt": (b"kept", {})}
    assert f"kept {UPLOADS} with every upload; DELETE_UPLOADS=1 deletes it" in shown


def test_uploads_are_deleted_after_a_second_question(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    delete(cloud, [], lambda _: UPLOADS, YES="1", DELETE_UPLOADS="1")
    assert UPLOADS not in state.buckets


@pytest.mark.parametrize("options", [{"DELETE_UPLOADS": "1", "YES": "1"}, {}])
def test_nothing_is_deleted_without_permission(cloud: Cloud, state: State, options: dict[str, str]) -> None:
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


def test_in_a_bucket_that_existed_before_only_uploads_are_deleted(cloud: Cloud, state: State) -> None:
    state.buckets["mine"] = {"uploads/_/x.txt": (b"upload", {}), "contracts/a.pdf": (b"precious", {})}
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="mine")
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "mine"

    delete(cloud, [], ask, YES="1", DELETE_UPLOADS="1")
    assert state.buckets["mine"] == {"contracts/a.pdf": (b"precious", {})}
    assert asked == ["Delete everything below uploads/ in your bucket? Type mine: "]


@pytest.mark.parametrize("newest_first", [False, True])
def test_whose_bucket_it_is_is_read_from_the_newest_stack(
    cloud: Cloud, state: State, *, newest_first: bool
) -> None:
    """The first stack made the bucket; when the second found it, it could hold other files too."""
    state.newest_first = newest_first
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="media")
    delete(cloud, [], lambda _: "no", YES="1")
    state.buckets["media"] = {"uploads/_/x.txt": (b"upload", {})}
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="media")
    assert [one["values"]["ExistingUploadBucket"] for one in state.stacks.values()] == ["false", "true"]
    state.buckets["media"] = {"uploads/_/x.txt": (b"upload", {}), "contracts/a.pdf": (b"precious", {})}
    delete(cloud, [], lambda _: "media", YES="1", DELETE_UPLOADS="1")
    assert state.buckets["media"] == {"contracts/a.pdf": (b"precious", {})}


def test_a_bucket_with_a_name_of_ones_own_that_a_deploy_made_is_deleted(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="media")
    state.buckets["media"] = {"elsewhere/x.txt": (b"", {})}
    shown: list[str] = []
    delete(cloud, shown, lambda _: "media", YES="1", DELETE_UPLOADS="1")
    assert "media" not in state.buckets
    assert shown[-1] == "deleted media"


def test_a_bucket_of_the_stacks_name_is_deleted_even_if_a_later_stack_found_it(
    cloud: Cloud, state: State
) -> None:
    deployed(cloud, state)
    delete(cloud, [], lambda _: "no", YES="1")
    deploy(cloud, **ANYONE)
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return f" {UPLOADS} "

    delete(cloud, [], ask, YES="1", DELETE_UPLOADS="1")
    assert UPLOADS not in state.buckets
    assert asked == [f"Delete every upload? Type {UPLOADS}: "]


def test_of_uploads_that_are_gone_nothing_is_said(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    delete(cloud, [], lambda _: UPLOADS, YES="1", DELETE_UPLOADS="1")
    shown: list[str] = []
    delete(cloud, shown, lambda _: "no", YES="1")
    assert shown == [f"account {ACCOUNT}, region cn-hangzhou, stack uploads"]


def test_another_name_typed_for_the_bucket_deletes_nothing(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    before = list(state.writes)
    with pytest.raises(CommandError, match=r"^Nothing was done\.$"):
        delete(cloud, [], lambda _: CODE, YES="1", DELETE_UPLOADS="1")
    assert (state.writes, CODE in state.buckets) == (before, True)


def test_only_what_is_below_the_stacks_prefix_is_deleted(cloud: Cloud, state: State) -> None:
    state.buckets["mine"] = {"in/x.txt": (b"", {}), "uploads/x.txt": (b"", {})}
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="mine", UPLOAD_PREFIX="in/")
    shown: list[str] = []
    delete(cloud, shown, lambda _: "mine", YES="1", DELETE_UPLOADS="1")
    assert set(state.buckets["mine"]) == {"uploads/x.txt"}
    assert shown[-1] == "deleted everything below in/ in mine"


def test_permission_is_asked_for_with_account_and_region(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    asked: list[str] = []
    shown: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "yes"

    delete(cloud, shown, ask)
    assert asked == ["Delete it there? Type yes: "]
    assert shown[0] == f"account {ACCOUNT}, region cn-hangzhou, stack uploads"
    assert [one["Status"] for one in state.stacks.values()] == ["DELETE_COMPLETE"]


def test_an_earlier_command_is_waited_for(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    (stack,) = state.stacks.values()
    stack.update({"Status": "UPDATE_IN_PROGRESS", "next": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]})
    shown: list[str] = []
    delete(cloud, shown, lambda _: "no", YES="1")
    assert shown[0] == "An earlier command is still running; waiting for it."
    assert stack["Status"] == "DELETE_COMPLETE"


def test_what_was_shown_of_the_stack_before_is_not_shown_again(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    shown: list[str] = []
    delete(cloud, shown, lambda _: "no", YES="1")
    assert not any(line.startswith("CREATE_COMPLETE") for line in shown)


def test_a_stack_that_ros_cannot_delete_keeps_everything_else(cloud: Cloud, state: State) -> None:
    deployed(cloud, state)
    state.fails["delete LogsProject"] = "ProjectForbidden: not yours"
    with pytest.raises(StackFailed, match=r"^LogsProject: ProjectForbidden"):
        delete(cloud, [], lambda _: UPLOADS, YES="1", DELETE_UPLOADS="1")
    assert {CODE, UPLOADS} <= set(state.buckets)


def test_interrupted_after_the_stack_it_still_knows_the_upload_bucket(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="mine")
    state.buckets["mine"] = {"uploads/_/x.txt": (b"upload", {})}
    delete(cloud, [], lambda _: "no", YES="1")
    shown: list[str] = []
    delete(cloud, shown, lambda _: "no", YES="1")
    assert "kept mine with every upload; DELETE_UPLOADS=1 deletes it" in shown
    delete(cloud, [], lambda _: "mine", YES="1", DELETE_UPLOADS="1")
    assert "mine" not in state.buckets
