"""Whole events through the real handler, with a real bucket on loopback behind it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

import hook
from completion.answer_cache import MAX_ENTRIES, AnswerCache
from completion.application import build
from completion.object_proof import Upload
from completion.webhook import Backend
from tests.support.callback_fixtures import (
    CRC64,
    ETAG,
    NOW,
    SECRET,
    TICKET,
    Bucket,
    Callback,
    Watch,
    confirmation,
)
from tests.support.fc_events import ask, fc_event
from vendored.errors import Refusal, Unavailable
from vendored.fc_http import Clock, Handler
from vendored.ticket import sign_ticket

ANSWER = {
    "Status": "OK",
    "id": "01abc",
    "key": "uploads/_/2027/01/15/01abc.png",
    "size": 5,
    "etag": ETAG,
    "crc64": CRC64,
    "type": "image/png",
    "name": "图片.png",
}
Sign = Callable[..., Callback]
UPLOAD = Upload("01abc", TICKET.key, 5, ETAG, "image/png", "图片.png", "", TICKET.exp, CRC64)


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch) -> list[Upload]:
    """Every upload that the shipped hook was given, in order."""
    uploads: list[Upload] = []
    shipped = hook.on_upload

    def note(upload: Upload, backend: Backend) -> dict[str, object]:
        uploads.append(upload)
        return shipped(upload, backend)

    monkeypatch.setattr(hook, "on_upload", note)
    return uploads


def test_answers_a_callback(
    handler: Handler, signed: Sign, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(handler, signed().event())
    assert (answer.status, answer.content) == (200, ANSWER)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["upload_id"] == "01abc"
    assert [(asked.method, asked.path) for asked in bucket.asked] == [("HEAD", f"/{TICKET.key}")]


def test_an_upload_in_parts_is_completed_as_a_form_is(
    handler: Handler, signed: Sign, bucket: Bucket, completed: list[Upload]
) -> None:
    ticket, tag = sign_ticket(TICKET._replace(part=8 * 2**20, up="A1"), SECRET), f"{ETAG}-1"
    bucket.headers.update({"ETag": f'"{tag}"', "x-oss-object-type": "Multipart"})
    for event in (signed(ticket=ticket, etag=tag).event(), confirmation(ticket)):
        assert ask(handler, event).content == {**ANSWER, "etag": tag}
    assert completed == [UPLOAD._replace(etag=tag)]


def test_signs_its_head_and_refuses_compression(handler: Handler, bucket: Bucket) -> None:
    ask(handler, confirmation())
    (asked,) = bucket.asked
    # signed by PyPI alibabacloud-oss-v2 1.4.1's SignerV4 for the same key, time and credentials
    assert asked.headers["Authorization"] == (
        "OSS4-HMAC-SHA256 Credential=STS.EXAMPLE/20270115/cn-hangzhou/oss/aliyun_v4_request,"
        "Signature=aa7d2abf54e53cf6fc73a40ca2d3cc28fc11d82ec41855b12479d02373b4820b"
    )
    assert asked.headers["x-oss-date"] == "20270115T080000Z"
    assert asked.headers["x-oss-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert asked.headers["x-oss-security-token"] == "CAISEXAMPLE"
    assert asked.headers["Accept-Encoding"] == "identity"


def test_a_static_access_key_sends_no_token(environ: dict[str, str], bucket: Bucket) -> None:
    environ["ALIBABA_CLOUD_SECURITY_TOKEN"] = ""
    ticket = sign_ticket(TICKET._replace(iat=0, exp=2**40), SECRET)
    assert ask(build(environ), confirmation(ticket)).status == 200
    assert "x-oss-security-token" not in bucket.asked[0].headers


@pytest.mark.parametrize("confirmed_before", [False, True])
def test_refuses_a_callback_about_other_bytes(
    confirmed_before: bool,  # noqa: FBT001 - a case, not a switch
    handler: Handler,
    signed: Sign,
) -> None:
    if confirmed_before:
        assert ask(handler, confirmation()).status == 200
    answer = ask(handler, signed(etag="F" * 32).event())
    assert (answer.status, answer.code) == (409, "etag_differs")


def test_callback_and_confirm_give_the_same_answer_and_run_the_hook_once(
    handler: Handler, signed: Sign, completed: list[Upload]
) -> None:
    answers = [ask(handler, event).content for event in (signed().event(), confirmation(), signed().event())]
    assert answers == [ANSWER] * 3
    assert completed == [UPLOAD]


def test_the_object_is_looked_at_before_an_answer_is_repeated(
    handler: Handler, signed: Sign, bucket: Bucket, watch: Watch
) -> None:
    assert ask(handler, signed().event()).content == ANSWER
    bucket.status = 404
    for event in (confirmation(), signed().event()):
        answer = ask(handler, event)
        assert (answer.status, answer.code) == (409, "not_stored")
    bucket.status = 503
    assert ask(handler, confirmation()).code == "unavailable"
    bucket.status = 200
    watch.seconds += 2
    assert ask(handler, confirmation()).content == ANSWER


@pytest.mark.parametrize("event", ["callback", "confirm"])
def test_other_bytes_that_were_stored_after_a_delete_are_another_upload(
    event: str, handler: Handler, signed: Sign, bucket: Bucket, completed: list[Upload]
) -> None:
    assert ask(handler, signed().event()).content == ANSWER
    bucket.headers["ETag"] = '"F00D"'
    answer = ask(handler, signed(etag="F00D").event() if event == "callback" else confirmation())
    assert answer.content == {**ANSWER, "etag": "F00D"}
    assert completed == [UPLOAD, UPLOAD._replace(etag="F00D")]


@pytest.mark.parametrize("failing", [404, 503])
def test_what_a_confirm_met_does_not_answer_the_callback(
    failing: int, handler: Handler, signed: Sign, bucket: Bucket
) -> None:
    bucket.status = failing
    assert ask(handler, confirmation()).status in {409, 503}
    bucket.status = 200
    assert ask(handler, signed().event()).content == ANSWER
    assert ask(handler, confirmation()).content == ANSWER


def test_what_is_stored_a_moment_after_a_confirm_is_confirmed_at_once(
    handler: Handler, bucket: Bucket
) -> None:
    bucket.status = 404
    assert ask(handler, confirmation()).code == "not_stored"
    bucket.status = 200
    assert ask(handler, confirmation()).content == ANSWER


def test_the_deadline_counts_from_the_entry(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([*[1000.0] * 3, 1003.2, *[1004.0] * 9])  # two lines built, received, asked, and after
    allowed: list[float] = []
    monkeypatch.setattr("completion.outbound.within", lambda seconds, _: allowed.append(seconds))
    ask(build(environ, Clock(lambda: NOW, ticks.__next__)), confirmation())
    assert allowed == pytest.approx([0.3])


def test_an_answer_is_forgotten_after_ten_minutes(
    handler: Handler, completed: list[Upload], watch: Watch
) -> None:
    ask(handler, confirmation())
    watch.seconds += 599
    ask(handler, confirmation())
    assert len(completed) == 1
    watch.seconds += 1
    ask(handler, confirmation())
    assert len(completed) == 2


@pytest.mark.parametrize("status", [403, 500])
def test_a_failure_is_remembered_for_two_seconds(
    status: int, handler: Handler, bucket: Bucket, watch: Watch
) -> None:
    bucket.status = status
    first = ask(handler, confirmation())
    assert (first.status, first.code) == (503, "unavailable")
    bucket.status = 200
    again = ask(handler, confirmation())
    assert (again.status, again.code, again.headers["Retry-After"]) == (503, "unavailable", "2")
    watch.seconds += 1.9
    assert ask(handler, confirmation()).status == 503, "asking does not make it longer"
    watch.seconds += 0.1
    assert ask(handler, confirmation()).content == ANSWER
    assert len(bucket.asked) == 2


def test_a_callback_that_failed_is_not_tried_again_for_each_replay(
    handler: Handler, signed: Sign, bucket: Bucket, watch: Watch
) -> None:
    bucket.status = 500
    replayed = signed().event()
    answers = {ask(handler, replayed).status for _ in range(30)}
    assert (answers, len(bucket.asked)) == ({503}, 1)
    bucket.status = 200
    assert ask(handler, confirmation()).content == ANSWER, "it delays no confirm"
    bucket.status = 500
    assert ask(handler, replayed).status == 503
    bucket.status = 200
    watch.seconds += 2
    assert ask(handler, replayed).content == ANSWER


def test_tells_the_tickets_holder_what_differs(handler: Handler, bucket: Bucket) -> None:
    bucket.headers["x-oss-storage-class"] = "Archive"
    answer = ask(handler, confirmation())
    assert (answer.status, answer.code) == (409, "storage_class_differs")


@pytest.mark.parametrize("event", [confirmation(), None])
def test_the_log_knows_the_upload_and_no_secret(
    event: bytes | None, handler: Handler, signed: Sign, capsys: pytest.CaptureFixture[str], bucket: Bucket
) -> None:
    bucket.status = 503
    good = signed()
    ask(handler, event or good.event())
    out = capsys.readouterr().out
    assert json.loads(out)["upload_id"] == "01abc"
    for secret in (
        SECRET,
        "SKEXAMPLE",
        "CAISEXAMPLE",
        good.headers["Authorization"],
        sign_ticket(TICKET, SECRET),
    ):
        assert secret not in out


def test_the_shipped_hook_logs_the_upload(handler: Handler, capsys: pytest.CaptureFixture[str]) -> None:
    ask(handler, confirmation())
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    del line["time"]
    assert line == {
        "level": "info",
        "event": "uploaded",
        "upload_id": "01abc",
        "key": TICKET.key,
        "size": 5,
        "type": "image/png",
    }


def test_the_hooks_json_is_answered_but_ours_wins(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "on_upload", lambda upload, _: {"user": upload.user, "Status": "no", "size": 0})
    assert ask(handler, confirmation()).content == {"user": "", **ANSWER}


@pytest.mark.parametrize("fault", [ValueError("hunter2"), SystemExit(1), RecursionError()])
def test_a_hook_that_fails_is_answered_500_and_may_be_asked_again(
    fault: BaseException,
    handler: Handler,
    monkeypatch: pytest.MonkeyPatch,
    watch: Watch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: object, __: object) -> dict[str, object]:
        raise fault

    monkeypatch.setattr(hook, "on_upload", fail)
    answer = ask(handler, confirmation())
    assert (answer.status, answer.code) == (500, "internal")
    assert "hunter2" not in json.dumps(answer.content)
    line = json.loads(capsys.readouterr().out)
    assert line["upload_id"] == "01abc"
    assert type(fault).__name__ in line["detail"]
    monkeypatch.undo()
    assert ask(handler, confirmation()).code == "unavailable"
    watch.seconds += 2
    assert ask(handler, confirmation()).content == ANSWER


def test_what_a_hook_changes_later_does_not_change_the_answer(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = {"count": 0}
    monkeypatch.setattr(hook, "on_upload", lambda *_: {"shared": shared})
    first = ask(handler, confirmation()).content
    shared["count"] = 9
    assert ask(handler, confirmation()).content == first


def test_what_a_hook_writes_into_its_upload_is_in_no_other_one(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []

    def on_upload(upload: Any, _: object) -> dict[str, object]:
        seen.append({**upload.data, **upload.page_data})
        upload.data["order"] = "17"
        upload.page_data["caption"] = "Sunset"
        return {}

    monkeypatch.setattr(hook, "on_upload", on_upload)
    other = sign_ticket(TICKET._replace(id="01abd"), SECRET)
    answers = [ask(handler, confirmation(ticket)).status for ticket in (None, other, None)]
    assert answers == [200, 200, 200]
    assert seen == [{}, {}]


def test_a_hook_may_say_no(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object, __: object) -> dict[str, object]:
        raise Refusal("virus", "This file is not welcome.")

    monkeypatch.setattr(hook, "on_upload", refuse)
    answer = ask(handler, confirmation())
    assert (answer.status, answer.code) == (403, "virus")


def test_an_answer_is_remembered_from_when_it_was_ready(
    handler: Handler, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    def dawdle(_: object, __: object) -> dict[str, object]:
        watch.seconds += 3
        return {"at": watch.seconds}

    monkeypatch.setattr(hook, "on_upload", dawdle)
    first = ask(handler, confirmation()).content
    watch.seconds += 598
    assert ask(handler, confirmation()).content == first


@pytest.mark.parametrize("returned", [None, ["a"], "a", {"a": object()}, {"a": float("inf")}])
def test_a_hook_that_returns_no_json_is_answered_500_and_may_be_asked_again(
    returned: object, handler: Handler, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    monkeypatch.setattr(hook, "on_upload", lambda *_: returned)
    assert ask(handler, confirmation()).code == "internal"
    monkeypatch.undo()
    watch.seconds += 2
    assert ask(handler, confirmation()).content == ANSWER


def test_a_function_without_a_role_is_misconfigured(environ: dict[str, str]) -> None:
    del environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    ticket = sign_ticket(TICKET._replace(iat=0, exp=2**40), SECRET)
    assert ask(build(environ), confirmation(ticket)).code == "misconfigured"


def test_rsa_that_does_not_load_does_not_take_confirm_down(
    environ: dict[str, str],
    signed: Sign,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    bucket: Bucket,
) -> None:
    monkeypatch.setitem(sys.modules, "completion.rsa_md5", None)
    handler = build(environ)
    assert "ModuleNotFoundError" in json.loads(capsys.readouterr().out)["traceback"]
    ticket = sign_ticket(TICKET._replace(iat=0, exp=2**40), SECRET)
    assert ask(handler, signed(ticket=ticket).event()).code == "not_verified"
    assert bucket.connections == 0
    assert ask(handler, confirmation(ticket)).content == ANSWER


@pytest.mark.parametrize("pem", ["not a key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_key_that_is_none_does_not_take_confirm_down(environ: dict[str, str], pem: str) -> None:
    environ["PUBLIC_KEY_PEM"] = pem
    ticket = sign_ticket(TICKET._replace(iat=0, exp=2**40), SECRET)
    assert ask(build(environ), confirmation(ticket)).content == ANSWER


def test_remembers_a_bounded_number_of_answers() -> None:
    answers = AnswerCache()
    uploads = [UPLOAD._replace(key=str(number)) for number in range(MAX_ENTRIES + 2)]
    for number, upload in enumerate(uploads[:-1]):
        answers.keep(upload, str(number), now=0)
    assert [answers.recall(one, now=1) for one in uploads[:3]] == [None, "1", "2"]
    answers.keep(uploads[1], "again", now=2)
    answers.keep(uploads[-1], "new", now=2)
    assert [answers.recall(one, now=3) for one in uploads[:3]] == [None, "again", None]


def test_remembers_a_bounded_number_of_failures() -> None:
    answers = AnswerCache()
    for number in range(MAX_ENTRIES + 1):
        answers.keep_failure(str(number), None, now=0)
    answers.refuse_haste("0", None, now=1)
    with pytest.raises(Unavailable):
        answers.refuse_haste("1", None, now=1)


@pytest.mark.parametrize("etag", [ETAG, None])
def test_a_success_replaces_a_failure(etag: str | None) -> None:
    answers = AnswerCache()
    answers.keep_failure(UPLOAD.key, etag, now=0)
    with pytest.raises(Unavailable):
        answers.refuse_haste(UPLOAD.key, etag, now=1)
    answers.keep(UPLOAD, "{}", now=1)
    answers.refuse_haste(UPLOAD.key, etag, now=1)


def test_a_failure_delays_only_what_it_was_about() -> None:
    answers = AnswerCache()
    answers.keep_failure(UPLOAD.key, None, now=0)
    answers.keep_failure(UPLOAD.key, "F00D", now=0)
    answers.refuse_haste(UPLOAD.key, ETAG, now=1)
    answers.refuse_haste("another", None, now=1)


@pytest.mark.parametrize("member", Upload._fields)
def test_an_answer_is_for_exactly_its_own_upload(member: str) -> None:
    answers = AnswerCache()
    answers.keep(UPLOAD, "{}", now=0)
    other: Any = {member: {"order": "17"} if isinstance(getattr(UPLOAD, member), dict) else "another"}
    assert answers.recall(UPLOAD._replace(**other), now=1) is None


@pytest.mark.parametrize("other", [{"expires_at": UPLOAD.expires_at + 1}, {"page_data": {"order": "17"}}])
def test_two_grants_of_one_permit_keep_an_answer_each(other: Any) -> None:
    answers = AnswerCache()
    uploads = [UPLOAD, UPLOAD._replace(**other)]
    for number, upload in enumerate(uploads):
        answers.keep(upload, str(number), now=0)
    assert [answers.recall(upload, now=1) for upload in uploads] == ["0", "1"]


def test_a_failure_is_remembered_from_when_it_was_known(
    handler: Handler, monkeypatch: pytest.MonkeyPatch, watch: Watch, bucket: Bucket
) -> None:
    def dawdle(_: object, __: object) -> dict[str, object]:
        watch.seconds += 3
        raise ValueError

    monkeypatch.setattr(hook, "on_upload", dawdle)
    assert ask(handler, confirmation()).code == "internal"
    assert ask(handler, confirmation()).code == "unavailable"
    assert len(bucket.asked) == 1


@pytest.mark.parametrize("path", ["/callback", "/confirm"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_answers_post_only(path: str, method: str, handler: Handler) -> None:
    answer = ask(handler, fc_event(path, method=method))
    assert (answer.status, answer.headers["Allow"]) == (405, "POST, OPTIONS")


def test_uses_the_time_of_the_request(handler: Handler) -> None:
    expiring = sign_ticket(TICKET._replace(exp=int(NOW) + 1), SECRET)
    assert ask(handler, confirmation(expiring)).status == 200
