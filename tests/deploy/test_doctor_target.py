"""Which deployment `make doctor` examines, and what it prints of its findings."""

from __future__ import annotations

import json

import pytest

from deploy.aliyun.clients import Cloud
from deploy.doctor.__main__ import show_json, show_lines
from deploy.doctor.finding import Deployment, Finding
from deploy.doctor.target import choose_deployment, deployment_of
from tests.support.cloud.commands import ANYONE, SITE, deploy
from tests.support.cloud.state import State

TOKEN_URL = "https://token.example.com/"


def test_the_doctor_finds_what_a_deploy_made(cloud: Cloud, state: State) -> None:
    stack = deploy(cloud, **ANYONE, ALLOWED_ORIGINS="https://www.example.com,https://example.com")
    assert state.stacks
    assert deployment_of(stack.outputs, stack.parameters, "cn-hangzhou") == Deployment(
        token_url="https://token-abc.cn-hangzhou.fcapp.run/",
        origin="https://www.example.com",
        site_url=f"https://{SITE}.oss-cn-hangzhou.aliyuncs.com",
        bearer_token=None,
    )


def test_without_an_address_it_is_make_run() -> None:
    addresses = ("http://127.0.0.1:9001/", "http://127.0.0.1:8080", "http://127.0.0.1:8080")
    assert choose_deployment(None, None, None, {}) == Deployment(*addresses)
    assert choose_deployment("", "", "", {"BEARER_TOKEN": "Bearer e30.e30.e30"}) == Deployment(
        *addresses, "e30.e30.e30"
    )


def test_without_an_address_it_is_make_run_at_its_ports() -> None:
    env = {"TOKEN_PORT": "9101", "SITE_PORT": "8180", "UPLOAD_PORT": "9100", "CALLBACK_PORT": ""}
    site = "http://127.0.0.1:8180"
    assert choose_deployment(None, None, None, env) == Deployment("http://127.0.0.1:9101/", site, site)


@pytest.mark.parametrize("port", ["0", "65536", "http", "9001;"], ids=["zero", "too high", "word", "torn"])
@pytest.mark.parametrize("name", ["TOKEN_PORT", "SITE_PORT"])
def test_what_is_no_port_is_one_sentence(name: str, port: str) -> None:
    with pytest.raises(SystemExit, match=rf"^{name} is not a port: it takes a number from 1 to 65535\.$"):
        choose_deployment(None, None, None, {name: port})


def test_addresses_are_taken_as_they_are_but_for_the_origins_slash() -> None:
    env = {"STACK": "uploads", "BEARER_TOKEN": "e30.e30.e30"}
    chosen = choose_deployment(TOKEN_URL, "https://www.example.com/", "", env)
    assert chosen == Deployment(TOKEN_URL, "https://www.example.com", None, "e30.e30.e30")


def test_an_address_without_an_origin_is_one_sentence() -> None:
    with pytest.raises(SystemExit, match=r"^ORIGIN is missing"):
        choose_deployment(TOKEN_URL, None, None, {})


@pytest.mark.parametrize("token", ["令牌", "a b", "a;b", "=a"])
def test_what_cannot_be_a_bearer_token_is_one_sentence(token: str) -> None:
    with pytest.raises(SystemExit, match=r"^BEARER_TOKEN is no bearer token"):
        choose_deployment(None, None, None, {"BEARER_TOKEN": token})


OK = Finding("a", "ok", "the first", "200", left=("bucket/1",))
FAILED = Finding("b", "failed", "the second", "403", "Some cause.", "Some fix.", ("bucket/2",))
NOTED = Finding("c", "noted", "the third", "as found", kind="open question", meaning="Some meaning.")


def test_findings_are_lines_with_a_summary_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert not show_lines([OK, FAILED, NOTED, OK])
    assert capsys.readouterr().out == (
        "ok      the first: 200\n"
        "failed  the second: 403\n"
        "        cause: Some cause.\n"
        "        fix: Some fix.\n"
        "noted   the third: as found\n"
        "        means: Some meaning.\n"
        "ok      the first: 200\n"
        "\n2 ok, 1 failed, 1 noted\n"
        "left in the bucket: bucket/1\n"
        "left in the bucket: bucket/2\n"
        "left in the bucket: bucket/1\n"
    )
    assert show_lines([OK, NOTED])


def test_what_was_deleted_again_is_not_left(capsys: pytest.CaptureFixture[str]) -> None:
    swept = Finding("d", "ok", "the last", "1 of 1 files", removed=("bucket/1",))
    assert show_lines([OK, NOTED, swept])
    assert capsys.readouterr().out.endswith("\n2 ok, 1 noted\n")
    assert not show_json([OK, FAILED, swept])
    assert json.loads(capsys.readouterr().out)["left"] == ["bucket/2"]


def test_findings_are_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert not show_json([OK, FAILED])
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["left"]) == (False, ["bucket/1", "bucket/2"])
    assert document["findings"][1] == {**FAILED.__dict__, "left": ["bucket/2"], "removed": []}
    assert show_json([OK, NOTED])
    assert json.loads(capsys.readouterr().out)["ok"] is True
