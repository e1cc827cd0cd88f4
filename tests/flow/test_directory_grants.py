"""Pages written for Alibaba Cloud's own samples work unchanged, and can write in their folder only."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.support.stack import REPOSITORY, Stack, md5

PAGES = Path(__file__).parent / "pages"
PLUPLOAD = REPOSITORY / "tests" / "node_modules" / "plupload" / "js" / "plupload.full.min.js"
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
CAP = 50_000
PERMISSIVE = "unpinned_x_oss=accept,condition_letter_case=any,head_missing_key=404"
CONDITION_FAILED, FIELD_MISSING, EXPIRED = (f"0006-00000{number}" for number in (227, 226, 213))
Fields = dict[str, str]


def started(state: Path, version: str, **more: str) -> Stack:
    return Stack(
        state,
        ALLOW_DIRECTORY_GRANTS="true",
        DIRECTORY_MAX_BYTES=str(CAP),
        SIGNATURE_VERSION=version,
        **more,
    )


@pytest.fixture(scope="module", params=["V1", "V4"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def serving(version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stand-in that refuses what OSS might refuse, and a site with the pages of the samples."""
    state = tmp_path_factory.mktemp(version)
    stack = started(state, version)
    for file in (PAGES / "tutorial.html", PAGES / "sample.html", PLUPLOAD):
        shutil.copy(file, state / "site")
    yield stack
    stack.end()


@pytest.fixture(scope="module")
def attacked(version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stand-in that accepts what OSS might accept."""
    stack = started(tmp_path_factory.mktemp(version), version, LOCAL_OSS_SWITCHES=PERMISSIVE)
    yield stack
    stack.end()


@pytest.fixture
def client(browser: Browser, serving: Stack, version: str) -> Iterator[Page]:
    """The sample's page for the signature version: V1 in the old tutorial, V4 in the current sample."""
    context = browser.new_context()
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    name = "tutorial" if version == "V1" else "sample"
    page.goto(f"{serving.site}/{name}.html?token={quote(serving.token)}")
    yield page
    context.close()
    assert problems == []


def upload(client: Page, name: str = "图片 (1).png", kind: str = "image/png") -> tuple[str, str]:
    """Choose a file as a person does; return the status and the text that the page shows then."""
    answers = client.locator("#answers")
    answers.evaluate("(element) => { element.textContent = ''; }")
    file = FilePayload(name=name, mimeType=kind, buffer=PHOTO)
    client.locator("input[type=file]").set_input_files(file)
    if client.locator("#upload").count():
        client.locator("#upload").click()
    expect(answers).to_have_text(re.compile(r"^\d"), timeout=30_000)
    status, _, text = (answers.text_content() or "").partition(" ")
    return status, text


def test_a_client_of_its_time_uploads_and_shows_the_callbacks_answer(client: Page, serving: Stack) -> None:
    status, text = upload(client)
    answer = json.loads(text)
    assert (status, answer["Status"]) == ("200", "OK")
    assert (answer["size"], answer["etag"], answer["type"]) == (len(PHOTO), md5(PHOTO), "image/png")
    assert re.fullmatch(rf"uploads/_/\d{{4}}/\d\d/\d\d/{answer['id']}/图片 \(1\)\.png", answer["key"])
    assert serving.stored(answer["key"]).content == PHOTO


@pytest.mark.parametrize("version", ["V1"], indirect=True)
def test_the_tutorials_client_names_files_at_random_and_asks_once(client: Page, serving: Stack) -> None:
    client.locator("[value=random]").check()
    keys = [json.loads(upload(client, "a.png")[1])["key"] for _ in range(2)]
    assert client.evaluate("asked") == 1
    folders, names = zip(*(key.rsplit("/", 1) for key in keys), strict=True)
    assert len(set(folders)) == 1
    assert len(set(names)) == 2
    assert all(serving.stored(key).content == PHOTO for key in keys)


def test_a_client_shows_that_a_type_is_not_allowed(client: Page, serving: Stack) -> None:
    """OSS has stored the file and answers 203; the callback function refused the type."""
    status, text = upload(client, "page.html", "text/html")
    assert status == "203"
    assert "<Code>CallbackFailed</Code>" in text
    assert '"code": "type_not_allowed"' in serving.line_with("type_not_allowed")


@pytest.mark.parametrize(
    ("name", "said"), [("a.zip", "application/x-zip-compressed"), ("a.csv", "application/vnd.ms-excel")]
)
def test_a_client_may_spell_a_type_as_windows_does(name: str, said: str, client: Page) -> None:
    status, text = upload(client, name, said)
    assert (status, json.loads(text)["Status"]) == ("200", "OK")


def test_a_client_shows_that_an_svg_is_not_allowed(client: Page) -> None:
    """It would be shown inline: only a file grant makes it a download."""
    assert upload(client, "a.svg", "image/svg+xml")[0] == "203"


# ---- What a page makes of its grant


def granted(stack: Stack) -> Any:
    stack.clear_faults()
    answer = stack.ask_grant()
    assert answer.status_code == 200, answer.text
    return answer.json()


def form(grant: Any, name: str = "a.png") -> Fields:
    """Return the fields that a client of the grant's signature version sends."""
    shared = {
        "key": grant["dir"] + name,
        "policy": grant["policy"],
        "success_action_status": "200",
        "callback": grant["callback"],
    }
    if "accessid" in grant:
        return {**shared, "OSSAccessKeyId": grant["accessid"], "signature": grant["signature"]}
    return {
        **shared,
        "x-oss-signature-version": grant["x_oss_signature_version"],
        "x-oss-credential": grant["x_oss_credential"],
        "x-oss-date": grant["x_oss_date"],
        "x-oss-signature": grant["signature"],
        "x-oss-security-token": grant["security_token"],
    }


def post(stack: Stack, fields: Fields, file: bytes = PHOTO, kind: str = "image/png") -> requests.Response:
    return stack.post(f"{stack.upload}/", list(fields.items()), file, kind=kind)


def ec_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("x-oss-ec", "")


def test_a_grant_may_be_used_again_inside_its_folder(attacked: Stack) -> None:
    """It may also overwrite, as the documents say: each upload is answered about its own bytes."""
    fields = form(granted(attacked))
    etags = [post(attacked, fields, file).json()["etag"] for file in (b"one", b"two", b"one")]
    assert etags == [md5(b"one"), md5(b"two"), md5(b"one")]


@pytest.mark.parametrize(
    "outside",
    [
        lambda own, _: own.rstrip("/"),
        lambda own, _: own.rstrip("/") + "x/a.png",
        lambda own, _: own.upper() + "a.png",
        lambda own, _: own[1:] + "a.png",
        lambda own, _: "a/" + own + "a.png",
        lambda own, _: own.rsplit("/", 2)[0] + "/a.png",
        lambda _, other: other + "a.png",
        lambda _, __: "${filename}",
    ],
)
def test_oss_refuses_a_key_outside_the_folder(outside: Any, attacked: Stack) -> None:
    grant, other = granted(attacked), granted(attacked)
    assert grant["dir"] != other["dir"]
    fields = {**form(grant), "key": outside(grant["dir"], other["dir"])}
    assert ec_of(post(attacked, fields)) == (403, CONDITION_FAILED)


def test_oss_refuses_a_file_over_the_cap(attacked: Stack) -> None:
    fields = form(granted(attacked))
    assert post(attacked, fields, bytes(CAP)).status_code == 200
    assert post(attacked, fields, bytes(CAP + 1)).status_code == 400


def test_oss_refuses_another_callback(attacked: Stack) -> None:
    grant, other = granted(attacked), granted(attacked)
    evil = base64.b64encode(b'{"callbackUrl":"http://203.0.113.1/","callbackBody":"a"}').decode()
    for callback in (other["callback"], evil, ""):
        assert ec_of(post(attacked, {**form(grant), "callback": callback})) == (403, CONDITION_FAILED)
    fields = {name: value for name, value in form(grant).items() if name != "callback"}
    assert ec_of(post(attacked, fields)) == (403, FIELD_MISSING)


def test_oss_refuses_a_changed_policy(attacked: Stack) -> None:
    fields = form(granted(attacked))
    policy = json.loads(base64.b64decode(fields["policy"]))
    policy["conditions"] = policy["conditions"][:1]
    fields["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    answer = post(attacked, fields)
    assert answer.status_code == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in answer.text


def test_oss_refuses_a_grant_that_has_expired(attacked: Stack) -> None:
    grant = granted(attacked)
    attacked.fault("clock_offset", seconds=299)
    assert post(attacked, form(grant)).status_code == 200
    attacked.fault("clock_offset", seconds=302)
    assert ec_of(post(attacked, form(grant))) == (403, EXPIRED)


@pytest.mark.parametrize("name", ["a/b.png", "a\\b.png", "a\x7f.png", "/b.png", "..", "."])
def test_what_is_no_file_of_the_folder_is_not_completed(name: str, attacked: Stack) -> None:
    """The policy can only fix how a key begins; the callback function checks the rest."""
    grant = granted(attacked)
    answer = post(attacked, form(grant, name))
    assert answer.status_code == 203, answer.text
    upload_id = grant["dir"].split("/")[-2]
    assert attacked.callback_codes(1, upload_id) == ["object_differs"]


def test_a_form_field_cannot_make_a_type_allowed(attacked: Stack) -> None:
    fields = {**form(granted(attacked)), "Content-Type": "image/png"}
    assert post(attacked, fields, kind="text/html").status_code == 203  # the file part's type is stored


def test_confirm_is_not_for_directory_grants(attacked: Stack) -> None:
    callback = json.loads(base64.b64decode(granted(attacked)["callback"]))
    ticket = callback["callbackBody"].split("&")[0].removeprefix("ticket=")
    answer = attacked.http.post(f"{attacked.callback}/confirm", json={"ticket": ticket}, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_verified")
