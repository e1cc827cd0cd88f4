import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from oss_emulator.bucket.state import Site, open_bucket
from oss_emulator.http_messages import Answer, Body, Request
from oss_emulator.routing import respond
from tests.support.emulator.scene import Scene


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
    settings = replace(scene.bucket.settings, website=(first, second), own_domain=False)
    return Site(settings=settings)


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
        ("/src/upload.js", "application/javascript; charset=utf-8", "export {}"),
        ("/src%2Fupload.js", "application/javascript; charset=utf-8", "export {}"),
        ("/config.json", "application/json; charset=utf-8", "{}"),
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


def test_if_none_match_of_a_file_is_answered_304(site: Site) -> None:
    etag = ask(site, "/").headers["ETag"]

    assert ask(site, "/", if_none_match=etag).status == 304


def test_compresses_what_oss_compresses(site: Site) -> None:
    """OSS FAQ on gzip, 2024-11: an answer that is compressed has no ETag."""
    for name in ("large.js", "large.svg"):
        (site.settings.website[0] / name).write_bytes(b"x" * 1024)

    script = ask(site, "/large.js", accept_encoding="gzip, br")
    picture = ask(site, "/large.svg", accept_encoding="gzip, br")

    assert isinstance(script.body, bytes)
    assert gzip.decompress(script.body) == b"x" * 1024 == picture.body
    assert (script.headers["Content-Encoding"], "ETag" in script.headers) == ("gzip", False)
    assert ("Content-Encoding" in picture.headers, "ETag" in picture.headers) == (False, True)
    assert ask(site, "/large.js").body == b"x" * 1024


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_site_is_read_only(site: Site, method: str) -> None:
    assert ask(site, "/", method).status == 405


def test_a_site_needs_neither_folder_nor_key(site: Site) -> None:
    opened = open_bucket(replace(site.settings, folder=Path("/proc/none"), callback_key=Path("/proc/none")))

    assert type(opened) is Site
    assert ask(opened, "/-/callback_pub_key.pem").status == 404
    assert json.loads(bytes(ask(opened, "/-/faults").body)) == []  # type: ignore[arg-type]
