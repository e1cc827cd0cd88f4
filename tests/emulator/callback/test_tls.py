import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from oss_emulator.callback.message import Message, Origin, signed_request
from oss_emulator.callback.parameter import parse_callback
from oss_emulator.callback.resolver import resolve
from oss_emulator.callback.transport import Reply, TlsFailed, TooSlow, Unreachable, send_over_network
from tests.support.emulator.process import CallbackServer, answer_json
from tests.support.emulator.scene import NOW, RSA_KEY, Scene, callback_parameter


def certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost, and its key, in one file."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, RSA_KEY.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(RSA_KEY, hashes.SHA256())
    )
    path = folder / "localhost.pem"
    key = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + key)
    return path


class TlsServer(CallbackServer):
    """An application server behind TLS; `names` are the server names that callers sent."""

    def __init__(self, pem: Path) -> None:
        super().__init__()
        self.names: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        context.sni_callback = lambda _, name, __: self.names.append(name)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://localhost:{self._server.server_port}/x"


@pytest.fixture
def tls_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TlsServer]:
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with TlsServer(pem) as server:
        yield server


def call(url: str, seconds: float = 10, **changes: Any) -> Reply:
    callback = parse_callback(callback_parameter(callbackUrl=url, **changes), resolve=None)
    origin = Origin(bucket="b", request_id="1", public_key_url="http://k/")
    message = Message(body=b"a=1", body_type=callback.body_type, sni=callback.sni)
    request = signed_request(callback.urls[0], message, origin, key=RSA_KEY, now=NOW)
    return send_over_network(request, seconds, private_callbacks=True)


@pytest.mark.parametrize(("sni", "names"), [(True, ["localhost"]), (False, [None])])
def test_sends_the_server_s_name_only_when_told_to(
    tls_server: TlsServer, *, sni: bool, names: list[str | None]
) -> None:
    assert call(tls_server.url, callbackSNI=sni).status == 200
    assert tls_server.names == names


def test_an_untrusted_certificate_is_a_failure_of_tls(
    tls_server: TlsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(TlsFailed):
        call(tls_server.url, callbackSNI=True)


def test_a_server_without_tls_is_a_failure_of_tls(callback_server: CallbackServer) -> None:
    with pytest.raises(TlsFailed):
        call(callback_server.url.replace("http:", "https:"))


@pytest.mark.parametrize(("sni", "accepted"), [(True, False), (False, True)])
def test_a_certificate_must_be_for_the_name_that_was_sent(
    tls_server: TlsServer, *, sni: bool, accepted: bool
) -> None:
    other_name = tls_server.url.replace("localhost", "127.0.0.1")

    if accepted:
        assert call(other_name, callbackSNI=sni).status == 200
    else:
        with pytest.raises(TlsFailed):
            call(other_name, callbackSNI=sni)


def test_a_tls_handshake_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TooSlow):
        call(f"https://127.0.0.1:{silent.getsockname()[1]}/", 0.2)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_nobody_has_is_unreachable(scheme: str) -> None:
    with pytest.raises(Unreachable) as failed:
        call(f"{scheme}://nobody.invalid/", 10)

    assert type(failed.value) is Unreachable


def test_the_uploader_is_told_502_where_tls_fails(scene: Scene) -> None:
    """Captures: a blog of 2020 on an address that needs SNI, cloudreve/cloudreve 1693 (2023)."""
    scene.replies = [TlsFailed()]

    answer = scene.upload({"key": "a", "callback": callback_parameter()})

    assert answer.refusal == (203, "CallbackFailed", "0007-00000203")
    assert answer.error["Message"] == "Error status : 502."
    assert scene.stored("a").size == 5
    (record,) = scene.bucket.history.callbacks()
    assert [attempt.status for attempt in record.attempts] == [0]


@pytest.mark.parametrize(
    ("host", "addresses"),
    [("203.0.114.7", ["203.0.114.7"]), ("nobody.invalid", []), ("a..b", []), ("a" * 64, [])],
)
def test_names_resolve_to_addresses(host: str, addresses: list[str]) -> None:
    assert resolve(host) == addresses
    assert "127.0.0.1" in resolve("localhost")


def test_ended_connections_leave_no_timer_behind(callback_server: CallbackServer) -> None:
    call(callback_server.url, 3600)

    # By name, because other tests have timers too. A cancelled thread may still be ending.
    name = f"deadline of {callback_server.url.removeprefix('http://')}"
    timers = [thread for thread in threading.enumerate() if thread.name == name]
    assert all(isinstance(timer, threading.Timer) and timer.finished.is_set() for timer in timers)


def test_a_deadline_s_timer_has_its_server_s_name(callback_server: CallbackServer) -> None:
    running: list[str] = []

    def look(handler: Any, _: bytes) -> None:
        running.extend(thread.name for thread in threading.enumerate())
        answer_json(handler)

    callback_server.answering = look
    call(callback_server.url, 3600)

    assert f"deadline of {callback_server.url.removeprefix('http://')}" in running
