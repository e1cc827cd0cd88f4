"""Many small files by other uploaders, in each engine: what stands beside the page in `page_speed.py`.

plupload and Uppy send forms with grants of the same token function; ali-oss signs in the browser.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.harness import HERE, PEERS
from bench.large_files import ALI_OSS
from tests.support.browser import launch_chromium
from tests.support.engines import OTHERS, chromium
from tests.support.stack import Stack

ROUNDS, FILES, BYTES = 2, 50, 4096
NAMES = ("plupload 2", "Uppy, XHR", "ali-oss put")
SCRIPTS = (
    "plupload/js/plupload.full.min.js",
    "uppy/dist/uppy.min.js",
    "ali-oss/dist/aliyun-oss-sdk.min.js",
)


def small_files(folder: Path) -> list[Path]:
    """Write files that differ."""
    folder.mkdir(parents=True)
    paths = [folder / f"{number}.txt" for number in range(FILES)]
    for number, path in enumerate(paths):
        path.write_bytes(number.to_bytes(4, "big") * (BYTES // 4))
    return paths


def put_pages(site: Path) -> None:
    """Put the page and its scripts into a folder of the site."""
    folder = site / "many"
    folder.mkdir()
    for file in (PEERS / "many.html", *(HERE / "node_modules" / name for name in SCRIPTS)):
        shutil.copy(file, folder)


def measure(
    folder: Path, engines: Sequence[str] = ("chromium", *OTHERS)
) -> dict[str, dict[str, list[float]]]:
    """Return the milliseconds per file of each uploader in each engine; they take turns."""
    files = small_files(folder / "files")
    stack = Stack(folder / "stack")
    options = {"token": stack.token, "endpoint": stack.upload, "credentials": ALI_OSS}
    found: dict[str, dict[str, list[float]]] = {}
    try:
        put_pages(stack.state / "site")
        with launch_chromium() as browser:
            for engine in engines:
                found[engine] = {name: [] for name in NAMES}
                with OTHERS.get(engine, partial(chromium, browser))() as tab:
                    for name in NAMES * ROUNDS:
                        tab.open(f"{stack.site}/many/many.html")
                        tab.choose("input", files)
                        took = tab.run("(name, options) => sendAll(name, options)", name, options)
                        found[engine][name].append(took / FILES)
    finally:
        stack.end()
    return found
