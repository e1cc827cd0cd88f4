"""Large files on the page: paused, continued, and continued after a reload, by their own user only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from tests.support.page.actions import choose, choose_button, ended, large_file, start
from tests.support.stack import Stack, bearer_of, md5

LAST_PART = "**/*partNumber=4*"
KEPT = """async () => {
    const answered = (request) => new Promise((resolve) => {
        request.onsuccess = () => resolve(request.result);
    });
    const database = await answered(indexedDB.open('oss-direct-upload'));
    if (!database.objectStoreNames.contains('uploads')) return [];
    const kept = await answered(database.transaction('uploads').objectStore('uploads').getAll());
    database.close();
    return kept.map(({ sent }) => Object.keys(sent).length);
}"""
# the browser's own chooser of files cannot be driven; this one gives the file that the test has written
CHOOSER = """() => {
    window.showOpenFilePicker = async () => {
        const folder = await navigator.storage.getDirectory();
        return [await folder.getFileHandle('kept.zip')];
    };
}"""
WRITE = """async (bytes) => {
    const folder = await navigator.storage.getDirectory();
    const writing = await (await folder.getFileHandle('kept.zip', { create: true })).createWritable();
    await writing.write(new Uint8Array(bytes).fill(7));
    await writing.close();
}"""
WAKE_LOCK = """
    window.locks = [];
    Object.defineProperty(navigator, 'wakeLock', {
        value: {
            request: async () => {
                const lock = { released: false, release: async () => { lock.released = true; } };
                locks.push(lock);
                return lock;
            },
        },
    });
"""
RELEASED = "locks.map(({ released }) => released)"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of four parts."""
    return large_file(tmp_path_factory.mktemp("film"), 40)


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The page, where the browser gives no handles of files; whatever goes wrong on it fails the test."""
    context = browser.new_context(locale="en-US")
    context.add_init_script("delete window.showOpenFilePicker")
    yield from watched(context.new_page(), stack)
    context.close()


def watched(page: Page, stack: Stack) -> Iterator[Page]:
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    accept_dialogs(page, heard)
    opened(page, stack)
    yield page
    assert heard == []


def accept_dialogs(page: Page, heard: list[str]) -> None:
    def accept(dialog: Dialog) -> None:
        heard.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)


def opened(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.site}/")
    expect(choose_button(page)).to_be_visible()


def row_of(page: Page) -> Locator:
    return page.get_by_test_id("upload")


def sent_to(page: Page) -> list[int]:
    """Return a list to which the number of every part is appended that the page sends from now on."""
    numbers: list[int] = []

    def note(url: str) -> None:
        if found := re.search(r"partNumber=(\d+)", url):
            numbers.append(int(found[1]))

    page.on("request", lambda request: note(request.url) if request.method == "PUT" else None)
    return numbers


def requests_to(page: Page, path: str) -> list[str]:
    found: list[str] = []
    page.on("request", lambda one: found.append(one.post_data or "") if one.url.endswith(path) else None)
    return found


def begin(page: Page, film: Path) -> Locator:
    """Send a file but for its last part, which stays on its way."""
    page.route(LAST_PART, lambda _: None)
    choose(page, film)
    start(page)
    wait_until_kept(page, 3)
    return row_of(page)


def wait_until_kept(page: Page, parts: int) -> None:
    while page.evaluate(KEPT) != [parts]:
        page.wait_for_timeout(20)


def leave_behind(page: Page, film: Path) -> Locator:
    """Send a file but for its last part, and open the page again."""
    begin(page, film)
    page.reload()
    page.unroute_all(behavior="ignoreErrors")  # not before: then the part would go on
    row = row_of(page)
    expect(row).to_have_attribute("data-state", "unfinished")
    return row


def choose_for(page: Page, row: Locator, path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        row.get_by_test_id("retry").click()
    input_ = chooser.value.element
    assert input_.evaluate("(element) => element.isConnected"), "else Safari on an iPhone reports no choice"
    chooser.value.set_files(path)
    assert not input_.evaluate("(element) => element.isConnected")


def check(answer: Any, film: Path, stack: Stack) -> None:
    assert md5(stack.stored(answer["key"]).content) == md5(film.read_bytes())


# ---- Pause


def test_a_file_is_paused_and_goes_on_where_it_was(page: Page, stack: Stack, film: Path) -> None:
    numbers = sent_to(page)
    row = begin(page, film)
    row.get_by_test_id("pause").click()
    expect(row).to_have_attribute("data-state", "paused")
    expect(row.get_by_test_id("state")).to_have_text("Paused · 75% · 30 MB of 40 MB")
    expect(page).to_have_title("75% · Paused · Direct upload")
    page.unroute_all(behavior="ignoreErrors")
    row.get_by_role("button", name="Continue").click()
    check(ended(row), film, stack)
    assert sorted(numbers) == [1, 2, 3, 4, 4]
    expect(page).to_have_title("Direct upload")


def test_all_files_are_paused_and_go_on_together(
    page: Page, stack: Stack, film: Path, tmp_path: Path
) -> None:
    page.route(LAST_PART, lambda _: None)
    other = large_file(tmp_path, 40, "other.zip")
    choose(page, film, other)
    start(page)
    rows = row_of(page)
    expect(page.locator("[data-testid=upload][data-state=sending]")).to_have_count(2)
    page.get_by_role("button", name="Pause all").click()
    expect(page.locator("[data-testid=upload][data-state=paused]")).to_have_count(2)
    page.unroute_all(behavior="ignoreErrors")
    page.get_by_role("button", name="Continue all").click()
    for number in range(2):
        check(ended(rows.nth(number)), film, stack)
    expect(page.get_by_test_id("pause-all")).to_be_hidden()


def test_a_cancelled_file_leaves_nothing_behind(page: Page, film: Path) -> None:
    aborts = requests_to(page, "/abort")
    row = begin(page, film)
    row.get_by_test_id("cancel").click()
    ended(row, "aborted")
    page.reload()
    expect(choose_button(page)).to_be_visible()
    expect(row).to_have_count(0)
    assert (len(aborts), page.evaluate(KEPT)) == (1, [])


def test_the_screen_stays_on_while_something_is_sent(browser: Browser, stack: Stack, film: Path) -> None:
    context = browser.new_context(locale="en-US")
    context.add_init_script(WAKE_LOCK)
    page = context.new_page()
    opened(page, stack)
    row = begin(page, film)
    expect(page).to_have_title(re.compile("%"))
    assert page.evaluate(RELEASED) == [False]
    row.get_by_test_id("pause").click()
    expect(row).to_have_attribute("data-state", "paused")
    expect(page).to_have_title(re.compile("Paused"))  # set with the lock, up to 0.1 s after the row
    assert page.evaluate(RELEASED) == [True]
    page.unroute_all(behavior="ignoreErrors")
    row.get_by_test_id("pause").click()
    ended(row)
    expect(page).to_have_title("Direct upload")
    assert page.evaluate(RELEASED) == [True, True]
    context.close()


# ---- After a reload


def test_an_upload_goes_on_after_a_reload_when_its_file_is_chosen_again(
    page: Page, stack: Stack, film: Path
) -> None:
    row = leave_behind(page, film)
    expect(row.get_by_test_id("state")).to_have_text("Not finished · 75% · 30 MB of 40 MB")
    expect(row.get_by_test_id("sentence")).to_have_text(
        "Choose this file again, and its upload continues where it stopped."
    )
    numbers = sent_to(page)
    choose_for(page, row, film)
    check(ended(row), film, stack)
    assert numbers == [4]
    assert page.evaluate(KEPT) == []


def test_a_file_chosen_anew_goes_on_in_the_row_of_its_upload(page: Page, stack: Stack, film: Path) -> None:
    row = leave_behind(page, film)
    numbers = sent_to(page)
    choose(page, film)
    start(page)
    check(ended(row), film, stack)
    assert numbers == [4]


def test_another_file_does_not_go_on_with_it(page: Page, film: Path, tmp_path: Path) -> None:
    row = leave_behind(page, film)
    choose_for(page, row, large_file(tmp_path, 40, film.name))  # of another date
    expect(row.get_by_test_id("sentence")).to_contain_text("That is another file")
    expect(row).to_have_attribute("data-state", "unfinished")


def test_what_is_discarded_is_dropped_and_not_offered_again(page: Page, film: Path) -> None:
    row = leave_behind(page, film)
    with page.expect_response("**/abort") as answer:
        row.get_by_role("button", name="Discard").click()
    assert answer.value.status == 200
    expect(row).to_have_count(0)
    page.reload()
    expect(choose_button(page)).to_be_visible()
    expect(row).to_have_count(0)
    assert page.evaluate(KEPT) == []


def test_where_the_browser_gives_handles_the_file_is_not_even_chosen_again(
    browser: Browser, stack: Stack
) -> None:
    context = browser.new_context(locale="en-US")
    context.add_init_script(f"({CHOOSER})()")
    page = context.new_page()
    opened(page, stack)
    page.evaluate(WRITE, 40 * 1024**2)
    page.route(LAST_PART, lambda _: None)
    choose_button(page).click()
    start(page)
    wait_until_kept(page, 3)
    page.reload()
    page.unroute_all(behavior="ignoreErrors")
    row = row_of(page)
    expect(row).to_have_attribute("data-state", "unfinished")
    expect(row.get_by_test_id("failure")).to_be_hidden()
    numbers = sent_to(page)
    row.get_by_role("button", name="Continue").click()
    assert stack.stored(ended(row)["key"]).content == b"\7" * 40 * 1024**2
    assert numbers == [4]
    context.close()


def test_what_another_tab_is_sending_is_not_offered_until_it_leaves(
    page: Page, stack: Stack, film: Path
) -> None:
    begin(page, film)
    second = page.context.new_page()
    opened(second, stack)
    look_again = "document.dispatchEvent(new Event('visibilitychange'))"
    second.evaluate(look_again)
    second.wait_for_function("navigator.locks.query().then(({ held }) => held.length === 1)")
    expect(row_of(second)).to_have_count(0)
    page.goto("about:blank")
    second.wait_for_function("navigator.locks.query().then(({ held }) => held.length === 0)")
    second.evaluate(look_again)
    numbers = sent_to(second)
    choose_for(second, row_of(second), film)
    check(ended(row_of(second)), film, stack)
    assert numbers == [4]
    opened(page, stack)


# ---- Users


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("signed-in"), SIGN_IN="true")
    yield stack
    stack.end()


def sign_in(page: Page, stack: Stack, user: str) -> None:
    page.goto(f"{stack.site}/")
    page.get_by_label("Access token").fill(bearer_of(user))
    page.get_by_role("button", name="Continue").click()
    expect(choose_button(page)).to_be_visible()


def test_another_user_continues_nothing_and_signing_out_forgets(
    browser: Browser, signed_in: Stack, film: Path
) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    sign_in(page, signed_in, "alice")
    begin(page, film)
    sign_in(page, signed_in, "bob")
    page.unroute_all(behavior="ignoreErrors")
    numbers = sent_to(page)
    choose(page, film)
    start(page)
    assert ended(row_of(page))["key"].startswith("uploads/bob/")
    assert sorted(numbers) == [1, 2, 3, 4]
    sign_in(page, signed_in, "alice")
    expect(row_of(page)).to_have_attribute("data-state", "unfinished")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert page.evaluate(KEPT) == []
    context.close()


def test_leaving_asks_first_where_nothing_can_be_remembered(
    browser: Browser, stack: Stack, film: Path
) -> None:
    context = browser.new_context(locale="en-US")
    context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    page = context.new_page()
    asked: list[str] = []
    accept_dialogs(page, asked)
    opened(page, stack)
    page.route(LAST_PART, lambda _: None)
    choose(page, film)
    start(page)
    expect(row_of(page).get_by_test_id("state")).to_have_text(re.compile("^75%"))
    opened(page, stack)
    page.unroute_all(behavior="ignoreErrors")
    assert asked == ["beforeunload"]
    expect(row_of(page)).to_have_count(0)
    context.close()
