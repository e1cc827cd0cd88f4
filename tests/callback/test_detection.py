"""DETECT_TYPE: one GET of the first bytes after a HEAD that passed; hook and webhook learn the type."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

import hook
from completion.application import DEADLINE_SECONDS, build
from completion.object_proof import Upload
from completion.outbound import FIRST_BYTES_SECONDS, HEAD_SECONDS, WEBHOOK_SECONDS, Outbound
from completion.settings import Settings
from completion.webhook import Backend
from tests.support.callback_fixtures import (
    ETAG,
    NOW,
    SECRET,
    STORED,
    TICKET,
    Bucket,
    Callback,
    Watch,
    confirmation,
)
from tests.support.dripper import Dripper
from tests.support.fc_events import ask
from vendored.env import Credentials
from vendored.errors import Misconfigured
from vendored.fc_http import Clock, Handler
from vendored.ticket import sign_ticket

WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + bytes(8000)
ROLE = Credentials("i", "s", "t")
UPLOAD = Upload("01abc", TICKET.key, 5, ETAG, "image/png", "a.png", "", TICKET.exp)
Sign = Callable[..., Callback]


class DetectingBucket(Bucket):
    """It answers a HEAD as ever, and a GET with `ranged` and these bytes."""

    ranged = 206
    content = WEBP

    def answer(self, answering: Any) -> None:
        if answering.command == "HEAD":
            super().answer(answering)
            return
        answering.send_response(self.ranged)
        answering.send_header("Content-Length", str(len(self.content)))
        answering.end_headers()
        answering.wfile.write(self.content)


@pytest.fixture
def bucket() -> Any:
    bucket = DetectingBucket()
    with bucket.serving():
        yield bucket


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "DETECT_TYPE": "true"}


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> list[Upload]:
    """Every upload that the hook is given, in order."""
    given: list[Upload] = []

    def note(upload: Upload, _: Backend) -> dict[str, object]:
        given.append(upload)
        return {}

    monkeypatch.setattr(hook, "on_upload", note)
    return given


def test_the_hook_learns_what_the_bytes_show(
    environ: dict[str, str], watch: Watch, signed: Sign, bucket: DetectingBucket, uploads: list[Upload]
) -> None:
    size = len(WEBP)
    bucket.headers["Content-Length"] = str(size)
    ticket = sign_ticket(TICKET._replace(size=size), SECRET)
    bucket.content = WEBP[:4096]
    handler = build(environ, Clock(lambda: NOW, watch))
    answers = [
        ask(handler, event) for event in (signed(ticket=ticket, size=str(size)).event(), confirmation(ticket))
    ]
    assert [one.status for one in answers] == [200, 200]
    assert "detected_type" not in answers[0].content
    assert [(one.type, one.detected_type) for one in uploads] == [("image/png", "image/webp")]
    assert [asked.method for asked in bucket.asked] == ["HEAD", "GET", "HEAD"]
    get = bucket.asked[1]
    assert (get.path, get.headers["Range"], get.headers["If-Match"]) == (
        f"/{TICKET.key}",
        "bytes=0-4095",
        f'"{ETAG}"',
    )
    assert get.headers["Accept-Encoding"] == "identity"
    assert get.headers["Authorization"].startswith("OSS4-HMAC-SHA256 Credential=STS.EXAMPLE/")
    assert bucket.connections == 1


def test_a_range_never_ends_behind_the_object(
    environ: dict[str, str], watch: Watch, bucket: DetectingBucket, uploads: list[Upload]
) -> None:
    """OSS answers such a range with the whole object and 200."""
    bucket.content = b"%PDF-"
    ask(build(environ, Clock(lambda: NOW, watch)), confirmation())
    assert bucket.asked[1].headers["Range"] == "bytes=0-4"
    assert uploads[0].detected_type == "application/pdf"


def test_an_empty_file_is_not_read(
    environ: dict[str, str], watch: Watch, bucket: DetectingBucket, uploads: list[Upload]
) -> None:
    bucket.headers["Content-Length"] = "0"
    ticket = sign_ticket(TICKET._replace(size=0), SECRET)
    assert ask(build(environ, Clock(lambda: NOW, watch)), confirmation(ticket)).status == 200
    assert [asked.method for asked in bucket.asked] == ["HEAD"]
    assert uploads[0].detected_type == ""


@pytest.mark.parametrize("status", [200, 304, 403, 404, 412, 416, 500, 503])
def test_an_answer_that_is_no_part_decides_nothing(
    status: int, environ: dict[str, str], watch: Watch, bucket: DetectingBucket, uploads: list[Upload]
) -> None:
    bucket.ranged = status
    bucket.content = b"" if status == 304 else b"%PDF-"
    assert ask(build(environ, Clock(lambda: NOW, watch)), confirmation()).status == 200
    assert uploads == [UPLOAD._replace(name="图片.png", crc64=STORED["x-oss-hash-crc64ecma"])]


def test_a_get_that_breaks_decides_nothing(
    environ: dict[str, str], watch: Watch, bucket: DetectingBucket, uploads: list[Upload]
) -> None:
    handler = build(environ, Clock(lambda: NOW, watch))

    def broken(answering: Any) -> None:
        if answering.command == "HEAD":
            bucket.answer(answering)

    bucket.raw = broken
    assert ask(handler, confirmation()).status == 200
    assert uploads[0].detected_type == ""


def test_no_more_bytes_are_read_than_asked_for(watch: Watch, bucket: DetectingBucket) -> None:
    outbound = Outbound(bucket.url, "examplebucket", "cn-hangzhou", watch)
    first = outbound.first_bytes(UPLOAD._replace(size=10**6), 4096, ROLE, NOW, watch.seconds + 3.5)
    assert first == WEBP[:4096]


def test_a_peer_that_drips_cannot_hold_the_get() -> None:
    dripper = Dripper(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4096\r\n\r\n%")
    with dripper.serving():
        outbound = Outbound(dripper.url, "examplebucket", "cn-hangzhou", lambda: 0.0)
        assert outbound.first_bytes(UPLOAD._replace(size=10**6), 4096, ROLE, NOW, 0.1) == b""
        assert dripper.wait_until_alone() == 0


def test_nothing_is_read_when_the_time_is_over(watch: Watch, bucket: DetectingBucket) -> None:
    outbound = Outbound(bucket.url, "examplebucket", "cn-hangzhou", watch)
    assert outbound.first_bytes(UPLOAD, 4096, ROLE, NOW, watch.seconds) == b""
    assert bucket.asked == []


def test_head_first_bytes_and_webhook_fit_into_the_time_of_a_request() -> None:
    assert HEAD_SECONDS + FIRST_BYTES_SECONDS + WEBHOOK_SECONDS <= DEADLINE_SECONDS


@pytest.mark.parametrize("value", ["", "false"])
def test_without_the_setting_nothing_is_read_and_no_table_loaded(
    value: str,
    environ: dict[str, str],
    watch: Watch,
    bucket: DetectingBucket,
    uploads: list[Upload],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "completion.detected_type", None)  # an import would fail
    handler: Handler = build({**environ, "DETECT_TYPE": value}, Clock(lambda: NOW, watch))
    assert ask(handler, confirmation()).status == 200
    assert [asked.method for asked in bucket.asked] == ["HEAD"]
    assert uploads[0].detected_type == ""


def test_an_object_that_is_not_the_granted_one_is_not_read(
    environ: dict[str, str], watch: Watch, bucket: DetectingBucket
) -> None:
    bucket.headers["Content-Length"] = "6"
    assert ask(build(environ, Clock(lambda: NOW, watch)), confirmation()).code == "size_differs"
    assert [asked.method for asked in bucket.asked] == ["HEAD"]


def test_the_setting_is_true_or_false(environ: dict[str, str]) -> None:
    with pytest.raises(Misconfigured) as raised:
        Settings.from_env({**environ, "DETECT_TYPE": "yes"})
    assert raised.value.detail == "DETECT_TYPE must be true or false"
