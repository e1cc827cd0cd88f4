"""The upload bucket: what an earlier attempt left of it, and its rules beside those of others."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from alibabacloud_oss_v2 import GetObjectRequest
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.clients import Cloud
from deploy.aliyun.ros_stack import Stacks
from deploy.aliyun.upload_rules import CORS, KINDS, LIFECYCLE, VERSION, Kind, put_rules, rules_of_others
from deploy.arguments import OPTIONS, read_arguments
from deploy.destroy import destroy
from deploy.errors import CommandError, StackFailed
from deploy.stack_record import EMPTY, LARGEST, RECORD_NAME, Record, Rule, read_record
from deploy.upload_bucket import MissingRules, missing_rules, recorded_rules, set_rules
from tests.support.cloud.commands import ANYONE, CODE, UPLOADS, deploy, given
from tests.support.cloud.state import ACCOUNT, Refused, State

ORIGIN = "http://localhost:8080"
THEIRS = (
    "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><Added>later</Added>"
    "</CORSRule>"
)
THEIR_EXPIRY = (
    "<Rule><ID>theirs</ID><Prefix>tmp/</Prefix><Status>Enabled</Status><Filter><Not><Prefix>tmp/keep</Prefix>"
    "</Not></Filter><Expiration><Days>1</Days></Expiration></Rule>"
)
PARTS = "<Status>Enabled</Status><AbortMultipartUpload><Days>2</Days></AbortMultipartUpload>"
OUR_PARTS = f"<Rule><Prefix>uploads/</Prefix>{PARTS}<ID>generated-0</ID></Rule>"
VARY = "<ResponseVary>true</ResponseVary>"
MINE = {**ANYONE, "UPLOAD_BUCKET": "media"}


def ours(*origins: str) -> str:
    """Return the rule that docs/deploy.md describes for a bucket made by hand."""
    allowed = "".join(f"<AllowedOrigin>{origin}</AllowedOrigin>" for origin in origins)
    return (
        f"<CORSRule>{allowed}<AllowedMethod>POST</AllowedMethod><AllowedMethod>PUT</AllowedMethod>"
        "<AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
        "<ExposeHeader>x-oss-request-id</ExposeHeader><ExposeHeader>x-oss-hash-crc64ecma</ExposeHeader>"
        "<MaxAgeSeconds>600</MaxAgeSeconds></CORSRule>"
    )


def of_version_1(rules: str) -> str:
    """Return what this project's rules were before uploads in parts."""
    for added in (
        "<AllowedMethod>PUT</AllowedMethod>",
        "<ExposeHeader>x-oss-hash-crc64ecma</ExposeHeader>",
    ):
        rules = rules.replace(added, "")
    return rules.replace("<Days>2</Days></AbortMultipartUpload>", "<Days>1</Days></AbortMultipartUpload>")


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
    assert state.lifecycle[bucket] == OUR_PARTS + THEIR_EXPIRY


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
    assert state.cors[UPLOADS] == ours(ORIGIN) + THEIRS + VARY


def test_where_the_rules_of_others_cannot_be_put_back_the_reason_of_ros_is_told(
    cloud: Cloud, state: State
) -> None:
    deploy(cloud, **ANYONE)
    state.cors[UPLOADS] = ours(ORIGIN) + THEIRS + VARY
    state.fails["TokenFunction"] = "broken"
    state.lost[f"PUT {UPLOADS}/"] = ["before"] * 9
    with pytest.raises(StackFailed, match="broken"):
        deploy(cloud, ALLOWED_ORIGINS="https://b.example.com")
    state.fails.clear()
    state.lost.clear()
    deploy(cloud)
    assert state.cors[UPLOADS] == ours(ORIGIN) + THEIRS + VARY


def test_rules_of_others_stay_in_a_bucket_that_ros_sets_up_also_if_none_is_to_be_changed(
    cloud: Cloud, state: State
) -> None:
    deploy(cloud, **ANYONE, UPLOAD_BUCKET_RULES="keep")
    state.cors[UPLOADS] = ours(ORIGIN) + THEIRS + VARY
    state.lifecycle[UPLOADS] += THEIR_EXPIRY
    deploy(cloud, ALLOWED_ORIGINS="https://b.example.com")
    assert state.cors[UPLOADS] == ours("https://b.example.com") + THEIRS + VARY
    assert THEIR_EXPIRY in state.lifecycle[UPLOADS]
    assert state.lifecycle[UPLOADS].count("AbortMultipartUpload>") == 2


# ---- Rules beside those of others


KEEP = {
    "UploadBucket": "media",
    "UploadPrefix": "uploads/",
    "UploadBucketRules": "keep",
    "AllowedOrigins": f"{ORIGIN},https://a.example.com",
}
MERGE = {**KEEP, "UploadBucketRules": "merge"}
BOTH = ours(ORIGIN, "https://a.example.com")
BEFORE = "https://before.example.com"


@pytest.mark.parametrize(
    ("kind", "text", "rule", "theirs", "more"),
    [
        (CORS, ORIGIN, ours(ORIGIN), THEIRS, VARY),
        (LIFECYCLE, "uploads/", OUR_PARTS, THEIR_EXPIRY, ""),
    ],
    ids=["cors", "lifecycle"],
)
def test_our_rule_is_the_first_one_and_is_set_once(  # noqa: PLR0913, PLR0917 - a row of the table
    cloud: Cloud, state: State, kind: Kind, text: str, rule: str, theirs: str, more: str
) -> None:
    state.buckets["media"] = {}
    present: dict[str, str] = getattr(state, kind.name)
    for _ in range(2):
        put_rules(cloud.oss, "media", kind, text, [theirs, theirs])
        assert present == {"media": rule + theirs + more}
    for _ in range(2):
        put_rules(cloud.oss, "media", kind, None, [theirs])
        assert present == {"media": theirs + more}
    for _ in range(2):
        put_rules(cloud.oss, "media", kind, None, [])
        assert present == {}
    name = f"{kind.name} of media"
    assert state.writes == [name, name, f"no {name}"]


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
    put_rules(cloud.oss, "media", CORS, ORIGIN, [THEIRS])
    assert state.cors == {"media": ours(ORIGIN) + THEIRS + VARY}


def test_the_order_of_lifecycle_rules_does_not_count(cloud: Cloud, state: State) -> None:
    """OSS: a change of the rules stops those that run that day."""
    state.buckets["media"] = {}
    state.lifecycle["media"] = THEIR_EXPIRY + OUR_PARTS
    put_rules(cloud.oss, "media", LIFECYCLE, "uploads/", [THEIR_EXPIRY])
    assert state.writes == []


def prefix_element(prefix: str) -> str:
    return f"<Prefix>{prefix}</Prefix>" if prefix else "<Prefix />"


def parts_rule(prefix: str, status: str = "Enabled", action: str = "AbortMultipartUpload") -> str:
    within = f"<{action}><Days>7</Days></{action}>"
    return f"<Rule><ID>theirs</ID>{prefix_element(prefix)}<Status>{status}</Status>{within}</Rule>"


@pytest.mark.parametrize("prefix", ["", "up", "uploads/"])
def test_a_rule_for_parts_is_left_out_where_one_of_others_does_the_same(
    cloud: Cloud, state: State, prefix: str
) -> None:
    state.buckets["media"] = {}
    state.lifecycle["media"] = parts_rule(prefix)
    deploy(cloud, **MINE)
    assert state.lifecycle["media"] == parts_rule(prefix)
    record = read_record(cloud.oss, CODE)
    assert record is not None
    assert [rule.kind for rule in record.ours] == ["cors"], "what others do is not ours to remove"


@pytest.mark.parametrize(
    "other",
    [
        parts_rule("uploads/videos/"),
        parts_rule("backup/"),
        parts_rule("", status="Disabled"),
        parts_rule("uploads/", action="Expiration").replace("7", "1"),
        parts_rule("", action="Expiration"),
        parts_rule("").replace(
            "Days>7</Days", "CreatedBeforeDate>2020-01-01T00:00:00.000Z</CreatedBeforeDate"
        ),
        parts_rule("").replace("</Rule>", "<Filter><Not><Prefix>uploads/</Prefix></Not></Filter></Rule>"),
        parts_rule("").replace("</Rule>", "<Tag><Key>a</Key><Value>b</Value></Tag></Rule>"),
        THEIR_EXPIRY.replace("theirs", "abort-stale-multipart"),
    ],
    ids=[
        *("of fewer keys", "of other keys", "switched off", "of another action", "of all", "before a day"),
        *("with exceptions", "of a tag", "of our id"),
    ],
)
def test_beside_a_rule_that_does_something_else_ours_is_set(cloud: Cloud, state: State, other: str) -> None:
    state.buckets["media"] = {}
    state.lifecycle["media"] = other
    deploy(cloud, **MINE)
    assert state.lifecycle["media"] == OUR_PARTS + other


def test_another_prefix_moves_our_rule_for_parts(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.lifecycle["media"] = THEIR_EXPIRY
    deploy(cloud, **MINE)
    deploy(cloud, UPLOAD_PREFIX="in/")
    assert state.lifecycle["media"] == OUR_PARTS.replace("uploads/", "in/") + THEIR_EXPIRY


def test_prefixes_that_differ_in_the_case_of_letters_are_two(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    deploy(cloud, **MINE)
    deploy(cloud, UPLOAD_PREFIX="Uploads/")
    assert state.lifecycle["media"] == OUR_PARTS.replace("uploads/", "Uploads/")


def test_origins_that_a_kept_rule_refuses_are_told_and_no_others(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = ours("https://a.example.com")
    state.lifecycle["media"] = parts_rule("up")
    assert missing_rules(cloud, KEEP) == MissingRules((ORIGIN,), (ORIGIN,))
    assert missing_rules(cloud, MERGE) == MissingRules()


def test_a_kept_rule_of_before_uploads_in_parts_is_told(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = of_version_1(BOTH)
    every = (ORIGIN, "https://a.example.com")
    assert missing_rules(cloud, KEEP) == MissingRules((), every, parts_stay=True)
    assert missing_rules(cloud, {**KEEP, "MultipartBytes": "0"}) == MissingRules()


def test_lifecycle_rules_that_may_not_be_read_are_not_told_to_be_missing(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = BOTH
    state.refused_settings["media"] = {"lifecycle"}
    assert missing_rules(cloud, KEEP) == MissingRules()


def rules(*texts: str, bucket: str = "media", kind: str = "cors", version: int = VERSION) -> tuple[Rule, ...]:
    return tuple(Rule(bucket, kind, text, version) for text in texts)


def test_what_is_about_to_be_set_is_recorded_and_what_ros_may_drop(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = ours(BEFORE) + THEIRS
    elsewhere = rules(THEIRS, ORIGIN, bucket="another")
    earlier = EMPTY._replace(ours=elsewhere + rules(BEFORE))
    both = rules(f"{ORIGIN},https://a.example.com")
    wanted = earlier.ours + both + rules("uploads/", kind="lifecycle")
    assert recorded_rules(cloud, earlier, ACCOUNT, MERGE) == Record((), {}, wanted, ())
    made = {**MERGE, "ExistingUploadBucket": "false"}
    wanted = earlier.ours + both + rules("", kind="lifecycle")
    earlier = earlier._replace(others=rules("<CORSRule />", version=1))
    assert recorded_rules(cloud, earlier, ACCOUNT, made) == Record(
        (), {}, wanted, rules("<CORSRule />", THEIRS, version=1)
    )
    assert recorded_rules(cloud, earlier, ACCOUNT, KEEP) == earlier


def test_of_rules_that_may_not_be_read_none_is_recorded(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.refusals["GET media/"] = [Refused(403, "AccessDenied", "not you")]
    # the first request is about the bucket itself, so its refusal is one of the account
    with pytest.raises(CommandError, match="may not be used"):
        recorded_rules(cloud, EMPTY, ACCOUNT, MERGE)
    state.refused_settings["media"] = {"cors"}
    assert recorded_rules(cloud, EMPTY, ACCOUNT, MERGE).ours == rules("uploads/", kind="lifecycle")
    with pytest.raises(CommandError, match=r"^The CORSConfiguration of media stays as it was \(AccessDenied"):
        deploy(cloud, **MINE)
    assert [one["Status"] for one in state.stacks.values()] == ["CREATE_COMPLETE"]


def test_a_rule_of_another_stack_for_the_same_origins_is_shared_and_stays(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    deploy(cloud, **MINE)
    deploy(cloud, **MINE, STACK="second", INSTANCE_QUOTA="300")
    assert state.cors["media"] == ours(ORIGIN) + VARY
    deploy(
        cloud,
        STACK="second",
        INSTANCE_QUOTA="300",
        ALLOWED_ORIGINS="https://b.example.com",
        UPLOAD_PREFIX="b/",
    )
    assert state.cors["media"] == ours("https://b.example.com") + ours(ORIGIN) + VARY
    assert state.lifecycle["media"].count("<Prefix>") == 2
    deploy(cloud, INSTANCE_QUOTA="300", ALLOWED_ORIGINS="https://a.example.com")
    assert state.cors["media"] == ours("https://a.example.com") + ours("https://b.example.com") + VARY


def test_rules_that_others_had_and_that_ros_dropped_come_back(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = ours(BEFORE) + THEIRS
    dropped = THEIRS.replace("*", "https://dropped.example.com")
    now, elsewhere = rules(MERGE["AllowedOrigins"]), rules(THEIRS, bucket="another")
    parts = rules("uploads/", kind="lifecycle")
    record = Record((), {}, rules(BEFORE) + now + elsewhere + parts, rules(dropped) + elsewhere)
    done, refused = set_rules(cloud, record, EMPTY, MERGE)
    assert state.cors == {"media": BOTH + dropped + THEIRS + VARY}
    assert state.lifecycle == {"media": OUR_PARTS}
    assert done == Record((), {}, now + elsewhere + parts, elsewhere)
    assert refused == []


def test_rules_to_keep_are_not_set(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    assert set_rules(cloud, EMPTY, EMPTY, KEEP) == (EMPTY, [])
    assert state.writes == []


def test_a_document_that_is_refused_is_one_sentence_and_the_other_is_set(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.refusals["PUT media/"] = [Refused(403, "AccessDenied", "not you")]
    earlier = EMPTY._replace(ours=rules(BEFORE), others=rules(THEIRS))
    record = earlier._replace(
        ours=rules(BEFORE, MERGE["AllowedOrigins"]), others=rules(THEIRS, "<CORSRule />")
    )
    done, refused = set_rules(cloud, record, earlier, MERGE)
    assert refused == ["The CORSConfiguration of media stays as it was (AccessDenied: not you)."]
    assert done == earlier
    assert state.lifecycle == {"media": OUR_PARTS}


def test_a_rollback_after_which_the_rules_are_refused_tells_the_reason_of_ros(
    cloud: Cloud, state: State
) -> None:
    deploy(cloud, **ANYONE)
    state.cors[UPLOADS] = ours(ORIGIN) + THEIRS + VARY
    state.fails["TokenFunction"] = "broken"
    state.refusals[f"PUT {UPLOADS}/"] = [Refused(403, "AccessDenied", "not you")]
    with pytest.raises(StackFailed, match="broken"):
        deploy(cloud, ALLOWED_ORIGINS="https://b.example.com")


def test_where_a_domain_is_refused_no_rule_is_recorded(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    before = state.cors[UPLOADS]
    state.cors[UPLOADS] = before.replace(VARY, THEIRS + VARY)
    with pytest.raises(CommandError, match="Nothing else was changed"):
        deploy(cloud, UPLOAD_DOMAIN="up.example.com", ALLOWED_ORIGINS="https://b.example.com")
    by_hand = ours("https://b.example.com")
    state.cors[UPLOADS] = before.replace(VARY, by_hand + VARY)
    deploy(cloud)
    assert state.cors[UPLOADS] == ours(ORIGIN) + by_hand + VARY


def test_a_rule_that_its_owner_deleted_does_not_come_back_after_a_rollback(
    cloud: Cloud, state: State
) -> None:
    deploy(cloud, **ANYONE)
    state.cors[UPLOADS] = ours(ORIGIN) + THEIRS + VARY
    state.fails["TokenFunction"] = "broken"
    with pytest.raises(StackFailed):
        deploy(cloud, ALLOWED_ORIGINS="https://b.example.com")
    state.fails.clear()
    state.cors[UPLOADS] = ours(ORIGIN) + VARY
    deploy(cloud)
    assert state.cors[UPLOADS] == ours(ORIGIN) + VARY


def test_a_rule_in_another_bucket_is_not_taken_for_ours(cloud: Cloud, state: State) -> None:
    """A first deploy in the bucket of the stack's name was rolled back, then another bucket was chosen."""
    state.fails["TokenRole"] = "broken"
    with pytest.raises(StackFailed):
        deploy(cloud, **ANYONE)
    state.fails.clear()
    state.buckets["media"] = {}
    state.cors["media"], state.lifecycle["media"] = ours(ORIGIN), OUR_PARTS.replace("uploads/", "")
    deploy(cloud, **MINE, ALLOWED_ORIGINS="https://b.example.com")
    assert state.cors["media"] == ours("https://b.example.com") + ours(ORIGIN) + VARY
    assert state.lifecycle["media"] == OUR_PARTS.replace("uploads/", "")


# ---- Destroy


def destroyed(cloud: Cloud) -> list[str]:
    env = given(STACK="uploads", REGION="cn-hangzhou", YES="1")
    shown: list[str] = []
    arguments = read_arguments(env, options=OPTIONS, settings=())
    destroy(arguments, cloud, Stacks(cloud.ros, "cn-hangzhou"), shown.append, lambda _: "no")
    return [line for line in shown if "Configuration" in line]


def test_destroy_removes_our_rules_from_a_bucket_of_ones_own(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = THEIRS
    deploy(cloud, **MINE)
    assert destroyed(cloud) == [
        "removed this stack's rule from the CORSConfiguration of media",
        "removed this stack's rule from the LifecycleConfiguration of media",
    ]
    assert (state.cors, state.lifecycle) == ({"media": THEIRS + VARY}, {})


def test_destroy_leaves_a_rule_that_was_there_before_and_removes_the_other(
    cloud: Cloud, state: State
) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = ours(ORIGIN) + VARY
    deploy(cloud, **MINE)
    assert destroyed(cloud) == ["removed this stack's rule from the LifecycleConfiguration of media"]
    assert (state.cors, state.lifecycle) == ({"media": ours(ORIGIN) + VARY}, {})


def test_destroy_says_which_rules_oss_does_not_let_it_remove(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    deploy(cloud, **MINE)
    state.refusals["DELETE media/"] = [Refused(403, "AccessDenied", "not you")] * 2
    with pytest.raises(CommandError) as found:
        destroyed(cloud)
    assert str(found.value).splitlines() == [
        "The CORSConfiguration of media stays as it was (AccessDenied: not you).",
        "The LifecycleConfiguration of media stays as it was (AccessDenied: not you).",
        "Run this again to remove the rest.",
    ]
    destroyed(cloud)
    assert (state.cors, state.lifecycle, CODE in state.buckets) == ({}, {}, False)


def test_destroy_changes_no_rule_of_a_bucket_that_keeps_its_own(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    deploy(cloud, **MINE)
    deploy(cloud, UPLOAD_BUCKET_RULES="keep")
    before = dict(state.cors), dict(state.lifecycle)
    assert destroyed(cloud) == [
        "left this stack's rule in the CORSConfiguration of media: UPLOAD_BUCKET_RULES is keep",
        "left this stack's rule in the LifecycleConfiguration of media: UPLOAD_BUCKET_RULES is keep",
    ]
    assert (state.cors, state.lifecycle) == before


def test_of_uploads_that_are_kept_the_rules_go_with_the_stack(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    destroyed(cloud)
    assert (state.cors, state.lifecycle) == ({}, {})
    deploy(cloud, ALLOWED_ORIGINS="https://b.example.com", **ANYONE)
    assert state.cors[UPLOADS] == ours("https://b.example.com") + VARY


# ---- The record


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"[]",
        b'{"domains": [], "certificates": {}, "ours": []}',
        b'{"domains": 1, "certificates": {}, "ours": [], "others": []}',
        b'{"domains": [["a"]], "certificates": {}, "ours": [], "others": []}',
        b'{"domains": [], "certificates": [], "ours": [], "others": []}',
        b'{"domains": [], "certificates": {}, "ours": [["a", "b"]], "others": []}',
        b'{"domains": [], "certificates": {}, "ours": [], "others": [["media", "cors", "no XML"]]}',
        b"[" * 100_000,
        b'{"domains": [], "certificates": {}, "ours": [], "others": []}' + b" " * 2**23,
    ],
)
def test_a_record_that_is_none_ends_the_deploy_before_anything_is_changed(
    cloud: Cloud, state: State, content: bytes
) -> None:
    deploy(cloud, **ANYONE)
    state.buckets[CODE][RECORD_NAME] = (content, {})
    before = list(state.writes)
    with pytest.raises(CommandError) as found:
        deploy(cloud, MAX_BYTES="5")
    assert str(found.value) == (
        f"{RECORD_NAME} in {CODE} is not what make deploy put there: delete it, and run this again. "
        "Domains and rules that earlier deploys set then stay where they are."
    )
    assert state.writes == before


def test_a_record_that_is_too_large_leaves_no_connection_open(
    cloud: Cloud, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.buckets[CODE] = {RECORD_NAME: (b" " * (LARGEST + 1), {})}
    found = cloud.oss.get_object(GetObjectRequest(bucket=CODE, key=RECORD_NAME))
    monkeypatch.setattr(cloud.oss, "get_object", lambda _: found)
    with pytest.raises(CommandError):
        read_record(cloud.oss, CODE)
    assert found.body.is_closed


@pytest.mark.parametrize("version", [[], [1], [2], [99]], ids=["none", "1", "2", "of later"])
def test_of_a_rule_of_this_project_the_version_is_read_and_of_a_later_one_no_rule_is_ours(
    cloud: Cloud, state: State, version: list[int]
) -> None:
    state.buckets[CODE], state.buckets["media"] = {}, {}
    state.cors["media"] = of_version_1(ours(ORIGIN)) + ours(ORIGIN)
    entry = {"ours": [["media", "cors", ORIGIN, *version]], "others": [], "domains": [], "certificates": {}}
    state.buckets[CODE][RECORD_NAME] = (json.dumps(entry).encode(), {})
    record = read_record(cloud.oss, CODE)
    assert record is not None
    own = [(rule.text, rule.version) for rule in record.ours]
    left = {1: [ours(ORIGIN)], 2: [of_version_1(ours(ORIGIN))]}
    both = [of_version_1(ours(ORIGIN)), ours(ORIGIN)]
    assert rules_of_others(cloud.oss, "media", CORS, own) == left.get(sum(version) or 1, both)


# ---- Rules of an earlier version


def deployed_before(cloud: Cloud, state: State, bucket: str, **settings: str) -> None:
    """Leave bucket, record and stack as a deploy of before uploads in parts did."""
    deploy(cloud, **settings)
    state.cors[bucket], state.lifecycle[bucket] = (
        of_version_1(rules[bucket]) for rules in (state.cors, state.lifecycle)
    )
    (stack,) = state.stacks.values()
    stack["template"] = json.loads(json.dumps(stack["template"]))
    uploads = stack["template"]["Resources"]["Uploads"]["Properties"]
    uploads["CORSConfiguration"]["CORSRule"][0].update(
        AllowedMethod=["POST"], ExposeHeader=["ETag", "x-oss-request-id"]
    )
    uploads["LifecycleConfiguration"]["Rule"][0]["AbortMultipartUpload"]["Days"] = 1
    record, headers = state.buckets[CODE][RECORD_NAME]
    told = json.loads(record)
    told["ours"] = [rule[:3] for rule in told["ours"]]
    state.buckets[CODE][RECORD_NAME] = (json.dumps(told).encode(), headers)


def test_rules_of_an_earlier_version_are_replaced_in_a_bucket_of_ones_own(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"], state.lifecycle["media"] = THEIRS, THEIR_EXPIRY
    deployed_before(cloud, state, "media", **MINE)
    deploy(cloud)
    assert state.cors["media"] == ours(ORIGIN) + THEIRS + VARY
    assert state.lifecycle["media"] == OUR_PARTS + THEIR_EXPIRY
    before = list(state.writes)
    deploy(cloud)
    assert state.writes == before
    destroyed(cloud)
    assert (state.cors["media"], state.lifecycle["media"]) == (THEIRS + VARY, THEIR_EXPIRY)


def test_rules_of_an_earlier_version_are_replaced_in_a_bucket_of_the_stack(
    cloud: Cloud, state: State
) -> None:
    """ROS replaces the one of its template, and drops those of others."""
    deployed_before(cloud, state, UPLOADS, **ANYONE)
    state.cors[UPLOADS] = of_version_1(ours(ORIGIN)) + THEIRS + VARY
    deploy(cloud)
    assert state.cors[UPLOADS] == ours(ORIGIN) + THEIRS + VARY
    assert state.lifecycle[UPLOADS].count("<Days>2</Days>") == state.lifecycle[UPLOADS].count("<Rule>") == 1


@pytest.mark.parametrize("left_by", [deployed_before, None], ids=["an earlier version", "this version"])
def test_of_a_stack_without_a_record_the_rules_are_this_projects(
    cloud: Cloud, state: State, left_by: Callable[..., None] | None
) -> None:
    if left_by:
        left_by(cloud, state, UPLOADS, **ANYONE)
    else:
        deploy(cloud, **ANYONE)
    del state.buckets[CODE][RECORD_NAME]
    deploy(cloud)
    before = list(state.writes)
    deploy(cloud)
    assert state.writes == before
    assert state.cors[UPLOADS] == ours(ORIGIN) + VARY
    assert state.lifecycle[UPLOADS].count("<Rule>") == 1


def test_a_rule_that_somebody_made_as_earlier_documents_said_stays(cloud: Cloud, state: State) -> None:
    """docs/deploy.md said how to make one by hand: it is not this stack's, whatever it looks like."""
    state.buckets["media"] = {}
    state.cors["media"] = of_version_1(ours(ORIGIN)) + VARY
    for _ in range(2):
        deploy(cloud, **MINE)
        assert state.cors["media"] == ours(ORIGIN) + of_version_1(ours(ORIGIN)) + VARY
    destroyed(cloud)
    assert state.cors["media"] == of_version_1(ours(ORIGIN)) + VARY


def test_rules_of_an_earlier_version_stay_where_none_is_to_be_changed(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    deployed_before(cloud, state, "media", **MINE)
    before = (dict(state.cors), dict(state.lifecycle))
    shown: list[str] = []
    deploy(cloud, shown, UPLOAD_BUCKET_RULES="keep")
    assert (state.cors, state.lifecycle) == before
    (told,) = (line for line in shown if "send a file in parts" in line)
    assert told.startswith(f"The CORS rules of media let no page of {ORIGIN} send a file in parts. Add ")


# ---- Rules of a whole deploy


def test_a_bucket_of_ones_own_gets_both_rules_and_keeps_its_own(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"], state.lifecycle["media"] = THEIRS, THEIR_EXPIRY
    shown: list[str] = []
    deploy(cloud, shown, **MINE)
    assert state.cors["media"] == ours(ORIGIN) + THEIRS + VARY
    assert state.lifecycle["media"] == OUR_PARTS + THEIR_EXPIRY
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
    whole = OUR_PARTS.replace("<Prefix>uploads/</Prefix>", "<Prefix />")
    assert (state.cors, state.lifecycle) == ({UPLOADS: ours(ORIGIN) + VARY}, {UPLOADS: whole})


def test_rules_that_are_to_stay_stay_in_later_deploys_too(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    deploy(cloud, **MINE, UPLOAD_BUCKET_RULES="keep")
    deploy(cloud, ALLOWED_ORIGINS="https://a.example.com")
    assert (state.cors, state.lifecycle) == ({}, {})
    deploy(cloud, UPLOAD_BUCKET_RULES="merge")
    assert state.cors["media"] == ours("https://a.example.com") + VARY


def test_a_bucket_that_takes_no_rule_costs_this_step(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = "".join(THEIRS.replace("*", f"https://{nth}.example.com") for nth in range(10))
    with pytest.raises(
        CommandError, match=r"^The CORSConfiguration of media stays as it was \(InvalidRequest: The number"
    ):
        deploy(cloud, **MINE)
    assert [one["Status"] for one in state.stacks.values()] == ["CREATE_COMPLETE"]


def test_rules_of_others_are_told_as_they_are(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.cors["media"] = "\n".join((ours(ORIGIN), THEIRS.replace("><", ">\n  <"), VARY))
    assert rules_of_others(cloud.oss, "media", CORS, [(ORIGIN, VERSION)]) == [THEIRS]


@pytest.mark.parametrize("kind", KINDS, ids=["Cors", "Lifecycle"])
def test_rules_that_may_not_be_read_are_not_taken_for_none(cloud: Cloud, state: State, kind: Kind) -> None:
    state.buckets["media"] = {}
    state.refusals["GET media/"] = [Refused(403, "AccessDenied", "not you")]
    operation = f"GetBucket{kind.name.title()}"
    with pytest.raises(OperationError, match=f"(?s)^operation error {operation}: .*not you"):
        put_rules(cloud.oss, "media", kind, "x", [])
    assert state.writes == []
