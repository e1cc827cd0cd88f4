"""The stand-in's own page in a real browser, after real refusals and callbacks: readable at every size."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.stack import Stack

PHONE, DESKTOP = 360, 1280

# Every text with less contrast than 4.5:1 on what it stands on; names of invisible characters among them.
FAINT_TEXTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => colour.slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba('white');
  };
  const faint = (text, style, background) => {
    const [more, less] = [light(rgba(style.color)), light(background)].sort((a, b) => b - a);
    return (more + 0.05) / (less + 0.05) < 4.5 ? [`${text} ${style.color} on ${background}`] : [];
  };
  return [...document.body.querySelectorAll('*')].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const before = getComputedStyle(element, '::before');
    const named = !['none', 'normal', '""'].includes(before.content);
    const fill = rgba(before.backgroundColor);
    return [
      ...(own ? faint(element.textContent.slice(0, 40), getComputedStyle(element), behind(element)) : []),
      ...(named ? faint(before.content, before, fill[3] === 255 ? fill : behind(element)) : []),
    ];
  });
}"""

# What a person who does not see the page would miss.
UNNAMED = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const named = (element) => element.getAttribute('aria-label')
    || document.getElementById(element.getAttribute('aria-labelledby'))?.textContent.trim();
  const levels = all('h1, h2, h3, h4').map((heading) => Number(heading.localName[1]));
  const ids = all('[id]').map((element) => element.id);
  return {
    headings: levels.filter((level) => level === 1).length,
    skipped: levels.filter((level, at) => at && level > levels[at - 1] + 1).length,
    landmarks: ['header', 'nav', 'main', 'footer'].filter((name) => all(name).length !== 1),
    sections: all('section, nav, [role=group]').filter((element) => !named(element)).length,
    tables: all('table').filter((table) => !table.caption && !table.ariaLabel).length,
    links: all('a, summary').filter((element) => !element.textContent.trim()).length,
    doubled: ids.filter((id, at) => ids.indexOf(id) !== at),
    scrolled: all('*').filter((element) => /auto|scroll/.test(getComputedStyle(element).overflowY)
      && element.tabIndex < 0 && element.scrollHeight > element.clientHeight + 1).length,
  };
}"""
NOTHING_UNNAMED = {
    "headings": 1,
    "skipped": 0,
    "landmarks": [],
    "sections": 0,
    "tables": 0,
    "links": 0,
    "doubled": [],
    "scrolled": 0,
}

# Elements beyond the window's edges: long texts must wrap or scroll inside their own box.
OUTSIDE = """() => [...document.body.querySelectorAll('*:not(.skip)')].filter((element) => {
  const box = element.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).map((element) => element.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def address(running: Stack) -> Iterator[str]:
    """The bucket's page after good uploads, one that was changed on its way, and one with a long name."""
    running.clear_faults()
    photo = running.grant("清明节 风景.png")
    running.send(photo, b"hello")
    changed = running.grant("changed.png")
    fields = {**changed["fields"], "key": changed["fields"]["key"] + "\u200b", "x:long": "long" * 900}
    running.post(changed["url"], list(fields.items()), b"hello")
    running.fault("callback_down")
    running.send(running.grant("down.png"), b"hello")
    running.http.get(f"{running.upload}/{'a' * 900}?{'b=1&' * 300}", timeout=10)
    forged = running.grant("forged.png")
    running.post(forged["url"], list({**forged["fields"], "x-oss-signature": "0" * 64}.items()), b"hello")
    running.fault("callback_slow", seconds=2)
    yield f"{running.upload}/-/"
    running.clear_faults()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[PHONE, DESKTOP])
def opened(browser: Browser, address: str, scheme: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page with everything unfolded, at the width of a phone and of a desktop, in both colour schemes."""
    context = browser.new_context(
        viewport={"width": request.param, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda asked: complaints.append(asked.url) if asked.url[:5] == "https" else None)
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    yield page
    context.close()
    assert complaints == []


def test_long_texts_never_make_the_page_scroll_sideways(opened: Page) -> None:
    assert opened.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert opened.evaluate(OUTSIDE) == []


def test_every_text_has_contrast(opened: Page) -> None:
    assert opened.evaluate(FAINT_TEXTS) == []


def test_every_region_has_a_name_and_is_reached_by_keyboard(opened: Page) -> None:
    assert opened.evaluate(UNNAMED) == NOTHING_UNNAMED


def test_follows_the_colour_scheme(opened: Page, scheme: str) -> None:
    paper = opened.evaluate("getComputedStyle(document.body).backgroundColor")

    assert paper == {"light": "rgb(246, 245, 241)", "dark": "rgb(19, 21, 23)"}[scheme]


def test_names_an_invisible_character_and_keeps_it_for_copying(opened: Page) -> None:
    character = opened.locator(".got .unseen").first

    assert character.evaluate("(one) => getComputedStyle(one, '::before').content") == '"U+200B"'
    assert character.text_content() == "\u200b"


def test_is_used_with_the_keyboard_alone(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the refusals")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#refusals summary").first).to_be_focused()
    expect(page.locator("#refusals details").first).to_have_attribute("open", "")
    page.keyboard.press("Enter")
    expect(page.locator("#refusals details").first).not_to_have_attribute("open", "")
    context.close()


def test_shows_what_really_happened(opened: Page, running: Stack) -> None:
    refusals, callbacks = opened.locator("#refusals article"), opened.locator("#callbacks article")

    expect(opened.locator("#requests li").first).to_contain_text("SignatureDoesNotMatch")
    expect(refusals.nth(0)).to_contain_text("SignatureDoesNotMatch")
    expect(refusals.nth(0)).to_contain_text("string to sign")
    expect(refusals.nth(2)).to_contain_text("0006-00000227")
    expect(refusals.nth(2)).to_contain_text("They part at character")
    expect(callbacks.nth(0)).to_contain_text("OSS can not connect to your callbackUrl")
    expect(callbacks.nth(1)).to_contain_text('"Status"')
    expect(opened.locator("#objects article").first).to_contain_text("image/png")
    expect(opened.locator("#faults .pending")).to_contain_text("callback_slow")
    assert running.http.get(f"{running.upload}/-/refusals", timeout=5).json()[2]["ec"] == "0006-00000227"


def test_a_site_has_one_too(browser: Browser, running: Stack) -> None:
    page = browser.new_page()
    page.goto(f"{running.site}/-/")

    assert page.get_by_role("heading", level=2).all_inner_texts() == [
        "This bucket 当前 Bucket",
        "Requests 请求",
        "Refusals 被拒绝的请求",
        "Switches 开关",
        "Faults 故障注入",
        "Reset 重置",
    ]
    page.close()
