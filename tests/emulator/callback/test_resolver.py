"""Resolving the host name of a callback: which address is called, and the time limit."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from oss_emulator.bucket.state import Bucket, open_bucket
from oss_emulator.callback.message import Message, Origin, signed_request
from oss_emulator.callback.parameter import parse_callback
from oss_emulator.callback.resolver import Resolve
from oss_emulator.callback.transport import CallbackRequest, Reply, TooSlow, Unreachable, send_over_network
from oss_emulator.settings import from_env
from tests.support.emulator.process import CallbackServer
from tests.support.emulator.scene import NOW, RSA_KEY, callback_parameter


def request_to(url: str) -> CallbackRequest:
    callback = parse_callback(callback_parameter(callbackUrl=url), resolve=None)
    origin = Origin(bucket="b", request_id="1", public_key_url="http://k/")
    message = Message(body=b"a=1", body_type=callback.body_type)
    return signed_request(callback.urls[0], message, origin, key=RSA_KEY, now=NOW)


def call_by_name(server: CallbackServer, resolve: Resolve, *, private_callbacks: bool) -> Reply:
    request = request_to(server.url.replace("127.0.0.1", "app.example"))
    return send_over_network(request, 10, private_callbacks=private_callbacks, resolve=resolve)


def test_a_name_is_looked_up_once_and_what_was_found_is_called(callback_server: CallbackServer) -> None:
    asked: list[str] = []

    def resolve(host: str) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    assert call_by_name(callback_server, resolve, private_callbacks=True).status == 200
    assert asked == ["app.example"]
    assert callback_server.received[0][1]["Host"] == callback_server.url[7:].replace(
        "127.0.0.1", "app.example"
    )


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.1", "203.0.114.7"], ["::1", "127.0.0.1"]])
def test_a_name_that_meanwhile_stands_for_a_private_address_is_not_called(
    callback_server: CallbackServer, addresses: list[str]
) -> None:
    with pytest.raises(Unreachable):
        call_by_name(callback_server, lambda _: addresses, private_callbacks=False)

    assert callback_server.received == []


@pytest.mark.parametrize("addresses", [[], ["::1"]])
def test_a_name_without_ipv4_address_is_unreachable(
    callback_server: CallbackServer, addresses: list[str]
) -> None:
    with pytest.raises(Unreachable):
        call_by_name(callback_server, lambda _: addresses, private_callbacks=True)


def test_an_ipv6_address_beside_others_is_passed_over(callback_server: CallbackServer) -> None:
    found = call_by_name(callback_server, lambda _: ["::1", "127.0.0.1"], private_callbacks=True)

    assert found.status == 200


@pytest.mark.parametrize("late_seconds", [0.0, 30.0])
def test_name_resolution_ends_at_the_deadline(late_seconds: float) -> None:
    asked, ended, resolved = threading.Event(), threading.Event(), threading.Event()
    daemons: list[bool] = []

    def resolve(_: str) -> Sequence[str]:
        daemons.append(threading.current_thread().daemon)
        asked.set()
        ended.wait(late_seconds)
        resolved.set()
        return ["203.0.114.7"]

    seconds = 0.2 if late_seconds else 0.0
    try:
        with pytest.raises(TooSlow):
            send_over_network(request_to("http://app.example/"), seconds, resolve=resolve)
        assert resolved.is_set() in {not late_seconds, False}
    finally:
        ended.set()
    assert asked.wait(10)
    assert daemons == [True]  # so a process that ends does not wait for it


@pytest.mark.parametrize("private_callbacks", ["allow", "refuse"])
def test_a_bucket_sends_to_private_addresses_only_if_its_settings_allow_it(
    tmp_path: Path, callback_server: CallbackServer, private_callbacks: str
) -> None:
    environment = {
        "LOCAL_OSS_BUCKET": "b",
        "LOCAL_OSS_REGION": "cn-hangzhou",
        "LOCAL_OSS_CREDENTIALS": '[{"access_key_id": "AKEXAMPLE", "access_key_secret": "SKEXAMPLE"}]',
        "LOCAL_OSS_FOLDER": str(tmp_path),
        "LOCAL_OSS_CALLBACK_KEY": str(tmp_path / "key.pem"),
        "LOCAL_OSS_ALLOWED_ORIGINS": "http://127.0.0.1:8080",
        "LOCAL_OSS_PRIVATE_CALLBACKS": private_callbacks,
    }
    bucket = open_bucket(from_env(environment))
    assert isinstance(bucket, Bucket)

    if private_callbacks == "allow":
        assert bucket.send(request_to(callback_server.url), 10).status == 200
    else:
        with pytest.raises(Unreachable):
            bucket.send(request_to(callback_server.url), 10)
