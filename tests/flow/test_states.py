"""axe finds no violation in any state of the page: desktop and phone, light and dark, both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.support.page.states import STATES
from tests.support.page.viewports import LOOKS
from tests.support.stack import REPOSITORY, Stack

AXE = REPOSITORY / "tests" / "node_modules" / "axe-core" / "axe.min.js"
# What only Uppy's own markup can mend: rule, selector, and why nobody suffers from it.
WAIVED = (
    (
        "aria-required-parent",
        ".uppy-Dashboard-Item:only-child",
        "a single file is a list item without a list: it is read as what it is, a file's name and size",
    ),
    (
        "scrollable-region-focusable",
        ".uppy-Dashboard-files",
        "when all is done it has no button; browsers scroll it by keyboard, and every file has a row below",
    ),
)
VIOLATIONS = """async (waived) => {
    const { violations } = await axe.run(document, { resultTypes: ['violations'], elementRef: true });
    return violations.flatMap(({ id, nodes }) =>
        nodes
            .filter(({ element }) =>
                !waived.some(([rule, selector]) => rule === id && element.matches(selector)))
            .map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
}"""


@pytest.mark.parametrize("look", ["desktop-en", "phone-zh"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_violation(state: str, look: str, browser: Browser, stack: Stack) -> None:
    context = browser.new_context(**LOOKS[look])
    context.add_init_script(path=AXE)
    page = context.new_page()
    STATES[state](page, stack)
    found = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found[scheme] = page.evaluate(VIOLATIONS, [waived[:2] for waived in WAIVED])
    page.unroute_all(behavior="ignoreErrors")
    context.close()
    assert found == {"light": [], "dark": []}
