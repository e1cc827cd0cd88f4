"""A deploy, by the official SDKs, against ROS, STS and OSS on loopback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from deploy.aliyun.clients import Cloud
from deploy.arguments import read_arguments
from deploy.errors import CommandError, StackFailed
from deploy.settings_check import environment
from deploy.stack_record import RECORD_NAME
from deploy.template import parse_template, template_text
from tests.support.cloud.commands import ANYONE, CODE, SITE, UPLOADS, deploy, given
from tests.support.cloud.packages import TOKEN, quick_package
from tests.support.cloud.state import ACCOUNT, Refused, State


def values_of(state: State) -> Mapping[str, str]:
    (stack,) = (one for one in state.stacks.values() if one["Status"] != "DELETE_COMPLETE")
    values: dict[str, str] = stack["values"]
    return values


def packages(state: State) -> set[str]:
    return {values_of(state)[name] for name in ("TokenObject", "CallbackObject")}


def test_a_first_deploy_makes_everything(cloud: Cloud, state: State) -> None:
    shown: list[str] = []
    stack = deploy(cloud, shown, **ANYONE)
    assert stack.status == "CREATE_COMPLETE"
    assert state.stacks["stack-1"]["minutes"] == 30
    assert CODE in state.public_access_blocked
    assert set(state.buckets[CODE]) == {*packages(state), RECORD_NAME}
    assert values_of(state)["AllowedOrigins"] == "http://localhost:8080"
    assert len(values_of(state)["TicketSecret"]) >= 32
    assert shown[0] == f"account {ACCOUNT}, region cn-hangzhou, stack uploads"
    assert any(line.startswith("CREATE_COMPLETE") and "TokenFunction" in line for line in shown)
    assert any("page's bucket is private" in line for line in shown)
    assert not any(values_of(state)["TicketSecret"] in line for line in shown)


def test_the_page_is_put_with_types_and_caching_and_its_addresses(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    site = state.buckets[SITE]
    assert json.loads(site["config.json"][0]) == {"tokenUrl": "https://token-abc.cn-hangzhou.fcapp.run/"}
    policy = site["index.html"][0].decode()
    assert f"https://{UPLOADS}.oss-cn-hangzhou.aliyuncs.com" in policy
    scripts = [name for name in site if name.startswith("assets/") and name.endswith(".js")]
    about = {name: (headers["content-type"], headers["cache-control"]) for name, (_, headers) in site.items()}
    kept = ("application/javascript; charset=utf-8", "public, max-age=31536000, immutable")
    assert {about[name] for name in scripts} == {kept}
    assert about["opening.js"] == ("application/javascript; charset=utf-8", "no-cache")
    assert about["index.html"] == ("text/html; charset=utf-8", "no-cache")
    assert about["config.json"] == ("application/json; charset=utf-8", "no-cache")
    assert about["icon.svg"] == ("image/svg+xml; charset=utf-8", "no-cache")
    assert [write for write in state.writes if write.startswith("put ")][-1] == "put index.html"


def test_a_second_deploy_with_nothing_changed_changes_nothing(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    before = (dict(values_of(state)), list(state.writes))
    shown: list[str] = []
    deploy(cloud, shown)
    assert (dict(values_of(state)), state.writes) == before
    assert "the stack is as it should be" in shown
    assert "page: 0 files sent, 0 removed" in shown


def test_an_update_keeps_the_secret_and_what_is_not_named(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    secret = values_of(state)["TicketSecret"]
    stack = deploy(cloud, MAX_BYTES="2097152")
    assert stack.status == "UPDATE_COMPLETE"
    assert state.stacks["stack-1"]["minutes"] == 30
    assert values_of(state)["TicketSecret"] == secret
    assert values_of(state)["AllowAnonymous"] == "true"
    assert values_of(state)["MaxBytes"] == "2097152"


def test_stale_files_of_the_site_go_and_uploads_stay(cloud: Cloud, state: State) -> None:
    state.buckets[SITE] = {"assets/index-0ldHash1.js": (b"old", {})}
    state.buckets[UPLOADS] = {"uploads/_/x.txt": (b"kept", {})}
    deploy(cloud, **ANYONE)
    assert "assets/index-0ldHash1.js" not in state.buckets[SITE]
    assert state.buckets[UPLOADS] == {"uploads/_/x.txt": (b"kept", {})}


def test_a_bucket_that_an_earlier_stack_kept_is_used_again(cloud: Cloud, state: State) -> None:
    state.buckets[UPLOADS] = {"uploads/_/x.txt": (b"kept", {})}
    deploy(cloud, **ANYONE)
    assert values_of(state)["ExistingUploadBucket"] == "true"
    deploy(cloud, MAX_BYTES="5")
    assert values_of(state)["ExistingUploadBucket"] == "true"


def test_the_first_failure_is_the_reason_and_a_second_try_starts_anew(cloud: Cloud, state: State) -> None:
    state.fails["TokenRole"] = "EntityAlreadyExists.Role: The role already exists."
    with pytest.raises(StackFailed, match=r"^TokenRole: EntityAlreadyExists\.Role"):
        deploy(cloud, **ANYONE)
    state.fails.clear()
    assert deploy(cloud, **ANYONE).status == "CREATE_COMPLETE"
    assert state.writes.count("DeleteStack") == 1


def test_an_update_that_is_rolled_back_is_a_failure(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.fails["TokenFunction"] = "InvalidArgument: too long"
    with pytest.raises(StackFailed, match=r"^TokenFunction: InvalidArgument"):
        deploy(cloud, MAX_BYTES="7")


def test_an_update_that_is_refused_is_a_failure(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.refusals["UpdateStack"] = [Refused(400, "NotSupported", "UPDATE_FAILED stacks cannot be updated.")]
    with pytest.raises(AlibabaCloudException, match="cannot be updated"):
        deploy(cloud, MAX_BYTES="5")
    state.refusals["UpdateStack"] = [Refused(403, "Forbidden.RAM", "Update the completely same stack")]
    with pytest.raises(AlibabaCloudException, match=r"Forbidden\.RAM"):
        deploy(cloud, MAX_BYTES="5")


def test_a_deploy_that_was_cut_off_is_waited_for(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    (stack,) = state.stacks.values()
    stack.update({"Status": "UPDATE_IN_PROGRESS", "next": ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]})
    shown: list[str] = []
    assert deploy(cloud, shown).status == "UPDATE_COMPLETE"
    assert "An earlier command is still running; waiting for it." in shown


def test_a_page_that_was_not_sent_is_sent_the_next_time(cloud: Cloud, state: State) -> None:
    expired = Refused(403, "SecurityTokenExpired", "The security token has expired.")
    state.refusals[f"PUT {SITE}/index.html"] = [expired]
    with pytest.raises(Exception, match="SecurityTokenExpired"):
        deploy(cloud, **ANYONE)
    assert "index.html" not in state.buckets[SITE]
    deploy(cloud)
    assert "index.html" in state.buckets[SITE]


def test_expired_credentials_change_nothing(cloud: Cloud, state: State) -> None:
    state.refusals["GetCallerIdentity"] = [Refused(403, "InvalidSecurityToken.Expired", "expired")]
    with pytest.raises(AlibabaCloudException, match="expired"):
        deploy(cloud, **ANYONE)
    assert state.writes == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "ALLOW_ANONYMOUS, AUTH_JWKS, AUTH_HS256_SECRET: exactly one"),
        ({"ALLOW_ANONYMOUS": "true"}, "MAX_BYTES must be set"),
        ({**ANYONE, "AUTH_JWKS": "https://id.example.com/keys"}, "exactly one must say who may upload"),
        ({**ANYONE, "WEBHOOK_URL": "https://backend.example.com/"}, "WEBHOOK_URL and WEBHOOK_SECRET"),
        (
            {
                "AUTH_HS256_SECRET": "development-identity-secret-for-one-machine-only",
                "AUTH_ISSUER": "https://id.example.com/",
                "AUTH_AUDIENCE": "x",
            },
            "AUTH_HS256_SECRET is a development value",
        ),
        ({**ANYONE, "PERMIT_SECRET": "short"}, "PERMIT_SECRET must be 32 bytes or more"),
        (
            {**ANYONE, "PROFILES": '{"a": {"prefix": "a"}}'},
            "PROFILES must have at most 32 characters as a.prefix",
        ),
        ({**ANYONE, "PROFILES": f'{{"a": {{}}{" " * 4096}}}'}, "all of them together may have 4096 bytes"),
        (
            {**ANYONE, "PROFILES": f'{{"a": {{}}{" " * 1024}}}'},
            "PROFILES may have at most 1024 characters in a deployment",
        ),
        ({**ANYONE, "PERMIT_SECRET": "p" * 201}, "PERMIT_SECRET may have at most 200 characters"),
        ({**ANYONE, "PERMIT_SECRET": "a permit secret of more than 32 bytes"}, "PERMIT_SECRET must match "),
        ({**ANYONE, "RUNTIME": "python3.13"}, "RUNTIME takes one of"),
    ],
)
def test_wrong_settings_are_reported_before_anything_is_made(
    cloud: Cloud, state: State, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        deploy(cloud, **settings)
    assert state.writes == []


def test_permits_can_be_the_only_way_in(cloud: Cloud, state: State) -> None:
    profiles = '{"avatar": {"prefix": "avatars/"}}'
    secret = f"{'p' * 41}+/="  # base64, as openssl rand makes it
    deploy(cloud, PERMIT_SECRET=secret, PROFILES=profiles)
    values = values_of(state)
    assert (values["PermitSecret"], values["Profiles"]) == (secret, profiles)


def test_nothing_is_done_without_permission(cloud: Cloud, state: State) -> None:
    with pytest.raises(CommandError, match="Nothing was done"):
        deploy(cloud, **ANYONE, YES="0")
    assert state.writes == []


def test_no_setting_comes_from_the_environment() -> None:
    env = {**given(STACK="uploads", REGION="cn-hangzhou"), "MAX_BYTES": "1", "TICKET_SECRET": "x"}
    assert read_arguments(env).settings == {}


def test_a_value_can_be_read_from_a_file(tmp_path: Any) -> None:
    (tmp_path / "jwks.json").write_text('{"keys": []}\n')
    env = given(STACK="uploads", REGION="cn-hangzhou", AUTH_JWKS=f"@{tmp_path / 'jwks.json'}")
    assert read_arguments(env).settings == {"AuthJwks": '{"keys": []}'}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"REGION": "cn-hangzhou"}, "STACK takes a name"),
        ({"STACK": "Uploads", "REGION": "cn-hangzhou"}, "STACK takes a name"),
        ({"STACK": "uploads"}, "REGION=cn-hangzhou"),
        ({"STACK": "uploads", "REGION": "cn-hangzhou", "MAX_BITES": "1"}, "MAX_BITES: no such setting"),
        ({"STACK": "uploads", "REGION": "cn-hangzhou", "TICKET_SECRET": "1"}, "TICKET_SECRET: no such"),
        ({"STACK": "uploads", "REGION": "cn-hangzhou", "AUTH_JWKS": "@/nowhere"}, "cannot be read"),
    ],
)
def test_a_wrong_argument_is_one_sentence(values: dict[str, str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        read_arguments(given(**values))


def test_pages_of_a_later_domain_may_upload(cloud: Cloud, state: State) -> None:
    state.records = {"www.example.com", "example.com"}
    deploy(cloud, **ANYONE)
    shown: list[str] = []
    deploy(cloud, shown, SITE_DOMAIN="www.example.com")
    assert values_of(state)["AllowedOrigins"] == "https://www.example.com"
    assert not any("ALLOWED_ORIGINS" in line for line in shown)
    deploy(cloud, SITE_DOMAIN="")
    assert values_of(state)["AllowedOrigins"] == "http://localhost:8080"
    deploy(cloud, SITE_DOMAIN="example.com")
    assert values_of(state)["AllowedOrigins"] == "https://example.com"


def test_a_deploy_without_sign_in_packs_less(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    assert values_of(state)["TokenObject"] == TOKEN.name
    deploy(cloud, ALLOW_ANONYMOUS="false", **HS256)
    assert values_of(state)["TokenObject"] == quick_package("token", "python3.12", sign_in=True).name


def test_a_deploy_where_only_permits_let_anybody_upload_packs_no_library(cloud: Cloud, state: State) -> None:
    deploy(cloud, PERMIT_SECRET="a-permit-secret-of-more-than-32-bytes")
    assert values_of(state)["TokenObject"] == TOKEN.name


def test_the_check_of_settings_leaves_room_for_the_longest_addresses() -> None:
    """Function Compute takes 4 KB for all variables, and no address is known before the stack is made."""
    region = "ap-northeast-1"
    variables = environment(parse_template(template_text()), "token", ANYONE, region)
    longest = f"https://{'b' * 63}.oss-{region}.aliyuncs.com"
    assert len(longest) <= len(variables["UPLOAD_HOST"]) == len(variables["CALLBACK_URL"])


def test_names_that_are_unique_contain_stack_region_account_and_use(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE, STACK="media2")
    prefix = f"media2-cn-hangzhou-{ACCOUNT}"
    names = {name: values_of(state)[name] for name in ("ArtifactBucket", "UploadBucket", "SiteBucket")}
    assert names == {
        "ArtifactBucket": f"{prefix}-code",
        "UploadBucket": f"{prefix}-uploads",
        "SiteBucket": f"{prefix}-site",
    }
    assert values_of(state)["LogProject"] == f"{prefix}-logs"


def test_origins_that_somebody_chose_do_not_follow_a_domain(cloud: Cloud, state: State) -> None:
    state.records = {"www.example.com"}
    deploy(cloud, **ANYONE, ALLOWED_ORIGINS="https://shop.example.com")
    shown: list[str] = []
    deploy(cloud, shown, SITE_DOMAIN="www.example.com")
    assert values_of(state)["AllowedOrigins"] == "https://shop.example.com"
    assert "https://www.example.com is not in ALLOWED_ORIGINS: pages there cannot upload." in shown


def rule(origin: str, method: str) -> str:
    return (
        f"<CORSRule><AllowedOrigin>{origin}</AllowedOrigin><AllowedMethod>{method}</AllowedMethod></CORSRule>"
    )


@pytest.mark.parametrize(
    ("rules", "warned"),
    [
        ("", True),
        (rule("http://localhost:8080", "GET"), True),
        (rule("http://localhost", "POST") + rule("https://*.example.com", "POST"), True),
        (rule("http://localhost:8080", "POST"), False),
        (rule("http://localhost:8080", "GET") + rule("http://localhost:*", "POST"), False),
        (rule("*", "POST"), False),
    ],
)
def test_rules_that_are_to_stay_and_let_no_page_post_are_reported(
    cloud: Cloud, state: State, rules: str, *, warned: bool
) -> None:
    state.buckets["media"] = {}
    if rules:
        state.cors["media"] = rules
    before = dict(state.cors)
    shown: list[str] = []
    deploy(cloud, shown, **ANYONE, UPLOAD_BUCKET="media", UPLOAD_BUCKET_RULES="keep")
    assert (state.cors, state.lifecycle) == (before, {})
    said = [line for line in shown if " upload. " in line]
    assert bool(said) == warned
    assert all("no page of http://localhost:8080 upload" in line for line in said)


def test_old_packages_go_once_nothing_uses_them(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    before = packages(state)
    state.fails["TokenFunction"] = "InvalidArgument: too long"
    with pytest.raises(StackFailed):
        deploy(cloud, RUNTIME="python3.10")
    assert before <= set(state.buckets[CODE])
    state.fails.clear()
    deploy(cloud, RUNTIME="python3.10")
    assert set(state.buckets[CODE]) == {*packages(state), RECORD_NAME}
    assert not before & set(state.buckets[CODE])


HS256 = {"AUTH_HS256_SECRET": "h" * 40, "AUTH_ISSUER": "https://id.example.com/", "AUTH_AUDIENCE": "x"}


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        (HS256, {"AUTH_JWKS": "https://id.example.com/keys"}, "exactly one must say who may upload"),
        (ANYONE, {"ALLOW_ANONYMOUS": "false"}, "exactly one must say who may upload"),
        (
            ANYONE,
            {"ALLOW_ANONYMOUS": "false", "AUTH_ISSUER": "https://id.example.com/", "AUTH_AUDIENCE": "x"},
            "exactly one must say who may upload",
        ),
        (ANYONE, {"WEBHOOK_URL": "https://backend.example.com/"}, "WEBHOOK_URL and WEBHOOK_SECRET"),
    ],
)
def test_settings_are_checked_together_with_the_hidden_ones(
    cloud: Cloud, state: State, first: dict[str, str], then: dict[str, str], said: str
) -> None:
    deploy(cloud, **first)
    before = list(state.writes)
    with pytest.raises(CommandError, match=said):
        deploy(cloud, **then)
    assert state.writes == before


def test_users_may_sign_in_with_another_key_later(cloud: Cloud, state: State) -> None:
    deploy(cloud, **HS256)
    deploy(cloud, MAX_BYTES="5")
    deploy(cloud, AUTH_HS256_SECRET="", AUTH_JWKS="https://id.example.com/keys")
    assert values_of(state)["AuthHs256Secret"] == ""


def test_another_bucket_needs_another_stack(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    with pytest.raises(CommandError, match=f"UPLOAD_BUCKET of this stack stays {UPLOADS}"):
        deploy(cloud, UPLOAD_BUCKET="brand-new")
    assert state.writes.count("UpdateStack") == 0


def test_a_bucket_of_somebody_else_is_refused_before_anything_is_made(cloud: Cloud, state: State) -> None:
    state.foreign.add("media")
    with pytest.raises(CommandError, match=r"The bucket media may not be used \(AccessDenied\)"):
        deploy(cloud, **ANYONE, UPLOAD_BUCKET="media")
    assert state.writes == []


def test_a_bucket_in_another_region_is_refused_before_anything_is_made(cloud: Cloud, state: State) -> None:
    state.buckets["mine"] = {}
    state.elsewhere.add("mine")
    with pytest.raises(CommandError, match="The bucket mine is in oss-us-west-1, not in oss-cn-hangzhou"):
        deploy(cloud, **ANYONE, UPLOAD_BUCKET="mine")
    assert state.writes == []


@pytest.mark.parametrize(
    ("status", "said"),
    [("DELETE_FAILED", "run make destroy again"), ("REVIEW_IN_PROGRESS", "in the ROS console")],
)
def test_the_message_for_a_stack_that_cannot_be_updated_has_the_way_out(
    cloud: Cloud, state: State, status: str, said: str
) -> None:
    deploy(cloud, **ANYONE)
    (stack,) = state.stacks.values()
    stack["Status"] = status
    before = list(state.writes)
    with pytest.raises(CommandError, match=f"Stack uploads is {status}: .*{said}"):
        deploy(cloud, MAX_BYTES="5")
    assert state.writes == before


def capped(shown: list[str]) -> set[str]:
    return {line.split()[-1] for line in shown if line.endswith("Cap")}


@pytest.mark.parametrize("numbers_are_text", [True, False])
def test_a_cap_of_0_is_no_cap(cloud: Cloud, state: State, *, numbers_are_text: bool) -> None:
    """Function Compute itself forbids every call of a function with a cap of 0."""
    state.numbers_are_text = numbers_are_text
    shown: list[str] = []
    deploy(cloud, shown, **ANYONE, TOKEN_CONCURRENCY="0")
    assert capped(shown) == {"CallbackCap"}
    shown.clear()
    deploy(cloud, shown, TOKEN_CONCURRENCY="5", CALLBACK_CONCURRENCY="0")
    assert capped(shown) == {"TokenCap"}


def test_a_failed_creation_that_cannot_be_deleted_has_a_reason(cloud: Cloud, state: State) -> None:
    state.fails["TokenRole"] = "EntityAlreadyExists.Role: The role already exists."
    with pytest.raises(StackFailed):
        deploy(cloud, **ANYONE)
    state.fails["delete LogsProject"] = "ProjectForbidden: not yours"
    with pytest.raises(StackFailed, match=r"^LogsProject: ProjectForbidden"):
        deploy(cloud, **ANYONE)
