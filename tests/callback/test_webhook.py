"""Your backend is told in the standard way, and its answer, or its failure, reaches the page."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from completion.application import build
from completion.object_proof import Upload
from completion.settings import Settings
from completion.webhook import (
    MAX_ANSWER_BYTES,
    Backend,
    Response,
    event,
    message_id,
    read_answer,
    signed_headers,
)
from tests.support.callback_fixtures import (
    CRC64,
    DIRECTORY_TICKET,
    ETAG,
    FOLDER,
    NOW,
    SECRET,
    TICKET,
    Bucket,
    Callback,
    Watch,
    confirmation,
)
from tests.support.fc_events import ask
from tests.support.peer import Peer
from vendored.errors import BackendFailed, Misconfigured
from vendored.fc_http import Clock, Handler
from vendored.ticket import sign_ticket
from vendored.time_limit import within

Sign = Callable[..., Callback]
OLD = "whsec_" + base64.b64encode(b"an old secret of some 32 bytes..").decode()
NEW = "whsec_" + base64.b64encode(bytes(range(64))).decode()
UPLOAD = Upload("01abc", TICKET.key, 5, ETAG, "image/png", "图片.png", "auth0|1", TICKET.exp)
LONG_TICKET = sign_ticket(
    TICKET._replace(iat=0, exp=2**40, sub="auth0|1"), SECRET
)  # for the system's own clock


@pytest.fixture
def receiver() -> Iterator[Peer]:
    """A backend."""
    receiver = Peer(body=b'{"url": "https://example.com/1"}')
    with receiver.serving():
        yield receiver


@pytest.fixture
def environ(environ: dict[str, str], receiver: Peer) -> dict[str, str]:
    return {
        **environ,
        "WEBHOOK_URL": f"{receiver.url}/hooks/oss?key=hunter2",
        "WEBHOOK_SECRET": f"{NEW}, {OLD}",
    }


@pytest.fixture
def handler(environ: dict[str, str], watch: Watch) -> Handler:
    return build(environ, Clock(lambda: NOW, watch))


def test_tells_the_backend_and_the_page_its_answer(handler: Handler, signed: Sign, receiver: Peer) -> None:
    answer = ask(handler, signed().event())
    assert answer.content["url"] == "https://example.com/1"
    assert answer.content["Status"] == "OK"
    ((method, path, headers, body),) = receiver.asked
    assert (method, path) == ("POST", "/hooks/oss?key=hunter2")
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "type": "upload.completed",
        "timestamp": "2027-01-15T08:00:00Z",
        "data": {
            "id": "01abc",
            "key": TICKET.key,
            "size": 5,
            "etag": ETAG,
            "type": "image/png",
            "name": "图片.png",
            "user": "",
            "expires_at": TICKET.exp,
            "crc64": CRC64,
            "data": {},
            "page_data": {},
            "detected_type": "",
        },
    }


def test_the_doctors_upload_is_marked_in_the_event_and_in_the_log(
    handler: Handler, bucket: Bucket, receiver: Peer, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "oss-direct-upload-doctor.txt"
    bucket.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    ask(handler, confirmation())
    assert json.loads(receiver.asked[0].body)["data"]["doctor"] is True
    assert '"doctor": true' in capsys.readouterr().out


def test_an_upload_of_almost_that_name_is_not_marked(
    handler: Handler, bucket: Bucket, receiver: Peer
) -> None:
    bucket.headers["Content-Disposition"] = "attachment; filename*=UTF-8''an-oss-direct-upload-doctor.txt"
    ask(handler, confirmation())
    assert "doctor" not in json.loads(receiver.asked[0].body)["data"]


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_the_official_package_verifies_it_under_either_secret(
    secret: str, environ: dict[str, str], receiver: Peer
) -> None:
    """With the system's clock: the package refuses timestamps that are not fresh."""
    assert ask(build(environ), confirmation(LONG_TICKET)).status == 200
    ((_, _, headers, body),) = receiver.asked
    verified = Webhook(secret).verify(body, dict(headers))
    assert verified["data"]["user"] == "auth0|1"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"auth0|1", b"auth0|2"), dict(headers))
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"x" * 32).decode()).verify(body, dict(headers))


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_signs_as_the_official_package_does(secret: str) -> None:
    body = event(UPLOAD, NOW)
    headers = signed_headers("msg_1", body, [base64.b64decode(secret.removeprefix("whsec_"))], NOW)
    moment = datetime.fromtimestamp(int(NOW), timezone.utc)
    assert headers["webhook-signature"] == Webhook(secret).sign("msg_1", moment, body.decode())


def test_a_message_has_one_id_wherever_it_comes_from(
    environ: dict[str, str], signed: Sign, receiver: Peer
) -> None:
    """Callback and confirm, another instance, and a second try after a failure."""
    fresh = [build(environ, Clock(lambda: NOW, lambda: 0.0)) for _ in range(3)]
    ask(fresh[0], signed().event())
    ask(fresh[1], confirmation())
    receiver.status = 500
    ask(fresh[2], confirmation())
    ids = {asked.headers["webhook-id"] for asked in receiver.asked}
    # printf '01abc\0uploads/_/2027/01/15/01abc.png\0005D41402ABC4B2A76B9719D911017C592' | sha256sum
    assert ids == {"msg_403b43cf8c88113792aa0ebd0fce7f25"}
    assert len(receiver.asked) == 3


def test_a_hook_that_logs_its_backend_logs_no_secret() -> None:
    assert "secret" not in repr(Backend(lambda *_: Response(200, {}, b""), [b"a secret"], 5.0))


def test_other_bytes_are_another_message() -> None:
    ids = [
        message_id(UPLOAD),
        message_id(UPLOAD._replace(etag="F00D")),
        message_id(UPLOAD._replace(key=UPLOAD.key + "x")),
        message_id(UPLOAD._replace(id="01abd")),
        message_id(UPLOAD._replace(id="01abcu", key=UPLOAD.key[1:])),
    ]
    assert len(set(ids)) == len(ids)
    same = UPLOAD._replace(user="b", name="c", type="d", size=6)
    assert message_id(same) == message_id(UPLOAD)


@pytest.mark.parametrize("name", ["图片.png", "a.b.c", "a\r\nb", "é\u2028", "a b,c;d"])
def test_an_id_is_always_a_valid_header(name: str) -> None:
    told = message_id(UPLOAD._replace(key=f"uploads/{name}"))
    assert len(told) == 36
    assert told.removeprefix("msg_").isalnum()
    assert told.isascii()


def test_a_replaced_object_of_a_directory_is_another_message(
    handler: Handler, signed: Sign, bucket: Bucket, receiver: Peer
) -> None:
    ticket = sign_ticket(DIRECTORY_TICKET, SECRET)
    for etag in (ETAG, "F00D"):
        bucket.headers["ETag"] = f'"{etag}"'
        event_ = signed(ticket=ticket, object=FOLDER + "图.png", etag=etag).event()
        assert ask(handler, event_).status == 200
    assert [json.loads(asked.body)["data"]["user"] for asked in receiver.asked] == ["alice"] * 2
    assert len({asked.headers["webhook-id"] for asked in receiver.asked}) == 2


def test_a_repeated_report_of_a_directorys_object_sends_no_message(
    handler: Handler, signed: Sign, receiver: Peer
) -> None:
    reported = signed(ticket=sign_ticket(DIRECTORY_TICKET, SECRET), object=FOLDER + "a.png").event()
    assert ask(handler, reported).content == ask(handler, reported).content
    assert len(receiver.asked) == 1


def test_what_was_answered_is_answered_again_without_a_message(
    handler: Handler, signed: Sign, receiver: Peer
) -> None:
    answers = [ask(handler, event_).content for event_ in (signed().event(), confirmation(), confirmation())]
    assert answers == [answers[0]] * 3
    assert len(receiver.asked) == 1


def test_nothing_the_backend_says_replaces_ours(handler: Handler, receiver: Peer) -> None:
    receiver.body = json.dumps({"Status": "no", "id": "x", "key": "y", "extra": 1}).encode()
    answer = ask(handler, confirmation()).content
    assert (answer["Status"], answer["id"], answer["key"], answer["extra"]) == ("OK", "01abc", TICKET.key, 1)


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_any_success_with_an_object_counts(status: int) -> None:
    assert read_answer(Response(status, {}, b'{"a": 1}')) == {"a": 1}


PADDED = b'{"a": "' + b"x" * (MAX_ANSWER_BYTES - 9) + b'"}'


def test_the_largest_answer_counts() -> None:
    assert len(PADDED) == MAX_ANSWER_BYTES
    assert read_answer(Response(200, {}, PADDED))["a"]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (204, b"", "backend_answer_invalid"),
        (200, b"", "backend_answer_invalid"),
        (200, b"<html><h1>OK</h1></html>", "backend_answer_invalid"),
        (200, b"[]", "backend_answer_invalid"),
        (200, b'[{"a": 1}]', "backend_answer_invalid"),
        (200, b"null", "backend_answer_invalid"),
        (200, b'"OK"', "backend_answer_invalid"),
        (200, b"{}{}", "backend_answer_invalid"),
        (200, b'\xef\xbb\xbf{"a": 1}', "backend_answer_invalid"),
        (200, b'{"a": "\xff"}', "backend_answer_invalid"),
        (200, '{"a": 1}'.encode("utf-16"), "backend_answer_invalid"),
        (200, b'{"a": NaN}', "backend_answer_invalid"),
        (200, b'{"a": -Infinity}', "backend_answer_invalid"),
        (200, b'{"a": 1e999}', "backend_answer_invalid"),
        (200, b"[" * 10_000, "backend_answer_invalid"),
        (200, b'{"a":' * 3000, "backend_answer_invalid"),
        (200, PADDED + b" ", "backend_answer_invalid"),
        (200, b" " * 10_000_000, "backend_answer_invalid"),
        (301, b"", "backend_failed"),
        (302, b'{"a": 1}', "backend_failed"),
        (307, b'{"a": 1}', "backend_failed"),
        (400, b'{"a": 1}', "backend_failed"),
        (401, b"", "backend_failed"),
        (404, b"", "backend_failed"),
        (429, b"", "backend_failed"),
        (500, b'{"a": 1}', "backend_failed"),
        (503, b"", "backend_failed"),
    ],
)
def test_anything_else_is_the_backends_failure(
    status: int, body: bytes, code: str, handler: Handler, receiver: Peer, watch: Watch
) -> None:
    receiver.status, receiver.body = status, body
    receiver.headers = {"Location": "/elsewhere"} if status // 100 == 3 else {}
    answer = ask(handler, confirmation())
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (502, code, "2")
    assert "hunter2" not in json.dumps(answer.content)
    assert len(receiver.asked) == 1
    assert ask(handler, confirmation()).status == 503
    assert len(receiver.asked) == 1
    watch.seconds += 2
    receiver.status, receiver.body, receiver.headers = 200, b"{}", {}
    assert ask(handler, confirmation()).content["Status"] == "OK"


def dripping(answering: Any) -> None:
    answering.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{")
    for _ in range(1000):
        answering.wfile.write(b" ")
        Event().wait(0.01)


def flooding(answering: Any) -> None:
    answering.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        answering.wfile.write(b"1000\r\n" + b" " * 4096 + b"\r\n")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (lambda _: None, "backend_unanswered"),
        (lambda answering: answering.wfile.write(b"not http\r\n\r\n"), "backend_unanswered"),
        (dripping, "backend_unanswered"),
        (flooding, "backend_answer_invalid"),
        (lambda _: Event().wait(1), "backend_unanswered"),
    ],
)
def test_a_backend_that_does_not_answer_cannot_hold_the_callback(
    raw: Callable[[Any], None],
    code: str,
    environ: dict[str, str],
    receiver: Peer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("completion.outbound.WEBHOOK_SECONDS", 0.3)
    receiver.raw = raw
    answer = ask(build(environ), confirmation(LONG_TICKET))
    assert (answer.status, answer.code) == (502, code)


def test_a_backend_that_is_down(environ: dict[str, str], receiver: Peer) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        environ["WEBHOOK_URL"] = f"http://127.0.0.1:{closed.server_port}/"
    answer = ask(build(environ), confirmation(LONG_TICKET))
    assert (answer.status, answer.code) == (502, "backend_unanswered")
    assert receiver.asked == []


def test_a_connection_that_broke_is_tried_once_more_with_the_same_message(
    handler: Handler, receiver: Peer
) -> None:
    calls: list[int] = []

    def break_first(answering: Any) -> None:
        calls.append(1)
        if len(calls) > 1:
            answering.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    receiver.raw = break_first
    assert ask(handler, confirmation()).status == 200
    first, second = receiver.asked
    assert first == second


def test_the_connection_is_kept(environ: dict[str, str], receiver: Peer) -> None:
    handler = build(environ)
    for number in range(3):
        ticket = TICKET._replace(id=f"0{number}", key=f"uploads/_/{number}", iat=0, exp=2**40)
        assert ask(handler, confirmation(sign_ticket(ticket, SECRET))).status == 200
    assert (len(receiver.asked), receiver.connections) == (3, 1)


@pytest.mark.parametrize(("left", "seconds"), [(3.5, 2.0), (1.9, 1.9), (0.1, 0.1)])
def test_the_webhook_gets_two_seconds_or_what_is_left(
    left: float, seconds: float, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    """3.5 s are for the whole callback, of which OSS waits 5."""
    allowed: list[float] = []

    def note(given: float, run: Callable[[], Any]) -> Any:
        allowed.append(given)
        answer = within(5, run)
        watch.seconds = 1000 + 3.5 - left
        return answer

    monkeypatch.setattr("completion.outbound.within", note)
    assert ask(build(environ, Clock(lambda: NOW, watch)), confirmation()).status == 200
    assert allowed == pytest.approx([1.0, seconds])


def test_an_upload_that_is_not_proved_is_not_told(
    handler: Handler, signed: Sign, bucket: Bucket, receiver: Peer
) -> None:
    assert ask(handler, signed(etag="F" * 32).event()).code == "etag_differs"
    bucket.status = 404
    assert (
        ask(handler, confirmation(sign_ticket(TICKET._replace(key="uploads/_/other"), SECRET))).status == 409
    )
    assert receiver.asked == []


def test_no_secret_is_logged(handler: Handler, receiver: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    receiver.status = 500
    ask(handler, confirmation())
    out = capsys.readouterr().out
    assert json.loads(out)["code"] == "backend_failed"
    for secret in ("hunter2", NEW, OLD, receiver.asked[0].headers["webhook-signature"]):
        assert secret not in out


@pytest.fixture
def root_log() -> Iterator[io.StringIO]:
    """What a handler of the root logger is given, as a runtime may install one."""
    root, written = logging.getLogger(), io.StringIO()
    handler, level = logging.StreamHandler(written), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def test_no_librarys_log_line_has_the_address(
    handler: Handler, receiver: Peer, root_log: io.StringIO
) -> None:
    receiver.raw = lambda answering: answering.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno colon\r\n\r\n{}"
    )
    ask(handler, confirmation())
    assert len(receiver.asked) == 1
    logging.getLogger("anything.else").warning("heard")
    assert root_log.getvalue() == "heard\n"


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(Misconfigured) as raised:
        Settings.from_env(environ)
    return raised.value.detail.split("; ")


@pytest.mark.parametrize("name", ["WEBHOOK_URL", "WEBHOOK_SECRET"])
def test_address_and_secret_belong_together(name: str, environ: dict[str, str]) -> None:
    assert problems({**environ, name: ""}) == ["WEBHOOK_URL and WEBHOOK_SECRET must be set together"]


def encoded(secret: bytes) -> str:
    return "whsec_" + base64.b64encode(secret).decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_URL", "http://example.com/hook"),
        ("WEBHOOK_URL", "https://user:pw@example.com/hook"),
        ("WEBHOOK_URL", "example.com"),
        ("WEBHOOK_SECRET", "hunter2"),
        ("WEBHOOK_SECRET", base64.b64encode(b"s" * 32).decode()),
        ("WEBHOOK_SECRET", encoded(b"s" * 23)),
        ("WEBHOOK_SECRET", encoded(b"s" * 65)),
        ("WEBHOOK_SECRET", encoded(b"s" * 32).rstrip("=")),
        ("WEBHOOK_SECRET", encoded(b"s" * 25)[:-3] + "t=="),
        ("WEBHOOK_SECRET", "whsec_" + "é" * 32),
        ("WEBHOOK_SECRET", OLD + ","),
    ],
)
def test_refuses_a_bad_value_without_repeating_it(name: str, value: str, environ: dict[str, str]) -> None:
    (problem,) = problems({**environ, name: value})
    assert problem.startswith(f"{name} must be ")
    assert value not in problem


def test_reads_secrets_of_every_length(environ: dict[str, str]) -> None:
    read = Settings.from_env({**environ, "WEBHOOK_SECRET": f"{encoded(b's' * 24)},{encoded(b's' * 64)}"})
    assert read.webhook_secret == (b"s" * 24, b"s" * 64)
    assert "ssss" not in repr(read)
    assert "hunter2" not in repr(read)


def test_without_a_backend_there_is_none(environ: dict[str, str], receiver: Peer) -> None:
    environ |= {"WEBHOOK_URL": "", "WEBHOOK_SECRET": ""}
    assert ask(build(environ), confirmation(LONG_TICKET)).status == 200
    assert receiver.asked == []


def test_a_failure_says_what_a_backend_must_do() -> None:
    with pytest.raises(BackendFailed) as raised:
        read_answer(Response(200, {}, b"[]"))
    assert raised.value.detail == "Your backend must answer with a JSON object of at most 16384 bytes."
