"""`make run HOST=`: a browser on another machine, here one that uses this machine's network address."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.support.page.actions import PHOTO, open_page, send
from tests.support.stack import Stack, md5


def own_address() -> str:
    """Return this machine's address in its network, if it has one. A datagram socket sends nothing here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))  # nobody's (RFC 5737)
        except OSError:
            return ""
        return str(probe.getsockname()[0])


HOST = own_address()
pytestmark = pytest.mark.skipif(
    HOST.startswith("127.") or not HOST, reason="this machine has no address but that of its loopback"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("served"), HOST=HOST)
    yield stack
    stack.end()


def at_host(address: str) -> str:
    return address.replace("127.0.0.1", HOST)


def test_uploads_from_a_page_at_the_host(served: Stack, browser: Browser) -> None:
    heard: list[str] = []
    page = open_page(browser, at_host(served.site), heard)
    row = send(page)
    expect(row).to_have_attribute("data-state", "done")
    answer = json.loads(row.get_by_test_id("answer").text_content() or "")
    page.context.close()
    assert (heard, answer["etag"]) == ([], md5(PHOTO))
    assert served.stored(answer["key"]).content == PHOTO


def test_still_serves_this_machine(served: Stack) -> None:
    allowed = requests.get(f"{served.token}/limits", headers={"Origin": served.site}, timeout=10)
    assert allowed.headers["Access-Control-Allow-Origin"] == served.site


@pytest.mark.parametrize(
    ("ending", "status"), [("", 200), ("0", 403), (".example", 403), ("/", 403), ("@x", 403)]
)
def test_allows_pages_at_exactly_that_host(served: Stack, ending: str, status: int) -> None:
    origin = at_host(served.site) + ending
    for address in (served.token, at_host(served.token)):
        answer = requests.get(f"{address}/limits", headers={"Origin": origin}, timeout=10)
        assert (answer.status_code, address) == (status, address)


@pytest.mark.parametrize(
    ("host", "status"), [(HOST, 200), ("evil.example", 403), (f"{HOST}.evil.example", 403)]
)
def test_takes_orders_under_exactly_that_host(served: Stack, host: str, status: int) -> None:
    for address in (served.upload, served.token):
        assert requests.get(f"{address}/-/faults", headers={"Host": host}, timeout=10).status_code == status


def test_says_what_that_opens(served: Stack) -> None:
    said = served.line_with("Every machine that reaches this one may now upload, and read all uploads")
    assert said
    assert f"Open {at_host(served.site)}/ in a browser" in "".join(served.lines)
