from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from stack import Stack
from uploading import open_page

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# Chromium's own sandbox refuses to run as root, as CI often is; the others keep it off the network.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("state"))
    yield stack
    stack.end()


@pytest.fixture
def stack(running: Stack) -> Stack:
    running.clear_faults()
    return running


@contextmanager
def launch_chromium() -> Iterator[Browser]:
    """The system's Chromium, or else Playwright's own."""
    installed = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launch_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The page, once files can be chosen; whatever goes wrong on it fails the test."""
    heard: list[str] = []
    page = open_page(browser, stack.site, heard)
    yield page
    page.context.close()
    assert heard == []
