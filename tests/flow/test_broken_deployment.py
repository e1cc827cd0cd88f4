"""A callback function that cannot start: no upload counts as done, and log, OSS and page say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests
from playwright.sync_api import Browser

from tests.support.environment import free_ports
from tests.support.page.actions import fast_forward_until, open_page, send
from tests.support.single_function import single_function
from tests.support.stack import Stack


class Broken(NamedTuple):
    """A stack whose callbacks and confirms go to a function that cannot start, and that function."""

    stack: Stack
    callback: str
    log: Path


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    folder = tmp_path_factory.mktemp("broken")
    (port,) = free_ports(1)
    stack = Stack(folder / "state", CALLBACK_URL=f"http://127.0.0.1:{port}")
    log = folder / "log"
    wrong = {"OBJECT_URL": "http://example.com"}
    with single_function("callback", stack, port=str(port), log=str(log), **wrong) as callback:
        yield Broken(stack, callback, log)
    stack.end()


@pytest.fixture
def broken(deployment: Broken) -> Stack:
    return deployment.stack


def test_every_request_is_answered_500_and_the_log_says_why(deployment: Broken) -> None:
    for method, path in (("POST", "/callback"), ("POST", "/confirm"), ("POST", "/"), ("OPTIONS", "/confirm")):
        answer = requests.request(method, f"{deployment.callback}{path}", timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (500, "misconfigured")
    (told,) = map(
        json.loads, filter(lambda line: "not_started" in line, deployment.log.read_text().splitlines())
    )
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
