"""Users who sign in upload into folders of their own, through `upload.js` on a page of one's own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Browser, FilePayload, expect
from stack import REPOSITORY, Stack

from surroundings import clean_environment

PAGE = Path(__file__).parent / "pages" / "signed-in.html"


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    state = tmp_path_factory.mktemp("signed-in")
    stack = Stack(state, SIGN_IN="true")
    shutil.copy(PAGE, state / "site")
    yield stack
    stack.end()


def token_for(user: str, **more: str) -> str:
    script = [sys.executable, str(REPOSITORY / "local" / "token_for.py")]
    environ = {**clean_environment(), "USER": user, **more}
    return subprocess.run(script, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def upload(browser: Browser, stack: Stack, *bearers: str) -> Any:
    """Upload through the page, whose sign-in gives these tokens one after the other; return what it shows."""
    context = browser.new_context()
    page = context.new_page()
    query = "&".join([f"token={quote(stack.token)}/", *(f"bearer={one}" for one in bearers)])
    page.goto(f"{stack.site}/signed-in.html?{query}")
    page.locator("#file").set_input_files(FilePayload(name="a.png", mimeType="image/png", buffer=b"hello"))
    expect(page.locator("#answers")).to_have_text(re.compile(r"\}\s*$"), timeout=30_000)
    shown = page.locator("#answers").text_content() or ""
    context.close()
    return json.loads(shown)


def test_each_user_has_a_folder(browser: Browser, signed_in: Stack) -> None:
    keys = [upload(browser, signed_in, token_for(user))["key"] for user in ("alice", "auth0|1", "auth0_1")]
    folders = [key.split("/")[1] for key in keys]
    assert folders[0] == "alice"
    assert len(set(folders)) == 3
    assert all(signed_in.stored(key).content == b"hello" for key in keys)


def test_a_page_renews_a_token_that_has_expired(browser: Browser, signed_in: Stack) -> None:
    shown = upload(browser, signed_in, token_for("alice", SECONDS="-90"), token_for("alice"))
    assert shown["Status"] == "OK"


@pytest.mark.parametrize("bearer", ["x.y.z", "x"])
def test_a_page_is_told_that_its_token_is_not_valid(bearer: str, browser: Browser, signed_in: Stack) -> None:
    assert upload(browser, signed_in, bearer) == {"code": "token_invalid", "status": 401}


def test_nobody_uploads_without_a_token(signed_in: Stack) -> None:
    answers = [signed_in.ask_grant(), signed_in.http.get(f"{signed_in.token}/limits", timeout=5)]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(401, "token_missing")] * 2
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_a_preflight_needs_no_token(signed_in: Stack) -> None:
    """Browsers send none, and without this one no page could send its own."""
    answer: requests.Response = signed_in.http.options(
        f"{signed_in.token}/", headers={"Origin": signed_in.site}, timeout=5
    )
    assert answer.status_code == 204
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_claims_narrow_what_a_user_may_upload(signed_in: Stack) -> None:
    bearer = f"Bearer {token_for('alice', CLAIMS=json.dumps({'upload': {'max_bytes': 4}}))}"
    answer = signed_in.ask_grant(bearer, name="a.png", size="5", type="image/png")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_the_shipped_page_says_that_it_has_no_sign_in(browser: Browser, signed_in: Stack) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(f"{signed_in.site}/")
    expect(page.locator("#trouble-text")).to_contain_text("Only people who have signed in may upload here")
    context.close()
