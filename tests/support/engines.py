"""A tab in each browser engine, with the few actions that all of them know: for what must work everywhere.

Playwright drives Chromium, WebDriver BiDi Firefox, and WebDriver WebKitGTK, which needs a screen.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Protocol

import pytest
import websocket
from playwright.sync_api import Browser, Page
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.support.browser import PATIENCE

FIREFOX = ("firefox-esr", "firefox")
ANSWER_SECONDS = 2 * PATIENCE / 1000  # what a page waits for itself takes as long as PATIENCE

SAY_OFFLINE = """(offline) => {
    Object.defineProperty(navigator, 'onLine', { configurable: true, value: !offline });
    dispatchEvent(new Event(offline ? 'offline' : 'online'));
}"""

PLACE = """selector => {
  const element = document.querySelector(selector);
  element.scrollIntoView({block: 'center'});
  const {x, y} = element.getBoundingClientRect();
  return [x, y];
}"""


class Tab(Protocol):
    """One tab. Selectors are CSS; the first element that matches is meant."""

    def open(self, url: str) -> None:
        """Open an address and wait until it is loaded."""

    def run(self, function: str, *arguments: Any) -> Any:
        """Return what a JavaScript function returns or resolves with. Arguments and result are JSON."""

    def click(self, selector: str) -> None:
        """Click in the middle of an element, as a mouse does."""

    def choose(self, selector: str, files: Sequence[Path]) -> None:
        """Choose files on the disk in an `input` for files."""

    def go_offline(self, *, offline: bool) -> None:
        """Take the network from the tab, or give it back."""

    def screenshot(self) -> bytes:
        """Return the visible part of the page as PNG."""


class ChromiumTab:
    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, url: str) -> None:
        self._page.goto(url)

    def run(self, function: str, *arguments: Any) -> Any:
        return self._page.evaluate(f"given => ({function})(...given)", list(arguments))

    def click(self, selector: str) -> None:
        self._page.locator(selector).first.click()

    def choose(self, selector: str, files: Sequence[Path]) -> None:
        self._page.locator(selector).first.set_input_files(files)

    def go_offline(self, *, offline: bool) -> None:
        self._page.context.set_offline(offline)

    def screenshot(self) -> bytes:
        return self._page.screenshot()


class FirefoxTab:
    """Speaks WebDriver BiDi (W3C), which Firefox answers without a driver between."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self.send("session.new", capabilities={})
        self._context = self.send("browsingContext.getTree")["contexts"][0]["context"]

    def send(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._connection.recv())
            if message.get("id") == number:
                break
        if message["type"] == "error":
            raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
        return message["result"]

    def open(self, url: str) -> None:
        self.send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def run(self, function: str, *arguments: Any) -> Any:
        answer = self.send(
            "script.callFunction",
            functionDeclaration=(
                f"async (given) => JSON.stringify(await ({function})(...JSON.parse(given)) ?? null)"
            ),
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            target={"context": self._context},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def click(self, selector: str) -> None:
        self.run("selector => document.querySelector(selector).scrollIntoView({block: 'center'})", selector)
        middle = {"type": "element", "element": self._find(selector)}
        click = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": middle},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": click}
        self.send("input.performActions", context=self._context, actions=[mouse])

    def choose(self, selector: str, files: Sequence[Path]) -> None:
        self.send(
            "input.setFiles",
            context=self._context,
            element=self._find(selector),
            files=[str(file) for file in files],
        )

    def go_offline(self, *, offline: bool) -> None:
        conditions = {"type": "offline"} if offline else None
        self.send("emulation.setNetworkConditions", networkConditions=conditions, contexts=[self._context])

    def screenshot(self) -> bytes:
        return base64.b64decode(self.send("browsingContext.captureScreenshot", context=self._context)["data"])

    def _find(self, selector: str) -> Mapping[str, str]:
        locator = {"type": "css", "value": selector}
        nodes = self.send(
            "browsingContext.locateNodes", context=self._context, locator=locator, maxNodeCount=1
        )["nodes"]
        return {"sharedId": nodes[0]["sharedId"]}


class WebKitTab:
    def __init__(self, driver: webdriver.WebKitGTK) -> None:
        self._driver = driver
        driver.set_script_timeout(ANSWER_SECONDS)

    def open(self, url: str) -> None:
        self._driver.get(url)

    def run(self, function: str, *arguments: Any) -> Any:
        script = (
            "const [given, answer] = arguments;"
            f"(async () => ({function})(...given))()"
            ".then((value) => answer({ value }), (error) => answer({ error: String(error) }));"
        )
        outcome = self._driver.execute_async_script(script, list(arguments))
        if "error" in outcome:
            raise RuntimeError(outcome["error"])
        return outcome.get("value")

    def click(self, selector: str) -> None:
        """Click once the element stands still: this driver clicks where it was."""
        ends = time.monotonic() + ANSWER_SECONDS
        before = None
        while (place := self.run(PLACE, selector)) != before:
            assert time.monotonic() < ends, f"{selector} does not stand still"
            before = place
        self._driver.find_element(By.CSS_SELECTOR, selector).click()

    def choose(self, selector: str, files: Sequence[Path]) -> None:
        self._driver.find_element(By.CSS_SELECTOR, selector).send_keys("\n".join(map(str, files)))

    def go_offline(self, *, offline: bool) -> None:
        """Tell the page so; its driver cannot take the network."""
        self.run(SAY_OFFLINE, offline)

    def screenshot(self) -> bytes:
        return self._driver.get_screenshot_as_png()


@contextmanager
def chromium(browser: Browser) -> Iterator[Tab]:
    """Playwright starts once in a process, so its browser is given."""
    context = browser.new_context(locale="en-US")
    yield ChromiumTab(context.new_page())
    context.close()


@contextmanager
def firefox() -> Iterator[Tab]:
    program = next(filter(None, map(shutil.which, FIREFOX)), None)
    if not program:
        missing("Firefox")
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [str(program), "--headless", "--profile", profile, "--no-remote", "--remote-debugging-port", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        said = iter(process.stderr.readline, "")
        reader = Thread(target=deque, args=(said, 0), daemon=True)  # Firefox stops when nobody reads
        try:
            address = next(filter(None, (re.search(r"ws://\S+", line) for line in said)), None)
            assert address, "Firefox ended before it listened"
            reader.start()
            connection = websocket.create_connection(
                f"{address[0]}/session", timeout=ANSWER_SECONDS, suppress_origin=True
            )
            tab = FirefoxTab(connection)
            yield tab
            tab.send("browser.close")
            connection.close()
            process.wait(ANSWER_SECONDS)
        finally:
            process.kill()
            process.wait()
            if reader.ident:
                reader.join()
            process.stderr.close()


@contextmanager
def webkit() -> Iterator[Tab]:
    if not shutil.which("WebKitWebDriver") or not shutil.which("Xvfb"):
        missing("WebKitGTK's driver, or Xvfb,")
    with screen() as display:
        options = Options()
        options.add_argument("--automation")
        service = Service(env={**os.environ, "DISPLAY": display})
        driver = webdriver.WebKitGTK(options=options, service=service)
        try:
            yield WebKitTab(driver)
        finally:
            driver.quit()


@contextmanager
def screen() -> Iterator[str]:
    """Start a screen without a monitor (Xvfb); its name is what DISPLAY must say."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


def missing(what: str) -> None:
    """Skip the test, or fail it in CI, which has every engine."""
    text = f'{what} is not on this machine: docs/contributing.md, "Tests", says how to get it.'
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


OTHERS: Mapping[str, Callable[[], AbstractContextManager[Tab]]] = {
    "firefox": firefox,
    "webkit": webkit,
}
