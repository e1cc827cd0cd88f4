"""What a grant allows uploads; whatever else a browser makes of it does not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from stack import BUCKET, Stack, md5

FILE = b"hello"
Parts = list[tuple[str, str]]
Change = Callable[[Parts], Parts]

FIELDS = (
    "key",
    "x-oss-content-type",
    "Content-Disposition",
    "x-oss-forbid-overwrite",
    "x-oss-object-acl",
    "success_action_status",
    "callback",
    "x-oss-signature-version",
    "x-oss-credential",
    "x-oss-date",
    "x-oss-security-token",
    "policy",
    "x-oss-signature",
)

CONDITION_FAILED, FIELD_MISSING, EXTRA_FIELD = (f"0006-00000{number}" for number in (227, 226, 228))
NO_SIGNATURE = "0002-00000705"
# OSS's fine-grained code for a field that is changed or dropped; all others are conditions of the policy only
CHANGED = {
    "x-oss-signature-version": "0002-00000701",
    "x-oss-credential": "0002-00000710",
    "x-oss-date": "0002-00000709",
    "x-oss-security-token": "0002-00000006",
    "policy": NO_SIGNATURE,
    "x-oss-signature": NO_SIGNATURE,
}
DROPPED = {
    "key": "",  # no code of its own is known
    "x-oss-signature-version": "0002-00000706",  # without it, OSS takes the form for one signed by V1
    "x-oss-credential": "0002-00000708",
    "x-oss-date": "0002-00000709",
    "x-oss-security-token": "0002-00000003",
    "policy": "0002-00000702",
    "x-oss-signature": "0002-00000703",
}


def parts_of(grant: Any) -> Parts:
    assert tuple(grant["fields"]) == FIELDS
    return list(grant["fields"].items())


def code_of(answer: requests.Response) -> str:
    assert answer.headers["Content-Type"] == "application/xml"
    return answer.text.split("<Code>")[1].split("</Code>")[0]


def replaced(name: str, value: str) -> Change:
    return lambda parts: [(one, value if one == name else text) for one, text in parts]


def changed(name: str) -> Change:
    return lambda parts: [(one, text[:-2] + "AA" if one == name else text) for one, text in parts]


def shouted(name: str) -> Change:
    return lambda parts: [(one, text.upper() if one == name else text) for one, text in parts]


def dropped(name: str) -> Change:
    return lambda parts: [part for part in parts if part[0] != name]


def added(name: str, value: str) -> Change:
    return lambda parts: [*parts, (name, value)]


def repinned(change: Callable[[dict[str, Any]], None]) -> Change:
    """Write another policy and keep the old signature."""

    def rewrite(parts: Parts) -> Parts:
        policy = json.loads(base64.b64decode(dict(parts)["policy"]))
        change(policy)
        return replaced("policy", base64.b64encode(json.dumps(policy).encode()).decode())(parts)

    return rewrite


LATER = "2099-01-01T00:00:00.000Z"
WIDE = ["content-length-range", 0, 10**9]
EVIL_CALLBACK = base64.b64encode(b'{"callbackUrl":"http://evil.example"}').decode()
TAMPERED: list[tuple[str, Change, str]] = [
    *((f"{name} changed", changed(name), CHANGED.get(name, CONDITION_FAILED)) for name in FIELDS),
    *((f"{name} dropped", dropped(name), DROPPED.get(name, FIELD_MISSING)) for name in FIELDS),
    *((f"{name} after the file", dropped(name), DROPPED.get(name, FIELD_MISSING)) for name in FIELDS),
    ("key of another's folder", replaced("key", "uploads/other/a.png"), CONDITION_FAILED),
    ("key with a file name in it", replaced("key", "uploads/_/${filename}"), CONDITION_FAILED),
    (
        "key in other letters",
        lambda parts: [(n, t.upper() if n == "key" else t) for n, t in parts],
        CONDITION_FAILED,
    ),
    ("a public object", replaced("x-oss-object-acl", "public-read-write"), CONDITION_FAILED),
    ("overwriting allowed", replaced("x-oss-forbid-overwrite", "false"), CONDITION_FAILED),
    ("shown as HTML", replaced("x-oss-content-type", "text/html"), CONDITION_FAILED),
    ("shown inline", replaced("Content-Disposition", "inline"), CONDITION_FAILED),
    ("an empty callback", replaced("callback", ""), CONDITION_FAILED),
    ("callback to another host", replaced("callback", EVIL_CALLBACK), CONDITION_FAILED),
    (
        "a later expiration",
        repinned(lambda policy: policy.update(expiration="2099-01-01T00:00:00.000Z")),
        NO_SIGNATURE,
    ),
    ("a wider range", repinned(lambda policy: policy["conditions"].append(WIDE)), NO_SIGNATURE),
    ("no conditions", repinned(lambda policy: policy.update(conditions=[])), NO_SIGNATURE),
]
ADDED = [
    ("x-oss-storage-class", "Archive", 203),  # stored, but the callback refuses it
    ("x-oss-meta-admin", "true", 200),
    ("x-oss-server-side-encryption", "AES256", 200),
]


@pytest.fixture(scope="module")
def permissive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stand-in that accepts whatever OSS might accept."""
    switches = "unpinned_x_oss=accept,condition_letter_case=any,field_limit=2MB,head_missing_key=404"
    stack = Stack(tmp_path_factory.mktemp("permissive"), LOCAL_OSS_SWITCHES=switches)
    yield stack
    stack.end()


@pytest.mark.parametrize("attacked", ["stack", "permissive"])
@pytest.mark.parametrize(("name", "change", "ec"), TAMPERED, ids=[row[0] for row in TAMPERED])
def test_oss_refuses_a_tampered_form(
    name: str, change: Change, ec: str, attacked: str, request: pytest.FixtureRequest
) -> None:
    stack: Stack = request.getfixturevalue(attacked)
    grant = stack.grant(size=len(FILE))
    good = parts_of(grant)
    after = [part for part in good if name == f"{part[0]} after the file"]
    answer = stack.post(grant["url"], change(good), FILE, after=after)
    assert (answer.status_code // 100, answer.headers.get("x-oss-ec", "")) == (4, ec), answer.text
    assert stack.stored(grant["key"]).status_code == 404


@pytest.mark.parametrize(("name", "value", "status"), ADDED)
def test_a_field_that_no_condition_names_gains_nothing(
    name: str, value: str, status: int, stack: Stack, permissive: Stack
) -> None:
    """Nobody knows whether OSS refuses it. If not, completion looks at the object again."""
    grant = stack.grant()
    refused = stack.post(grant["url"], added(name, value)(parts_of(grant)), FILE)
    assert refused.headers["x-oss-ec"] == EXTRA_FIELD
    grant = permissive.grant()
    accepted = permissive.post(grant["url"], added(name, value)(parts_of(grant)), FILE)
    assert accepted.status_code == status
    expected = "ok" if status == 200 else "storage_class_differs"
    assert permissive.callback_codes(1, grant["id"]) == [expected]


@pytest.mark.parametrize(("file", "code"), [(b"hell", "EntityTooSmall"), (b"hello!", "EntityTooLarge")])
def test_oss_refuses_another_size(file: bytes, code: str, stack: Stack) -> None:
    grant = stack.grant(size=5)
    answer = stack.send(grant, file)
    assert (answer.status_code, code_of(answer)) == (400, code)
    assert stack.stored(grant["key"]).status_code == 404


def test_a_grant_stores_once(stack: Stack) -> None:
    grant = stack.grant()
    assert stack.send(grant, FILE).status_code == 200
    again = stack.send(grant, b"HELLO")
    assert (again.status_code, code_of(again)) == (409, "FileAlreadyExists")
    assert stack.stored(grant["key"]).content == FILE


def test_a_public_acl_in_a_header_is_beaten_by_the_field(stack: Stack) -> None:
    grant = stack.grant()
    answer = stack.post(grant["url"], parts_of(grant), FILE, headers={"x-oss-object-acl": "public-read"})
    assert answer.status_code == 200
    assert stack.http.get(f"{stack.upload}/{grant['key']}", timeout=5).status_code == 403


def test_the_order_of_the_fields_before_the_file_does_not_matter(stack: Stack) -> None:
    grant = stack.grant()
    assert stack.post(grant["url"], parts_of(grant)[::-1], FILE).json()["id"] == grant["id"]


def test_callback_and_confirm_answer_alike(stack: Stack) -> None:
    grant = stack.grant("图片.png")
    answer = stack.send(grant, FILE)
    assert answer.json() == {
        "Status": "OK",
        "id": grant["id"],
        "key": grant["key"],
        "size": 5,
        "etag": md5(FILE),
        "type": "image/png",
        "name": "图片.png",
    }
    assert stack.confirm(grant).json() == answer.json()


def test_confirm_tells_what_was_never_sent(stack: Stack) -> None:
    answer = stack.confirm(stack.grant())
    assert (answer.status_code, answer.json()["code"]) == (409, "not_stored")


def test_a_callback_that_fails_leaves_the_object_and_says_so(stack: Stack) -> None:
    grant = stack.grant()
    stack.fault("callback_down")
    answer = stack.send(grant, FILE)
    assert (answer.status_code, code_of(answer)) == (203, "CallbackFailed")
    assert stack.stored(grant["key"]).content == FILE
    assert stack.confirm(grant).json()["Status"] == "OK"


def test_a_stranger_cannot_call_back(stack: Stack) -> None:
    grant = stack.grant()
    form = {
        "ticket": grant["ticket"],
        "bucket": BUCKET,
        "object": grant["key"],
        "size": "5",
        "etag": "A",
    }
    answer = stack.http.post(f"{stack.callback}/callback", data=form, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_verified")


def test_thirty_two_uploads_at_once_are_all_answered(stack: Stack) -> None:
    def upload(number: int) -> bool:
        with requests.Session() as session:
            grant = stack.grant(f"{number}.png", 100_000)
            parts: list[Any] = [(name, (None, value)) for name, value in grant["fields"].items()]
            parts.append(("file", ("file", bytes([number]) * 100_000, "image/png")))
            answer = session.post(grant["url"], files=parts, timeout=60)
            return bool(answer.json()["id"] == grant["id"])

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(upload, range(64)))


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_foreign_page_gets_nothing(origin: str, stack: Stack) -> None:
    for method, address in (("GET", f"{stack.token}/limits"), ("POST", f"{stack.callback}/confirm")):
        for one in (method, "OPTIONS"):
            answer = stack.http.request(one, address, headers={"Origin": origin}, timeout=5)
            assert answer.status_code == 403
            assert answer.headers["Access-Control-Allow-Origin"] == stack.site
            assert "Access-Control-Allow-Credentials" not in answer.headers
