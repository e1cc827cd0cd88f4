"""What talks to the cloud, each function by itself."""

from __future__ import annotations

import mimetypes
import os
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
from alibabacloud_oss_v2.exceptions import OperationError
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from deploy.aliyun import ros_stack, site_files
from deploy.aliyun.artifacts import (
    delete_old_packages,
    ensure_private_bucket,
    put_package,
    stored_package,
)
from deploy.aliyun.buckets import bucket_exists, delete_bucket, require_bucket
from deploy.aliyun.clients import Cloud
from deploy.aliyun.functions import DeployedFunction, get_function
from deploy.aliyun.objects import delete_keys, delete_objects, entity_tags
from deploy.aliyun.ros_stack import Stack, Stacks
from deploy.aliyun.site_files import content_type, put_site
from deploy.aliyun.upload_cors import cors_rules
from deploy.errors import CommandError, StackFailed
from oss_emulator.http_messages import Body, Request
from oss_emulator.website import files as served_files
from tests.support.cloud.commands import ANYONE, deploy
from tests.support.cloud.packages import TOKEN as PACKAGE
from tests.support.cloud.state import ACCOUNT, OTHER_ACCOUNT, REGION, Refused, State

BUCKET = "mine"
NO_DOMAINS = {"SiteDomain": "", "UploadDomain": ""}


def hold(state: State, *keys: str) -> None:
    state.buckets[BUCKET] = {key: (key.encode(), {}) for key in keys}


# ---- Buckets


def test_a_bucket_of_this_account_and_region_exists(cloud: Cloud, state: State) -> None:
    assert not bucket_exists(cloud, ACCOUNT, BUCKET)
    hold(state)
    assert bucket_exists(cloud, ACCOUNT, BUCKET)


def test_a_bucket_of_somebody_else_or_elsewhere_is_one_sentence(cloud: Cloud, state: State) -> None:
    hold(state)
    state.elsewhere.add(BUCKET)
    with pytest.raises(CommandError, match="The bucket mine is in oss-us-west-1, not in oss-cn-hangzhou"):
        bucket_exists(cloud, ACCOUNT, BUCKET)
    state.foreign.add(BUCKET)
    other = f"^The bucket mine belongs to account {OTHER_ACCOUNT}, not to {ACCOUNT}. .* choose another STACK"
    with pytest.raises(CommandError, match=other):
        bucket_exists(cloud, ACCOUNT, BUCKET)
    del state.buckets[BUCKET]
    with pytest.raises(CommandError, match=r"^The bucket mine may not be used \(AccessDenied\): another acc"):
        bucket_exists(cloud, ACCOUNT, BUCKET)


def test_a_bucket_that_must_be_asked_at_its_own_endpoint_is_elsewhere(cloud: Cloud, state: State) -> None:
    state.at_their_endpoint.add(BUCKET)
    elsewhere = "^The bucket mine is at oss-us-west-1.aliyuncs.com, not in oss-cn-hangzhou.$"
    with pytest.raises(CommandError, match=elsewhere):
        bucket_exists(cloud, ACCOUNT, BUCKET)


def test_a_bucket_whose_owner_is_not_told_is_not_ours(cloud: Cloud, state: State) -> None:
    hold(state)
    state.without_owner.add(BUCKET)
    with pytest.raises(CommandError, match=r"^The bucket mine belongs to account \(not told\), not"):
        bucket_exists(cloud, ACCOUNT, BUCKET)


def test_a_name_that_is_taken_while_the_bucket_is_made_is_refused(cloud: Cloud, state: State) -> None:
    state.refusals[f"GET {BUCKET}/"] = [Refused(404, "NoSuchBucket", "The specified bucket does not exist.")]
    state.squat(BUCKET)
    with pytest.raises(OperationError, match="BucketAlreadyExists"):
        ensure_private_bucket(cloud, ACCOUNT, BUCKET)
    assert (state.writes, state.public_access_blocked) == ([], set())


def test_a_bucket_that_is_gone_can_be_taken(cloud: Cloud, state: State) -> None:
    with pytest.raises(
        CommandError, match=f"^The bucket mine is gone, and anybody may take its name.*{REGION}"
    ):
        require_bucket(cloud, ACCOUNT, BUCKET)
    hold(state)
    require_bucket(cloud, ACCOUNT, BUCKET)


def test_any_other_refusal_is_not_taken_for_a_missing_bucket(cloud: Cloud, state: State) -> None:
    state.refusals[f"GET {BUCKET}/"] = [Refused(400, "InvalidArgument", "not now")]
    with pytest.raises(OperationError, match="InvalidArgument"):
        bucket_exists(cloud, ACCOUNT, BUCKET)
    state.lost[f"GET {BUCKET}/"] = ["before"] * 99
    with pytest.raises(OperationError):
        bucket_exists(cloud, ACCOUNT, BUCKET)


def test_a_bucket_is_deleted_with_everything_in_it(cloud: Cloud, state: State) -> None:
    hold(state, "a", "b/c")
    delete_bucket(cloud.oss, BUCKET)
    assert BUCKET not in state.buckets


def test_any_other_refusal_is_not_taken_for_a_bucket_without_rules(cloud: Cloud, state: State) -> None:
    hold(state)
    assert cors_rules(cloud.oss, BUCKET) == []
    state.refusals[f"GET {BUCKET}/"] = [Refused(403, "AccessDenied", "not you")]
    with pytest.raises(OperationError, match="AccessDenied"):
        cors_rules(cloud.oss, BUCKET)


# ---- Objects


def test_every_page_of_a_list_is_read_and_deleted_in_parts_that_oss_takes(cloud: Cloud, state: State) -> None:
    keys = [f"uploads/{number:04d}" for number in range(2001)]
    hold(state, *keys, "contracts/a.pdf")
    assert list(entity_tags(cloud.oss, BUCKET, "uploads/")) == keys
    delete_objects(cloud.oss, BUCKET, "uploads/")
    assert set(state.buckets[BUCKET]) == {"contracts/a.pdf"}
    assert state.asked.count(f"POST {BUCKET}/") == 3


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (1000, 1), (1001, 2)])
def test_a_request_deletes_as_many_as_oss_takes(
    cloud: Cloud, state: State, count: int, requests: int
) -> None:
    keys = [f"{number:04d}" for number in range(count)]
    hold(state, *keys, "x")
    delete_keys(cloud.oss, BUCKET, keys)
    assert (set(state.buckets[BUCKET]), state.asked.count(f"POST {BUCKET}/")) == ({"x"}, requests)


def test_an_etag_is_told_without_its_quotes(cloud: Cloud, state: State) -> None:
    hold(state, "a")
    assert entity_tags(cloud.oss, BUCKET) == {"a": "0CC175B9C0F1B6A831C399E269772661"}


# ---- Packages


def test_a_new_bucket_of_packages_is_private_and_closed_to_the_public(cloud: Cloud, state: State) -> None:
    ensure_private_bucket(cloud, ACCOUNT, BUCKET)
    assert (state.acls, state.public_access_blocked) == ({BUCKET: "private"}, {BUCKET})


def test_public_access_is_blocked_to_a_bucket_that_was_there_too(cloud: Cloud, state: State) -> None:
    hold(state, PACKAGE.name)
    ensure_private_bucket(cloud, ACCOUNT, BUCKET)
    assert (state.writes, state.public_access_blocked) == ([], {BUCKET})


def test_a_package_is_known_by_its_content(cloud: Cloud, state: State) -> None:
    hold(state, PACKAGE.name)
    assert stored_package(cloud.oss, BUCKET, PACKAGE.name) == "other"
    put_package(cloud.oss, BUCKET, PACKAGE)
    content, headers = state.buckets[BUCKET][PACKAGE.name]
    assert (content, headers["content-type"]) == (PACKAGE.content, "application/zip")
    assert stored_package(cloud.oss, BUCKET, PACKAGE.name) == "same"
    state.buckets[BUCKET][PACKAGE.name] = (content + b"\0", headers)
    assert stored_package(cloud.oss, BUCKET, PACKAGE.name) == "other"
    state.buckets[BUCKET].clear()
    assert stored_package(cloud.oss, BUCKET, PACKAGE.name) == "missing"
    assert stored_package(cloud.oss, BUCKET, "token.zip") == "unknown"


def test_any_other_refusal_is_not_taken_for_a_missing_package(cloud: Cloud, state: State) -> None:
    hold(state, PACKAGE.name)
    state.refusals[f"GET {BUCKET}/{PACKAGE.name}"] = [Refused(403, "AccessDenied", "not you")]
    with pytest.raises(OperationError, match="AccessDenied"):
        stored_package(cloud.oss, BUCKET, PACKAGE.name)


def test_packages_that_are_used_stay(cloud: Cloud, state: State) -> None:
    hold(state, "old-1.zip", "old-2.zip", PACKAGE.name, "callback.zip")
    assert delete_old_packages(cloud.oss, BUCKET, {PACKAGE.name, "callback.zip"}) == 2
    assert set(state.buckets[BUCKET]) == {PACKAGE.name, "callback.zip"}
    assert delete_old_packages(cloud.oss, BUCKET, {PACKAGE.name, "callback.zip"}) == 0


# ---- The site


def test_files_with_a_hash_are_sent_first_and_the_page_that_asks_for_them_last(
    cloud: Cloud, state: State, tmp_path: Path
) -> None:
    hold(state, "assets/index-0ldHash1.js", "zz-stale.txt")
    for name in ("index.html", "icon.svg", "assets/z-12345678.css", "assets/a-12345678.js", "zz.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    change = put_site(cloud.oss, BUCKET, tmp_path)
    assert change.sent == (
        "assets/a-12345678.js",
        "assets/z-12345678.css",
        "icon.svg",
        "zz.txt",
        "index.html",
    )
    assert change.deleted == ("assets/index-0ldHash1.js", "zz-stale.txt")
    assert state.writes[-2:] == ["delete assets/index-0ldHash1.js", "delete zz-stale.txt"]
    assert put_site(cloud.oss, BUCKET, tmp_path) == ((), ())


def test_of_two_folders_the_later_one_decides(cloud: Cloud, state: State, tmp_path: Path) -> None:
    hold(state)
    for folder, text in (("built", "old"), ("written", "new")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "index.html").write_text(text)
    put_site(cloud.oss, BUCKET, tmp_path / "built", tmp_path / "written")
    assert state.buckets[BUCKET]["index.html"][0] == b"new"


@pytest.mark.parametrize("stale", ["content-type", "cache-control"])
def test_a_file_that_was_sent_with_other_headers_is_sent_again(
    cloud: Cloud, state: State, tmp_path: Path, stale: str
) -> None:
    hold(state)
    for name in ("a.js", "b.js"):
        (tmp_path / name).write_text(name)
    put_site(cloud.oss, BUCKET, tmp_path)
    state.buckets[BUCKET]["a.js"][1][stale] = "text/javascript"
    assert put_site(cloud.oss, BUCKET, tmp_path).sent == ("a.js",)
    assert put_site(cloud.oss, BUCKET, tmp_path).sent == ()


@pytest.mark.parametrize("said", ["text/javascript", "text/plain", "application/x-javascript"])
def test_the_type_of_a_script_is_one_that_oss_compresses_whatever_this_machine_says(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """OSS FAQ on gzip, 2024-11: `application/javascript` is in its list, `text/javascript` is not."""
    monkeypatch.setitem(mimetypes.types_map, ".js", said)
    assert content_type("assets/index-CVR7ZY6m.js") == "application/javascript; charset=utf-8"


def test_make_page_gives_each_file_the_type_that_a_deploy_gives_it(tmp_path: Path) -> None:
    for ending in (*site_files.TYPES, *served_files.TYPES, ".HTML", ".unknown", ""):
        name = f"a{ending}"
        (tmp_path / name).touch()
        answer = served_files.read_file([tmp_path], Request("GET", f"/{name}", {}, Body(lambda _: b"")), name)
        assert answer.headers["Content-Type"] == content_type(name), name


def test_only_text_has_an_encoding() -> None:
    assert content_type("a.css") == "text/css; charset=utf-8"
    assert content_type("A.HTML") == "text/html; charset=utf-8"
    assert content_type("a.json") == "application/json; charset=utf-8"
    assert content_type("a.png") == "image/png"
    assert content_type("LICENSE") == "application/octet-stream"


# ---- Functions


@pytest.mark.parametrize(
    "modified", ["2026-01-01T00:00:00Z", "2026-01-01T08:00:00.999999999+08:00", "2026-01-01T00:00:00.5+0000"]
)
def test_a_functions_time_is_read_to_the_second(cloud: Cloud, state: State, modified: str) -> None:
    deploy(cloud, **ANYONE)
    state.modified = {"uploads-token": modified}
    assert get_function(cloud.fc, "uploads", "token").modified == 1767225600.0


def test_no_secret_of_a_function_is_in_its_text() -> None:
    function = DeployedFunction({"TICKET_SECRET": "hidden", "A": ""}, 1.0)
    assert repr(function) == "DeployedFunction(['A', 'TICKET_SECRET'], 1.0)"


# ---- The stack


def stacks_of(cloud: Cloud, pauses: list[float] | None = None) -> Stacks:
    return Stacks(cloud.ros, REGION, pause=([] if pauses is None else pauses).append)


def add_stack(state: State, stack_id: str, *, name: str = "uploads", **changed: Any) -> dict[str, Any]:
    """Put a stack into the cloud as ROS has it, without having deployed it."""
    state.stacks[stack_id] = {
        "StackId": stack_id,
        "StackName": name,
        "Status": "CREATE_COMPLETE",
        "StatusReason": "",
        "events": [],
        "next": [],
        "template": {"Parameters": {}},
        "values": {**NO_DOMAINS, "UploadBucket": stack_id, "SiteBucket": "s", "LogProject": "l"},
        "CreateTime": f"2026-01-01T00:00:{len(state.stacks):02d}",
        **changed,
    }
    return state.stacks[stack_id]


def event(name: str, status: str, reason: str = "") -> dict[str, str]:
    return {
        "EventId": f"{name} {status}",
        "LogicalResourceId": name,
        "Status": status,
        "StatusReason": reason,
    }


@pytest.mark.parametrize(
    ("code", "message"),
    [("NotSupported", "ROLLBACK_FAILED stacks cannot be updated."), ("Forbidden", ros_stack.UNCHANGED)],
)
def test_only_an_update_without_a_change_is_no_failure(
    cloud: Cloud, state: State, code: str, message: str
) -> None:
    add_stack(state, "one")
    state.refusals["UpdateStack"] = [Refused(409, code, message)]
    stacks = stacks_of(cloud)
    with pytest.raises(AlibabaCloudException, match=code):
        stacks.update(stacks.get("one"), "{}", {})


def test_a_stack_whose_deletion_ends_while_it_is_asked_for_is_none(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    (stack,) = state.stacks.values()
    stack.update({"Status": "DELETE_IN_PROGRESS", "next": ["DELETE_COMPLETE"]})
    assert Stacks(cloud.ros, REGION).find("uploads") is None
    assert state.asked[-2:] == ["ListStacks", "GetStack"]


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_parameters_are_those_of_the_newest_stack_of_exactly_this_name(
    cloud: Cloud, state: State, *, newest_first: bool
) -> None:
    state.newest_first = newest_first
    add_stack(state, "oldest", Status="DELETE_COMPLETE")
    add_stack(state, "newest", Status="DELETE_COMPLETE")
    add_stack(state, "another", name="uploads2")
    assert stacks_of(cloud).last_parameters("uploads")["UploadBucket"] == "newest"
    assert stacks_of(cloud).find("uploads") is None
    assert stacks_of(cloud).last_parameters("nothing") == {}


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_deleted_stack_of_the_name_is_not_found(cloud: Cloud, state: State, *, newest_first: bool) -> None:
    state.newest_first = newest_first
    add_stack(state, "deleted", Status="DELETE_COMPLETE")
    add_stack(state, "existing")
    add_stack(state, "another", name="uploads2")
    found = stacks_of(cloud).find("uploads")
    assert found is not None
    assert found == Stack(
        id="existing",
        name="uploads",
        status="CREATE_COMPLETE",
        reason="",
        outputs=found.outputs,
        parameters={**NO_DOMAINS, "UploadBucket": "existing", "SiteBucket": "s", "LogProject": "l"},
    )
    assert found.outputs["SiteBucketName"] == "s"


@pytest.mark.parametrize(
    ("status", "in_progress"),
    [
        ("CREATE_IN_PROGRESS", True),
        ("ROLLBACK_IN_PROGRESS", True),
        ("REVIEW_IN_PROGRESS", False),
        ("UPDATE_COMPLETE", False),
    ],
)
def test_a_change_set_that_waits_for_a_person_is_nothing_in_progress(
    status: str, *, in_progress: bool
) -> None:
    assert Stack("1", "uploads", status, "", {}, {}).in_progress is in_progress


def test_events_are_shown_once_in_their_order_while_ros_works(cloud: Cloud, state: State) -> None:
    stack = add_stack(state, "1", Status="CREATE_IN_PROGRESS")
    stack["next"] = ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    stack["events"] = [event("A", "CREATE_IN_PROGRESS"), event("B", "CREATE_COMPLETE")]
    shown: list[str] = []
    pauses: list[float] = []
    seen = {"A CREATE_IN_PROGRESS"}
    assert stacks_of(cloud, pauses).watch("1", shown.append, seen).status == "CREATE_COMPLETE"
    assert shown == ["CREATE_COMPLETE      B"]
    assert pauses == [3]
    assert state.asked.count("GetStack") == 2
    assert seen == {"A CREATE_IN_PROGRESS", "B CREATE_COMPLETE"}


def test_an_output_without_a_value_is_empty() -> None:
    """ROS lists the outputs of a stack before it has made what they name."""
    body = SimpleNamespace(
        stack_id="1",
        stack_name="uploads",
        status="CREATE_IN_PROGRESS",
        status_reason=None,
        outputs=[{"OutputKey": "TokenUrl"}],
        parameters=None,
    )
    client: Any = SimpleNamespace(get_stack=lambda _: SimpleNamespace(body=body))
    assert Stacks(client, REGION).get("1").outputs == {"TokenUrl": ""}


def test_a_look_shows_as_many_events_as_ros_gives_at_once(cloud: Cloud, state: State) -> None:
    add_stack(state, "1", events=[event(f"R{number:02d}", "CREATE_COMPLETE") for number in range(50)])
    shown: list[str] = []
    stacks_of(cloud).watch("1", shown.append, set())
    assert shown == [f"CREATE_COMPLETE      R{number:02d}" for number in range(50)]


def test_a_name_that_was_used_often_is_found_all_the_same(cloud: Cloud, state: State) -> None:
    for number in range(49):
        add_stack(state, f"old-{number}", Status="DELETE_COMPLETE")
    add_stack(state, "newest")
    assert stacks_of(cloud).last_parameters("uploads")["UploadBucket"] == "newest"
    found = stacks_of(cloud).find("uploads")
    assert found is not None
    assert found.id == "newest"


def test_a_request_whose_answer_is_lost_is_done_once(cloud: Cloud, state: State) -> None:
    parameters = {"UploadBucket": "u", "SiteBucket": "s", "LogProject": "l", "ExistingUploadBucket": "true"}
    template = (
        '{"Parameters": {"UploadDomain": {"Default": ""}, "SiteDomain": {"Default": ""}}, "Resources": {}}'
    )
    state.lost = {"CreateStack": ["after"], "UpdateStack": ["after"]}
    stack_id = stacks_of(cloud).create("uploads", template, parameters)
    state.stacks[stack_id].update({"Status": "CREATE_COMPLETE", "next": []})
    stack = stacks_of(cloud).get(stack_id)
    assert stacks_of(cloud).update(stack, template, {"UploadBucket": "v"})
    assert state.writes == ["CreateStack", "UpdateStack"]
    assert (state.asked.count("CreateStack"), state.asked.count("UpdateStack")) == (2, 2)
    assert [one["minutes"] for one in state.stacks.values()] == [30]


def test_the_first_resource_that_failed_is_the_reason_and_never_the_stack_itself(
    cloud: Cloud, state: State
) -> None:
    failed = [
        event("A", "CREATE_COMPLETE"),
        event("uploads", "CREATE_FAILED", "Resource CREATE failed"),
        event("B", "CREATE_FAILED", "the first"),
        event("C", "CREATE_FAILED", "the second"),
    ]
    add_stack(state, "1", Status="CREATE_FAILED", StatusReason="Resource CREATE failed", events=failed)
    shown: list[str] = []
    with pytest.raises(StackFailed, match=r"^B: the first$"):
        stacks_of(cloud).watch("1", shown.append, set())
    assert [line.split() for line in shown] == [[one["Status"], one["LogicalResourceId"]] for one in failed]


def test_a_failure_that_was_seen_while_ros_worked_stays_the_reason(cloud: Cloud, state: State) -> None:
    stack = add_stack(state, "1", Status="UPDATE_IN_PROGRESS", events=[event("B", "UPDATE_FAILED", "first")])
    stack["next"] = ["UPDATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    shown: list[str] = []

    def show(line: str) -> None:
        shown.append(line)
        if len(shown) == 1:
            stack["events"].append(event("C", "ROLLBACK_FAILED", "second"))

    with pytest.raises(StackFailed, match=r"^B: first$"):
        stacks_of(cloud).watch("1", show, set())
    assert len(shown) == 2


@pytest.mark.parametrize(("reason", "said"), [("Create timeout", "Create timeout"), ("", "CREATE_FAILED")])
def test_a_stack_that_failed_without_a_resource_has_its_own_reason(
    cloud: Cloud, state: State, reason: str, said: str
) -> None:
    failed = [event("uploads", "CREATE_FAILED", "not this one")]
    add_stack(state, "1", Status="CREATE_FAILED", StatusReason=reason, events=failed)
    with pytest.raises(StackFailed, match=f"^{said}$"):
        stacks_of(cloud).watch("1", lambda _: None, set())


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_ROLLBACK_COMPLETE"])
def test_a_rollback_is_a_failure_however_well_it_ended(cloud: Cloud, state: State, status: str) -> None:
    add_stack(state, "1", Status=status)
    with pytest.raises(StackFailed, match=status):
        stacks_of(cloud).watch("1", lambda _: None, set())


def test_a_stack_that_never_ends_is_given_up_after_an_hour(
    cloud: Cloud, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ros_stack.LONGEST_SECONDS == 3600
    monkeypatch.setattr(ros_stack, "LONGEST_SECONDS", 9)
    add_stack(state, "1", Status="DELETE_IN_PROGRESS")
    pauses: list[float] = []
    with pytest.raises(StackFailed, match="DELETE_IN_PROGRESS"):
        stacks_of(cloud, pauses).watch("1", lambda _: None, set())
    assert pauses == [3, 3, 3]


def test_an_earlier_command_that_fails_is_waited_for_all_the_same(cloud: Cloud, state: State) -> None:
    stack = add_stack(state, "1", Status="UPDATE_IN_PROGRESS")
    stack["next"] = ["UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_FAILED"]
    shown: list[str] = []
    found = stacks_of(cloud).find_idle("uploads", shown.append)
    assert (found and found.status, shown) == (
        "UPDATE_FAILED",
        ["An earlier command is still running; waiting for it."],
    )
    assert stacks_of(cloud).find_idle("nothing", shown.append) is None


@pytest.mark.parametrize(
    ("status", "works"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_IN_PROGRESS", True),
        ("UPDATE_FAILED", True),
        ("ROLLBACK_COMPLETE", True),
        ("CREATE_IN_PROGRESS", False),
        ("CREATE_FAILED", False),
        ("CREATE_ROLLBACK_FAILED", False),
        ("DELETE_FAILED", False),
        ("DELETE_IN_PROGRESS", False),
    ],
)
def test_a_stack_works_from_its_first_success_until_it_is_deleted(
    cloud: Cloud, state: State, status: str, *, works: bool
) -> None:
    add_stack(state, "1", Status=status)
    if works:
        assert stacks_of(cloud).find_working("uploads").id == "1"
    else:
        with pytest.raises(CommandError, match=f"Stack uploads is {status}: run make deploy until it succ"):
            stacks_of(cloud).find_working("uploads")


# ---- Credentials


@pytest.mark.filterwarnings("ignore:'deploy.aliyun.clients' found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize(("given", "disabled"), [("", "true"), ("a-role", None)])
def test_the_metadata_service_is_asked_only_where_somebody_names_a_role(
    given: str, disabled: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ECS_METADATA", given)
    monkeypatch.delenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", raising=False)
    runpy.run_module("deploy.aliyun.clients")
    assert os.environ.get("ALIBABA_CLOUD_ECS_METADATA_DISABLED") == disabled


def test_the_clients_time_limits_are_ours(cloud: Cloud) -> None:
    assert isinstance(cloud.oss, oss.Client)
    for client in (cloud.ros, cloud.sts, cloud.fc):
        assert (client._connect_timeout, client._read_timeout) == (10_000, 30_000)
