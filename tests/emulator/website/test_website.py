import pytest

from tests.support.emulator.scene import Scene, Seen
from tests.support.emulator.signed_requests import ask, put

MISSING = (404, "NoSuchKey", "0026-00000001")
DENIED = (403, "AccessDenied", "0003-00000001")


def website(index: str = "", error: str = "") -> str:
    index = f"<IndexDocument><Suffix>index.html</Suffix>{index}</IndexDocument>"
    error = f"<ErrorDocument><Key>lost.html</Key>{error}</ErrorDocument>" if error else ""
    return f"<WebsiteConfiguration>{index}{error}</WebsiteConfiguration>"


def sub_directories(kind: int) -> str:
    return f"<SupportSubDir>true</SupportSubDir><Type>{kind}</Type>"


@pytest.fixture
def site(scene: Scene) -> Scene:
    """A public bucket with pages; each page's content is its key."""
    scene.set(acl="public-read", own_domain=False)
    for key in ("index.html", "dir/index.html", "dir/a.html", "lost.html", "图/index.html"):
        scene.upload({"key": key}, key.encode(), content_type="text/html")
    return scene


def shown(answer: Seen) -> tuple[int, str]:
    return answer.status, answer.body.decode()


@pytest.mark.parametrize(
    ("target", "without", "with_sub_directories"),
    [
        ("/", (200, "index.html"), (200, "index.html")),
        ("/?x=1", (200, "index.html"), (200, "index.html")),
        ("/examplebucket", (200, "index.html"), (200, "index.html")),
        ("/examplebucket/", (200, "index.html"), (200, "index.html")),
        ("/dir/", (200, "index.html"), (200, "dir/index.html")),
        ("/dir%2F", (200, "index.html"), (200, "dir/index.html")),
        ("/%E5%9B%BE/", (200, "index.html"), (200, "图/index.html")),
        ("/dir/a.html", (200, "dir/a.html"), (200, "dir/a.html")),
    ],
)
def test_shows_the_index_of_the_root_or_of_the_directory(
    site: Scene, target: str, without: tuple[int, str], with_sub_directories: tuple[int, str]
) -> None:
    put(site, "website", website())
    plain = shown(site.request("GET", target))
    put(site, "website", website(sub_directories(0)))

    assert plain == without
    assert shown(site.request("GET", target)) == with_sub_directories


@pytest.mark.parametrize(
    ("kind", "expected"), [(0, (302, "")), (1, (404, "lost.html")), (2, (200, "dir/index.html"))]
)
def test_a_directory_without_its_slash_is_treated_by_type(
    site: Scene, kind: int, expected: tuple[int, str]
) -> None:
    put(site, "website", website(sub_directories(kind), error="<HttpStatus>404</HttpStatus>"))

    answer = site.request("GET", "/dir")

    assert shown(answer) == expected
    assert answer.headers.get("Location") == ("/dir/" if kind == 0 else None)


def test_the_redirect_is_encoded(site: Scene) -> None:
    put(site, "website", website(sub_directories(0)))

    assert site.request("GET", "/%E5%9B%BE").headers["Location"] == "/%E5%9B%BE/"


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("target", ["/none", "/none/"])
def test_a_directory_without_an_index_is_missing(site: Scene, kind: int, target: str) -> None:
    put(site, "website", website(sub_directories(kind)))

    assert site.request("GET", target).refusal == MISSING


def test_type_has_no_effect_without_sub_directories(site: Scene) -> None:
    put(site, "website", website("<Type>2</Type>"))

    assert site.request("GET", "/dir").refusal == MISSING


@pytest.mark.parametrize("status", [404, 200])
def test_a_missing_key_shows_the_error_page_with_its_status(site: Scene, status: int) -> None:
    put(site, "website", website(error=f"<HttpStatus>{status}</HttpStatus>"))

    answer = site.request("GET", "/none")

    assert shown(answer) == (status, "lost.html")
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["x-oss-ec"] == "0026-00000001"


@pytest.mark.parametrize(
    "condition",
    [
        {"Range": "bytes=0-1"},
        {"If-Match": '"0"'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": "Wed, 01 Jan 2200 00:00:00 GMT"},
        {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ],
)
def test_conditions_on_the_missing_key_are_not_applied_to_the_error_page(
    site: Scene, condition: dict[str, str]
) -> None:
    put(site, "website", website(error="<HttpStatus>404</HttpStatus>"))

    assert site.request("GET", "/lost.html", condition).status in {206, 304, 412}
    assert shown(site.request("GET", "/none", condition)) == (404, "lost.html")


def test_head_shows_the_same_without_the_page(site: Scene) -> None:
    put(site, "website", website(sub_directories(2), error="<HttpStatus>404</HttpStatus>"))

    answers = [site.request("HEAD", target) for target in ("/", "/dir", "/none")]

    assert [shown(answer) for answer in answers] == [(200, ""), (200, ""), (404, "")]
    assert [answer.headers["Content-Length"] for answer in answers] == ["10", "14", "9"]


def test_without_its_error_page_the_refusal_is_sent(site: Scene) -> None:
    document = (
        "<WebsiteConfiguration><ErrorDocument><Key>no.html</Key></ErrorDocument></WebsiteConfiguration>"
    )
    put(site, "website", document)

    assert site.request("GET", "/none").refusal == MISSING


def test_the_error_page_alone_is_no_index(site: Scene) -> None:
    document = (
        "<WebsiteConfiguration><ErrorDocument><Key>lost.html</Key></ErrorDocument></WebsiteConfiguration>"
    )
    put(site, "website", document)

    assert site.request("GET", "/").refusal == (403, "AccessDenied", "0003-00000905")
    assert shown(site.request("GET", "/dir/")) == (404, "lost.html")


def test_shows_anonymously_only_what_is_public(site: Scene) -> None:
    put(site, "website", website(sub_directories(2), error="<HttpStatus>404</HttpStatus>"))
    site.set(acl="private")
    private = [site.request("GET", target) for target in ("/", "/dir/", "/dir", "/none")]
    site.upload({"key": "index.html", "x-oss-object-acl": "public-read"}, b"public")

    assert [answer.refusal for answer in private] == [DENIED] * 4
    assert shown(site.request("GET", "/")) == (200, "public")


@pytest.mark.parametrize("kind", [0, 2])
def test_a_private_index_of_a_directory_stays_private(site: Scene, kind: int) -> None:
    put(site, "website", website(sub_directories(kind), error="<HttpStatus>404</HttpStatus>"))
    site.upload({"key": "dir/index.html", "x-oss-object-acl": "private"})

    assert site.request("GET", "/dir").refusal == (403, "AccessDenied", "0003-00000005")


def test_the_error_page_is_for_what_is_missing_and_not_for_what_is_private(site: Scene) -> None:
    put(site, "website", website(error="<HttpStatus>404</HttpStatus>"))
    site.upload({"key": "index.html", "x-oss-object-acl": "private"})

    assert site.request("GET", "/").status == 403


def test_a_signed_request_asks_for_the_bucket_and_not_for_its_website(site: Scene) -> None:
    put(site, "website", website(error="<HttpStatus>200</HttpStatus>"))

    answer = ask(site, "GET", "/")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
    assert b"<ListBucketResult>" in answer.body


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("index", "expected"), [("", "index.html"), (sub_directories(0), "dir/index.html")], ids=["root", "sub"]
)
def test_a_signed_request_for_a_directory_gets_the_index(
    site: Scene, method: str, index: str, expected: str
) -> None:
    """oss2's live test of a website reads a key that ends with a slash."""
    put(site, "website", website(index))
    site.set(acl="private")
    site.upload({"key": "dir/"}, b"a marker")

    answer = ask(site, method, "/dir/")

    assert shown(answer) == (200, expected if method == "GET" else "")
    assert answer.headers["Content-Length"] == str(len(expected))


def test_a_signed_request_for_a_directory_without_an_index_is_refused(site: Scene) -> None:
    put(site, "website", website(sub_directories(2), error="<HttpStatus>200</HttpStatus>"))

    assert ask(site, "GET", "/none/").refusal == MISSING
    assert ask(site, "GET", "/none").refusal == MISSING


def test_a_signed_request_for_a_directory_without_a_website_gets_the_object(site: Scene) -> None:
    site.upload({"key": "dir/"}, b"a marker")

    assert shown(ask(site, "GET", "/dir/")) == (200, "a marker")


def test_a_wrong_signature_for_a_directory_is_refused(site: Scene) -> None:
    put(site, "website", website())

    refused = site.request("GET", "/dir/", {"Authorization": "OSS AKEXAMPLE:x"})

    assert refused.refusal == (403, "AccessDenied", "0002-00000080")


def test_without_a_website_the_root_is_a_listing(site: Scene) -> None:
    public = site.request("GET", "/")
    signed = ask(site, "GET", "/")
    site.set(block_public_access=True)
    blocked = site.request("GET", "/")
    site.set(acl="private", block_public_access=False)

    assert public.refusal == (403, "AccessDenied", "0003-00000905")
    assert b"<ListBucketResult>" in signed.body
    assert blocked.refusal == DENIED
    assert site.request("GET", "/").refusal == DENIED
    assert site.request("GET", "/dir/").refusal == DENIED


def test_a_deleted_website_shows_nothing(site: Scene) -> None:
    put(site, "website", website())
    ask(site, "DELETE", "/?website")

    assert site.request("GET", "/dir/").refusal == MISSING


def test_a_bucket_with_a_website_takes_uploads(site: Scene) -> None:
    put(site, "website", website())

    assert site.upload({"key": "b"}).status == 204
