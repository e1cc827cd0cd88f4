"""The page in Chromium: bytes, requests, and the time until files can be chosen, beside other uploaders'."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser

from bench.harness import HERE, PEERS, REPOSITORY, sizes_by
from tests.support.browser import launch_chromium
from tests.support.stack import Stack

LOADS = 10
BUILT, LIBRARY, INSTALLED = REPOSITORY / "client/dist", REPOSITORY / "client/lib", HERE / "node_modules"
# runs before the scripts of the page; `usable` is the time of the first frame that shows the element
WATCH = """(selector) => {
  const look = () => {
    if (document.querySelector(selector)) window.usable = performance.now();
    else requestAnimationFrame(look);
  };
  look();
}"""


class Visited(NamedTuple):
    """A page below the site, the files it needs, and what is there once files can be chosen."""

    address: str
    files: tuple[Path, ...]
    selector: str


def visited() -> dict[str, Visited]:
    """Return the pages, ours first."""
    plupload, uppy = INSTALLED / "plupload/js", INSTALLED / "uppy/dist"
    return {
        "this page": Visited(
            "", tuple(sorted((BUILT / "assets").glob("*.[jc]s*"))), "button.uppy-Dashboard-browse"
        ),
        "plupload 2": Visited("peers/plupload.html", (plupload / "plupload.full.min.js",), ".moxie-shim"),
        "Uppy, the whole bundle": Visited(
            "peers/uppy.html", (uppy / "uppy.min.js", uppy / "uppy.min.css"), "button.uppy-Dashboard-browse"
        ),
    }


def gzipped(files: Iterable[Path]) -> int:
    """Return how many bytes the files have, each gzip."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def by_module() -> dict[str, int]:
    """Return the bytes of each module of the page's script, minified and gzip by itself."""
    return sizes_by("modules.mjs")


def load(browser: Browser, site: str, page: Visited) -> dict[str, float]:
    """Open a page that nothing is cached of; return its requests and when it was usable."""
    with browser.new_context(locale="en-US") as context:
        context.add_init_script(f"({WATCH})({json.dumps(page.selector)})")
        tab, asked = context.new_page(), []
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(f"{site}/{page.address}")
        tab.wait_for_selector(page.selector, state="attached")
        usable: float = tab.evaluate("window.usable")
        tab.wait_for_load_state("networkidle")
        return {"milliseconds": usable, "requests": len(asked)}


def put_peers(site: Path) -> None:
    """Put the other pages beside ours."""
    folder = site / "peers"
    folder.mkdir()
    for page in visited().values():
        if page.address:
            for file in (*page.files, PEERS / page.address.removeprefix("peers/")):
                shutil.copy(file, folder)


def measure(folder: Path) -> dict[str, Any]:
    """Return sizes, requests and the milliseconds until files can be chosen; the pages take turns."""
    pages = visited()
    loads: Mapping[str, list[dict[str, float]]] = {name: [] for name in pages}
    stack = Stack(folder)
    try:
        put_peers(stack.state / "site")
        with launch_chromium() as browser:
            for _ in range(LOADS):
                for name, page in pages.items():
                    loads[name].append(load(browser, stack.site, page))
    finally:
        stack.end()
    return {
        "page": {
            name: {
                "bytes_gzip": gzipped(page.files),
                "requests": loads[name][0]["requests"],
                "milliseconds": [one["milliseconds"] for one in loads[name]],
            }
            for name, page in pages.items()
        },
        "library_bytes_gzip": {file.name: gzipped([file]) for file in sorted(LIBRARY.glob("*.js"))},
        "module_bytes_gzip": by_module(),
    }
