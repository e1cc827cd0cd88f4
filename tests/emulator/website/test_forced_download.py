from dataclasses import replace
from pathlib import Path

import pytest

from oss_emulator.bucket.state import open_bucket
from oss_emulator.http_messages import CHUNK_BYTES
from tests.support.emulator.scene import Scene, Seen
from tests.support.emulator.signed_requests import ask, put

HTML = "0048-00000001"


def forced(answer: Seen) -> tuple[str | None, str | None, str | None]:
    names = ("x-oss-force-download", "Content-Disposition", "x-oss-ec")
    force, disposition, ec = (answer.headers.get(name) for name in names)
    return force, disposition, ec


@pytest.mark.parametrize(
    ("key", "content_type", "expected"),
    [
        ("a.html", "text/html", ("true", "attachment", HTML)),
        ("a.htm", "text/plain", ("true", "attachment", HTML)),
        ("A.HTML", "application/octet-stream", ("true", "attachment", HTML)),
        ("a", "Text/HTML; charset=utf-8", ("true", "attachment", HTML)),
        ("a.png", "image/png", ("true", "attachment", "0048-00000105")),
        ("a", "image/svg+xml", ("true", "attachment", "0048-00000105")),
        ("a.xml", "text/plain", ("true", "attachment", None)),
        ("a", "application/xml", ("true", "attachment", None)),
        ("a", "text/xml", ("true", "attachment", None)),
        ("a.png", "text/plain", (None, None, None)),
        ("a.css", "text/css", (None, None, None)),
        ("a.avif", "image/avif", (None, None, None)),
        ("html", "text/plain", (None, None, None)),
    ],
)
def test_the_bucket_s_own_domain_makes_pages_and_pictures_downloads(
    scene: Scene, key: str, content_type: str, expected: tuple[str | None, ...]
) -> None:
    scene.set(acl="public-read")
    scene.upload({"key": key, "x-oss-content-type": content_type})

    for method in ("GET", "HEAD"):
        answer = scene.request(method, f"/{key}")
        assert (answer.status, forced(answer)) == (200, expected), method


@pytest.mark.parametrize(
    ("key", "content_type", "refused"),
    [
        ("a.apk", "application/octet-stream", True),
        ("A.IPA", "text/plain", True),
        ("a", "application/vnd.android.package-archive", True),
        ("a", "application/iphone", True),
        ("a", "application/vnd.android.package-archive; charset=binary", False),
        ("a.apks", "application/zip", False),
    ],
)
def test_an_app_is_refused_at_the_bucket_s_own_domain_only(
    scene: Scene,
    key: str,
    content_type: str,
    refused: bool,  # noqa: FBT001
) -> None:
    scene.set(acl="public-read")
    scene.upload({"key": key, "x-oss-content-type": content_type})

    answer = scene.request("GET", f"/{key}")
    signed = ask(scene, "GET", f"/{key}")
    scene.set(own_domain=False)
    custom = scene.request("GET", f"/{key}")

    assert [answer.status, signed.status, custom.status] == [400 if refused else 200, 200, 200]
    if refused:
        assert answer.refusal == (400, "ApkDownloadForbidden", "")
        assert answer.headers["ETag"] == signed.headers["ETag"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_signed_in_its_header_gets_what_was_stored(scene: Scene, method: str) -> None:
    scene.upload({"key": "a.html", "Content-Disposition": "inline"})

    assert forced(ask(scene, method, "/a.html")) == (None, "inline", None)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("inline", "attachment"), ('attachment; filename="b.html"', 'attachment; filename="b.html"')],
)
def test_a_stored_inline_is_replaced(scene: Scene, stored: str, shown: str) -> None:
    scene.set(acl="public-read")
    scene.upload({"key": "a.html", "Content-Disposition": stored})
    scene.upload({"key": "a.png", "Content-Disposition": stored}, content_type="image/png")

    assert forced(scene.request("GET", "/a.html")) == ("true", shown, HTML)
    assert forced(scene.request("GET", "/a.png")) == ("true", shown, "0048-00000105")


@pytest.mark.parametrize(
    ("region", "ec"),
    [
        ("cn-huhehaote", "0048-00000100"),
        ("cn-qingdao", "0048-00000101"),
        ("cn-chengdu", "0048-00000101"),
        ("cn-zhangjiakou", "0048-00000102"),
        ("cn-shanghai", "0048-00000103"),
        ("cn-shenzhen", "0048-00000103"),
        ("cn-beijing", "0048-00000104"),
        ("cn-hangzhou", "0048-00000105"),
        ("cn-guangzhou", "0048-00000114"),
        ("ap-southeast-1", None),
    ],
)
def test_pictures_are_downloads_in_some_regions(scene: Scene, region: str, ec: str | None) -> None:
    scene.set(acl="public-read")
    scene.upload({"key": "a"}, content_type="image/jpeg")
    scene.set(region=region)

    assert scene.request("GET", "/a").headers.get("x-oss-ec") == ec


def test_a_custom_domain_shows_them(scene: Scene) -> None:
    scene.set(acl="public-read", own_domain=False)
    scene.upload({"key": "a.html", "Content-Disposition": "inline"})

    assert forced(scene.request("GET", "/a.html")) == (None, "inline", None)


def test_a_refusal_is_no_download(scene: Scene) -> None:
    scene.set(acl="public-read")

    assert forced(scene.request("GET", "/none.html")) == (None, None, "0026-00000001")


def test_the_pages_of_a_website_are_downloads_too(scene: Scene) -> None:
    scene.set(acl="public-read")
    index = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>"
    error = "<ErrorDocument><Key>lost.html</Key></ErrorDocument>"
    put(scene, "website", f"<WebsiteConfiguration>{index}{error}</WebsiteConfiguration>")
    for key in ("index.html", "lost.html"):
        scene.upload({"key": key})

    assert forced(scene.request("GET", "/")) == ("true", "attachment", HTML)
    assert forced(scene.request("GET", "/none")) == ("true", "attachment", "0026-00000001")


def test_a_site_of_folders_follows_the_same_rule(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>")
    own = replace(scene.bucket.settings, website=(tmp_path,))
    seen = []

    for settings in (own, replace(own, own_domain=False)):
        scene.bucket = open_bucket(settings)  # type: ignore[assignment]
        seen.append(scene.request("GET", "/").headers.get("Content-Disposition"))

    assert seen == ["attachment", None]


def test_a_large_app_that_is_refused_leaves_no_file_open(scene: Scene) -> None:
    """A file left open is a ResourceWarning, which fails the test."""
    scene.set(acl="public-read")
    scene.upload({"key": "a.apk"}, bytes(CHUNK_BYTES + 1))

    assert scene.request("GET", "/a.apk").refusal == (400, "ApkDownloadForbidden", "")
