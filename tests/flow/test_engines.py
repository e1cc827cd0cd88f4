"""What everybody does on the page, in each browser engine: Chromium, Firefox and WebKit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import PATIENCE
from tests.support.engines import Tab
from tests.support.page.actions import PHOTO, large_file
from tests.support.page.engine_page import EnginePage, state
from tests.support.stack import Stack, md5


@pytest.fixture
def page(tab: Tab, stack: Stack) -> Iterator[EnginePage]:
    """A fresh page; an error in it, or a refusal by its security policy, fails the test."""
    page = EnginePage(tab, stack)
    yield page
    assert tab.run("() => window.wrong") == []


def test_three_files_arrive(page: EnginePage, stack: Stack, tmp_path: Path) -> None:
    contents = {"photo.png": PHOTO, "会议纪要 (1) é.txt": b"hello", "empty.csv": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    page.send(*map(tmp_path.joinpath, contents))
    answers = page.ended(3)
    assert {answer["name"]: answer["etag"] for answer in answers} == {
        name: md5(content) for name, content in contents.items()
    }
    for answer in answers:
        assert stack.stored(answer["key"]).content == contents[answer["name"]]


def test_a_broken_connection_is_healed(page: EnginePage, stack: Stack, tmp_path: Path) -> None:
    stack.fault("reset", after_bytes=50_000)
    large = large_file(tmp_path, 20)
    page.send(large)
    assert [answer["etag"] for answer in page.ended()] == [md5(large.read_bytes())]
    assert stack.pending_faults() == []


def test_a_lost_answer_is_asked_for(page: EnginePage, stack: Stack, tmp_path: Path) -> None:
    stack.fault("callback_down")
    (tmp_path / "photo.png").write_bytes(PHOTO)
    page.send(tmp_path / "photo.png")
    assert [answer["etag"] for answer in page.ended()] == [md5(PHOTO)]
    assert stack.pending_faults() == []


# keeps the parts from the fourth on from leaving
HOLD = """() => {
    const send = XMLHttpRequest.prototype.send;
    const open = XMLHttpRequest.prototype.open;
    window.numbers = [];
    XMLHttpRequest.prototype.open = function (method, url, ...more) {
        this.number = Number(new URL(url, location).searchParams.get('partNumber'));
        if (this.number) numbers.push(this.number);
        return open.call(this, method, url, ...more);
    };
    XMLHttpRequest.prototype.send = function (body) {
        if (!window.holding || this.number < 4) send.call(this, body);
    };
}"""

# a part is kept once it was compared with the file, which may be later than its answer
KEPT = """async (count, patience) => {
    const answered = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const ends = performance.now() + patience;
    for (let kept = 0; kept < count;) {
        if (performance.now() > ends) throw new Error(`${kept} parts are kept`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        const databases = await indexedDB.databases(); // opening one that the page has not made would make it
        if (!databases.some(({ name }) => name === 'oss-direct-upload')) continue;
        const database = await answered(indexedDB.open('oss-direct-upload'));
        if (database.objectStoreNames.contains('uploads')) {
            const [record] = await answered(database.transaction('uploads').objectStore('uploads').getAll());
            kept = Object.keys(record?.sent ?? {}).length;
        }
        database.close();
    }
}"""


def test_a_large_file_is_paused_and_goes_on_after_a_reload(page: EnginePage, tmp_path: Path) -> None:
    film = large_file(tmp_path, 40)  # four parts
    page.tab.run(HOLD)
    page.tab.run("() => { window.holding = true; }")
    page.send(film)
    page.tab.run(KEPT, 3, PATIENCE)
    page.tab.click("[data-testid=pause]")
    page.texts(f"{state('paused')} progress[value='0.75']")
    page.tab.click("[data-testid=pause]")
    page.texts(state("sending"))
    page.open()
    assert page.texts(f"{state('unfinished')} [data-testid=state]") == ["Not finished · 75% · 30 MB of 40 MB"]
    page.tab.run(HOLD)
    page.send(film)
    assert [answer["size"] for answer in page.ended()] == [40 * 1024**2]
    assert page.tab.run("() => numbers") == [4]


def test_a_cancelled_upload_stops_and_can_be_tried_again(
    page: EnginePage, stack: Stack, tmp_path: Path
) -> None:
    stack.fault("stall", after_bytes=1000, seconds=600)
    large = large_file(tmp_path, 20)
    page.send(large)
    page.texts(state("sending"))
    page.tab.click("[data-testid=cancel]")
    page.texts(state("aborted"))
    page.tab.click("[data-testid=retry]")
    assert [answer["etag"] for answer in page.ended()] == [md5(large.read_bytes())]


def test_the_page_speaks_both_languages(page: EnginePage, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(PHOTO)
    page.send(tmp_path / "photo.png")
    page.ended()
    for language, heading, tally in (
        ("zh", "上传文件", "全部上传完成"),
        ("en", "Upload files", "All uploaded"),
    ):
        page.tab.click(f"[data-testid=language-{language}]")
        assert page.texts(f"html:lang({language}) h1, html:lang({language}) #tally", 2) == [heading, tally]
