"""The ticket of one user opens no object of another user, not even for an attacker who holds OSS's key."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.attacked_stack import (
    FILE,
    AttackedStack,
    assert_refused,
    assert_stopped,
    attacked_stack,
    body_of,
)
from tests.support.stack import bearer_of

NOT_VERIFIED = "not_verified"
UNDECIDED = ("not_stored", "unavailable")
SIGN_IN = {"SIGN_IN": "true", "ALLOW_DIRECTORY_GRANTS": "true", "DIRECTORY_MAX_BYTES": "1000"}


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedStack]:
    """A stack whose users sign in."""
    with attacked_stack(tmp_path_factory.mktemp("users"), "", SIGN_IN) as target:
        yield target


@pytest.fixture(scope="module")
def alice(users: AttackedStack) -> Any:
    """An upload of Alice."""
    return users.uploaded(bearer_of("alice"))


@pytest.fixture(scope="module")
def bob(users: AttackedStack) -> Any:
    """An upload of Bob, with as many bytes as that of Alice."""
    return users.uploaded(bearer_of("bob"))


def claims_of(ticket: str) -> dict[str, Any]:
    payload = ticket.split(".", maxsplit=1)[0]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def spliced(ticket: str, **claims: object) -> str:
    """Return the ticket with other claims under its old MAC."""
    changed = json.dumps({**claims_of(ticket), **claims}, separators=(",", ":")).encode()
    return f"{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{ticket.split('.')[1]}"


def test_each_ticket_names_its_user_and_a_key_in_the_folder_of_that_user(alice: Any, bob: Any) -> None:
    for user, grant in (("alice", alice), ("bob", bob)):
        claims = claims_of(grant["ticket"])
        assert (claims["sub"], claims["key"]) == (user, grant["key"])
        assert grant["key"].startswith(f"uploads/{user}/")


def test_the_ticket_of_one_user_does_not_open_the_object_of_another_user_by_callback(
    users: AttackedStack, alice: Any, bob: Any
) -> None:
    """Each callback is signed perfectly, and is right about an object that is stored."""
    before = users.webhook_ids()
    for own, other in ((alice, bob), (bob, alice)):
        stolen = claims_of(other["ticket"])
        for ticket in (
            own["ticket"],
            spliced(own["ticket"], key=other["key"]),
            spliced(own["ticket"], **stolen),
        ):
            assert_refused(users.call_back(body_of(other, ticket=ticket)), NOT_VERIFIED)
    assert users.webhook_ids() == before


def test_the_ticket_of_one_user_does_not_open_the_object_of_another_user_by_confirm(
    users: AttackedStack, alice: Any, bob: Any
) -> None:
    """A confirm names no object: it is answered about the object of its own ticket, or not at all."""
    before = users.webhook_ids()
    for own, other in ((alice, bob), (bob, alice)):
        answer = users.confirm(own["ticket"]).json()
        assert_stopped((answer["id"], answer["key"]) == (own["id"], own["key"]), answer)
        stolen = claims_of(other["ticket"])
        for ticket in (spliced(own["ticket"], key=other["key"]), spliced(own["ticket"], **stolen)):
            assert_refused(users.confirm(ticket), NOT_VERIFIED)
    assert users.webhook_ids() == before


def test_a_grant_that_was_not_used_is_not_fulfilled_by_the_object_of_another_user(
    users: AttackedStack, bob: Any
) -> None:
    """Alice asks for the same name, size and type as Bob uploaded, and uploads nothing."""
    before = users.webhook_ids()
    unused = users.stack.grant(bob["key"].rpartition("/")[2], authorization=bearer_of("alice"))
    answer = users.confirm(unused["ticket"])
    assert_stopped(answer.json()["code"] in UNDECIDED, answer.text)
    assert_refused(users.call_back(body_of(bob, ticket=unused["ticket"])), NOT_VERIFIED)
    assert users.webhook_ids() == before


def test_the_directory_ticket_of_one_user_takes_in_no_object_of_another_user(
    users: AttackedStack, bob: Any
) -> None:
    before = users.webhook_ids()
    callback = json.loads(base64.b64decode(users.stack.ask_grant(bearer_of("alice")).json()["callback"]))
    ticket = callback["callbackBody"].split("&")[0].removeprefix("ticket=")
    folder = claims_of(ticket)["dir"]
    assert folder.startswith("uploads/alice/")
    for key in (bob["key"], f"{folder}../{bob['key']}", f"{folder}{bob['key']}", f"{folder}/{bob['key']}"):
        body = body_of(bob, ticket=ticket, object=key, size=str(len(FILE)))
        assert_refused(users.call_back(body), NOT_VERIFIED)
    assert_refused(users.confirm(ticket), NOT_VERIFIED)
    assert users.webhook_ids() == before
