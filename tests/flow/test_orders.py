"""The order page of `examples/orders`: a real backend, a real browser, and a page that claims too much."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from tests.support.environment import clean_environment, free_ports
from tests.support.readme import blocks, shell
from tests.support.stack import REPOSITORY, Stack

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
PICTURES = [FilePayload(name=name, mimeType="image/png", buffer=PICTURE) for name in ("a.png", "图片.png")]
DEMO_PASSWORD = "demo"
ASK = "async (order) => (await (await fetch(`/orders/${order}/permit`, {method: 'POST'})).json()).permit"
UPLOAD = """async ({tokenUrl, permit, data, names}) => {
  const { uploadFile } = await import('/upload.js');
  const answers = [];
  for (const name of names)
    answers.push(await uploadFile(new File(['hello'], name, {type: 'image/png'}), {
      tokenUrl, data, headers: {Authorization: `Bearer ${permit}`},
    }).catch(({code}) => ({code})));
  return answers;
}"""


class Shop(NamedTuple):
    """The backend's address, the stack that it uses, and the file of its database."""

    url: str
    stack: Stack
    database: Path

    def rows(self) -> list[Any]:
        connection = sqlite3.connect(self.database)
        found = connection.execute("SELECT * FROM pictures ORDER BY id").fetchall()
        connection.close()
        return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The example as the documents have it copied and started."""
    copying, starting = (
        block
        for block in blocks("docs/permits.md", "sh")
        if "examples/orders" in block or "orders.py" in block
    )
    folder = tmp_path_factory.mktemp("repository")
    for name in ("examples", "client"):
        (folder / name).symlink_to(REPOSITORY / name)
    (copies,) = [line for line in copying.splitlines() if line.startswith("cp ")]
    shell(f"mkdir shop\n{copies.replace('../shop', 'shop')}", folder)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    exports = "\n".join(line for line in starting.splitlines() if line.startswith("export "))
    given = dict(line.split("=", 1) for line in shell(f"{exports}\nenv", folder).splitlines() if "=" in line)
    names = set(re.findall(r"([A-Z_]+)=", exports))
    run = next(line for line in starting.splitlines() if line.startswith("make run"))
    options = dict(one.split("=", 1) for one in run.replace("http://127.0.0.1:3000", url).split()[2:])
    environ = {name: given[name] for name in names}
    stack = Stack(
        tmp_path_factory.mktemp("stack"),
        **options,
        **{name: environ[name] for name in ("PERMIT_SECRET", "WEBHOOK_SECRET")},
    )
    database = folder / "orders.db"
    own = {
        "DATABASE": str(database),
        "TOKEN_URL": stack.token,
        "UPLOAD_HOST": stack.upload,
        "PORT": str(port),
    }
    backend = subprocess.Popen(
        [sys.executable, "-B", "orders.py"],
        cwd=folder / "shop",
        env={**clean_environment(), **environ, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert backend.stdout is not None
    assert any("Running on" in line for line in backend.stdout)
    yield Shop(url, stack, database)
    backend.terminate()
    backend.communicate(timeout=30)
    stack.end()


@pytest.fixture
def page(browser: Browser, shop: Shop) -> Iterator[Page]:
    """The order's page, whose user has signed in."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, shop)
    yield page
    context.close()


def sign_in(page: Page, shop: Shop) -> None:
    page.goto(shop.url)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Order 17")).to_be_visible()


def choose(page: Page, *files: FilePayload) -> None:
    """Choose pictures as soon as the page lets a person do so."""
    chooser = page.get_by_label("Add pictures")
    expect(chooser).to_be_enabled()
    chooser.set_input_files(files)


def data_of(permit: str) -> Any:
    payload = permit.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["upload"]["data"]


def attack(page: Page, shop: Shop, permit: str, *names: str) -> Any:
    """Upload files as a page that says that they belong to order 18."""
    given = {"tokenUrl": shop.stack.token, "permit": permit, "data": {"order": "18"}, "names": names}
    return page.evaluate(UPLOAD, given)


def test_the_order_shows_its_pictures(page: Page, shop: Shop) -> None:
    choose(page, *PICTURES)
    for name in ("a.png", "图片.png"):
        picture = page.get_by_role("img", name=name)
        expect(picture).to_be_visible()
        page.wait_for_function("(image) => image.complete", arg=picture.element_handle())
        assert picture.evaluate("(image) => image.naturalWidth") == 1
    page.reload()
    expect(page.get_by_role("img")).to_have_count(2)
    assert {(order, name) for _, _, order, _, name in shop.rows()} == {("17", "a.png"), ("17", "图片.png")}


def test_nothing_is_chosen_before_the_page_would_notice(browser: Browser, shop: Shop) -> None:
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/upload.js", hold)
        with page.expect_request("**/upload.js"):
            sign_in(page, shop)
        expect(page.get_by_label("Add pictures")).to_be_disabled()
        (library,) = held
        library.continue_()
        choose(page, PICTURES[0])
        expect(page.get_by_role("status")).to_have_text("a.png is stored.")


def test_the_same_picture_can_be_chosen_again_after_it_has_failed(page: Page, shop: Shop) -> None:
    page.route(f"{shop.stack.token}/**", lambda route: route.fulfill(status=403, body="no"))
    choose(page, PICTURES[0])
    expect(page.get_by_role("status")).to_contain_text("a.png is not stored")
    expect(page.get_by_label("Add pictures")).to_have_value("")  # else a browser would see no change
    page.unroute_all()
    choose(page, PICTURES[0])
    expect(page.get_by_role("status")).to_have_text("a.png is stored.")


def test_what_the_page_says_joins_no_other_order(page: Page, shop: Shop) -> None:
    permit = page.evaluate(ASK, "17")
    assert data_of(permit) == {"order": "17"}
    (answer,) = attack(page, shop, permit, "claimed.png")
    assert answer["order"] == "17"
    assert [row[2] for row in shop.rows() if row[4] == "claimed.png"] == ["17"]


def test_a_permit_that_is_used_twice_makes_one_picture(page: Page, shop: Shop) -> None:
    first, second = attack(page, shop, page.evaluate(ASK, "17"), "first.png", "second.png")
    assert first["Status"] == "OK"
    assert "Status" not in second or second["id"] == first["id"]
    assert [row[4] for row in shop.rows() if row[0] == first["id"]] == ["first.png"]
    assert not [row for row in shop.rows() if row[4] == "second.png"]


def test_a_permit_that_the_page_changes_is_refused(page: Page, shop: Shop) -> None:
    header, payload, mac = page.evaluate(ASK, "17").split(".")
    claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).replace(b'"17"', b'"18"')
    changed = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()
    (answer,) = attack(page, shop, f"{header}.{changed}.{mac}", "changed.png")
    assert answer == {"code": "token_invalid"}
    assert not [row for row in shop.rows() if row[4] == "changed.png"]


def test_nobody_gets_a_permit_or_a_picture_of_somebody_elses_order(page: Page, shop: Shop) -> None:
    for path in ("/orders/18/permit", "/orders/unknown/permit"):
        assert page.context.request.post(f"{shop.url}{path}").status == 404
    assert page.context.request.get(f"{shop.url}/orders/18/pictures").status == 404
    assert requests.post(f"{shop.url}/orders/17/permit", timeout=10).status_code == 401
    assert requests.get(f"{shop.url}/orders/17/pictures", timeout=10).status_code == 401
    assert requests.post(f"{shop.url}/uploads", json={"data": {"order": "17"}}, timeout=10).status_code == 401
