"""Large files on good and bad lines: our upload.js, in parts and as a form, beside what others would use.

All in Chromium, to the same stand-in, with parts of the same size. The peers tell no callback function.
ali-oss has its credentials already; for @uppy/aws-s3 a server signs that does nothing else.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Browser, Page

from bench.harness import HERE, PEERS, REPOSITORY, TIMEOUT_SECONDS, sizes_by
from bench.line import Line, Quality
from bench.ratios import AS_FORM, IN_PARTS, PARTS_PEERS
from tests.support.browser import launch_chromium
from tests.support.stack import BUCKET, KEY_ID, KEY_SECRET, KEY_TOKEN, Stack
from vendored.env import Credentials
from vendored.oss_signing import Signer

MEBIBYTE = 1024**2
PART_BYTES = 8 * MEBIBYTE
NAMES = (IN_PARTS, AS_FORM, *PARTS_PEERS)
MEGABIT = 1_000_000 / 8
SEEDS = 1000  # more than the connections of an upload


class Trial(NamedTuple):
    """A line, the bytes of a file, how often, and whether the contestants send at the same time.

    They do where the line is slow, so that the processor is no limit.
    """

    quality: Quality
    size: int
    rounds: int
    together: bool = False


TRIALS: Mapping[str, Trial] = {
    "loopback": Trial(Quality(), 64 * MEBIBYTE, 9),  # the processor is the limit: a round tells little
    "150 ms": Trial(Quality(0.15), 32 * MEBIBYTE, 2),
    "5 Mbit/s for each connection": Trial(Quality(0.02, 5 * MEGABIT), 32 * MEBIBYTE, 1, together=True),
    "1 % loss, 20 ms": Trial(Quality(0.02, loss=0.01), 32 * MEBIBYTE, 5, together=True),
}
CUT_BYTES, CUT_AT, AFTER_CUT = 192 * MEBIBYTE, 0.9, Quality(0.02, 25 * MEGABIT)
ALI_OSS = {
    "accessKeyId": KEY_ID,
    "accessKeySecret": KEY_SECRET,
    "stsToken": KEY_TOKEN,
    "bucket": BUCKET,
    "region": "oss-cn-hangzhou",
}
# the script waits for no answer: the uploads of all tabs run at the same time
START = """([name, bytes, options]) => {
  window.sending = window.send(name, bytes, options);
  window.sending.catch(() => {});
}"""


class Contestant(NamedTuple):
    """A tab of a browser context of its own, and the lines to the two servers that it speaks with."""

    name: str
    tab: Page
    oss: Line
    server: Line

    def start(self, size: int) -> None:
        """Begin to send a file."""
        options = {
            "token": f"{self.server.url}/",
            "signer": self.server.url,
            "endpoint": self.oss.url,
            "partBytes": PART_BYTES,
            "credentials": ALI_OSS,
        }
        self.tab.evaluate(START, [self.name, size, options])

    def finish(self) -> dict[str, float]:
        """Return the milliseconds of the upload and its end."""
        took: dict[str, float] = self.tab.evaluate("window.sending")
        return took


class SigningHandler(BaseHTTPRequestHandler):
    """Answers a presigned address for each request of @uppy/aws-s3; `oss_url` is set by `signing`."""

    protocol_version = "HTTP/1.1"
    oss_url = ""

    def do_GET(self) -> None:
        """Sign what the query asks for."""
        asked = dict(parse_qsl(urlsplit(self.path).query))
        query = {name: value for name, value in asked.items() if name in ("uploadId", "partNumber")}
        headers = {}
        if asked["method"] == "POST":
            kind = "application/xml" if query else "application/octet-stream"
            headers, query = {"content-type": kind}, query or {"uploads": ""}
        signer = Signer(BUCKET, "cn-hangzhou", Credentials(KEY_ID, KEY_SECRET, KEY_TOKEN), time.time())
        target = signer.presigned_target(asked["method"], asked["key"], query, headers, TIMEOUT_SECONDS)
        body = json.dumps({"url": self.oss_url + target}).encode()
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def signing(oss_url: str) -> Iterator[str]:
    """Sign addresses at `oss_url` until the block ends; yield the signer's own."""
    handler = type("Handler", (SigningHandler,), {"oss_url": oss_url})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def port_of(url: str) -> int:
    """Return the port of an address of this machine."""
    return int(url.rpartition(":")[2])


@contextmanager
def contestants(folder: Path, browser: Browser) -> Iterator[Mapping[str, Contestant]]:
    """Start what all need: one stack grants uploads in parts, the other only forms."""
    with ExitStack() as started:
        lines = {name: (Line(0), Line(0)) for name in NAMES}
        for line in (one for both in lines.values() for one in both):
            started.enter_context(line.listening())
        stacks = {IN_PARTS: "1", AS_FORM: "0"}
        site = ""
        for name, least in stacks.items():
            oss, server = lines[name]
            stack = Stack(
                folder / name.partition(", ")[2],
                UPLOAD_HOST=oss.url,
                MULTIPART_BYTES=least,
                ALLOWED_ORIGINS=site,
                LOCAL_OSS_SWITCHES="part_etag=any",  # as @uppy/aws-s3 writes it
            )
            started.callback(stack.end)
            site = site or stack.site
            oss.target, server.target = port_of(stack.upload), port_of(stack.token)
        for name in PARTS_PEERS:
            lines[name][0].target = lines[IN_PARTS][0].target
        signer = started.enter_context(signing(lines["@uppy/aws-s3"][0].url))
        for name in PARTS_PEERS:
            lines[name][1].target = port_of(signer)
        put_pages(folder / "in parts" / "site")
        yield {
            name: Contestant(name, open_tab(browser, f"{site}/large/large.html"), *lines[name])
            for name in NAMES
        }


def put_pages(site: Path) -> None:
    """Put the page and its scripts into a folder of the site."""
    large = site / "large"
    large.mkdir(parents=True)
    for file in (
        PEERS / "large.html",
        REPOSITORY / "client/lib/upload.js",
        HERE / "node_modules/uppy/dist/uppy.min.js",
        HERE / "node_modules/ali-oss/dist/aliyun-oss-sdk.min.js",
    ):
        shutil.copy(file, large)


def open_tab(browser: Browser, url: str) -> Page:
    """Open the page in a context of its own: connections are not shared."""
    tab = browser.new_context().new_page()
    tab.set_default_timeout(TIMEOUT_SECONDS * 1000)
    tab.goto(url)
    tab.wait_for_function("() => Boolean(window.send)")
    return tab


def mebibytes_per_second(everybody: Mapping[str, Contestant], trial: Trial) -> dict[str, list[float]]:
    """Return the speed of each by round, which has losses of its own, the same for all."""
    found: dict[str, list[float]] = {name: [] for name in everybody}
    for number in range(trial.rounds):
        for one in everybody.values():
            one.oss.become(trial.quality, seed=number * SEEDS)
            one.server.become(trial.quality, seed=number * SEEDS)
        for group in [list(everybody.values())] if trial.together else [[one] for one in everybody.values()]:
            for one in group:
                one.start(trial.size)
            for one in group:
                found[one.name].append(trial.size / MEBIBYTE / one.finish()["milliseconds"] * 1000)
    return found


def recoveries(everybody: Mapping[str, Contestant]) -> dict[str, float]:
    """Return the seconds from a cut of all connections until the upload ended; before it, nothing is slow."""
    ours = [everybody[IN_PARTS], everybody[AS_FORM]]
    for one in ours:
        one.oss.become(Quality())
        one.server.become(Quality())
        one.oss.cut_once(int(CUT_BYTES * CUT_AT), AFTER_CUT)
        one.start(CUT_BYTES)
    return {one.name: one.finish()["ended"] / 1000 - one.oss.cut_at for one in ours}


def script_bytes() -> dict[str, int]:
    """Return the bytes of what a page needs for uploads in parts, each one bundle, minified and gzip."""
    return sizes_by("bundles.mjs")


def measure(folder: Path) -> dict[str, Any]:
    """Return speeds by line, seconds of recovery, and bytes of code."""
    with launch_chromium() as browser, contestants(folder, browser) as everybody:
        speeds = {name: mebibytes_per_second(everybody, trial) for name, trial in TRIALS.items()}
        recovered = recoveries(everybody)
    return {
        "line_mebibytes_per_second": speeds,
        "recovery_seconds": recovered,
        "script_bytes_gzip": script_bytes(),
    }
