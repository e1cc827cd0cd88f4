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
    content = json.loads(reply["body"]) if reply["body"] else None
    if content and "code" in content:
        assert reply["headers"]["Content-Type"] == "application/problem+json"
        assert content.keys() == {"type", "title", "status", "detail", "code", "request_id"}
        assert content["status"] == reply["statusCode"]
    return Answer(reply["statusCode"], content, reply["headers"])
