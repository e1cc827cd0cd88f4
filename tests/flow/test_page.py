"""A file chosen in a real browser reaches the stand-in, and the page shows what the callback answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Request, expect
from stack import Stack, md5

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400
PATIENCE = 60_000  # milliseconds until a test gives up; none waits this long when all is well


def choose(page: Page, name: str = "photo.png", content: bytes = PHOTO, kind: str = "image/png") -> Locator:
    page.get_by_test_id("files").set_input_files(FilePayload(name=name, mimeType=kind, buffer=content))
    return page.get_by_test_id("upload").last


def ended(row: Locator, state: str = "done") -> Any:
    """Wait until the row is in its last state; return the callback's answer if it shows one."""
    expect(row).to_have_attribute("data-state", state, timeout=PATIENCE)
    return json.loads(row.get_by_test_id("answer").text_content() or "null")


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
    answer = ended(choose(page, name, content, kind))
    assert answer == {
        "Status": "OK",
        "id": answer["id"],
        "key": answer["key"],
        "size": len(content),
        "etag": md5(content),
        "type": kind or "application/octet-stream",
        "name": name,
    }
    assert stack.stored(answer["key"]).content == content


def test_shows_the_progress_of_a_large_file(page: Page, tmp_path: Path) -> None:
    piece = bytes(range(256)) * 4096  # 1 MiB
    large = tmp_path / "large.zip"
    with large.open("wb") as file:
        for _ in range(300):
            file.write(piece)
    page.get_by_test_id("files").set_input_files(large)
    page.wait_for_function(
        "() => { const bar = document.querySelector('[data-state=sending] [data-testid=progress]');"
        " return bar && bar.value > 0 && bar.value < bar.max }",
        timeout=PATIENCE,
    )
    answer = ended(page.get_by_test_id("upload").last)
    assert answer["size"] == 300 * len(piece)
    assert answer["etag"] == md5(large.read_bytes())


@pytest.mark.parametrize(
    "fault", ["callback_down", "callback_slow", "callback_refused", "callback_crashed", "answer_lost"]
)
def test_heals_itself_when_the_answer_goes_missing(fault: str, page: Page, stack: Stack) -> None:
    """OSS answered 203, or a bare 200 of a crash, or nothing: the page confirms and sends nothing again."""
    posts = count_posts(page, stack.upload)
    stack.fault(fault)
    answer = ended(choose(page))
    assert answer["etag"] == md5(PHOTO)
    assert len(posts) == 1


def test_a_function_that_dies_in_mid_request_is_not_taken_for_done(page: Page, stack: Stack) -> None:
    """Function Compute answers for it with 200; OSS takes that for success; the page does not."""
    confirms = count_posts(page, stack.callback)
    stack.fault("crash", at=stack.callback)
    answer = ended(choose(page))
    assert answer["etag"] == md5(PHOTO)
    assert len(confirms) >= 1


def test_an_object_that_is_missing_is_sent_again(page: Page, stack: Stack) -> None:
    posts = count_posts(page, stack.upload)
    before = len(stack.callback_codes(0))
    stack.fault("object_missing", requests=2)  # the callback's HEAD and the confirm's
    answer = ended(choose(page))
    assert answer["etag"] == md5(PHOTO)
    assert len(posts) == 2
    assert stack.callback_codes(before + 3)[before:].count("not_stored") == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "throttle"},
        # Chromium itself sends once more on a connection that had been used, here by the preflight
        {"name": "reset", "after_bytes": 50_000, "requests": 2},
    ],
)
def test_what_cannot_be_stored_is_sent_again(fault: dict[str, Any], page: Page, stack: Stack) -> None:
    posts = count_posts(page, stack.upload)
    stack.fault(**fault)
    assert ended(choose(page))["etag"] == md5(PHOTO)
    assert len(posts) == 2


def test_what_stays_unconfirmed_is_told_in_words(page: Page, stack: Stack) -> None:
    stack.fault("crash", at=stack.callback, requests=100)
    row = choose(page)
    ended(row, "not_confirmed")
    stack.clear_faults()
    posts = count_posts(page, stack.upload)
    row.get_by_test_id("retry").click()
    assert ended(row)["etag"] == md5(PHOTO)
    assert posts == []


def test_refuses_a_type_before_sending_it(page: Page, stack: Stack) -> None:
    posts = count_posts(page, stack.upload)
    ended(choose(page, "page.html", b"<script>", "text/html"), "refused")
    assert posts == []


def test_several_files_end_well_together(page: Page) -> None:
    contents = [bytes([number]) * 1000 for number in range(8)]
    page.get_by_test_id("files").set_input_files(
        [
            FilePayload(name=f"{number}.png", mimeType="image/png", buffer=one)
            for number, one in enumerate(contents)
        ]
    )
    rows = page.get_by_test_id("upload")
    expect(rows).to_have_count(8)
    assert {ended(rows.nth(number))["etag"] for number in range(8)} == set(map(md5, contents))


def test_speaks_chinese(page: Page) -> None:
    page.get_by_test_id("language-zh").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    row = choose(page)
    ended(row)
    assert "完成" in (row.get_by_test_id("state").text_content() or "")


def count_posts(page: Page, address: str) -> list[str]:
    posts: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.startswith(address):
            posts.append(request.url)

    page.on("request", note)
    return posts
