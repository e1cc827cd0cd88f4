"""The documents' snippets for a page of your own, in a browser: `upload.js` in ten lines, Uppy in five."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests.support.readme import blocks, both
from tests.support.stack import REPOSITORY, Stack

CLIENT = REPOSITORY / "client"
TOKEN_URL = "https://token-abcdefgh.cn-hangzhou.fcapp.run/"
FILE = FilePayload(name="hello.txt", mimeType="text/plain", buffer=b"hello")
ETAG = "5D41402ABC4B2A76B9719D911017C592"


def snippet(readme: str, import_of: str, stack: Stack) -> str:
    (block,) = [one for one in blocks(readme, "js") if import_of in one]
    assert block.count(TOKEN_URL) == 1
    return block.replace(TOKEN_URL, f"{stack.token}/")


@pytest.mark.parametrize("made", ["src/lib", "lib"])
@pytest.mark.parametrize("readme", both("your-own-page"))
def test_ten_lines_upload_from_a_page_of_ones_own(
    readme: str, made: str, browser: Browser, stack: Stack
) -> None:
    site = stack.state / "site"
    for file in (CLIENT / made).glob("*.js") if made == "src/lib" else [CLIENT / made / "upload.js"]:
        shutil.copy(file, site)
    (site / "page.js").write_text(snippet(readme, "import { uploadFile }", stack))
    (html,) = blocks(readme, "html")
    (site / "own.html").write_text(html)
    page = browser.new_context().new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{stack.site}/own.html")
    with page.expect_console_message(lambda message: ETAG in message.text):
        page.locator("input").set_input_files(FILE)
    page.context.close()
    assert re.fullmatch(rf"uploads/_/\S+\.txt 5 {ETAG}", said[-1])
    assert any("state: sending" in one for one in said)


@pytest.mark.parametrize("made", ["src/lib", "lib"])
@pytest.mark.parametrize("readme", both("your-own-page"))
def test_five_lines_upload_from_an_uppy_of_ones_own(
    readme: str, made: str, browser: Browser, stack: Stack, tmp_path: Path
) -> None:
    """The snippet is built as in a project of your own, with Uppy from npm."""
    for file in (CLIENT / made).glob("*.js"):
        shutil.copy(file, tmp_path)
    (tmp_path / "node_modules").symlink_to(CLIENT / "node_modules")
    (tmp_path / "own.js").write_text(f"{snippet(readme, 'OssUpload', stack)}\nwindow.uppy = uppy;\n")
    (tmp_path / "index.html").write_text("<div id=uppy></div><script type=module src=./own.js></script>")
    out = stack.state / "site" / "own"
    vite = [str(CLIENT / "node_modules" / ".bin" / "vite"), "build", "--base", "./"]
    vite += ["--outDir", str(out), "--emptyOutDir"]
    subprocess.run(vite, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    page = browser.new_context(locale="en-US").new_page()
    page.goto(f"{stack.site}/own/index.html")
    page.locator("input[type=file]").first.set_input_files(FILE)
    page.get_by_role("button", name="Upload 1 file").click()
    expect(page.get_by_role("status")).to_contain_text("Complete")
    body = json.loads(page.evaluate("() => JSON.stringify(uppy.getFiles()[0].response.body)"))
    page.context.close()
    assert (body["Status"], body["etag"], body["name"]) == ("OK", ETAG, "hello.txt")
