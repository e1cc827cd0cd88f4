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


# an element's ::after makes Uppy's smallest button larger for fingers
TOO_SMALL = """() => [...document.querySelectorAll('button, summary, a.button')]
    .map((element) => [element, element.getBoundingClientRect()])
    .filter(([, { width, height }]) => width > 0 && height > 0)
    .filter(([element, box]) => ['width', 'height'].some((side) =>
        Math.max(box[side], parseFloat(getComputedStyle(element, '::after')[side]) || 0) < 44))
    .map(([element, { width, height }]) => `${element.outerHTML.slice(0, 120)} ${width} x ${height}`)"""


@pytest.mark.parametrize(
    "state", ["chosen", "sending", "several_paused", "failed", "not_confirmed", "sign_in", "done"]
)
def test_what_a_finger_presses_is_44_pixels_wide_and_high(state: str, browser: Browser, stack: Stack) -> None:
    context = browser.new_context(**LOOKS["phone-en"])
    page = context.new_page()
    STATES[state](page, stack)
    small = page.evaluate(TOO_SMALL)
    page.unroute_all(behavior="ignoreErrors")
    context.close()
    assert small == []


def test_the_brand_keeps_one_line_on_the_narrowest_phone(browser: Browser, stack: Stack) -> None:
    page = browser.new_context(**{**LOOKS["phone-zh"], "viewport": {"width": 320, "height": 640}}).new_page()
    STATES["empty"](page, stack)
    assert page.locator(".brand").evaluate("brand => brand.getBoundingClientRect().height") <= 30
    assert page.evaluate("() => document.documentElement.scrollWidth") == 320
    page.context.close()
