"""Completing an upload in parts on the whole stack, beside whatever may happen at the same time or go wrong.

Whatever the first answer is, in the end one object is stored, and the backend is told of it under one id.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
import requests

from tests.support.browser import PATIENCE
from tests.support.network_faults import stored_keys
from tests.support.stack import Stack, crc64_of
from tests.support.watched_stack import WatchedStack, watched_stack

CONTENT = b"hello"
OUTLASTS = 11  # seconds: the token function waits 10 for a Complete
POLL_SECONDS = 0.05
TIMES = 10


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedStack]:
    """A stack in which each file may be sent in parts."""
    with watched_stack(tmp_path_factory.mktemp("parts"), "", "", {"MULTIPART_BYTES": "1"}) as watched:
        yield watched


class Upload:
    """One upload whose only part has arrived."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        file = {"name": "a.png", "size": len(CONTENT), "type": "image/png", "multipart": True}
        (self.grant,) = self._post("/uploads", files=[file]).json()["uploads"]
        (part,) = self._post("/parts", ticket=self.grant["ticket"], numbers=[1]).json()["parts"]
        assert requests.put(part["url"], CONTENT, timeout=30).status_code == 200

    def complete(self) -> requests.Response:
        return self._post("/complete", ticket=self.grant["ticket"])

    def abort(self) -> requests.Response:
        return self._post("/abort", ticket=self.grant["ticket"])

    def confirm(self) -> requests.Response:
        return requests.post(self.grant["confirm"], json={"ticket": self.grant["ticket"]}, timeout=30)

    def confirmed(self) -> Any:
        """Ask until the callback function says that the file is stored; return its answer."""
        ends = time.monotonic() + PATIENCE / 1000
        while (answer := self.confirm()).status_code != 200:
            assert answer.status_code in {409, 429, 503}, answer.text
            assert time.monotonic() < ends, answer.text
            Event().wait(POLL_SECONDS)
        return answer.json()

    def _post(self, path: str, **document: object) -> requests.Response:
        return requests.post(f"{self._stack.token}{path}", json=document, timeout=60)


def check_stored_and_told_once(upload: Upload, watched: WatchedStack) -> None:
    key = upload.grant["key"]
    assert upload.confirmed()["crc64"] == crc64_of(CONTENT)
    assert watched.stack.stored(key).content == CONTENT
    assert len(set(watched.webhook_ids(key))) == 1
    assert upload.complete().json()["code"] == "upload_gone"
    assert upload.abort().json()["code"] == "upload_gone"


def codes(*answers: requests.Response) -> list[tuple[int, str]]:
    return [(answer.status_code, answer.json().get("code", "")) for answer in answers]


def test_a_complete_that_outlasts_the_function_is_found_by_confirm(watched: WatchedStack) -> None:
    upload = Upload(watched.stack)
    watched.stack.fault("slow_complete", seconds=OUTLASTS)
    assert codes(upload.complete()) == [(503, "unavailable")]
    check_stored_and_told_once(upload, watched)


def test_a_complete_whose_answer_is_lost_is_found_by_confirm(watched: WatchedStack) -> None:
    upload = Upload(watched.stack)
    watched.stack.fault("answer_lost", operation="CompleteMultipartUpload")
    assert codes(upload.complete()) == [(503, "unavailable")]
    check_stored_and_told_once(upload, watched)


def test_a_complete_whose_callback_fails_is_203_and_confirm_tells_the_backend(watched: WatchedStack) -> None:
    upload = Upload(watched.stack)
    watched.stack.fault("callback_down")
    assert codes(upload.complete()) == [(203, "callback_failed")]
    assert watched.webhook_ids(upload.grant["key"]) == []
    check_stored_and_told_once(upload, watched)


def test_confirms_beside_a_complete_tell_the_backend_once(watched: WatchedStack) -> None:
    for _ in range(TIMES):
        upload = Upload(watched.stack)
        with ThreadPoolExecutor(3) as pool:
            completed, *confirms = (
                pool.submit(ask) for ask in (upload.complete, upload.confirm, upload.confirm)
            )
        assert completed.result().status_code in {200, 203}
        answers = codes(*(one.result() for one in confirms))
        assert {status for status, _ in answers} <= {200, 409, 429, 503}, answers
        check_stored_and_told_once(upload, watched)


def test_two_completes_and_an_abort_at_once_store_the_file_once_or_not_at_all(watched: WatchedStack) -> None:
    for _ in range(TIMES):
        before = stored_keys(watched.stack)
        upload = Upload(watched.stack)
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(ask) for ask in (upload.complete, upload.abort, upload.complete)]
        won, *lost = sorted((one.result() for one in asked), key=lambda answer: answer.status_code)
        is_aborted = won is asked[1].result()
        assert won.status_code in ({200} if is_aborted else {200, 203}), codes(won, *lost)
        assert [answer.status_code for answer in lost] == [409, 409], codes(won, *lost)
        if is_aborted:
            assert stored_keys(watched.stack) == before
            assert codes(upload.confirm()) == [(409, "not_stored")]
            assert watched.webhook_ids(upload.grant["key"]) == []
        else:
            check_stored_and_told_once(upload, watched)


def test_an_upload_that_is_gone_without_an_object_is_not_stored(watched: WatchedStack) -> None:
    upload = Upload(watched.stack)
    watched.stack.fault("upload_aborted", operation="ListParts")  # the lifecycle rule was faster
    assert codes(upload.complete(), upload.confirm()) == [(409, "upload_gone"), (409, "not_stored")]
    assert watched.webhook_ids(upload.grant["key"]) == []
