"""A page stays responsive while upload.js reads a large file for its checksum."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.stack import REPOSITORY, Stack

MIBS = 256
# a network of the test's own, which answers at once, with a checksum: so the whole file is read
NETWORK = """() => {
    const grant = { id: 'a', url: '/', fields: {}, expires_in: 300, ticket: 't', confirm: '/' };
    const json = (body) => ({ status: 200, headers: {}, body: JSON.stringify(body) });
    window.transport = {
        postJson: async () => json({ uploads: [grant] }),
        postForm: async () => json({ Status: 'OK', id: 'a', crc64: '1' }),
    };
}"""
# uploads a file; meanwhile other tasks of the page take turns
HASH = """async (mebibytes) => {
    const { uploadFile } = await import('./upload.js');
    const piece = new Blob([new Uint8Array(2 ** 20)]);
    const file = new File(Array(mebibytes).fill(piece), 'large.bin');
    const atOnce = [0]; // bytes that were hashed in one task
    let tasks = 0;
    let last = 0;
    const { slice } = ArrayBuffer.prototype;
    ArrayBuffer.prototype.slice = function (...range) {
        const piece = slice.apply(this, range);
        if (tasks > last) atOnce.push(0);
        last = tasks;
        atOnce[atOnce.length - 1] += piece.byteLength;
        return piece;
    };
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
        tasks += 1;
        port2.postMessage(null);
    };
    port2.postMessage(null);
    const { code } = await uploadFile(file, { tokenUrl: '/', transport }).catch((error) => error);
    port1.close();
    return { code, bytes: atOnce.reduce((sum, one) => sum + one), most: Math.max(...atOnce) };
}"""


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    folder = stack.state / "site" / "responsive"
    folder.mkdir(exist_ok=True)
    shutil.copy(REPOSITORY / "client" / "lib" / "upload.js", folder)
    (folder / "index.html").write_text("<!doctype html>")
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{stack.site}/responsive/index.html")
        page.evaluate(NETWORK)
        yield page


def test_other_tasks_of_the_page_run_between_any_two_mebibytes_that_are_hashed(page: Page) -> None:
    measured = page.evaluate(HASH, MIBS)
    assert measured == {"code": "corrupted", "bytes": MIBS * 2**20 + 1, "most": 2**20}
