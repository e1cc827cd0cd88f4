"""`POST /uploads`: many files in one request, and one bad file refuses no other."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from local.development_settings import IDENTITY
from tests.support.fc_events import Answer, ask, fc_event
from tests.support.multipart import Deployment
from tests.support.stack import bearer_of
from vendored.fc_http import MAX_EVENT_BYTES

FILE = {"name": "a.png", "size": 5, "type": "image/png"}
LARGE = {"name": "b.mp4", "size": 10**9, "type": "video/mp4", "multipart": True}

SIGN_IN = {
    **IDENTITY,
    "ALLOW_ANONYMOUS": "",
    "UPLOAD_HOST": "http://127.0.0.1:9000",  # for the secret is one of development
    "CALLBACK_URL": "http://127.0.0.1:9002",
}


def codes(uploads: Any) -> list[str]:
    return [one["problem"]["code"] if "problem" in one else one.get("kind", "form") for one in uploads]


def raw(deployed: Deployment, body: str, **headers: str) -> Answer:
    return ask(deployed.handler, fc_event("/uploads", method="POST", headers=headers, body=body))


def test_each_file_gets_a_grant_in_order(deployed: Deployment) -> None:
    uploads = deployed.uploads(FILE, {**FILE, "name": "b.txt", "type": ""}, LARGE)
    assert codes(uploads) == ["form", "form", "multipart"]
    assert [one["key"].rpartition(".")[2] for one in uploads] == ["png", "txt", "mp4"]
    assert len({one["id"] for one in uploads}) == 3


def test_a_form_is_the_one_that_get_grants(deployed: Deployment) -> None:
    (batched,) = deployed.uploads(FILE)
    deployed.start()
    single = ask(deployed.handler, fc_event("/", {"name": "a.png", "size": "5", "type": "image/png"})).content
    assert batched.keys() == single.keys()
    assert batched["fields"].keys() == single["fields"].keys()


def test_twenty_files_are_granted(deployed: Deployment) -> None:
    uploads = deployed.uploads(*[FILE] * 20)
    assert codes(uploads) == ["form"] * 20
    assert len({one["key"] for one in uploads}) == 20, "the same file twenty times is twenty uploads"


def test_twenty_files_with_the_longest_names_fit_an_event(deployed: Deployment) -> None:
    files = [{**FILE, "name": "字" * 341, "data": {"a": "字" * 168}}] * 20
    body = json.dumps({"files": files})  # which writes each character as an escape, and browsers do not
    event = fc_event("/uploads", method="POST", body=body, headers={"Authorization": "a" * 7000})
    assert len(event) < MAX_EVENT_BYTES
    assert ask(deployed.handler, event).code == "token_invalid", "it was read"
    assert raw(deployed, body).status == 200


@pytest.mark.parametrize("files", [[], [FILE] * 21, None, {}, "a", 5, [5], [None], [[]]], ids=repr)
def test_another_number_of_files_is_refused(files: object, deployed: Deployment) -> None:
    answer = deployed.ask("/uploads", {"files": files})
    assert answer.status == 400
    assert answer.code == ("files_invalid" if isinstance(files, list) else "body_malformed")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a.png"},
        {"size": 5},
        {**FILE, "more": 1},
        {**FILE, "name": 5},
        {**FILE, "size": "5"},
        {**FILE, "size": 5.0},
        {**FILE, "size": True},
        {**FILE, "type": None},
        {**FILE, "multipart": 1},
        {**FILE, "multipart": "true"},
    ],
    ids=repr,
)
def test_a_file_of_another_shape_refuses_the_request(wrong: object, deployed: Deployment) -> None:
    assert deployed.ask("/uploads", {"files": [FILE, wrong]}).code == "files_invalid"


@pytest.mark.parametrize(
    "body",
    [
        '{"files": [{"name": "a", "name": "b", "size": 5}]}',
        '{"files": [], "files": [{"name": "a", "size": 5}]}',
        '{"files": [{"name": "a", "size": 5}], "more": 1}',
        '{"files": [{"name": "a", "size": ' + "9" * 5000 + "}]}",
        '{"files": [',
        "",
        "[]",
    ],
    ids=lambda body: body[:40],
)
def test_json_with_two_meanings_or_none_is_refused(body: str, deployed: Deployment) -> None:
    answer = raw(deployed, body)
    assert (answer.status, answer.code) == (400, "body_malformed")


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({**FILE, "name": "a/b.png"}, "name_invalid"),
        ({**FILE, "name": ""}, "name_invalid"),
        ({**FILE, "name": "\ud800"}, "name_invalid"),
        ({**FILE, "name": "a" * 1025}, "name_too_long"),
        ({**FILE, "size": -1}, "size_invalid"),
        ({**FILE, "size": 10**15}, "size_invalid"),
        ({**FILE, "size": 100 * 1024**3 + 1}, "too_large"),
        ({**FILE, "type": "image"}, "type_invalid"),
        ({**FILE, "type": "text/html"}, "type_not_allowed"),
        ({**LARGE, "type": "text/html"}, "type_not_allowed"),
    ],
    ids=lambda one: repr(one)[:60],
)
def test_one_bad_file_refuses_no_other(
    bad: Any, code: str, deployed: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    uploads = deployed.uploads(FILE, bad, LARGE)
    assert codes(uploads) == ["form", code, "multipart"]
    problem = uploads[1]["problem"]
    assert problem.keys() == {"type", "title", "status", "detail", "code", "request_id"}
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["code"], line["level"], line["status"]) == (code, "warning", 200)
    assert line["upload_id"] == f"{uploads[0]['id']},{uploads[2]['id']}"


def test_the_second_large_file_is_told_to_ask_again(deployed: Deployment) -> None:
    uploads = deployed.uploads({**LARGE, "size": 10**14}, LARGE, FILE, LARGE, FILE)
    assert codes(uploads) == ["too_large", "multipart", "form", "unavailable", "form"]
    assert uploads[3]["problem"]["retryable"] is True
    assert uploads[3]["problem"]["status"] == 503
    assert "retryable" not in uploads[0]["problem"]


def test_what_oss_refuses_refuses_no_other_and_the_log_has_the_reason(
    deployed: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.start(ALIBABA_CLOUD_ACCESS_KEY_SECRET="wrong")
    uploads = deployed.uploads(LARGE, FILE)
    assert codes(uploads) == ["unavailable", "form"]
    assert uploads[0]["problem"]["retryable"] is True
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["code"] == "initiate_403"


def test_a_page_needs_no_preflight_for_plain_text(deployed: Deployment) -> None:
    page = {"Origin": "https://www.example.com", "Content-Type": "text/plain;charset=UTF-8"}
    answer = raw(deployed, json.dumps({"files": [FILE]}), **page)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == page["Origin"]


def test_users_sign_in_and_have_their_own_limits_and_folder(deployed: Deployment) -> None:
    deployed.scene.now = time.time()
    deployed.start(**SIGN_IN)
    body = json.dumps({"files": [FILE, LARGE]})
    assert raw(deployed, body).code == "token_missing"
    alice = bearer_of("alice", CLAIMS='{"upload": {"max_bytes": 5}}')
    answer = raw(deployed, body, Authorization=alice)
    assert codes(answer.content["uploads"]) == ["form", "too_large"]
    assert answer.content["uploads"][0]["key"].startswith("uploads/alice/")


def test_who_asks_is_found_out_before_what_is_asked(deployed: Deployment) -> None:
    deployed.start(**SIGN_IN)
    assert raw(deployed, "no json").code == "token_missing"


def test_without_a_role_the_whole_request_fails(deployed: Deployment) -> None:
    deployed.start(ALIBABA_CLOUD_ACCESS_KEY_ID="")
    assert deployed.ask("/uploads", {"files": [FILE]}).code == "misconfigured"
