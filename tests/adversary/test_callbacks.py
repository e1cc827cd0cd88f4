"""Callbacks that OSS did not send, or sent about another bucket: signed by OSS, or with its factored key."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.attacked_stack import FILE, AttackedStack, assert_refused, assert_stopped, body_of
from tests.support.single_function import function_variables
from tests.support.stack import BUCKET, md5
from tests.support.tickets import document_of
from vendored.ticket import FileTicket, sign_ticket

NOT_VERIFIED = "not_verified"
DIFFERS = "object_differs"
HOURS = 3600.0


def forged_tickets(genuine: str) -> dict[str, str]:
    """Return the tickets that somebody without the secret can make of a genuine one."""
    payload, mac = genuine.split(".")
    claims = document_of(genuine)
    longer = base64.urlsafe_b64encode(json.dumps({**claims, "exp": claims["exp"] + 10**6}).encode())
    later = longer.rstrip(b"=").decode()
    members = {name: value for name, value in claims.items() if name != "v"}
    return {
        "sealed with a guessed secret": sign_ticket(FileTicket(**members), "development-ticket-secret"),
        "sealed with no secret": sign_ticket(FileTicket(**members), ""),
        "with a later expiry": f"{later}.{mac}",
        "without its MAC": payload,
        "with an empty MAC": f"{payload}.",
        "with half a MAC": f"{payload}.{mac[:21]}",
        "with its MAC twice": f"{payload}.{mac}.{mac}",
        "padded": f"{payload}=.{mac}",
        "in other letters": f"{payload.swapcase()}.{mac}",
        "empty": "",
    }


def test_a_callback_that_oss_signed_for_a_foreign_bucket_is_refused(strict: AttackedStack) -> None:
    grant = strict.uploaded()
    bodies = (
        "bucket=x",
        urlencode({"bucket": BUCKET, "object": grant["key"], "size": "5", "etag": md5(FILE)}),
        urlencode({"ticket": "a.b", "bucket": BUCKET, "object": grant["key"], "size": "5", "etag": "A"}),
        body_of(grant, bucket="attackers-bucket").decode(),
        json.dumps({"ticket": grant["ticket"]}),
        "",
    )
    before = strict.webhook_ids()
    for body in bodies:
        order = {"url": f"{strict.callback}/callback", "body": body, "bucket": "attackers-bucket"}
        sent = strict.stack.http.post(f"{strict.stack.upload}/-/callbacks", json=order, timeout=10).json()
        assert_stopped(sent["status"] == 403, sent)
    assert strict.webhook_ids() == before


def test_a_factored_key_signs_perfectly_and_no_ticket_is_forged(strict: AttackedStack) -> None:
    grant = strict.uploaded()
    before = strict.webhook_ids()
    for ticket in forged_tickets(grant["ticket"]).values():
        assert_refused(strict.call_back(body_of(grant, ticket=ticket)), NOT_VERIFIED)
        assert_refused(strict.confirm(ticket), NOT_VERIFIED)
    assert strict.webhook_ids() == before


def test_a_factored_key_and_a_genuine_ticket_do_not_make_an_object(target: AttackedStack) -> None:
    """OSS answers the HEAD with 404, or with 403 if the role may not list; both complete nothing."""
    before = target.webhook_ids()
    for _ in range(5):
        answer = target.call_back(body_of(target.stack.grant()))
        assert_stopped(answer.json()["code"] in {"not_stored", "unavailable"}, answer.text)
    assert target.webhook_ids() == before


@pytest.mark.parametrize(
    "changed",
    [
        {"bucket": "another-bucket"},
        {"object": "uploads/_/another.png"},
        {"size": "6"},
        {"size": "05"},
        {"size": "5 "},
        {"size": "\N{ARABIC-INDIC DIGIT FIVE}"},
        {"etag": ""},
    ],
    ids=str,
)
def test_a_factored_key_cannot_speak_of_another_upload(
    changed: dict[str, str], strict: AttackedStack
) -> None:
    assert_refused(strict.call_back(body_of(strict.uploaded(), **changed)), NOT_VERIFIED)


def test_a_factored_key_cannot_say_that_other_bytes_are_stored(strict: AttackedStack) -> None:
    assert_refused(strict.call_back(body_of(strict.uploaded(), etag=md5(b"HELLO"))), DIFFERS, "etag_differs")


def test_the_ticket_of_one_upload_does_not_speak_of_another(strict: AttackedStack) -> None:
    ours, theirs = strict.uploaded(), strict.uploaded()
    before = strict.webhook_ids()
    for one, other in ((ours, theirs), (theirs, ours), (strict.stack.grant(), theirs)):
        assert_refused(strict.call_back(body_of(one, object=other["key"])), NOT_VERIFIED)
    assert strict.webhook_ids() == before


def replay(target: AttackedStack, grant: Any, path: str) -> Any:
    """Send the genuine callback of this upload to another address."""
    body = body_of(grant)
    headers = target.signed(body)
    return target.stack.http.post(target.callback + path, body, headers=headers, timeout=10)


@pytest.mark.parametrize(
    "path", ["/", "/confirm", "/callback/", "//callback", "/Callback", "/callback?a=b", "/callback%0a"]
)
def test_a_callback_is_worth_nothing_at_another_address(path: str, strict: AttackedStack) -> None:
    grant = strict.uploaded()
    before = strict.webhook_ids()
    assert_refused(replay(strict, grant, path))
    assert strict.webhook_ids() == before


def test_a_replayed_callback_changes_nothing(strict: AttackedStack) -> None:
    """It gets the same answer, which its sender knew; the backend gets no event."""
    grant, before = strict.uploaded(), strict.webhook_ids()
    strict.uploaded()
    first = replay(strict, grant, "/callback")
    for _ in range(20):
        again = replay(strict, grant, "/callback")
        assert_stopped((again.status_code, again.json()) == (200, first.json()), again.text)
    assert first.json()["id"] == grant["id"]
    assert strict.webhook_ids()[: len(before)] == before
    assert len(strict.webhook_ids()) == len(before) + 1, "the other upload alone"


@pytest.mark.parametrize("hours", [24, 24 * 365, -24])
def test_a_callback_is_worth_nothing_outside_its_time(hours: int, strict: AttackedStack) -> None:
    grant = strict.uploaded()
    with strict.clock_wrong_by(hours * HOURS):
        assert_refused(replay(strict, grant, "/callback"), NOT_VERIFIED)
        assert_refused(strict.confirm(grant["ticket"]), NOT_VERIFIED)


def test_all_refusals_look_the_same(strict: AttackedStack) -> None:
    grant = strict.uploaded()
    bodies = [b"", body_of(grant, size="6"), body_of(grant, ticket="a.b"), body_of(grant) + b"&a=b"]
    answers = [strict.call_back(body) for body in bodies]
    answers += [strict.call_back(body_of(grant), Authorization=text) for text in ("", "AAAA", "A" * 88)]
    looks = {json.dumps({**answer.json(), "request_id": ""}) for answer in answers}
    assert_stopped(len(looks) == 1 and {answer.status_code for answer in answers} == {403}, looks)


def test_the_secret_is_not_the_one_that_was_guessed(strict: AttackedStack) -> None:
    """A ticket that is made as the forged ones above, but with the real secret, is genuine."""
    grant = strict.uploaded()
    claims = document_of(grant["ticket"])
    genuine = FileTicket(**{name: value for name, value in claims.items() if name != "v"})
    assert sign_ticket(genuine, function_variables(strict.stack)["TICKET_SECRET"]) == grant["ticket"]
    assert strict.call_back(body_of(grant)).json()["id"] == grant["id"]
