"""Calls a WSGI application with an event; that no server stands between is in favour of the peer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode


def handler_of(app: Callable[..., Iterable[bytes]]) -> Callable[[bytes, object], dict[str, Any]]:
    """Return a handler that answers events as ours do."""

    def handler(event: bytes, _: object) -> dict[str, Any]:
        statuses: list[str] = []
        body = b"".join(app(environ_of(event), lambda status, *_: statuses.append(status)))
        return {"statusCode": int(statuses[0][:3]), "body": body.decode()}

    return handler


def environ_of(event: bytes) -> dict[str, Any]:
    """Return PEP 3333's environment of a request."""
    asked = json.loads(event)
    body = asked["body"].encode()
    headers = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in asked["headers"].items()}
    return {
        **headers,
        "REQUEST_METHOD": asked["requestContext"]["http"]["method"],
        "PATH_INFO": asked["rawPath"],
        "QUERY_STRING": urlencode(asked["queryParameters"]),
        "CONTENT_TYPE": asked["headers"].get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "9000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
