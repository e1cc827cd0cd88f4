"""Whole events through the real handler, with a real bucket on loopback behind it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

import hook
from completion.answer_cache import MAX_ANSWERS, Answer, AnswerCache, CacheKey
from completion.application import build
from tests.support.callback_fixtures import ETAG, NOW, SECRET, TICKET, Bucket, Callback, Watch, confirmation
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
    "type": "image/png",
    "name": "图片.png",
}
Sign = Callable[..., Callback]


def test_answers_a_callback(
    handler: Handler, signed: Sign, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(handler, signed().event())
    assert (answer.status, answer.content) == (200, ANSWER)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["upload_id"] == "01abc"
    assert [(asked.method, asked.path) for asked in bucket.asked] == [("HEAD", f"/{TICKET.key}")]


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


def test_callback_and_confirm_give_the_same_answer(handler: Handler, signed: Sign, bucket: Bucket) -> None:
    answers = [ask(handler, event).content for event in (signed().event(), confirmation(), signed().event())]
    assert answers == [ANSWER] * 3
    assert len(bucket.asked) == 1


def test_the_deadline_counts_from_the_entry(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([*[1000.0] * 3, 1003.2, *[1004.0] * 9])  # two lines built, received, asked, and after
    allowed: list[float] = []
    monkeypatch.setattr("completion.outbound.within", lambda seconds, _: allowed.append(seconds))
    ask(build(environ, Clock(lambda: NOW, ticks.__next__)), confirmation())
    assert allowed == pytest.approx([0.3])


def test_an_answer_is_forgotten_after_ten_minutes(handler: Handler, bucket: Bucket, watch: Watch) -> None:
    ask(handler, confirmation())
    watch.seconds += 599
    ask(handler, confirmation())
    assert len(bucket.asked) == 1
    watch.seconds += 1
    ask(handler, confirmation())
    assert len(bucket.asked) == 2


@pytest.mark.parametrize(
    ("status", "code", "answered"),
    [(404, "not_stored", 409), (403, "unavailable", 503), (500, "unavailable", 503)],
)
def test_a_failure_is_remembered_for_two_seconds(
    status: int, code: str, answered: int, handler: Handler, bucket: Bucket, watch: Watch
) -> None:
    bucket.status = status
    first = ask(handler, confirmation())
    assert (first.status, first.code) == (answered, code)
    bucket.status = 200
    again = ask(handler, confirmation())
    assert (again.status, again.code, again.headers["Retry-After"]) == (503, "unavailable", "2")
    watch.seconds += 2
    assert ask(handler, confirmation()).content == ANSWER
    assert len(bucket.asked) == 2


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


def test_a_hook_may_say_no(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object, __: object) -> dict[str, object]:
        raise Refusal("virus", "This file is not welcome.")

    monkeypatch.setattr(hook, "on_upload", refuse)
    answer = ask(handler, confirmation())
    assert (answer.status, answer.code) == (403, "virus")


def test_an_answer_is_remembered_from_when_it_was_ready(
    handler: Handler, monkeypatch: pytest.MonkeyPatch, watch: Watch, bucket: Bucket
) -> None:
    def dawdle(_: object, __: object) -> dict[str, object]:
        watch.seconds += 3
        return {}

    monkeypatch.setattr(hook, "on_upload", dawdle)
    ask(handler, confirmation())
    watch.seconds += 598
    ask(handler, confirmation())
    assert len(bucket.asked) == 1


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
    for number in range(MAX_ANSWERS + 1):
        answers.keep(CacheKey(str(number)), Answer(str(number), "{}"), now=0)
    assert answers.recall(CacheKey("0"), None, now=1) is None
    assert answers.recall(CacheKey("1"), None, now=1) == ("1", "{}")
    answers.keep(CacheKey("1"), Answer("1", "{}"), now=2)
    answers.keep(CacheKey("new"), Answer("new", "{}"), now=2)
    assert answers.recall(CacheKey("1"), None, now=3) == ("1", "{}")
    assert answers.recall(CacheKey("2"), None, now=3) is None


def test_a_success_replaces_a_failure() -> None:
    answers = AnswerCache()
    answers.keep_failure(CacheKey("a"), now=0)
    with pytest.raises(Unavailable):
        answers.recall(CacheKey("a"), None, now=1)
    answers.keep(CacheKey("a"), Answer("a", "{}"), now=1)
    assert answers.recall(CacheKey("a"), None, now=1) == ("a", "{}")


def test_an_answer_is_for_its_own_bytes_and_a_failure_about_others_leaves_it() -> None:
    answers = AnswerCache()
    answers.keep(CacheKey("a"), Answer("x", "{}"), now=0)
    assert answers.recall(CacheKey("a"), "y", now=1) is None
    answers.keep_failure(CacheKey("a"), now=1)
    assert answers.recall(CacheKey("a"), "x", now=1) == ("x", "{}")
    with pytest.raises(Unavailable):
        answers.recall(CacheKey("a"), "y", now=2)
    assert answers.recall(CacheKey("a"), "y", now=3) is None
    answers.keep_failure(CacheKey("a"), now=600)  # the answer is forgotten by now
    with pytest.raises(Unavailable):
        answers.recall(CacheKey("a"), "x", now=601)


def test_callbacks_about_other_bytes_do_not_ask_oss_each_time(
    handler: Handler, signed: Sign, bucket: Bucket
) -> None:
    assert ask(handler, signed().event()).status == 200
    codes = [ask(handler, signed(etag="F" * 32).event()).code for _ in range(5)]
    assert codes == ["etag_differs", *["unavailable"] * 4]
    assert len(bucket.asked) == 2
    assert ask(handler, signed().event()).content == ANSWER


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
