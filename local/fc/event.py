"""From an HTTP request to Function Compute's v1 event and context.

Every function here is pure. The shapes are those of Alibaba Cloud's pages "HTTP trigger" and "Context". The
documentation does not say which content types arrive as base64, so the caller chooses between two readings.
"""

import base64
import time
import urllib.parse
from typing import NamedTuple

DROPPED_HEADERS = frozenset({"connection", "keep-alive"})
PLATFORM_PREFIX = "x-fc-"
TEXT_TYPES = frozenset(
    {"application/json", "application/x-www-form-urlencoded", "application/xml", "application/javascript"}
)
ACCOUNT_ID = "123456789012"
REGION = "local"
TRIGGER_ID = "local-trigger"


class Received(NamedTuple):
    """A request as it was received: `target` is the encoded path and query, `headers` may repeat a name."""

    method: str
    target: str
    protocol: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str


class FunctionMeta(NamedTuple):
    """The `function` part of a context."""

    name: str
    handler: str
    memory: int
    timeout: int
    version_id: str
    qualifier: str


class Context(NamedTuple):
    """The second argument of a handler in the Python 3.12 runtime, which gives credentials as variables."""

    request_id: str
    function: FunctionMeta
    region: str
    account_id: str


def fc_context(name: str, request_id: str, timeout_seconds: float) -> Context:
    """Build the context of one invocation of the function called `name`."""
    meta = FunctionMeta(name, "main.handler", 128, int(timeout_seconds), "LATEST", "LATEST")
    return Context(request_id, meta, REGION, ACCOUNT_ID)


def fc_event(
    received: Received, request_id: str, now: float, *, always_base64: bool = False
) -> dict[str, object]:
    """Build the event: `rawPath` as it was sent, `requestContext.http.path` decoded, the query only as a map.

    `now` is in epoch seconds. With `always_base64` every body arrives as base64, else only binary content
    does.
    """
    headers = canonical_headers(received.headers)
    raw_path, query = split_target(received.target)
    body, encoded = fc_body(received.body, headers.get("Content-Type", ""), always_base64=always_base64)
    host = urllib.parse.urlsplit("//" + headers.get("Host", "")).netloc.rpartition("@")[2].partition(":")[0]
    return {
        "version": "v1",
        "rawPath": raw_path,
        "body": body,
        "isBase64Encoded": encoded,
        "headers": headers,
        "queryParameters": query_map(query),
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": received.method,
                "path": urllib.parse.unquote(raw_path),
                "protocol": received.protocol,
                "sourceIp": received.source_ip,
                "userAgent": headers.get("User-Agent", ""),
            },
            "requestId": request_id,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
            "timeEpoch": str(int(now * 1000)),
            "triggerId": TRIGGER_ID,
        },
    }


def canonical_headers(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Spell names as Go does (`X-Oss-Pub-Key-Url`), join repeats by comma, drop the platform's headers."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        low = name.lower()
        if low in DROPPED_HEADERS or low.startswith(PLATFORM_PREFIX):
            continue
        canonical = "-".join(part.capitalize() for part in low.split("-"))
        headers[canonical] = f"{headers[canonical]},{value}" if canonical in headers else value
    return headers


def split_target(target: str) -> tuple[str, str]:
    """Split a request target into path and query; drop the host of an absolute one (`GET http://host/path`)."""
    address, _, query = target.partition("?")
    if not address.startswith("/"):
        address = urllib.parse.urlsplit(address).path
    return address or "/", query


def query_map(query: str) -> dict[str, str]:
    """Decode a query into a map; the values of a repeated name are joined by a comma."""
    parameters: dict[str, str] = {}
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def fc_body(body: bytes, content_type: str, *, always_base64: bool) -> tuple[str, bool]:
    """Return the body as text, or as base64 if its type or its bytes are binary, or if `always_base64`."""
    media_type = content_type.partition(";")[0].strip().lower()
    is_text = not media_type or media_type.startswith("text/") or media_type in TEXT_TYPES
    if is_text and not always_base64:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # the type says text, but JSON cannot hold these bytes as text
    return base64.b64encode(body).decode(), True
