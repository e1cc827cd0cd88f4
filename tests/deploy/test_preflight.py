"""What is found before a deploy makes anything, and what `make preflight` says about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alibabacloud_credentials.utils import auth_constant, auth_util
from alibabacloud_oss_v2.exceptions import OperationError
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from deploy.aliyun.clients import Cloud
from deploy.aliyun.functions import reserved_instances
from deploy.errors import CommandError, StackFailed
from deploy.exit_messages import RUN_AGAIN, message_for
from deploy.preflight.__main__ import main
from tests.support.cloud.commands import ANYONE, CODE, SITE, UPLOADS, deploy, given, make
from tests.support.cloud.server import serving_publicly
from tests.support.cloud.state import ACCOUNT, INTERNAL, OTHER_ACCOUNT, Refused, State

STACK = {"STACK": "uploads", "REGION": "cn-hangzhou"}
TRIAL = f"PUT {CODE}/preflight.txt"
# with status, code and message as captured: Function Compute 2026, OSS 2026, Serverless Devs 2025
FC_CLOSED = Refused(403, "AccessDenied", "FC service is not enabled for current user.")
OSS_CLOSED = Refused(403, "UserDisable", "UserDisable")
SLS_CLOSED = "InvalidAccessKeyId: Your SLS service has not been opened."
NOT_ALLOWED = Refused(403, "Forbidden.RAM", "User not authorized to operate on the specified resource.")
WAYS_OUT = "with OSS_ENDPOINT=oss-cn-hangzhou-internal.aliyuncs.com, or deploy to REGION=cn-hongkong.\n"
EXPIRED = Refused(403, "InvalidSecurityToken.Expired", "The security token has expired.")


@pytest.fixture
def public(state: State, certificate: Path) -> Iterator[State]:
    with serving_publicly(state, certificate):
        yield state


def refused(cloud: Cloud, state: State, **settings: str) -> list[str]:
    """Return the lines by which a deploy is refused before it writes anything."""
    writes = list(state.writes)
    with pytest.raises(CommandError) as found:
        deploy(cloud, **settings)
    assert state.writes == writes
    return str(found.value).splitlines()


# ---- Before the first write


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_made(cloud: Cloud, state: State) -> None:
    state.services |= {"FC": "Disabled", "SLS": "Disabled"}
    state.missing_roles = {"AliyunServiceRoleForFC"}
    state.squat(UPLOADS)
    state.squat(SITE)
    state.blocks_public_access = True
    state.reserved = {"other": 80}
    wrong = {**ANYONE, "SITE_DOMAIN": "www.example.com", "WEBHOOK_URL": "https://backend.example.com/"}
    lines = refused(cloud, state, **wrong)
    assert [line.partition(" ")[0] for line in lines] == [
        "callback:",
        "Function",
        "The",
        "Simple",
        "The",
        "The",
        "Block",
        "The",
    ]
    assert "WEBHOOK_URL and WEBHOOK_SECRET" in lines[0]
    assert state.stacks == {}


def test_a_service_that_is_not_activated_comes_with_the_page_that_activates_it(
    cloud: Cloud, state: State
) -> None:
    state.services["SLS"] = "Disabled"
    assert refused(cloud, state, **ANYONE) == [
        (
            "Simple Log Service is not activated. "
            "Activate it at https://common-buy.aliyun.com/?commodityCode=sls."
        )
    ]


def test_the_role_of_the_logs_is_made_by_opening_a_page(cloud: Cloud, state: State) -> None:
    """Function Compute 3.0 writes logs by it; the older default role is needed by nothing here."""
    state.missing_roles = {"AliyunServiceRoleForFC", "AliyunFCDefaultRole"}
    assert refused(cloud, state, **ANYONE) == [
        (
            "The role AliyunServiceRoleForFC does not exist: Function Compute cannot deliver logs. Open "
            "https://ram.console.aliyun.com/role/authorization?request=x once, and agree to make the role."
        )
    ]
    state.missing_roles = {"AliyunFCDefaultRole"}
    assert deploy(cloud, **ANYONE).status == "CREATE_COMPLETE"


def test_function_compute_itself_says_that_it_is_not_activated(cloud: Cloud, state: State) -> None:
    state.services["FC"] = "Unknown"
    state.refusals["ListConcurrencyConfigs"] = [FC_CLOSED]
    (line,) = refused(cloud, state, **ANYONE)
    assert re.match("Alibaba Cloud refused: AccessDenied: .*FC service is not enabled", line)
    assert line.endswith("Activate Function Compute at https://fcnext.console.aliyun.com")


def test_oss_says_at_its_first_bucket_that_it_is_not_activated(cloud: Cloud, state: State) -> None:
    """Whether a bucket exists is answered before, as captured."""
    state.refusals[f"PUT {CODE}/"] = [OSS_CLOSED]
    with pytest.raises(OperationError) as found:
        deploy(cloud, **ANYONE)
    assert message_for(found.value).startswith(
        "Alibaba Cloud refused: UserDisable: UserDisable Activate OSS at"
    )
    assert state.buckets == {}


def test_oss_that_is_closed_is_said_once_and_not_for_each_bucket(cloud: Cloud, state: State) -> None:
    state.refusals[f"GET {CODE}/"] = [OSS_CLOSED]
    (line,) = refused(cloud, state, **ANYONE)
    assert line.startswith("Alibaba Cloud refused: UserDisable: UserDisable Activate OSS at ")


def test_what_ros_says_of_logs_that_are_not_activated_comes_with_the_way_out(
    cloud: Cloud, state: State
) -> None:
    state.fails["LogsProject"] = SLS_CLOSED
    with pytest.raises(StackFailed) as found:
        deploy(cloud, **ANYONE)
    assert message_for(found.value) == (
        f"ROS could not do it: LogsProject: {SLS_CLOSED} "
        "Activate Simple Log Service at https://sls.console.aliyun.com"
    )


@pytest.mark.parametrize("request_name", ["GetServiceProvisions", "ListConcurrencyConfigs"])
def test_a_question_that_the_user_may_not_ask_stops_no_deploy(
    cloud: Cloud, state: State, request_name: str
) -> None:
    state.refusals[request_name] = [NOT_ALLOWED]
    shown: list[str] = []
    assert deploy(cloud, shown, **ANYONE).status == "CREATE_COMPLETE"
    assert any(re.match("whether .*: Alibaba Cloud refused: Forbidden.RAM: ", line) for line in shown)


def test_a_service_of_which_ros_does_not_know_stops_no_deploy(cloud: Cloud, state: State) -> None:
    state.services["SLS"] = "Unknown"
    shown: list[str] = []
    assert deploy(cloud, shown, **ANYONE).status == "CREATE_COMPLETE"
    said = "whether Simple Log Service is activated: ROS does not know (The SLS service has not been opened.)"
    assert said in shown


@pytest.mark.parametrize("request_name", ["GetServiceProvisions", "ListConcurrencyConfigs", "GET /"])
def test_credentials_that_expire_meanwhile_end_it(cloud: Cloud, state: State, request_name: str) -> None:
    state.refusals[request_name] = [EXPIRED]
    with pytest.raises((AlibabaCloudException, OperationError), match="expired"):
        deploy(cloud, **ANYONE, SITE_DOMAIN="www.example.com")
    assert state.writes == []


def test_a_cloud_that_is_away_is_not_taken_for_a_refusal(cloud: Cloud, state: State) -> None:
    state.lost["GET /"] = ["before"] * 99
    with pytest.raises(OperationError) as found:
        deploy(cloud, **ANYONE, SITE_DOMAIN="www.example.com")
    assert message_for(found.value) == f"Alibaba Cloud did not answer, several times. {RUN_AGAIN}"
    assert state.writes == []


def test_a_page_that_the_account_forbids_to_everybody(cloud: Cloud, state: State) -> None:
    state.blocks_public_access = True
    assert refused(cloud, state, **ANYONE, SITE_DOMAIN="www.example.com") == [
        (
            "Block Public Access is on for the whole account: nobody could read the page at www.example.com. "
            "Turn it off for the account in the OSS console, or deploy without SITE_DOMAIN."
        )
    ]
    assert deploy(cloud, **ANYONE).status == "CREATE_COMPLETE"


# ---- The quota of instances


def test_two_stacks_with_the_caps_of_the_template_do_not_fit_into_a_quota_of_100(
    cloud: Cloud, state: State
) -> None:
    deploy(cloud, **ANYONE)
    assert refused(cloud, state, **ANYONE, STACK="second") == [
        (
            "The caps of all functions in cn-hangzhou would reserve 140 instances; of a quota of 100, 90 can "
            "be reserved. Lower TOKEN_CONCURRENCY and CALLBACK_CONCURRENCY (0 reserves nothing), or look up "
            "the region's quota in the Quota Center and give it, such as INSTANCE_QUOTA=300."
        )
    ]
    no_caps = {"TOKEN_CONCURRENCY": "0", "CALLBACK_CONCURRENCY": "0"}
    assert deploy(cloud, **ANYONE, STACK="second", **no_caps).status == "CREATE_COMPLETE"
    assert deploy(cloud, **ANYONE, STACK="third", INSTANCE_QUOTA="300").status == "CREATE_COMPLETE"
    assert deploy(cloud, MAX_BYTES="5").status == "UPDATE_COMPLETE"
    assert "would reserve 141 instances" in refused(cloud, state, TOKEN_CONCURRENCY="21")[0]


def test_every_function_with_a_cap_is_counted(cloud: Cloud, state: State) -> None:
    state.reserved = {f"function-{number}": 1 for number in range(250)}
    assert reserved_instances(cloud.fc) == state.reserved


@pytest.mark.parametrize("value", ["many", "-1", "301", "1.5", "", "٣"])
@pytest.mark.parametrize("name", ["TOKEN_CONCURRENCY", "CALLBACK_CONCURRENCY"])
def test_a_cap_that_is_no_number_of_the_template_is_refused(
    cloud: Cloud, state: State, name: str, value: str
) -> None:
    said = f"{name} takes a whole number from 0 to 300; 0 sets no cap."
    assert refused(cloud, state, **ANYONE, **{name: value}) == [said]


@pytest.mark.parametrize("value", ["many", "-1", ""])
def test_a_quota_that_is_no_number_is_refused(cloud: Cloud, state: State, value: str) -> None:
    said = "INSTANCE_QUOTA takes the number that the Quota Center shows for the region."
    assert refused(cloud, state, **ANYONE, INSTANCE_QUOTA=value) == [said]


# ---- An object, before anything depends on it


def test_a_new_account_in_mainland_china_is_told_the_ways_out_and_no_object_is_left(
    public: State, capsys: pytest.CaptureFixture[str]
) -> None:
    public.new_account = True
    assert make("deploy", **STACK, **ANYONE, YES="1") == 1
    said = capsys.readouterr().err
    assert said.startswith("Alibaba Cloud refused: PublicEndpointForbidden: Not allowed using the")
    assert said.endswith(WAYS_OUT)
    assert (public.buckets, public.stacks) == ({CODE: {}}, {})


@pytest.mark.parametrize("name", [TRIAL, f"GET {CODE}/preflight.txt", f"GET {CODE}/", f"POST {CODE}/"])
def test_objects_that_the_user_may_not_have_are_named_and_no_object_is_left(
    cloud: Cloud, state: State, name: str
) -> None:
    denied = Refused(403, "AccessDenied", "You have no right to access this object because of bucket acl.")
    state.refusals[name] = [denied]
    if name == f"GET {CODE}/":  # which also says whose bucket it is
        state.refusals[name] = [Refused(404, "NoSuchBucket", "The specified bucket does not exist.")] * 2
        state.refusals[name].append(denied)
    with pytest.raises(CommandError, match=r"AccessDenied.* needs oss:PutObject, oss:ListObjects, oss:GetO"):
        deploy(cloud, **ANYONE)
    assert (state.buckets, state.stacks) == ({CODE: {}}, {})
    assert deploy(cloud, **ANYONE).status == "CREATE_COMPLETE"


def test_a_bucket_that_was_there_stays_there(cloud: Cloud, state: State) -> None:
    state.buckets[CODE] = {}
    state.new_account = True
    with pytest.raises(CommandError, match="PublicEndpointForbidden"):
        deploy(cloud, **ANYONE)
    assert state.buckets == {CODE: {}}


def test_a_failure_that_another_try_may_not_meet_is_no_reason_to_give_up_the_bucket(
    cloud: Cloud, state: State
) -> None:
    state.refusals[TRIAL] = [Refused(403, "SecurityTokenExpired", "The security token has expired.")]
    with pytest.raises(OperationError, match="SecurityTokenExpired"):
        deploy(cloud, **ANYONE)
    assert state.buckets == {CODE: {}}


def test_a_later_deploy_tries_no_object(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    assert state.asked.count(TRIAL) == 1
    deploy(cloud, MAX_BYTES="5")
    assert state.asked.count(TRIAL) == 1
    assert "preflight.txt" not in state.buckets[CODE]


# ---- make preflight


def verdicts(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    document = json.loads(capsys.readouterr().out)
    return {one["name"]: one["verdict"] for one in document["findings"]}


SOUND = {
    "region": "ok",
    "account": "ok",
    "stack": "ok",
    "domains": "skipped",
    "settings": "ok",
    "services": "ok",
    "buckets": "ok",
    "public_access": "skipped",
    "quota": "ok",
    "objects": "skipped",
}


def test_preflight_of_a_first_and_of_a_later_deploy_changes_nothing(
    public: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("preflight", **STACK, **ANYONE, JSON="true") == 0
    assert verdicts(capsys) == SOUND
    assert public.writes == []
    assert make("deploy", **STACK, **ANYONE, YES="1") == 0
    writes = list(public.writes)
    capsys.readouterr()
    assert make("preflight", **STACK, JSON="true", SITE_DOMAIN="www.example.com") == 0
    all_ok = dict.fromkeys(["domains", "packages", "public_access", "objects"], "ok")
    assert verdicts(capsys) == {**SOUND, **all_ok}
    assert public.writes == writes


def test_preflight_looks_at_what_the_functions_of_a_stack_run(
    public: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("deploy", **STACK, **ANYONE, YES="1") == 0
    public.buckets[CODE] = dict.fromkeys(public.buckets[CODE], (b"EVIL", {}))
    del public.buckets[UPLOADS]
    capsys.readouterr()
    assert make("preflight", **STACK) == 1
    shown = next(
        line for line in capsys.readouterr().out.splitlines() if "packages that its functions" in line
    )
    assert shown.startswith("failed")
    assert "is not what make deploy put there" in shown
    assert f"The bucket {UPLOADS} is gone" in shown


def test_preflight_shows_each_failure_with_its_fix(public: State, capsys: pytest.CaptureFixture[str]) -> None:
    public.services["FC"] = "Disabled"
    public.squat(SITE)
    public.reserved = {"other": 80}
    domain = {"SITE_DOMAIN": "www.example.com", "SITE_CERTIFICATE": "no id"}
    assert make("preflight", **STACK, **ANYONE, **domain, TOKEN_CONCURRENCY="20") == 1
    lines = capsys.readouterr().out.splitlines()
    shown = [line for line in lines if line.startswith(("failed", "        fix"))]
    assert shown.pop(0).startswith(
        "failed  the domains and their certificates: SITE_CERTIFICATE takes the id"
    )
    assert shown[0] == "failed  whether Function Compute is activated: Function Compute is not activated."
    assert shown[1] == "        fix: Activate it at https://common-buy.aliyun.com/?commodityCode=fc."
    assert f"The bucket {SITE} belongs to account {OTHER_ACCOUNT}, not to {ACCOUNT}" in shown[2]
    assert "would reserve 150 instances; of a quota of 100, 90 can be reserved." in shown[3]
    assert shown[4].startswith("        fix: Lower TOKEN_CONCURRENCY and CALLBACK_CONCURRENCY")
    assert public.writes == []


@pytest.mark.parametrize(
    ("domains", "said"),
    [
        (
            {"SITE_DOMAIN": "https://www.example.com"},
            "SITE_DOMAIN takes a domain, such as www.example.com, without https://.",
        ),
        (
            {"UPLOAD_DOMAIN": "www.example.com/"},
            "UPLOAD_DOMAIN takes a domain, such as www.example.com, without https://.",
        ),
        (
            {"SITE_DOMAIN": "www.example.com", "UPLOAD_DOMAIN": "www.example.com"},
            "SITE_DOMAIN and UPLOAD_DOMAIN are the same: a domain belongs to one bucket, so choose two.",
        ),
    ],
    ids=["the page's", "that of the uploads", "one for both"],
)
@pytest.mark.parametrize("deployed", [False, True], ids=["first", "later"])
@pytest.mark.usefixtures("public")
def test_a_bad_domain_is_one_sentence_and_the_same_before_a_deploy_and_at_it(
    capsys: pytest.CaptureFixture[str],
    domains: dict[str, str],
    said: str,
    deployed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    settings = {**STACK, **ANYONE, **domains}
    assert not deployed or make("deploy", **STACK, **ANYONE, YES="1") == 0
    capsys.readouterr()
    assert make("preflight", **settings, JSON="true") == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(one["name"], one["found"]) for one in found if one["verdict"] == "failed"] == [("domains", said)]
    assert make("deploy", **settings, YES="1") == 1
    assert capsys.readouterr().err == f"{said}\n"


def test_origins_that_were_given_are_judged_beside_a_bad_domain(
    public: State, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {"SITE_DOMAIN": "localhost", "ALLOWED_ORIGINS": "www.example.com"}
    assert make("preflight", **STACK, **ANYONE, **wrong, JSON="true") == 1
    assert verdicts(capsys) == {**SOUND, "domains": "failed", "settings": "failed", "public_access": "ok"}
    assert public.writes == []


def test_preflight_counts_no_caps_that_are_no_numbers(
    public: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("preflight", **STACK, **ANYONE, TOKEN_CONCURRENCY="many", JSON="true") == 1
    assert verdicts(capsys) == {**SOUND, "settings": "failed", "quota": "skipped"}
    assert "ListConcurrencyConfigs" not in public.asked


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"REGION": "cn-guangzhou"}, "Function Compute 3.0 is not in cn-guangzhou: choose one of "),
        ({"REGION": "ap-southeast-1", "RUNTIME": "python3.12"}, "ap-southeast-1 has no python3.12: deploy "),
        ({"RUNTIME": "python3.13"}, "RUNTIME takes one of python3.12, python3.10."),
    ],
)
def test_preflight_of_a_place_that_cannot_be_asks_nothing(
    public: State, capsys: pytest.CaptureFixture[str], settings: dict[str, str], said: str
) -> None:
    assert make("preflight", **{**STACK, **ANYONE, **settings, "JSON": "true"}) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["name"], finding["verdict"]) == ("region", "failed")
    assert finding["found"].startswith(said)
    assert public.asked == []


def test_preflight_takes_the_arguments_of_a_deploy_and_no_others(
    public: State, capsys: pytest.CaptureFixture[str]
) -> None:
    main(given(**STACK, **ANYONE, YES="1", INSTANCE_QUOTA="100"))
    assert capsys.readouterr().out.endswith("\n\n11 ok, 3 skipped\n")
    assert public.writes == []
    with pytest.raises(CommandError, match=r"^NOW: no such setting\. There are STACK, REGION"):
        main(given(**STACK, NOW="1"))


def test_preflight_without_credentials_is_a_finding(
    public: State, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(auth_util, "environment_access_key_id", None)
    monkeypatch.setattr(auth_constant, "HOME", str(tmp_path))
    assert make("preflight", **STACK, **ANYONE, JSON="true") == 1
    document = json.loads(capsys.readouterr().out)
    assert [one["verdict"] for one in document["findings"]] == ["ok", "failed"]
    assert document["findings"][1]["found"].startswith("No credentials were found: set ALIBABA_CLOUD_ACCESS")
    assert (document["ok"], public.asked) == (False, [])


def test_preflight_of_a_stack_that_no_deploy_continues(
    public: State, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make("deploy", **STACK, **ANYONE, YES="1") == 0
    capsys.readouterr()
    (stack,) = public.stacks.values()
    stack["Status"] = "DELETE_FAILED"
    assert make("preflight", **STACK, JSON="true") == 1
    assert verdicts(capsys) == {"region": "ok", "account": "ok", "stack": "failed"}
    stack["Status"] = "CREATE_ROLLBACK_COMPLETE"
    assert make("preflight", **STACK, **ANYONE, JSON="true") == 0
    assert verdicts(capsys) == {**SOUND, "objects": "ok"}
    assert "DeleteStack" not in public.writes


def test_preflight_says_what_ended_it(public: State, capsys: pytest.CaptureFixture[str]) -> None:
    public.refusals["ListConcurrencyConfigs"] = [EXPIRED]
    assert make("preflight", **STACK, **ANYONE, JSON="true") == 1
    document = json.loads(capsys.readouterr().out)
    last = document["findings"][-1]
    assert (last["name"], last["verdict"]) == ("examination", "failed")
    assert last["found"].startswith("Alibaba Cloud refused: InvalidSecurityToken.Expired: ")


def test_preflight_of_a_new_account_lists_the_packages(
    public: State, capsys: pytest.CaptureFixture[str]
) -> None:
    public.new_account = True
    assert make("deploy", **STACK, **ANYONE, YES="1", OSS_ENDPOINT=INTERNAL) == 0
    capsys.readouterr()
    assert make("preflight", **STACK, JSON="true", OSS_ENDPOINT=INTERNAL) == 0
    assert verdicts(capsys)["objects"] == "ok"
    assert make("preflight", **STACK, JSON="true") == 1
    last = json.loads(capsys.readouterr().out)["findings"][-1]
    assert (last["name"], last["verdict"]) == ("objects", "failed")
    assert f"{last['found']}\n".endswith(WAYS_OUT)
    assert make("deploy", **STACK, YES="1") == 1
    assert capsys.readouterr().err.endswith(WAYS_OUT)
