"""`template.yml` says what ROS knows, what the functions read, and nothing more than they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from alibabacloud_fc20230330.models import HTTPTriggerConfig

from deploy.aliyun.upload_rules import VERSION, cors_rule, lifecycle_rule
from grants.lifetime import CONFIRM_SECONDS, PARTS_SECONDS
from grants.settings import LARGEST_BYTES, LARGEST_FORM
from tests.support.ros_schema import Schema, read_schema

REPOSITORY = Path(__file__).parent.parent.parent
SETTINGS = {
    "token": "functions/token/grants/settings.py",
    "callback": "functions/callback/completion/settings.py",
}
TEXT = (REPOSITORY / "template.yml").read_text()
TEMPLATE: dict[str, Any] = yaml.safe_load(TEXT)
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
LARGEST_TEMPLATE_BYTES = 512 * 1024  # ROS
LARGEST_ENVIRONMENT_BYTES = 4096  # Function Compute
ELSEWHERE = {  # settings that no deployment sets: emulation's, and those for a bucket of one's own
    "token": {"OBJECT_URL", "SIGNATURE_VERSION"},
    "callback": {"OBJECT_URL", "PUBLIC_KEY_PEM"},
}
PSEUDO = {"ALIYUN::Region": 14, "ALIYUN::TenantId": 16, "ALIYUN::StackName": 32}  # with their longest lengths
LONGEST_FCAPP_ADDRESS = len("https://") + 63 + len(".ap-southeast-1.fcapp.run")


@pytest.fixture(scope="module")
def schema() -> Schema:
    return read_schema()


def function_of(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = RESOURCES[f"{name.capitalize()}Function"]["Properties"]
    return properties


def intrinsics(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every `Ref` and `Fn::...` with its argument."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref" or key.startswith("Fn::"):
                yield key, inner
            yield from intrinsics(inner)
    elif isinstance(value, list):
        for item in value:
            yield from intrinsics(item)


def names_in(value: Any) -> Iterator[str]:
    """Yield every parameter, resource and pseudo parameter that a value speaks of."""
    for kind, argument in intrinsics(value):
        if kind == "Ref":
            yield argument
        elif kind == "Fn::GetAtt":
            yield argument[0]
        elif kind == "Fn::Sub":
            yield from re.findall(r"\$\{([\w:]+)\}", argument)


def test_ros_knows_every_type_and_property(schema: Schema) -> None:
    assert [fault for name, one in RESOURCES.items() for fault in schema.faults(name, one)] == []


def test_the_check_sees_what_ros_would_refuse(schema: Schema) -> None:
    bad = {
        "Type": "ALIYUN::OSS::Bucket",
        "Properties": {"Bucketname": "x", "CORSConfiguration": {"CORSRule": [{"AllowedMethods": []}]}},
    }
    assert sorted(schema.faults("Bad", bad)) == [
        "Bad.Bucketname: unknown",
        "Bad.CORSConfiguration.CORSRule.AllowedMethods: unknown",
    ]
    assert list(schema.faults("Bad", {"Type": "ALIYUN::FC3::Web"})) == ["Bad: unknown type ALIYUN::FC3::Web"]
    assert "Bad: bucketname is missing" in list(schema.faults("Bad", {"Type": "ALIYUN::OSS::Bucket"}))


def test_every_attribute_asked_for_exists(schema: Schema) -> None:
    for kind, argument in intrinsics(TEMPLATE):
        if kind == "Fn::GetAtt":
            resource, attribute = argument
            assert attribute in schema.types[RESOURCES[resource]["Type"]].attributes, argument


def test_every_name_spoken_of_exists_and_every_parameter_is_used() -> None:
    spoken = set(names_in(TEMPLATE))
    assert spoken <= {*PARAMETERS, *RESOURCES, *PSEUDO}
    assert set(PARAMETERS) <= spoken
    conditions = {argument[0] for kind, argument in intrinsics(TEMPLATE) if kind == "Fn::If"}
    conditions |= {one["Condition"] for one in RESOURCES.values() if "Condition" in one}
    assert conditions == set(TEMPLATE["Conditions"])


def test_the_wiring_has_no_cycle() -> None:
    waits = {name: set(names_in(one)) & set(RESOURCES) for name, one in RESOURCES.items()}
    while ready := {name for name, others in waits.items() if not others}:
        waits = {name: others - ready for name, others in waits.items() if name not in ready}
    assert waits == {}


def test_who_verifies_knows_a_new_secret_before_who_signs() -> None:
    """ROS changes a resource after those it speaks of; a rotation counts on this."""
    before = {"TokenFunction"}
    while (
        further := {other for name in before for other in names_in(RESOURCES[name])} & set(RESOURCES) - before
    ):
        before |= further
    assert "CallbackFunction" in before


@pytest.mark.parametrize("name", ["token", "callback"])
def test_a_function_is_given_exactly_the_settings_it_reads(name: str) -> None:
    text = (REPOSITORY / SETTINGS[name]).read_text()
    read = set(re.findall(r'read\.take\(\s*"(\w+)"', text))
    assert set(function_of(name)["EnvironmentVariables"]) == read - ELSEWHERE[name]


def longest(value: Any) -> int:
    """Return the most characters that an environment variable's value can have."""
    if isinstance(value, str):
        return len(re.sub(r"\$\{[\w:]+\}", "", value)) + sum(map(longest_named, names_in({"Fn::Sub": value})))
    ((kind, argument),) = value.items()
    if kind == "Fn::If":
        return max(map(longest, argument[1:]))
    if kind == "Ref":
        return longest_named(argument)
    return longest(argument) if kind == "Fn::Sub" else LONGEST_FCAPP_ADDRESS


def longest_named(name: str) -> int:
    if name in PSEUDO:
        return PSEUDO[name]
    parameter = PARAMETERS[name]
    bounded = re.findall(r"\{\d*,?(\d+)\}", parameter.get("AllowedPattern", ""))
    choices = [len(str(one)) for one in parameter.get("AllowedValues", ())]
    return int(parameter.get("MaxLength") or max(choices, default=0) or sum(map(int, bounded)) + 2)


@pytest.mark.parametrize("name", ["token", "callback"])
def test_the_longest_environment_fits(name: str) -> None:
    """All but PROFILES: `make deploy` has the function's own parser judge the sum first."""
    environment = function_of(name)["EnvironmentVariables"]
    environment = {variable: value for variable, value in environment.items() if variable != "PROFILES"}
    total = sum(len(variable) + longest(value) for variable, value in environment.items())
    assert 1000 < total < LARGEST_ENVIRONMENT_BYTES


@pytest.mark.parametrize(
    ("name", "methods"), [("token", ["GET", "POST", "OPTIONS"]), ("callback", ["POST", "OPTIONS"])]
)
def test_a_trigger_says_what_function_computes_own_model_has(name: str, methods: list[str]) -> None:
    config = RESOURCES[f"{name.capitalize()}Trigger"]["Properties"]["TriggerConfig"]
    assert HTTPTriggerConfig().from_map(config).to_map() == config
    assert config == {"authType": "anonymous", "methods": methods, "disableURLInternet": False}


ACTIONS = {
    "token": ["oss:PutObject", "oss:ListParts", "oss:AbortMultipartUpload"],
    "callback": ["oss:GetObject"],
}


@pytest.mark.parametrize("name", ACTIONS)
def test_a_role_may_do_what_its_function_does_below_the_prefix_and_no_more(name: str) -> None:
    """OSS's names for what they ask: PutObject is for forms, and to begin, send and complete parts."""
    role = RESOURCES[f"{name.capitalize()}Role"]["Properties"]
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    where = {"Fn::Sub": "acs:oss:*:${ALIYUN::TenantId}:${UploadBucket}/${UploadPrefix}*"}
    assert statement == {"Effect": "Allow", "Action": ACTIONS[name], "Resource": [where]}
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": ["fc.aliyuncs.com"]}
    assert function_of(name)["Role"] == {"Fn::GetAtt": [f"{name.capitalize()}Role", "Arn"]}


def test_the_callback_asks_oss_only_what_its_role_allows() -> None:
    asked = {
        method
        for path in (REPOSITORY / "functions/callback").glob("*.py")
        for method in re.findall(r'"(GET|HEAD|PUT|DELETE|POST)"', path.read_text())
    }
    assert asked <= {
        "HEAD",
        "GET",
        "POST",
    }  # GET: of OSS's published key, without the role; POST: the webhook


def test_token_has_the_time_that_completing_an_upload_takes() -> None:
    text = (REPOSITORY / "functions/token/grants/multipart_routes.py").read_text()
    (seconds,) = re.findall(r"^DEADLINE_SECONDS = ([\d.]+)", text, re.MULTILINE)
    assert function_of("token")["Timeout"] == 15 > float(seconds)


def test_pages_may_send_parts_and_those_of_broken_uploads_go_after_their_ticket() -> None:
    properties = RESOURCES["Uploads"]["Properties"]
    (cors,) = properties["CORSConfiguration"]["CORSRule"]
    made = {name: values if isinstance(values, list) else [str(values)] for name, values in cors.items()}
    ours = cors_rule("https://www.example.com", VERSION)
    made["AllowedOrigin"] = ["https://www.example.com"]
    assert made == {one.tag: [each.text for each in ours.findall(one.tag)] for one in ours}
    (rule,) = properties["LifecycleConfiguration"]["Rule"]
    days = lifecycle_rule("", VERSION).findtext("AbortMultipartUpload/Days")
    assert rule["AbortMultipartUpload"] == {"Days": int(days or "0")}
    assert rule["AbortMultipartUpload"]["Days"] * 24 * 3600 > PARTS_SECONDS + CONFIRM_SECONDS


def test_the_largest_sizes_of_the_functions_can_be_given() -> None:
    for name, largest in (("MaxBytes", LARGEST_BYTES), ("MultipartBytes", LARGEST_FORM)):
        assert re.fullmatch(PARAMETERS[name]["AllowedPattern"], str(largest))
    assert str(LARGEST_BYTES) in PARAMETERS["MaxBytes"]["Description"]["en"]
    assert str(LARGEST_FORM) in PARAMETERS["MaxBytes"]["Description"]["en"]


def test_uploads_are_private_and_outlive_the_stack() -> None:
    uploads = RESOURCES["Uploads"]
    assert uploads["DeletionPolicy"] == "Retain"
    assert "DeletionForce" not in uploads["Properties"]
    assert "VersioningConfiguration" not in uploads["Properties"]
    assert uploads["Properties"]["AccessControl"] == "private"
    assert uploads["Properties"]["BlockPublicAccess"] is True


def test_the_site_is_private_until_a_deploy_opens_it() -> None:
    """ROS sets a public policy before or after Block Public Access, which no document says."""
    site = RESOURCES["Site"]["Properties"]
    assert (site["AccessControl"], site["BlockPublicAccess"]) == ("private", True)
    assert "Policy" not in site


def test_no_domain_can_fail_the_stack() -> None:
    """OSS binds none before its owner has made a TXT record: 403 NeedVerifyDomainOwnership (PutCname)."""
    assert not [one for one in RESOURCES.values() if one["Type"] == "ALIYUN::OSS::Domain"]


def test_secrets_are_never_shown() -> None:
    hidden = {name for name, one in PARAMETERS.items() if one.get("NoEcho")}
    assert hidden == {"TicketSecret", "AuthHs256Secret", "PermitSecret", "WebhookUrl", "WebhookSecret"}
    assert not hidden & set(names_in(TEMPLATE["Outputs"]))


def test_every_parameter_is_explained_in_both_languages() -> None:
    for name, parameter in PARAMETERS.items():
        for part in ("Label", "Description"):
            assert set(parameter[part]) == {"en", "zh-cn"}, name
            assert re.search(r"[\u4e00-\u9fff]", parameter[part]["zh-cn"]), name
        bounds = {"AllowedPattern", "AllowedValues", "MaxLength", "MaxValue"}
        assert bounds & set(parameter), name


def test_every_parameter_stands_in_one_group_of_the_consoles_form() -> None:
    groups = TEMPLATE["Metadata"]["ALIYUN::ROS::Interface"]["ParameterGroups"]
    grouped = [parameter for group in groups for parameter in group["Parameters"]]
    assert sorted(grouped) == sorted(PARAMETERS)


def test_every_group_has_a_label_in_both_languages() -> None:
    for group in TEMPLATE["Metadata"]["ALIYUN::ROS::Interface"]["ParameterGroups"]:
        assert set(group) == {"Label", "Parameters"}
        label = group["Label"]["default"]
        assert set(label) == {"en", "zh-cn"}
        assert re.search(r"[\u4e00-\u9fff]", label["zh-cn"]), label


def test_the_console_offers_buckets_where_one_must_exist() -> None:
    """The hint's name: https://www.alibabacloud.com/help/en/ros/oss-resources"""
    hint = "AssociationProperty"
    hints = {name: parameter[hint] for name, parameter in PARAMETERS.items() if hint in parameter}
    assert hints == {"ArtifactBucket": "ALIYUN::OSS::Bucket::BucketName"}


def test_every_default_is_allowed() -> None:
    for name, parameter in PARAMETERS.items():
        default = parameter.get("Default")
        if default is None:
            continue
        assert re.fullmatch(parameter.get("AllowedPattern", ".*"), str(default)), name
        assert default in parameter.get("AllowedValues", [default]), name


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("TicketSecret", "development-ticket-secret-for-one-machine-only"),
        ("TicketSecret", "short"),
        ("PermitSecret", "development-permit-secret-for-one-machine-only"),
        ("PermitSecret", "short"),
        ("AllowedOrigins", "https://www.example.com/"),
        ("AllowedOrigins", "https://a.example, https://b.example"),
        ("AllowedOrigins", "*"),
        ("UploadPrefix", "../"),
        ("UploadPrefix", "uploads"),
        ("UploadDomain", "https://upload.example.com"),
        ("WebhookUrl", "http://backend.example"),
    ],
)
def test_a_bad_value_is_refused_before_anything_is_made(name: str, bad: str) -> None:
    assert not re.fullmatch(PARAMETERS[name]["AllowedPattern"], bad)


def test_the_oldest_runtime_is_what_lint_and_types_check() -> None:
    assert PARAMETERS["Runtime"]["AllowedValues"] == ["python3.12", "python3.10"]
    tools = (REPOSITORY / "pyproject.toml").read_text()
    assert 'target-version = "py310"' in tools
    assert 'python_version = "3.10"' in tools


def test_ros_takes_a_template_of_this_size() -> None:
    assert len(TEXT.encode()) < LARGEST_TEMPLATE_BYTES
