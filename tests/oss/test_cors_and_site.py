import json
from dataclasses import replace
from pathlib import Path

import pytest
from scene import ORIGIN, Scene, signed

from oss.bucket import Site, open_bucket
from oss.cors import CorsRule, actual_headers, preflight
from oss.errors import OssError
from oss.http_messages import Answer, Body, Request
from oss.routing import respond

PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}


def test_answers_a_preflight_that_a_rule_allows(scene: Scene) -> None:
    answer = scene.request(
        "OPTIONS", "/", {**PREFLIGHT, "Access-Control-Request-Headers": "X-A, content-type"}
    )

    assert (answer.status, answer.body) == (200, b"")
    assert {name: value for name, value in answer.headers.items() if not name.startswith("x-oss")} == {
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Allow-Methods": "POST, GET",
        "Access-Control-Allow-Headers": "x-a, content-type",
        "Access-Control-Expose-Headers": "ETag, x-oss-request-id",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (400, "BadRequest", "0034-00000101")),
        ({"Origin": ORIGIN}, (400, "BadRequest", "0034-00000102")),
        ({**PREFLIGHT, "Origin": "http://127.0.0.1:8081"}, (403, "AccessForbidden", "0003-00000602")),
        ({**PREFLIGHT, "Origin": "https://127.0.0.1:8080"}, (403, "AccessForbidden", "0003-00000602")),
        ({**PREFLIGHT, "Origin": ORIGIN + ".evil.example"}, (403, "AccessForbidden", "0003-00000602")),
        ({**PREFLIGHT, "Access-Control-Request-Method": "PUT"}, (403, "AccessForbidden", "0003-00000602")),
    ],
)
def test_refuses_other_preflights(
    scene: Scene, headers: dict[str, str], expected: tuple[int, str, str]
) -> None:
    answer = scene.request("OPTIONS", "/", headers)

    assert answer.refusal == expected
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_refuses_every_preflight_without_rules(scene: Scene) -> None:
    scene.set(allowed_origins=())

    assert scene.request("OPTIONS", "/", PREFLIGHT).refusal == (403, "AccessForbidden", "0003-00000601")


def test_a_request_no_rule_matches_is_executed_without_cors_headers(scene: Scene) -> None:
    answer = scene.post(signed({"key": "a"}), headers={"Origin": "http://evil.example"})

    assert answer.status == 204
    assert scene.stored("a").size == 5
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert answer.headers["Vary"] == "Origin"


RULES = (
    CorsRule(("https://*.example.com",), ("POST",), ("x-*",), ("ETag",), 5),
    CorsRule(("*",), ("GET", "POST"), (), ("x-oss-request-id",), 10),
)


@pytest.mark.parametrize(
    ("origin", "headers", "max_age"),
    [
        ("https://a.example.com", "X-One", "5"),
        ("https://a.example.com", "", "5"),
        ("https://a.example.org", "", "10"),
        ("https://a.example.com", "content-type", None),
        ("https://.example.com", "", "5"),
        ("https://example.com", "", "10"),
    ],
)
def test_the_first_rule_that_matches_counts(origin: str, headers: str, max_age: str | None) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": headers,
    }

    if max_age is None:
        with pytest.raises(OssError, match="0003-00000602"):
            preflight(RULES, asked)
    else:
        assert preflight(RULES, asked).headers["Access-Control-Max-Age"] == max_age


def test_the_two_ends_of_a_pattern_do_not_overlap() -> None:
    rules = [CorsRule(("ab*ba",))]

    granted = [
        origin
        for origin in ("aba", "abba", "abcba")
        if "Access-Control-Allow-Origin"
        in actual_headers(rules, Request("GET", "/", {"origin": origin}, Body(lambda _: b"")))
    ]

    assert granted == ["abba", "abcba"]


def test_an_actual_request_gets_the_first_matching_rule_s_exposed_headers() -> None:
    request = Request("GET", "/", {"origin": "https://a.example.com"}, Body(lambda _: b""))

    assert actual_headers(RULES, request)["Access-Control-Expose-Headers"] == "x-oss-request-id"


@pytest.fixture
def site(scene: Scene, tmp_path: Path) -> Site:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second / "src"):
        folder.mkdir(parents=True)
    (first / "config.json").write_text("{}")
    (second / "config.json").write_text('{"shadowed": true}')
    (second / "index.html").write_text("<p>图")
    (second / "src" / "upload.js").write_text("export {}")
    (second / "src" / "index.html").write_text("src")
    (second / ".secret").write_text("no")
    (tmp_path / "outside.txt").write_text("no")
    (second / "link.txt").symlink_to(tmp_path / "outside.txt")
    (second / "loop.txt").symlink_to(second / "loop.txt")
    return Site(settings=replace(scene.bucket.settings, website=(first, second)))


def ask(site: Site, target: str, method: str = "GET", **headers: str) -> Answer:
    lower = {name.replace("_", "-"): value for name, value in headers.items()}
    return respond(Request(method, target, lower, Body(lambda _: b"")), site)


@pytest.mark.parametrize(
    ("target", "content_type", "content"),
    [
        ("/", "text/html; charset=utf-8", "<p>图"),
        ("/index.html", "text/html; charset=utf-8", "<p>图"),
        ("/?x=1", "text/html; charset=utf-8", "<p>图"),
        ("/src/", "text/html; charset=utf-8", "src"),
        ("/src/upload.js", "text/javascript; charset=utf-8", "export {}"),
        ("/src%2Fupload.js", "text/javascript; charset=utf-8", "export {}"),
        ("/config.json", "application/json", "{}"),
    ],
)
def test_serves_files_from_the_first_folder_that_has_them(
    site: Site, target: str, content_type: str, content: str
) -> None:
    answer = ask(site, target)

    assert (answer.status, answer.body) == (200, content.encode())
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize(
    "target",
    [
        "/none",
        "/src",
        "/.secret",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/src/..%2f..%2foutside.txt",
        "/..%5coutside.txt",
        "/link.txt",
        "/a%00b",
        "/src//upload.js",
        "/" + "a" * 300,
        "/" + "a/" * 3000 + "a",
        "/loop.txt",
    ],
)
def test_serves_nothing_else(site: Site, target: str) -> None:
    answer = ask(site, target)

    assert (answer.status, answer.headers["x-oss-ec"]) == (404, "0026-00000001")


def test_shows_the_404_page_where_there_is_one(site: Site) -> None:
    (site.settings.website[1] / "404.html").write_text("lost")

    answer = ask(site, "/none")

    assert (answer.status, answer.body) == (404, b"lost")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_known_file_is_not_sent_again(site: Site) -> None:
    etag = ask(site, "/").headers["ETag"]

    assert ask(site, "/", if_none_match=etag).status == 304


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_site_is_read_only(site: Site, method: str) -> None:
    assert ask(site, "/", method).status == 405


def test_a_site_needs_neither_folder_nor_key(site: Site) -> None:
    opened = open_bucket(replace(site.settings, folder=Path("/proc/none"), callback_key=Path("/proc/none")))

    assert type(opened) is Site
    assert ask(opened, "/-/callback_pub_key.pem").status == 404
    assert json.loads(bytes(ask(opened, "/-/faults").body)) == []  # type: ignore[arg-type]
