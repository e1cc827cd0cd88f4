"""Each finding before a deploy, word for word: a person acts on it, and a program reads its name."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_oss_v2.exceptions import OperationError
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from deploy.aliyun.clients import Cloud
from deploy.aliyun.ros_stack import Stacks
from deploy.aliyun.services import Service
from deploy.arguments import DEPLOY_OPTIONS, read_arguments
from deploy.deploy import DeployCommand
from deploy.doctor.finding import Finding
from deploy.errors import CommandError
from deploy.preflight.examination import activation, examine, require_success
from deploy.preflight.instance_quota import excess
from deploy.preflight.object_trial import KEY, prepare_bucket
from tests.support.cloud.commands import ANYONE, CODE, SITE, UPLOADS, given
from tests.support.cloud.state import ACCOUNT, OTHER_ACCOUNT, Refused, State

DOMAIN = {"SITE_DOMAIN": "www.example.com"}
SETTINGS = "the settings, by the functions' own parsers"
ROLE = "the role that delivers the functions' logs"
PUBLIC = "whether the account may have a public bucket"
QUOTA = "whether the caps of both functions fit into the region's quota of instances"
CAP = "TOKEN_CONCURRENCY takes a whole number from 0 to 300; 0 sets no cap."
NOBODYS = "nobody's: a deploy makes it"
NOT_ALLOWED = Refused(403, "Forbidden.RAM", "not you")
NEEDED = (
    "The AccessKey needs oss:PutObject, oss:ListObjects, oss:GetObject and oss:DeleteObject on the bucket of "
    "the packages."
)


def findings(cloud: Cloud, **settings: str) -> list[Finding]:
    """Return what is found about a first deploy with these settings."""
    env = given(STACK="uploads", REGION="cn-hangzhou", **ANYONE, **settings)
    stacks = Stacks(cloud.ros, "cn-hangzhou")
    arguments = read_arguments(env, options=DEPLOY_OPTIONS)
    command = DeployCommand(arguments, cloud, stacks, lambda _: None, lambda _: "no")
    return list(examine(command.plan(ACCOUNT, command.wanted_values(None, ACCOUNT))))


def activated(service: str) -> Finding:
    return Finding("services", "ok", f"whether {service} is activated", "yes")


def free(bucket: str) -> Finding:
    return Finding("buckets", "ok", f"whose bucket {bucket} is", NOBODYS)


def test_an_account_that_is_ready(cloud: Cloud, state: State) -> None:
    state.make_bucket(UPLOADS)
    state.services["SLS"] = "EnabledByDefault"
    assert findings(cloud, **DOMAIN) == [
        Finding("settings", "ok", SETTINGS, "both functions would start with them"),
        activated("OSS"),
        activated("Function Compute"),
        activated("Simple Log Service"),
        free(CODE),
        Finding("buckets", "ok", f"whose bucket {UPLOADS} is", "this account's"),
        free(SITE),
        Finding("public_access", "ok", PUBLIC, "yes: Block Public Access is off for the account"),
        Finding("quota", "ok", QUOTA, "70 instances fit"),
    ]


def test_an_account_that_is_not_ready(cloud: Cloud, state: State) -> None:
    state.services |= {"OSS": "Unknown", "FC": "Disabled"}
    state.missing_roles = {"AliyunServiceRoleForFC"}
    state.blocks_public_access = True
    state.reserved = {"other": 80}
    state.squat(UPLOADS)
    assert findings(cloud, **DOMAIN, WEBHOOK_URL="https://backend.example.com/") == [
        Finding(
            "settings", "failed", SETTINGS, "callback: WEBHOOK_URL and WEBHOOK_SECRET must be set together"
        ),
        Finding(
            "services",
            "noted",
            "whether OSS is activated",
            "ROS does not know (The OSS service has not been opened.)",
        ),
        Finding(
            "services",
            "failed",
            "whether Function Compute is activated",
            "Function Compute is not activated.",
            fix="Activate it at https://common-buy.aliyun.com/?commodityCode=fc.",
        ),
        Finding(
            "log_role",
            "failed",
            ROLE,
            "The role AliyunServiceRoleForFC does not exist: Function Compute cannot deliver logs.",
            fix="Open https://ram.console.aliyun.com/role/authorization?request=x once, and agree to make "
            "the role.",
        ),
        activated("Simple Log Service"),
        free(CODE),
        Finding(
            "buckets",
            "failed",
            f"whose bucket {UPLOADS} is",
            f"The bucket {UPLOADS} belongs to account {OTHER_ACCOUNT}, not to {ACCOUNT}. Nothing of yours "
            "may go there or come from there: choose another STACK, or another UPLOAD_BUCKET if you chose "
            "this one; make destroy removes a stack with it.",
        ),
        free(SITE),
        Finding(
            "public_access",
            "failed",
            PUBLIC,
            "Block Public Access is on for the whole account: nobody could read the page at www.example.com.",
            fix="Turn it off for the account in the OSS console, or deploy without SITE_DOMAIN.",
        ),
        Finding(
            "quota",
            "failed",
            QUOTA,
            "The caps of all functions in cn-hangzhou would reserve 150 instances; of a quota of 100, 90 can "
            "be reserved.",
            fix="Lower TOKEN_CONCURRENCY and CALLBACK_CONCURRENCY (0 reserves nothing), or look up the "
            "region's quota in the Quota Center and give it, such as INSTANCE_QUOTA=300.",
        ),
    ]


def test_what_nobody_needs_is_skipped(cloud: Cloud) -> None:
    found = findings(cloud, TOKEN_CONCURRENCY="many")
    assert [one for one in found if one.verdict != "ok"] == [
        Finding("settings", "failed", SETTINGS, CAP),
        Finding("public_access", "skipped", PUBLIC, "without SITE_DOMAIN no bucket has to be public"),
        Finding("quota", "skipped", QUOTA, "a cap is no number"),
    ]


def test_only_a_bucket_that_may_not_be_asked_about_stops_a_deploy(cloud: Cloud, state: State) -> None:
    questions = ("GetServiceProvisions", "ListConcurrencyConfigs", "GET /", f"GET {CODE}/")
    state.refusals = {question: [NOT_ALLOWED] for question in questions}
    of_api = "Alibaba Cloud refused: Forbidden.RAM: code: 403, not you request id: R"
    of_oss = "Alibaba Cloud refused: Forbidden.RAM: not you"
    fits = "whether the caps fit into the region's quota of instances"
    assert findings(cloud, **DOMAIN)[1:] == [
        Finding("services", "noted", "whether the services are activated", of_api),
        Finding("buckets", "failed", "whose the buckets are", of_oss),
        Finding("public_access", "noted", PUBLIC, of_oss),
        Finding("quota", "noted", fits, of_api),
    ]


@pytest.mark.parametrize("cap", ["0", "300"])
def test_the_least_and_the_most_that_the_template_takes(cloud: Cloud, cap: str) -> None:
    caps = {"TOKEN_CONCURRENCY": cap, "CALLBACK_CONCURRENCY": cap}
    found = findings(cloud, **caps, INSTANCE_QUOTA="1000")
    assert found[-1] == Finding("quota", "ok", QUOTA, f"{2 * int(cap)} instances fit")


# ---- What ends the checks, and what ends a deploy


@pytest.mark.parametrize("question", ["GetServiceProvisions", "ListConcurrencyConfigs", "GET /"])
@pytest.mark.parametrize(
    "code", ["InvalidSecurityToken.Expired", "InvalidAccessKeyId.NotFound", "SignatureDoesNotMatch"]
)
def test_bad_credentials_are_told_once_and_not_by_each_check(
    cloud: Cloud, state: State, question: str, code: str
) -> None:
    state.refusals[question] = [Refused(403, code, "not you")]
    with pytest.raises((AlibabaCloudException, OperationError), match=code):
        findings(cloud, **DOMAIN)


def test_no_answer_ends_the_checks(cloud: Cloud, state: State) -> None:
    state.lost["GET /"] = ["before"] * 99
    with pytest.raises(OperationError):
        findings(cloud, **DOMAIN)


def test_what_the_sdk_itself_refuses_ends_only_its_check(cloud: Cloud) -> None:
    buckets, *others = findings(cloud, UPLOAD_BUCKET="My_Bucket")[-3:]
    assert (buckets.name, buckets.verdict) == ("buckets", "failed")
    assert buckets.found.startswith("OSS cannot be asked that: ")
    assert [one.name for one in others] == ["public_access", "quota"]


def test_a_deploy_goes_on_after_what_was_noted() -> None:
    shown: list[str] = []
    noted = Finding("quota", "noted", QUOTA, "not told")
    require_success([noted, Finding("services", "ok", "whether OSS is activated", "yes")], shown.append)
    assert shown == [f"{QUOTA}: not told"]


def test_a_deploy_ends_with_a_line_for_each_failure() -> None:
    shown: list[str] = []
    settings = Finding("settings", "failed", SETTINGS, CAP)
    role = Finding("log_role", "failed", ROLE, "The role does not exist.", fix="Make it.")
    with pytest.raises(CommandError) as found:
        require_success([settings, role], shown.append)
    assert str(found.value).splitlines() == [CAP, "The role does not exist. Make it."]
    assert shown == []


def test_a_service_without_a_page_that_activates_it_has_a_console() -> None:
    assert activation(Service("OSS", "Disabled", "", "", {})).fix == "Activate it in its console."


@pytest.mark.parametrize(
    ("reserved", "caps", "quota", "found"),
    [
        ({}, (10, 50), 100, None),
        ({}, (40, 50), 100, None),
        ({}, (41, 50), 100, (91, 90)),
        ({"other": 30}, (10, 50), 100, None),
        ({"other": 31}, (10, 50), 100, (91, 90)),
        ({"first-token": 10, "first-callback": 50}, (10, 50), 100, (120, 90)),
        ({"first-token": 10, "first-callback": 50}, (10, 50), 300, None),
        ({"first-token": 10, "first-callback": 50}, (0, 0), 100, None),
        ({"uploads-token": 10, "uploads-callback": 50, "other": 200}, (10, 50), 100, None),
        ({"uploads-token": 10, "uploads-callback": 50, "other": 200}, (9, 51), 100, None),
        ({"uploads-token": 10, "uploads-callback": 50, "other": 200}, (11, 50), 100, (261, 90)),
        ({}, (240, 30), 300, None),
        ({}, (241, 30), 300, (271, 270)),
        ({}, (7, 0), 7, (7, 6)),
    ],
)
def test_nine_tenths_of_a_quota_can_be_reserved(
    reserved: dict[str, int], caps: tuple[int, int], quota: int, found: Any
) -> None:
    assert excess(reserved, "uploads", {"token": caps[0], "callback": caps[1]}, quota) == found


# ---- An object


def test_an_object_is_put_listed_read_and_deleted(cloud: Cloud, state: State) -> None:
    prepare_bucket(cloud, ACCOUNT, CODE)
    trial = [f"PUT {CODE}/{KEY}", f"GET {CODE}/", f"GET {CODE}/{KEY}", f"POST {CODE}/"]
    assert (state.asked[-4:], state.buckets) == (trial, {CODE: {}})
    prepare_bucket(cloud, ACCOUNT, CODE)  # which is there now
    assert (state.asked[-4:], state.buckets) == (trial, {CODE: {}})


def test_an_object_that_is_refused_is_named_with_what_the_key_needs(cloud: Cloud, state: State) -> None:
    state.refusals[f"PUT {CODE}/{KEY}"] = [Refused(403, "AccessDenied", "not you")]
    with pytest.raises(CommandError) as found:
        prepare_bucket(cloud, ACCOUNT, CODE)
    assert state.buckets == {CODE: {}}
    assert str(found.value) == f"Alibaba Cloud refused: AccessDenied: not you {NEEDED}"


def test_what_may_not_be_deleted_again_hides_no_refusal(cloud: Cloud, state: State) -> None:
    denied = Refused(403, "AccessDenied", "not you")
    state.refusals = {f"GET {CODE}/{KEY}": [denied], f"POST {CODE}/": [denied]}
    with pytest.raises(CommandError) as found:
        prepare_bucket(cloud, ACCOUNT, CODE)
    assert str(found.value) == f"Alibaba Cloud refused: AccessDenied: not you {NEEDED}"


def test_no_answer_to_an_object_is_no_refusal(cloud: Cloud, state: State) -> None:
    state.lost[f"PUT {CODE}/{KEY}"] = ["before"] * 99
    with pytest.raises(OperationError):
        prepare_bucket(cloud, ACCOUNT, CODE)
    assert state.buckets == {CODE: {}}
