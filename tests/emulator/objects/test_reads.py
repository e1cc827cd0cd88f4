import base64
import gzip
import sqlite3
from dataclasses import replace
from functools import partial
from itertools import chain, repeat
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

import pytest

from oss_emulator.storage.buckets import Buckets
from oss_emulator.storage.object_version import StoredObject
from tests.support.emulator.scene import (
    BUCKET,
    CLOCK,
    NOW,
    ORIGIN,
    Scene,
    callback_parameter,
    signed,
)
from tests.support.emulator.signed_requests import read


def test_a_read_has_the_stored_headers_and_content(scene: Scene) -> None:
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


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_asks_once_whether_anything_has_changed(
    scene: Scene, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []

    class Traced(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            statements.append(statement)
            return super().execute(statement, *values)

    with monkeypatch.context() as tracing:
        tracing.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Traced))
        scene.set(acl="public-read")
        scene.upload({"key": "a"})
    scene.request(method, "/a")
    statements.clear()

    assert scene.request(method, "/a").status == 200
    assert statements == ["PRAGMA data_version"]


def test_a_read_meets_every_change_before_it(scene: Scene) -> None:
    other = Buckets(scene.folder)
    scene.upload({"key": "a"})
    assert scene.request("GET", "/a").refusal == (403, "AccessDenied", "0003-00000001")

    other.create(BUCKET, acl="public-read", now=NOW)
    assert scene.request("GET", "/a").body == b"hello"
    other.store(BUCKET).delete("a", now=NOW)
    assert scene.request("GET", "/a").status == 404
    other.delete(BUCKET)
    assert scene.request("GET", "/a").refusal == (404, "NoSuchBucket", "0015-00000101")


@pytest.mark.parametrize(("seconds", "shown"), [(0.0126, "13"), (0.0, "0"), (-1.0, "0")])
def test_x_oss_server_time_is_in_milliseconds(scene: Scene, seconds: float, shown: str) -> None:
    readings = chain([CLOCK], repeat(CLOCK + seconds))
    scene.bucket = replace(scene.bucket, now=lambda: next(readings))

    assert scene.request("OPTIONS", "/").headers["x-oss-server-time"] == shown


def test_an_object_without_its_content_file_is_no_such_key(scene: Scene) -> None:
    scene.upload({"key": "a"})
    (scene.folder / "objects" / scene.stored("a").content_file).unlink()

    assert read(scene, "GET", "/a", "a").refusal == (404, "NoSuchKey", "0026-00000001")


def test_an_internal_error_is_logged_and_answered_in_oss_s_form(
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


OBJECT_ACLS = ("default", "private", "public-read", "public-read-write")


@pytest.mark.parametrize(
    ("bucket_acl", "readable"),
    [
        ("private", {"public-read", "public-read-write"}),
        ("public-read", {"default", "public-read", "public-read-write"}),
        ("public-read-write", {"default", "public-read", "public-read-write"}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_anonymous_read_needs_an_object_that_its_own_acl_or_else_its_bucket_s_makes_public(
    scene: Scene, bucket_acl: str, readable: set[str], method: str
) -> None:
    scene.set(acl=bucket_acl)
    for acl in OBJECT_ACLS:
        scene.upload({"key": acl, "x-oss-object-acl": acl})

    statuses = {acl: scene.request(method, f"/{acl}").status for acl in OBJECT_ACLS}

    assert statuses == {acl: 200 if acl in readable else 403 for acl in OBJECT_ACLS}


def test_the_acl_of_the_object_that_was_opened_counts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})
    opened = scene.bucket.store.open

    def replaced_before(key: str, version_id: str = "") -> tuple[StoredObject, BinaryIO] | None:
        scene.upload({"key": "a", "x-oss-object-acl": "private"}, b"secret")
        return opened(key, version_id)

    monkeypatch.setattr(scene.bucket.store, "open", replaced_before)

    assert scene.request("GET", "/a").refusal == (403, "AccessDenied", "0003-00000005")


def test_block_public_access_makes_every_acl_be_ignored(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})
    scene.set(acl="public-read", block_public_access=True)

    assert scene.request("GET", "/a").refusal == (403, "AccessDenied", "0003-00000001")
    assert read(scene, "GET", "/a", "a").body == b"hello"


def test_an_object_with_a_private_acl_of_its_own_has_its_own_refusal(scene: Scene) -> None:
    scene.set(acl="public-read")
    scene.upload({"key": "a", "x-oss-object-acl": "private"})

    assert scene.request("GET", "/a").refusal == (403, "AccessDenied", "0003-00000005")


def test_a_public_bucket_tells_anybody_what_is_missing(scene: Scene) -> None:
    scene.set(acl="public-read")

    assert scene.request("GET", "/no").refusal == (404, "NoSuchKey", "0026-00000001")


def test_a_private_bucket_tells_nobody_what_is_missing(scene: Scene) -> None:
    assert scene.request("GET", "/no").refusal == (403, "AccessDenied", "0003-00000001")


def test_a_bad_signature_is_refused_even_for_a_public_object(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})

    assert scene.request("GET", "/a", {"Authorization": "OSS4-HMAC-SHA256 x"}).status == 400


# OSS FAQ "How do I compress objects that I download from OSS in the GZIP format?", 2024-11: the whole list
COMPRESSED = (
    *("text/cache-manifest", "text/xml", "text/css", "text/html", "text/plain", "text/json"),
    *("application/javascript", "application/x-javascript", "application/rss+xml", "application/json"),
)


@pytest.mark.parametrize(
    ("content_type", "size", "accepts", "zipped"),
    [
        ("text/plain", 1024, "gzip, deflate", True),
        ("text/html; charset=utf-8", 1024, "br;q=1, gzip;q=0.5", True),
        ("application/json", 1024, "*", True),
        ("application/javascript", 5000, "GZIP", True),
        *((listed, 1024, "gzip", True) for listed in COMPRESSED),
        ("text/javascript", 1024, "gzip", False),
        ("text/csv", 1024, "gzip", False),
        ("application/xml", 1024, "gzip", False),
        ("image/svg+xml", 1024, "gzip", False),
        ("font/ttf", 1024, "gzip", False),
        ("text/plain", 1023, "gzip", False),
        ("text/plain", 1024, "identity", False),
        ("text/plain", 1024, "gzip;q=0", False),
        ("text/plain", 1024, "", False),
        ("image/png", 1024, "gzip", False),
        ("application/pdf", 1024, "gzip", False),
    ],
)
def test_gzips_the_types_of_the_list_from_one_kilobyte_if_the_client_accepts_it(
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


def test_an_encoded_object_is_not_gzipped_again(scene: Scene) -> None:
    scene.upload({"key": "a", "Content-Encoding": "br"}, b"x" * 2000)

    answer = read(scene, "GET", "/a", "a", {"Accept-Encoding": "gzip"})

    assert (answer.headers["Content-Encoding"], answer.headers["Content-Length"]) == ("br", "2000")


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("POST", "/a", (405, "MethodNotAllowed", "")),
        ("PATCH", "/a", (405, "MethodNotAllowed", "")),
    ],
)
def test_unsupported_requests_are_refused(
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


SIZE = 1000
WHOLE = (200, "1000", None)


@pytest.mark.parametrize(
    ("wanted", "ordinary", "standard"),
    [
        ("bytes=0-499", (206, "500", "bytes 0-499/1000"), None),
        ("bytes=500-999", (206, "500", "bytes 500-999/1000"), None),
        ("bytes=999-999", (206, "1", "bytes 999-999/1000"), None),
        ("bytes=-500", (206, "500", "bytes 500-999/1000"), None),
        ("bytes=500-", (206, "500", "bytes 500-999/1000"), None),
        ("bytes=0-", (206, "1000", "bytes 0-999/1000"), None),
        ("bytes=0-9,20-29", (206, "10", "bytes 0-9/1000"), None),
        ("bytes=0-1000", WHOLE, (206, "1000", "bytes 0-999/1000")),
        ("bytes=500-2000", WHOLE, (206, "500", "bytes 500-999/1000")),
        ("bytes=-2000", WHOLE, (206, "1000", "bytes 0-999/1000")),
        ("bytes=1000-2000", WHOLE, (416, "InvalidRange", "")),
        ("bytes=1000-", WHOLE, (416, "InvalidRange", "")),
        ("byte=0-499", WHOLE, None),
        ("bytes=5-4", WHOLE, None),
        ("bytes=-0", WHOLE, None),
        ("bytes=", WHOLE, None),
        ("0-499", WHOLE, None),
    ],
)
@pytest.mark.parametrize("behavior", [None, "standard"])
def test_gives_the_bytes_a_range_asks_for(
    scene: Scene,
    wanted: str,
    ordinary: tuple[int, str, str | None],
    standard: tuple[int, str, str | None] | None,
    behavior: str | None,
) -> None:
    content = bytes(index % 251 for index in range(SIZE))
    scene.upload({"key": "a"}, content)
    headers = {"Range": wanted, **({"x-oss-range-behavior": behavior} if behavior else {})}

    answer = read(scene, "GET", "/a", "a", headers)

    expected = standard if behavior and standard else ordinary
    if answer.status == 416:
        assert answer.refusal == expected
        return
    given = answer.headers
    assert (answer.status, given["Content-Length"], given.get("Content-Range")) == expected
    start = int(given["Content-Range"].split()[1].partition("-")[0]) if answer.status == 206 else 0
    assert answer.body == content[start : start + int(given["Content-Length"])]


def test_a_part_has_the_headers_of_the_object_but_not_the_digest_of_the_whole(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-meta-a": "1"})

    answer = read(scene, "GET", "/a", "a", {"Range": "bytes=1-2"})

    assert answer.body == b"el"
    assert answer.headers["ETag"] == '"5D41402ABC4B2A76B9719D911017C592"'
    assert answer.headers["x-oss-meta-a"] == "1"
    assert "Content-MD5" not in answer.headers


def test_an_empty_object_has_no_range(scene: Scene) -> None:
    scene.upload({"key": "a"}, b"")
    standard = {"x-oss-range-behavior": "standard"}

    assert read(scene, "GET", "/a", "a", {"Range": "bytes=0-"}).status == 200
    for wanted in ("bytes=0-", "bytes=-1"):
        refused = read(scene, "GET", "/a", "a", {"Range": wanted, **standard})
        assert refused.refusal == (416, "InvalidRange", "")
        assert refused.error["Message"] == "The requested range cannot be satisfied"


def test_a_range_is_never_gzipped_and_head_ignores_it(scene: Scene) -> None:
    scene.upload({"key": "a"}, b"x" * 2000)
    headers = {"Range": "bytes=0-1499", "Accept-Encoding": "gzip"}

    answer = read(scene, "GET", "/a", "a", headers)

    assert (answer.status, answer.body, answer.headers.get("Content-Encoding")) == (206, b"x" * 1500, None)
    assert read(scene, "HEAD", "/a", "a", {"Range": "bytes=0-1"}).headers["Content-Length"] == "2000"


ETAG, OTHER = "5D41402ABC4B2A76B9719D911017C592", "0" * 32
AT, BEFORE, AFTER = (f"Mon, 21 Sep 2026 14:13:{second} GMT" for second in (20, 19, 21))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": f'"{ETAG}"'}, 200),
        ({"If-Match": ETAG}, 200),
        ({"If-Match": f'"{OTHER}", "{ETAG}"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": f'"{OTHER}"'}, 412),
        ({"If-None-Match": f'"{ETAG}"'}, 304),
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": f'W/"{ETAG}"'}, 304),
        ({"If-None-Match": f'"{OTHER}"'}, 200),
        ({"If-Modified-Since": AT}, 304),
        ({"If-Modified-Since": AFTER}, 304),
        ({"If-Modified-Since": BEFORE}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Unmodified-Since": AT}, 200),
        ({"If-Unmodified-Since": AFTER}, 200),
        ({"If-Unmodified-Since": BEFORE}, 412),
        ({"If-Unmodified-Since": "yesterday"}, 200),
        ({"If-Match": f'"{OTHER}"', "If-None-Match": f'"{ETAG}"'}, 412),
        ({"If-Match": f'"{ETAG}"', "If-Unmodified-Since": BEFORE}, 200),
        ({"If-None-Match": f'"{OTHER}"', "If-Modified-Since": AT}, 200),
        ({"If-Modified-Since": AT, "Range": "bytes=0-1"}, 304),
        ({"If-Match": f'"{ETAG}"', "Range": "bytes=0-1"}, 206),
    ],
)
def test_reads_only_if_every_condition_holds(scene: Scene, headers: dict[str, str], status: int) -> None:
    scene.upload({"key": "a"})

    for method in ("GET", "HEAD"):
        expected = 200 if (method, status) == ("HEAD", 206) else status
        assert read(scene, method, "/a", "a", headers).status == expected


def test_a_304_has_an_etag_and_no_content(scene: Scene) -> None:
    scene.upload({"key": "a", "Cache-Control": "no-cache"})

    answer = read(scene, "GET", "/a", "a", {"If-None-Match": ETAG})

    assert (answer.status, answer.body) == (304, b"")
    assert {name: answer.headers.get(name) for name in ("ETag", "Cache-Control", "Content-Length")} == {
        "ETag": f'"{ETAG}"',
        "Cache-Control": "no-cache",
        "Content-Length": None,
    }


@pytest.mark.parametrize(
    ("name", "expected", "got"),
    [("If-Match", f'"{ETAG}"', OTHER), ("If-Unmodified-Since", AT, BEFORE)],
)
def test_a_condition_that_fails_is_named_and_explained(
    scene: Scene, name: str, expected: str, got: str
) -> None:
    scene.upload({"key": "a"})

    answer = read(scene, "GET", "/a", "a", {name: got})

    assert answer.refusal == (412, "PreconditionFailed", "")
    assert answer.error["Condition"] == name
    assert answer.error["Message"] == "At least one of the pre-conditions you specified did not hold."
    (record,) = scene.bucket.history.refusals()
    assert record.explanation == {"condition": name, "expected": expected, "got": got}


@pytest.mark.parametrize("storage_class", ["Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"])
def test_an_archived_object_has_a_head_but_no_content(scene: Scene, storage_class: str) -> None:
    scene.upload({"key": "a", "x-oss-storage-class": storage_class})

    got, head = read(scene, "GET", "/a", "a"), read(scene, "HEAD", "/a", "a")

    if storage_class in {"Standard", "IA"}:
        assert got.status == 200
    else:
        assert got.refusal == (403, "InvalidObjectState", "0016-00000404")
    assert (head.status, head.headers["x-oss-storage-class"]) == (200, storage_class)


def test_a_signed_get_may_override_response_headers(scene: Scene) -> None:
    scene.upload({"key": "a", "Content-Disposition": "inline"})
    target = (
        "/a?response-content-disposition=attachment%3B%20filename%3D%22b%22&response-cache-control=no-cache"
        "&response-content-language=zh&response-expires=Thu%2C%2001%20Jan%202026%2000%3A00%3A00%20GMT"
        "&response-content-encoding=br"
    )

    answer = read(scene, "GET", target, "a")

    names = ("Content-Disposition", "Cache-Control", "Content-Language", "Expires", "Content-Encoding")
    assert [answer.headers[name] for name in names] == [
        'attachment; filename="b"',
        "no-cache",
        "zh",
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "br",
    ]
    assert read(scene, "HEAD", target, "a").headers["Content-Disposition"] == "inline"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("response-content-type=text/html", (400, "InvalidRequest", "0017-00000902")),
        ("response-cache-control=a%0d%0ab:c", (400, "InvalidArgument", "")),
    ],
)
def test_not_every_response_header_may_be_overridden(
    scene: Scene, query: str, expected: tuple[int, str, str]
) -> None:
    scene.upload({"key": "a"})

    assert read(scene, "GET", f"/a?{query}", "a").refusal == expected


def test_an_anonymous_get_may_not_override_response_headers(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})

    answer = scene.request("GET", "/a?response-content-disposition=attachment")

    assert answer.refusal == (400, "InvalidRequest", "")
    assert answer.error["Message"] == "Can not override response header for an anonymous user"


def test_a_refused_read_leaves_no_file_open(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-storage-class": "Archive"})
    opened = scene.bucket.store.open("a")
    assert opened
    scene.bucket.store.open = lambda *_: opened  # type: ignore[method-assign]

    assert read(scene, "GET", "/a", "a").status == 403
    assert opened[1].closed


@pytest.mark.parametrize("header", ["If-Modified-Since", "If-Unmodified-Since"])
def test_a_date_out_of_range_is_ignored(scene: Scene, header: str) -> None:
    scene.upload({"key": "a"})
    date = "Mon, 01 Jan 2020 00:00:00 +99999999999999999999999"

    assert read(scene, "GET", "/a", "a", {header: date}).status == 200
