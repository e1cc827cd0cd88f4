"""Large files in a browser: in parts, paused, broken, and continued after a reload."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page

from tests.support.page.actions import large_file
from tests.support.stack import REPOSITORY, Stack, md5

PARTS = 4
PART_4 = "**/*partNumber=4*"
POLL = "await new Promise((resolve) => setTimeout(resolve, 20))"
REMEMBERED = f"""async (count) => {{
    for (;; {POLL}) {{
        const [key] = await store.keys();
        if (key && Object.keys((await store.get(key)).sent).length === count) return;
    }}
}}"""
FORGOTTEN = f"async () => {{ while ((await store.keys()).length > 0) {POLL}; }}"

# Safari 26: a form with a chosen file goes out empty (WebKit's bugs 312846, 316262), and the page never hears
# of a slice of it (unraid/webgui#2645, filebrowser/filebrowser#5987, rommapp/romm#4203)
SAFARI_26 = """
Object.defineProperty(navigator, 'userAgent', { value: 'AppleWebKit/605.1.15 (KHTML, like Gecko)' });
const { append } = FormData.prototype;
FormData.prototype.append = function (name, value, ...more) {
    append.call(this, name, value instanceof File ? new Blob() : value, ...more);
};
window.XMLHttpRequest = class extends XMLHttpRequest {
    send(body) {
        this.isDeaf = body instanceof Blob;
        super.send(body);
    }
    constructor() {
        super();
        this.addEventListener('load', (event) => this.isDeaf && event.stopImmediatePropagation());
    }
};
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 40 MiB: four parts."""
    return large_file(tmp_path_factory.mktemp("large"), 40)


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    site = stack.state / "site"
    for source in (REPOSITORY / "client" / "src" / "lib").glob("*.js"):
        shutil.copy(source, site)
    shutil.copy(Path(__file__).parent / "pages" / "large.html", site)
    page = browser.new_context().new_page()
    page.goto(f"{stack.site}/large.html?token={stack.token}")
    yield page
    page.context.close()


def answer_of(page: Page) -> Any:
    page.wait_for_function("window.answer", timeout=60_000)
    return page.evaluate("answer")


def check_stored(answer: Any, file: Path, stack: Stack) -> None:
    assert answer.get("Status") == "OK", answer
    assert md5(stack.stored(answer["key"]).content) == md5(file.read_bytes())
    assert answer["etag"].endswith(f"-{PARTS}")
    assert answer["crc64"].isdecimal()


def test_a_large_file_is_sent_in_parts_each_once(page: Page, stack: Stack, file: Path) -> None:
    page.locator("#file").set_input_files(file)
    check_stored(answer_of(page), file, stack)
    assert sorted(page.evaluate("sent")) == [1, 2, 3, 4]
    states = page.evaluate("states.map(({ state }) => state)")
    assert [states[0], states[-2], states[-1]] == ["signing", "confirming", "done"]


def test_safari_26_sends_large_files_and_small_ones(page: Page, stack: Stack, file: Path) -> None:
    page.add_init_script(SAFARI_26)
    page.reload()
    page.locator("#file").set_input_files(file)
    check_stored(answer_of(page), file, stack)
    assert sorted(page.evaluate("sent")) == [1, 2, 3, 4]
    page.reload()
    page.locator("#file").set_input_files(FilePayload(name="a.mp4", mimeType="video/mp4", buffer=b"small"))
    assert stack.stored(answer_of(page)["key"]).content == b"small"


def test_a_pause_keeps_what_has_arrived(page: Page, stack: Stack, file: Path) -> None:
    page.route(PART_4, lambda _: None)  # never answered, as if the line were slow
    page.locator("#file").set_input_files(file)
    page.evaluate(REMEMBERED, 3)
    page.evaluate("control.pause()")
    page.wait_for_function("states.at(-1).state === 'paused'")
    page.unroute_all(behavior="ignoreErrors")
    page.evaluate("control.resume()")
    check_stored(answer_of(page), file, stack)
    assert sorted(page.evaluate("sent")) == [1, 2, 3, 4, 4]


def test_an_upload_goes_on_after_a_reload(page: Page, stack: Stack, file: Path) -> None:
    page.route(PART_4, lambda _: None)  # never answered, as if the line were slow
    page.locator("#file").set_input_files(file)
    page.evaluate(REMEMBERED, 3)
    page.reload()
    page.unroute_all(behavior="ignoreErrors")
    page.locator("#file").set_input_files(file)
    check_stored(answer_of(page), file, stack)
    assert page.evaluate("sent") == [4]
    page.evaluate(FORGOTTEN)
