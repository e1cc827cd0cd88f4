"""Faults between a function and its peers, and what must be true of an upload in spite of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any

import requests

from tests.support.page.actions import PHOTO
from tests.support.peer import Peer
from tests.support.stack import Stack, md5
from tests.support.watched_stack import WatchedStack

HOP_BY_HOP = {"connection", "date", "host", "server", "transfer-encoding"}


class Relay(Peer):
    """Passes each request on to `target` and the answer back, with the headers that a test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.target = ""
        self.request_headers: dict[str, str] = {}
        self.answer_headers: dict[str, str] = {}
        self.raw = self.pass_on

    def pass_on(self, asked: Any) -> None:
        last = self.asked[-1]
        headers = end_to_end_headers({**last.headers, **self.request_headers})
        with suppress(requests.ConnectionError):  # then the client's connection ends too
            answer = requests.request(
                last.method, self.target + last.path, headers=headers, data=last.body, timeout=9
            )
            asked.send_response(answer.status_code)
            for name, value in end_to_end_headers({**answer.headers, **self.answer_headers}).items():
                asked.send_header(name, value)
            asked.end_headers()
            asked.wfile.write(answer.content)


def end_to_end_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}


@contextmanager
def answering_with(peer: Peer, raw: Callable[[Any], None]) -> Iterator[None]:
    """Have a peer answer with `raw` until the block ends."""
    usual, peer.raw = peer.raw, raw
    try:
        yield
    finally:
        peer.raw = usual


def close_connection(_: Any) -> None:
    """Close the connection without an answer."""


def answer_503(asked: Any) -> None:
    asked.send_response(503)
    asked.send_header("Content-Length", "0")
    asked.end_headers()


@contextmanager
def keep_silent(peer: Peer) -> Iterator[None]:
    """Have a peer accept connections and send nothing until the block ends."""
    over = Event()

    def wait(_: object) -> None:
        over.wait(60)

    with answering_with(peer, wait):
        yield
    over.set()


def stored_keys(stack: Stack) -> set[str]:
    listed = stack.http.get(f"{stack.upload}/-/objects", timeout=9).json()
    return {one["key"] for one in listed["objects"]}


@contextmanager
def expect_one_upload(watched: WatchedStack) -> Iterator[Callable[[Any], None]]:
    """Yield a check of the page's last answer: exactly one more file is stored, and reported under one id."""
    ids, stored = set(watched.webhook_ids()), stored_keys(watched.stack)

    def check(answer: Any) -> None:
        assert answer["etag"] == md5(PHOTO)
        assert stored_keys(watched.stack) - stored == {answer["key"]}
        assert watched.stack.stored(answer["key"]).content == PHOTO
        assert set(watched.webhook_ids()) - ids == set(watched.webhook_ids(answer["key"]))
        assert len(set(watched.webhook_ids(answer["key"]))) == 1

    yield check
