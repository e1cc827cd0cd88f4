"""What everybody does on the page, in each browser engine: Chromium, Firefox and WebKit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import PATIENCE
from tests.support.engines import OTHERS, Tab, chromium
from tests.support.page.actions import PHOTO, large_file
from tests.support.stack import Stack, md5

INPUT = ".uppy-Dashboard-input"
START = ".uppy-StatusBar-actionBtn--upload"
NEW_PAGE = """() => {
    window.wrong = [];
    addEventListener('error', ({ message }) => wrong.push(message));
    addEventListener('unhandledrejection', ({ reason }) => wrong.push(String(reason)));
    addEventListener('securitypolicyviolation', ({ violatedDirective }) => wrong.push(violatedDirective));
}"""
WAIT = """async (selector, count, patience) => {
    const ends = performance.now() + patience;
    while (performance.now() < ends) {
        const found = document.querySelectorAll(selector);
        if (found.length >= count) return [...found].map(({ textContent }) => textContent);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`No ${selector} on: ${document.body.innerText}`);
}"""


class EnginePage:
    """The page in one engine, once files can be chosen."""

    def __init__(self, tab: Tab, stack: Stack) -> None:
        self.tab = tab
        tab.open(f"{stack.site}/")
        tab.run(NEW_PAGE)
        self.texts(INPUT)

    def texts(self, selector: str, count: int = 1) -> list[str]:
        """Wait until so many elements are there; return their texts."""
        texts: list[str] = self.tab.run(WAIT, selector, count, PATIENCE)
        return texts

    def send(self, *files: Path) -> None:
        self.tab.choose(INPUT, files)
        self.texts(f"{START}:not([disabled])")
        self.tab.click(START)

    def ended(self, count: int = 1) -> list[Any]:
        """Wait until so many uploads are done; return the callback's answers."""
        self.texts(state("done"), count)
        return [json.loads(text) for text in self.texts("[data-testid=answer]", count)]


def state(name: str) -> str:
    return f"[data-testid=upload][data-state={name}]"


@pytest.fixture(scope="module", params=["chromium", *OTHERS])
def tab(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Tab]:
    with OTHERS.get(request.param, partial(chromium, browser))() as tab:
        yield tab


@pytest.fixture
def page(tab: Tab, stack: Stack) -> Iterator[EnginePage]:
    """A fresh page; an error in it, or a refusal by its security policy, fails the test."""
    page = EnginePage(tab, stack)
    yield page
    assert tab.run("() => window.wrong") == []


def test_three_files_arrive(page: EnginePage, stack: Stack, tmp_path: Path) -> None:
    contents = {"photo.png": PHOTO, "会议纪要 (1) é.txt": b"hello", "empty.csv": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    page.send(*map(tmp_path.joinpath, contents))
    answers = page.ended(3)
    assert {answer["name"]: answer["etag"] for answer in answers} == {
        name: md5(content) for name, content in contents.items()
    }
    for answer in answers:
        assert stack.stored(answer["key"]).content == contents[answer["name"]]


def test_a_broken_connection_is_healed(page: EnginePage, stack: Stack, tmp_path: Path) -> None:
    stack.fault("reset", after_bytes=50_000)
    large = large_file(tmp_path, 20)
    page.send(large)
    assert [answer["etag"] for answer in page.ended()] == [md5(large.read_bytes())]
    assert stack.pending_faults() == []


def test_a_lost_answer_is_asked_for(page: EnginePage, stack: Stack, tmp_path: Path) -> None:
    stack.fault("callback_down")
    (tmp_path / "photo.png").write_bytes(PHOTO)
    page.send(tmp_path / "photo.png")
    assert [answer["etag"] for answer in page.ended()] == [md5(PHOTO)]
    assert stack.pending_faults() == []


def test_a_cancelled_upload_stops_and_can_be_tried_again(
    page: EnginePage, stack: Stack, tmp_path: Path
) -> None:
    stack.fault("stall", after_bytes=1000, seconds=600)
    large = large_file(tmp_path, 20)
    page.send(large)
    page.texts(state("sending"))
    page.tab.click("[data-testid=cancel]")
    page.texts(state("aborted"))
    page.tab.click("[data-testid=retry]")
    assert [answer["etag"] for answer in page.ended()] == [md5(large.read_bytes())]


def test_the_page_speaks_both_languages(page: EnginePage, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(PHOTO)
    page.send(tmp_path / "photo.png")
    page.ended()
    for language, heading, tally in (
        ("zh", "上传文件", "已完成 1 / 1"),
        ("en", "Upload files", "1 of 1 done"),
    ):
        page.tab.click(f"[data-testid=language-{language}]")
        assert page.texts(f"html:lang({language}) h1, html:lang({language}) #tally", 2) == [heading, tally]
