"""`make pictures`: the pictures of the page in docs/, on desktop and phone, in both languages."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import expect

from tests.support.browser import launch_chromium
from tests.support.page.states import STATES
from tests.support.stack import REPOSITORY, Stack

FOLDER = REPOSITORY / "docs"
LANGUAGES = {"": "en-US", ".zh": "zh-CN"}
LOOKS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "page": ("many_done", {"viewport": {"width": 860, "height": 1290}, "color_scheme": "light"}),
    "page-phone": (
        "done",
        {
            "viewport": {"width": 390, "height": 1090},
            "color_scheme": "dark",
            "has_touch": True,
            "is_mobile": True,
        },
    ),
}
COLOURS = 128  # of a picture: a third of the bytes, and no difference to see


def main() -> None:
    """Take the pictures, with an answer open."""
    with tempfile.TemporaryDirectory() as state, launch_chromium() as browser:
        stack = Stack(Path(state) / "state")
        try:
            for name, (scene, look) in LOOKS.items():
                for suffix, locale in LANGUAGES.items():
                    page = browser.new_context(**look, locale=locale, reduced_motion="reduce").new_page()
                    STATES[scene](page, stack)
                    answer = page.get_by_test_id("upload").first.locator("details")
                    if answer.get_attribute("open") is None:
                        answer.locator("summary").click()
                    expect(answer).to_have_attribute("open", "")
                    page.evaluate("scrollTo(0, 0)")
                    image = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
                    path = FOLDER / f"{name}{suffix}.png"
                    image.convert("RGB").quantize(COLOURS).save(path, optimize=True)
                    sys.stdout.write(f"{path.relative_to(REPOSITORY)}\n")
                    page.context.close()
        finally:
            stack.end()


if __name__ == "__main__":
    main()
