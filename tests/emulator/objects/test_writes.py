import base64
import hashlib
import time
from collections.abc import Mapping
from typing import Any

import alibabacloud_oss_v2 as oss_v2
import oss2
import pytest

from oss_emulator.auth import v4
from oss_emulator.auth.header_signature import canonical_request, string_to_sign
from oss_emulator.http_messages import Body, Request
from oss_emulator.routing import respond
from tests.support.emulator.process import EmulatorProcess
from tests.support.emulator.scene import BUCKET, DATE, DAY, REGION, Scene, Seen, signing_key

SCOPE = f"{DAY}/{REGION}/oss/aliyun_v4_request"


def send(
    scene: Scene, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Seen:
    """Send a signed request for the object `a`."""
    sent = {"x-oss-date": DATE, "x-oss-content-sha256": "UNSIGNED-PAYLOAD", **(headers or {})}
    canonical = canonical_request(method, f"/{BUCKET}/a", target.partition("?")[2], sent, [])
    text = string_to_sign(canonical, DATE, v4.Scope("", DAY, REGION, "oss", "aliyun_v4_request"))
    signature = v4.sign(signing_key("SKEXAMPLE"), text)
    authorization = f"OSS4-HMAC-SHA256 Credential=AKEXAMPLE/{SCOPE},Signature={signature}"
    length = {"content-length": str(len(body))} if method == "PUT" else {}
    return scene.request(method, target, {**length, **sent, "Authorization": authorization}, body)


def put(scene: Scene, content: bytes = b"hello", /, **headers: str) -> Seen:
    """Put the object `a`; header names are written with underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(scene, "PUT", "/a", content, sent)


def content_of(scene: Scene, version_id: str = "") -> bytes | None:
    opened = scene.bucket.store.open("a", version_id)
    if opened is None:
        return None
    with opened[1] as file:
        return file.read()


def versioning(scene: Scene, state: str) -> None:
    document = f"<VersioningConfiguration><Status>{state}</Status></VersioningConfiguration>"
    scene.bucket.configuration.put("versioning", document.encode())


def test_stores_a_body_with_its_headers(scene: Scene) -> None:
    answer = put(
        scene,
        content_type="text/plain",
        cache_control="no-cache",
        x_oss_meta_who="me",
        x_oss_object_acl="public-read",
        x_oss_storage_class="IA",
    )

    assert (answer.status, answer.body) == (200, b"")
    assert {name: answer.headers[name] for name in ("ETag", "Content-MD5", "x-oss-hash-crc64ecma")} == {
        "ETag": '"5D41402ABC4B2A76B9719D911017C592"',
        "Content-MD5": "XUFAKrxLKna5cZ2REBfFkg==",
        "x-oss-hash-crc64ecma": "11177612005948864433",
    }
    stored = scene.stored("a")
    assert (stored.acl, stored.storage_class, content_of(scene)) == ("public-read", "IA", b"hello")
    assert stored.headers == {
        "Content-Type": "text/plain",
        "Cache-Control": "no-cache",
        "x-oss-meta-who": "me",
    }


def test_a_body_in_chunks_may_have_a_content_length_too(emulator: EmulatorProcess) -> None:
    """As Alibaba's SDKs expect in their live tests."""
    auth = oss2.AuthV4("AKEXAMPLE", "SKEXAMPLE")
    target = oss2.Bucket(auth, emulator.url, BUCKET, region=REGION, is_path_style=True).sign_url(
        "PUT", "both", 60
    )
    head = f"PUT {target.removeprefix(emulator.url)} HTTP/1.1\r\nHost: {emulator.url.removeprefix('http://')}\r\n"
    lengths = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"

    (answer,) = emulator.answers(f"{head}{lengths}5\r\nhello\r\n0\r\n\r\n".encode())

    assert (answer.status, answer.headers["ETag"]) == (200, '"5D41402ABC4B2A76B9719D911017C592"')


def test_a_body_without_type_is_octets(scene: Scene) -> None:
    put(scene)

    assert scene.stored("a").headers == {"Content-Type": "application/octet-stream"}


def test_checks_the_digest_of_the_body(scene: Scene) -> None:
    digest = base64.b64encode(hashlib.md5(b"hello").digest()).decode()
    other = base64.b64encode(hashlib.md5(b"other").digest()).decode()

    assert put(scene, content_md5=other).refusal == (400, "InvalidDigest", "0017-00000503")
    assert put(scene, content_md5="short").refusal == (400, "InvalidDigest", "0017-00000502")
    assert scene.stored("a") is None
    assert put(scene, content_md5=digest).status == 200


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x_oss_object_acl": "public"}, (400, "InvalidArgument", "0017-00000104")),
        ({"x_oss_callback": "e30="}, (400, "InvalidArgument", "0007-00000004")),
        ({"content_length": "6"}, (400, "IncompleteBody", "")),
        ({"content_length": str(5 * 1024**3 + 1)}, (400, "EntityTooLarge", "")),
    ],
)
def test_refuses_what_it_cannot_store(
    scene: Scene, headers: dict[str, str], expected: tuple[int, str, str]
) -> None:
    assert put(scene, b"hello", **headers).refusal == expected
    assert scene.stored("a") is None


def test_a_body_needs_a_length_or_chunks(scene: Scene) -> None:
    scene.set(acl="public-read-write")

    assert scene.request("PUT", "/a", {}, b"").refusal == (411, "MissingContentLength", "")
    assert scene.request("PUT", "/a", {"Transfer-Encoding": "chunked"}, b"hello").status == 200
    assert content_of(scene) == b"hello"


def test_refuses_chunks_of_more_than_5_gb_as_they_come(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oss_emulator.objects.writing.MAX_BODY_BYTES", 5)
    scene.set(acl="public-read-write")
    chunked = {"Transfer-Encoding": "chunked"}

    assert scene.request("PUT", "/b", chunked, b"12345").status == 200
    assert scene.request("PUT", "/a", chunked, b"123456").refusal == (400, "EntityTooLarge", "")
    assert scene.stored("a") is None


def test_an_overwrite_may_be_forbidden(scene: Scene) -> None:
    put(scene, b"first")

    for forbidding in ("true", "TRUE", "True"):
        refused = put(scene, b"second", x_oss_forbid_overwrite=forbidding)
        assert refused.refusal[:2] == (409, "FileAlreadyExists"), forbidding
    assert put(scene, b"first", x_oss_forbid_overwrite="FALSE").status == 200
    assert (content_of(scene), put(scene, b"third").status, content_of(scene)) == (b"first", 200, b"third")


def test_a_key_may_hold_what_a_form_would_expand(scene: Scene) -> None:
    scene.set(acl="public-read-write")
    scene.request("PUT", "/%24%7Bfilename%7D", {"Content-Length": "0"})

    assert scene.stored("${filename}")


@pytest.mark.parametrize(
    ("acl", "blocked", "status"),
    [
        ("private", False, 403),
        ("public-read", False, 403),
        ("public-read-write", False, 200),
        ("public-read-write", True, 403),
    ],
)
def test_anybody_writes_and_deletes_only_where_the_bucket_lets_them(
    scene: Scene,
    acl: str,
    blocked: bool,  # noqa: FBT001 - a table's column
    status: int,
) -> None:
    put(scene)
    scene.set(acl=acl, block_public_access=blocked)

    assert scene.request("PUT", "/b", {"Content-Length": "0"}).status == status
    assert scene.request("DELETE", "/a").status == (204 if status == 200 else 403)
    assert (scene.stored("a") is None) == (status == 200)


def test_deletes_an_object_and_does_not_mind_that_there_is_none(scene: Scene) -> None:
    put(scene)

    for _ in range(2):
        answer = send(scene, "DELETE", "/a")
        assert (answer.status, answer.body, scene.stored("a")) == (204, b"", None)
        assert not {"x-oss-version-id", "x-oss-delete-marker"} & set(answer.headers)


def test_what_changes_during_a_put_counts_at_its_end(scene: Scene) -> None:
    pieces = [b"hello"]

    def receive(_size: int) -> bytes:
        versioning(scene, "Enabled")
        return pieces.pop(0) if pieces else b""

    scene.set(acl="public-read-write")
    headers = {"content-length": "5", "x-oss-forbid-overwrite": "true"}  # so its beginning depends on it
    answer = respond(Request("PUT", "/a", headers, Body(receive)), scene.bucket)

    assert answer.headers["x-oss-version-id"] == scene.stored("a").version_id != ""


def test_a_versioned_bucket_keeps_what_is_overwritten_and_deleted(scene: Scene) -> None:
    versioning(scene, "Enabled")
    first = put(scene, b"first").headers["x-oss-version-id"]
    put(scene, b"second", x_oss_forbid_overwrite="true")
    deleted = send(scene, "DELETE", "/a")

    assert (deleted.status, deleted.headers["x-oss-delete-marker"]) == (204, "true")
    assert (content_of(scene), content_of(scene, first)) == (None, b"first")

    marker = deleted.headers["x-oss-version-id"]
    undeleted = send(scene, "DELETE", f"/a?versionId={marker}")
    assert undeleted.headers["x-oss-version-id"] == marker
    assert undeleted.headers["x-oss-delete-marker"] == "true"
    assert content_of(scene) == b"second"


def test_deletes_one_version_for_good(scene: Scene) -> None:
    versioning(scene, "Enabled")
    first = put(scene, b"first").headers["x-oss-version-id"]
    put(scene, b"second")

    answer = send(scene, "DELETE", f"/a?versionId={first}")

    assert (answer.status, answer.headers["x-oss-version-id"]) == (204, first)
    assert "x-oss-delete-marker" not in answer.headers
    assert (scene.bucket.store.find("a", first), content_of(scene)) == (None, b"second")
    assert send(scene, "DELETE", f"/a?versionId={first}").status == 204


def test_the_python_sdk_v1_seeds_lists_reads_and_cleans_up(emulator: EmulatorProcess) -> None:
    bucket = oss2.Bucket(
        oss2.AuthV4("AKEXAMPLE", "SKEXAMPLE"), emulator.url, BUCKET, region=REGION, is_path_style=True
    )
    keys = ["v1/a b+c.txt", "v1/d/", "v1/d/图+"]
    for key in keys:
        bucket.put_object(key, b"0123456789", headers={"x-oss-meta-who": "me"})

    assert [found.key for found in oss2.ObjectIterator(bucket, "v1/", max_keys=1)] == keys
    assert [found.key for found in oss2.ObjectIteratorV2(bucket, "v1/", max_keys=1)] == keys
    grouped = bucket.list_objects_v2("v1/", delimiter="/")
    assert ([found.key for found in grouped.object_list], grouped.prefix_list) == (keys[:1], ["v1/d/"])
    assert bucket.get_object("v1/d/图+", byte_range=(2, 4)).read() == b"234"
    assert bucket.head_object("v1/d/").headers["x-oss-meta-who"] == "me"
    assert bucket.object_exists("v1/d/")
    for key in keys:
        bucket.delete_object(key)
    assert bucket.list_objects("v1/").object_list == []
    assert not bucket.object_exists("v1/d/")


def test_the_python_sdk_v2_seeds_lists_reads_and_cleans_up(emulator: EmulatorProcess) -> None:
    config: Any = oss_v2.config.load_default()
    config.credentials_provider = oss_v2.credentials.StaticCredentialsProvider("AKEXAMPLE", "SKEXAMPLE")
    config.region, config.endpoint, config.use_path_style = REGION, emulator.url, True
    client = oss_v2.Client(config)
    client.put_object(oss_v2.PutObjectRequest(BUCKET, "v2/图 +", body=b"hello", forbid_overwrite=True))

    pages = client.list_objects_v2_paginator().iter_page(
        oss_v2.ListObjectsV2Request(BUCKET, prefix="v2/", max_keys=1)
    )
    assert [found.key for page in pages for found in page.contents or []] == ["v2/图 +"]
    got = client.get_object(oss_v2.GetObjectRequest(BUCKET, "v2/图 +", range_header="bytes=1-2"))
    assert got.body.read() == b"el"
    assert client.is_object_exist(BUCKET, "v2/图 +")
    assert client.delete_object(oss_v2.DeleteObjectRequest(BUCKET, "v2/图 +")).status_code == 204
    assert not client.is_object_exist(BUCKET, "v2/图 +")


def test_an_address_signed_for_put_uploads(scene: Scene) -> None:
    auth = oss2.AuthV4("AKEXAMPLE", "SKEXAMPLE")
    signed = oss2.Bucket(auth, "http://oss.example", BUCKET, region=REGION).sign_url("PUT", "a", 60)
    scene.now = time.time()  # the SDK signs by the real clock
    target = "/" + signed.partition("://")[2].partition("/")[2]

    assert scene.request("PUT", target, {"Content-Length": "5"}, b"hello").status == 200
    assert content_of(scene) == b"hello"


@pytest.mark.parametrize(
    ("bucket_acl", "object_acl", "statuses"),
    [
        ("public-read-write", "default", (204, 200, 204)),
        ("public-read-write", "private", (403, 403, 403)),
        ("public-read-write", "public-read", (403, 403, 403)),
        ("private", "public-read-write", (204, 200, 204)),
        ("private", "default", (403, 403, 403)),
        ("public-read", "default", (403, 403, 403)),
    ],
)
def test_an_object_s_own_acl_says_who_may_overwrite_or_delete_it(
    scene: Scene, bucket_acl: str, object_acl: str, statuses: tuple[int, int, int]
) -> None:
    put(scene, x_oss_object_acl=object_acl)
    scene.set(acl=bucket_acl)

    posted = scene.post({"key": "a", "x-oss-object-acl": object_acl})
    written = scene.request("PUT", "/a", {"content-length": "1", "x-oss-object-acl": object_acl}, b"x")
    deleted = scene.request("DELETE", "/a")

    assert (posted.status, written.status, deleted.status) == statuses


def test_blocked_public_access_keeps_anybody_from_writing_whatever_the_acls(scene: Scene) -> None:
    put(scene, x_oss_object_acl="public-read-write")
    scene.set(acl="public-read-write", block_public_access=True)

    posted = scene.post({"key": "a"})
    written = scene.request("PUT", "/a", {"content-length": "1"}, b"x")
    deleted = scene.request("DELETE", "/a")

    assert (posted.status, written.status, deleted.status) == (403, 403, 403)


def test_headers_are_utf_8(emulator: EmulatorProcess) -> None:
    bucket = oss2.Bucket(
        oss2.AuthV4("AKEXAMPLE", "SKEXAMPLE"), emulator.url, BUCKET, region=REGION, enable_crc=False
    )
    bucket.put_object("utf-8", b"x", headers={"x-oss-meta-who": "Zoë 图".encode()})

    answered = bucket.head_object("utf-8").headers["x-oss-meta-who"]

    assert answered.encode("latin-1").decode() == "Zoë 图"
