"""The JSON routes below /-/, and which requests may use them: this machine's, and no web page's."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from oss_emulator import development
from oss_emulator.auth.credentials import Credential
from oss_emulator.console import object_search, routes
from oss_emulator.console.callers import reason_against
from oss_emulator.http_messages import Body, Request
from oss_emulator.routing import respond
from tests.emulator.console.test_page_orders import FORM
from tests.support.emulator.scene import KEY, NOW, ORIGIN, Scene, callback_parameter, json_reply


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
    "origin",
    [
        ORIGIN,
        "null",
        "http://127.0.0.1:9000",
        "http://127.0.0.1:9001",
        "http://127.0.0.1:9000.evil.example",
        "",
    ],
)
def test_another_website_may_order_nothing(scene: Scene, origin: str) -> None:
    assert_orders_nothing(scene, {"Origin": origin})


def assert_orders_nothing(scene: Scene, headers: dict[str, str]) -> None:
    pending = {"fault": "reset", "requests": 1}
    scene.bucket.faults.set(pending)
    for method, target in (
        ("POST", "/-/faults"),
        ("DELETE", "/-/faults"),
        ("POST", "/-/reset"),
        ("DELETE", "/-/objects?key=a"),
        ("POST", "/-/orders"),
    ):
        answer = scene.request(method, target, headers, b'{"fault": "throttle"}')
        assert answer.refusal == (403, "AccessDenied", ""), target
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


def test_a_tool_says_nothing_of_an_origin_and_may_order(scene: Scene) -> None:
    assert scene.request("DELETE", "/-/faults").status == 200


@pytest.mark.parametrize("origin", ["", "null", "http://evil.example"])
def test_anybody_learns_that_it_is_alive_and_nothing_else(scene: Scene, origin: str) -> None:
    answer = scene.request("GET", "/-/alive", {"Origin": origin, "Sec-Fetch-Dest": "empty"})

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers


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


def listed(scene: Scene, query: str) -> tuple[list[str], bool, str]:
    document = json.loads(scene.request("GET", f"/-/objects?{query}").body)
    return [one["key"] for one in document["objects"]], document["more"], document["after"]


def test_objects_are_searched_by_prefix_and_text(scene: Scene) -> None:
    for key in ("a/1", "a/2", "b/A"):
        scene.upload({"key": key})

    assert listed(scene, "") == (["b/A", "a/2", "a/1"], False, "")
    assert listed(scene, "order=keys") == (["a/1", "a/2", "b/A"], False, "")
    assert listed(scene, "prefix=a/") == (["a/1", "a/2"], False, "")
    assert listed(scene, "prefix=a/&after=a/1") == (["a/2"], False, "")
    assert listed(scene, "text=A") == (["a/1", "a/2", "b/A"], False, "")
    assert listed(scene, "bucket=examplebucket&text=b/a") == (["b/A"], False, "")
    assert listed(scene, "versions=a/1") == (["a/1"], False, "")


def test_a_search_stops_at_its_limit_and_goes_on_after_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_search, "SEARCHED_KEYS", 4)
    monkeypatch.setattr(object_search, "_BATCH", 3)
    monkeypatch.setattr(routes, "LISTED_OBJECTS", 2)
    for key in "abcdefg":
        scene.upload({"key": key})

    assert listed(scene, "") == (["g", "f"], True, "")
    assert listed(scene, "order=keys") == (["a", "b"], True, "b")
    assert listed(scene, "order=keys&after=e") == (["f", "g"], False, "")
    assert listed(scene, "text=f") == ([], True, "d")
    assert listed(scene, "text=f&after=d") == (["f"], False, "")
    assert listed(scene, "text=g&after=d") == (["g"], False, "")


def test_buckets_are_there_as_json(scene: Scene) -> None:
    scene.bucket.buckets.create("media", acl="public-read", now=NOW)

    assert json.loads(scene.request("GET", "/-/buckets").body) == [
        {"name": "examplebucket", "created": NOW, "acl": "private"},
        {"name": "media", "created": NOW, "acl": "public-read"},
    ]


def test_a_content_is_saved_and_never_shown(scene: Scene) -> None:
    scene.upload({"key": "a/图 \n.html", "Cache-Control": "public"}, b"<script>", content_type="text/html")
    target = "/-/content?key=a/%E5%9B%BE%20%0A.html"

    answer = scene.request("GET", target)

    assert (answer.status, answer.body) == (200, b"<script>")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%E5%9B%BE%20%0A.html"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert scene.request("HEAD", target).headers["Content-Length"] == "8"
    assert scene.request("GET", "/-/content?key=b").refusal == (404, "NoSuchKey", "0026-00000001")
    assert scene.request("GET", f"{target}&version=x").refusal == (404, "NoSuchVersion", "0012-00000203")
    assert scene.request("GET", target, {"Sec-Fetch-Dest": "empty"}).status == 403


def test_tools_delete_objects_and_reset(scene: Scene) -> None:
    for key in ("a/1", "a/2", "b", "c"):
        scene.upload({"key": key})

    deleted = [
        scene.request("DELETE", f"/-/objects?{query}").body for query in ("key=b", "prefix=a/", "key=none")
    ]
    assert deleted == [b'{"deleted": 1}', b'{"deleted": 2}', b'{"deleted": 0}']
    assert scene.request("DELETE", "/-/objects").refusal == (400, "InvalidArgument", "")
    assert scene.request("DELETE", "/-/objects?bucket=none&key=c").refusal[1] == "NoSuchBucket"
    assert listed(scene, "") == (["c"], False, "")

    assert (scene.request("POST", "/-/reset").status, listed(scene, "")) == (200, ([], False, ""))


def test_tools_have_no_secret_and_so_no_forms(scene: Scene) -> None:
    assert scene.request("POST", "/-/orders", body=b"order=reset").refusal == (403, "AccessDenied", "")


def test_nothing_is_read_ahead_for_a_service_worker(scene: Scene) -> None:
    ahead = {"Sec-Fetch-Dest": "document", "Service-Worker-Navigation-Preload": "true"}

    assert scene.request("GET", "/-/", ahead).refusal == (403, "AccessDenied", "")


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


def in_pieces(*pieces: bytes) -> Callable[[int], bytes]:
    left = iter(pieces)
    return lambda _: next(left, b"")


def test_an_order_may_arrive_in_pieces(scene: Scene) -> None:
    form = urlencode(
        {"secret": scene.bucket.page_secret, "order": "fault", "fault": "throttle", "requests": "2"}
    )
    for target, headers, content, status in (
        ("/-/faults", {}, b'{"fault": "reset"}', 200),
        ("/-/orders", FORM, form.encode(), 303),
    ):
        sent = {name.lower(): text for name, text in {"Host": "127.0.0.1:9000", **headers}.items()}
        body = Body(in_pieces(content[:5], content[5:]))
        assert respond(Request("POST", target, sent, body), scene.bucket).status == status

    assert [one["fault"] for one in scene.bucket.faults.pending()] == ["reset", "throttle"]


def test_without_its_bucket_all_but_objects_is_there(scene: Scene) -> None:
    scene.bucket.buckets.delete("examplebucket")
    readable = (
        "",
        "requests",
        "refusals",
        "callbacks",
        "faults",
        "switches",
        "buckets",
        "callback_pub_key.pem",
    )
    missing = (404, "NoSuchBucket", "0015-00000101")

    for query in ("", "?bucket=none"):
        for name in readable:
            assert scene.request("GET", f"/-/{name}{query}").status == 200, name
        for name in ("objects", "content"):
            assert scene.request("GET", f"/-/{name}{query}").refusal == missing, name
    reset = urlencode({"secret": scene.bucket.page_secret, "order": "reset"}).encode()
    assert scene.request("POST", "/-/orders", FORM, reset).status == 303
    assert scene.request("GET", "/-/objects").status == 200


KNOWN = Credential(development.ACCESS_KEY["access_key_id"], development.ACCESS_KEY["access_key_secret"])
DONE, REFUSED = [404, 200, 303, 200, 200, 400, 400], [403] * 7


def statuses_of_orders(scene: Scene, client: str, headers: dict[str, str] | None = None) -> list[int]:
    """The statuses of a content and of each order, of which two are no JSON."""
    statuses = []
    for method, target, own in (
        ("GET", "/-/content?key=none", {}),
        ("DELETE", "/-/objects?key=none", {}),
        ("POST", "/-/orders", FORM),
        ("POST", "/-/reset", {}),
        ("DELETE", "/-/faults", {}),
        ("POST", "/-/faults", {}),
        ("POST", "/-/callbacks", {}),
    ):
        sent = {"Host": "192.0.2.9:9000", **own, **(headers or {})}
        lower = {name.lower(): text for name, text in sent.items()}
        body = urlencode({"secret": scene.bucket.page_secret, "order": "clear_faults"}).encode()
        request = Request(method, target, lower, Body(io.BytesIO(body).read), client_ip=client)
        statuses.append(respond(request, scene.bucket).status)
    return statuses


@pytest.mark.parametrize(
    ("client", "key", "seen"),
    [
        ("127.0.0.1", KEY, DONE),
        ("::1", KEY, DONE),
        ("::ffff:127.0.0.1", KEY, DONE),
        ("192.0.2.1", KEY, REFUSED),
        ("fe80::1%eth0", KEY, REFUSED),
        ("192.0.2.1", KNOWN, DONE),
    ],
)
def test_with_secret_keys_other_machines_read_no_content_and_order_nothing(
    scene: Scene, client: str, key: Credential, seen: list[int]
) -> None:
    scene.set(credentials=(key,))

    assert statuses_of_orders(scene, client) == seen


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "Via"])
def test_a_client_behind_a_proxy_is_another_machine(scene: Scene, name: str) -> None:
    assert statuses_of_orders(scene, "127.0.0.1", {name: ""}) == REFUSED


def test_behind_a_public_address_every_client_is_another_machine(scene: Scene) -> None:
    scene.set(public_url="https://oss.example")

    assert statuses_of_orders(scene, "127.0.0.1") == REFUSED
