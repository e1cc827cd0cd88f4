"""Deploys whose requests are lost, throttled or refused."""

from __future__ import annotations

import copy
import re
import subprocess

import pytest
from alibabacloud_oss_v2.exceptions import OperationError
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from deploy.aliyun.clients import Cloud
from deploy.errors import CommandError
from deploy.exit_messages import RUN_AGAIN, run_command
from tests.support.cloud.commands import ANYONE, CODE, SITE, UPLOADS, connected, deploy
from tests.support.cloud.packages import TOKEN
from tests.support.cloud.state import Refused, State

PACKAGE = f"PUT {CODE}/{TOKEN.name}"
PAGE = f"PUT {SITE}/index.html"
TRIAL = f"PUT {CODE}/preflight.txt"
CHECKS = ("GetServiceProvisions", "ListConcurrencyConfigs", TRIAL)
REQUESTS = (
    *("GetCallerIdentity", "ListStacks", *CHECKS),
    *("CreateStack", "GetStack", "ListStackEvents", PACKAGE, PAGE),
)
FOR_EVER = 99


@pytest.fixture(autouse=True)
def settings_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """`test_deploy.py` has them checked, which starts two processes."""
    monkeypatch.setattr("deploy.preflight.examination.problems", lambda *_: ())


def made(state: State) -> tuple[object, ...]:
    living = [one["Status"] for one in state.stacks.values() if one["Status"] != "DELETE_COMPLETE"]
    held = {bucket: set(held) for bucket, held in state.buckets.items()}
    return living, held, state.domains, state.policies, state.public_access_blocked


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_lost_connection_is_tried_again(cloud: Cloud, state: State, name: str, when: str) -> None:
    state.lost[name] = [when, when]
    assert deploy(cloud, **ANYONE).status == "CREATE_COMPLETE"
    assert state.lost[name] == []
    assert state.writes.count("CreateStack") == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_update_whose_answer_is_lost_is_done_once(cloud: Cloud, state: State, when: str) -> None:
    deploy(cloud, **ANYONE)
    state.lost["UpdateStack"] = [when]
    assert deploy(cloud, MAX_BYTES="5").status == "UPDATE_COMPLETE"
    assert state.writes.count("UpdateStack") == 1


@pytest.mark.parametrize("code", ["Throttling", "Throttling.User", "Throttling.Api"])
@pytest.mark.parametrize("name", ["GetCallerIdentity", "CreateStack", "GetStack", "ListStackEvents"])
def test_a_throttled_call_is_tried_again(cloud: Cloud, state: State, name: str, code: str) -> None:
    state.refusals[name] = [Refused(400, code, "Request was denied due to user flow control.")] * 3
    assert deploy(cloud, **ANYONE).status == "CREATE_COMPLETE"
    assert state.refusals[name] == []


def test_a_service_that_is_down_for_a_moment_is_tried_again(cloud: Cloud, state: State) -> None:
    state.refusals["GetStack"] = [Refused(503, "ServiceUnavailable", "The request has failed.")] * 3
    state.refusals[PAGE] = [Refused(503, "ServiceUnavailable", "Please reduce your request rate.")] * 2
    assert deploy(cloud, **ANYONE).status == "CREATE_COMPLETE"


def test_a_refused_request_is_not_tried_again(cloud: Cloud, state: State) -> None:
    state.refusals["CreateStack"] = [Refused(403, "Forbidden.RAM", "User not authorized.")]
    with pytest.raises(AlibabaCloudException, match="not authorized"):
        deploy(cloud, **ANYONE)
    assert state.asked.count("CreateStack") == 1


@pytest.mark.parametrize("name", ["CreateStack", PAGE])
def test_a_cloud_that_is_away_is_one_sentence_without_a_secret(
    cloud: Cloud, state: State, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state.lost[name] = ["before"] * FOR_EVER
    assert run_command(lambda: deploy(cloud, **ANYONE)) == 1
    assert capsys.readouterr().err == f"Alibaba Cloud did not answer, several times. {RUN_AGAIN}\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CreateStack", "Alibaba Cloud refused: Forbidden: code: 403, not you request id: R\n"),
        (PAGE, "Alibaba Cloud refused: Forbidden: not you\n"),
    ],
)
def test_a_refusal_is_one_line(
    cloud: Cloud, state: State, name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state.refusals[name] = [Refused(403, "Forbidden", "not you")]
    assert run_command(lambda: deploy(cloud, **ANYONE)) == 1
    assert capsys.readouterr().err == said


DOMAINS = {"SITE_DOMAIN": "www.example.com", "UPLOAD_DOMAIN": "up.example.com"}


@pytest.mark.usefixtures("no_waiting", "quick_packages")
@pytest.mark.parametrize("domains", [{}, DOMAINS], ids=["no domain", "two domains"])
def test_interrupted_after_any_request_and_run_again_it_succeeds(domains: dict[str, str]) -> None:
    sound = State()
    sound.records = {*DOMAINS.values()}
    with connected(sound) as cloud:
        deploy(cloud, **ANYONE, **domains)
    for answered in range(1, len(sound.asked)):
        state = State()
        state.records = {*DOMAINS.values()}
        state.expires_after = answered
        with connected(state) as cloud:
            with pytest.raises((AlibabaCloudException, OperationError, CommandError)):
                deploy(cloud, **ANYONE, **domains)
            state.expires_after = None
            deploy(cloud, **ANYONE, **domains)
        assert made(state) == made(sound), f"interrupted after {sound.asked[:answered]}"


THEIR_CORS = "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>"
THEIR_EXPIRY = "<Rule><ID>theirs</ID><Prefix>tmp/</Prefix><Expiration><Days>1</Days></Expiration></Rule>"
RULE = re.compile(r"<(?:CORS)?Rule>.*?</(?:CORS)?Rule>")
CHANGED = {
    "SITE_DOMAIN": "new.example.com",
    "UPLOAD_DOMAIN": "",
    "ALLOWED_ORIGINS": "https://new.example.com",
    "UPLOAD_PREFIX": "in/",
}


@pytest.mark.usefixtures("no_waiting", "quick_packages")
@pytest.mark.parametrize("again", [CHANGED, {}], ids=["with the settings", "without them"])
@pytest.mark.parametrize("bucket", [UPLOADS, "media"], ids=["the stack's bucket", "one's own"])
def test_a_change_that_is_interrupted_after_any_request_ends_well(bucket: str, again: dict[str, str]) -> None:
    def first(state: State, cloud: Cloud) -> None:
        state.records = {*DOMAINS.values(), CHANGED["SITE_DOMAIN"]}
        if bucket == "media":
            state.buckets["media"] = {}
        deploy(cloud, **ANYONE, **DOMAINS, UPLOAD_BUCKET=bucket)
        state.cors[bucket] += THEIR_CORS
        state.lifecycle[bucket] += THEIR_EXPIRY
        state.asked.clear()

    sound, ends = State(), []
    with connected(sound) as cloud:
        first(sound, cloud)
        ends.append(set_in_buckets(sound))
        deploy(cloud, **CHANGED)
        ends.append(set_in_buckets(sound))
    for answered in range(1, len(sound.asked)):
        state = State()
        with connected(state) as cloud:
            first(state, cloud)
            state.expires_after = answered
            with pytest.raises((AlibabaCloudException, OperationError, CommandError)):
                deploy(cloud, **CHANGED)
            state.expires_after = None
            deploy(cloud, **again)
        (stack,) = state.stacks.values()
        changed = stack["values"]["SiteDomain"] == CHANGED["SITE_DOMAIN"]
        assert changed or not again
        assert set_in_buckets(state) == ends[changed], f"interrupted after {sound.asked[:answered]}"


def set_in_buckets(state: State) -> tuple[object, ...]:
    rules = [
        {bucket: sorted(RULE.findall(text)) for bucket, text in found.items()}
        for found in (state.cors, state.lifecycle)
    ]
    return copy.deepcopy(state.domains), rules, set(state.public_access_blocked)


def test_what_the_sdk_itself_refuses_is_no_failure_of_the_network(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(lambda: deploy(cloud, **ANYONE, UPLOAD_BUCKET="My_Bucket")) == 1
    assert capsys.readouterr().err.startswith("OSS cannot be asked that: ")


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (EOFError(), "There is no terminal to ask at."),
        (KeyboardInterrupt(), "Interrupted. Run it again"),
        (
            subprocess.CalledProcessError(1, "pip"),
            "The packages that a function needs could not be installed",
        ),
    ],
)
def test_every_exception_has_its_message(
    end: BaseException, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def ends() -> None:
        raise end

    assert run_command(ends) == 1
    assert capsys.readouterr().err.startswith(said)
