"""`data` is your server's word and `page_data` the page's: flat, small, in the ticket, never merged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grants import application
from grants.callers import Caller, Limits, SignIn
from grants.upload_data import MAX_DATA_BYTES
from grants.upload_request import UploadRequest
from tests.support.fc_events import ask, fc_event
from tests.support.multipart import Deployment
from tests.support.tickets import document_of
from vendored.errors import Refusal
from vendored.fc_http import Request

FILE = {"name": "a.png", "size": 5, "type": "image/png"}
LARGE = {"name": "b.mp4", "size": 10**9, "type": "video/mp4", "multipart": True}
FULL = {"a": "b" * (MAX_DATA_BYTES - len('{"a":""}'))}


def code_of(upload: Any) -> str:
    return str(upload["problem"]["code"]) if "problem" in upload else "granted"


def said_in(upload: Any) -> dict[str, Any]:
    """Return `data` and `page_data` of a ticket, as they are written."""
    claims = document_of(upload["ticket"])
    return {name: claims[name] for name in ("data", "page_data") if name in claims}


def answering(monkeypatch: pytest.MonkeyPatch, data: Any) -> list[UploadRequest | None]:
    """Have `authorize` return this `data`; return the list of the uploads that it sees."""
    seen: list[UploadRequest | None] = []

    def authorize(_: Request, __: SignIn, limits: Limits, upload_request: UploadRequest | None) -> Caller:
        seen.append(upload_request)
        return Caller("alice", limits, data)

    monkeypatch.setattr(application, "authorize", authorize)
    return seen


def test_what_the_page_says_is_in_the_ticket_as_the_word_of_the_page(deployed: Deployment) -> None:
    uploads = deployed.uploads(FILE, {**FILE, "data": {"order": "17"}}, {**LARGE, "data": {"用户": ""}})
    assert [code_of(one) for one in uploads] == ["granted", "granted", "data_invalid"]
    assert [said_in(one) for one in uploads[:2]] == [{}, {"page_data": {"order": "17"}}]
    (in_parts,) = deployed.uploads({**LARGE, "data": {"album": "用户"}})
    assert said_in(in_parts) == {"page_data": {"album": "用户"}}
    (empty,) = deployed.uploads({**FILE, "data": {}})
    assert said_in(empty) == {}


def test_the_two_are_never_merged(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"order": "17"})
    uploads = deployed.uploads({**FILE, "data": {"order": "18"}}, {**LARGE, "data": {"order": "19"}})
    assert [said_in(one) for one in uploads] == [
        {"data": {"order": "17"}, "page_data": {"order": "18"}},
        {"data": {"order": "17"}, "page_data": {"order": "19"}},
    ]


def test_your_rule_sees_each_file_and_what_the_page_says_of_it(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = answering(monkeypatch, {})
    deployed.uploads(FILE, {**FILE, "name": "", "data": {"a": "b"}}, {**FILE, "data": {"order": "17"}})
    plain = UploadRequest("a.png", 5, "image/png")
    assert seen == [plain, None, plain._replace(page_data={"order": "17"})]
    seen.clear()
    ask(deployed.handler, fc_event("/", {"name": "a.png", "size": "5"}))
    ask(deployed.handler, fc_event("/limits"))
    ask(deployed.handler, fc_event("/", {"name": "a.png"}))
    assert seen == [plain, None, None]


def test_a_rule_cannot_write_into_what_all_uploads_share(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def authorize(_: Request, __: SignIn, limits: Limits, upload: Any) -> Caller:
        caller = Caller("alice", limits)
        shared: list[Any] = [caller.data, upload.page_data]
        for data in shared:
            with pytest.raises(TypeError):
                data["order"] = "17"
        return caller

    monkeypatch.setattr(application, "authorize", authorize)
    assert said_in(*deployed.uploads(FILE)) == {}


def test_your_rule_may_refuse_one_file_and_no_other(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def authorize(_: Request, __: SignIn, limits: Limits, upload_request: UploadRequest | None) -> Caller:
        if upload_request and upload_request.page_data.get("order") == "18":
            raise Refusal("not_your_order", "This order is not yours.")
        return Caller("alice", limits)

    monkeypatch.setattr(application, "authorize", authorize)
    uploads = deployed.uploads({**FILE, "data": {"order": "18"}}, {**FILE, "data": {"order": "17"}})
    assert [code_of(one) for one in uploads] == ["not_your_order", "granted"]
    assert uploads[0]["problem"]["status"] == 403


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "order=17",
        17,
        {"order": 17},
        {"order": None},
        {"order": True},
        {"order": ["17"]},
        {"order": {"id": "17"}},
        {"Order": "17"},
        {"order-id": "17"},
        {"": "17"},
        {"a" * 33: "17"},
        {"order\n": "17"},
        {"ｏrder": "17"},  # noqa: RUF001 - a letter that looks like another
        {"__proto__": "17"},
        {"order": "\x00"},
        {"order": "1\n2"},
        {"order": "\x7f"},
        {"order": "\x85"},
        {"order": "\ud800"},
        {"order": "\udc00\ud800"},
        {"a": FULL["a"] + "b"},
        {"a": "字" * 169},
        {f"a{number}": "" for number in range(100)},
    ],
    ids=lambda one: ascii(one)[:40],
)
def test_what_no_ticket_can_carry_refuses_that_file_alone(data: object, deployed: Deployment) -> None:
    uploads = deployed.uploads(FILE, {**FILE, "data": data}, FILE)
    assert [code_of(one) for one in uploads] == ["granted", "data_invalid", "granted"]
    assert uploads[1]["problem"]["status"] == 400


@pytest.mark.parametrize(
    "data",
    [{"order_17": "a \"quoted\" \\ 'word' </script> ${x} 🙂 &=%"}, {"a" * 32: "b"}, FULL, {"a": "字" * 168}],
    ids=["any text", "longest name", "longest text", "longest text in Chinese"],
)
def test_any_text_is_carried(data: dict[str, str], deployed: Deployment) -> None:
    uploads = deployed.uploads({**FILE, "data": data}, {**LARGE, "data": data})
    assert [said_in(one) for one in uploads] == [{"page_data": data}] * 2


def test_a_name_twice_is_json_with_two_meanings(deployed: Deployment) -> None:
    body = '{"files": [{"name": "a.png", "size": 5, "data": {"order": "17", "order": "18"}}]}'
    answer = ask(deployed.handler, fc_event("/uploads", method="POST", body=body))
    assert (answer.status, answer.code) == (400, "body_malformed")


def test_both_share_one_budget(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, {"a": FULL["a"][:300]})
    uploads = deployed.uploads({**FILE, "data": {"a": "b" * 196}}, {**FILE, "data": {"a": "b" * 197}}, FILE)
    assert [code_of(one) for one in uploads] == ["granted", "data_too_large", "granted"]


@pytest.mark.parametrize(
    "data", [{"order": 17}, {"Order": "17"}, ["17"], {"a": FULL["a"] + "b"}, {"a": "\ud800"}], ids=ascii
)
def test_data_of_yours_that_fits_no_ticket_is_a_failure_of_authorize(
    data: object, deployed: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, data)
    answer = deployed.ask("/uploads", {"files": [FILE]})
    assert (answer.status, answer.code) == (500, "internal")
    assert "authorize.py returned data that does not fit a ticket" in capsys.readouterr().out


def test_no_directory_grant_carries_data(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed.start(ALLOW_DIRECTORY_GRANTS="true")
    assert ask(deployed.handler, fc_event("/")).status == 200
    answering(monkeypatch, {"order": "17"})
    assert ask(deployed.handler, fc_event("/")).code == "directory_not_offered"
    assert "directory" not in ask(deployed.handler, fc_event("/limits")).content["grants"]


def test_the_log_says_nothing_of_it(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, {"order": "secret of the server"})
    deployed.uploads(
        {**FILE, "data": {"album": "secret of the page"}}, {**FILE, "data": {"Album": "secret of the page"}}
    )
    assert "secret" not in capsys.readouterr().out


def test_who_asks_is_still_found_out_first(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Caller:
        raise Refusal("not_you", "Not you.")

    monkeypatch.setattr(application, "authorize", refuse)
    assert ask(deployed.handler, fc_event("/uploads", method="POST", body="no json")).code == "not_you"
    assert ask(deployed.handler, fc_event("/", {"name": "a"})).code == "not_you"
    unreadable = json.dumps({"files": [{"name": "", "size": 5}]})
    answer = ask(deployed.handler, fc_event("/uploads", method="POST", body=unreadable))
    assert [code_of(one) for one in answer.content["uploads"]] == ["not_you"]
