"""The JSON routes below /-/, and which requests may use them: this machine's, and no web page's."""

from __future__ import annotations

import json

import pytest

from oss_emulator.console.callers import reason_against
from tests.support.emulator.scene import ORIGIN, Scene, callback_parameter, json_reply


@pytest.mark.parametrize(
    "target",
    [
        "/-/",
        "/-/faults",
        "/-/callbacks",
        "/-/refusals",
        "/-/objects",
        "/-/callback_pub_key.pem",
        "/-/nothing",
    ],
)
def test_no_answer_of_its_own_is_cached_sniffed_or_granted_to_another_origin(
    scene: Scene, target: str
) -> None:
    answer = scene.request("GET", target, {"Origin": ORIGIN})  # which the bucket's CORS rule names

    assert {name: text for name, text in answer.headers.items() if name.lower() in GUARDED} == {
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


GUARDED = {
    "access-control-allow-origin",
    "access-control-expose-headers",
    "cache-control",
    "cross-origin-resource-policy",
    "vary",
    "x-content-type-options",
}


def test_an_ordinary_answer_still_has_the_buckets_grant(scene: Scene) -> None:
    assert scene.request("GET", "/a", {"Origin": ORIGIN}).headers["Access-Control-Allow-Origin"] == ORIGIN


def test_head_says_what_get_would(scene: Scene) -> None:
    assert (scene.request("HEAD", "/-/").status, scene.request("HEAD", "/-/nothing").status) == (200, 404)


def test_no_preflight_is_granted(scene: Scene) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}

    assert scene.request("OPTIONS", "/-/faults", asked).refusal == (403, "AccessDenied", "")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:9000",
        "a.localhost",
        "LOCALHOST",
        "127.0.0.1:9000",
        "127.9.9.9",
        "[::1]:9000",
        "192.168.1.5:9000",
        "oss:9000",
        "",
    ],
)
def test_names_of_this_machine_are_answered(scene: Scene, host: str) -> None:
    assert scene.request("GET", "/-/faults", {"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost.",
        "[::1",
        ":9000",
        "a@b.example",
        "a@localhost",
        "[::1].evil.example",
        "[::1]evil.example",
        "localhost#.evil.example",
        "localhost:9000:evil.example",
        "[localhost]",
    ],
)
def test_a_domain_name_that_resolves_to_this_machine_is_refused(scene: Scene, host: str) -> None:
    for target in ("/-/", "/-/refusals", "/-/nothing"):
        assert scene.request("GET", target, {"Host": host}).refusal == (403, "AccessDenied", ""), target


def test_the_name_that_this_machine_is_served_under_is_taken_exactly() -> None:
    own = "laptop.example"
    for host in ("laptop.example", "LAPTOP.example:9000", "127.0.0.1:9000"):
        assert reason_against("GET", {"host": host}, own) is None, host
    for host in (
        "evil.example",
        "laptop.example.evil.example",
        "a.laptop.example",
        "laptop.example@x.example",
    ):
        assert reason_against("GET", {"host": host}, own), host
    assert reason_against("POST", {"host": own, "origin": "http://evil.example"}, own)
    assert reason_against("GET", {"host": own})


@pytest.mark.parametrize(
    "origin", [ORIGIN, "null", "http://127.0.0.1:9001", "http://127.0.0.1:9000.evil.example", ""]
)
def test_another_website_may_order_nothing(scene: Scene, origin: str) -> None:
    assert_orders_nothing(scene, {"Origin": origin})


def assert_orders_nothing(scene: Scene, headers: dict[str, str]) -> None:
    pending = {"fault": "reset", "requests": 1}
    scene.bucket.faults.set(pending)
    for method in ("POST", "DELETE"):
        answer = scene.request(method, "/-/faults", headers, b'{"fault": "throttle"}')
        assert answer.refusal == (403, "AccessDenied", ""), method
    assert scene.bucket.faults.pending() == [pending]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:9000", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"x-oss-tag": "CALLBACK"},
    ],
)
def test_a_page_stored_as_an_object_or_a_callback_may_order_nothing(
    scene: Scene, headers: dict[str, str]
) -> None:
    assert_orders_nothing(scene, headers)


@pytest.mark.parametrize("target", ["/-/", "/-/refusals"])
def test_a_page_stored_as_an_object_may_not_read_the_console(scene: Scene, target: str) -> None:
    sent = {"Sec-Fetch-Site": "same-origin"}

    for destination in ("empty", "iframe", "script", "image"):
        answer = scene.request("GET", target, {**sent, "Sec-Fetch-Dest": destination})
        assert answer.refusal == (403, "AccessDenied", ""), destination
    assert scene.request("GET", target, {**sent, "Sec-Fetch-Dest": "document"}).status == 200
    assert "sandbox" in scene.request("GET", target).headers["Content-Security-Policy"]


@pytest.mark.parametrize("origin", ["http://127.0.0.1:9000", "https://127.0.0.1:9000"])
def test_the_console_s_own_origin_may_order(scene: Scene, origin: str) -> None:
    assert scene.request("DELETE", "/-/faults", {"Origin": origin}).status == 200


def test_refusals_and_callbacks_are_there_as_json_too(scene: Scene) -> None:
    scene.replies[:] = [json_reply(b'"\xff"')]
    scene.upload({"key": "图", "callback": callback_parameter()})
    scene.request("GET", "/missing", {"Authorization": "none"})

    (called,) = json.loads(scene.request("GET", "/-/callbacks").body)
    (refused,) = json.loads(scene.request("GET", "/-/refusals").body)

    assert (called["key"], called["body"], called["message"]) == (
        "图",
        "object=%E5%9B%BE&size=5",
        "Response body is not valid json format.",
    )
    assert called["attempts"][0]["answer"] == '"\ufffd"'
    assert called["attempts"][0]["string_to_sign"] == "/callback\nobject=%E5%9B%BE&size=5"
    assert (refused["target"], refused["code"]) == ("/missing", "InvalidArgument")


def test_objects_are_there_as_json_too(scene: Scene) -> None:
    scene.upload({"key": "图"})

    document = json.loads(scene.request("GET", "/-/objects").body)

    assert [one["key"] for one in document["objects"]] == ["图"]
    assert document["objects"][0]["headers"] == {"Content-Type": "text/plain"}
    assert document["more"] is False


def test_sends_a_callback_on_order(scene: Scene) -> None:
    scene.replies[:] = [json_reply()]
    order = {"url": "http://203.0.114.7/cb", "body": "object=a"}

    answer = scene.request("POST", "/-/callbacks", body=json.dumps(order).encode())

    assert json.loads(answer.body)["status"] == 200
    assert scene.called == [("/cb", b"object=a")]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 65536, b'{"a": "' + b"a" * 70_000 + b'"}', b"\xff", b"[]"]
)
def test_an_order_that_is_no_json_object_is_refused(scene: Scene, body: bytes) -> None:
    for target in ("/-/callbacks", "/-/faults"):
        assert scene.request("POST", target, body=body).refusal == (400, "InvalidArgument", "")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", "/-/faults"),
        ("DELETE", "/-/callbacks"),
        ("POST", "/-/"),
        ("GET", "/-/nothing"),
        ("GET", "/-/page.css"),
        ("POST", "/-/refusals"),
    ],
)
def test_unknown_routes_are_404(scene: Scene, method: str, target: str) -> None:
    assert scene.request(method, target).refusal == (404, "NoSuchKey", "")
