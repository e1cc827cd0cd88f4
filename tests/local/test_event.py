"""The events that Function Compute would build from requests."""

import base64

import pytest

from local.fc.event import Context, FunctionMeta, Received, fc_context, fc_event

NOW = 1_800_000_000.25  # 2027-01-15T08:00:00Z

CALLBACK = Received(
    method="POST",
    target="/call%20back/%E5%9B%BE?a=1&b=%E5%9B%BE&a=2&c",
    protocol="HTTP/1.1",
    headers=(
        ("Host", "upload-callback-abc.cn-hangzhou.fcapp.run:8443"),
        ("x-oss-pub-key-url", "aHR0cDovL2V4YW1wbGUuY29tLw=="),
        ("CONTENT-TYPE", "application/x-www-form-urlencoded"),
        ("User-Agent", "aliyun-oss-callback"),
        ("Accept", "text/html"),
        ("accept", "application/json"),
        ("Connection", "keep-alive"),
        ("Keep-Alive", "timeout=5"),
        ("X-Fc-Account-Id", "1"),
    ),
    body=b"bucket=examplebucket&size=5",
    source_ip="192.0.2.7",
)
EVENT = {
    "version": "v1",
    "rawPath": "/call%20back/%E5%9B%BE",
    "body": "bucket=examplebucket&size=5",
    "isBase64Encoded": False,
    "headers": {
        "Host": "upload-callback-abc.cn-hangzhou.fcapp.run:8443",
        "X-Oss-Pub-Key-Url": "aHR0cDovL2V4YW1wbGUuY29tLw==",
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "aliyun-oss-callback",
        "Accept": "text/html,application/json",
    },
    "queryParameters": {"a": "1,2", "b": "图", "c": ""},
    "requestContext": {
        "accountId": "123456789012",
        "domainName": "upload-callback-abc.cn-hangzhou.fcapp.run",
        "domainPrefix": "upload-callback-abc",
        "http": {
            "method": "POST",
            "path": "/call back/图",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.7",
            "userAgent": "aliyun-oss-callback",
        },
        "requestId": "1-6b49d200-000000000000000000000001",
        "time": "2027-01-15T08:00:00Z",
        "timeEpoch": "1800000000250",
        "triggerId": "local-trigger",
    },
}


def event_of(*, always_base64: bool = False, **changes: object) -> dict[str, object]:
    received = CALLBACK._replace(**changes)  # type: ignore[arg-type] # the test names its own fields
    return fc_event(received, "1-6b49d200-000000000000000000000001", NOW, always_base64=always_base64)


def typed(content_type: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", content_type),)


def test_builds_the_documented_event() -> None:
    assert event_of() == EVENT


def test_sends_the_same_event_with_a_base64_body_in_the_stricter_reading() -> None:
    body = base64.b64encode(CALLBACK.body).decode()
    assert event_of(always_base64=True) == {**EVENT, "body": body, "isBase64Encoded": True}


def test_builds_an_event_from_the_barest_request() -> None:
    event = event_of(method="GET", target="/", headers=(), body=b"")
    assert event["headers"] == {}
    assert event["queryParameters"] == {}
    assert (event["body"], event["isBase64Encoded"]) == ("", False)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "TEXT/CSV; charset=utf-8", "application/json", "application/xml", "text/xml"],
)
def test_sends_text_as_text(content_type: str) -> None:
    event = event_of(headers=typed(content_type), body="图".encode())
    assert (event["body"], event["isBase64Encoded"]) == ("图", False)


@pytest.mark.parametrize("content_type", ["application/octet-stream", "image/png", "multipart/form-data"])
def test_sends_binary_content_as_base64(content_type: str) -> None:
    event = event_of(headers=typed(content_type), body=b"plain")
    assert (event["body"], event["isBase64Encoded"]) == ("cGxhaW4=", True)


def test_sends_text_that_is_not_utf_8_as_base64() -> None:
    event = event_of(body=b"\xff")
    assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)


@pytest.mark.parametrize(
    ("target", "raw_path", "path"),
    [
        ("//callback", "//callback", "//callback"),
        ("/a%2Fb+c", "/a%2Fb+c", "/a/b+c"),
        ("/%ff", "/%ff", "/\ufffd"),
        ("http://127.0.0.1:9001/limits?x", "/limits", "/limits"),
        ("http://127.0.0.1:9001", "/", "/"),
    ],
)
def test_keeps_the_raw_path_and_decodes_the_other(target: str, raw_path: str, path: str) -> None:
    event = event_of(target=target)
    assert event["rawPath"] == raw_path
    assert event["requestContext"]["http"]["path"] == path  # type: ignore[index] # JSON


def test_decodes_the_query_like_a_form() -> None:
    assert event_of(target="/?name=a+b%2Bc&x=%ff&x=")["queryParameters"] == {"name": "a b+c", "x": "\ufffd,"}


def test_passes_a_context_without_credentials() -> None:
    context = fc_context("token", "1-2-3", 5.0)
    meta = FunctionMeta("token", "main.handler", 128, 5, "LATEST", "LATEST")
    assert context == Context("1-2-3", meta, "local", "123456789012")
    assert not hasattr(context, "credentials")
