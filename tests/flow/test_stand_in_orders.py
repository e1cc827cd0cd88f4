"""The stand-in's own page in a real browser: what its reader does with it, and what no other page can do."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import oss2
import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError
from selenium.common.exceptions import WebDriverException

from oss_emulator.running import Emulator
from tests.support.browser import PATIENCE
from tests.support.emulator.process import EmulatorProcess
from tests.support.engines import OTHERS, Tab, chromium

ODD_KEY = "a\nb/\u202e图 <script>alert(1)</script>\"'&+%41" + "k" * 900
PUBLIC = {"LOCAL_OSS_DOMAIN": "custom", "LOCAL_OSS_ACL": "public-read-write"}

# What a page tries that is stored as an object, so that it has the emulator's origin. `open` may be null.
ATTACKS = """async () => {
  const text = (answer) => answer.text();
  const frame = document.body.appendChild(document.createElement('iframe'));
  const loaded = new Promise((done) => { frame.onload = done; });
  frame.src = '/-/';
  await loaded;
  const order = new URLSearchParams({secret: '', order: 'reset'});
  return [
    await fetch('/-/').then(text),
    await fetch('/-/requests').then(text),
    await fetch('/-/orders', {method: 'POST', body: order}).then(text),
    await fetch('/-/reset', {method: 'POST'}).then(text),
    frame.contentDocument?.documentElement.outerHTML ?? 'refused',
  ];
}"""
OPEN = "() => { window.opened = open('/-/'); }"
READ_OPENED = """() => {
  try { return window.opened.document.documentElement.outerHTML; } catch (error) { return error.name; }
}"""
SEND_A_FORM = """() => {
  const form = document.body.appendChild(document.createElement('form'));
  Object.assign(form, {method: 'POST', action: '/-/orders'});
  for (const [name, value] of Object.entries({secret: 'guessed', order: 'reset'})) {
    Object.assign(form.appendChild(document.createElement('input')), {name, value});
  }
  form.submit();
}"""
# A stored service worker with the scope of the whole port, which keeps what the page's browser loads.
WORKER = """
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil((async () => {
  await registration.navigationPreload.enable();
  await clients.claim();
})()));
addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname !== '/-/') return;
  event.respondWith((async () => {
    const answers = [await event.preloadResponse, await fetch(event.request)].filter(Boolean);
    const texts = await Promise.all(answers.map((answer) => answer.clone().text()));
    await (await caches.open('stolen')).put('/stolen', new Response(texts.join()));
    return answers[0];
  })());
});
"""
REGISTER = """async () => {
  await navigator.serviceWorker.register('/sw.js');
  const { active } = await navigator.serviceWorker.ready;
  if (active.state !== 'activated') await new Promise((done) => { active.onstatechange = done; });
}"""


@pytest.fixture
def oss(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(tmp_path, buckets=["examplebucket", "media"], variables=PUBLIC) as running:
        yield running


@pytest.fixture
def reader(browser: Browser, oss: Emulator) -> Iterator[Page]:
    """A page whose clock the test moves; whatever it complains of fails the test."""
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.clock.install(time=0)
    page.clock.pause_at(1)  # or a slow machine refreshes twice, and the second aborts the first
    page.goto(f"{oss.endpoint}/-/")
    yield page
    context.close()
    assert complaints == []


def bucket(oss: Emulator, name: str = "examplebucket") -> oss2.Bucket:
    auth = oss2.AuthV4(oss.access_key_id, oss.access_key_secret)
    return oss2.Bucket(auth, oss.endpoint, name, region=oss.region)


def get_missing(oss: Emulator, *keys: str) -> None:
    for key in keys:
        assert requests.get(f"{oss.endpoint}/examplebucket/{key}", timeout=30).status_code == 404


def asked_again(page: Page) -> list[str]:
    """Move the page's clock; return the addresses that it asks for by itself."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(10_000)
    return [url for url in asked if "seen=" in url]


def test_shows_new_requests_by_itself_and_keeps_what_the_reader_has_open(reader: Page, oss: Emulator) -> None:
    get_missing(oss, *(f"missing-{number}" for number in range(20)))
    reader.reload()
    second = reader.locator("#refusals article").nth(1)
    second.locator("summary").click()
    second.evaluate("(one) => one.scrollIntoView({block: 'center'})")
    identity = second.get_attribute("id")
    top = second.evaluate("(one) => one.getBoundingClientRect().top")

    get_missing(oss, "newer")
    with reader.expect_navigation():
        reader.clock.run_for(4_000)

    expect(reader.locator("#requests li").first).to_contain_text("newer")
    kept = reader.locator(f"[id='{identity}']")
    expect(kept.locator("details").first).to_have_attribute("open", "")
    assert abs(kept.evaluate("(one) => one.getBoundingClientRect().top") - top) <= 2
    expect(reader.locator("#refusals details[open]")).to_have_count(2)


def test_stays_as_it_is_while_nothing_is_new(reader: Page) -> None:
    reader.evaluate("() => { window.mark = 1; }")

    with reader.expect_response(lambda answer: "seen=" in answer.url) as answered:
        reader.clock.run_for(4_000)

    assert answered.value.status == 204
    assert reader.evaluate("window.mark") == 1


def test_does_not_refresh_while_it_is_used_or_paused(reader: Page, oss: Emulator) -> None:
    get_missing(oss, "newer")
    reader.locator("input[name=find]").focus()
    assert asked_again(reader) == []

    reader.evaluate("document.activeElement.blur()")
    with reader.expect_navigation():
        reader.clock.run_for(4_000)
    reader.get_by_role("link", name="Pause").click()
    expect(reader.get_by_role("link", name="Resume")).to_be_visible()
    get_missing(oss, "newest")
    assert asked_again(reader) == []


def test_stays_when_the_server_has_ended(browser: Browser, tmp_path: Path) -> None:
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.clock.install()
        with Emulator(tmp_path, variables=PUBLIC) as oss:
            get_missing(oss, "missing")
            page.goto(f"{oss.endpoint}/-/")

        with page.expect_event("requestfailed") as failed:
            page.clock.run_for(4_000)

        assert failed.value.url == f"{oss.endpoint}/-/alive"
        expect(page.locator("#requests li")).to_contain_text("missing")


def test_searches_requests_and_objects_by_forms(reader: Page, oss: Emulator) -> None:
    bucket(oss, "media").put_object("photos/one.jpg", b"1")
    bucket(oss, "media").put_object("texts/two.txt", b"2")
    get_missing(oss, "missing")

    reader.reload()
    reader.get_by_role("link", name="media", exact=True).click()
    reader.get_by_label("Text in the key").fill("TWO")
    reader.locator("#objects").get_by_role("button", name="Search").click()
    expect(reader.locator("#objects article")).to_have_count(1)
    reader.get_by_label("Status 状态码").select_option("2xx")
    reader.get_by_label("Text 文本").fill("one")
    reader.locator("#requests").get_by_role("button", name="Search").click()

    expect(reader.locator("#requests li")).to_have_count(1)
    expect(reader.locator("#requests li")).to_contain_text("media/photos/one.jpg")
    expect(reader.locator("#objects article strong")).to_have_text("texts/two.txt")


def test_saves_a_content_and_never_shows_it(reader: Page, oss: Emulator) -> None:
    bucket(oss).put_object(ODD_KEY, b"<script>1</script>", headers={"Content-Type": "text/html"})
    reader.reload()
    reader.locator("#objects summary").first.click()

    with reader.expect_download() as saved:
        reader.get_by_role("link", name="Save the content").click()

    assert saved.value.path().read_bytes() == b"<script>1</script>"
    answer = requests.get(saved.value.url, timeout=30)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_deletes_sets_faults_and_resets_by_its_forms(reader: Page, oss: Emulator) -> None:
    bucket(oss).put_object(ODD_KEY, b"1")
    bucket(oss).put_object("kept", b"1")
    reader.reload()
    reader.locator("#objects summary").nth(1).click()
    reader.get_by_role("button", name="Delete").click()
    expect(reader.locator("#objects article strong")).to_have_text("kept")

    fault = reader.get_by_role("form", name="server_error")
    fault.get_by_label("requests").fill("3")
    fault.get_by_label("status").fill("503")
    fault.get_by_role("button", name="Set").click()
    expect(reader.locator("#faults .pending")).to_contain_text("next 3, status 503")
    reader.get_by_role("button", name="Clear all faults").click()
    expect(reader.locator("#faults .pending")).to_have_count(0)

    reader.locator("#reset summary").click()
    reader.locator("#reset").get_by_role("button").click()
    expect(reader.locator("#objects")).to_contain_text("Nothing is stored.")
    expect(reader.locator("#requests")).to_contain_text("No request came")
    assert [
        one.name
        for one in oss2.Service(bucket(oss).auth, oss.endpoint, region=oss.region).list_buckets().buckets
    ] == [
        "examplebucket",
        "media",
    ]


def text_of(tab: Tab, selector: str) -> str:
    """Wait for an element, even while the page changes to another."""
    find = "selector => document.querySelector(selector)?.textContent ?? ''"
    ends = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < ends:
        with contextlib.suppress(RuntimeError, WebDriverException, PlaywrightError):
            if text := str(tab.run(find, selector)):
                return text
    raise AssertionError(f"no {selector}")


@pytest.mark.parametrize("engine", ["chromium", *OTHERS])
def test_refreshes_and_takes_orders_in_each_engine(browser: Browser, oss: Emulator, engine: str) -> None:
    with chromium(browser) if engine == "chromium" else OTHERS[engine]() as tab:
        tab.open(f"{oss.endpoint}/-/")
        tab.click("form[aria-label=object_missing] button")
        pending = text_of(tab, "#faults .pending .status")
        tab.open(f"{oss.endpoint}/-/")
        requests.get(f"{oss.endpoint}/examplebucket/a", timeout=30)
        seen = text_of(tab, "#requests .rows > li")

    assert pending == "next 1"
    assert "examplebucket/a" in seen


def test_a_stored_page_can_neither_read_the_page_nor_send_orders(browser: Browser, oss: Emulator) -> None:
    bucket(oss).put_object("evil.html", b"<!doctype html>", headers={"Content-Type": "text/html"})
    secret = oss._buckets.first.page_secret
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{oss.endpoint}/examplebucket/evil.html")

        heard = page.evaluate(ATTACKS)
        with page.expect_popup() as opened:
            page.evaluate(OPEN)
        opened.value.wait_for_load_state()
        assert secret in opened.value.content()  # its reader's
        heard.append(page.evaluate(READ_OPENED))
        with page.expect_response("**/-/orders") as refused:
            page.evaluate(SEND_A_FORM)

    assert refused.value.status == 403
    assert ["<Code>AccessDenied</Code>" in text for text in heard[:4]] == [True] * 4
    assert heard[4] == "refused"
    assert heard[-1] == "SecurityError"
    for text in heard:
        assert secret not in text
    assert bucket(oss).object_exists("evil.html")


def test_a_stored_service_worker_cannot_read_the_page(browser: Browser, tmp_path: Path) -> None:
    with (
        EmulatorProcess(tmp_path, **PUBLIC) as alone,
        contextlib.closing(browser.new_context()) as context,
    ):
        for name, content, kind in (("evil.html", "", "text/html"), ("sw.js", WORKER, "text/javascript")):
            stored = requests.put(
                f"{alone.url}/{name}", content.encode(), headers={"Content-Type": kind}, timeout=30
            )
            assert stored.status_code == 200, stored.text
        page, victim = context.new_page(), context.new_page()
        page.goto(f"{alone.url}/evil.html")
        page.evaluate(REGISTER)
        victim.goto(f"{alone.url}/-/")

        stolen = page.evaluate("() => caches.match('/stolen').then((found) => found?.text())")

    assert stolen.count("<Code>AccessDenied</Code>") == 2
