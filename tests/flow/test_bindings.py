"""The examples for React, Vue, Ant Design, Element Plus and plain HTML, with the real packages, in browsers.

What is built and run are the blocks of docs/frameworks.md, with the files of examples/ that they import.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, ConsoleMessage, FilePayload, Locator, Page, expect

from tests.support.browser import PATIENCE
from tests.support.engines import firefox
from tests.support.network_faults import stored_keys
from tests.support.page.actions import PHOTO, large_file, payload, posts_to
from tests.support.readme import both, text_of
from tests.support.stack import REPOSITORY, Stack

EXAMPLES = REPOSITORY / "examples"
BINDINGS = REPOSITORY / "tests" / "bindings"
VITE = REPOSITORY / "client" / "node_modules" / ".bin" / "vite"
AXE = REPOSITORY / "tests" / "node_modules" / "axe-core" / "axe.min.js"
TOKEN_URL = "https://token-abcdefgh.cn-hangzhou.fcapp.run/"
BLOCK = re.compile(r"^<!-- (\S+/\S+\.(?:jsx|vue)) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MOUNTS = {
    "react": ("mount-react.jsx", "react/App.jsx"),
    "hook": ("mount-react.jsx", "react/Avatar.jsx"),
    "antd": ("mount-react.jsx", "antd/App.jsx"),
    "vue": ("mount-vue.js", "vue/App.vue"),
    "element-plus": ("mount-vue.js", "element-plus/App.vue"),
}


class Marks(NamedTuple):
    """CSS of what a page shows of an upload: its row, a row that is done, what cancels it, and an error."""

    row: str
    done: str
    cancel: str
    error: str


OWN = Marks("[data-state]", "[data-state=done]", "[aria-label^=Cancel]", "[data-state=failed]")
MARKS = {
    "react": OWN,
    "vue": OWN._replace(cancel="button:text-is('Cancel')"),
    "html": OWN,
    "antd": Marks(
        ".ant-upload-list-item", ".ant-upload-list-item-done", "[title='Remove file']", ".ant-message-error"
    ),
    "element-plus": Marks(".el-upload-list__item", ".is-success", ".el-icon--close", ".el-message--error"),
}
OF_REACT = ["react", "antd"]
WITH_BUTTONS = ["react", "vue", "html"]


@pytest.fixture(scope="module")
def project(running: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the examples, the blocks and the packages, built for browsers and for a server."""
    folder = tmp_path_factory.mktemp("project")
    for framework in ("antd", "element-plus", "html", "react", "vue"):
        shutil.copytree(EXAMPLES / framework, folder / framework)
    for name, code in BLOCK.findall(text_of(both("frameworks")[0])):
        (folder / name).write_text(code)
    for file in [path for path in folder.rglob("*.*") if path.is_file()]:
        file.write_text(file.read_text().replace(TOKEN_URL, f"{running.token}/"))
    for example in [path for path in folder.iterdir() if path.is_dir()]:
        shutil.copy(REPOSITORY / "client" / "lib" / "upload.js", example)
    for file in [*BINDINGS.glob("*.js"), *BINDINGS.glob("*.jsx"), BINDINGS / "package.json"]:
        shutil.copy(file, folder)
    for name, (mount, application) in MOUNTS.items():
        (folder / f"{name}.html").write_text(
            f'<!doctype html><html lang="en"><title>{name}</title><main id="app"></main>'
            f"<script type=\"module\">import mount from './{mount}'; import App from './{application}';"
            "mount(App);</script>"
        )
    (folder / "node_modules").symlink_to(BINDINGS / "node_modules")
    for arguments in ([], ["--ssr", "server.jsx"]):
        subprocess.run(
            [VITE, "build", "--mode", "development", *arguments],
            cwd=folder,
            env={**os.environ, "NODE_ENV": "development"},  # in which React's strict mode mounts twice
            check=True,
            capture_output=True,
            timeout=PATIENCE / 1000,
        )
    return folder


@pytest.fixture(scope="module")
def pages(project: Path, running: Stack) -> str:
    """The address below which the stack serves a page for each framework."""
    site = running.state / "site" / "bindings"
    shutil.copytree(project / "pages", site)
    shutil.copy(project / "html" / "index.html", site / "html.html")
    shutil.copy(project / "html" / "upload.js", site)
    return f"{running.site}/bindings"


class Shown:
    """The page of one framework; `keys` has the key of each file that it has uploaded."""

    def __init__(self, page: Page, pages: str, name: str, stack: Stack) -> None:
        self.page, self.stack, self.marks = page, stack, MARKS.get(name, OWN)
        self.wrong: list[str] = []
        self.keys: dict[str, str] = {}
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._hear)
        page.goto(f"{pages}/{name}.html")
        self.input = page.locator("input[type=file]")

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "log" and (found := re.fullmatch(r"(\S+) (uploads/\S+)", said.text)):
            self.keys[found[1]] = found[2]
        elif said.type in ("warning", "error") and not re.match(
            r"Failed to load resource|UploadError:", said.text
        ):
            self.wrong.append(said.text)

    def choose(self, *files: FilePayload | Path) -> None:
        self.input.set_input_files(list(files))  # type: ignore[arg-type]

    def begin(self, file: Path) -> None:
        """Choose a file, and wait until it is on its way to OSS."""
        with self.page.expect_request(f"{self.stack.upload}/"):
            self.choose(file)

    def drop(self, *names: str) -> None:
        """Drop files on the place that says so; their content is their name."""
        self.page.evaluate(
            """([names, selector]) => {
                const dataTransfer = new DataTransfer();
                for (const name of names)
                    dataTransfer.items.add(new File([name], name, { type: 'text/plain' }));
                const zone = document.querySelector(selector).parentElement;
                for (const type of ['dragover', 'drop']) {
                    const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
                    if (zone.dispatchEvent(event)) throw new Error(`the browser would open it at ${type}`);
                }
            }""",
            [names, "input[type=file]"],
        )

    @property
    def rows(self) -> Locator:
        return self.page.locator(self.marks.row)

    def ended(self, count: int = 1) -> None:
        expect(self.page.locator(self.marks.done)).to_have_count(count)

    def content(self, name: str) -> bytes:
        return self.stack.stored(self.keys[name]).content

    def cancel(self) -> None:
        """Cancel the only upload, which is under way."""
        with self.page.expect_event("requestfailed", lambda request: request.url == f"{self.stack.upload}/"):
            self.rows.hover()
            self.page.locator(self.marks.cancel).click()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of which a connection holds only a part, so that progress stops in the middle."""
    return large_file(tmp_path_factory.mktemp("large"), 20)


@pytest.fixture(params=MARKS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shown(name: str, pages: str, browser: Browser, stack: Stack) -> Iterator[Shown]:
    """The page; an error or a warning in its console fails the test."""
    page = browser.new_context(locale="en-US").new_page()
    shown = Shown(page, pages, name, stack)
    yield shown
    page.context.close()
    assert shown.wrong == []


def only(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names)


def stall(stack: Stack) -> None:
    stack.fault("stall", after_bytes=50_000, seconds=600)


def test_three_files_arrive_each_once(shown: Shown) -> None:
    before = stored_keys(shown.stack)
    posts = posts_to(shown.page, f"{shown.stack.upload}/")
    shown.choose(*(payload(f"{one}.txt", one.encode(), "text/plain") for one in "abc"))
    shown.ended(3)
    assert {one: shown.content(f"{one}.txt") for one in "abc"} == {one: one.encode() for one in "abc"}
    assert stored_keys(shown.stack) - before == {*shown.keys.values()}
    assert len(posts) == 3


@only("react", "vue", "antd", "element-plus")
def test_the_token_function_hears_what_the_upload_is_for(shown: Shown) -> None:
    with shown.page.expect_request(f"{shown.stack.token}/uploads") as asked:
        shown.choose(payload())
    (file,) = json.loads(asked.value.post_data or "")["files"]
    assert file["data"] == {"order": "1042"}
    shown.ended()


@only("react", "html")
def test_what_was_uploaded_can_be_opened(shown: Shown) -> None:
    shown.choose(payload())
    shown.ended()
    href = shown.rows.get_by_role("link", name="photo.png").get_attribute("href")
    assert href
    assert shown.stack.http.get(href, timeout=30).content == PHOTO


@only(*OF_REACT)
def test_react_was_in_strict_mode(shown: Shown) -> None:
    assert shown.page.evaluate("window.effects") == 2


def test_an_upload_that_is_cancelled_in_the_middle_stores_nothing(shown: Shown, large: Path) -> None:
    before = stored_keys(shown.stack)
    stall(shown.stack)
    shown.choose(large)
    percent = shown.page.locator("progress, [role=progressbar]")
    expect(percent).to_be_visible()
    shown.page.wait_for_function(
        """() => {
            const bar = document.querySelector('progress, [role=progressbar]');
            const share = bar.position ?? bar.ariaValueNow / 100;
            return share > 0 && share < 1;
        }"""
    )
    shown.cancel()
    shown.stack.clear_faults()
    shown.choose(
        payload("next.txt", b"next", "text/plain")
    )  # it is stored later than what was sent before it
    shown.ended()
    assert {*shown.keys} == {"next.txt"}
    assert stored_keys(shown.stack) - before == {*shown.keys.values()}


@only("react", "vue", "antd", "element-plus")
def test_an_upload_ends_with_its_component(shown: Shown, large: Path) -> None:
    stall(shown.stack)
    shown.begin(large)
    with shown.page.expect_event("requestfailed", lambda request: request.url == f"{shown.stack.upload}/"):
        shown.page.evaluate("window.unmount()")
    assert shown.keys == {}


def test_a_type_that_is_not_accepted_is_told(shown: Shown) -> None:
    shown.choose(payload("page.html", b"<p>", "text/html"))
    error = shown.page.locator(shown.marks.error)
    expect(error).to_contain_text("page.html")
    expect(error).to_contain_text(re.compile("Files of this type are not accepted|type_not_allowed"))
    assert shown.keys == {}


@only("react", "vue", "html")
def test_files_can_be_dropped(shown: Shown) -> None:
    shown.drop("a.txt", "b.txt")
    shown.ended(2)
    assert [shown.content(one) for one in ("a.txt", "b.txt")] == [b"a.txt", b"b.txt"]


@only(*WITH_BUTTONS)
def test_an_upload_can_be_paused_and_goes_on(shown: Shown, large: Path) -> None:
    stall(shown.stack)
    shown.begin(large)
    with shown.page.expect_event("requestfailed", lambda request: request.url == f"{shown.stack.upload}/"):
        shown.page.get_by_role("button", name="Pause").click()
    expect(shown.rows).to_have_attribute("data-state", "paused")
    shown.stack.clear_faults()
    shown.page.get_by_role("button", name="Continue").click()
    shown.ended()
    assert shown.content(large.name) == large.read_bytes()


@only(*WITH_BUTTONS)
def test_what_may_be_stored_is_not_sent_again_by_a_retry(shown: Shown) -> None:
    shown.page.clock.install()
    posts = posts_to(shown.page, f"{shown.stack.upload}/")
    shown.stack.fault("crash", at=shown.stack.callback, requests=100)
    shown.choose(payload("photo.png"))
    for _ in range(200):
        if shown.rows.get_attribute("data-state") == "failed":
            break
        shown.page.clock.run_for(1000)
    expect(shown.rows).to_contain_text(re.compile("not.confirmed"))
    shown.stack.clear_faults()
    shown.page.get_by_role("button", name="Try again").click()
    shown.ended()
    assert (shown.content("photo.png"), len(posts)) == (PHOTO, 1)


@only(*WITH_BUTTONS)
def test_a_row_can_be_removed(shown: Shown) -> None:
    shown.choose(payload("a.txt", b"a", "text/plain"), payload("page.html", b"<p>", "text/html"))
    shown.ended()
    expect(shown.page.locator(shown.marks.error)).to_have_count(1)
    expect(shown.page.get_by_role("button", name="Try again")).to_have_count(0)  # it could not help
    for left in (1, 0):
        shown.page.get_by_role("button", name="Remove").first.click()
        expect(shown.rows).to_have_count(left)


@only(*WITH_BUTTONS)
def test_a_row_that_is_removed_twice_takes_no_other_with_it(shown: Shown) -> None:
    shown.choose(payload("a.txt", b"a", "text/plain"), payload("b.txt", b"b", "text/plain"))
    shown.ended(2)
    remove = shown.page.get_by_role("button", name="Remove").first
    remove.evaluate("button => { button.click(); button.click(); }")  # before anything is drawn again
    expect(shown.rows).to_have_count(1)


@only("react", "html")
def test_the_keyboard_is_enough_and_what_happens_is_said(shown: Shown) -> None:
    keyboard, file = shown.page.keyboard, payload("a.txt", b"a", "text/plain")
    shown.page.on("filechooser", lambda chooser: chooser.set_files(file))
    button = shown.page.get_by_role("button", name="Choose files")
    expect(button).to_be_visible()
    keyboard.press("Tab")
    expect(button).to_be_focused()
    keyboard.press("Enter")
    expect(shown.page.get_by_role("status")).to_have_text("a.txt: Done")
    remove = shown.page.get_by_role("button", name="Remove: a.txt")
    for control in (shown.page.get_by_role("link", name="a.txt"), remove):
        keyboard.press("Tab")
        expect(control).to_be_focused()
    keyboard.press("Enter")
    expect(shown.rows).to_have_count(0)
    expect(button).to_be_focused()


@only(*WITH_BUTTONS)
def test_axe_finds_no_violation(shown: Shown, large: Path) -> None:
    stall(shown.stack)
    shown.choose(large)
    expect(shown.rows).to_have_attribute("data-state", "sending")
    shown.choose(payload("a.txt", b"a", "text/plain"), payload("page.html", b"<p>", "text/html"))
    shown.ended()
    expect(shown.page.locator(shown.marks.error)).to_have_count(1)
    shown.page.add_script_tag(path=AXE)
    rules = {"landmark-one-main": {"enabled": False}, "page-has-heading-one": {"enabled": False}}
    found = shown.page.evaluate("(rules) => axe.run({ rules }).then(({ violations }) => violations)", rules)
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


@only("hook")
def test_the_hook_serves_a_page_of_ones_own(shown: Shown, large: Path) -> None:
    shown.choose(payload("me.png"))
    expect(shown.page.locator("p")).to_contain_text(f"done: {len(PHOTO)} of {len(PHOTO)} bytes")
    assert shown.content("me.png") == PHOTO
    stall(shown.stack)
    shown.choose(large)
    shown.page.get_by_role("button", name="Cancel").click()
    shown.page.get_by_role("button", name="Remove (aborted)").click()
    expect(shown.page.locator("p")).to_contain_text("done:")


def test_a_server_draws_each_of_them(project: Path) -> None:
    drawn = subprocess.run(
        ["node", project / "server" / "server.js"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE / 1000,
    )
    assert drawn.stderr == ""
    markup = json.loads(drawn.stdout)
    assert {name for name, text in markup.items() if 'type="file"' in text} == {*MOUNTS}


@pytest.mark.browser
def test_each_of_them_uploads_in_firefox(pages: str, stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(PHOTO)
    with firefox() as tab:
        for name, marks in MARKS.items():
            tab.open(f"{pages}/{name}.html")
            tab.run(NOTE_KEYS)
            tab.choose("input[type=file]", [tmp_path / "photo.png"])
            (key,) = tab.run(WAIT_FOR_KEY, marks.done, PATIENCE)
            assert stack.stored(key).content == PHOTO, name


NOTE_KEYS = """() => {
    window.keys = [];
    console.log = (name, key) => keys.push(key);
}"""
WAIT_FOR_KEY = """async (selector, patience) => {
    const ends = performance.now() + patience;
    while (!(document.querySelector(selector) && keys.length)) {
        if (performance.now() > ends) throw new Error(document.body.innerText);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return keys;
}"""


@pytest.mark.parametrize("page", both("frameworks"))
def test_a_page_shows_one_application_for_each_example(page: str) -> None:
    shown = [name for name, _ in BLOCK.findall(text_of(page))]
    assert sorted(shown) == sorted(application for _, application in MOUNTS.values())
