"""Tickets against every kind of tampering."""

from __future__ import annotations

import base64
import json

import pytest

from tests.support.tickets import document_of
from vendored import ticket as ticket_module
from vendored.errors import Unverified
from vendored.ticket import DirectoryTicket, FileTicket, sign_ticket, verify_ticket

NOW = 1_800_000_000
SECRET = "a-ticket-secret-of-more-than-32-bytes"
CLAIMS = FileTicket("01abc", "uploads/_/2027/01/15/01abc.png", 5, "", NOW, NOW + 3900)
IN_PARTS = CLAIMS._replace(part=8 * 2**20, up="0004B9895DBBB6EC98E36A2F1C0D7E55")
MEMBERS = {
    name: value for name, value in CLAIMS._asdict().items() if name not in {"part", "up", "data", "page_data"}
}


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS,
        CLAIMS._replace(size=0, sub="用户|1"),
        IN_PARTS,
        CLAIMS._replace(data={"order": "17"}, page_data={"": "用户"}),
        IN_PARTS._replace(page_data={"album": ""}),
        DirectoryTicket("01abc", "uploads/_/2027/01/15/01abc/", 1024, "u", NOW, NOW + 1),
    ],
)
def test_verifies_what_it_signed(claims: ticket_module.Ticket) -> None:
    assert verify_ticket(sign_ticket(claims, SECRET), [SECRET], NOW) == claims


def test_a_ticket_says_no_more_than_its_grant_needs() -> None:
    """So a callback function of before uploads in parts reads the tickets of forms."""
    assert document_of(sign_ticket(CLAIMS, SECRET)) == {"v": 1, **MEMBERS}
    in_parts = {**MEMBERS, "part": IN_PARTS.part, "up": IN_PARTS.up}
    assert document_of(sign_ticket(IN_PARTS, SECRET)) == {"v": 1, **in_parts}
    said = CLAIMS._replace(data={"order": "17"})
    assert document_of(sign_ticket(said, SECRET)) == {"v": 1, **MEMBERS, "data": {"order": "17"}}


def test_the_document_that_the_refused_ones_are_made_of_is_genuine() -> None:
    assert verify_ticket(
        signed_as_is(json.dumps({"v": 1, **MEMBERS}, separators=(",", ":")).encode()), [SECRET], NOW
    )


def test_any_of_the_secrets_verifies() -> None:
    assert verify_ticket(sign_ticket(CLAIMS, SECRET), ["n" * 32, SECRET], NOW) == CLAIMS


def test_a_ticket_is_signed_with_a_mac_of_its_own() -> None:
    """Known answer made with openssl: the MAC's input begins with the context string."""
    payload = "eyJ2IjoxfQ"
    # printf 'upload-ticket.v1.eyJ2IjoxfQ' | openssl dgst -sha256 -hmac SECRET -binary | base64url, no padding
    mac = "ONsPhVqfTr8tknM-wl6UfKliCC443HHX3NZZrJ_gft0"
    assert refusal_code(f"{payload}.{mac}") == "ticket_malformed"  # genuine, so it is read, but not ours


def test_every_changed_byte_of_a_ticket_is_refused() -> None:
    ticket = sign_ticket(CLAIMS, SECRET)
    for position, character in enumerate(ticket):
        for other in "A-_.+/= \n":
            if other != character:
                changed = ticket[:position] + other + ticket[position + 1 :]
                assert refusal_code(changed) in {"ticket_forged", "ticket_malformed"}, changed


@pytest.mark.parametrize("trailing", ["=", "==", "A", "\n", ".", " ", "\x00", "é"])
def test_refuses_a_ticket_with_trailing_bytes(trailing: str) -> None:
    assert refusal_code(sign_ticket(CLAIMS, SECRET) + trailing) == "ticket_malformed"


@pytest.mark.parametrize("ticket", ["", ".", "a.b", "a" * 3000 + "." + "b" * 43, "é." + "b" * 43])
def test_refuses_what_has_no_ticket_shape(ticket: str) -> None:
    assert refusal_code(ticket) == "ticket_malformed"


def test_refuses_a_ticket_of_another_secret() -> None:
    assert refusal_code(sign_ticket(CLAIMS, "b" * 32)) == "ticket_forged"


def test_refuses_another_spelling_of_the_same_mac() -> None:
    ticket = sign_ticket(CLAIMS, SECRET)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(ticket[-1])
    twin = ticket[:-1] + alphabet[last ^ 1]  # only the unused final bits differ
    decoded = [base64.urlsafe_b64decode(one.split(".")[1] + "=") for one in (ticket, twin)]
    assert decoded[0] == decoded[1]
    assert refusal_code(twin) == "ticket_forged"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (NOW - 61, "ticket_not_yet_valid"),
        (NOW - 60, None),
        (NOW + 3899, None),
        (NOW + 3900, "ticket_expired"),
    ],
)
def test_a_ticket_has_its_time(now: float, code: str | None) -> None:
    assert refusal_code(sign_ticket(CLAIMS, SECRET), now) == code


@pytest.mark.parametrize("now", [NOW - 61, NOW + 3900])
def test_a_genuine_ticket_that_is_refused_is_named(now: float) -> None:
    with pytest.raises(Unverified) as caught:
        ticket_module.verify_ticket(sign_ticket(CLAIMS, SECRET), [SECRET], now)
    assert caught.value.upload_id == CLAIMS.id


@pytest.mark.parametrize(
    "document",
    [
        {"v": 2, **MEMBERS},
        {**MEMBERS},
        {"v": 1, **MEMBERS, "admin": True},
        {"v": 1, **MEMBERS, "size": "5"},
        {"v": 1, **MEMBERS, "size": True},
        {"v": 1, **MEMBERS, "exp": 1e10},
        {"v": 1, **MEMBERS, "part": 0, "up": ""},
        {"v": 1, **MEMBERS, "part": 0, "up": "A1"},
        {"v": 1, **MEMBERS, "part": 5, "up": ""},
        {"v": 1, **MEMBERS, "part": "5", "up": "A1"},
        {"v": 1, **MEMBERS, "part": 5, "up": 1},
        {"v": 1, **MEMBERS, "part": True, "up": "A1"},
        {"v": 1, **MEMBERS, "part": 5},
        {"v": 1, **MEMBERS, "up": "A1"},
        {"v": 1, **MEMBERS, "data": {}},
        {"v": 1, **MEMBERS, "page_data": {}},
        {"v": 1, **MEMBERS, "data": {"order": 17}},
        {"v": 1, **MEMBERS, "data": {"order": {"id": "17"}}},
        {"v": 1, **MEMBERS, "page_data": {"order": None}},
        {"v": 1, **MEMBERS, "page_data": [["order", "17"]]},
        {"v": 1, **MEMBERS, "page_data": "order"},
        {"v": 1, "id": "x", "key": "y"},
        {"v": 1, "id": "x"},
        ["v", 1],
        1,
    ],
)
def test_refuses_genuine_tickets_of_another_shape(document: object) -> None:
    assert refusal_code(signed_as_is(json.dumps(document).encode())) == "ticket_malformed"


def test_refuses_another_spelling_of_a_genuine_payload() -> None:
    payload = sign_ticket(CLAIMS._replace(size=50), SECRET).split(".")[0]
    twin = payload[:-1] + chr(ord(payload[-1]) + 1)  # only unused final bits differ
    assert base64.urlsafe_b64decode(twin + "==") == base64.urlsafe_b64decode(payload + "==")
    assert refusal_code(f"{twin}.{ticket_module._mac(twin, SECRET)}") == "ticket_malformed"


@pytest.mark.parametrize("payload", [b"{", b"\xff", b"[" * 1200])
def test_refuses_genuine_tickets_that_are_not_json(payload: bytes) -> None:
    assert refusal_code(signed_as_is(payload)) == "ticket_malformed"


def test_a_ticket_cannot_break_out_of_the_callback_body() -> None:
    assert set(sign_ticket(CLAIMS._replace(key='${"&=%\\', sub="用户"), SECRET)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    )


def signed_as_is(payload: bytes) -> str:
    encoded = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    return f"{encoded}.{ticket_module._mac(encoded, SECRET)}"


def refusal_code(ticket: str, now: float = NOW) -> str | None:
    try:
        verify_ticket(ticket, [SECRET], now)
    except Unverified as refusal:
        return refusal.code
    return None
