"""Every stage against vectors that others made; tickets against every kind of tampering."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

import signing
from refusals import Unverified
from signing import DirectoryTicket, FileTicket, seal, unseal

VECTORS = Path(__file__).parent.parent / "vectors"
POST_POLICY = json.loads((VECTORS / "post_policy.json").read_text())
HEADER_V4 = json.loads((VECTORS / "header_v4.json").read_text())["v4_header"]
CALLBACK = json.loads((VECTORS / "callback.json").read_text())["valid"]

NOW = 1_800_000_000
SECRET = "a-ticket-secret-of-more-than-32-bytes"
CLAIMS = FileTicket("01abc", "uploads/_/2027/01/15/01abc.png", 5, "", NOW, NOW + 3900)


def by_name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", POST_POLICY["v4"], ids=by_name)
def test_derives_the_signing_key_of_the_official_client(vector: dict[str, Any]) -> None:
    key = signing.signing_key(vector["access_key_secret"], vector["x_oss_date"][:8], vector["region"])
    assert key.hex() == vector["signing_key_hex"]


@pytest.mark.parametrize("vector", POST_POLICY["v4"], ids=by_name)
def test_signs_a_form_policy_as_the_official_client_does(vector: dict[str, Any]) -> None:
    signature = signing.sign_policy_v4(
        vector["policy_base64"], vector["access_key_secret"], vector["x_oss_date"][:8], vector["region"]
    )
    assert signature == vector["x_oss_signature"]


@pytest.mark.parametrize("vector", POST_POLICY["v1"], ids=by_name)
def test_signs_a_v1_form_policy_as_the_official_client_does(vector: dict[str, Any]) -> None:
    assert signing.sign_policy_v1(vector["policy_base64"], vector["access_key_secret"]) == vector["signature"]


@pytest.mark.parametrize("vector", HEADER_V4, ids=by_name)
def test_writes_the_canonical_request_of_the_official_clients(vector: dict[str, Any]) -> None:
    canonical = signing.canonical_request(
        vector["method"],
        vector["bucket"],
        vector["key"],
        vector["query"],
        vector["headers"],
        vector["additional_headers"],
    )
    assert canonical == vector["canonical_request"]


@pytest.mark.parametrize("vector", HEADER_V4, ids=by_name)
def test_writes_the_string_to_sign_of_the_official_clients(vector: dict[str, Any]) -> None:
    to_sign = signing.string_to_sign(
        vector["canonical_request"], vector["x_oss_date"], vector["region"], vector["product"]
    )
    assert to_sign == vector["string_to_sign"]


def test_signs_for_oss_unless_told_otherwise() -> None:
    to_sign = signing.string_to_sign("", "20231216T162057Z", "cn-hangzhou")
    assert to_sign.split("\n")[2] == "20231216/cn-hangzhou/oss/aliyun_v4_request"


@pytest.mark.parametrize("vector", HEADER_V4, ids=by_name)
def test_signs_a_request_as_the_official_clients_do(vector: dict[str, Any]) -> None:
    key = signing.signing_key(
        vector["access_key_secret"], vector["x_oss_date"][:8], vector["region"], vector["product"]
    )
    assert signing.signature_v4(vector["string_to_sign"], key) == vector["signature"]


def test_writes_the_authorization_header() -> None:
    assert (
        signing.authorization_v4("ak", "20231216T162057Z", "cn-hangzhou", "e21d")
        == "OSS4-HMAC-SHA256 Credential=ak/20231216/cn-hangzhou/oss/aliyun_v4_request,Signature=e21d"
    )


@pytest.mark.parametrize("vector", CALLBACK, ids=by_name)
def test_rebuilds_what_oss_signed_in_a_capture(vector: dict[str, Any]) -> None:
    path, _, query = vector["raw_path_and_query"].partition("?")
    message = signing.callback_message(path, query, vector["body"].encode())
    assert message == vector["string_to_sign"].encode()


def test_writes_time_as_oss_does() -> None:
    assert signing.utc_stamp(1_702_743_657.9) == "20231216T162057Z"


@pytest.mark.parametrize(
    "claims",
    [
        CLAIMS,
        CLAIMS._replace(size=0, sub="用户|1"),
        DirectoryTicket("01abc", "uploads/_/2027/01/15/01abc/", 1024, "u", NOW, NOW + 1),
    ],
)
def test_unseals_what_it_sealed(claims: signing.Ticket) -> None:
    assert unseal(seal(claims, SECRET), [SECRET], NOW) == claims


def test_any_of_the_secrets_unseals() -> None:
    assert unseal(seal(CLAIMS, SECRET), ["n" * 32, SECRET], NOW) == CLAIMS


def test_ticket_is_sealed_with_a_mac_of_its_own() -> None:
    """Known answer made with openssl: the MAC's input begins with the context string."""
    payload = "eyJ2IjoxfQ"
    # printf 'upload-ticket.v1.eyJ2IjoxfQ' | openssl dgst -sha256 -hmac SECRET -binary | base64url, no padding
    mac = "ONsPhVqfTr8tknM-wl6UfKliCC443HHX3NZZrJ_gft0"
    assert refusal_code(f"{payload}.{mac}") == "ticket_malformed"  # genuine, so it is read, but not ours


def test_every_changed_byte_of_a_ticket_is_refused() -> None:
    ticket = seal(CLAIMS, SECRET)
    for position, character in enumerate(ticket):
        for other in "A-_.+/= \n":
            if other != character:
                changed = ticket[:position] + other + ticket[position + 1 :]
                assert refusal_code(changed) in {"ticket_forged", "ticket_malformed"}, changed


@pytest.mark.parametrize("trailing", ["=", "==", "A", "\n", ".", " ", "\x00", "é"])
def test_refuses_a_ticket_with_trailing_bytes(trailing: str) -> None:
    assert refusal_code(seal(CLAIMS, SECRET) + trailing) == "ticket_malformed"


@pytest.mark.parametrize("ticket", ["", ".", "a.b", "a" * 3000 + "." + "b" * 43, "é." + "b" * 43])
def test_refuses_what_has_no_ticket_shape(ticket: str) -> None:
    assert refusal_code(ticket) == "ticket_malformed"


def test_refuses_a_ticket_of_another_secret() -> None:
    assert refusal_code(seal(CLAIMS, "b" * 32)) == "ticket_forged"


def test_refuses_another_spelling_of_the_same_mac() -> None:
    ticket = seal(CLAIMS, SECRET)
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
    assert refusal_code(seal(CLAIMS, SECRET), now) == code


@pytest.mark.parametrize("now", [NOW - 61, NOW + 3900])
def test_a_genuine_ticket_that_is_refused_is_named(now: float) -> None:
    with pytest.raises(Unverified) as caught:
        signing.unseal(seal(CLAIMS, SECRET), [SECRET], now)
    assert caught.value.upload_id == CLAIMS.id


@pytest.mark.parametrize(
    "document",
    [
        {"v": 2, **CLAIMS._asdict()},
        {**CLAIMS._asdict()},
        {"v": 1, **CLAIMS._asdict(), "admin": True},
        {"v": 1, **CLAIMS._asdict(), "size": "5"},
        {"v": 1, **CLAIMS._asdict(), "size": True},
        {"v": 1, **CLAIMS._asdict(), "exp": 1e10},
        {"v": 1, "id": "x", "key": "y"},
        {"v": 1, "id": "x"},
        ["v", 1],
        1,
    ],
)
def test_refuses_genuine_tickets_of_another_shape(document: object) -> None:
    assert refusal_code(sealed_as_is(json.dumps(document).encode())) == "ticket_malformed"


def test_refuses_another_spelling_of_a_genuine_payload() -> None:
    payload = seal(CLAIMS._replace(size=50), SECRET).split(".")[0]
    twin = payload[:-1] + chr(ord(payload[-1]) + 1)  # only unused final bits differ
    assert base64.urlsafe_b64decode(twin + "==") == base64.urlsafe_b64decode(payload + "==")
    assert refusal_code(f"{twin}.{signing._ticket_mac(twin, SECRET)}") == "ticket_malformed"


@pytest.mark.parametrize("payload", [b"{", b"\xff", b"[" * 1200])
def test_refuses_genuine_tickets_that_are_not_json(payload: bytes) -> None:
    assert refusal_code(sealed_as_is(payload)) == "ticket_malformed"


def test_a_ticket_cannot_break_out_of_the_callback_body() -> None:
    assert set(seal(CLAIMS._replace(key='${"&=%\\', sub="用户"), SECRET)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    )


def sealed_as_is(payload: bytes) -> str:
    encoded = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    return f"{encoded}.{signing._ticket_mac(encoded, SECRET)}"


def refusal_code(ticket: str, now: float = NOW) -> str | None:
    try:
        unseal(ticket, [SECRET], now)
    except Unverified as refusal:
        return refusal.code
    return None
