"""The column of ali-oss in a browser, of the table in the emulator's README: its bundle in a page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.emulator.client_programs.ali_oss import in_browser, page_served
from tests.support.emulator.client_programs.table import OPERATIONS, said
from tests.support.emulator.client_programs.target import prepared

CLIENT = "ali-oss browser"


@pytest.fixture(scope="module")
def outcome_of(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    folder: Path = tmp_path_factory.mktemp("in-browser")
    with page_served() as origin, prepared(folder) as ground:
        page = browser.new_page()
        page.goto(origin)

        def run(operation: str) -> str:
            target = in_browser(ground.target(CLIENT, operation, folder), origin)
            return str(
                page.evaluate("([operation, target]) => outcomeOf(operation, target)", [operation, target])
            )

        yield run
        page.close()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_ali_oss_in_a_browser_does_as_the_readme_says(
    outcome_of: Callable[[str], str], operation: str
) -> None:
    assert outcome_of(operation) == said(CLIENT, operation)
