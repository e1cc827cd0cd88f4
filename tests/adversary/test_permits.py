"""What a page does with a permit, and with the `data` of its files: your server's word stays your server's.

The whole stack runs, and the attacker holds OSS's key: every forged callback is signed as OSS would sign it.
"""

from __future__ import annotations

import base64
import itertools
import json
import time
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attacked_stack import FILE, AttackedStack, assert_refused, assert_stopped, body_of
from tests.support.hypothesis_settings import FEW
from tests.support.permits import TYPE, encoded, permit, signed
from tests.support.tickets import document_of

SECRET = "development-permit-secret-for-one-machine-only"  # of `make run`
ASKED = {"name": "photo.png", "size": len(FILE), "type": "image/png"}
OTHER_FILE = b"HELLO"  # as long as FILE
numbers = itertools.count()


def permitted(**claims: object) -> str:
    return permit(time.time(), SECRET, **claims)


def for_order(order: str, **claims: object) -> str:
    """Return a permit for the one photo of an order."""
    jti = f"{order}-{next(numbers)}"
    return permitted(jti=jti, upload={"data": {"order": order}, "types": ["image/*"]}, **claims)


def ask(target: AttackedStack, token: str, *files: object) -> requests.Response:
    return target.stack.http.post(
        f"{target.stack.token}/uploads",
        data=json.dumps({"files": files or [ASKED]}).encode(),
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )


def grant(target: AttackedStack, token: str, **file: object) -> Any:
    """Return the grant of one file."""
    answer = ask(target, token, {**ASKED, **file})
    assert answer.status_code == 200, answer.text
    return answer.json()["uploads"][0]


def events(target: AttackedStack, key: str) -> list[Any]:
    """Return the `data` of each event about an object."""
    about = f'"{key}"'.encode()
    return [json.loads(one.body)["data"] for one in target.backend.asked if about in one.body]


def spliced(ticket: str, **claims: object) -> str:
    """Return a ticket with other claims under its old MAC."""
    changed = json.dumps({**document_of(ticket), **claims}, separators=(",", ":")).encode()
    return f"{encoded(changed)}.{ticket.split('.')[1]}"


def test_a_page_that_claims_another_order_is_told_apart_from_the_server(strict: AttackedStack) -> None:
    claimed = grant(strict, for_order("17"), data={"order": "18", "data": "order 18"})
    assert strict.stack.send(claimed, FILE).status_code == 200
    (event,) = events(strict, claimed["key"])
    assert_stopped(event["data"] == {"order": "17"}, event)
    assert event["page_data"] == {"order": "18", "data": "order 18"}
    assert event["user"] == "alice"


def test_no_ticket_is_given_the_word_of_a_server(strict: AttackedStack) -> None:
    claimed = grant(strict, permitted(), data={"order": "18"})
    assert strict.stack.send(claimed, FILE).status_code == 200
    before = strict.webhook_ids(claimed["key"])
    told = document_of(claimed["ticket"])
    for changed in (
        {"data": {"order": "18"}},
        {"data": told["page_data"], "page_data": {}},
        {"sub": "bob"},
        {"page_data": {"order": "17"}},
    ):
        forged = spliced(claimed["ticket"], **changed)
        assert_refused(strict.call_back(body_of(claimed, ticket=forged)), "not_verified")
        assert_refused(strict.confirm(forged), "not_verified")
    assert strict.webhook_ids(claimed["key"]) == before


def test_a_permit_for_one_object_stores_the_first_bytes_only(target: AttackedStack) -> None:
    """The second form has another ticket, and its own page's words."""
    token = for_order("17")
    first, second = grant(target, token), grant(target, token, data={"order": "18"})
    assert_stopped(first["key"] == second["key"] and first["id"] == second["id"])
    assert target.stack.send(first, FILE).status_code == 200
    answer = target.stack.send(second, OTHER_FILE)
    assert_stopped(answer.status_code == 409, answer.text)
    assert_stopped(target.stack.stored(first["key"]).content == FILE)
    target.confirm(second["ticket"])
    told = events(target, first["key"])
    assert_stopped({one["id"] for one in told} == {first["id"]}, told)
    assert_stopped({json.dumps(one["data"]) for one in told} == {'{"order": "17"}'}, told)
    assert_stopped(len(set(target.webhook_ids(first["key"]))) == 1, "one upload, by its webhook-id")


@pytest.mark.parametrize(
    "other",
    [{"size": 9}, {"type": "image/gif", "name": "photo.gif"}, {"name": "b.png"}],
    ids=["size", "type", "name"],
)
def test_a_permit_for_one_object_has_one_key_for_every_file(
    other: dict[str, Any], strict: AttackedStack
) -> None:
    token = for_order("17")
    first, second = grant(strict, token), grant(strict, token, **other)
    assert_stopped(first["key"] == second["key"], (first["key"], second["key"]))
    assert strict.stack.send(first, FILE).status_code == 200
    before = strict.webhook_ids()
    assert_stopped(strict.stack.send(second, FILE.ljust(other.get("size", len(FILE)))).status_code == 409)
    if "size" in other:
        assert_refused(strict.confirm(second["ticket"]), "size_differs")
    assert strict.webhook_ids() == before


def test_a_permit_for_one_object_is_not_shared_out(strict: AttackedStack) -> None:
    uploads = ask(strict, for_order("17"), *[ASKED] * 20).json()["uploads"]
    assert_stopped(["id" in one for one in uploads] == [True] + [False] * 19)
    assert {one["problem"]["code"] for one in uploads[1:]} == {"one_file_permitted"}


def test_nobody_gets_a_key_of_somebody_else(strict: AttackedStack) -> None:
    """The same `jti` in the permits of two users is an object each."""
    told = {"jti": f"photo-{next(numbers)}", "iat": int(time.time())}
    alice, bob = (grant(strict, permitted(sub=user, **told)) for user in ("alice", "bob"))
    assert_stopped(alice["key"].startswith("uploads/alice/") and bob["key"].startswith("uploads/bob/"))


def test_no_permit_of_another_maker_is_taken(strict: AttackedStack) -> None:
    now = time.time()
    claims = {"sub": "alice", "exp": int(now) + 300}
    header, payload, mac = permitted().split(".")
    widened = encoded(json.dumps({**claims, "upload": {"max_bytes": 10**12}}).encode())
    none = encoded(json.dumps({"alg": "none", "typ": TYPE}).encode())
    for token in (
        permit(now, "another-secret-of-more-than-32-bytes"),
        signed({"alg": "HS256", "typ": TYPE}, claims, ""),
        permit(now, "development-ticket-secret-for-one-machine-only"),
        f"{header}.{widened}.{mac}",
        f"{none}.{payload}.{mac}",
        f"{header}.{payload}.{payload}",
        f"{header}.{payload}.{mac[:-1]}",
        signed({"alg": "HS256", "typ": "JWT"}, claims, SECRET),
        permitted(exp=int(now) - 120),
        permitted(exp=int(now) + 2 * 86400),
        permitted(upload={"prefix": "private/"}),
        permitted(upload={"profile": "unknown"}),
    ):
        assert_refused(ask(strict, token), "token_invalid", "token_expired")


LETTERS = st.sampled_from("ABCxyz019-_")
PIECES = st.lists(st.tuples(st.integers(0, 400), LETTERS), min_size=1, max_size=3)


@FEW
@given(changes=PIECES, cut=st.integers(0, 3))
def test_whatever_is_made_of_a_permit_lets_nobody_in(
    strict: AttackedStack, changes: list[tuple[int, str]], cut: int
) -> None:
    genuine = permitted(jti="1", upload={"data": {"order": "17"}})
    token = list(genuine)
    for place, letter in changes:
        if token[place % len(token)] != ".":
            token[place % len(token)] = letter
    made = "".join(token[: len(token) - cut])
    if made != genuine:
        assert_refused(ask(strict, made), "token_invalid")


HOSTILE: dict[str, object] = {
    "a number": {"order": 17},
    "nothing": {"order": None},
    "a list": {"order": ["17"]},
    "an object": {"order": {"id": "17"}},
    "a prototype": {"__proto__": "17"},
    "a prototype's object": {"__proto__": {"admin": "1"}},
    "capitals": {"Order": "17"},
    "a path": {"../order": "17"},
    "no name": {"": "17"},
    "a NUL": {"order": "17\x00"},
    "a line of a log": {"order": '17\n{"event":"uploaded"}'},
    "an escape": {"order": "\x1b[2J"},
    "half a pair": {"order": "\ud800"},
    "too much": {"order": "1" * 512},
    "too many": {f"order_{number}": "" for number in range(60)},
    "text": "order=17",
    "a list of pairs": [["order", "17"]],
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_data_refuses_its_own_file_only(data: object, strict: AttackedStack) -> None:
    uploads = ask(strict, permitted(), {**ASKED, "data": data}, ASKED).json()["uploads"]
    assert_stopped(uploads[0]["problem"]["code"] == "data_invalid", uploads[0])
    assert "ticket" in uploads[1]


@pytest.mark.parametrize(
    "text",
    [
        '{"order": "17", "order": "18"}',
        '{"order": "17", "\\u006frder": "18"}',
        '{"order": NaN}',
        '{"order": "17"',
        "[" * 20_000,
    ],
    ids=["twice", "twice, once escaped", "not a number", "torn", "deep"],
)
def test_data_with_two_meanings_refuses_the_request(text: str, strict: AttackedStack) -> None:
    body = f'{{"files": [{{"name": "a.png", "size": 5, "data": {text}}}]}}'
    headers = {"Authorization": f"Bearer {permitted()}"}
    answer = strict.stack.http.post(f"{strict.stack.token}/uploads", body, headers=headers, timeout=10)
    assert_refused(answer, "body_malformed")


VALUES = ("${bucket}", "&size=0", "%26size=0", '"}],"expiration":"2099', "$key", "a&b=c", "x:admin", "'; --")


@pytest.mark.parametrize("value", VALUES)
def test_data_does_not_break_out_of_policy_callback_or_event(value: str, strict: AttackedStack) -> None:
    token = permitted(upload={"data": {"order": value}})
    claimed = grant(strict, token, data={"order": value})
    assert value not in base64.b64decode(claimed["fields"]["policy"]).decode()
    assert strict.stack.send(claimed, FILE).status_code == 200
    (event,) = events(strict, claimed["key"])
    assert_stopped((event["data"], event["page_data"]) == ({"order": value},) * 2, event)
    assert (event["size"], event["key"]) == (len(FILE), claimed["key"])


def test_neither_permit_nor_data_is_in_the_log(strict: AttackedStack) -> None:
    token = permitted(jti="secret-jti", upload={"data": {"order": "secret-order"}})
    claimed = grant(strict, token, data={"album": "secret-album"})
    strict.stack.send(claimed, FILE)
    ask(strict, token[:-2] + "AA", {**ASKED, "data": {"Album": "secret-album"}})
    strict.stack.line_with(claimed["id"])
    lines = "".join(strict.stack.lines)
    assert_stopped("secret-" not in lines and token not in lines)
