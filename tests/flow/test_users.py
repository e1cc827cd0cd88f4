"""Users who sign in upload into folders of their own: by a page of your own, and by the shipped one."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from tests.support.page.actions import choose, choose_button, ended, payload, send, send_all
from tests.support.stack import REPOSITORY, Stack, bearer_of

PAGE = Path(__file__).parent / "pages" / "signed-in.html"


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state = tmp_path_factory.mktemp("signed-in")
    stack = Stack(state, SIGN_IN="true")
    for file in (PAGE, *(REPOSITORY / "client" / "src" / "lib").glob("*.js")):
        shutil.copy(file, state / "site")
    yield stack
    stack.end()


def token_for(user: str, **more: str) -> str:
    return bearer_of(user, **more).removeprefix("Bearer ")


def upload(browser: Browser, stack: Stack, *bearers: str) -> Any:
    """Upload on a page whose sign-in returns these tokens in turn; return the answer that it shows."""
    (answer,) = upload_many(browser, stack, 1, *bearers)
    return answer


def upload_many(browser: Browser, stack: Stack, count: int, *bearers: str) -> list[Any]:
    context = browser.new_context()
    page = context.new_page()
    query = "&".join([f"token={quote(stack.token)}/", *(f"bearer={one}" for one in bearers)])
    page.goto(f"{stack.site}/signed-in.html?{query}")
    file = FilePayload(name="a.png", mimeType="image/png", buffer=b"hello")
    page.locator("#file").set_input_files([file] * count)
    expect(page.locator("#answers")).to_have_text(re.compile(rf"(\{{.*\}}\s*){{{count}}}"), timeout=30_000)
    shown = page.locator("#answers").text_content() or ""
    context.close()
    return [json.loads(line) for line in shown.splitlines()]


def answered(stack: Stack, since: int) -> list[Any]:
    """Return what the token function has logged of its answers, after so many lines of the stack."""
    lines = [line.split("|", 1)[1] for line in stack.lines[since:] if line.startswith("token ")]
    return [json.loads(line) for line in lines if '"answered"' in line]


def test_each_user_has_a_folder(browser: Browser, signed_in: Stack) -> None:
    keys = [upload(browser, signed_in, token_for(user))["key"] for user in ("alice", "auth0|1", "auth0_1")]
    folders = [key.split("/")[1] for key in keys]
    assert folders[0] == "alice"
    assert len(set(folders)) == 3
    assert all(signed_in.stored(key).content == b"hello" for key in keys)


def test_a_page_renews_a_token_that_has_expired(browser: Browser, signed_in: Stack) -> None:
    shown = upload(browser, signed_in, token_for("alice", SECONDS="-90"), token_for("alice"))
    assert shown["Status"] == "OK"


def test_ten_small_files_of_a_user_cost_one_preflight_and_one_call(
    browser: Browser, signed_in: Stack
) -> None:
    since = len(signed_in.lines)
    answers = upload_many(browser, signed_in, 10, token_for("alice"))
    assert [one["Status"] for one in answers] == ["OK"] * 10
    assert len({one["id"] for one in answers}) == 10
    assert signed_in.line_with(answers[-1]["id"])
    assert [one["status"] for one in answered(signed_in, since)] == [204, 200]


@pytest.mark.parametrize("bearer", ["x.y.z", "x"])
def test_a_page_is_told_that_its_token_is_not_valid(bearer: str, browser: Browser, signed_in: Stack) -> None:
    assert upload(browser, signed_in, bearer) == {"code": "token_invalid", "status": 401}


def test_nobody_uploads_without_a_token(signed_in: Stack) -> None:
    answers = [signed_in.ask_grant(), signed_in.http.get(f"{signed_in.token}/limits", timeout=5)]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(401, "token_missing")] * 2
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_a_preflight_needs_no_token(signed_in: Stack) -> None:
    """Browsers send no token with it, and without a preflight no page could send its token."""
    answer: requests.Response = signed_in.http.options(
        f"{signed_in.token}/", headers={"Origin": signed_in.site}, timeout=5
    )
    assert answer.status_code == 204
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_claims_narrow_what_a_user_may_upload(signed_in: Stack) -> None:
    bearer = bearer_of("alice", CLAIMS=json.dumps({"upload": {"max_bytes": 4}}))
    answer = signed_in.ask_grant(bearer, name="a.png", size="5", type="image/png")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


# ---- The shipped page, which takes a token


@pytest.fixture
def page(browser: Browser, signed_in: Stack) -> Iterator[Page]:
    """The page before anybody has signed in."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(f"{signed_in.site}/")
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    yield page
    context.close()


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Continue").click()


def test_the_page_takes_a_token_and_uploads_into_the_users_folder(page: Page) -> None:
    expect(page.get_by_test_id("dashboard")).to_be_hidden()
    expect(page.get_by_label("Access token")).to_be_focused()
    sign_in(page, token_for("alice"))
    expect(page.get_by_test_id("sign-in")).to_be_hidden()
    assert ended(send(page))["key"].startswith("uploads/alice/")
    expect(page.get_by_label("Access token")).to_have_value("")


def test_ten_small_files_cost_two_preflights_and_one_call(page: Page, signed_in: Stack) -> None:
    """The other preflight and call are those of `/limits`, before any file is chosen."""
    since = len(signed_in.lines)
    sign_in(page, token_for("alice"))
    rows = send_all(page, [payload(f"{number}.png") for number in range(10)])
    last = [ended(rows.nth(number)) for number in range(10)][-1]
    assert signed_in.line_with(last["id"])
    statuses = [one["status"] for one in answered(signed_in, since)]
    assert [one for one in statuses if one != 401] == [204, 200, 204, 200]  # 401: asked before the sign-in


def test_the_page_shows_the_limits_of_the_user(page: Page) -> None:
    sign_in(page, token_for("alice", CLAIMS=json.dumps({"upload": {"max_bytes": 4, "types": ["image/*"]}})))
    expect(page.get_by_test_id("limits")).to_contain_text("Up to 4 B each: images.")
    choose(page, payload(content=b"hello"))
    ended(page.get_by_test_id("upload"), "refused")
    expect(page.get_by_test_id("sentence")).to_contain_text("it is 5 B; the limit is 4 B")


def test_the_page_says_that_a_token_is_not_valid_and_takes_another(page: Page) -> None:
    sign_in(page, "x.y.z")
    expect(page.get_by_test_id("sign-in-trouble")).to_have_text(
        "The upload service does not accept your sign-in."
    )
    sign_in(page, token_for("alice", SECONDS="-90"))
    expect(page.get_by_test_id("sign-in-trouble")).to_have_text("Your sign-in has ended. Sign in again.")
    sign_in(page, token_for("alice"))
    expect(choose_button(page)).to_be_visible()


def test_uploads_whose_token_has_expired_wait_for_another_and_go_on(page: Page, signed_in: Stack) -> None:
    sign_in(page, token_for("alice"))
    expired = bearer_of("alice", SECONDS="-90")
    page.route(
        f"{signed_in.token}/uploads",
        lambda route: route.continue_(headers={**route.request.headers, "authorization": expired}),
    )
    rows = send_all(page, [payload(f"{number}.png") for number in range(8)])
    expect(page.get_by_test_id("sign-in-trouble")).to_contain_text("Paste a new token, and your uploads")
    expect(page.get_by_text("Waiting for you to sign in again")).to_have_count(6)
    page.unroute_all()
    rows.first.get_by_test_id("cancel").click()  # now one more asks for a grant, with the token of then
    for token, said in (
        ("x.y.z", "does not accept your sign-in"),
        ("令牌", "does not accept your sign-in"),
        (token_for("bob"), "Sign out before they sign in"),
    ):
        sign_in(page, token)
        expect(page.get_by_test_id("sign-in-trouble")).to_contain_text(said)
    expect(page.locator("[data-state=failed]")).to_have_count(0)
    sign_in(page, "Bearer " + token_for("alice", CLAIMS='{"jti": "another"}'))
    expect(page.get_by_role("heading", name="Uploads")).to_be_focused()  # not on what cancels them
    for number in range(1, 8):
        assert ended(rows.nth(number))["key"].startswith("uploads/alice/")
    expect(page.get_by_test_id("sign-in")).to_be_hidden()


def test_the_last_token_that_was_pasted_counts(page: Page, signed_in: Stack) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if "x.y.z" in route.request.headers.get("authorization", ""):
            held.append(route)
        else:
            route.continue_()

    page.route(f"{signed_in.token}/limits", hold_the_first)
    sign_in(page, "x.y.z")
    sign_in(page, token_for("alice"))
    expect(choose_button(page)).to_be_focused()
    with page.expect_response(f"{signed_in.token}/limits"):
        held[0].continue_()
    ended(send(page))
    expect(page.get_by_test_id("sign-in")).to_be_hidden()


def test_signing_out_forgets_the_token(page: Page) -> None:
    sign_in(page, token_for("alice"))
    expect(choose_button(page)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    expect(page.get_by_test_id("dashboard")).to_be_hidden()
    assert page.evaluate("() => localStorage.length + sessionStorage.length + document.cookie.length") == 0
