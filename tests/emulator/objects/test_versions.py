import base64
from xml.etree import ElementTree as ET

import pytest

from oss_emulator.storage.object_version import Metadata, StoredObject
from tests.support.emulator.scene import NOW, Scene
from tests.support.emulator.signed_requests import read


def versioning(scene: Scene, state: str) -> None:
    document = f"<VersioningConfiguration><Status>{state}</Status></VersioningConfiguration>"
    scene.bucket.configuration.put("versioning", document.encode())


def store(scene: Scene, content: bytes, acl: str = "default") -> StoredObject:
    with scene.bucket.store.start() as upload:
        upload.write(content)
        headers = {"Content-Type": "text/plain"}
        metadata = Metadata("a", headers, acl, "Standard", forbid_overwrite=False)
        return scene.bucket.store.save(upload, metadata, now=NOW, versioning=scene.bucket.versioning)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_gives_the_version_that_is_asked_for_and_says_which_it_is(scene: Scene, method: str) -> None:
    store(scene, b"null")
    versioning(scene, "Enabled")
    first, second = store(scene, b"first"), store(scene, b"the second")

    for query, version_id, size in [
        ("", second.version_id, "10"),
        (f"?versionId={first.version_id}", first.version_id, "5"),
        (f"?versionId={second.version_id}", second.version_id, "10"),
        ("?versionId=null", "null", "4"),
    ]:
        answer = read(scene, method, f"/a{query}", "a")
        assert (answer.status, answer.headers["Content-Length"]) == (200, size)
        assert answer.headers["x-oss-version-id"] == version_id


def test_get_object_meta_has_fewer_headers_than_head(scene: Scene) -> None:
    versioning(scene, "Enabled")
    stored = store(scene, b"hello")

    answer = read(scene, "HEAD", "/a?objectMeta", "a")

    common = {"Vary", "x-oss-request-id", "x-oss-server-time"}
    assert {name: value for name, value in answer.headers.items() if name not in common} == {
        "Content-Length": "5",
        "Last-Modified": "Mon, 21 Sep 2026 14:13:20 GMT",
        "ETag": '"5D41402ABC4B2A76B9719D911017C592"',
        "x-oss-hash-crc64ecma": stored.crc64,
        "x-oss-version-id": stored.version_id,
    }
    assert read(scene, "GET", "/a?objectMeta", "a").refusal == (400, "NotImplemented", "")


def test_an_unversioned_bucket_sends_no_version_headers(scene: Scene) -> None:
    store(scene, b"hello")

    answer = read(scene, "GET", "/a?versionId=null", "a")

    assert (answer.body, answer.headers.get("x-oss-version-id")) == (b"hello", None)


def test_a_part_and_a_304_say_which_version_they_are_of(scene: Scene) -> None:
    versioning(scene, "Suspended")
    stored = store(scene, b"hello")

    for headers, status in (({"Range": "bytes=0-1"}, 206), ({"If-None-Match": stored.etag}, 304)):
        answer = read(scene, "GET", "/a", "a", headers)
        assert (answer.status, answer.headers["x-oss-version-id"]) == (status, "null")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("versionId=CAEQ0", (404, "NoSuchVersion", "0012-00000203")),
        ("versionId=null", (404, "NoSuchVersion", "0012-00000203")),
        ("versionId=", (400, "InvalidArgument", "0012-00000201")),
        ("versionId", (400, "InvalidArgument", "0012-00000201")),
        ("versionId=..%2Fa", (400, "InvalidArgument", "0012-00000202")),
    ],
)
def test_refuses_a_version_that_is_not_there(
    scene: Scene, query: str, expected: tuple[int, str, str]
) -> None:
    versioning(scene, "Enabled")
    store(scene, b"hello")

    assert read(scene, "GET", f"/a?{query}", "a").refusal == expected


def test_a_delete_marker_makes_a_key_missing_and_is_named_in_the_headers(scene: Scene) -> None:
    versioning(scene, "Enabled")
    store(scene, b"hello")
    marker = scene.bucket.store.delete("a", now=NOW, versioning="Enabled")
    assert marker

    got, head = read(scene, "GET", "/a", "a"), read(scene, "HEAD", "/a", "a")

    assert got.refusal == (404, "NoSuchKey", "0026-00000001")
    for answer in (got, head):
        assert (answer.status, answer.headers["x-oss-delete-marker"]) == (404, "true")
        assert answer.headers["x-oss-version-id"] == marker.version_id


def test_a_delete_marker_itself_can_only_be_deleted(scene: Scene) -> None:
    versioning(scene, "Enabled")
    marker = scene.bucket.store.delete("a", now=NOW, versioning="Enabled")
    assert marker

    answer = read(scene, "HEAD", f"/a?versionId={marker.version_id}", "a")

    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE")
    error = {child.tag: child.text for child in ET.fromstring(base64.b64decode(answer.headers["x-oss-err"]))}
    assert (error["Code"], error["Method"], error["ResourceType"]) == (
        "MethodNotAllowed",
        "HEAD",
        "DeleteMarker",
    )
    assert answer.headers["x-oss-delete-marker"] == "true"


def test_each_version_has_its_own_acl(scene: Scene) -> None:
    versioning(scene, "Enabled")
    public, private = store(scene, b"public", "public-read"), store(scene, b"private", "private")

    statuses = [
        scene.request("GET", f"/a?versionId={stored.version_id}").status for stored in (public, private)
    ]

    assert statuses == [200, 403]
