"""The HEAD and the key: bounded in time and size, whatever the other side does."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from threading import enumerate as threads
from typing import Any

import pytest
import requests

from completion.object_proof import Head
from completion.outbound import MAX_KEY_BYTES, Connection, Outbound
from tests.support.callback_fixtures import STORED, TICKET, Bucket, Watch
from tests.support.dripper import PATIENCE, Dripper, left_since
from vendored.env import Credentials
from vendored.errors import Unavailable

ROLE = Credentials("i", "s", "t")
SHORT = 0.2  # seconds of real time that a test may wait for a deadline


@pytest.fixture
def outbound(bucket: Bucket, watch: Watch) -> Outbound:
    return Outbound(bucket.url, "examplebucket", "cn-hangzhou", watch)


def hurried(bucket: Bucket) -> Outbound:
    return Outbound(bucket.url, "examplebucket", "cn-hangzhou", time.monotonic)


def head(outbound: Outbound, watch: Watch) -> Head:
    return outbound.head(TICKET.key, ROLE, 0, watch.seconds + 3.5)


def raw(*pieces: bytes, first_only: bool = False) -> Callable[[Any], None]:
    calls: list[int] = []

    def write(answering: Any) -> None:
        calls.append(1)
        if first_only and len(calls) > 1:
            answering.send_response(200)
            for name, value in STORED.items():
                answering.send_header(name, value)
            answering.end_headers()
            return
        for piece in pieces:
            answering.wfile.write(piece)

    return write


def dripping(start: bytes) -> Callable[[Any], None]:
    def drip(answering: Any) -> None:
        answering.wfile.write(start)
        for _ in range(1000):  # until the other side ends it
            answering.wfile.write(b"a")
            Event().wait(0.01)

    return drip


def test_reads_a_head(outbound: Outbound, watch: Watch) -> None:
    answer = head(outbound, watch)
    assert answer.status == 200
    assert {name: answer.headers[name.lower()] for name in STORED} == STORED


def test_keeps_its_connection(outbound: Outbound, watch: Watch, bucket: Bucket) -> None:
    for _ in range(3):
        head(outbound, watch)
        watch.seconds += 20
    assert bucket.connections == 1


def test_does_not_reuse_a_connection_that_was_idle(outbound: Outbound, watch: Watch, bucket: Bucket) -> None:
    head(outbound, watch)
    watch.seconds += 20.1
    head(outbound, watch)
    assert bucket.connections == 2


def test_asks_once_more_when_the_connection_breaks(outbound: Outbound, watch: Watch, bucket: Bucket) -> None:
    bucket.raw = raw(first_only=True)
    assert head(outbound, watch).status == 200
    assert len(bucket.asked) == 2


def test_does_not_ask_again_what_took_too_long(bucket: Bucket) -> None:
    """The second try is for a connection that broke, not for a bucket that is slow."""
    silence = Event()

    def say_nothing(_: Any) -> None:
        silence.wait(10)

    bucket.raw = say_nothing
    with pytest.raises(requests.ReadTimeout):
        Connection(time.monotonic).send_twice(requests.Request("HEAD", f"{bucket.url}/a"), SHORT, 0)
    silence.set()
    assert len(bucket.asked) == 1


@pytest.mark.parametrize("answer", [raw(), raw(b"HTTP/1.1 20"), raw(b"not http\r\n\r\n")])
def test_no_answer_decides_nothing(
    answer: Callable[[Any], None], outbound: Outbound, watch: Watch, bucket: Bucket
) -> None:
    bucket.raw = answer
    with pytest.raises(Unavailable, match="head_unanswered"):
        head(outbound, watch)
    assert len(bucket.asked) == 2


def test_a_bucket_that_is_down_decides_nothing(watch: Watch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(Unavailable, match="head_unanswered"):
            head(Outbound(address, "examplebucket", "cn-hangzhou", watch), watch)


def test_follows_no_redirect(outbound: Outbound, watch: Watch, bucket: Bucket) -> None:
    bucket.status = 302
    bucket.headers = {"Location": f"{bucket.url}/elsewhere", "Content-Length": "0"}
    assert head(outbound, watch).status == 302
    assert len(bucket.asked) == 1


def test_takes_no_proxy_from_the_environment(
    outbound: Outbound, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert head(outbound, watch).status == 200


def test_asks_nothing_when_the_time_is_over(outbound: Outbound, watch: Watch, bucket: Bucket) -> None:
    with pytest.raises(Unavailable, match="head_unanswered"):
        outbound.head(TICKET.key, ROLE, 0, watch.seconds)
    assert bucket.asked == []


@pytest.mark.parametrize(("left", "seconds"), [(3.5, 1.0), (1.0, 1.0), (0.4, 0.4), (-1.0, -1.0)])
def test_nothing_may_take_longer_than_a_second_or_what_is_left(
    left: float, seconds: float, outbound: Outbound, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed: list[float] = []

    def note(given: float, _: object) -> None:
        allowed.append(given)
        raise TimeoutError

    monkeypatch.setattr("completion.outbound.within", note)
    with pytest.raises(Unavailable):
        outbound.head(TICKET.key, ROLE, 0, watch.seconds + left)
    assert outbound.fetch_key("https://gosspublic.alicdn.com/k.pem", watch.seconds + left) is None
    assert allowed == pytest.approx([seconds, seconds])


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX-Long: "])
def test_a_peer_that_drips_cannot_hold_the_head(start: bytes, bucket: Bucket) -> None:
    bucket.raw = dripping(start)
    with pytest.raises(Unavailable, match="head_unanswered"):
        hurried(bucket).head(TICKET.key, ROLE, 0, time.monotonic() + SHORT)
    assert len(bucket.asked) == 1


HEADERS = b"HTTP/1.1 200 OK\r\nX: "
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n"
HANDSHAKE = b"\x16\x03\x03\x40\x00"  # a record of 16 KiB begins (RFC 8446, 5.1)
Call = Callable[[Outbound, str], object]
CALLS: dict[str, Call] = {
    "head": lambda outbound, _: outbound.head(TICKET.key, ROLE, 0, time.monotonic() + SHORT),
    "webhook": lambda outbound, url: outbound.post(url, {}, b"{}", time.monotonic() + SHORT),
    "key": lambda outbound, url: outbound.fetch_key(url, time.monotonic() + SHORT),
}


DRIPS = [(name, start) for name in CALLS for start in (b"", HEADERS, BODY, HANDSHAKE)]
DRIPS.remove(("head", BODY))  # to a HEAD, this is a whole answer


@pytest.mark.parametrize(("name", "start"), DRIPS)
def test_a_peer_that_drips_keeps_no_thread_and_no_connection(name: str, start: bytes) -> None:
    dripper, before = Dripper(start), set(threads())
    url = dripper.url.replace("http:", "https:") if start == HANDSHAKE else dripper.url
    with dripper.serving():
        before |= set(threads())
        with suppress(Unavailable):
            CALLS[name](Outbound(url, "examplebucket", "cn-hangzhou", time.monotonic), url)
        assert left_since(before) == []
        assert dripper.wait_until_alone() == 0
    assert dripper.accepted == 1, "nothing is sent again when nobody waits"


def test_a_thousand_calls_to_a_peer_that_drips_keep_no_thread_and_no_connection() -> None:
    """Each would be the instance's until the peer ends, and Function Compute allows it 1,024 threads."""
    dripper, before = Dripper(HEADERS), set(threads())
    with dripper.serving():
        before |= set(threads())
        outbound = Outbound(dripper.url, "examplebucket", "cn-hangzhou", time.monotonic)

        def ask(_: int) -> None:
            with pytest.raises(Unavailable, match="head_unanswered"):
                outbound.head(TICKET.key, ROLE, 0, time.monotonic() + SHORT)

        with ThreadPoolExecutor(50) as pool:
            list(pool.map(ask, range(1000)))
        assert left_since(before) == []
        assert dripper.wait_until_alone() == 0
    assert dripper.accepted > 0


def test_a_kept_connection_is_shut_down_at_the_limit_too(bucket: Bucket) -> None:
    outbound = hurried(bucket)
    assert outbound.head(TICKET.key, ROLE, 0, time.monotonic() + 3.5).status == 200
    before, ended = set(threads()), Event()

    def answer_no_more(answering: Any) -> None:
        answering.rfile.read(1)  # until the other side ends the connection
        ended.set()

    bucket.raw = answer_no_more
    with pytest.raises(Unavailable, match="head_unanswered"):
        outbound.head(TICKET.key, ROLE, 0, time.monotonic() + SHORT)
    assert left_since(before) == []
    assert ended.wait(PATIENCE)
    assert (bucket.connections, len(bucket.asked)) == (1, 2)


def test_a_peer_that_accepts_no_connection_keeps_no_thread() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):
            connecting = waiting.enter_context(socket.socket())
            connecting.setblocking(False)  # noqa: FBT003 - the socket's own signature
            connecting.connect_ex(full.getsockname())
        before, address = set(threads()), f"http://127.0.0.1:{full.getsockname()[1]}"
        outbound = Outbound(address, "examplebucket", "cn-hangzhou", time.monotonic)
        with pytest.raises(Unavailable, match="head_unanswered"):
            outbound.head(TICKET.key, ROLE, 0, time.monotonic() + SHORT)
        assert left_since(before) == []


@pytest.mark.parametrize("fault", [requests.ConnectTimeout, requests.ReadTimeout])
def test_what_took_too_long_is_not_tried_again(
    fault: type[requests.Timeout], bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def exchange(*_: object) -> None:
        tries.append(1)
        raise fault

    monkeypatch.setattr("completion.outbound.exchange", exchange)
    with pytest.raises(Unavailable):
        hurried(bucket).head(TICKET.key, ROLE, 0, time.monotonic() + 3.5)
    assert len(tries) == 1


def test_a_peer_that_is_silent_cannot_hold_the_head(bucket: Bucket) -> None:
    silence = Event()

    def say_nothing(_: Any) -> None:
        silence.wait(10)

    bucket.raw = say_nothing
    with pytest.raises(Unavailable, match="head_unanswered"):
        hurried(bucket).head(TICKET.key, ROLE, 0, time.monotonic() + SHORT)
    silence.set()


def key_answer(body: bytes, status: str = "200 OK", extra: str = "") -> Callable[[Any], None]:
    return raw(f"HTTP/1.1 {status}\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (key_answer(b"-----BEGIN"), b"-----BEGIN"),
        (key_answer(b""), b""),
        (key_answer(b"a" * MAX_KEY_BYTES), b"a" * MAX_KEY_BYTES),
        (key_answer(b"a" * (MAX_KEY_BYTES + 1)), None),
        (key_answer(b"gone", "404 Not Found"), None),
        (key_answer(b"", "302 Found", "Location: /elsewhere\r\n"), None),
        (raw(), None),
    ],
)
def test_reads_a_small_key(
    answer: Callable[[Any], None], found: bytes | None, outbound: Outbound, watch: Watch, bucket: Bucket
) -> None:
    bucket.raw = answer
    assert outbound.fetch_key(f"{bucket.url}/callback_pub_key_v2.pem", watch.seconds + 1) == found
    assert len(bucket.asked) == 1


def test_does_not_unpack_a_compressed_key(outbound: Outbound, watch: Watch, bucket: Bucket) -> None:
    bucket.raw = key_answer(b"\x1f\x8b bomb", extra="Content-Encoding: gzip\r\n")
    assert outbound.fetch_key(f"{bucket.url}/callback_pub_key_v2.pem", watch.seconds + 1) == b"\x1f\x8b bomb"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Long: ", id="headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", id="body without a length"),
        pytest.param(CHUNKED + b"1;", id="chunk extension"),
        pytest.param(CHUNKED + b"0\r\nX-Trailer: ", id="trailer"),
        pytest.param(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 4000\r\n\r\n", id="redirect"),
    ],
)
def test_a_peer_that_drips_cannot_hold_the_key(start: bytes, bucket: Bucket) -> None:
    bucket.raw = dripping(start)
    assert hurried(bucket).fetch_key(f"{bucket.url}/k.pem", time.monotonic() + SHORT) is None


@pytest.mark.parametrize("location", [b"\xff\xfe", b"http://[", b"//user@/"])
def test_a_redirect_to_nowhere_is_only_not_a_key(
    location: bytes, outbound: Outbound, watch: Watch, bucket: Bucket
) -> None:
    bucket.raw = raw(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n")
    assert outbound.fetch_key(f"{bucket.url}/k.pem", watch.seconds + 1) is None


def test_a_name_that_is_looked_up_for_ever_cannot_hold_the_head(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(10))
    with pytest.raises(Unavailable, match="head_unanswered"):
        hurried(bucket).head(TICKET.key, ROLE, 0, time.monotonic() + SHORT)
    never.set()


def test_keeps_no_cookies(outbound: Outbound, watch: Watch, bucket: Bucket) -> None:
    bucket.headers["Set-Cookie"] = "a=b"
    head(outbound, watch)
    head(outbound, watch)
    assert "Cookie" not in bucket.asked[1].headers


def test_speaks_tls_and_refuses_a_stranger(bucket: Bucket, tmp_path: Path) -> None:
    certificate = bucket.speak_tls(tmp_path)
    outbound = hurried(bucket)
    with pytest.raises(Unavailable, match="head_unanswered"):
        outbound.head(TICKET.key, ROLE, 0, time.monotonic() + 3.5)
    assert bucket.asked == []
    outbound._to_bucket._session.verify = str(certificate)
    assert outbound.head(TICKET.key, ROLE, 0, time.monotonic() + 3.5).status == 200


def test_a_peer_that_drips_over_tls_cannot_hold_the_head(bucket: Bucket, tmp_path: Path) -> None:
    outbound = hurried(bucket)
    outbound._to_bucket._session.verify = str(bucket.speak_tls(tmp_path))
    outbound._object_url = bucket.url

    def drip(answering: Any) -> None:
        answering.wfile.write(HEADERS)
        while True:  # until the other side ends it
            answering.wfile.write(b"a")
            Event().wait(0.01)

    bucket.raw = drip
    before = set(threads())
    with pytest.raises(Unavailable, match="head_unanswered"):
        outbound.head(TICKET.key, ROLE, 0, time.monotonic() + SHORT)
    assert left_since(before) == [], "neither ours nor the peer's"
    assert bucket.connections == 1
