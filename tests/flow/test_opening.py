"""A page that cannot open says why in a true sentence: an old browser, or a fault of the page itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.page.actions import PHOTO, ended, send
from tests.support.stack import REPOSITORY, Stack, md5

# Takes away what the oldest browsers lack: interfaces, their members, globals.
TAKE_AWAY = """(names) => {
  for (const name of names) {
    const path = name.replace(/^(api|javascript\\.builtins)\\./, '').replace(/_static$/, '').split('.');
    const last = path.pop();
    let owner = window;
    for (const key of path) owner = owner?.[key];
    for (const one of path.length ? [owner, owner?.prototype] : [window, navigator]) {
      if (one && last !== 'prototype') delete one[last];
    }
  }
}"""
MODULE = re.compile(r"/assets/[^/]+\.js$")


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has not gone anywhere."""
    page = browser.new_context(locale="en-US").new_page()
    yield page
    page.context.close()


def expect_not_opened(page: Page) -> None:
    notice = page.get_by_test_id("not-opened")
    expect(notice).to_contain_text("This page could not be opened. Reload it.")
    expect(notice).to_contain_text("页面未能打开")
    expect(notice).to_be_visible()
    expect(page.get_by_test_id("too-old")).to_be_hidden()
    expect(page.locator("body")).not_to_contain_text("config.json")


@pytest.mark.parametrize(
    "answer", [(500, ""), (404, "<html>"), (200, "let let = 1;"), (200, "throw Error()")]
)
def test_a_module_that_does_not_run_is_told(answer: tuple[int, str], blank: Page, stack: Stack) -> None:
    status, body = answer

    def fulfill(route: Route) -> None:
        route.fulfill(status=status, body=body, content_type="text/javascript")

    blank.route(MODULE, fulfill)
    blank.goto(f"{stack.site}/")
    expect_not_opened(blank)


def test_a_connection_that_fails_for_the_module_is_told(blank: Page, stack: Stack) -> None:
    blank.route(MODULE, lambda route: route.abort())
    blank.goto(f"{stack.site}/")
    expect_not_opened(blank)


@pytest.mark.parametrize("missing", ["matchMedia", "Intl.ListFormat"])
def test_code_that_fails_where_nothing_catches_it_is_told(missing: str, blank: Page, stack: Stack) -> None:
    blank.add_init_script(f"{missing} = undefined")
    blank.goto(f"{stack.site}/")
    expect_not_opened(blank)


@pytest.mark.parametrize("missing", ["AbortController", "ResizeObserver"])
def test_code_that_fails_while_settings_are_read_is_not_called_a_fault_of_them(
    missing: str, blank: Page, stack: Stack
) -> None:
    blank.add_init_script(f"{missing} = undefined")
    blank.goto(f"{stack.site}/")
    expect(blank.get_by_test_id("trouble")).to_contain_text(
        "Something in this page went wrong while it opened"
    )
    expect(blank.get_by_test_id("dashboard")).to_be_hidden()
    blank.get_by_test_id("language-zh").click()
    expect(blank.get_by_test_id("trouble")).to_contain_text("页面打开时出错")


def test_a_browser_below_the_floor_is_told_so(blank: Page, stack: Stack) -> None:
    blank.add_init_script("delete AbortSignal.prototype.throwIfAborted")
    blank.goto(f"{stack.site}/")
    expect(blank.get_by_test_id("too-old")).to_contain_text("Chrome or Edge 100, Firefox 100, Safari 15.4")
    expect(blank.get_by_test_id("too-old")).to_contain_text("浏览器版本过旧")
    expect(blank.get_by_test_id("not-opened")).to_be_hidden()
    expect(blank.get_by_test_id("trouble")).to_be_hidden()
    expect(blank.locator("body")).not_to_contain_text("config.json")


def test_a_browser_without_javascript_is_told_so(browser: Browser, stack: Stack) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{stack.site}/")
    # nothing finds the sentence on the page: Chromium keeps it out of the document under a debugger
    assert "This page needs JavaScript. 此页面需要 JavaScript。" in page.request.get(page.url).text()
    for notice in ("too-old", "not-opened"):
        expect(page.get_by_test_id(notice)).to_be_hidden()
    page.context.close()


def test_a_page_that_has_opened_shows_no_later_fault_as_one_of_opening(page: Page) -> None:
    expect(page.get_by_test_id("not-opened")).to_have_count(0)
    expect(page.get_by_test_id("too-old")).to_be_hidden()


def test_a_browser_without_timeouts_of_signals_uploads(blank: Page, stack: Stack) -> None:
    """Safari 15 and Chrome before 103 have none."""
    blank.add_init_script("delete AbortSignal.timeout; delete AbortSignal.any")
    blank.goto(f"{stack.site}/")
    assert ended(send(blank))["etag"] == md5(PHOTO)


def test_the_oldest_browsers_upload(blank: Page, stack: Stack) -> None:
    """A simulation: today's Chromium without anything that Chrome 100, Firefox 100 or Safari 15.4 lacks."""
    floor = [shutil.which("node") or "node", "client/floor.js", "--missing"]
    names = subprocess.run(floor, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    blank.add_init_script(f"({TAKE_AWAY})({names})")
    heard: list[str] = []
    blank.on("pageerror", lambda error: heard.append(str(error)))
    blank.goto(f"{stack.site}/")
    assert blank.evaluate(
        "() => [AbortSignal.timeout, [].findLast, Promise.withResolvers].every((one) => !one)"
    )
    assert ended(send(blank))["etag"] == md5(PHOTO)
    assert heard == []
