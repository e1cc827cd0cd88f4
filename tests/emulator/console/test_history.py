from __future__ import annotations

import base64
import json
import pickle
import time
import tracemalloc
from collections.abc import Mapping
from typing import Any

import pytest

from oss_emulator.history.records import KEPT_RECORDS, Attempt, CallbackRecord, History, RefusalRecord
from oss_emulator.history.redaction import make_redaction
from tests.support.emulator.scene import (
    BUCKET,
    CLOCK,
    NOW,
    Scene,
    encoded,
    multipart,
    part,
    policy_text,
    signed,
)

TOKEN = "CAIS+SecurityToken/that==is.secret"


def refusal(**changes: Any) -> RefusalRecord:
    plain = RefusalRecord(
        time=NOW,
        request_id="A" * 24,
        method="POST",
        target="/",
        status=403,
        code="AccessDenied",
        message="",
        ec="",
    )
    return RefusalRecord(**{**vars(plain), **changes})


def callback(**changes: Any) -> CallbackRecord:
    return CallbackRecord(
        **{"time": NOW, "request_id": "A" * 24, "key": "a", "body": b"", "attempts": (), **changes}
    )


def kept(**changes: Any) -> RefusalRecord:
    history = History()
    history.add_refusal(refusal(**changes))
    return history.refusals()[0]


def said(fields: Mapping[str, str], explanation: Mapping[str, str] | None = None, **changes: str) -> str:
    """A refusal as it is kept, as one text, with its policy decoded."""
    record = kept(fields=fields, explanation=explanation or {}, **changes)
    policy = base64.b64decode(record.fields.get("policy", "")).decode()
    return json.dumps([vars(record), policy], ensure_ascii=False, default=str)


def test_the_newest_record_comes_first_and_the_oldest_go() -> None:
    history = History()
    for number in range(KEPT_RECORDS + 3):
        history.add_refusal(refusal(target=f"/{number}"))
        history.add_callback(callback(key=f"{number}"))

    assert [record.target for record in history.refusals()] == [f"/{n}" for n in range(52, 2, -1)]
    assert [record.key for record in history.callbacks()] == [f"{n}" for n in range(52, 2, -1)]


def test_refused_forms_are_not_pushed_out_by_other_refusals() -> None:
    history = History()
    for number in range(2):
        history.add_refusal(refusal(target=f"/form{number}"))
        history.add_refusal(refusal(target=f"/between{number}", method="PUT"))
    for _ in range(KEPT_RECORDS - 1):
        history.add_refusal(refusal(method="HEAD", target="/missing"))

    targets = [record.target for record in history.refusals()]

    assert targets == ["/missing"] * (KEPT_RECORDS - 1) + ["/between1", "/form1", "/form0"]


@pytest.mark.parametrize(
    "text",
    [
        '"x-oss-security-token":' + " " * 12_000,
        '"x-oss-security-token"' + " " * 12_000,
        '"x-oss-security-token":["a",' + " " * 12_000,
        "security-token=" + " " * 12_000,
        '"x-oss-security-token":"' + 'a",' * 4_000,
    ],
)
def test_a_search_for_tokens_takes_linear_time(text: str) -> None:
    policy = base64.b64encode(text.encode()).decode()
    started = time.process_time()  # of this process alone: other processes do not count

    kept(fields={"policy": policy})

    assert time.process_time() - started < 0.2  # measured: 0.0004, and 0.7 where it takes the square


@pytest.mark.parametrize("gap", ["", " ", "\n" * 100, "\t" * 1000])
@pytest.mark.parametrize("before", ['"x-oss-security-token"{}:{}', '"$x-oss-security-token"{},{}[{}"o",{}'])
def test_a_token_after_any_white_space_is_redacted(gap: str, before: str) -> None:
    text = before.replace("{}", gap) + f'"{TOKEN}"'

    assert TOKEN not in said({"policy": base64.b64encode(text.encode()).decode()})


def test_a_redaction_shows_no_secret() -> None:
    assert TOKEN not in repr(make_redaction({"x-oss-security-token": TOKEN}))


def test_a_short_record_is_kept_as_it_is() -> None:
    record = refusal(fields={"key": "照片", "policy": "e30="}, explanation={"field": "key", "got": "照片"})

    assert kept(**vars(record)) == record


def test_refusals_of_enormous_forms_are_kept_small() -> None:
    history = History()
    fields = {f"field{number}": "图" * 10_000 for number in range(1000)}
    enormous = refusal(
        target="/?" + "a" * 1_000_000,
        message="b" * 1_000_000,
        fields={**fields, "policy": "c" * 2_000_000},
        explanation={f"{number}" * 300: "d" * 100_000 for number in range(1000)},
    )
    for _ in range(KEPT_RECORDS):
        history.add_refusal(enormous)

    assert len(pickle.dumps(history.refusals()[0])) < 100_000


def test_the_memory_of_a_refused_form_is_given_back() -> None:
    history = History()
    tracemalloc.start()
    for _ in range(KEPT_RECORDS):
        history.add_refusal(refusal(fields={f"{number}": "x" * 10_000 for number in range(1000)}))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held < 5_000_000


def test_callbacks_with_enormous_answers_are_kept_small() -> None:
    attempt = Attempt(
        url="http://a/" + "a" * 100_000,
        headers={"x": "a" * 100_000},
        string_to_sign=b"b" * 1_000_000,
        status=200,
        answer_headers={f"h{number}": "c" * 10_000 for number in range(1000)},
        answer=b"d" * 1_000_000,
    )
    history = History()
    history.add_callback(callback(key="k" * 100_000, body=b"e" * 1_000_000, attempts=[attempt] * 9))

    assert len(pickle.dumps(history.callbacks()[0])) < 300_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a" * 4096, "a" * 4096),
        ("a" * 4097, "a" * 4096 + "… (4097 bytes)"),
        ("图" * 1366, "图" * 1365 + "… (4098 bytes)"),  # 1365 characters of 3 bytes and a cut one
        ("\ud800" * 1366, "\ud800" * 1365 + "… (4098 bytes)"),
    ],
)
def test_a_long_text_is_cut_between_characters_and_says_so(text: str, shown: str) -> None:
    assert kept(message=text).message == shown


def test_every_text_of_a_record_is_cut_and_says_so() -> None:
    long, cut = "a" * 5000, "a" * 4096 + "… (5000 bytes)"
    content, cut_content = b"\xff" * 5000, b"\xff" * 4096 + "… (5000 bytes)".encode()
    attempt = Attempt(
        url=long,
        headers={"x": long},
        string_to_sign=content,
        status=200,
        answer_headers={"y": long},
        answer=content,
    )
    history = History()
    history.add_callback(callback(key=long, message=long, body=content, attempts=[attempt] * 6))

    assert history.callbacks() == [
        callback(
            key=cut,
            message=cut,
            body=cut_content,
            attempts=(
                Attempt(
                    url=cut,
                    headers={"x": cut},
                    string_to_sign=cut_content,
                    status=200,
                    answer_headers={"y": cut},
                    answer=cut_content,
                ),
            )
            * 5,
        )
    ]
    long_refusal = {"method": long, "target": long, "message": long, "explanation": {"got": long}}
    cut_refusal = {"method": cut, "target": cut, "message": cut, "explanation": {"got": cut}}
    assert kept(**long_refusal, fields={"key": long}) == refusal(**cut_refusal, fields={"key": cut})


def test_fields_beyond_the_room_are_counted() -> None:
    fields = {f"{number:04}": "x" * 5000 for number in range(1000)}

    names = kept(fields={**fields, "policy": "e30="}).fields

    assert list(names) == [*(f"{number:04}" for number in range(7)), "…", "policy"]
    assert names["…"] == "(993 more)"


def test_a_field_that_no_longer_fits_is_left_out_for_a_shorter_one() -> None:
    fields = {f"{number}": "x" * 4096 for number in range(7)} | {"图": "图" * 1365, "short": "x"}

    names = kept(fields=fields).fields

    assert list(names) == [*(f"{number}" for number in range(7)), "short", "…"]
    assert names["…"] == "(1 more)"


def test_no_more_than_a_hundred_fields_are_kept() -> None:
    names = kept(fields={f"{number}": "" for number in range(101)}).fields

    assert (len(names), names["…"]) == (101, "(1 more)")


def test_a_policy_is_kept_whole_or_not_at_all() -> None:
    whole, longer = "a" * 16 * 1024, "a" * (16 * 1024 + 1)

    assert kept(fields={"policy": whole}).fields == {"policy": whole}
    assert kept(fields={"policy": longer}).fields == {"policy": "(16385 characters)"}


@pytest.mark.parametrize(
    "conditions",
    [
        [{"x-oss-security-token": TOKEN}],
        [["eq", "$x-oss-security-token", TOKEN]],
        [["in", "$x-oss-security-token", ["other", TOKEN]]],
        [{"X-OSS-Security-Token": TOKEN}],
    ],
)
@pytest.mark.parametrize("field", [{"x-oss-security-token": TOKEN}, {}])
def test_no_security_token_is_kept(conditions: list[object], field: dict[str, str]) -> None:
    policy = policy_text([{"bucket": BUCKET}, *conditions])
    condition = json.dumps(["eq", "$x-oss-security-token", TOKEN])

    text = said(
        {"policy": policy, **field},
        {
            "condition": condition,
            "field": "x-oss-security-token",
            "expected": TOKEN,
            "got": TOKEN + "2",
            "expected string to sign": policy,
            "canonical request": f"x-oss-date:1\nx-oss-security-token:{TOKEN}\n",
        },
        message=f"Policy Condition failed: {condition}",
        target=f"/a?security-token={TOKEN}&x=1",
    )

    assert TOKEN not in text
    assert policy not in text
    assert BUCKET in text


def test_a_token_that_php_wrote_with_its_slashes_escaped_is_not_kept() -> None:
    escaped = TOKEN.replace("/", r"\/")
    policy = base64.b64encode(b'{"conditions": [{"x-oss-security-token": "%b"}]}' % escaped.encode()).decode()

    assert "that==is.secret" not in said({"policy": policy, "x-oss-security-token": TOKEN})


def test_a_token_that_is_cut_off_is_not_kept() -> None:
    message = "a" * 4000 + json.dumps(["eq", "$x-oss-security-token", TOKEN * 10])

    assert "SecurityToken" not in said({}, message=message)


@pytest.mark.parametrize(
    "name", ["x-oss-signature", "Signature", "x-oss-sign%61ture", "SIGNATURE", "security%2Dtoken"]
)
def test_no_signature_of_a_refused_address_is_kept(name: str) -> None:
    text = said({}, target=f"/a?x-oss-expires=60&{name}=s3cret%2Fsecret&x=1")

    assert "s3cret" not in text
    assert f"/a?x-oss-expires=60&{name}=(15 characters)&x=1" in text


@pytest.mark.parametrize("name", ["x-oss-signature", "Signature"])
def test_no_signature_of_a_refused_form_is_kept(name: str) -> None:
    record = kept(fields={name: "s3cret+secret="}, explanation={"got_signature": "s3cret+secret="})

    assert record.fields == {name: "(14 characters)"}
    assert record.explanation == {"got_signature": "(14 characters)"}


@pytest.mark.parametrize("sent", ["OSS4-HMAC-SHA256 Credential=AK/x,Signature=s3cret", "OSS AK:s3cret="])
def test_no_signature_of_a_refused_header_is_kept(sent: str) -> None:
    assert "s3cret" not in said({}, {"field": "Authorization", "got": sent})


def test_a_token_is_kept_as_its_length() -> None:
    record = kept(
        fields={"x-oss-security-token": TOKEN}, explanation={"field": "x-oss-security-token", "got": TOKEN}
    )

    assert record.fields == {"x-oss-security-token": "(34 characters)"}
    assert record.explanation == {"field": "x-oss-security-token", "got": "(34 characters)"}


def test_a_policy_without_a_token_is_kept_byte_for_byte() -> None:
    policy = encoded({"conditions": [{"key": "a"}]}).rstrip("=")  # also one that is no base64

    assert kept(fields={"policy": policy, "x-oss-security-token": TOKEN}).fields["policy"] == policy


def test_a_refused_request_is_kept_with_what_was_answered(scene: Scene) -> None:
    answer = scene.request("GET", "/missing?x=1", {"Authorization": "none"})

    (record,) = scene.bucket.history.refusals()
    assert (record.method, record.target, record.time) == ("GET", "/missing?x=1", CLOCK)
    assert (record.status, record.code, record.ec) == answer.refusal
    assert (record.message, record.request_id) == (
        answer.error["Message"],
        answer.headers["x-oss-request-id"],
    )


def test_a_refused_form_is_kept_with_its_fields(scene: Scene) -> None:
    fields = signed({"key": "a"}, conditions=[{"x:a": "1"}])
    scene.send(multipart(fields, part("x:a", "2"), part("file", b"", '; filename="a"')))

    (record,) = scene.bucket.history.refusals()
    assert record.fields == {**fields, "x:a": "2", "x-oss-signature": "(64 characters)"}
    assert (record.explanation["field"], record.explanation["expected"], record.explanation["got"]) == (
        "x:a",
        "1",
        "2",
    )


def test_refusals_below_the_console_are_not_recorded(scene: Scene) -> None:
    assert scene.request("GET", "/-/nothing").status == 404
    assert scene.bucket.history.refusals() == []
