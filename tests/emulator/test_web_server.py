"""The web server itself, in this process: connections, time limits, framing of answers."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from oss_emulator.http_messages import Answer, Request
from oss_emulator.web.reading import Incoming, NotHttpError
from oss_emulator.web.server import WebServer
from tests.support.emulator.process import parsed_answers, received

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@contextmanager
def serving(respond: Callable[[Request], Answer], max_connections: int = 9) -> Iterator[WebServer]:
    """A server in a thread."""
    server = WebServer(respond, "127.0.0.1", 0, max_connections=max_connections)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def exchanged(port: int, sent: bytes) -> bytes:
    """All that comes back on a connection of its own."""
    with connected(port) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return received(client)


def echo(request: Request) -> Answer:
    body = b""
    while piece := request.body.read(3):
        body += piece
    return Answer(200, {"Content-Type": "text/plain"}, f"{request.method} {request.target} ".encode() + body)


def test_one_connection_has_many_requests_and_empty_lines_between_them_count_for_nothing() -> None:
    with serving(echo) as server:
        answers = parsed_answers(exchanged(server.port, GET + b"\r\n\r\n" + GET + b"\r\n"))

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"GET / ")] * 2
    assert {answer.headers["Connection"] for answer in answers} == {"keep-alive"}


@pytest.mark.parametrize("sent", [LAST, GET.replace(b"1.1", b"1.0"), b"GET / HTTP/1.0\r\n\r\n"])
def test_the_last_request_of_a_connection_ends_it(sent: bytes) -> None:
    with serving(echo) as server, connected(server.port) as client:
        client.sendall(sent + GET)
        (answer,) = parsed_answers(received(client))

    assert (answer.status, answer.headers["Connection"]) == (200, "close")


def test_a_client_that_still_sends_after_the_last_answer_sees_no_reset() -> None:
    with serving(echo) as server, connected(server.port) as client:
        client.sendall(LAST + b"x" * 500_000)
        client.shutdown(socket.SHUT_WR)
        content = b""
        while piece := client.recv(65536):
            content += piece

    assert content.endswith(b"GET / ")


def test_chunks_may_have_extensions_and_trailers() -> None:
    head = b"PUT /a?b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"2;name=value\r\nhe\r\n03\r\nllo\r\n0\r\nTrailer: yes\r\n\r\n"
    with serving(echo) as server:
        answers = parsed_answers(exchanged(server.port, head + body + GET))

    assert [answer.body for answer in answers] == [b"PUT /a?b hello", b"GET / "]


@pytest.mark.parametrize(
    "body",
    [
        b"x\r\n",
        b"-1\r\n\r\n",
        b"0x1\r\na\r\n",
        b"1\r\nab\r\n",
        b"a" * 9000,
        b"0\r\n" + b"a: b\r\n" * 101,
        b"",
    ],
    ids=["no number", "a sign", "a prefix", "too long", "no line end", "many trailers", "nothing"],
)
def test_chunks_that_are_none_break_the_body_off_and_end_the_connection(body: bytes) -> None:
    incomplete: list[bool] = []

    def respond(request: Request) -> Answer:
        request.body.drain()
        incomplete.append(request.body.incomplete)
        return Answer(200)

    head = b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(respond) as server:
        (answer,) = parsed_answers(exchanged(server.port, head + body + GET))

    assert (answer.headers["Connection"], incomplete) == ("close", [True])


def test_a_body_that_nobody_read_is_no_request() -> None:
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(GET)
    with serving(lambda _: Answer(200)) as server:
        answers = parsed_answers(exchanged(server.port, head + GET))

    assert len(answers) == 1


def test_repeated_headers_are_one_list() -> None:
    sent = GET.replace(b"\r\n\r\n", b"\r\nX-A: 1\r\nx-a:\t2 \r\n\r\n")
    with serving(lambda request: Answer(200, {}, request.headers["x-a"].encode())) as server:
        (answer,) = parsed_answers(exchanged(server.port, sent))

    assert answer.body == b"1,2"


def test_no_value_of_a_header_begins_another() -> None:
    with serving(lambda _: Answer(200, {"X-A": "a\r\nX-B: b"})) as server:
        (answer,) = parsed_answers(exchanged(server.port, GET))

    assert (answer.headers["X-A"], "X-B" in answer.headers) == ("a  X-B: b", False)


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_a_stream_without_a_length_ends_where_its_pieces_end(version: bytes) -> None:
    with serving(lambda _: Answer(200, {}, iter((b"a", b"", b"bc")))) as server:
        (answer,) = parsed_answers(exchanged(server.port, GET.replace(b"1.1", version)))

    assert (answer.body, "Content-Length" in answer.headers) == (b"abc", False)
    assert ("Transfer-Encoding" in answer.headers) == (version == b"1.1")


def test_a_stream_that_fails_is_not_ended_as_if_it_were_whole() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise OSError("the disk")

    with serving(lambda _: Answer(200, {}, pieces())) as server:
        content = exchanged(server.port, GET)

    assert content.endswith(b"4\r\nhalf\r\n")


def test_a_fault_of_our_own_is_answered_and_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Request) -> Answer:
        raise KeyError("a fault")

    with serving(fail) as server:
        (answer,) = parsed_answers(exchanged(server.port, GET + GET))

    assert (answer.refusal, answer.headers["Connection"]) == ((500, "InternalError", ""), "close")
    assert "a fault" in caplog.text


def test_a_connection_beyond_the_limit_gets_the_place_of_the_longest_idle_one() -> None:
    with serving(echo, max_connections=2) as server, connected(server.port) as first:
        first.sendall(GET)
        assert first.recv(100).startswith(b"HTTP/1.1 200 ")
        wait_until_idle(server, 1)  # its thread may be later than its answer
        with connected(server.port) as second, connected(server.port) as third:
            for client in (second, third):
                client.sendall(GET)
                assert client.recv(100).startswith(b"HTTP/1.1 200 ")
            assert received(first).endswith(b"GET / ")
            second.sendall(LAST)
            assert received(second).endswith(b"GET / ")


def wait_until_idle(server: WebServer, count: int) -> None:
    ends = time.monotonic() + 30
    while len(server._idle) < count:
        assert time.monotonic() < ends


def test_a_connection_beyond_the_limit_waits_while_all_are_busy() -> None:
    arrived, go_on = threading.Semaphore(0), threading.Event()

    def respond(request: Request) -> Answer:
        if request.target == "/wait":
            arrived.release()
            go_on.wait(30)
        return echo(request)

    with (
        serving(respond, max_connections=1) as server,
        connected(server.port) as first,
        connected(server.port) as second,
    ):
        first.sendall(LAST.replace(b"/ ", b"/wait "))
        assert arrived.acquire(timeout=30)
        second.settimeout(0.2)
        second.sendall(LAST)
        with pytest.raises(TimeoutError):
            second.recv(1)
        go_on.set()
        second.settimeout(30)
        assert received(second).startswith(b"HTTP/1.1 200 ")


def test_close_ends_a_server_whose_places_are_all_taken() -> None:
    server = WebServer(echo, "127.0.0.1", 0, max_connections=1)
    thread = threading.Thread(target=server.serve)
    thread.start()
    with connected(server.port) as first, connected(server.port):
        first.sendall(b"G")
        server.close()
        thread.join(30)
        assert not thread.is_alive()
        server.close()


class Scripted:
    """A socket whose client sends these pieces; None stands for silence until the time limit."""

    def __init__(self, *pieces: bytes | None) -> None:
        self.pieces = list(pieces)
        self.limits: list[float] = []

    def settimeout(self, seconds: float) -> None:
        self.limits.append(seconds)

    def recv(self, _: int) -> bytes:
        piece = self.pieces.pop(0)
        if piece is None:
            raise TimeoutError
        return piece


def incoming(*pieces: bytes | None) -> tuple[Scripted, Incoming]:
    scripted = Scripted(*pieces)
    return scripted, Incoming(scripted)  # type: ignore[arg-type]


def test_a_client_that_sends_no_request_is_left() -> None:
    scripted, reading = incoming(None)

    assert (reading.read_head(), scripted.limits) == (None, [60.0])


def test_a_head_has_ten_seconds_in_all() -> None:
    scripted, reading = incoming(b"GET / HTTP/1.1\r\n", b"Host: x\r\n", None)

    with pytest.raises(NotHttpError) as raised:
        reading.read_head()

    assert raised.value.status == 408
    first, *others = scripted.limits
    assert first == 60.0
    assert 10.0 >= others[0] >= others[1]


def test_a_head_that_goes_on_for_ever_is_refused() -> None:
    _, reading = incoming(GET[:-2], *[b"X: y\r\n" * 10_000] * 9)

    with pytest.raises(NotHttpError) as raised:
        reading.read_head()

    assert raised.value.status == 431


def test_what_cannot_become_a_request_is_refused_before_its_line_ends() -> None:
    for sent, status in ((b"\x16\x03\x01", 400), (b"GET /" + b"a" * 9000, 414)):
        _, reading = incoming(sent)
        with pytest.raises(NotHttpError) as raised:
            reading.read_head()
        assert raised.value.status == status
