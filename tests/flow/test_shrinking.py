"""Images that the page makes smaller before it sends them, where `shrinkImages` says so, in Chromium."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.page.actions import choose, choose_button, ended, open_page, payload, send, start
from tests.support.page.states import with_options
from tests.support.stack import Stack

RED, BLUE = (220, 30, 30), (30, 30, 220)
ORIENTATION = 0x0112  # EXIF's tag; 6: shown turned clockwise by a quarter
SMALLER = re.compile(r"^Done · made smaller: [\d.]+ MB → [\d.]+ KB$")


def photo(
    width: int = 3000, height: int = 2000, kind: str = "JPEG", mode: str = "RGB", **options: Any
) -> bytes:
    """Draw an image with noise, as photos have: red on the left, blue on the right."""
    image = Image.merge("RGB", [Image.effect_noise((width, height), 40)] * 3)
    sides = Image.new("RGB", (width, height), RED)
    sides.paste(BLUE, (width // 2, 0, width, height))
    out = io.BytesIO()
    Image.blend(image, sides, 0.7).convert(mode).save(out, kind, **options)
    return out.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    return photo(quality=95)


@pytest.fixture
def page(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The page with `shrinkImages`, once files can be chosen; whatever goes wrong on it fails the test."""
    heard: list[str] = []
    page = open_page(browser, stack.site, heard)
    with_options(page, {"shrinkImages": {"maxSide": 1600}})
    page.reload()
    expect(choose_button(page)).to_be_visible()
    yield page
    page.context.close()
    assert heard == []


def stored(stack: Stack, answer: dict[str, Any]) -> bytes:
    content = stack.stored(answer["key"]).content
    assert len(content) == answer["size"]
    return content


def test_a_photo_is_made_smaller_and_the_list_says_so(page: Page, stack: Stack, jpeg: bytes) -> None:
    row = send(page, "photo.jpg", jpeg, "image/jpeg")
    answer = ended(row)
    image = Image.open(io.BytesIO(stored(stack, answer)))
    assert (image.format, image.size) == ("JPEG", (1600, 1066))
    assert answer["size"] < len(jpeg) / 2
    assert (answer["name"], answer["type"]) == ("photo.jpg", "image/jpeg")
    expect(row.get_by_test_id("state")).to_have_text(SMALLER)


def test_a_photo_that_its_camera_turned_stays_upright(page: Page, stack: Stack) -> None:
    answer = ended(send(page, "turned.jpg", photo(quality=95, exif=turned(6)), "image/jpeg"))
    image = Image.open(io.BytesIO(stored(stack, answer))).convert("RGB")
    assert image.size == (1066, 1600)
    assert image.getexif().get(ORIENTATION, 1) == 1
    top, bottom = (image.resize((1, 2), Image.Resampling.BOX).getpixel((0, y)) for y in (0, 1))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > top[2]
    assert bottom[2] > bottom[0]


@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [("screen.png", "PNG", {}), ("view.webp", "WEBP", {"quality": 95})],
    ids=["png", "webp"],
)
def test_an_image_keeps_its_type(
    name: str, kind: str, options: dict[str, Any], page: Page, stack: Stack
) -> None:
    answer = ended(send(page, name, photo(kind=kind, **options), f"image/{kind.lower()}"))
    image = Image.open(io.BytesIO(stored(stack, answer)))
    assert (image.format, image.size) == (kind, (1600, 1066))
    assert (answer["name"], answer["type"]) == (name, f"image/{kind.lower()}")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("clear.png", photo(800, 800, "PNG", "RGBA"), "image/png"),
        ("turning.gif", photo(800, 800, "GIF", "P"), "image/gif"),
        ("broken.jpg", b"\xff\xd8\xff" + bytes(200_000), "image/jpeg"),
        ("good.jpg", photo(1500, 1000, quality=50), "image/jpeg"),
        (
            "drawing.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'>" + b" " * 200_000 + b"</svg>",
            "image/svg+xml",
        ),
    ],
    ids=["transparent", "gif", "broken", "hardly_smaller", "svg"],
)
def test_other_images_are_sent_as_they_are(
    name: str, content: bytes, kind: str, page: Page, stack: Stack
) -> None:
    assert len(content) > 100 * 1024
    row = send(page, name, content, kind)
    assert stored(stack, ended(row)) == content
    expect(row.get_by_test_id("state")).to_have_text(re.compile(r"^Done · [\d.]+ [KM]B$"))


def test_the_limit_holds_for_the_smaller_image(browser: Browser, stack: Stack, jpeg: bytes) -> None:
    page = open_page(browser, stack.site)
    limit = len(jpeg) // 2
    huge = b"\xff\xd8\xff" + bytes(limit)

    def lower(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "max_bytes": limit})

    page.route("**/limits", lower)
    with_options(page, {"shrinkImages": True})
    page.reload()
    choose(page, payload("photo.jpg", jpeg, "image/jpeg"), payload("broken.jpg", huge, "image/jpeg"))
    start(page)
    rows = page.get_by_test_id("upload")
    ended(rows.filter(has_text="broken.jpg"), "refused")
    ended(rows.filter(has_text="photo.jpg"))
    page.unroute_all(behavior="ignoreErrors")
    page.context.close()


def test_the_page_says_while_images_are_made_smaller_and_can_cancel(page: Page, jpeg: bytes) -> None:
    page.evaluate("() => { HTMLCanvasElement.prototype.toBlob = () => {} }")
    choose(page, payload("photo.jpg", jpeg, "image/jpeg"), payload("b.txt", b"b", "text/plain"))
    start(page)
    dashboard = page.get_by_test_id("dashboard")
    expect(dashboard).to_contain_text("Making images smaller…")
    dashboard.get_by_role("button", name="Cancel").click()
    expect(choose_button(page)).to_be_visible()
    expect(page.get_by_test_id("upload")).to_have_count(0)


@pytest.mark.parametrize("part", ["shrinking", "compressor"])
def test_images_are_sent_as_they_are_where_the_code_does_not_arrive(
    part: str, page: Page, stack: Stack, jpeg: bytes
) -> None:
    page.route(f"**/assets/{part}-*.js", lambda route: route.abort())
    page.reload()
    expect(choose_button(page)).to_be_visible()
    assert stored(stack, ended(send(page, "photo.jpg", jpeg, "image/jpeg"))) == jpeg


def test_nothing_of_it_is_loaded_unless_an_image_needs_it(
    browser: Browser, stack: Stack, jpeg: bytes
) -> None:
    page = open_page(browser, stack.site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    assert stored(stack, ended(send(page, "photo.jpg", jpeg, "image/jpeg"))) == jpeg
    with_options(page, {"shrinkImages": True})
    page.reload()
    ended(send(page, "a.txt", b"a", "text/plain"))
    later = re.compile(r"/assets/(shrinking|compressor)-")
    assert [found[1] for url in asked if (found := later.search(url))] == ["shrinking"]
    ended(send(page, "photo.jpg", jpeg, "image/jpeg"))
    assert [found[1] for url in asked if (found := later.search(url))] == ["shrinking", "compressor"]
    page.context.close()
