"""Confirms about objects that were never uploaded, and repeated ones: no effect, no flood at the backend."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from tests.support.attacked_stack import FILE, AttackedStack, assert_refused, assert_stopped
from tests.support.single_function import function_variables
from tests.support.stack import md5
from vendored.ticket import DirectoryTicket, FileTicket, sign_ticket

AT_ONCE = 16
LOOP = 100
UNDECIDED = ("not_stored", "unavailable")


def test_confirming_what_was_never_stored_tells_nobody(target: AttackedStack) -> None:
    before = target.webhook_ids()
    grant = target.stack.grant()
    for _ in range(LOOP):
        answer = target.confirm(grant["ticket"])
        assert_stopped(answer.json()["code"] in UNDECIDED, answer.text)
    assert target.webhook_ids() == before


def test_a_confirm_before_the_upload_does_not_fail_the_callback(strict: AttackedStack) -> None:
    """OSS's genuine callback comes at once, well within the time for which a failure is remembered."""
    grant = strict.stack.grant()
    assert_refused(strict.confirm(grant["ticket"]), "not_stored")
    sent = strict.stack.send(grant, FILE)
    assert_stopped(
        sent.status_code == 200 and sent.json()["id"] == grant["id"], (sent.status_code, sent.text)
    )


def test_what_was_deleted_is_not_confirmed(strict: AttackedStack) -> None:
    grant = strict.uploaded()
    assert strict.confirm(grant["ticket"]).json()["etag"] == md5(FILE)
    strict.stack.delete(grant["key"])
    assert_refused(strict.confirm(grant["ticket"]), "not_stored")


def test_what_is_stored_after_a_delete_is_confirmed_as_what_it_is(strict: AttackedStack) -> None:
    """OSS's callback about the second bytes reaches another instance, or none."""
    grant = strict.uploaded()
    strict.stack.delete(grant["key"])
    strict.stack.fault("callback_down")
    assert strict.stack.send(grant, b"HELLO").status_code == 203
    answer = strict.confirm(grant["ticket"])
    assert_stopped(answer.json()["etag"] == md5(b"HELLO"), answer.text)
    told = [json.loads(one.body)["data"] for one in strict.backend.asked if grant["id"].encode() in one.body]
    assert_stopped([one["etag"] for one in told] == [md5(FILE), md5(b"HELLO")], told)
    assert_stopped(len(set(strict.webhook_ids(grant["key"]))) == len(told), told)


def test_confirming_anothers_upload_takes_anothers_ticket(strict: AttackedStack) -> None:
    ours, theirs = strict.uploaded(), strict.uploaded()
    before = strict.webhook_ids()
    payload, mac = ours["ticket"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims |= {"key": theirs["key"], "id": theirs["id"]}
    forged = (
        base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).rstrip(b"=").decode()
    )
    assert_refused(strict.confirm(f"{forged}.{mac}"), "not_verified")
    assert_refused(strict.confirm(f"{theirs['ticket'].split('.')[0]}.{mac}"), "not_verified")
    assert strict.webhook_ids() == before


def test_a_genuine_ticket_for_what_is_not_an_upload_is_refused(strict: AttackedStack) -> None:
    """Another service that signs with the same secret cannot open objects outside the prefix."""
    now = int(time.time())
    secret = function_variables(strict.stack)["TICKET_SECRET"]
    outside = FileTicket("a", "private/a.png", 5, "", now, now + 60)
    folder = DirectoryTicket("a", "uploads/", 10**6, "", now, now + 60)
    for ticket in (outside, folder):
        assert_refused(strict.confirm(sign_ticket(ticket, secret)), "not_verified")


def test_confirming_many_times_at_once_has_one_effect(strict: AttackedStack) -> None:
    """The backend may get one upload several times at once, always under one id."""
    grant = strict.stack.grant()
    strict.stack.fault("callback_down")
    assert strict.stack.send(grant, FILE).status_code == 203
    before = len(strict.webhook_ids())

    def confirm(_: int) -> requests.Response:
        return requests.post(f"{strict.callback}/confirm", json={"ticket": grant["ticket"]}, timeout=10)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(confirm, range(AT_ONCE)))
    assert {answer.json()["id"] for answer in answers} == {grant["id"]}
    told = strict.webhook_ids()[before:]
    assert_stopped(len(set(told)) == 1 and len(told) <= AT_ONCE, told)


def test_a_backend_that_hangs_on_one_upload_holds_up_no_other(strict: AttackedStack) -> None:
    """That upload stays unconfirmed until the backend answers again, and then keeps its id."""
    held, over, backend = strict.stack.grant("held.png"), Event(), strict.backend

    def hang_on_one(asked: Any) -> None:
        if held["key"].encode() in backend.asked[-1].body:
            over.wait(60)
        backend.answer(asked)

    def upload(grant: Any) -> requests.Response:
        parts: list[Any] = [(name, (None, value)) for name, value in grant["fields"].items()]
        return requests.post(grant["url"], files=[*parts, ("file", FILE)], timeout=30)

    others = [strict.stack.grant(f"{number}.png") for number in range(AT_ONCE)]
    backend.raw = hang_on_one
    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        slow = pool.submit(upload, held)
        answers = list(pool.map(upload, others))
        assert_stopped([answer.json()["id"] for answer in answers] == [grant["id"] for grant in others])
        assert_stopped(slow.result().status_code == 203)
    over.set()
    backend.raw = None
    patient = requests.Session()  # asks again when it is told to
    patient.mount("http://", HTTPAdapter(max_retries=Retry(5, status_forcelist=[503], allowed_methods=None)))
    answer = patient.post(f"{strict.callback}/confirm", json={"ticket": held["ticket"]}, timeout=10)
    assert_stopped(
        answer.json()["id"] == held["id"] and len(set(strict.webhook_ids(held["key"]))) == 1, answer.text
    )


def test_confirming_in_a_loop_tells_the_backend_once(strict: AttackedStack) -> None:
    grant = strict.uploaded()
    before = strict.webhook_ids()
    for _ in range(LOOP):
        assert strict.confirm(grant["ticket"]).json()["id"] == grant["id"]
        assert_stopped(strict.webhook_ids() == before)


@pytest.mark.parametrize(
    "ticket",
    [None, True, 0, -1, 1.5, [], {}, ["a"], {"ticket": "a"}, "", ".", "a.b", "\x00", "é", "a" * 60_000],
    ids=lambda ticket: repr(ticket)[:20],
)
def test_what_is_no_ticket_is_refused(ticket: object, strict: AttackedStack) -> None:
    assert_refused(strict.confirm(ticket), "not_verified")
