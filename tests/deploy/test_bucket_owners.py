"""Buckets whose names somebody else has taken, and packages that somebody else has written.

The names can be guessed: stack, region, account and use are in them. The attacker makes the bucket first, or
as soon as ours is deleted, and its policy allows our account everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from deploy.aliyun.clients import Cloud
from deploy.aliyun.ros_stack import Stacks
from deploy.arguments import OPTIONS, read_arguments
from deploy.destroy import DELETE_UPLOADS, destroy
from deploy.doctor.examination import examine
from deploy.doctor.finding import Deployment
from deploy.doctor.target import find_stack
from deploy.errors import CommandError
from deploy.page import main as serve_page
from deploy.rotate_secret import NOW, rotate
from tests.support.cloud.commands import ANYONE, CODE, SITE, UPLOADS, deploy, given
from tests.support.cloud.packages import CALLBACK, TOKEN
from tests.support.cloud.state import ACCOUNT, OTHER_ACCOUNT, State

BUILT = {"uploads-token": TOKEN.content, "uploads-callback": CALLBACK.content}
EVIL = b"PK evil"
FOREIGN = f"belongs to account {OTHER_ACCOUNT}, not to {ACCOUNT}"


def taken(state: State, bucket: str) -> dict[str, Any]:
    """Let the attacker have the bucket, with packages of our packages' names, and return its content."""
    state.squat(bucket, **{TOKEN.name: EVIL, CALLBACK.name: EVIL, "index.html": EVIL})
    return dict(state.buckets[bucket])


# ---- Deploying


@pytest.mark.parametrize("bucket", [CODE, UPLOADS, SITE])
def test_a_first_deploy_takes_no_bucket_of_another_account_for_its_own(
    cloud: Cloud, state: State, bucket: str
) -> None:
    before = taken(state, bucket)
    with pytest.raises(
        CommandError, match=f"^The bucket {bucket} {FOREIGN}. .* choose another STACK, .* make destroy"
    ):
        deploy(cloud, **ANYONE)
    assert (state.writes, state.code, state.buckets[bucket]) == ([], {}, before)


def test_a_bucket_that_the_settings_name_is_not_taken_from_another_account(
    cloud: Cloud, state: State
) -> None:
    before = taken(state, "media")
    with pytest.raises(CommandError, match=f"^The bucket media {FOREIGN}. .* UPLOAD_BUCKET"):
        deploy(cloud, **ANYONE, UPLOAD_BUCKET="media")
    assert (state.writes, state.buckets["media"]) == ([], before)


@pytest.mark.parametrize("bucket", [CODE, UPLOADS, SITE])
def test_a_later_deploy_sees_that_a_bucket_has_another_owner_now(
    cloud: Cloud, state: State, bucket: str
) -> None:
    deploy(cloud, **ANYONE)
    writes, before = list(state.writes), taken(state, bucket)
    with pytest.raises(CommandError, match=f"^The bucket {bucket} {FOREIGN}"):
        deploy(cloud, MAX_BYTES="5")
    assert (state.writes, state.code, state.buckets[bucket]) == (writes, BUILT, before)


class Squatter(list[str]):
    """The lines that a command shows; once ROS has made the token function, a bucket has another owner."""

    def __init__(self, take: Callable[[], object]) -> None:
        super().__init__()
        self.take = take

    def append(self, line: str) -> None:
        super().append(line)
        if line == "CREATE_COMPLETE      TokenFunction":
            self.take()


@pytest.mark.parametrize("bucket", [CODE, UPLOADS, SITE])
def test_a_bucket_that_is_taken_while_ros_works_gets_no_page(cloud: Cloud, state: State, bucket: str) -> None:
    shown = Squatter(lambda: taken(state, bucket))
    with pytest.raises(CommandError, match=f"^The bucket {bucket} {FOREIGN}"):
        deploy(cloud, shown, **ANYONE)
    assert "put index.html" not in state.writes
    assert state.buckets[bucket]["index.html"] == (EVIL, {})


@pytest.mark.parametrize("bucket", [UPLOADS, SITE])
def test_a_bucket_that_is_gone_is_reported_before_somebody_takes_its_name(
    cloud: Cloud, state: State, bucket: str
) -> None:
    deploy(cloud, **ANYONE)
    del state.buckets[bucket]
    with pytest.raises(CommandError, match=f"^The bucket {bucket} is gone, .* in cn-hangzhou"):
        deploy(cloud, MAX_BYTES="5")


def test_packages_go_to_a_bucket_of_this_account_whatever_the_stack_had(cloud: Cloud, state: State) -> None:
    """As in a stack that somebody made in the ROS console, with a bucket that is another account's now."""
    deploy(cloud, **ANYONE)
    (stack,) = state.stacks.values()
    stack["values"]["ArtifactBucket"] = "media"
    taken(state, "media")
    deploy(cloud, MAX_BYTES="5")
    assert (stack["values"]["ArtifactBucket"], state.code) == (CODE, BUILT)


# ---- Packages


def test_a_package_that_somebody_put_there_before_us_does_not_run(cloud: Cloud, state: State) -> None:
    state.buckets[CODE] = {TOKEN.name: (EVIL, {}), CALLBACK.name: (EVIL, {})}
    deploy(cloud, **ANYONE)
    assert state.code == BUILT


@pytest.mark.parametrize("package", [TOKEN, CALLBACK])
def test_a_package_that_a_function_runs_and_that_changed_ends_a_deploy(
    cloud: Cloud, state: State, package: Any
) -> None:
    """The function may have been given it meanwhile, and a name that stays the same gives it no other."""
    deploy(cloud, **ANYONE)
    state.buckets[CODE][package.name] = (EVIL, {})
    writes = list(state.writes)
    with pytest.raises(CommandError) as found:
        deploy(cloud, MAX_BYTES="5")
    assert str(found.value) == (
        f"{package.name} in {CODE} is not what make deploy put there, and the function may run it. Find out "
        "who changed it; then run make destroy, which keeps the uploads, and make deploy."
    )
    assert (state.writes, state.code) == (writes, BUILT)


def test_a_package_that_was_deleted_is_sent_again(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.buckets[CODE].clear()
    deploy(cloud, MAX_BYTES="5")
    assert state.code == BUILT


# ---- The other commands


def rotate_once(cloud: Cloud) -> None:
    arguments = read_arguments(
        given(STACK="uploads", REGION="cn-hangzhou", YES="1"), options=(*OPTIONS, NOW), settings=()
    )
    stacks = Stacks(cloud.ros, "cn-hangzhou", pause=lambda _: None)
    rotate(arguments, cloud, stacks, lambda: 4e9, lambda _: None, lambda _: "no")


def delete(cloud: Cloud, shown: list[str], bucket: str = "", **options: str) -> None:
    env = given(STACK="uploads", REGION="cn-hangzhou", YES="1", **options)
    arguments = read_arguments(env, options=(*OPTIONS, DELETE_UPLOADS), settings=())
    stacks = Stacks(cloud.ros, "cn-hangzhou", pause=lambda _: None)
    destroy(arguments, cloud, stacks, shown.append, lambda _: bucket)


def test_a_new_secret_is_not_given_to_a_package_of_somebody_else(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    writes = list(state.writes)
    taken(state, CODE)
    with pytest.raises(CommandError, match=f"^The bucket {CODE} {FOREIGN}"):
        rotate_once(cloud)
    assert (state.writes, state.code) == (writes, BUILT)


@pytest.mark.parametrize("package", [TOKEN, CALLBACK])
def test_a_new_secret_is_not_given_to_a_package_that_changed(
    cloud: Cloud, state: State, package: Any
) -> None:
    deploy(cloud, **ANYONE)
    writes = list(state.writes)
    state.buckets[CODE][package.name] = (EVIL, {})
    with pytest.raises(CommandError, match=f"^{re.escape(package.name)} in {CODE} is not what make deploy"):
        rotate_once(cloud)
    del state.buckets[CODE][package.name]
    with pytest.raises(CommandError, match=f"^{re.escape(package.name)} in {CODE} is not what make deploy"):
        rotate_once(cloud)
    assert (state.writes, state.code) == (writes, BUILT)


def test_a_package_from_before_names_had_a_digest_of_it_cannot_be_compared(
    cloud: Cloud, state: State
) -> None:
    deploy(cloud, **ANYONE)
    (stack,) = state.stacks.values()
    for parameter, content in (("TokenObject", TOKEN.content), ("CallbackObject", CALLBACK.content)):
        name = f"{parameter.removesuffix('Object').lower()}-python3.12-{'0' * 32}.zip"
        stack["values"][parameter] = name
        state.buckets[CODE][name] = (content, {})
    rotate_once(cloud)
    assert "," in stack["values"]["TicketSecret"]
    deploy(cloud)
    assert (stack["values"]["TokenObject"], state.code) == (TOKEN.name, BUILT)


DOMAINS = {"SITE_DOMAIN": "www.example.com", "UPLOAD_DOMAIN": "up.example.com"}


@pytest.mark.parametrize("domains", [{}, DOMAINS])
@pytest.mark.parametrize("bucket", [CODE, UPLOADS, SITE])
def test_destroy_leaves_a_bucket_of_another_account_and_deletes_the_rest(
    cloud: Cloud, state: State, bucket: str, domains: dict[str, str]
) -> None:
    state.records = {*DOMAINS.values()}
    deploy(cloud, **ANYONE, **domains)
    before = taken(state, bucket)
    shown: list[str] = []
    delete(cloud, shown, UPLOADS, DELETE_UPLOADS="1")
    assert state.buckets == {bucket: before}
    assert [line for line in shown if line.startswith("left")] == [
        f"left {bucket}: it belongs to account {OTHER_ACCOUNT}, not to {ACCOUNT}"
    ]
    assert [one["Status"] for one in state.stacks.values()] == ["DELETE_COMPLETE"]


@pytest.mark.parametrize("bucket", [CODE, UPLOADS, SITE])
def test_a_bucket_that_nobody_may_ask_about_stops_no_destroy(cloud: Cloud, state: State, bucket: str) -> None:
    deploy(cloud, **ANYONE)
    state.foreign.add(bucket)
    del state.buckets[bucket]
    shown: list[str] = []
    delete(cloud, shown, UPLOADS, DELETE_UPLOADS="1")
    assert state.buckets == {}
    assert any(line.startswith(f"left {bucket}: it may not be used (AccessDenied)") for line in shown)
    with pytest.raises(CommandError, match=f"^The bucket {bucket} may not be used .AccessDenied"):
        deploy(cloud, **ANYONE)


def test_destroy_says_of_kept_uploads_whose_they_are_now(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    taken(state, UPLOADS)
    shown: list[str] = []
    delete(cloud, shown)
    assert shown[-1] == f"left {UPLOADS}: it belongs to account {OTHER_ACCOUNT}, not to {ACCOUNT}"


def test_destroy_deletes_no_uploads_in_a_bucket_that_another_account_has_now(
    cloud: Cloud, state: State
) -> None:
    state.buckets["media"] = {}
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="media")
    state.squat("media", **{"uploads/_/x.txt": b"another's"})
    before = dict(state.buckets["media"])
    shown: list[str] = []
    delete(cloud, shown, "media", DELETE_UPLOADS="1")
    assert state.buckets["media"] == before
    assert shown[-1] == f"left media: it belongs to account {OTHER_ACCOUNT}, not to {ACCOUNT}"


def test_destroy_of_uploads_in_a_bucket_that_is_gone_has_nothing_to_delete(
    cloud: Cloud, state: State
) -> None:
    state.buckets["media"] = {}
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="media")
    del state.buckets["media"]
    delete(cloud, [], "media", DELETE_UPLOADS="1")
    assert [one["Status"] for one in state.stacks.values()] == ["DELETE_COMPLETE"]


@pytest.fixture
def found_by_name(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands connect to the stand-in cloud."""
    for module in ("deploy.page", "deploy.aliyun.clients"):
        monkeypatch.setattr(f"{module}.connect_region", lambda *_: cloud)


@pytest.mark.usefixtures("found_by_name")
def test_no_page_is_served_that_uploads_to_another_account(
    cloud: Cloud, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(cloud, **ANYONE)
    monkeypatch.setattr("deploy.page.serve", lambda *_: 0)
    arguments = given(STACK="uploads", REGION="cn-hangzhou")
    with pytest.raises(SystemExit, match=r"^0$"):
        serve_page(arguments)
    packages = {**state.buckets[CODE]}
    state.buckets[CODE] = dict.fromkeys(packages, (b"EVIL", {}))
    with pytest.raises(CommandError, match="is not what make deploy put there, and the function may run it"):
        serve_page(arguments)
    state.buckets[CODE] = packages
    taken(state, UPLOADS)
    with pytest.raises(CommandError, match=f"^The bucket {UPLOADS} {FOREIGN}"):
        serve_page(arguments)


def ownership() -> Any:
    """Return the doctor's first finding about the stack."""
    return next(examine(find_stack("uploads", "cn-hangzhou")))


@pytest.mark.usefixtures("found_by_name")
@pytest.mark.parametrize("bucket", [CODE, UPLOADS, SITE])
def test_the_doctor_says_whose_bucket_it_is_before_it_uploads(
    cloud: Cloud, state: State, bucket: str
) -> None:
    deploy(cloud, **ANYONE)
    assert (ownership().name, ownership().verdict) == ("ownership", "ok")
    taken(state, bucket)
    found = ownership()
    assert (found.verdict, f"The bucket {bucket} {FOREIGN}" in found.found) == ("failed", True)
    assert "make deploy with another STACK" in found.fix


@pytest.mark.usefixtures("found_by_name")
def test_the_doctor_finds_every_fault_of_buckets_and_packages(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    taken(state, UPLOADS)
    state.buckets[CODE][TOKEN.name] = (EVIL, {})
    del state.buckets[SITE]
    found = ownership().found
    assert all(text in found for text in (f"{TOKEN.name} in {CODE} is not", FOREIGN, f"{SITE} is gone"))


@pytest.mark.usefixtures("found_by_name")
def test_the_doctor_goes_on_where_it_may_not_ask(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.expires_after = len(state.asked) + 2
    findings = examine(find_stack("uploads", "cn-hangzhou"))
    found = next(findings)
    assert (found.verdict, "InvalidSecurityToken.Expired" in found.found) == ("failed", True)


def test_the_doctor_of_addresses_says_what_it_did_not_look_at() -> None:
    found = next(examine(Deployment("https://token.example.com/", "https://www.example.com")))
    assert (found.name, found.verdict) == ("ownership", "skipped")
