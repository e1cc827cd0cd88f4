"""The addresses of parts: each takes exactly one part of one upload, for a quarter of an hour."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.emulator.scene import CLOCK, KEY, NOW
from tests.support.multipart import ONE_PART, PART, SECRET, TWO_PARTS, Deployment, role
from vendored.ticket import FileTicket, sign_ticket

HOUR = 3600
THOUSAND = FileTicket(
    "01abc", "uploads/_/2026/09/21/01abc.png", 1000 * PART, "", int(NOW), int(NOW) + 24 * HOUR, PART, "A1"
)


def asked(deployed: Deployment, numbers: object, ticket: FileTicket = THOUSAND) -> Any:
    return deployed.ask("/parts", {"ticket": sign_ticket(ticket, SECRET), "numbers": numbers})


def test_an_address_names_upload_part_and_length(deployed: Deployment) -> None:
    grant = deployed.begin(TWO_PARTS)
    answer = deployed.ask("/parts", {"ticket": grant["ticket"], "numbers": [2, 1]})
    assert answer.status == 200
    assert answer.content["expires_in"] == 900
    listed = answer.content["parts"]
    assert [(one["number"], one["size"]) for one in listed] == [(2, 5), (1, PART)]
    for one in listed:
        assert one.keys() == {"number", "size", "url"}
        url = urlsplit(one["url"])
        assert f"{url.scheme}://{url.netloc}{url.path}" == f"https://upload.example.com/{grant['key']}"
        query = parse_qs(url.query)
        assert query["partNumber"] == [str(one["number"])]
        assert query["x-oss-additional-headers"] == ["content-length"]
        assert query["x-oss-expires"] == ["900"]
        assert query["x-oss-security-token"] == ["CAISEXAMPLE"]


def test_a_part_is_taken_and_told_with_its_checksum(deployed: Deployment) -> None:
    seen = deployed.put(deployed.address(deployed.begin()), ONE_PART)
    assert (seen.status, seen.headers["x-oss-hash-crc64ecma"]) == (200, "11177612005948864433")


@pytest.mark.parametrize("numbers", [[1], [1000], list(range(981, 1001)), [1000, 1]])
def test_one_to_twenty_parts_of_the_upload_get_addresses(numbers: list[int], deployed: Deployment) -> None:
    answer = asked(deployed, numbers)
    assert [one["number"] for one in answer.content["parts"]] == numbers


@pytest.mark.parametrize(
    "numbers",
    [
        [],
        [0],
        [-1],
        [1001],
        [1, 1],
        [1, 2, 1],
        list(range(1, 22)),
        [True],
        [1.0],
        ["1"],
        [None],
        [[1]],
        [10**30],
    ],
    ids=repr,
)
def test_other_numbers_are_refused(numbers: list[object], deployed: Deployment) -> None:
    answer = asked(deployed, numbers)
    assert (answer.status, answer.code) == (400, "numbers_invalid")
    assert answer.content["detail"] == "The member numbers must list 1 to 20 parts of this upload, each once."


@pytest.mark.parametrize(("left", "status"), [(HOUR + 1, 200), (HOUR, 409), (1, 409)])
def test_none_is_given_in_the_last_hour(left: int, status: int, deployed: Deployment) -> None:
    deployed.scene.now = THOUSAND.exp - left
    answer = asked(deployed, [1])
    assert answer.status == status
    assert status == 200 or answer.code == "upload_expired"


@pytest.mark.parametrize(("after", "status"), [(900, 200), (901, 403)])
def test_an_address_lives_a_quarter_of_an_hour(after: int, status: int, deployed: Deployment) -> None:
    deployed.start(**role(KEY))  # whose key has no end
    target = deployed.address(deployed.begin())
    deployed.scene.now = int(CLOCK) + after
    assert deployed.put(target, ONE_PART).status == status


def test_http_and_tls_are_not_imported_for_it(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("grants.multipart_routes", "grants.bucket_requests"):
        monkeypatch.setitem(sys.modules, name, None)
    assert asked(deployed, [1]).status == 200
