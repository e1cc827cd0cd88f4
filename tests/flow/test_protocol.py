"""The protocol: what a page may do with a grant, and how OSS and the functions answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.support.stack import Stack, code_of, crc64_of, md5

FILE = b"hello"


def test_the_order_of_the_fields_before_the_file_does_not_matter(stack: Stack) -> None:
    grant = stack.grant()
    assert stack.post(grant["url"], list(grant["fields"].items())[::-1], FILE).json()["id"] == grant["id"]


def test_callback_and_confirm_answer_alike(stack: Stack) -> None:
    grant = stack.grant("图片.png")
    answer, confirmed = stack.send(grant, FILE).json(), stack.confirm(grant).json()
    assert answer == {
        "Status": "OK",
        "id": grant["id"],
        "key": grant["key"],
        "size": 5,
        "etag": md5(FILE),
        "crc64": crc64_of(FILE),
        "type": "image/png",
        "name": "图片.png",
        "url": answer["url"],
    }
    assert {**confirmed, "url": answer["url"]} == answer


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
