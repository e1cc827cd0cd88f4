"""The upload bucket: what an earlier attempt left of it, and its rules beside those of others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.clients import Cloud
from deploy.aliyun.ros_stack import Stack
from deploy.aliyun.upload_rules import abort_stale_parts, cors_rules_of_others, let_pages_post
from deploy.errors import CommandError, StackFailed
from deploy.upload_bucket import origins_that_cannot_upload, rules_of_others, set_rules
from tests.support.cloud.commands import ANYONE, UPLOADS, deploy
from tests.support.cloud.state import Refused, State

ORIGIN = "http://localhost:8080"
THEIRS = (
    "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><Added>later</Added>"
    "</CORSRule>"
)
THEIR_EXPIRY = (
    "<Rule><ID>theirs</ID><Prefix>tmp/</Prefix><Status>Enabled</Status><Filter><Not><Prefix>tmp/keep</Prefix>"
    "</Not></Filter><Expiration><Days>1</Days></Expiration></Rule>"
)
OUR_PARTS = (
    "<Rule><ID>abort-stale-multipart</ID><Prefix>uploads/</Prefix><Status>Enabled</Status>"
    "<AbortMultipartUpload><Days>1</Days></AbortMultipartUpload></Rule>"
)
VARY = "<ResponseVary>true</ResponseVary>"
MINE = {**ANYONE, "UPLOAD_BUCKET": "media"}


def ours(*origins: str) -> str:
    """Return the rule that the README describes for a bucket made by hand."""
    allowed = "".join(f"<AllowedOrigin>{origin}</AllowedOrigin>" for origin in origins)
    return (
        f"<CORSRule>{allowed}<AllowedMethod>POST</AllowedMethod><AllowedHeader>*</AllowedHeader>"
        "<ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-oss-request-id</ExposeHeader>"
        "<MaxAgeSeconds>600</MaxAgeSeconds></CORSRule>"
    )


def existing_of(state: State) -> str:
    (stack,) = (one for one in state.stacks.values() if one["Status"] != "DELETE_COMPLETE")
    return str(stack["values"]["ExistingUploadBucket"])


# ---- What an earlier attempt left


@pytest.mark.parametrize("settings", [ANYONE, MINE], ids=["the stack's name", "a name that was chosen"])
def test_a_bucket_that_a_rolled_back_attempt_made_is_used_and_never_deleted(
    cloud: Cloud, state: State, settings: dict[str, str]
) -> None:
    """OSS gives the name of a deleted bucket to nobody for some hours."""
    bucket = settings.get("UPLOAD_BUCKET", UPLOADS)
    state.fails["TokenRole"] = "EntityAlreadyExists.Role: The role already exists."
    with pytest.raises(StackFailed):
        deploy(cloud, **settings)
    assert bucket in state.buckets
    state.fails.clear()
    state.cors[bucket], state.lifecycle[bucket] = THEIRS, THEIR_EXPIRY
    deploy(cloud, **settings)
    assert f"delete bucket {bucket}" not in state.writes
    assert state.cors[bucket] == ours(ORIGIN) + THEIRS + VARY
    assert state.lifecycle[bucket] == THEIR_EXPIRY + OUR_PARTS


def test_a_bucket_of_our_name_is_private_again(cloud: Cloud, state: State) -> None:
    state.buckets[UPLOADS] = {"uploads/_/x.txt": (b"kept", {})}
    state.public_access_blocked.discard(UPLOADS)
    deploy(cloud, **ANYONE)
    assert UPLOADS in state.public_access_blocked
    assert (existing_of(state), list(state.buckets[UPLOADS])) == ("true", ["uploads/_/x.txt"])


def test_an_empty_bucket_of_somebody_s_own_stays(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    shown: list[str] = []
    deploy(cloud, shown, **MINE)
    assert (existing_of(state), "delete bucket media" in state.writes) == ("true", False)
    assert "media exists: its files stay, and its settings too but for two rules." in shown


# ---- Rules of others where ROS works


def test_rules_of_others_stay_where_an_update_is_rolled_back(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.cors[UPLOADS] = ours(ORIGIN) + THEIRS + VARY
    state.fails["TokenFunction"] = "broken"
    with pytest.raises(StackFailed):
        deploy(cloud, ALLOWED_ORIGINS="https://b.example.com")
    assert THEIRS in state.cors[UPLOADS]


def test_rules_of_others_stay_in_a_bucket_that_ros_sets_up_also_if_none_is_to_be_changed(
    cloud: Cloud, state: State
) -> None:
    deploy(cloud, **ANYONE, UPLOAD_BUCKET_RULES="keep")
    state.cors[UPLOADS] = ours(ORIGIN) + THEIRS + VARY
    deploy(cloud, ALLOWED_ORIGINS="https://b.example.com")
    assert state.cors[UPLOADS] == ours("https://b.example.com") + THEIRS + VARY


# ---- Rules beside those of others


KEEP = {
    "UploadBucket": "media",
    "UploadBucketRules": "keep",
    "AllowedOrigins": f"{ORIGIN},https://a.example.com",
}
MERGE = {**KEEP, "UploadBucketRules": "merge", "UploadPrefix": "uploads/"}
BOTH = ours(ORIGIN, "https://a.example.com")
BEFORE = "https://before.example.com"


def stack_with(parameters: dict[str, str]) -> Stack:
    return Stack("stack-1", "uploads", "CREATE_COMPLETE", "", {}, parameters)


def test_the_rule_for_pages_comes_first_and_is_set_once(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    for _ in range(2):
        let_pages_post(cloud.oss, "media", [ORIGIN], [THEIRS, THEIRS])
        assert state.cors == {"media": ours(ORIGIN) + THEIRS + VARY}
    assert state.writes == ["cors of media"]


@pytest.mark.parametrize(
    "other",
    [
        THEIRS + ours(ORIGIN) + VARY,
        ours(ORIGIN) + VARY,
        ours(ORIGIN) + THEIRS,
        ours(ORIGIN) + THEIRS + VARY.replace("true", "false"),
        ours("https://a.example.com") + THEIRS + VARY,
    ],
    ids=["second", "alone", "without Vary", "with Vary off", "for another origin"],
)
def test_rules_that_are_not_so_are_set_again(cloud: Cloud, state: State, other: str) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = other
    let_pages_post(cloud.oss, "media", [ORIGIN], [THEIRS])
    assert state.cors == {"media": ours(ORIGIN) + THEIRS + VARY}


def test_the_rule_for_parts_is_set_once_beside_those_of_others(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.lifecycle["media"] = THEIR_EXPIRY
    for _ in range(2):
        abort_stale_parts(cloud.oss, "media", "uploads/")
        assert state.lifecycle == {"media": THEIR_EXPIRY + OUR_PARTS}
    assert state.writes == ["lifecycle of media"]


def test_origins_that_a_kept_rule_refuses_are_told_and_no_others(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = ours("https://a.example.com")
    assert origins_that_cannot_upload(cloud, KEEP) == [ORIGIN]
    assert origins_that_cannot_upload(cloud, MERGE) == []


def test_rules_of_others_are_kept_only_where_a_stack_with_rules_changes(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    earlier = {**MERGE, "AllowedOrigins": BEFORE}
    state.cors["media"] = ours(BEFORE) + BOTH + THEIRS
    assert rules_of_others(cloud, stack_with(earlier), MERGE) == [THEIRS]
    assert rules_of_others(cloud, stack_with(earlier), KEEP) == []
    assert rules_of_others(cloud, None, MERGE) == []


def test_both_rules_are_set_beside_those_that_were_found_before_and_now(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = ours(BEFORE) + THEIRS
    earlier = {**MERGE, "AllowedOrigins": BEFORE}
    dropped = THEIRS.replace("*", "https://dropped.example.com")
    assert set_rules(cloud, stack_with(earlier), stack_with(MERGE), [dropped]) == []
    assert state.cors == {"media": BOTH + dropped + THEIRS + VARY}
    assert state.lifecycle == {"media": OUR_PARTS}


def test_rules_of_a_first_stack_are_set_and_those_to_keep_are_not(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    assert set_rules(cloud, None, stack_with(KEEP), []) == []
    assert state.writes == []
    assert set_rules(cloud, None, stack_with(MERGE), []) == []
    assert state.writes == ["cors of media", "lifecycle of media"]


def test_rules_that_are_refused_are_one_sentence(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.refusals["PUT media/"] = [Refused(403, "AccessDenied", "not you")]
    assert set_rules(cloud, None, stack_with(MERGE), []) == [
        "media did not get its rules (AccessDenied: not you)."
    ]


def test_a_bucket_of_ones_own_gets_both_rules_and_keeps_its_own(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"], state.lifecycle["media"] = THEIRS, THEIR_EXPIRY
    shown: list[str] = []
    deploy(cloud, shown, **MINE)
    assert state.cors["media"] == ours(ORIGIN) + THEIRS + VARY
    assert state.lifecycle["media"] == THEIR_EXPIRY + OUR_PARTS
    assert not any("CORS" in line for line in shown)
    before = list(state.writes)
    deploy(cloud)
    assert state.writes == before


def test_new_origins_replace_our_rule_and_no_other(cloud: Cloud, state: State) -> None:
    """Another stack with the same bucket has a rule that differs only in its origins."""
    state.buckets["media"] = {}
    state.cors["media"] = ours("https://another-stack.example.com") + THEIRS
    deploy(cloud, **MINE)
    deploy(cloud, ALLOWED_ORIGINS="https://a.example.com,https://b.example.com")
    others = ours("https://another-stack.example.com") + THEIRS
    assert state.cors["media"] == ours("https://a.example.com", "https://b.example.com") + others + VARY


def test_a_rule_that_oss_tells_in_another_way_is_still_ours(cloud: Cloud, state: State) -> None:
    """OSS's SDKs' live tests: GetBucketCors has AllowedHeader in lower case."""
    state.buckets["media"] = {}
    deploy(cloud, **MINE)
    told = ours(ORIGIN).replace("ETag", "etag").replace("<AllowedMethod>POST</AllowedMethod>", "")
    state.cors["media"] = told.replace("</CORSRule>", "<AllowedMethod>POST</AllowedMethod></CORSRule>") + VARY
    before = list(state.writes)
    deploy(cloud)
    assert state.writes == before


def test_a_rule_that_somebody_added_to_the_stacks_bucket_survives_ros(cloud: Cloud, state: State) -> None:
    """ROS sets all CORS rules of its bucket when the origins change."""
    deploy(cloud, **ANYONE)
    state.cors[UPLOADS] = state.cors[UPLOADS].replace(VARY, THEIRS + VARY)
    deploy(cloud, ALLOWED_ORIGINS="https://a.example.com")
    assert state.cors[UPLOADS] == ours("https://a.example.com") + THEIRS + VARY


def test_rules_are_set_again_where_somebody_deleted_them(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.cors.clear()
    state.lifecycle.clear()
    deploy(cloud)
    assert (state.cors, state.lifecycle) == ({UPLOADS: ours(ORIGIN) + VARY}, {UPLOADS: OUR_PARTS})


def test_rules_that_are_to_stay_stay_in_later_deploys_too(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    deploy(cloud, **MINE, UPLOAD_BUCKET_RULES="keep")
    deploy(cloud, ALLOWED_ORIGINS="https://a.example.com")
    assert (state.cors, state.lifecycle) == ({}, {})
    deploy(cloud, UPLOAD_BUCKET_RULES="merge")
    assert state.cors["media"] == ours("https://a.example.com") + VARY


@pytest.mark.parametrize(
    "rule",
    [
        "<Rule><Prefix></Prefix><AbortMultipartUpload><Days>7</Days></AbortMultipartUpload></Rule>",
        "<Rule><Prefix>uploads/</Prefix><Expiration><Days>7</Days></Expiration></Rule>",
    ],
    ids=["for parts", "for the prefix"],
)
def test_where_a_rule_for_parts_or_for_the_prefix_is_there_none_is_added(
    cloud: Cloud, state: State, rule: str
) -> None:
    """OSS takes no two rules that overlap (EC 0014-00000084, -085)."""
    state.buckets["media"] = {}
    state.lifecycle["media"] = rule
    deploy(cloud, **MINE)
    assert state.lifecycle["media"] == rule


def test_a_bucket_that_takes_no_rule_costs_this_step(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = "".join(THEIRS.replace("*", f"https://{nth}.example.com") for nth in range(10))
    with pytest.raises(CommandError, match=r"^media did not get its rules \(InvalidRequest: The number"):
        deploy(cloud, **MINE)
    assert [one["Status"] for one in state.stacks.values()] == ["CREATE_COMPLETE"]


def test_rules_of_others_are_told_as_they_are(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = "\n".join((ours(ORIGIN), THEIRS.replace("><", ">\n  <"), VARY))
    assert cors_rules_of_others(cloud.oss, "media", [[ORIGIN]]) == [THEIRS]


@pytest.mark.parametrize(
    ("read", "operation"),
    [(cors_rules_of_others, "GetBucketCors"), (abort_stale_parts, "GetBucketLifecycle")],
    ids=["cors", "lifecycle"],
)
def test_rules_that_may_not_be_read_are_not_taken_for_none(
    cloud: Cloud, state: State, read: Callable[..., object], operation: str
) -> None:
    state.buckets["media"] = {}
    state.refusals["GET media/"] = [Refused(403, "AccessDenied", "not you")]
    with pytest.raises(OperationError, match=f"(?s)^operation error {operation}: .*not you"):
        read(cloud.oss, "media", "")
    assert state.writes == []
