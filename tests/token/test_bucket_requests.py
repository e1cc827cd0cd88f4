"""A bucket that fails in some way: each request of the token function ends in time, with a typed answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grants import bucket_requests, multipart_routes
from grants.application import build
from grants.bucket_requests import MAX_ANSWER_BYTES
from tests.support.dripper import Dripper, left_since
from tests.support.emulator.scene import CLOCK, TEMPORARY
from tests.support.environment import free_ports
from tests.support.fc_events import Answer, ask, fc_event
from tests.support.multipart import ENVIRON, PART, SECRET, role
from tests.support.peer import Peer
from vendored.fc_http import Clock
from vendored.ticket import FileTicket, sign_ticket

NOW = int(CLOCK)
TICKET = FileTicket("01abc", "uploads/_/2026/09/21/01abc.png", PART + 5, "", NOW, NOW + 86400, PART, "A1")
TAG = '"5D41402ABC4B2A76B9719D911017C592"'
PARTS = ((1, PART), (2, 5))
BEGIN = {"files": [{"name": "a.png", "size": 5, "multipart": True}]}
ROUTES = ("/uploads", "/complete", "/abort")


def listed(*parts: tuple[object, object], tag: str = TAG, more: str = "") -> bytes:
    found = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag><Size>{size}</Size></Part>"
        for number, size in parts
    )
    return f'<?xml version="1.0"?><ListPartsResult{more}>{found}</ListPartsResult>'.encode()


def refused(code: str) -> bytes:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code></Error>'.encode()


class Bucket(Peer):
    """It answers what a test scripts, in turn; a script may be bytes of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.script: list[tuple[int, bytes] | bytes] = []
        self.raw = self._say

    def _say(self, answering: Any) -> None:
        said = self.script.pop(0)
        if isinstance(said, bytes):
            answering.wfile.write(said)
            return
        self.status, self.body = said
        self.answer(answering)


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    with bucket.serving():
        yield bucket


class Watch:
    """A monotonic clock that moves with each look by what a test says."""

    def __init__(self) -> None:
        self.step = 0.0
        self._seconds = 0.0

    def __call__(self) -> float:
        self._seconds += self.step
        return self._seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


def function(origin: str, watch: Watch) -> Any:
    return build({**ENVIRON, **role(TEMPORARY), "OBJECT_URL": origin}, Clock(lambda: CLOCK, watch), bytes)


def send(origin: str, path: str, watch: Watch, ticket: FileTicket = TICKET) -> Answer:
    document = BEGIN if path == "/uploads" else {"ticket": sign_ticket(ticket, SECRET)}
    return ask(function(origin, watch), fc_event(path, method="POST", body=json.dumps(document)))


def outcome(answer: Answer) -> tuple[int, str]:
    """Return status and code of a refusal, the same for a whole request and for a file of a batch."""
    content = answer.content
    found = content["uploads"][0].get("problem", {}) if "uploads" in content else content
    return found.get("status", answer.status), found.get("code", "")


def logged(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AccessDenied"),
        (404, "NoSuchBucket"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
        (302, ""),
    ],
)
def test_a_refusal_that_decides_nothing_is_unavailable_and_logged(
    status: int, code: str, path: str, bucket: Bucket, watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.script[:] = [(status, refused(code))]
    assert outcome(send(bucket.url, path, watch)) == (503, "unavailable")
    operation = {"/uploads": "initiate", "/complete": "list", "/abort": "abort"}[path]
    assert logged(capsys)["code"] == f"{operation}_{status}"
    assert len(bucket.asked) == 1, "and no redirect is followed"


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n"
UNANSWERED = {
    "an end without an answer": b"",
    "no HTTP": b"hello\r\n\r\n",
    "an answer that is cut": CUT + listed(*PARTS),
    "an answer that is cut in a chunk": CHUNKED + listed(*PARTS),
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200,
    "too large an answer": b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MAX_ANSWER_BYTES + 1),
}


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("said", UNANSWERED)
def test_no_whole_answer_is_unavailable_and_logged(
    said: str, path: str, bucket: Bucket, watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.script[:] = [UNANSWERED[said]]
    assert outcome(send(bucket.url, path, watch)) == (503, "unavailable")
    line = logged(capsys)
    assert line["code"] == "bucket_unanswered"
    assert line["detail"].isidentifier(), "the kind of failure and nothing of the answer"


@pytest.mark.parametrize("path", ROUTES)
def test_a_bucket_that_is_away_is_unavailable(path: str, watch: Watch) -> None:
    answer = send(f"http://127.0.0.1:{free_ports(1)[0]}", path, watch)
    assert outcome(answer) == (503, "unavailable")


@pytest.mark.parametrize("path", ROUTES)
def test_a_bucket_that_drips_cannot_hold_the_function(
    path: str, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BEGIN_SECONDS", "LIST_SECONDS", "ABORT_SECONDS"):
        monkeypatch.setattr(multipart_routes, name, 0.05)
    before = set(threading.enumerate())
    dripper = Dripper(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    with dripper.serving():
        assert outcome(send(dripper.url, path, watch)) == (503, "unavailable")
        assert dripper.wait_until_alone() == 0
    assert left_since(before) == []


def test_all_requests_together_have_one_deadline(bucket: Bucket, watch: Watch) -> None:
    bucket.script[:] = [(200, listed(*PARTS))]
    document = json.dumps({"ticket": sign_ticket(TICKET, SECRET)})
    handler = function(bucket.url, watch)
    watch.step = 7.0  # from the request to the list, and from the list to the Complete
    answer = ask(handler, fc_event("/complete", method="POST", body=document))
    assert outcome(answer) == (503, "unavailable")
    assert [one.method for one in bucket.asked] == ["GET"], "there was no time left for the Complete"


def test_the_deadline_leaves_function_compute_time_to_answer() -> None:
    routes = multipart_routes
    assert routes.LIST_SECONDS + routes.COMPLETE_SECONDS <= routes.DEADLINE_SECONDS < 15
    assert routes.COMPLETE_SECONDS > 5, "OSS waits as long for the callback"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"<",
        b"<a/>",
        b"<a><UploadId/></a>",
        b"<a><UploadId>a b</UploadId></a>",
        b"<a><UploadId>" + b"A" * 129 + b"</UploadId></a>",
        b"{}",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a><UploadId>&b;</UploadId></a>',
    ],
    ids=lambda said: said[:40].decode(),
)
def test_an_upload_whose_id_cannot_be_read_is_not_granted(
    said: bytes, bucket: Bucket, watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.script[:] = [(200, said)]
    assert outcome(send(bucket.url, "/uploads", watch)) == (503, "unavailable")
    assert logged(capsys)["code"] == "bucket_answer_unreadable"


def test_the_namespace_of_older_answers_is_read_over(bucket: Bucket, watch: Watch) -> None:
    named = ' xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com"'
    bucket.script[:] = [(200, f"<a{named}><UploadId>A1</UploadId></a>".encode())]
    assert send(bucket.url, "/uploads", watch).content["uploads"][0]["parts"] == 1
    bucket.script[:] = [(200, listed(*PARTS, more=named)), (200, b'{"Status":"OK"}')]
    assert send(bucket.url, "/complete", watch).status == 200


UNREADABLE = {
    "no XML": b"no XML",
    "torn XML": listed(*PARTS)[:-5],
    "a number that is none": listed(("a", 5)),
    "a size that is none": listed((1, "many")),
    "no size": b"<a><Part><PartNumber>1</PartNumber></Part></a>",
    "an ETag without quotes": listed(*PARTS, tag=TAG.strip('"')),
    "an ETag with markup": listed(*PARTS, tag='"&lt;/ETag&gt;"'),
    "an ETag that is none": listed(*PARTS, tag=""),
    "entities without end": b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (n, *[n - 1] * 8) for n in range(98, 112))
    + b"]><a>&o;</a>",
}


@pytest.mark.parametrize("said", UNREADABLE)
def test_a_list_that_cannot_be_read_completes_nothing(
    said: str, bucket: Bucket, watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.script[:] = [(200, UNREADABLE[said])]
    assert outcome(send(bucket.url, "/complete", watch)) == (503, "unavailable")
    assert logged(capsys)["code"] == "bucket_answer_unreadable"
    assert len(bucket.asked) == 1


@pytest.mark.parametrize(
    ("parts", "missing"),
    [
        ((), [1, 2]),
        (((1, PART),), [2]),
        (((2, 5),), [1]),
        (((1, PART), (2, 6)), [2]),
        (((1, PART), (2, 0)), [2]),
        (((1, PART - 1), (2, 5)), [1]),
        (((1, 5), (2, PART)), [1, 2]),
        (((1, PART), (3, 5)), [2]),
    ],
)
def test_parts_that_are_missing_or_have_another_size_are_named(
    parts: tuple[tuple[int, int], ...], missing: list[int], bucket: Bucket, watch: Watch
) -> None:
    bucket.script[:] = [(200, listed(*parts))]
    answer = send(bucket.url, "/complete", watch)
    assert outcome(answer) == (409, "parts_missing")
    assert answer.content["numbers"] == missing
    assert len(bucket.asked) == 1


def test_a_thousand_missing_parts_are_named(bucket: Bucket, watch: Watch) -> None:
    bucket.script[:] = [(200, listed())]
    answer = send(bucket.url, "/complete", watch, TICKET._replace(size=1000 * PART))
    assert answer.content["numbers"] == list(range(1, 1001))


def test_completes_exactly_the_listed_parts_in_order(bucket: Bucket, watch: Watch) -> None:
    bucket.script[:] = [(200, listed((2, 5), (1, PART), (3, 7))), (200, b'{"Status":"OK"}')]
    assert send(bucket.url, "/complete", watch).content == {"Status": "OK"}
    asked, told = bucket.asked
    assert (asked.method, asked.path) == ("GET", f"/{TICKET.key}?uploadId=A1&max-parts=1000")
    assert (told.method, told.path) == ("POST", f"/{TICKET.key}?uploadId=A1")
    assert told.body.decode() == (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{TAG}</ETag></Part>"
        f"<Part><PartNumber>2</PartNumber><ETag>{TAG}</ETag></Part></CompleteMultipartUpload>"
    )
    said = {name.lower(): value for name, value in told.headers.items()}
    assert (said["x-oss-forbid-overwrite"], said["x-oss-object-acl"]) == ("true", "private")
    assert said["content-type"] == "application/xml"
    assert "x-oss-complete-all" not in said


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (203, refused("CallbackFailed"), (203, "callback_failed")),
        (200, b"", (203, "callback_failed")),
        (200, b"<CompleteMultipartUploadResult/>", (203, "callback_failed")),
        (200, b'["OK"]', (203, "callback_failed")),
        (200, b"\xff", (203, "callback_failed")),
        (200, b"[" * 9999, (203, "callback_failed")),
        (404, refused("NoSuchUpload"), (409, "upload_gone")),
        (400, refused("InvalidPart"), (409, "parts_changed")),
        (409, refused("FileAlreadyExists"), (409, "already_stored")),
        (400, refused("InvalidArgument"), (503, "unavailable")),
        (403, refused("AccessDenied"), (503, "unavailable")),
        (404, b"", (503, "unavailable")),
        (500, refused("InternalError"), (503, "unavailable")),
    ],
    ids=lambda one: repr(one)[:50],
)
def test_the_answer_to_a_complete_is_typed(
    status: int, said: bytes, expected: tuple[int, str], bucket: Bucket, watch: Watch
) -> None:
    bucket.script[:] = [(200, listed(*PARTS)), (status, said)]
    assert outcome(send(bucket.url, "/complete", watch)) == expected


@pytest.mark.parametrize("said", [b"", CUT + b'{"Status":"OK"}'], ids=["lost", "cut"])
def test_a_complete_whose_answer_is_lost_is_asked_about_again(
    said: bytes, bucket: Bucket, watch: Watch
) -> None:
    bucket.script[:] = [(200, listed(*PARTS)), said]
    assert outcome(send(bucket.url, "/complete", watch)) == (503, "unavailable")


@pytest.mark.parametrize("path", ["/complete", "/abort"])
def test_an_upload_that_is_gone_is_typed(path: str, bucket: Bucket, watch: Watch) -> None:
    bucket.script[:] = [(404, refused("NoSuchUpload"))]
    answer = send(bucket.url, path, watch)
    assert outcome(answer) == (409, "upload_gone")
    assert "x-oss-callback" not in {name.lower() for name in bucket.asked[0].headers}


def test_oss_is_asked_by_tls_and_only_where_its_certificate_is_right(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = Bucket()
    authority = bucket.speak_tls(tmp_path)
    bucket.script[:] = [(204, b"")]
    with bucket.serving():
        bucket_requests._tls.cache_clear()
        assert outcome(send(bucket.url, "/abort", watch)) == (503, "unavailable")
        assert logged(capsys)["detail"] == "SSLCertVerificationError"
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        bucket_requests._tls.cache_clear()
        assert send(bucket.url, "/abort", watch).content == {"Status": "OK", "id": "01abc"}
    bucket_requests._tls.cache_clear()
