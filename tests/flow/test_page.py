"""The page in a real browser: chosen files arrive, and faults are retried or shown in words."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support.page.actions import (
    PHOTO,
    choose,
    choose_button,
    ended,
    fast_forward_until,
    large_file,
    open_page,
    payload,
    posts_to,
    send,
    send_all,
    start,
    stop_the_clock,
)
from tests.support.page.states import with_options, without_config
from tests.support.stack import REPOSITORY, Stack, crc64_of, md5


def state_of(row: Locator) -> Locator:
    return row.get_by_test_id("state")


def change_grants(page: Page, stack: Stack, change: Any) -> None:
    """Have `change` alter each grant on its way to the page."""

    def alter(route: Route) -> None:
        answer = route.fetch()
        document = answer.json()
        for grant in document["uploads"]:
            change(grant)
        route.fulfill(response=answer, json=document)

    page.route(f"{stack.token}/uploads", alter)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file larger than the system's buffers, which take bytes before the stand-in reads any."""
    return large_file(tmp_path_factory.mktemp("big"), 20)


def choose_as(page: Page, name: str, said: str) -> None:
    """Choose a file of which the browser says this type, or none; Playwright's own files always have one."""
    page.locator("input[type=file]:not([webkitdirectory])").evaluate(
        """(input, [name, type]) => {
            const chosen = new DataTransfer();
            chosen.items.add(new File(['PK'], name, { type }));
            input.files = chosen.files;
            input.dispatchEvent(new Event('change', { bubbles: true }));
        }""",
        [name, said],
    )


def send_file(page: Page, path: Path) -> Locator:
    """Choose a file on the disk, which the browser reads itself, and upload it; return its row."""
    choose(page, path)
    start(page)
    return page.get_by_test_id("upload").filter(has=page.get_by_text(path.name, exact=True)).last


# ---- The good way


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("photo.png", PHOTO, "image/png"),
        ("图片 (1) é🙂.png", PHOTO[:1000], "image/png"),
        ("empty.txt", b"", "text/plain"),
        ("a+b&c=d%20e.csv", b"1,2\n", "text/csv"),
        ("no type", b"\x00\xff", ""),
    ],
)
def test_uploads_a_file_and_shows_the_callbacks_answer(
    name: str, content: bytes, kind: str, page: Page, stack: Stack
) -> None:
    answer = ended(send(page, name, content, kind))
    assert answer == {
        "Status": "OK",
        "id": answer["id"],
        "key": answer["key"],
        "size": len(content),
        "etag": md5(content),
        "crc64": crc64_of(content),
        "type": kind or "application/octet-stream",
        "name": name,
        "url": answer["url"],
    }
    assert stack.stored(answer["key"]).content == content


@pytest.mark.parametrize(
    ("name", "said", "one"),
    [
        ("a.zip", "application/x-zip-compressed", "application/zip"),  # Windows
        ("a.csv", "application/vnd.ms-excel", "text/csv"),  # Windows with Excel, in Firefox
        (
            "a.docx",
            "",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),  # no Office
        ("a.odt", "", "application/vnd.oasis.opendocument.text"),
        ("a.7z", "", "application/x-7z-compressed"),
    ],
)
def test_a_file_is_stored_under_its_one_type_whatever_the_browser_says(
    name: str, said: str, one: str, page: Page, stack: Stack
) -> None:
    choose_as(page, name, said)
    start(page)
    answer = ended(page.get_by_test_id("upload"))
    assert (answer["type"], answer["name"]) == (one, name)
    assert answer["key"].endswith(answer["id"] + name[1:])
    headers = stack.stored(answer["key"]).headers
    assert headers["Content-Type"] == one
    assert headers["Content-Disposition"].startswith("attachment;")


def test_what_a_browser_runs_is_not_sent_even_without_a_type(page: Page) -> None:
    choose_as(page, "page.html", "")
    row = page.get_by_test_id("upload")
    ended(row, "refused")
    expect(row.get_by_test_id("sentence")).to_contain_text("Files of type text/html are not accepted here.")


def test_fifty_files_end_well_together(page: Page) -> None:
    contents = [bytes([number]) * 1000 for number in range(50)]
    rows = send_all(page, [payload(f"{number}.png", one) for number, one in enumerate(contents)])
    done = page.locator("[data-testid=upload][data-state=done]")
    expect(done).to_have_count(50)
    etags = [json.loads(text)["etag"] for text in rows.get_by_test_id("answer").all_text_contents()]
    assert sorted(etags) == sorted(map(md5, contents))
    expect(page.get_by_test_id("tally")).to_have_text("All uploaded")


def test_a_tall_image_is_cropped_to_its_tile(page: Page) -> None:
    tall = (REPOSITORY / "docs" / "page-phone.png").read_bytes()
    choose(page, payload("tall.png", tall))
    expect(page.locator(".uppy-Dashboard-Item-previewImg")).to_be_visible()  # the row takes it over
    start(page)
    row = page.get_by_test_id("upload")
    ended(row)
    image = row.locator(".kind img").bounding_box()
    assert image
    assert image == row.locator(".kind").bounding_box()


# what each frame shows: how many rows of five are done, and the tally
WATCH_THE_FRAMES = """() => {
  window.shown = [];
  const look = () => {
    const rows = document.querySelectorAll('[data-testid=upload]');
    const done = [...rows].filter(({ dataset }) => dataset.state === 'done').length;
    const tally = document.querySelector('[data-testid=tally]').textContent.split(' · ')[0];
    if (rows.length === 5) window.shown.push([done, tally]);
    requestAnimationFrame(look);
  };
  look();
}"""


def test_the_tally_and_the_rows_of_a_short_list_say_the_same_in_every_frame(page: Page) -> None:
    page.evaluate(WATCH_THE_FRAMES)
    rows = send_all(page, [payload(f"{number}.png", bytes([number]) * 1000) for number in range(5)])
    for number in range(5):
        ended(rows.nth(number))
    expect(page.get_by_test_id("tally")).to_have_text("All uploaded")
    shown = {(done, tally) for done, tally in page.evaluate("window.shown")}
    assert shown <= {*((done, f"{done} of 5 done") for done in range(5)), (5, "All uploaded")}


def test_a_large_file_shows_how_far_it_is_how_fast_and_how_long_it_takes(page: Page, tmp_path: Path) -> None:
    large = large_file(tmp_path, 300)
    choose(page, large)
    start(page)
    row = page.get_by_test_id("upload")
    expect(state_of(row)).to_have_text(
        re.compile(r"^\d+% · [\d.]+ [KM]B of 300 MB · [\d.]+ [KM]B/s · [\d.]+ (s|min|h) left$"),
    )
    value = row.get_by_test_id("progress").evaluate("bar => bar.value / bar.max")
    assert 0 < value < 1
    expect(page.get_by_test_id("tally")).to_have_text(re.compile(r"^0 of 1 done · [\d.]+ [KM]B/s · .* left$"))
    answer = ended(row)
    assert answer["size"] == large.stat().st_size
    assert re.fullmatch(r"[0-9A-F]{32}-38", answer["etag"])  # it came in parts


def test_pictures_have_thumbnails(page: Page) -> None:
    picture = page.get_by_test_id("dashboard").screenshot()  # some PNG or other
    choose(page, payload("view.png", picture))
    thumbnail = page.get_by_test_id("dashboard").locator("img")
    expect(thumbnail).to_have_attribute("src", re.compile("^blob:"))
    assert thumbnail.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


def test_ten_small_files_take_one_request_to_the_token_function_before_the_click(
    page: Page, stack: Stack
) -> None:
    asked = posts_to(page, stack.token)
    with page.expect_response(f"{stack.token}/uploads"):
        choose(page, *(payload(f"{number}.png", bytes([number]) * 1000) for number in range(10)))
    expect(page.get_by_test_id("upload")).to_have_count(0)
    start(page)
    expect(page.locator("[data-testid=upload][data-state=done]")).to_have_count(10)
    assert len(asked) == 1


def test_the_page_asks_for_nothing_twice_before_it_can_be_used(browser: Browser, stack: Stack) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(stack.site)))
    page.goto(f"{stack.site}/")
    expect(choose_button(page)).to_be_visible()
    needed = [re.sub(r"-[\w-]{8}\.", ".", address) for address in asked if address != "/icon.svg"]
    assert sorted(needed) == [
        "/",
        "/assets/index.css",
        "/assets/index.js",
        "/opening.js",
        f"{stack.token}/limits",
    ]
    context.close()


def test_a_stored_picture_can_be_seen_opened_and_linked_to(browser: Browser, stack: Stack) -> None:
    heard: list[str] = []
    page = open_page(browser, stack.site, heard, permissions=["clipboard-read", "clipboard-write"])
    picture = page.screenshot()
    row = send(page, "view.png", picture)
    url = ended(row)["url"]
    expect(row.get_by_test_id("open")).to_have_attribute("href", url)
    assert page.request.get(url).body() == picture
    seen = row.get_by_test_id("preview")
    assert seen.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    row.get_by_test_id("copy-link").click()
    expect(row.get_by_test_id("copy-link")).to_have_text("Copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == url
    page.context.close()
    assert heard == []


def test_files_are_sent_as_soon_as_they_are_chosen_where_the_page_is_told_so(page: Page) -> None:
    with_options(page, {"autoUpload": True})
    page.reload()
    choose(page, payload("a.png"), payload("b.png"))
    expect(page.locator("[data-testid=upload][data-state=done]")).to_have_count(2)


def test_more_files_can_be_added_while_others_are_sent(page: Page, stack: Stack) -> None:
    stack.fault("stall", after_bytes=1000, seconds=600)
    first = send(page, "first.png")
    expect(first).to_have_attribute("data-state", "sending")
    ended(send(page, "second.png"))
    stack.clear_faults()
    first.get_by_test_id("cancel").click()
    ended(first, "aborted")


def test_the_same_file_can_be_uploaded_again_when_all_is_done(page: Page) -> None:
    keys = []
    for _ in range(2):
        keys.append(ended(send(page))["key"])
        expect(choose_button(page)).to_be_visible()
    assert len(set(keys)) == 2
    expect(page.get_by_test_id("upload")).to_have_count(2)


def test_an_answer_can_be_copied(browser: Browser, stack: Stack) -> None:
    page = open_page(browser, stack.site, permissions=["clipboard-read", "clipboard-write"])
    row = send(page)
    answer = ended(row)
    expect(row.get_by_test_id("answer-details")).to_have_attribute("open", "")  # there is only this one
    expect(page.get_by_test_id("announcer")).to_contain_text("Done")  # on a busy machine, this comes late
    row.get_by_test_id("copy-answer").click()
    expect(row.get_by_test_id("copy-answer")).to_have_text("Copied")
    expect(page.get_by_test_id("announcer")).to_have_text("Copied")
    assert json.loads(page.evaluate("() => navigator.clipboard.readText()")) == answer
    expect(row.get_by_test_id("copy-answer")).to_have_text("Copy reply")
    page.context.close()


def test_a_row_can_be_hidden(page: Page) -> None:
    send_all(page, [payload("a.png"), payload("b.png")])
    rows = page.get_by_test_id("upload")
    for number in range(2):
        ended(rows.nth(number))
    rows.first.get_by_test_id("remove").click()
    expect(rows).to_have_count(1)
    expect(rows).to_be_focused()
    rows.get_by_test_id("remove").click()
    expect(page.locator("h1")).to_be_focused()


def test_the_list_can_be_cleared_of_all_that_ended(page: Page, stack: Stack) -> None:
    for number in range(2):
        ended(send(page, f"{number}.png"))
    stack.fault("stall", after_bytes=1000, seconds=600)
    busy = send(page, "busy.png")
    page.get_by_role("button", name="Clear the list").click()
    expect(page.get_by_test_id("upload")).to_have_count(1)
    busy.get_by_test_id("cancel").click()
    ended(busy, "aborted")


def copy_answers(page: Page, number: int) -> list[Locator]:
    """Upload more files than a short list has, and copy the answers to the first ones; return their rows."""
    rows = send_all(page, [payload(f"{name}.png") for name in range(12)])
    done = page.locator("[data-testid=upload][data-state=done]")
    expect(done).to_have_count(12)
    ids = [rows.nth(place).get_attribute("data-id") for place in range(number)]
    copied = [page.locator(f"[data-testid=upload][data-id='{name}']") for name in ids]
    for row in copied:
        row.locator("summary").click()
        row.get_by_test_id("copy-answer").click()
        expect(row.get_by_test_id("copy-answer")).to_have_text("Copied")
    return copied


def test_a_row_that_is_dismissed_from_a_long_list_does_not_come_back(browser: Browser, stack: Stack) -> None:
    page = open_page(browser, stack.site, permissions=["clipboard-read", "clipboard-write"])
    first, _, third = copy_answers(page, 3)
    first.get_by_test_id("remove").click()
    expect(third.get_by_test_id("copy-answer")).to_have_text(
        "Copy reply"
    )  # those of the rows before were earlier
    expect(page.get_by_test_id("upload")).to_have_count(11)
    page.context.close()


def test_a_row_of_a_long_list_stays_where_it_is_once_it_is_done(browser: Browser, stack: Stack) -> None:
    page = open_page(browser, stack.site, permissions=["clipboard-read", "clipboard-write"])
    first, second = copy_answers(page, 2)
    expect(second.get_by_test_id("copy-answer")).to_have_text("Copy reply")
    expect(page.get_by_test_id("upload").first).to_have_attribute(
        "data-id", first.get_attribute("data-id") or ""
    )
    page.context.close()


def test_what_ends_at_once_is_said_in_one_sentence(page: Page) -> None:
    choose(page, *(payload(f"{number}.html", b"<p>", "text/html") for number in range(20)))
    expect(page.get_by_test_id("announcer")).to_have_text("20 failed or not sent")


def test_a_second_enter_on_upload_cancels_nothing(page: Page, stack: Stack) -> None:
    stack.fault("stall", after_bytes=1000, seconds=1)
    choose(page, payload())
    page.get_by_role("button", name="Upload 1 file").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Uploads")).to_be_focused()
    page.keyboard.press("Enter")
    ended(page.get_by_test_id("upload"))


# ---- Ways in


def paste(page: Page) -> None:
    """Paste a picture into the element that has the focus."""
    page.evaluate(
        """() => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File(['shot'], 'image.png', { type: 'image/png' }));
            const paste = new ClipboardEvent('paste', { clipboardData, bubbles: true });
            document.activeElement.dispatchEvent(paste);
        }"""
    )


@pytest.mark.parametrize("where", ["the dashboard", "nowhere"])
def test_a_picture_can_be_pasted_anywhere(where: str, page: Page) -> None:
    if where == "the dashboard":
        choose_button(page).focus()
    paste(page)
    start(page)
    assert ended(page.get_by_test_id("upload"))["name"] == "image.png"
    expect(page.get_by_test_id("upload")).to_have_count(1)


def drop(page: Page, target: Locator, *paths: Path) -> None:
    """Drag files and folders from outside the browser and drop them on the target."""
    box = target.bounding_box()
    assert box is not None
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for event in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": event, **middle, "data": data})
    session.detach()


@pytest.mark.parametrize("target", ["dashboard", "limits"])
def test_a_folder_can_be_dropped_anywhere(target: str, page: Page, stack: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"outer")
    (folder / "inner" / "a.png").write_bytes(b"inner")
    (folder / ".DS_Store").write_bytes(b"litter")
    drop(page, page.get_by_test_id(target), folder)
    start(page)
    rows = page.get_by_test_id("upload")
    expect(page.locator("[data-state=done]")).to_have_count(2)
    assert sorted(rows.get_by_test_id("name").all_text_contents()) == ["holiday/a.png", "holiday/inner/a.png"]
    answers = [json.loads(text) for text in rows.get_by_test_id("answer").all_text_contents()]
    assert [one["name"] for one in answers] == ["a.png"] * 2
    assert sorted(stack.stored(one["key"]).content for one in answers) == [b"inner", b"outer"]


def test_a_folder_can_be_chosen(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"outer")
    page.locator("input[webkitdirectory]").set_input_files(folder)
    start(page)
    ended(page.get_by_test_id("upload"))
    expect(page.get_by_test_id("name")).to_have_text("holiday/a.png")


def test_the_keyboard_is_enough(page: Page) -> None:
    """Tab to the buttons, Enter to press them: choose, upload, read the answer, hide it."""
    row = page.get_by_test_id("upload")
    with page.expect_file_chooser() as chooser:
        tab_to(page, choose_button(page))
        page.keyboard.press("Enter")
    chooser.value.set_files(payload())
    tab_to(page, page.get_by_role("button", name="Upload 1 file"))
    page.keyboard.press("Enter")
    ended(row)
    tab_to(page, row.locator("summary"))
    page.keyboard.press("Enter")
    expect(row.get_by_test_id("answer")).to_be_hidden()
    tab_to(page, row.get_by_test_id("remove"), backwards=True)
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    expect(page.locator("h1")).to_be_focused()


def tab_to(page: Page, target: Locator, *, backwards: bool = False) -> None:
    expect(target).to_be_visible()
    for _ in range(40):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    raise AssertionError("no way there by keyboard")


# ---- What a page refuses


def test_refuses_a_type_before_sending_it_and_names_what_is_allowed(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    choose(page, payload("page.html", b"<script>", "text/html"))
    row = page.get_by_test_id("upload")
    ended(row, "refused")
    expect(row.get_by_test_id("sentence")).to_contain_text("Files of type text/html are not accepted here.")
    expect(page.get_by_test_id("announcer")).to_contain_text("page.html: Not sent. Files of type text/html")
    assert asked == []
    expect(choose_button(page)).to_be_visible()


def test_refuses_what_is_too_large_before_sending_it_and_names_the_limit(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.zip"
    with large.open("wb") as file:
        file.truncate(400 * 1024**2 + 1)
    choose(page, large)
    row = page.get_by_test_id("upload")
    ended(row, "refused")
    expect(row.get_by_test_id("sentence")).to_have_text(
        "The file is too large: it is 419,430,401 B; the limit is 419,430,400 B."
    )


def test_says_the_limits_before_a_file_is_chosen(page: Page) -> None:
    expect(page.get_by_test_id("limits")).to_contain_text("Up to 400 MB each: images, ")
    accepted = page.locator("input[type=file]").first.get_attribute("accept") or ""
    assert "image/*, " in accepted
    assert ".7z, " in accepted  # a system may not know the type
    expect(page.get_by_test_id("limits")).to_contain_text(
        " ZIP, GZIP, BZIP2, XZ, 7z, RAR, TAR and files of no known type."
    )


# ---- What heals


@pytest.mark.parametrize(
    "fault", ["callback_down", "callback_slow", "callback_refused", "callback_crashed", "answer_lost"]
)
def test_heals_itself_when_the_answer_goes_missing(fault: str, page: Page, stack: Stack) -> None:
    """OSS answers 203, or 200 about a crash, or nothing: the page confirms, and sends nothing again."""
    posts = posts_to(page, stack.upload)
    confirms = posts_to(page, stack.callback)
    stack.fault(fault)
    answer = ended(send(page))
    assert answer["etag"] == md5(PHOTO)
    assert (len(posts), len(confirms)) == (1, 1)


def test_a_bare_200_that_is_not_ours_is_confirmed(page: Page, stack: Stack) -> None:
    """A proxy answers in place of OSS, which has stored the file."""
    confirms = posts_to(page, stack.callback)

    def bare(route: Route) -> None:
        route.fulfill(status=route.fetch().status, body="OK", headers={"Access-Control-Allow-Origin": "*"})

    page.route(f"{stack.upload}/", bare)
    assert ended(send(page))["etag"] == md5(PHOTO)
    assert len(confirms) == 1


def test_confirming_is_a_state_of_its_own(page: Page, stack: Stack) -> None:
    stack.fault("callback_down")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"{stack.callback}/confirm", hold)
    row = send(page)
    ended(row, "confirming")
    expect(state_of(row)).to_have_text("Sent. Confirming that it arrived…")
    expect(page.get_by_test_id("announcer")).to_contain_text("Confirming that it arrived")
    held[0].continue_()
    ended(row)


def test_a_function_that_dies_in_mid_request_is_not_taken_for_done(page: Page, stack: Stack) -> None:
    """Function Compute answers 200 for it. OSS takes that for success; the page does not."""
    confirms = posts_to(page, stack.callback)
    stack.fault("crash", at=stack.callback)
    answer = ended(send(page))
    assert answer["etag"] == md5(PHOTO)
    assert len(confirms) >= 1


def test_an_object_that_is_missing_is_sent_again(page: Page, stack: Stack) -> None:
    posts = posts_to(page, stack.upload)
    before = len(stack.callback_codes(0))
    stack.fault("object_missing", requests=2)  # the callback's HEAD and the confirm's
    answer = ended(send(page))
    assert answer["etag"] == md5(PHOTO)
    assert len(posts) == 2
    assert stack.callback_codes(before + 3)[before:].count("not_stored") == 2


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        ({"name": "throttle"}, 1),
        # Chromium itself sends once more on a connection that had been used, here by the preflight
        ({"name": "reset", "after_bytes": 50_000, "requests": 2}, 0),
    ],
)
def test_what_is_not_stored_is_sent_again(
    fault: dict[str, Any], asked: int, page: Page, stack: Stack, big: Path
) -> None:
    """After a 5xx to a whole file the page asks whether it is stored; a file that was cut short cannot be."""
    posts, confirms = posts_to(page, stack.upload), posts_to(page, stack.callback)
    stack.fault(**fault)
    assert ended(send_file(page, big))["etag"] == md5(big.read_bytes())
    assert (len(posts), len(confirms)) == (2, asked)


def test_a_file_chosen_offline_waits_for_the_network(page: Page, stack: Stack) -> None:
    posts = posts_to(page, stack.upload)
    page.context.set_offline(True)
    row = send(page)
    expect(state_of(row)).to_have_text("Waiting for the network")
    assert posts == []
    page.context.set_offline(False)
    assert ended(row)["etag"] == md5(PHOTO)


def test_a_line_that_goes_down_in_mid_upload_is_waited_for(page: Page, stack: Stack, big: Path) -> None:
    """`set_offline` does not stop a running upload, so the stand-in cuts it."""
    stop_the_clock(page)
    stack.fault("reset", after_bytes=50_000, requests=2)
    row = send_file(page, big)
    expect(state_of(row)).to_have_text("That did not get through. Trying again…")
    page.context.set_offline(True)
    expect(state_of(row)).to_have_text("Waiting for the network")
    page.clock.run_for(5000)  # its pause is over
    posts = posts_to(page, stack.upload)
    expect(state_of(row)).to_have_text("Waiting for the network")
    assert posts == []
    page.context.set_offline(False)
    assert ended(row)["etag"] == md5(big.read_bytes())


def test_a_browser_that_is_wrong_about_being_offline_uploads_all_the_same(page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'onLine', { get: () => false })")
    page.clock.install()
    page.reload()
    large = PHOTO * 100  # no grant is asked for before its turn
    row = send(page, content=large)
    expect(state_of(row)).to_have_text("Waiting for the network")
    page.clock.run_for(3000)
    assert ended(row)["etag"] == md5(large)


def test_a_grant_that_expired_in_the_queue_is_replaced(page: Page, stack: Stack) -> None:
    posts = posts_to(page, stack.upload)
    stack.fault("clock_offset", seconds=3600)
    assert ended(send(page))["etag"] == md5(PHOTO)
    assert len(posts) == 2


# ---- What does not


def test_an_upload_that_outlives_its_grant_is_too_slow_and_not_repeated(page: Page, stack: Stack) -> None:
    posts = posts_to(page, stack.upload)
    change_grants(page, stack, lambda grant: grant.update(expires_in=0.1))
    stack.fault("stall", after_bytes=50_000, seconds=1)
    stack.fault("clock_offset", seconds=3600)
    row = send(page, content=PHOTO * 20)
    ended(row, "failed")
    expect(row.get_by_test_id("sentence")).to_contain_text("took longer than it was permitted to")
    expect(row.get_by_test_id("code")).to_contain_text("too_slow")
    expect(row.get_by_test_id("retry")).to_be_hidden()
    assert len(posts) == 1


def test_oss_refusing_a_wrong_key_is_told_in_a_sentence(page: Page, stack: Stack) -> None:
    def aim_elsewhere(grant: Any) -> None:
        grant["fields"]["key"] += "x"

    change_grants(page, stack, aim_elsewhere)
    row = send(page)
    ended(row, "failed")
    expect(row.get_by_test_id("sentence")).to_have_text(
        "OSS refused the upload: it does not match what was permitted, or the permission has ended."
    )
    expect(row.get_by_test_id("code")).to_have_text(re.compile(r"^AccessDenied · 403 · EC 0006-0\d+$"))
    expect(row.get_by_test_id("said")).to_contain_text("Policy")
    expect(row.get_by_test_id("request-id")).to_have_text(re.compile("^[0-9A-F]{24}$"))


def test_what_stays_unconfirmed_is_told_in_words(page: Page, stack: Stack) -> None:
    stack.fault("crash", at=stack.callback, requests=100)
    page.clock.install()
    row = send(page)
    fast_forward_until(page, row, "not_confirmed")
    expect(state_of(row)).to_have_text("Stored, not confirmed")
    expect(row.get_by_test_id("retry")).to_have_text("Ask again")
    stack.clear_faults()
    posts = posts_to(page, stack.upload)
    row.get_by_test_id("retry").click()
    assert ended(row)["etag"] == md5(PHOTO)
    assert posts == []


def test_cancelling_in_mid_flight_stops_the_upload_and_it_can_be_tried_again(
    page: Page, stack: Stack
) -> None:
    stack.fault("stall", after_bytes=50_000, seconds=600)
    row = send(page, content=PHOTO * 20)
    expect(row).to_have_attribute("data-state", "sending")
    with page.expect_event("requestfailed", lambda request: request.url == f"{stack.upload}/"):
        row.get_by_test_id("cancel").click()
    ended(row, "aborted")
    expect(choose_button(page)).to_be_visible()  # Uppy has let go of it
    row.get_by_test_id("retry").click()
    assert ended(row)["etag"] == md5(PHOTO * 20)
    expect(page.get_by_test_id("upload")).to_have_count(1)


def test_cancelling_all_stops_those_that_wait_too(page: Page, stack: Stack) -> None:
    stack.fault("stall", after_bytes=1000, seconds=600, requests=10)
    rows = send_all(page, [payload(f"{number}.png") for number in range(8)])
    expect(page.locator("[data-state=sending]")).to_have_count(6)
    page.get_by_test_id("cancel-all").click()
    expect(page.locator("[data-testid=upload][data-state=aborted]")).to_have_count(8)
    expect(rows).to_have_count(8)


def test_what_failed_can_be_tried_again_and_keeps_nothing_from_being_uploaded(
    page: Page, stack: Stack, big: Path
) -> None:
    stack.fault("reset", after_bytes=50_000, requests=100)
    page.clock.install()
    row = send_file(page, big)
    fast_forward_until(page, row, "failed")
    expect(row.get_by_test_id("code")).to_have_text("network")
    stack.clear_faults()
    other = send(page, "other.png")
    ended(other)
    row.get_by_test_id("retry").click()
    assert ended(row)["etag"] == md5(big.read_bytes())
    expect(page.get_by_test_id("upload")).to_have_count(2)


def test_a_file_that_is_chosen_twice_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    for folder, content in (("a", b"one"), ("b", b"two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "photo.png").write_bytes(content)
        os.utime(tmp_path / folder / "photo.png", (1, 1))  # as after unpacking
        choose(page, tmp_path / folder / "photo.png")
    row = page.get_by_test_id("upload")
    ended(row, "refused")
    expect(row.get_by_test_id("sentence")).to_contain_text("among the chosen ones already")


def test_what_may_be_stored_is_not_sent_again_when_it_is_chosen_anew(
    page: Page, stack: Stack, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(PHOTO)
    page.clock.install()
    stack.fault("crash", at=stack.callback, requests=100)
    choose(page, photo)
    start(page)
    rows = page.get_by_test_id("upload")
    fast_forward_until(page, rows.first, "not_confirmed")
    stack.clear_faults()
    posts = posts_to(page, stack.upload)
    choose(page, photo)
    ended(rows.last, "refused")
    expect(rows.last.get_by_test_id("sentence")).to_contain_text("may have arrived already")
    rows.first.get_by_test_id("retry").click()
    assert ended(rows.first)["etag"] == md5(PHOTO)
    assert posts == []


def test_a_refusal_does_not_hide_the_files_that_are_there(page: Page) -> None:
    choose(page, payload())
    choose(page, payload("page.html", b"<p>", "text/html"))
    ended(page.get_by_test_id("upload"), "refused")
    start(page)
    ended(page.get_by_test_id("upload").last)


def test_cancelled_files_are_not_called_failed(page: Page, stack: Stack) -> None:
    stack.fault("stall", after_bytes=1000, seconds=600, requests=10)
    send_all(page, [payload(f"{number}.png") for number in range(3)])
    expect(page.locator("[data-state=sending]")).to_have_count(3)
    page.get_by_test_id("cancel-all").click()
    expect(page.get_by_test_id("announcer")).to_have_text("3 in other states")


def test_a_file_that_changed_after_it_was_chosen_is_told_as_that(page: Page, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(PHOTO)
    choose(page, photo)
    photo.write_bytes(PHOTO * 2)
    start(page)
    row = page.get_by_test_id("upload")
    ended(row, "failed")
    expect(row.get_by_test_id("sentence")).to_have_text(
        "The file has changed or is gone since you chose it. Choose it again."
    )


def change_when_confirmed(page: Page, stack: Stack, photo: Path, **more: str) -> None:
    """Write a photo that changes when the page asks whether it is stored; the answer has `more`."""
    photo.write_bytes(PHOTO)
    stack.fault("callback_down")

    def change(route: Route) -> None:
        photo.write_bytes(PHOTO * 2)
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), **more})

    page.route(f"{stack.callback}/confirm", change)


def test_a_file_that_changes_before_an_answer_without_its_checksum_is_told_as_that_and_not_sent_again(
    page: Page, stack: Stack, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    change_when_confirmed(page, stack, photo, crc64="")
    posts = posts_to(page, stack.upload)
    row = send_file(page, photo)
    ended(row, "failed")
    expect(row.get_by_test_id("sentence")).to_have_text(
        "The file was changed, moved or deleted while it was sent, so the stored copy may be a mixture. "
        "Choose it again."
    )
    expect(row.get_by_test_id("code")).to_have_text("unreadable · 200")
    expect(row.get_by_test_id("retry")).to_be_hidden()
    assert len(posts) == 1


def test_a_file_that_changes_once_it_was_sent_is_done_as_it_was(
    page: Page, stack: Stack, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    change_when_confirmed(page, stack, photo)
    row = send_file(page, photo)
    ended(row, "done")
    assert stack.stored(row.get_by_test_id("fact-key").inner_text()).content == PHOTO


def test_an_odd_answer_of_a_hook_is_only_text(page: Page, stack: Stack) -> None:
    ids: list[str] = []
    change_grants(page, stack, lambda grant: ids.append(grant["id"]))
    odd = '"key": {"toString": 1}, "<b>": "<img src=x onerror=alert(1)>", "deep": ' + "[" * 5000 + "]" * 5000

    def answer(route: Route) -> None:
        body = f'{{"Status": "OK", "id": "{ids[-1]}", {odd}}}'
        route.fulfill(body=body, headers={"Access-Control-Allow-Origin": "*"})

    page.route(f"{stack.upload}/", answer)
    row = send(page)
    expect(row).to_have_attribute("data-state", "done")
    expect(row.get_by_test_id("fact-key")).to_contain_text('"toString": 1')
    page.unroute_all()
    ended(send(page, "other.png"))
    expect(page.get_by_test_id("tally")).to_have_text("All uploaded")


# ---- Around the page


def test_speaks_chinese_when_the_browser_does(browser: Browser, stack: Stack) -> None:
    page = open_page(browser, stack.site, locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    row = send(page)
    ended(row)
    expect(state_of(row)).to_contain_text("已完成")
    expect(page.get_by_test_id("tally")).to_have_text("全部上传完成")
    page.context.close()


def test_the_language_can_be_switched_and_is_remembered(page: Page) -> None:
    row = send(page)
    ended(row)
    page.get_by_test_id("language-zh").click()
    expect(state_of(row)).to_contain_text("已完成")
    expect(page.get_by_test_id("tally")).to_have_text("全部上传完成")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_test_id("language-en").click()
    expect(page.get_by_role("button", name="choose files")).to_be_visible()


def test_leaving_the_page_warns_while_it_is_busy_and_only_then(page: Page, stack: Stack) -> None:
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    choose(page, payload())  # chosen, but nothing is on its way
    page.reload()
    assert asked == []
    stack.fault("stall", after_bytes=1000, seconds=600)
    row = send(page)
    expect(row).to_have_attribute("data-state", "sending")
    page.evaluate("() => { setTimeout(() => location.reload(), 0) }")
    expect_soon(page, asked)
    assert asked == ["beforeunload"]
    expect(row).to_have_attribute("data-state", "sending")
    row.get_by_test_id("cancel").click()
    ended(row, "aborted")
    page.reload()
    assert asked == ["beforeunload"]


def expect_soon(page: Page, heard: list[str]) -> None:
    """Wait until the browser has reported an event."""
    for _ in range(200):
        if heard:
            return
        page.evaluate("() => new Promise((resolve) => { setTimeout(resolve, 20) })")


def test_may_speak_to_its_own_addresses_and_to_nobody_else(browser: Browser, stack: Stack) -> None:
    page = open_page(browser, stack.site)
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content") or ""
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["connect-src"] == f"'self' {stack.token} {stack.callback} {stack.upload}"
    assert directives["default-src"] == "'none'"
    assert (directives["script-src"], directives["style-src"]) == ("'self'", "'self'")
    refused = page.evaluate(
        """async (address) => {
            const heard = new Promise((resolve) => {
                document.addEventListener('securitypolicyviolation', resolve);
            });
            await fetch(address).catch(() => {});
            return (await heard).effectiveDirective;
        }""",
        stack.site.replace("127.0.0.1", "localhost"),
    )
    assert refused == "connect-src"
    page.context.close()


def test_loads_nothing_from_anywhere_else(browser: Browser, stack: Stack) -> None:
    page = open_page(browser, stack.site)
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.reload()
    expect(choose_button(page)).to_be_visible()
    assert {f"http://{host}" for host in hosts} == {stack.site, stack.token}
    html = page.request.get(f"{stack.site}/").text()
    assert not re.search(r"<style|<script(?![^>]* src=)|\son\w+=|\sstyle=|https?://(?!127\.0\.0\.1)", html)
    page.context.close()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("config.json", "This page does not know where to upload"),
        ("limits", "The upload service cannot be reached"),
    ],
)
def test_says_what_is_missing_and_can_be_asked_again(
    address: str, words: str, browser: Browser, stack: Stack
) -> None:
    page = browser.new_context(locale="en-US").new_page()
    without_config(page)
    page.route(f"**/{address}", lambda route: route.abort())
    page.goto(f"{stack.site}/")
    expect(page.get_by_test_id("trouble")).to_contain_text(words)
    expect(page.get_by_test_id("dashboard")).to_be_hidden()
    page.unroute(f"**/{address}")
    page.get_by_test_id("trouble-retry").click()
    expect(choose_button(page)).to_be_visible()
    expect(page.get_by_test_id("trouble")).to_be_hidden()
    page.context.close()


def test_a_page_that_is_not_there_is_told_in_both_languages(browser: Browser, stack: Stack) -> None:
    page = browser.new_context().new_page()
    answer = page.goto(f"{stack.site}/no/such/page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_text("此处没有内容")).to_be_visible()
    assert page.evaluate("() => getComputedStyle(document.querySelector('main')).display") == "grid"
    page.get_by_role("link", name="the upload page").click()
    expect(choose_button(page)).to_be_visible()
    page.context.close()
