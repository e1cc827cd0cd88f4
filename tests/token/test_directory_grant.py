"""The tutorials' own protocol: their members, under a policy that keeps a page in its folder."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from grants import application
from grants.application import build
from grants.callers import Caller, Limits
from tests.support.fc_events import Answer, ask, fc_event
from vendored import oss_signing, ticket
from vendored.fc_http import Clock, Handler

NOW = 1_800_000_000.25  # 2027-01-15T08:00:00Z
SECRET = "a-ticket-secret-of-more-than-32-bytes"
FOLDER = "uploads/_/2027/01/15/01mcc5rm7t0000000000000000/"
V1 = {"SIGNATURE_VERSION": "V1", "ALIBABA_CLOUD_SECURITY_TOKEN": ""}


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "ALLOW_DIRECTORY_GRANTS": "true"}


def started(environ: dict[str, str], **more: str) -> Handler:
    return build({**environ, **more}, Clock(lambda: NOW, lambda: 0.0), bytes)


def grant(environ: dict[str, str], **more: str) -> Any:
    answer = ask(started(environ, **more), fc_event("/"))
    assert answer.status == 200, answer.content
    return answer.content


def opened(encoded: str) -> Any:
    return json.loads(base64.b64decode(encoded))


def conditions_of(granted: Any) -> list[Any]:
    return list(opened(granted["policy"])["conditions"])


def ticket_of(granted: Any) -> ticket.Ticket:
    body = opened(granted["callback"])["callbackBody"]
    return ticket.verify_ticket(body.split("&")[0].removeprefix("ticket="), [SECRET], NOW)


def test_answers_with_the_names_of_the_current_sample(environ: dict[str, str]) -> None:
    granted = grant(environ)
    policy, signature, callback = (granted.pop(name) for name in ("policy", "signature", "callback"))
    assert granted == {
        "host": "https://upload.example.com",
        "dir": FOLDER,
        "expire": 1_800_000_300,
        "x_oss_signature_version": "OSS4-HMAC-SHA256",
        "x_oss_credential": "STS.EXAMPLE/20270115/cn-hangzhou/oss/aliyun_v4_request",
        "x_oss_date": "20270115T080000Z",
        "security_token": "CAISEXAMPLE",
    }
    assert signature == oss_signing.sign_policy_v4(policy, "SKEXAMPLE", "20270115", "cn-hangzhou")
    assert opened(policy) == {
        "expiration": "2027-01-15T08:05:08.000Z",
        "conditions": [
            {"bucket": "examplebucket"},
            ["starts-with", "$key", FOLDER],
            ["content-length-range", 0, 1048576],
            {"callback": callback},
            {"x-oss-signature-version": "OSS4-HMAC-SHA256"},
            {"x-oss-credential": "STS.EXAMPLE/20270115/cn-hangzhou/oss/aliyun_v4_request"},
            {"x-oss-date": "20270115T080000Z"},
            {"x-oss-security-token": "CAISEXAMPLE"},
        ],
    }


def test_answers_with_the_names_of_the_original_tutorial(environ: dict[str, str]) -> None:
    granted = grant(environ, **V1)
    policy, signature, callback = (granted.pop(name) for name in ("policy", "signature", "callback"))
    assert granted == {
        "host": "https://upload.example.com",
        "dir": FOLDER,
        "expire": 1_800_000_300,
        "accessid": "STS.EXAMPLE",
    }
    assert signature == oss_signing.sign_policy_v1(policy, "SKEXAMPLE")
    assert opened(policy)["conditions"] == [
        {"bucket": "examplebucket"},
        ["starts-with", "$key", FOLDER],
        ["content-length-range", 0, 1048576],
        {"callback": callback},
    ]


def test_the_ticket_binds_folder_cap_and_user(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "authorize", lambda _, __, limits, ___: Caller("alice", limits))
    granted = grant(environ, DIRECTORY_MAX_BYTES="1000")
    folder = "uploads/alice/2027/01/15/01mcc5rm7t0000000000000000/"
    assert granted["dir"] == folder
    # until a minute after the policy: nothing can be stored later, and nobody can confirm
    expiry = 1_800_000_000 + 301 + 60
    assert ticket_of(granted) == ticket.DirectoryTicket(
        "01mcc5rm7t0000000000000000", folder, 1000, "alice", 1_800_000_000, expiry
    )


@pytest.mark.parametrize(
    ("settings", "cap"),
    [({}, 1048576), ({"DIRECTORY_MAX_BYTES": "10"}, 10), ({"MAX_BYTES": "4999934464"}, 104857600)],
)
def test_the_smaller_limit_counts(settings: dict[str, str], cap: int, environ: dict[str, str]) -> None:
    assert conditions_of(grant(environ, **settings))[2] == ["content-length-range", 0, cap]


def test_a_users_own_limit_counts(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        application, "authorize", lambda _, __, limits, ___: Caller("a", limits._replace(max_bytes=7))
    )
    assert conditions_of(grant(environ))[2] == ["content-length-range", 0, 7]


@pytest.mark.parametrize("types", [("image/png",), ("image/*",), ("image/png", "application/pdf"), ()])
def test_narrower_types_cannot_be_granted(
    types: tuple[str, ...], environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The callback function knows the deployment's types, and not those of one user."""
    monkeypatch.setattr(application, "authorize", lambda *_: Caller("a", Limits(1, types)))
    handler = started(environ)
    answer = ask(handler, fc_event("/"))
    assert (answer.status, answer.code) == (403, "directory_not_offered")
    assert ask(handler, fc_event("/limits")).content["grants"] == ["file", "multipart"]


@pytest.mark.parametrize("types", [("application/pdf", "image/*", "image/png"), ("*/*",)])
def test_the_same_types_in_other_words_are_not_narrower(
    types: tuple[str, ...], environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "authorize", lambda *_: Caller("a", Limits(1, types)))
    assert ask(started(environ), fc_event("/")).status == 200


def test_every_grant_has_a_folder_of_its_own(environ: dict[str, str]) -> None:
    handler = build(environ, Clock(lambda: NOW, lambda: 0.0))
    folders = {ask(handler, fc_event("/")).content["dir"] for _ in range(3)}
    assert len(folders) == 3


def test_both_grants_are_on_offer(environ: dict[str, str]) -> None:
    handler = started(environ)
    assert ask(handler, fc_event("/limits")).content["grants"] == ["file", "multipart", "directory"]
    upload = {"name": "a.png", "size": "5", "type": "image/png"}
    assert ask(handler, fc_event("/", upload)).content["key"].startswith("uploads/_/")
    assert ask(handler, fc_event("/", {"name": "a.png"})).code == "missing_parameter"


@pytest.mark.parametrize("value", ["", "false"])
def test_there_are_none_unless_the_settings_say_so(value: str, environ: dict[str, str]) -> None:
    handler = started(environ, ALLOW_DIRECTORY_GRANTS=value)
    assert ask(handler, fc_event("/")).code == "missing_parameter"
    assert ask(handler, fc_event("/limits")).content["grants"] == ["file", "multipart"]


def test_v4_with_a_static_key_has_no_token(environ: dict[str, str]) -> None:
    granted = grant(environ, ALIBABA_CLOUD_SECURITY_TOKEN="")
    assert "security_token" not in granted
    assert "x-oss-security-token" not in json.dumps(conditions_of(granted))


def test_v1_refuses_temporary_credentials_that_come_with_the_request(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Python 3.10's runtime lends them in the context."""
    for name in [name for name in environ if name.startswith("ALIBABA_CLOUD")]:
        del environ[name]
    lent = SimpleNamespace(access_key_id="i", access_key_secret="s", security_token="t")
    handler = started(environ, SIGNATURE_VERSION="V1")
    answer: Answer = ask(handler, fc_event("/"), SimpleNamespace(credentials=lent, request_id="1"))
    assert (answer.status, answer.code) == (500, "misconfigured")
    assert "needs a static AccessKey" in capsys.readouterr().out


def test_the_log_names_the_grant(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    grant(environ)
    assert json.loads(capsys.readouterr().out)["upload_id"] == "01mcc5rm7t0000000000000000"


def test_no_policy_value_can_be_misread(environ: dict[str, str]) -> None:
    for granted in (grant(environ), grant(environ, **V1)):
        text = base64.b64decode(granted["policy"]).decode()
        assert text.count("$") == 1
        assert "\\" not in text
