"""The address in the answer, against the stand-in: it reads one file, as it was signed, for a while."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.stack import Stack, code_of

CONTENT = b"hello"
READ_SECONDS = 900  # of `make run`


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    # at a domain of OSS's own, browsers save pictures instead of showing them
    styles = json.dumps({"thumb": "image/resize,w_320"})
    stack = Stack(tmp_path_factory.mktemp("stack"), LOCAL_OSS_DOMAIN="custom", IMAGE_STYLES=styles)
    yield stack
    stack.end()


def uploaded(stack: Stack, name: str = "图片 'a'(1)*.png", media_type: str = "image/png") -> Any:
    return stack.send(stack.grant(name, size=len(CONTENT), media_type=media_type), CONTENT).json()


def read(address: str) -> requests.Response:
    return requests.get(address, timeout=10)


def test_an_image_is_shown_under_its_type_and_name(stack: Stack) -> None:
    shown = read(uploaded(stack)["url"])
    assert (shown.status_code, shown.content, shown.headers["Content-Type"]) == (200, CONTENT, "image/png")
    name = "%E5%9B%BE%E7%89%87%20%27a%27%281%29%2A.png"
    assert shown.headers["Content-Disposition"] == f"inline; filename*=UTF-8''{name}"


def test_an_image_of_oss_has_an_address_of_its_own(stack: Stack) -> None:
    """The stand-in of `make run` answers the original in its place."""
    answer = uploaded(stack)
    assert answer["images"].keys() == {"thumb"}
    assert read(answer["images"]["thumb"]).content == CONTENT
    larger = answer["images"]["thumb"].replace("w_320", "w_3200")
    assert code_of(read(larger)) == "SignatureDoesNotMatch"
    assert "images" not in uploaded(stack, "a.pdf", "application/pdf")


def test_the_address_ends(stack: Stack) -> None:
    url = uploaded(stack)["url"]
    stack.fault("clock_offset", seconds=READ_SECONDS - 60)
    assert read(url).status_code == 200
    stack.fault("clock_offset", seconds=READ_SECONDS + 60)
    assert read(url).status_code == 403
    assert read(url).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        ("x-oss-expires=900", "x-oss-expires=3600"),
        ("=attachment", "=inline"),
        ("x-oss-expires=900", "x-oss-expires=900&x-oss-process=image/info"),
        ("x-oss-expires=900", "x-oss-expires=900&response-content-type=text/html"),
    ],
    ids=["longer", "shown", "processed", "another type"],
)
def test_an_address_cannot_be_changed(stack: Stack, change: tuple[str, str]) -> None:
    url = uploaded(stack, "a.pdf", "application/pdf")["url"]
    assert read(url).headers["Content-Disposition"].startswith("attachment;")
    changed = url.replace(*change)
    assert changed != url
    assert code_of(read(changed)) == "SignatureDoesNotMatch"


def test_it_is_the_address_of_no_other_file_and_of_no_other_method(stack: Stack) -> None:
    mine, other = uploaded(stack), uploaded(stack)
    assert code_of(read(mine["url"].replace(mine["id"], other["id"]))) == "SignatureDoesNotMatch"
    for method in ("PUT", "DELETE"):
        assert requests.request(method, mine["url"], data=b"other", timeout=10).status_code == 403
    assert read(mine["url"]).content == CONTENT


def test_a_confirm_has_one_too(stack: Stack) -> None:
    grant = stack.grant("a.png", size=len(CONTENT))
    stack.send(grant, CONTENT)
    confirmed = stack.confirm(grant).json()
    assert read(confirmed["url"]).content == CONTENT
