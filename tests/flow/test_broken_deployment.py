"""A callback function that cannot start: no upload counts as done, and log, OSS and page say so."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.page.actions import fast_forward_until, open_page, send
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("broken"), OBJECT_URL="http://example.com")
    yield stack
    stack.end()


def test_every_request_is_answered_500_and_the_log_says_why(broken: Stack) -> None:
    for method, path in (("POST", "/callback"), ("POST", "/confirm"), ("POST", "/"), ("OPTIONS", "/confirm")):
        answer = broken.http.request(method, f"{broken.callback}{path}", timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (500, "misconfigured")
    told = json.loads(broken.line_with("not_started").split("|", 1)[1])
    assert told["detail"].startswith("OBJECT_URL must be https")


def test_oss_answers_203(broken: Stack) -> None:
    grant = broken.grant()
    answer = broken.send(grant, b"hello")
    assert answer.status_code == 203
    assert "<Message>Error status : 500.</Message>" in answer.text
    assert broken.stored(grant["key"]).content == b"hello"


def test_the_page_says_stored_but_not_confirmed(broken: Stack, browser: Browser) -> None:
    page = open_page(browser, broken.site)
    page.clock.install()
    fast_forward_until(page, send(page), "not_confirmed")
    page.context.close()
