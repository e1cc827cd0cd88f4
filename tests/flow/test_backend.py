"""A real backend, in a process of its own, gets every upload's event, and the page shows its answer."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.support.environment import clean_environment, free_ports
from tests.support.page.actions import open_page, payload, send_all
from tests.support.stack import REPOSITORY, Stack, md5

RECEIVER = REPOSITORY / "tests" / "support" / "webhook_receiver.py"
SECRET, NEXT_SECRET = (
    "whsec_" + base64.b64encode(f"a webhook secret, number {number}.....".encode()).decode()
    for number in (1, 2)
)
FILES = 25
PATIENCE = 90_000  # milliseconds until the test gives up


class Backend:
    """The process of the webhook receiver; `end` stops it."""

    def __init__(self) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, str(RECEIVER), str(port), SECRET],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "listening\n"

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def deliveries(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = requests.get(self.url, timeout=10).json()
        return answer


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.end()


@pytest.fixture(scope="module")
def told(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack in the middle of a rotation: it signs with both secrets, and the backend knows the old one."""
    stack = Stack(
        tmp_path_factory.mktemp("told"),
        WEBHOOK_URL=f"{backend.url}/uploads",
        WEBHOOK_SECRET=f"{NEXT_SECRET},{SECRET}",
    )
    yield stack
    stack.end()


def test_every_upload_ends_well_though_one_delivery_in_five_fails(
    browser: Browser, told: Stack, backend: Backend
) -> None:
    page = open_page(browser, told.site)
    contents = [f"file {number}".encode() for number in range(FILES)]
    send_all(page, [payload(f"{number}.txt", one, "text/plain") for number, one in enumerate(contents)])
    done = page.locator("[data-testid=upload][data-state=done]")
    expect(done).to_have_count(FILES, timeout=PATIENCE)
    shown = [json.loads(text) for text in page.get_by_test_id("answer").all_text_contents()]
    page.context.close()

    deliveries = backend.deliveries()
    assert {one["result"] for one in deliveries} == {"taken", "failed"}
    assert sum(one["result"] == "failed" for one in deliveries) == len(deliveries) // 5 >= FILES // 5
    # nothing is lost, and what the page shows is the backend's own answer
    taken = {one["message"]: one["key"] for one in deliveries if one["result"] == "taken"}
    assert {one["message"]: one["key"] for one in shown} == taken
    assert sorted(one["etag"] for one in shown) == sorted(map(md5, contents))
    # a repeat carries the id of what it repeats
    ids_by_key: dict[str, set[str]] = {}
    for one in deliveries:
        ids_by_key.setdefault(one["key"], set()).add(one["message"])
    assert [len(ids) for ids in ids_by_key.values()] == [1] * FILES
    assert len(set.union(*ids_by_key.values())) == FILES


def test_a_backend_that_failed_is_told_again(told: Stack, backend: Backend) -> None:
    """OSS answers 203, and the page's confirm sends the event again."""
    for _ in range((4 - len(backend.deliveries())) % 5):
        grant = told.grant()
        assert told.send(grant, b"hello").status_code == 200
    grant = told.grant("图片\N{BULLET}.png")
    assert told.send(grant, b"hello").status_code == 203
    assert told.callback_codes(1, grant["id"])[0].startswith("backend_")
    healed = told.confirm(grant).json()
    failed, taken = (one for one in backend.deliveries() if one.get("key") == grant["key"])
    assert (failed["result"], taken["result"]) == ("failed", "taken")
    assert failed["message"] == taken["message"] == healed["message"]


def test_a_stranger_is_not_taken_for_the_functions(backend: Backend) -> None:
    before = len(backend.deliveries())
    answer = requests.post(f"{backend.url}/uploads", data=b'{"data": {}}', timeout=10)
    assert answer.status_code == 401
    assert [one["result"] for one in backend.deliveries()[before:]] == ["forged"]
