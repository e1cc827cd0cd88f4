import base64
import gzip
from collections.abc import Mapping
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from scene import BUCKET, DATE, DAY, ORIGIN, REGION, Scene, Seen, callback_parameter, signed, signing_key

from oss import v4
from oss.header_signature import canonical_request, string_to_sign

SCOPE = f"{DAY}/{REGION}/oss/aliyun_v4_request"


def read(scene: Scene, method: str, target: str, key: str, headers: Mapping[str, str] | None = None) -> Seen:
    """Ask for `key` at `target`, signed."""
    sent = {"x-oss-date": DATE, "x-oss-content-sha256": "UNSIGNED-PAYLOAD", **(headers or {})}
    canonical = canonical_request(method, f"/{BUCKET}/{key}", "", sent, [])
    text = string_to_sign(canonical, DATE, v4.Scope("", DAY, REGION, "oss", "aliyun_v4_request"))
    signature = v4.sign(signing_key("SKEXAMPLE"), text)
    authorization = f"OSS4-HMAC-SHA256 Credential=AKEXAMPLE/{SCOPE},Signature={signature}"
    return scene.request(method, target, {**sent, "Authorization": authorization})


def test_gives_back_what_was_stored(scene: Scene) -> None:
    fields = {
        "key": "图/a b.txt",
        "Content-Disposition": "inline",
        "x-oss-meta-a": "1",
        "x-oss-storage-class": "IA",
    }
    scene.upload(fields, b"hello", headers={"Origin": ORIGIN})

    answer = read(scene, "GET", "/%E5%9B%BE/a%20b.txt", "图/a b.txt")

    assert (answer.status, answer.body) == (200, b"hello")
    assert {name: value for name, value in answer.headers.items() if name != "x-oss-request-id"} == {
        "Content-Type": "text/plain",
        "Content-Disposition": "inline",
        "x-oss-meta-a": "1",
        "Last-Modified": "Mon, 21 Sep 2026 14:13:20 GMT",
        "x-oss-hash-crc64ecma": "11177612005948864433",
        "x-oss-object-type": "Normal",
        "x-oss-storage-class": "IA",
        "Accept-Ranges": "bytes",
        "Content-Length": "5",
        "Content-MD5": "XUFAKrxLKna5cZ2REBfFkg==",
        "ETag": '"5D41402ABC4B2A76B9719D911017C592"',
        "x-oss-server-time": "0",
        "Vary": "Origin",
    }


def test_content_that_somebody_deleted_is_no_such_key(scene: Scene) -> None:
    scene.upload({"key": "a"})
    (scene.folder / "objects" / scene.stored("a").content_file).unlink()

    assert read(scene, "GET", "/a", "a").refusal == (404, "NoSuchKey", "0026-00000001")


def test_our_own_fault_is_logged_and_answered_as_oss_s_own(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(host: str) -> list[str]:
        raise ZeroDivisionError(host)

    scene.bucket = replace(scene.bucket, resolve=broken)
    answer = scene.upload({"key": "a", "callback": callback_parameter()}, headers={"Origin": ORIGIN})

    assert answer.refusal == (500, "InternalError", "")
    assert "203.0.114.7" not in answer.body.decode()
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    (record,) = caplog.records
    assert record.exc_info and record.exc_info[0] is ZeroDivisionError  # noqa: PT018 - for mypy
    assert answer.headers["x-oss-request-id"] in record.getMessage()


def test_head_is_get_without_the_body(scene: Scene) -> None:
    scene.upload({"key": "a"})
    got, head = read(scene, "GET", "/a", "a"), read(scene, "HEAD", "/a", "a")

    assert (head.status, head.body) == (200, b"")
    assert {**head.headers, "x-oss-request-id": ""} == {**got.headers, "x-oss-request-id": ""}


@pytest.mark.parametrize("target", ["/dir%2Fa", "/dir/a", f"/{BUCKET}/dir/a", f"/{BUCKET}/dir%2Fa"])
def test_the_port_names_the_bucket_and_path_style_works_too(scene: Scene, target: str) -> None:
    scene.upload({"key": "dir/a"})

    assert read(scene, "GET", target, "dir/a").body == b"hello"


def test_a_missing_key_is_404_with_its_xml_in_a_header_of_head(scene: Scene) -> None:
    assert read(scene, "GET", "/no", "no").refusal == (404, "NoSuchKey", "0026-00000001")

    head = read(scene, "HEAD", "/no", "no")

    assert (head.status, head.headers["x-oss-ec"]) == (404, "0026-00000001")
    assert ET.fromstring(base64.b64decode(head.headers["x-oss-err"])).findtext("Code") == "NoSuchKey"


def test_head_of_a_missing_key_is_403_where_so_switched(scene: Scene) -> None:
    scene.set(switches="head_missing_key=403")

    assert read(scene, "HEAD", "/no", "no").status == 403
    assert read(scene, "GET", "/no", "no").status == 404


@pytest.mark.parametrize(
    ("acl", "status"), [("default", 403), ("private", 403), ("public-read", 200), ("public-read-write", 200)]
)
def test_anonymous_reads_need_a_public_object(scene: Scene, acl: str, status: int) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": acl})

    assert scene.request("GET", "/a").status == status
    assert scene.request("HEAD", "/a").status == status


def test_nobody_learns_anonymously_what_is_not_there(scene: Scene) -> None:
    assert scene.request("GET", "/no").refusal == (403, "AccessDenied", "0003-00000001")


def test_a_bad_signature_is_refused_even_for_a_public_object(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})

    assert scene.request("GET", "/a", {"Authorization": "OSS AKEXAMPLE:x"}).status == 400


@pytest.mark.parametrize(
    ("content_type", "size", "accepts", "zipped"),
    [
        ("text/plain", 1024, "gzip, deflate", True),
        ("text/html; charset=utf-8", 1024, "br;q=1, gzip;q=0.5", True),
        ("application/json", 1024, "*", True),
        ("application/javascript", 5000, "GZIP", True),
        ("application/xml", 1024, "gzip", True),
        ("image/svg+xml", 1024, "gzip", True),
        ("text/plain", 1023, "gzip", False),
        ("text/plain", 1024, "identity", False),
        ("text/plain", 1024, "gzip;q=0", False),
        ("text/plain", 1024, "", False),
        ("image/png", 1024, "gzip", False),
        ("application/pdf", 1024, "gzip", False),
    ],
)
def test_zips_text_of_a_kilobyte_for_whoever_accepts_it(
    scene: Scene,
    content_type: str,
    size: int,
    accepts: str,
    zipped: bool,  # noqa: FBT001 - a table's column
) -> None:
    scene.upload({"key": "a"}, b"x" * size, content_type=content_type)
    headers = {"Accept-Encoding": accepts}

    for method in ("HEAD", "GET"):
        answer = read(scene, method, "/a", "a", headers)
        assert answer.headers.get("Content-Encoding") == ("gzip" if zipped else None)
        for name in ("ETag", "Content-Length", "Accept-Ranges"):
            assert (name in answer.headers) != zipped
        if method == "GET":
            assert (gzip.decompress(answer.body) if zipped else answer.body) == b"x" * size


def test_what_was_stored_encoded_is_not_zipped_again(scene: Scene) -> None:
    scene.upload({"key": "a", "Content-Encoding": "br"}, b"x" * 2000)

    answer = read(scene, "GET", "/a", "a", {"Accept-Encoding": "gzip"})

    assert (answer.headers["Content-Encoding"], answer.headers["Content-Length"]) == ("br", "2000")


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/", (501, "NotImplemented", "")),
        ("GET", f"/{BUCKET}/?list-type=2", (501, "NotImplemented", "")),
        ("PUT", "/a", (501, "NotImplemented", "")),
        ("DELETE", "/a", (501, "NotImplemented", "")),
        ("POST", "/a", (405, "MethodNotAllowed", "")),
        ("PATCH", "/a", (405, "MethodNotAllowed", "")),
    ],
)
def test_what_it_does_not_do_it_says(
    scene: Scene, method: str, target: str, expected: tuple[int, str, str]
) -> None:
    assert scene.request(method, target).refusal == expected


def test_an_upload_may_be_posted_path_style(scene: Scene) -> None:
    for target in (f"/{BUCKET}", f"/{BUCKET}/"):
        answer = scene.request("POST", target, {"content-type": "text/plain"})
        assert answer.refusal == (400, "RequestIsNotMultiPartContent", "")


def test_an_object_is_missing_as_often_as_the_fault_says(scene: Scene) -> None:
    scene.post(signed({"key": "a"}))
    scene.bucket.faults.set({"fault": "object_missing", "requests": 2})

    assert [read(scene, method, "/a", "a").status for method in ("HEAD", "GET", "HEAD")] == [404, 404, 200]


def test_throttles_uploads_and_heads(scene: Scene) -> None:
    scene.upload({"key": "a"})
    scene.bucket.faults.set({"fault": "throttle", "requests": 2})

    assert scene.upload({"key": "b"}).refusal == (503, "TotalQpsLimitExceeded", "0004-00000302")
    assert read(scene, "GET", "/a", "a").status == 200
    assert [read(scene, "HEAD", "/a", "a").status for _ in range(2)] == [503, 200]
    assert scene.stored("b") is None
