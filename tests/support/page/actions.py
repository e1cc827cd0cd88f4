"""A person's actions on the page, by the names that the page shows: choose files, start, read a row."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, FilePayload, Locator, Page, Request, expect

from tests.support.browser import PATIENCE

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400

_in_flight: WeakKeyDictionary[Page, set[Request]] = WeakKeyDictionary()


def open_page(browser: Browser, site: str, heard: list[str] | None = None, **options: Any) -> Page:
    """Return the page when files can be chosen; the caller closes its context, which is made with `options`.

    Errors on the page, and refusals by its security policy, are appended to `heard`.
    """
    page = browser.new_context(**{"locale": "en-US", **options}).new_page()
    page.add_init_script("delete window.showOpenFilePicker")  # nothing drives this chooser of Chromium
    if heard is not None:
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("console", lambda said: heard.append(said.text) if "Security Policy" in said.text else None)
    page.goto(f"{site}/")
    expect(choose_button(page)).to_be_visible()
    return page


def choose_button(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^([Cc]hoose files|选择文件)$"))


def payload(name: str = "photo.png", content: bytes = PHOTO, kind: str = "image/png") -> FilePayload:
    return FilePayload(name=name, mimeType=kind, buffer=content)


def choose(page: Page, *files: FilePayload | Path) -> None:
    """Choose files, or add more where some are chosen already."""
    watch_requests(page)
    add_more = page.get_by_role("button", name=re.compile("^(Add more files|继续添加文件)$"))
    if add_more.is_visible():
        add_more.click()
    page.locator("input[type=file]:not([webkitdirectory])").set_input_files(list(files))  # type: ignore[arg-type]


def start(page: Page) -> None:
    """Press the button that uploads what was chosen."""
    page.get_by_role("button", name=re.compile(r"^(Upload \d+ files?|上传 \d+ 个文件)$")).click()


def send(page: Page, name: str = "photo.png", content: bytes = PHOTO, kind: str = "image/png") -> Locator:
    """Choose one file and upload it; return its row."""
    choose(page, payload(name, content, kind))
    start(page)
    return page.get_by_test_id("upload").filter(has=page.get_by_text(name, exact=True)).last


def send_all(page: Page, files: Sequence[FilePayload]) -> Locator:
    """Upload files; return their rows."""
    choose(page, *files)
    start(page)
    return page.get_by_test_id("upload")


def ended(row: Locator, state: str = "done") -> Any:
    """Wait until the row has reached this state; return the callback's answer if it shows one."""
    expect(row).to_have_attribute("data-state", state)
    return json.loads(row.get_by_test_id("answer").text_content() or "null")


def fast_forward_until(page: Page, row: Locator, state: str) -> None:
    """Advance the page's clock through its pauses; stop it while a grant or an upload is on its way.

    On a busy machine these take long, and the page would give them up. Confirms may time out.
    """
    ends = time.monotonic() + 3 * PATIENCE / 1000
    while row.get_attribute("data-state") != state:
        if time.monotonic() > ends:
            raise AssertionError(f"still {row.get_attribute('data-state')}")
        if any(not request.url.endswith("/confirm") for request in _in_flight[page]):
            page.wait_for_timeout(10)
        else:
            page.clock.run_for(1000)


def watch_requests(page: Page) -> None:
    """Note from now on which requests of a page are not yet answered."""
    if page not in _in_flight:
        requests = _in_flight[page] = set()

        def begun(request: Request) -> None:
            requests.add(request)

        def answered(request: Request) -> None:
            requests.discard(request)

        page.on("request", begun)
        page.on("requestfinished", answered)
        page.on("requestfailed", answered)


def stop_the_clock(page: Page) -> None:
    """Stop the page's clock, which then moves only as the test says."""
    page.clock.install()
    page.clock.pause_at(page.evaluate("() => Date.now() + 1000"))


def tick_until(page: Page, is_shown: Callable[[], object]) -> None:
    """Let a stopped clock tick by a millisecond until the page shows what its timers draw."""
    ends = time.monotonic() + PATIENCE / 1000
    while not is_shown():
        assert time.monotonic() < ends, "not shown"
        page.clock.run_for(1)


def posts_to(page: Page, address: str) -> list[str]:
    """Return a list to which every later POST to an address is appended."""
    posts: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.startswith(address):
            posts.append(request.url)

    page.on("request", note)
    return posts


def large_file(folder: Path, mebibytes: int, name: str = "large.zip") -> Path:
    """Write a file of this size; return its path."""
    piece = bytes(range(256)) * 4096
    path = folder / name
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(piece)
    return path
