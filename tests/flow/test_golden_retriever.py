"""Uppy's Golden Retriever brings a file back after a reload, and uppy-oss.js goes on with its upload."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.environment import clean_environment
from tests.support.page.actions import large_file
from tests.support.stack import REPOSITORY, Stack, md5

CLIENT = REPOSITORY / "client"
SOURCES = REPOSITORY / "tests" / "flow" / "pages" / "golden-retriever"
LAST_PART = "**/*partNumber=4*"
# whether Golden Retriever keeps these bytes, and resume.js remembers so many parts as sent
KEPT = """async ([bytes, parts]) => {
    const all = async (name, store) => {
        const answered = (request) => new Promise((resolve) => {
            request.onsuccess = () => resolve(request.result);
        });
        const database = await answered(indexedDB.open(name));
        const stores = [...database.objectStoreNames];
        const found = stores.includes(store)
            ? await answered(database.transaction(store).objectStore(store).getAll())
            : [];
        database.close();
        return found;
    };
    const [file] = await all('uppy-blobs', 'files');
    const [upload] = await all('oss-direct-upload', 'uploads');
    return file?.data.size === bytes && Object.keys(upload?.sent ?? {}).length === parts;
}"""

# a page that was reloaded may hold its locks a moment longer
UNLOCKED = "async () => (await navigator.locks.query()).held.length === 0"


@pytest.fixture
def address(stack: Stack, tmp_path: Path) -> str:
    """The page, built with the real packages."""
    folder = tmp_path / "page"
    shutil.copytree(SOURCES, folder)
    shutil.copytree(CLIENT / "lib", folder / "library")
    (folder / "node_modules").symlink_to(CLIENT / "node_modules")
    made = stack.state / "site" / "golden-retriever"
    built = subprocess.run(
        ("node", CLIENT / "node_modules/vite/bin/vite.js", "build", "--base", "./", "--outDir", made),
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert built.returncode == 0, built.stdout
    return f"{stack.site}/golden-retriever/index.html?token={stack.token}/"


def wait_until(page: Page, condition: str, arg: object = None) -> None:
    for _ in range(1000):
        if page.evaluate(condition, arg):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never: {condition}")


def parts_of(page: Page) -> list[int]:
    """Return a list to which the number of every part is appended that the page sends from now on."""
    numbers: list[int] = []

    def note(url: str) -> None:
        if found := re.search(r"partNumber=(\d+)", url):
            numbers.append(int(found[1]))

    page.on("request", lambda request: note(request.url) if request.method == "PUT" else None)
    return numbers


def test_a_file_that_it_brings_back_goes_on_where_it_was(
    browser: Browser, stack: Stack, address: str, tmp_path: Path
) -> None:
    film = large_file(tmp_path, 40)  # four parts
    page = browser.new_context().new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.route(LAST_PART, lambda _: None)
    page.goto(address)
    page.locator("input").set_input_files(film)
    wait_until(page, KEPT, [film.stat().st_size, 3])
    page.reload()
    page.unroute_all(behavior="ignoreErrors")  # not before: then the part would go on
    wait_until(page, UNLOCKED)
    numbers = parts_of(page)
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("output")).not_to_be_empty(timeout=60_000)
    answer = json.loads(page.locator("output").inner_text())
    assert md5(stack.stored(answer["key"]).content) == md5(film.read_bytes())
    assert numbers == [4]
    page.context.close()
    assert faults == []
