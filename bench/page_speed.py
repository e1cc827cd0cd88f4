"""The page on a long line, with many small files, and with a large one, beside what a bare script takes.

Every number is raw milliseconds. Ours and the floor are measured in turns, in one run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser

from bench.line import Line, Quality
from bench.page import BUILT, WATCH
from bench.slow_line import SlowLine, slow_lines
from local.website import Page as Addresses
from local.website import write_page
from tests.support.browser import launch_chromium
from tests.support.engines import OTHERS, Tab, chromium
from tests.support.stack import Stack

LINE_ROUNDS, SPEED_ROUNDS, LINE_SPEED_ROUNDS = 5, 3, 7
PATIENCE = 300_000  # milliseconds
THINKING_MS = 1_500  # between choosing files and the click on Upload, as a person takes at least
SMALL_FILES, SMALL_BYTES, LARGE_BYTES = 500, 4096, 200 * 1024**2
GIGABIT = 125_000_000  # bytes a second
INPUT, START = ".uppy-Dashboard-input", ".uppy-StatusBar-actionBtn--upload"

# clicks, and resolves with the times of click and end, in milliseconds since 1970.
# A look at many rows takes the page's time, so it looks at them less often.
CLICK = """([selector, count]) => new Promise((resolve) => {
  const now = () => performance.timeOrigin + performance.now();
  const isOver = () => document.querySelectorAll('[data-testid=upload][data-state=done]').length >= count;
  const pause = Math.max(5, count / 10);
  const look = () => (isOver() ? resolve({ clicked, ended: now() }) : setTimeout(look, pause));
  const clicked = now();
  document.querySelector(selector).click();
  look();
})"""
# the floor: for each chosen file a grant and a form, so many at the same time, and nothing else
BARE = """<!doctype html>
<meta charset="utf-8"><title>floor</title>
<input type="file" multiple class="uppy-Dashboard-input">
<script>
async function send(tokenUrl, file) {
  const { name, size, type } = file;
  const asked = await fetch(`${tokenUrl}/?${new URLSearchParams({ name, size, type })}`);
  const { url, fields } = await asked.json();
  const form = new FormData();
  for (const field of Object.entries(fields)) form.append(...field);
  form.append('file', file, 'file');
  const status = await new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.onloadend = () => resolve(xhr.status);
    xhr.open('POST', url);
    xhr.send(form);
  });
  if (status !== 200) throw new Error(`answered ${status}`);
}
async function sendAll(tokenUrl, atOnce) {
  const files = [...document.querySelector('input').files];
  const began = performance.now();
  const work = async () => {
    for (let file; (file = files.pop());) await send(tokenUrl, file);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return performance.now() - began;
}
</script>"""
READY = """(selector) => new Promise((resolve) => {
  const look = () => (document.querySelector(selector) ? resolve(true) : setTimeout(look, 10));
  look();
})"""


class Visit(NamedTuple):
    """What a visit took, in milliseconds."""

    usable: float
    first_byte: float
    done: float


def visit(browser: Browser, site: str, upload: SlowLine, files: Sequence[Path]) -> Visit:
    """Open the page with nothing cached, choose the files, and upload them."""
    with browser.new_context(locale="en-US") as context:
        context.add_init_script(f"({WATCH})('button.uppy-Dashboard-browse')")
        tab = context.new_page()
        tab.goto(f"{site}/")
        tab.wait_for_selector("button.uppy-Dashboard-browse")
        usable: float = tab.evaluate("window.usable")
        tab.locator(INPUT).first.set_input_files(files)
        tab.wait_for_selector(f"{START}:not([disabled])")
        tab.wait_for_timeout(THINKING_MS)
        upload.posts.clear()
        times = tab.evaluate(CLICK, [START, len(files)])
        return Visit(usable, upload.posts[0] * 1000 - times["clicked"], times["ended"] - times["clicked"])


def on_a_long_line(folder: Path) -> dict[str, list[float]]:
    """Return the milliseconds of each step of a visit behind 150 ms, with one small file and with ten."""
    files = small_files(folder / "files", 10, 10_000)
    with slow_lines(3) as (site, token, upload):
        stack = Stack(folder / "stack", UPLOAD_HOST=upload.url, ALLOWED_ORIGINS=site.url)
        try:
            for line, address in ((site, stack.site), (token, stack.token), (upload, stack.upload)):
                line.target = int(address.rpartition(":")[2])
            write_page(BUILT, stack.state / "site", Addresses(token.url, stack.callback, upload.url))
            with launch_chromium() as browser:
                visits = [
                    [visit(browser, site.url, upload, files[:count]) for count in (1, 10)]
                    for _ in range(LINE_ROUNDS)
                ]
        finally:
            stack.end()
    return {
        "navigation to usable": [one.usable for one, _ in visits],
        "click to the first byte of a form": [one.first_byte for one, _ in visits],
        "click to done, one file": [one.done for one, _ in visits],
        "click to done, ten files": [ten.done for _, ten in visits],
    }


def small_files(folder: Path, count: int, size: int) -> list[Path]:
    """Write files of random-looking bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number}.txt" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(number.to_bytes(4, "big") * (size // 4))
    return paths


def by_page(tab: Tab, stack: Stack, files: Sequence[Path]) -> float:
    """Return how long the page takes from the click on."""
    tab.open(f"{stack.site}/")
    tab.run(READY, INPUT)
    tab.choose(INPUT, files)
    tab.run(READY, f"{START}:not([disabled])")
    times = tab.run(f"(...all) => ({CLICK})(all)", START, len(files))
    return float(times["ended"] - times["clicked"])


def by_bare_script(tab: Tab, stack: Stack, files: Sequence[Path]) -> float:
    """Return how long a bare loop takes, three files at a time."""
    tab.open(f"{stack.site}/bare.html")
    tab.choose("input", files)
    return float(tab.run("(token) => sendAll(token, 3)", stack.token))


def in_engine(tab: Tab, stack: Stack, work: Mapping[str, Sequence[Path]], rounds: int) -> dict[str, Any]:
    """Return the milliseconds of the page and of the bare script, in turns: who begins alternates."""
    measured = {"page": by_page, "floor": by_bare_script}
    turns = (list(measured), list(measured)[::-1])
    return {
        name: [
            {one: measured[one](tab, stack, files) for one in names} for names in islice(cycle(turns), rounds)
        ]
        for name, files in work.items()
    }


@contextmanager
def site_with_floor(folder: Path, line: Line | None = None) -> Iterator[Stack]:
    """Serve the page and the bare script; forms go to OSS through `line`, if there is one."""
    stack = Stack(folder, MULTIPART_BYTES="0", **({"UPLOAD_HOST": line.url} if line else {}))
    try:
        if line:
            line.target = int(stack.upload.rpartition(":")[2])
            addresses = Addresses(stack.token, stack.callback, line.url)
            write_page(BUILT, stack.state / "site", addresses)
        (stack.state / "site" / "bare.html").write_text(BARE, encoding="utf-8")
        yield stack
    finally:
        stack.end()


def in_engines(folder: Path, engines: Sequence[str] = ("chromium", *OTHERS)) -> dict[str, Any]:
    """Return what many small files and a large one take in each engine."""
    folder.mkdir(parents=True, exist_ok=True)
    large = folder / "large.bin"
    with large.open("wb") as file:
        file.truncate(LARGE_BYTES)
    small = small_files(folder / "files", SMALL_FILES, SMALL_BYTES)
    line = Line(0, Quality(bytes_per_second=GIGABIT))
    with (
        line.listening(),
        site_with_floor(folder / "loopback") as direct,
        site_with_floor(folder / "line", line) as behind,
        launch_chromium() as browser,
    ):
        found = {}
        for engine in engines:
            with OTHERS.get(engine, partial(chromium, browser))() as tab:
                on_loopback = {f"{SMALL_FILES} files": small, "200 MiB": [large]}
                found[engine] = {
                    **in_engine(tab, direct, on_loopback, SPEED_ROUNDS),
                    **in_engine(tab, behind, {"200 MiB at 1 Gbit/s": [large]}, LINE_SPEED_ROUNDS),
                }
    return found


def measure(folder: Path) -> dict[str, Any]:
    """Return everything: milliseconds behind 150 ms, and of page and floor in each engine."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "page_on_a_long_line": on_a_long_line(folder / "line"),
        "page_in_engines": in_engines(folder / "engines"),
    }
