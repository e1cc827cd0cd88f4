"""A page stays responsive while upload.js reads a large file for its checksum."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser

from tests.support.stack import REPOSITORY, Stack

MIBS = 256
# uploads a file by a network of its own, whose answer has a checksum, so that all of the file is read;
# meanwhile other tasks of the page take turns
HASH = """async (mebibytes) => {
    const { uploadFile } = await import('./upload.js');
    const piece = new Blob([new Uint8Array(2 ** 20)]);
    const file = new File(Array(mebibytes).fill(piece), 'large.bin');
    const grant = { id: 'a', url: '/', fields: {}, expires_in: 300, ticket: 't', confirm: '/' };
    const json = (body) => ({ status: 200, headers: {}, body: JSON.stringify(body) });
    const transport = {
        postJson: async () => json({ uploads: [grant] }),
        postForm: async () => json({ Status: 'OK', id: 'a', crc64: '1' }),
    };
    const reads = [];
    let tasks = 0;
    const read = Blob.prototype.arrayBuffer;
    Blob.prototype.arrayBuffer = function () {
        reads.push({ size: this.size, tasks });
        return read.call(this);
    };
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
        tasks += 1;
        port2.postMessage(null);
    };
    port2.postMessage(null);
    const { code } = await uploadFile(file, { tokenUrl: '/', transport }).catch((error) => error);
    port1.close();
    const sizes = new Set(reads.slice(1).map(({ size }) => size)); // the first reads one byte
    const pauses = reads.slice(2).filter((one, n) => one.tasks > reads[n + 1].tasks).length;
    return { code, sizes: [...sizes], pauses };
}"""


def test_other_tasks_of_the_page_run_between_any_two_mebibytes_that_are_read(
    browser: Browser, stack: Stack
) -> None:
    folder = stack.state / "site" / "responsive"
    folder.mkdir()
    shutil.copy(REPOSITORY / "client" / "lib" / "upload.js", folder)
    (folder / "index.html").write_text("<!doctype html>")
    page = browser.new_context().new_page()
    page.goto(f"{stack.site}/responsive/index.html")
    measured = page.evaluate(HASH, MIBS)
    page.context.close()
    assert (measured["code"], measured["sizes"]) == ("corrupted", [2**20])
    # an answer that is there at once may come before a task that waits
    assert measured["pauses"] >= (MIBS - 1) * 0.9
