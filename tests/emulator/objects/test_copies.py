from __future__ import annotations

import pytest

from oss_emulator.auth import v4
from oss_emulator.auth.header_signature import canonical_request, string_to_sign
from tests.support.emulator.scene import BUCKET, DATE, DAY, REGION, Scene, Seen, signing_key
from tests.support.emulator.signed_requests import put

LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"
SOURCE = f"/{BUCKET}/a"


def ask(scene: Scene, method: str, path: str, content: bytes = b"", /, **headers: str) -> Seen:
    """Send a signed request; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"x-oss-date": DATE, "x-oss-content-sha256": "UNSIGNED-PAYLOAD", **named}
    text = string_to_sign(
        canonical_request(method, f"/{BUCKET}{path}", "", sent, []),
        DATE,
        v4.Scope("", DAY, REGION, "oss", "aliyun_v4_request"),
    )
    signature = v4.sign(signing_key("SKEXAMPLE"), text)
    credential = f"AKEXAMPLE/{DAY}/{REGION}/oss/aliyun_v4_request"
    authorization = f"OSS4-HMAC-SHA256 Credential={credential},Signature={signature}"
    return scene.request(method, path, {**sent, "Authorization": authorization}, content)


def store(scene: Scene, content: bytes = b"hello", /, **headers: str) -> Seen:
    answer = ask(scene, "PUT", "/a", content, content_length=str(len(content)), **headers)
    assert answer.status == 200, answer.body
    return answer


def copy(scene: Scene, source: str = SOURCE, /, **headers: str) -> Seen:
    """Copy to the object `b`; header names are written with underscores."""
    return ask(scene, "PUT", "/b", x_oss_copy_source=source, **headers)


def content_of(scene: Scene, key: str) -> bytes:
    _, content = scene.bucket.store.open(key) or pytest.fail("no object")
    with content:
        return content.read()


def test_copies_the_content_and_the_metadata_and_keeps_the_source(scene: Scene) -> None:
    store(
        scene,
        content_type="text/plain",
        content_disposition='attachment; filename="a"',
        x_oss_meta_who="me",
        x_oss_object_acl="public-read",
        x_oss_storage_class="IA",
        x_oss_server_side_encryption="AES256",
    )
    scene.now += 60

    answer = copy(scene, content_type="text/html", x_oss_meta_who="you")

    assert answer.status == 200
    assert answer.error == {
        "ETag": '"5D41402ABC4B2A76B9719D911017C592"',
        "LastModified": "2026-09-21T14:14:20.000Z",
    }
    assert answer.headers["x-oss-hash-crc64ecma"] == "11177612005948864433"
    stored = scene.stored("b")
    assert (content_of(scene, "a"), content_of(scene, "b")) == (b"hello", b"hello")
    assert (stored.acl, stored.storage_class) == ("default", "Standard")
    assert stored.headers == {
        "Content-Type": "text/plain",
        "Content-Disposition": 'attachment; filename="a"',
        "x-oss-meta-who": "me",
    }


def test_replaces_the_metadata_where_it_is_told(scene: Scene) -> None:
    store(scene, content_type="text/plain", x_oss_meta_who="me")

    copy(scene, x_oss_metadata_directive="REPLACE", content_type="text/csv", x_oss_meta_for="you")

    assert scene.stored("b").headers == {"Content-Type": "text/csv", "x-oss-meta-for": "you"}


def test_acl_class_and_encryption_are_the_requests(scene: Scene) -> None:
    store(scene)

    copy(scene, x_oss_object_acl="private", x_oss_storage_class="IA", x_oss_server_side_encryption="AES256")

    stored = scene.stored("b")
    assert (stored.acl, stored.storage_class) == ("private", "IA")
    assert stored.headers["x-oss-server-side-encryption"] == "AES256"


def test_an_overwrite_may_be_forbidden(scene: Scene) -> None:
    store(scene)
    assert copy(scene).status == 200
    assert copy(scene).status == 200

    refused = copy(scene, x_oss_forbid_overwrite="true")

    assert refused.refusal == (409, "FileAlreadyExists", "0026-00000002")


def test_an_object_may_be_copied_onto_itself(scene: Scene) -> None:
    store(scene, content_type="text/plain")

    answer = ask(
        scene,
        "PUT",
        "/a",
        x_oss_copy_source=SOURCE,
        x_oss_metadata_directive="REPLACE",
        content_type="text/csv",
    )

    assert (answer.status, content_of(scene, "a")) == (200, b"hello")
    assert scene.stored("a").headers == {"Content-Type": "text/csv"}


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        (f"/{BUCKET}/missing", (404, "NoSuchKey", "0026-00000001")),
        (f"/{BUCKET}/a?versionId=missing", (404, "NoSuchVersion", "0012-00000203")),
        (f"/{BUCKET}/a?versionId=%25", (400, "InvalidArgument", "0012-00000202")),
        (f"/{BUCKET}/a?versionId=", (400, "InvalidArgument", "0016-00000305")),
        (f"/{BUCKET}/a?unknown=x", (400, "InvalidArgument", "0016-00000304")),
        (f"{BUCKET}/a", (400, "InvalidArgument", "")),
        (f"/{BUCKET}/", (400, "InvalidArgument", "")),
        ("//a", (400, "InvalidArgument", "")),
        ("/another/a", (400, "NotImplemented", "")),
    ],
)
def test_refuses_a_source_that_is_none(scene: Scene, source: str, refusal: tuple[int, str, str]) -> None:
    store(scene)

    assert copy(scene, source).refusal == refusal
    assert scene.stored("b") is None


@pytest.mark.parametrize("directive", ["copy", "MOVE", ""])
def test_refuses_another_directive(scene: Scene, directive: str) -> None:
    store(scene)

    assert copy(scene, x_oss_metadata_directive=directive).refusal == (400, "InvalidArgument", "")


@pytest.mark.parametrize(
    "header",
    [
        {"x_oss_copy_source_if_match": '"5D41402ABC4B2A76B9719D911017C592"'},
        {"x_oss_copy_source_if_modified_since": LONG_AGO},
    ],
)
def test_says_what_it_cannot_copy_by(scene: Scene, header: dict[str, str]) -> None:
    store(scene)

    assert copy(scene, **header).refusal == (400, "NotImplemented", "")
    assert scene.stored("b") is None


def test_an_archived_object_is_not_copied(scene: Scene) -> None:
    store(scene, x_oss_storage_class="Archive")

    assert copy(scene).refusal == (403, "InvalidObjectState", "0016-00000404")


def test_nobody_copies_anonymously(scene: Scene) -> None:
    scene.set(acl="public-read-write")
    store(scene)

    answer = scene.request("PUT", "/b", {"x-oss-copy-source": SOURCE})

    assert (answer.status, scene.stored("b")) == (403, None)


def test_a_version_can_be_copied_by_its_id(scene: Scene) -> None:
    put(scene, "versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
    first = store(scene, b"first").headers["x-oss-version-id"]
    store(scene, b"second")

    answer = copy(scene, f"{SOURCE}?versionId={first}")

    assert answer.headers["x-oss-copy-source-version-id"] == first
    assert answer.headers["x-oss-version-id"] == scene.stored("b").version != first
    assert content_of(scene, "b") == b"first"


def test_a_delete_marker_is_no_source(scene: Scene) -> None:
    put(scene, "versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
    store(scene)
    marker = ask(scene, "DELETE", "/a").headers["x-oss-version-id"]

    for source in (SOURCE, f"{SOURCE}?versionId={marker}"):
        assert copy(scene, source).refusal == (404, "NoSuchKey", "0026-00000001"), source
