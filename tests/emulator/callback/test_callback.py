import base64
import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from oss_emulator.callback.body import fill_template
from oss_emulator.callback.delivery import CallbackFailed, Timing, check_reply, deliver
from oss_emulator.callback.key import load_or_make_key, public_pem
from oss_emulator.callback.message import Message, Origin, signed_request
from oss_emulator.callback.parameter import Callback, CallbackUrl, parse_callback
from oss_emulator.callback.transport import CallbackRequest, Reply, TooSlow, Unreachable, send_over_network
from oss_emulator.errors import OssError
from oss_emulator.switches import read_switches
from tests.support.emulator.process import CallbackServer
from tests.support.emulator.scene import (
    CALLBACK_URL,
    NOW,
    RSA_KEY,
    Scene,
    callback_parameter,
    encoded,
    json_reply,
)
from tests.support.environment import free_ports

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
URL = CallbackUrl("http", "203.0.114.7", 9002, "203.0.114.7:9002", "/callback", "")


def test_reads_the_parameter() -> None:
    parameter = encoded(
        {
            "callbackUrl": "https://a.example:8443/p%20q?x=1;203.0.114.7:23450",
            "callbackBody": "k=${object}",
            "callbackHost": "b.example",
            "callbackBodyType": JSON,
            "callbackSNI": True,
        }
    )

    assert parse_callback(parameter, resolve=None) == Callback(
        (
            CallbackUrl("https", "a.example", 8443, "a.example:8443", "/p%20q", "?x=1"),
            CallbackUrl("http", "203.0.114.7", 23450, "203.0.114.7:23450", "/", ""),
        ),
        host="b.example",
        body="k=${object}",
        body_type=JSON,
        sni=True,
    )


@pytest.mark.parametrize("host", ["a" * 63, "a.example.", "a-b.xn--fiqs8s"])
def test_a_name_s_labels_may_have_63_characters_and_a_last_dot(host: str) -> None:
    callback = parse_callback(callback_parameter(callbackUrl=f"http://{host}/"), resolve=None)

    assert callback.urls[0].host == host


def test_a_character_beyond_16_bits_is_no_surrogate() -> None:
    assert parse_callback(callback_parameter(callbackBody="\U0001f642"), resolve=None).body == "\U0001f642"


def test_missing_members_have_oss_s_defaults() -> None:
    callback = parse_callback(callback_parameter(), resolve=None)

    assert (callback.host, callback.body_type, callback.sni) == ("", FORM, False)


@pytest.mark.parametrize(
    ("parameter", "message", "ec"),
    [
        ("x" * 5121, "The length of callback exceed max value.", "001"),
        ("%", "The callback configuration is not base64 encoded.", "002"),
        (base64.b64encode(b"{").decode(), "The callback configuration is not json format.", "003"),
        (base64.b64encode(b"\xff").decode(), "The callback configuration is not base64 encoded.", "002"),
        (encoded([]), "The callback configuration is not json format.", "003"),
        (callback_parameter(callbackUrl=None), "The callback url configuration is invalid.", "004"),
        (callback_parameter(callbackUrl=[CALLBACK_URL]), "The callback url configuration is invalid.", "004"),
        *(
            (callback_parameter(callbackUrl=url), "The callback url configuration is invalid.", "004")
            for url in (
                "ftp://a/",
                "http://a.example/é",
                "http://a b/",
                "http://",
                "http://a:0/",
                "http://a:x/",
                "http://a:99999/",
                "http://u:p@a.example/",
                "http://[2001:db8::1]/",
                "http://a/#f",
                "http://a/;",
                ";http://a/",
                "http://[x/",
                "http://a]/",
                "http://a..b/",
                "http://.a/",
                f"http://a.{'b' * 64}/",
            )
        ),
        (
            callback_parameter(callbackUrl=";".join([CALLBACK_URL] * 6)),
            "The number of callback url exceed max value.",
            "005",
        ),
        (callback_parameter(callbackHost=1), "The callback host configuration is invalid.", "009"),
        (callback_parameter(callbackHost="a\r\nb: c"), "The callback host configuration is invalid.", "009"),
        (callback_parameter(callbackBody=None), "The callback body is empty.", "010"),
        (callback_parameter(callbackBody=""), "The callback body is empty.", "010"),
        (callback_parameter(callbackBody={"a": 1}), "The callback body is invalid.", "011"),
        (callback_parameter(callbackBody="a=\ud800"), "The callback body is invalid.", "011"),
        (callback_parameter(callbackBody="\udfff"), "The callback body is invalid.", "011"),
        (callback_parameter(callbackBody="a=$object"), "Left brace must be adjacent to dollar sign.", "105"),
        (callback_parameter(callbackBody="a=${object"), "Left brace must be adjacent to dollar sign.", "105"),
        (callback_parameter(callbackBodyType=1), "The callback body type configuration is invalid.", "012"),
        (
            callback_parameter(callbackBodyType="text/plain"),
            "The body type of callback is not supported.",
            "013",
        ),
        (callback_parameter(callbackSNI="true"), "The callback sni is invalid.", "014"),
        (callback_parameter(callbackSNI=1), "The callback sni is invalid.", "014"),
    ],
)
def test_refuses_every_fault_of_the_parameter_with_its_message_and_ec(
    parameter: str, message: str, ec: str
) -> None:
    with pytest.raises(OssError) as refused:
        parse_callback(parameter, resolve=None)

    error = refused.value
    assert (error.status, error.code, error.message, error.ec) == (
        400,
        "InvalidArgument",
        message,
        f"0007-00000{ec}",
    )
    assert error.details["ArgumentName"] == "callback"


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("10.0.0.1", ["10.0.0.1"]),
        ("192.168.1.1", ["192.168.1.1"]),
        ("169.254.169.254", ["169.254.169.254"]),
        ("localhost", ["127.0.0.1", "::1"]),
        ("a.example", ["203.0.114.7", "10.0.0.1"]),
    ],
)
def test_refuses_private_addresses_as_oss_names_them(host: str, addresses: list[str]) -> None:
    parameter = callback_parameter(callbackUrl=f"{CALLBACK_URL};http://{host}:8088/x?y")

    with pytest.raises(OssError) as refused:
        parse_callback(parameter, resolve={host: addresses, "203.0.114.7": ["203.0.114.7"]}.__getitem__)

    error = refused.value
    assert (error.ec, error.message) == ("0007-00000008", "Private address is forbidden to callback.")
    assert error.details == {"ArgumentName": "callbackUrl", "ArgumentValue": f"http://{host}:8088/x?y"}


VARIABLES: dict[str, str | int | None] = {"object": "a/b é:(1).txt", "size": 5, "x:who": "m&m", "crc64": "1"}


@pytest.mark.parametrize(
    ("template", "body_type", "expected"),
    [
        ("o=${object}&s=${size}", FORM, "o=a%2Fb%20%C3%A9%3A%281%29.txt&s=5"),
        ("w=${x:who}&none=${x:none}&h=${imageInfo.height}!", FORM, "w=m%26m&none=&h=!"),
        ("ticket=a.b-c_d&x=/:", FORM, "ticket=a.b-c_d&x=/:"),
        ('{"o":${object},"s":${size}}', JSON, '{"o":"a/b é:(1).txt","s":5}'),
        ('{"h":${imageInfo.height},"w":${x:who}}', JSON, '{"h":null,"w":"m&m"}'),
        ('{"o":"${object}"}', JSON, '{"o":""a/b é:(1).txt""}'),
        ("${Object}${SIZE}", FORM, ""),
    ],
)
def test_fills_the_template_in_as_oss_does(template: str, body_type: str, expected: str) -> None:
    assert fill_template(template, body_type, VARIABLES, read_switches("")).decode() == expected


@pytest.mark.parametrize(
    ("switch", "template", "body_type", "expected"),
    [
        ("json_missing_variable=empty", "[${x:none},${size}]", JSON, '["",5]'),
        ("json_missing_variable=empty", "${x:none}", FORM, ""),
        ("form_space=+", "${object}", FORM, "a%2Fb+%C3%A9%3A%281%29.txt"),
        ("form_space=+", "${object}", JSON, '"a/b é:(1).txt"'),
    ],
)
def test_switches_change_what_no_document_settles(
    switch: str, template: str, body_type: str, expected: str
) -> None:
    assert fill_template(template, body_type, VARIABLES, read_switches(switch)).decode() == expected


def test_an_upload_offers_its_variables(scene: Scene) -> None:
    names = [
        "bucket",
        "object",
        "etag",
        "size",
        "mimeType",
        "crc64",
        "contentMd5",
        "clientIp",
        "operation",
        "x:who",
        "vpcId",
    ]
    parameter = callback_parameter(
        callbackBody=json.dumps(names)
        .replace('"', "")
        .replace("[", "[${")
        .replace(", ", "}, ${")
        .replace("]", "}]"),
        callbackBodyType=JSON,
    )
    scene.replies = [json_reply()]

    assert scene.upload({"key": "k", "callback": parameter, "x:who": "me"}).status == 200
    assert json.loads(scene.called[0][1]) == [
        "examplebucket",
        "k",
        "5D41402ABC4B2A76B9719D911017C592",
        5,
        "text/plain",
        "11177612005948864433",
        "XUFAKrxLKna5cZ2REBfFkg==",
        "127.0.0.1",
        "PostObject",
        "me",
        None,
    ]


UNREACHABLE = "Error status : -1.OSS can not connect to your callbackUrl, please check it."
SLOW = "Error status : -1 203.0.114.7:9002 reply timeout, cost:5000ms, timeout:5000ms (err -4, errno115)"


REQUEST = CallbackRequest(URL, {}, b"", b"", sni=False)


def outcome(*replies: Reply | Exception, clock: Callable[[], float] = lambda: 0.0) -> Any:
    """The body or the failure of a callback whose addresses reply like this, one after the other."""
    left = list(replies)

    def send(request: CallbackRequest, seconds: float) -> Reply:  # noqa: ARG001
        reply = left.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    try:
        body = deliver([REQUEST] * len(left), send, Timing(5.0, clock, lambda _: None))
    except CallbackFailed as failed:
        return failed.message, failed.ec
    return body, left


@pytest.mark.parametrize(
    ("reply", "message", "ec"),
    [
        (json_reply(status=301), "Error status : 301.", "203"),
        (json_reply(status=500), "Error status : 500.", "203"),
        (json_reply(status=204), "Error status : 204.", "203"),
        (Reply(200, {}, b"{}"), "Error Status : 400.User server missing content-length.", "203"),
        (
            Reply(200, {"content-length": "0"}, b""),
            "Error Status : 400.User server return invalid conent-length value.",
            "203",
        ),
        (
            Reply(200, {"content-length": "-1"}, b""),
            "Error Status : 400.User server return invalid conent-length value.",
            "203",
        ),
        (
            Reply(200, {"content-length": "٣"}, b"{}"),
            "Error Status : 400.User server return invalid conent-length value.",
            "203",
        ),
        (
            Reply(200, {"content-length": "1048577"}, b""),
            "Error Status : 400.User server return too long content-length value.",
            "203",
        ),
        (
            Reply(200, {"content-length": "9" * 5000}, b""),
            "Error Status : 400.User server return too long content-length value.",
            "203",
        ),
        (
            Reply(200, {"content-length": "000"}, b"{}"),
            "Error Status : 400.User server return invalid conent-length value.",
            "203",
        ),
        (json_reply(b"OK"), "Response body is not valid json format.", "205"),
        (json_reply(b'\xef\xbb\xbf{"Status":"OK"}'), "Response body is not valid json format.", "205"),
        (json_reply(b"\xff"), "Response body is not valid json format.", "205"),
        (json_reply(b"[" * 100_000), "Response body is not valid json format.", "205"),
        (Unreachable(), UNREACHABLE, "203"),
        (TooSlow(), SLOW, "203"),
    ],
)
def test_a_reply_that_breaks_the_contract_fails_with_oss_s_words(
    reply: Reply | Exception, message: str, ec: str
) -> None:
    assert outcome(reply) == (message, f"0007-00000{ec}")


def test_a_reply_of_a_megabyte_is_taken() -> None:
    body = b'"' + b"x" * (1024 * 1024 - 2) + b'"'

    assert outcome(json_reply(body)) == (body, [])


def test_addresses_are_tried_in_order_until_one_succeeds() -> None:
    last = json_reply(b"3")

    assert outcome(Unreachable(), json_reply(status=500), json_reply(b"1"), last) == (b"1", [last])
    assert outcome(Unreachable(), json_reply(status=500)) == ("Error status : 500.", "0007-00000203")


def test_each_address_may_take_what_the_others_left_of_the_limit() -> None:
    readings, given = iter([10.0, 10.0, 12.5, 14.75]), []

    def send(_request: CallbackRequest, seconds: float) -> Reply:
        given.append(seconds)
        raise Unreachable

    with pytest.raises(CallbackFailed):
        deliver([REQUEST] * 3, send, Timing(5.0, lambda: next(readings), lambda _: None))
    assert given == [5.0, 2.5, 0.25]


def test_all_addresses_share_one_limit() -> None:
    readings = iter([0.0, 0.0, 5.0])

    assert outcome(Unreachable(), json_reply(), clock=lambda: next(readings)) == (
        UNREACHABLE,
        "0007-00000203",
    )


ORIGIN = Origin(
    bucket="examplebucket", request_id="5C3D9175B6FC201293AD0000", public_key_url="http://k/k.pem"
)


def network_exchange(url: str, seconds: float, host: str = "") -> Reply:
    callback = parse_callback(callback_parameter(callbackUrl=url), resolve=None)
    message = Message(body=b"a=1", body_type=FORM, host=host)
    request = signed_request(callback.urls[0], message, ORIGIN, key=RSA_KEY, now=NOW)
    return send_over_network(request, seconds, private_callbacks=True)


def test_sends_what_oss_sends(callback_server: CallbackServer) -> None:
    reply = network_exchange(f"{callback_server.url}/a%20b/c?x=%2F&y", 10)

    assert (reply.status, reply.body) == (200, b'{"Status":"OK"}')
    target, headers, body = callback_server.received[0]
    authorization = headers["Authorization"]
    assert (target, body) == ("/a%20b/c?x=%2F&y", b"a=1")
    assert list(headers.items()) == [
        ("Host", callback_server.url.removeprefix("http://")),
        ("Connection", "close"),
        ("Content-Length", "3"),
        ("Authorization", authorization),
        ("Content-MD5", base64.b64encode(hashlib.md5(b"a=1").digest()).decode()),
        ("Content-Type", FORM),
        ("Date", "Mon, 21 Sep 2026 14:13:20 GMT"),
        ("User-Agent", "aliyun-oss-callback"),
        ("x-oss-additional-headers", ""),
        ("x-oss-bucket", "examplebucket"),
        ("x-oss-owner", "1000000000000000"),
        ("x-oss-pub-key-url", base64.b64encode(b"http://k/k.pem").decode()),
        ("x-oss-request-id", "5C3D9175B6FC201293AD0000"),
        ("x-oss-requester", "1000000000000000"),
        ("x-oss-signature-version", "1.0"),
        ("x-oss-tag", "CALLBACK"),
    ]
    signed = b"/a b/c?x=%2F&y\na=1"
    RSA_KEY.public_key().verify(base64.b64decode(authorization), signed, padding.PKCS1v15(), hashes.MD5())


def test_the_host_header_is_callback_host_when_there_is_one(callback_server: CallbackServer) -> None:
    network_exchange(callback_server.url, 10, host="app.example")

    assert callback_server.received[0][0] == "/"
    assert callback_server.received[0][1]["Host"] == "app.example"


def test_follows_no_redirect(callback_server: CallbackServer) -> None:
    def redirect(handler: Any, _: bytes) -> None:
        handler.send_response(301)
        handler.send_header("Location", callback_server.url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    callback_server.answering = redirect

    assert network_exchange(callback_server.url, 10).status == 301
    assert len(callback_server.received) == 1


def test_nobody_listening_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        network_exchange(f"http://127.0.0.1:{free_ports(1)[0]}/", 10)


def drip_headers(handler: Any, ended: threading.Event) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while not ended.wait(0.01):
        handler.wfile.write(b"x")


def drip_body(handler: Any, ended: threading.Event) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not ended.wait(0.01):
        handler.wfile.write(b" ")


def silence(handler: Any, ended: threading.Event) -> None:  # noqa: ARG001
    ended.wait()


@pytest.mark.parametrize("answering", [drip_headers, drip_body, silence])
def test_every_reply_ends_at_the_deadline(
    callback_server: CallbackServer, answering: Callable[[Any, threading.Event], None]
) -> None:
    ended = threading.Event()
    callback_server.answering = lambda handler, _: answering(handler, ended)

    try:
        with pytest.raises(TooSlow):
            network_exchange(callback_server.url, 0.2)
    finally:
        ended.set()


@pytest.mark.parametrize("length", ["", "Content-Length: x\r\n", "Content-Length: 99999999999\r\n"])
def test_a_reply_without_an_end_is_checked_at_once(callback_server: CallbackServer, length: str) -> None:
    ended = threading.Event()

    def endless(handler: Any, _: bytes) -> None:
        handler.wfile.write(f"HTTP/1.1 200 OK\r\n{length}\r\n{{}}".encode())
        ended.wait()

    callback_server.answering = endless
    try:
        reply = network_exchange(callback_server.url, 30)
    finally:
        ended.set()
    with pytest.raises(CallbackFailed):
        check_reply(reply)


def test_a_reply_that_breaks_off_is_unreachable(callback_server: CallbackServer) -> None:
    def break_off(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")

    callback_server.answering = break_off
    with pytest.raises(Unreachable):
        network_exchange(callback_server.url, 10)


def test_makes_a_key_once_and_keeps_it(tmp_path: Any) -> None:
    path = tmp_path / "made" / "key.pem"

    first, second = load_or_make_key(path), load_or_make_key(path)

    assert public_pem(first) == public_pem(second)
    assert first.key_size == 2048
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key.pem"]


def test_refuses_a_key_that_is_not_rsa(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with pytest.raises(TypeError, match=r"key\.pem is not an RSA key"):
        load_or_make_key(path)


def test_two_that_make_a_key_at_once_agree(tmp_path: Any) -> None:
    path = tmp_path / "key.pem"
    keys = []
    threads = [
        threading.Thread(target=lambda: keys.append(public_pem(load_or_make_key(path)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(keys)) == 1
