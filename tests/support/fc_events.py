"""Function Compute's events, written out for the tests of both functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Handler = Callable[[bytes, object], dict[str, object]]


class Answer(NamedTuple):
    status: int
    content: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.content["code"])


class Hostile:
    """A context whose every attribute raises."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __getattribute__(self, name: str) -> object:
        if name in {"request_id", "credentials"}:
            raise object.__getattribute__(self, "_error")
        return object.__getattribute__(self, name)


class Unspeakable:
    """A context whose request id is no text, and cannot be made one."""

    @property
    def request_id(self) -> Unspeakable:
        return self

    def __str__(self) -> str:
        raise ValueError("unspeakable")


CONTEXTS: dict[str, object] = {
    "none": None,
    "without a request id": object(),
    "that raises": Hostile(ValueError("hunter2")),
    "that exits": Hostile(SystemExit(0)),
    "with an id that is no text": Unspeakable(),
}
NO_EVENTS: list[Any] = [None, "", "{}", 5, {}, [], b"\xff", bytearray(b"{}")]


def fc_event(
    path: str = "/",
    query: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: str = "",
    encoded: bool = False,
) -> bytes:
    """Return a v1 event as in the documentation of Function Compute."""
    return json.dumps(
        {
            "version": "v1",
            "rawPath": path,
            "body": body,
            "isBase64Encoded": encoded,
            "headers": headers or {},
            "queryParameters": query or {},
            "requestContext": {
                "accountId": "123456",
                "domainName": "abcdefgh.cn-hangzhou.fcapp.run",
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "11.11.11.11"},
                "requestId": "1-64f6cd87-1",
                "time": "2023-09-05T06:41:11Z",
                "timeEpoch": "1693896071895",
            },
        }
    ).encode()


def ask(handler: Handler, event: bytes, context: object = None) -> Answer:
    """Call a handler as Function Compute does; check the form of its reply and return it."""
    reply: Any = handler(event, context)
    assert reply.keys() == {"statusCode", "headers", "isBase64Encoded", "body"}
    assert reply["isBase64Encoded"] is False
    content: Any = json.loads(reply["body"]) if reply["body"] else None
    if reply["statusCode"] >= 400:
        assert reply["headers"]["Content-Type"] == "application/problem+json"
        listed = {"numbers"} if content["code"] == "parts_missing" else set()
        assert content.keys() == {"type", "title", "status", "detail", "code", "request_id"} | listed
        assert content["status"] == reply["statusCode"]
    return Answer(reply["statusCode"], content, reply["headers"])
