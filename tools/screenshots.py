"""`make screenshots`: the page in every state, phone and desktop, light and dark, both languages.

They go to `screenshots/`, for people to look at. With names as arguments, only these states are taken.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.support.browser import launch_chromium
from tests.support.page.states import STATES
from tests.support.page.viewports import LOOKS
from tests.support.stack import REPOSITORY, Stack

FOLDER = REPOSITORY / "screenshots"


def main(names: list[str]) -> None:
    """Take the screenshots, two for each look: light and dark."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as state, launch_chromium() as browser:
        stack = Stack(Path(state) / "state")
        try:
            for name in names or STATES:
                for look, options in LOOKS.items():
                    stack.clear_faults()
                    page = browser.new_context(**options).new_page()
                    STATES[name](page, stack)
                    for scheme in ("light", "dark"):
                        page.emulate_media(color_scheme=scheme)
                        path = FOLDER / f"{name}-{look}-{scheme}.png"
                        page.screenshot(path=path, full_page=True, animations="disabled")
                    page.unroute_all(behavior="ignoreErrors")  # some hold their answers back
                    page.context.close()
                sys.stdout.write(f"{name}\n")
        finally:
            stack.end()


if __name__ == "__main__":
    main(sys.argv[1:])
