from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import launch_chromium
from tests.support.engines import OTHERS, Tab, chromium
from tests.support.page.actions import open_page
from tests.support.stack import Stack
from tests.support.stack_fixtures import running, stack

__all__ = ["browser", "page", "running", "stack"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start a browser, by the fixture that starts one."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launch_chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=["chromium", *OTHERS])
def tab(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Tab]:
    """A tab in each browser engine."""
    with OTHERS.get(request.param, partial(chromium, browser))() as tab:
        yield tab


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The page, once files can be chosen; whatever goes wrong on it fails the test."""
    heard: list[str] = []
    page = open_page(browser, stack.site, heard)
    yield page
    page.context.close()
    assert heard == []
