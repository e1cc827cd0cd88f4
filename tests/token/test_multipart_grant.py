"""A grant for a file in parts: its parts, and the ticket that alone authorises the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grants.multipart_grant import count_of, part_size_of, size_of
from tests.support.emulator.scene import CLOCK, KEY
from tests.support.fc_events import ask, fc_event
from tests.support.multipart import ONE_PART, PART, SECRET, TWO_PARTS, Deployment, role
from vendored.ticket import DirectoryTicket, FileTicket, Ticket, sign_ticket, verify_ticket

MIB = 1024**2
DAY = 24 * 3600
TICKET = FileTicket(
    "01abc", "uploads/_/2026/09/21/01abc.png", 5, "", int(CLOCK), int(CLOCK) + DAY, PART, "A1"
)
FORM_TICKET = FileTicket(*TICKET[:6])
DIRECTORY_TICKET = DirectoryTicket("01abc", "uploads/_/2026/09/21/01abc/", 5, "", TICKET.iat, TICKET.exp)


@pytest.mark.parametrize(
    ("size", "part", "count"),
    [
        (1, 8, 1),
        (8 * MIB, 8, 1),
        (8 * MIB + 1, 8, 2),
        (32 * MIB, 8, 4),
        (32 * MIB + 1, 9, 4),  # a fifth part would be sent alone
        (41 * MIB, 11, 4),
        (64 * MIB, 8, 8),
        (100 * MIB, 9, 12),
        (121 * MIB, 8, 16),
        (128 * MIB + 1, 8, 17),  # from here on, one more round is not felt
        (8000 * MIB, 8, 1000),
        (8000 * MIB + 1, 9, 889),
        (100 * 1024 * MIB, 103, 995),
    ],
)
def test_parts_are_few_and_fill_rounds_of_four(size: int, part: int, count: int) -> None:
    assert part_size_of(size) == part * MIB
    assert count_of(TICKET._replace(size=size, part=part * MIB)) == count


@pytest.mark.parametrize(
    "size", [1, 8 * MIB + 1, 32 * MIB + 1, 10**9, 8000 * MIB + 1, 5 * 10**10, 100 * 1024 * MIB]
)
def test_the_parts_make_the_file(size: int) -> None:
    ticket = TICKET._replace(size=size, part=part_size_of(size))
    sizes = [size_of(ticket, number) for number in range(1, count_of(ticket) + 1)]
    assert sum(sizes) == size
    assert len(sizes) <= 1000
    assert set(sizes[:-1]) <= {ticket.part}
    assert 0 < sizes[-1] <= ticket.part


def test_a_large_file_is_granted_in_parts(deployed: Deployment) -> None:
    grant: Any = deployed.begin(TWO_PARTS, "图片.png")
    ticket = grant.pop("ticket")
    assert grant == {
        "id": "01m3250v7t0000000000000000",
        "kind": "multipart",
        "key": "uploads/_/2026/09/21/01m3250v7t0000000000000000.png",
        "part_size": PART,
        "parts": 2,
        "expires_in": 82800,
        "confirm": "https://callback.example.com/confirm",
    }
    claims = verify_ticket(ticket, [SECRET], CLOCK)
    assert isinstance(claims, FileTicket)
    assert claims == FileTicket(
        grant["id"], grant["key"], PART + 5, "", int(CLOCK), int(CLOCK) + DAY, PART, claims.up
    )


def test_it_is_stored_with_type_and_disposition_as_a_form_would_be(deployed: Deployment) -> None:
    grant = deployed.begin(ONE_PART, "报告.html", "text/plain")
    deployed.send(grant)
    deployed.complete(grant)
    stored = deployed.scene.stored(grant["key"])
    disposition = "attachment; filename=\"_.html\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.html"
    assert stored.headers == {"Content-Type": "text/plain", "Content-Disposition": disposition}
    assert (stored.size, stored.acl, stored.storage_class) == (5, "private", "Standard")


@pytest.mark.parametrize("bytes_of_a_form", ["5", "4999934464"])
def test_a_file_that_is_not_above_the_threshold_gets_a_form(
    bytes_of_a_form: str, deployed: Deployment
) -> None:
    deployed.start(MULTIPART_BYTES=bytes_of_a_form)
    (grant,) = deployed.uploads({"name": "a.png", "size": 5, "multipart": True})
    assert grant["fields"]["key"] == grant["key"]
    assert "kind" not in grant


def test_nothing_is_sent_in_parts_where_that_is_off_and_what_has_begun_is_finished(
    deployed: Deployment,
) -> None:
    grant = deployed.begin()
    deployed.start(MULTIPART_BYTES="0", MAX_BYTES="4999934464")
    assert ask(deployed.handler, fc_event("/limits")).content["grants"] == ["file"]
    (form,) = deployed.uploads({"name": "a.png", "size": 4999934464, "multipart": True})
    assert "fields" in form
    deployed.send(grant)
    assert deployed.complete(grant).status == 200


def test_a_client_that_cannot_send_parts_gets_a_form_while_one_can_take_the_file(
    deployed: Deployment,
) -> None:
    form, none = deployed.uploads(
        {"name": "a.png", "size": 4999934464}, {"name": "a.png", "size": 4999934465, "multipart": False}
    )
    assert "fields" in form
    assert none["problem"]["code"] == "too_large"
    assert none["problem"]["detail"] == "One form may have at most 4999934464 bytes: send the file in parts."
    query = {"name": "a.png", "size": "4999934465"}
    assert ask(deployed.handler, fc_event("/", query)).code == "too_large"


def test_a_role_without_a_security_token_uploads_too(deployed: Deployment) -> None:
    deployed.start(**role(KEY))
    grant = deployed.begin()
    assert "x-oss-security-token" not in deployed.address(grant)
    deployed.send(grant)
    assert deployed.complete(grant).status == 200


@pytest.mark.parametrize(
    ("max_bytes", "multipart_bytes", "slowest"),
    [
        ("107374182400", "33554432", 1296790),  # in parts
        ("41943040", "33554432", 60350),  # the largest form, of 32 MiB
        ("4999934464", "0", 1388871),  # forms alone
    ],
)
def test_tells_the_slowest_line_on_which_the_largest_file_arrives(
    max_bytes: str, multipart_bytes: str, slowest: int, deployed: Deployment
) -> None:
    deployed.start(MAX_BYTES=max_bytes, MULTIPART_BYTES=multipart_bytes)
    limits = ask(deployed.handler, fc_event("/limits")).content
    assert (limits["max_bytes"], limits["slowest_bytes_per_second"]) == (int(max_bytes), slowest)


FOREIGN: dict[str, Ticket] = {
    "of a form": FORM_TICKET,
    "of a directory": DIRECTORY_TICKET,
    "outside the prefix": TICKET._replace(key="elsewhere/01abc.png"),
    "expired": TICKET._replace(exp=int(CLOCK)),
    "of tomorrow": TICKET._replace(iat=int(CLOCK) + 120),
}


@pytest.mark.parametrize("path", ["/parts", "/complete", "/abort"])
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_ticket_of_another_kind_opens_nothing(kind: str, path: str, deployed: Deployment) -> None:
    document = {
        "ticket": sign_ticket(FOREIGN[kind], SECRET),
        **({"numbers": [1]} if path == "/parts" else {}),
    }
    answer = deployed.ask(path, document)
    assert (answer.status, answer.code) == (403, "not_verified")


@pytest.mark.parametrize("path", ["/parts", "/complete", "/abort"])
@pytest.mark.parametrize("secret", ["another-secret-of-more-than-32-bytes", ""])
def test_a_forged_ticket_opens_nothing(secret: str, path: str, deployed: Deployment) -> None:
    forged = sign_ticket(TICKET, secret) if secret else "no ticket"
    answer = deployed.ask(path, {"ticket": forged, **({"numbers": [1]} if path == "/parts" else {})})
    assert (answer.status, answer.code) == (403, "not_verified")


@pytest.mark.parametrize("path", ["/parts", "/complete", "/abort"])
@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "5", '{"ticket": 5, "numbers": 5}', '{"ticket": "a", "numbers": [1], "more": 1}',
             '{"ticket": "a", "ticket": "b", "numbers": [1]}', "[" * 9999, "\ud800"]
)  # fmt: skip
def test_a_body_of_another_shape_is_malformed(body: str, path: str, deployed: Deployment) -> None:
    answer = ask(deployed.handler, fc_event(path, method="POST", body=body))
    assert (answer.status, answer.code) in {(400, "body_malformed"), (403, "not_verified")}
    if body != "\ud800":  # which Function Compute never sends
        assert answer.code == "body_malformed"


def test_an_old_secret_still_opens_and_the_first_one_signs(deployed: Deployment) -> None:
    grant = deployed.begin()
    new = "a-new-ticket-secret-of-more-than-32-bytes"
    deployed.start(TICKET_SECRET=f"{new},{SECRET}")
    deployed.send(grant)
    assert deployed.complete(grant).status == 200
    assert verify_ticket(deployed.begin()["ticket"], [new], CLOCK)


def test_an_upload_needs_no_login_once_it_has_begun(deployed: Deployment) -> None:
    grant = deployed.begin()
    identity = {"AUTH_ISSUER": "https://id.example.com/", "AUTH_AUDIENCE": "uploads", "ALLOW_ANONYMOUS": ""}
    deployed.start(AUTH_HS256_SECRET="an-identity-secret-of-more-than-32-bytes", **identity)
    assert deployed.ask("/uploads", {"files": [{"name": "a", "size": 5}]}).code == "token_missing"
    deployed.send(grant)
    assert deployed.complete(grant).status == 200


@pytest.mark.parametrize("path", ["/uploads", "/parts", "/complete", "/abort"])
def test_a_foreign_page_and_another_method_are_refused(path: str, deployed: Deployment) -> None:
    body = json.dumps({"ticket": "a"})
    foreign = fc_event(path, method="POST", headers={"Origin": "https://evil.example"}, body=body)
    assert ask(deployed.handler, foreign).code == "foreign_origin"
    answer = ask(deployed.handler, fc_event(path))
    assert (answer.status, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    preflight = ask(deployed.handler, fc_event(path, method="OPTIONS"))
    assert (preflight.status, preflight.headers["Access-Control-Allow-Methods"]) == (204, "POST")
