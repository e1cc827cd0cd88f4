from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import alibabacloud_oss_v2 as v2
import oss2
import pytest

from oss_emulator.auth import v4
from oss_emulator.auth.header_signature import canonical_request, string_to_sign
from oss_emulator.running import Emulator
from tests.support.emulator.clients import BUCKET as EXAMPLE
from tests.support.emulator.clients import ali_oss, bucket, client
from tests.support.emulator.scene import BUCKET, DATE, DAY, REGION, Scene, Seen, signing_key
from tests.support.emulator.signed_requests import put
from tests.support.emulator.stores import put as put_in

VERSIONING = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
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


def test_a_bucket_that_is_alone_at_its_port_copies_from_no_other(scene: Scene) -> None:
    store(scene)
    scene.bucket.buckets.create("other", acl="private", now=1.0)
    put_in(scene.bucket.buckets.store("other"), "a", b"of another")
    scene.bucket = replace(scene.bucket, alone=True)

    assert copy(scene, "/other/a").refusal == (404, "NoSuchBucket", "0015-00000101")
    assert copy(scene).status == 200


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
    assert not [name for name in answer.headers if name.endswith("version-id")]
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
        ("/another/a", (404, "NoSuchBucket", "0015-00000101")),
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


ETAG, WRITTEN = '"5D41402ABC4B2A76B9719D911017C592"', "Mon, 21 Sep 2026 14:13:20 GMT"
EARLIER, LATER = "Mon, 21 Sep 2026 14:13:19 GMT", "Mon, 21 Sep 2026 14:13:21 GMT"


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"if_match": ETAG}, 200),
        ({"if_match": ETAG.strip('"')}, 200),
        ({"if_match": '"other"'}, 412),
        ({"if_none_match": '"other"'}, 200),
        ({"if_none_match": ETAG}, 304),
        ({"if_unmodified_since": WRITTEN}, 200),
        ({"if_unmodified_since": EARLIER}, 412),
        ({"if_modified_since": EARLIER}, 200),
        ({"if_modified_since": WRITTEN}, 304),
        ({"if_modified_since": LATER}, 304),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_match": ETAG, "if_none_match": ETAG}, 304),
    ],
)
def test_a_condition_on_the_source_is_kept(scene: Scene, conditions: dict[str, str], status: int) -> None:
    store(scene)

    answer = copy(scene, **{f"x_oss_copy_source_{name}": value for name, value in conditions.items()})

    assert (answer.status, scene.stored("b") is None) == (status, status != 200)
    if status == 412:
        assert answer.refusal == (412, "PreconditionFailed", "")
    if status == 304:
        assert (answer.headers["ETag"], answer.body) == (ETAG, b"")


def test_a_condition_of_a_read_is_none_of_a_copy(scene: Scene) -> None:
    store(scene)

    assert copy(scene, if_match='"other"', if_none_match=ETAG).status == 200


def test_copies_from_another_bucket(scene: Scene) -> None:
    other = scene.bucket.named("another")
    other.buckets.create("another", acl="private", now=scene.now)
    put_in(other.store, "dir/a b", b"of another")
    other.configuration.put("versioning", VERSIONING.encode())

    answer = copy(scene, "/another/dir/a%20b")

    assert (answer.status, content_of(scene, "b")) == (200, b"of another")
    assert answer.headers["x-oss-copy-source-version-id"] == "null"
    assert "x-oss-version-id" not in answer.headers
    assert copy(scene, "/another/a").refusal == (404, "NoSuchKey", "0026-00000001")


def test_an_archived_object_is_not_copied(scene: Scene) -> None:
    store(scene, x_oss_storage_class="Archive")

    assert copy(scene).refusal == (403, "InvalidObjectState", "0016-00000404")


def test_nobody_copies_anonymously(scene: Scene) -> None:
    scene.set(acl="public-read-write")
    store(scene)

    answer = scene.request("PUT", "/b", {"x-oss-copy-source": SOURCE})

    assert (answer.status, scene.stored("b")) == (403, None)


def test_a_version_can_be_copied_by_its_id(scene: Scene) -> None:
    put(scene, "versioning", VERSIONING)
    first = store(scene, b"first").headers["x-oss-version-id"]
    store(scene, b"second")

    answer = copy(scene, f"{SOURCE}?versionId={first}")

    assert answer.headers["x-oss-copy-source-version-id"] == first
    assert answer.headers["x-oss-version-id"] == scene.stored("b").version != first
    assert content_of(scene, "b") == b"first"


def test_a_delete_marker_is_no_source(scene: Scene) -> None:
    put(scene, "versioning", VERSIONING)
    store(scene)
    marker = ask(scene, "DELETE", "/a").headers["x-oss-version-id"]

    for source in (SOURCE, f"{SOURCE}?versionId={marker}"):
        assert copy(scene, source).refusal == (404, "NoSuchKey", "0026-00000001"), source


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder, variables = tmp_path_factory.mktemp("copies"), {"LOCAL_OSS_V1_SIGNATURES": "accept"}
    with Emulator(folder, variables=variables) as server:
        server.bucket("another")
        bucket(server, "another").put_object("文件", b"hello")
        yield server


def test_oss2_copies_from_another_bucket_under_a_condition(running: Emulator) -> None:
    objects = bucket(running)

    copied = objects.copy_object("another", "文件", "a")
    with pytest.raises(oss2.exceptions.NotModified):
        objects.copy_object("another", "文件", "a", {"x-oss-copy-source-if-none-match": copied.etag})
    with pytest.raises(oss2.exceptions.PreconditionFailed):
        objects.copy_object("another", "文件", "a", {"x-oss-copy-source-if-match": "other"})
    with pytest.raises(oss2.exceptions.NoSuchBucket):
        objects.copy_object("missing", "文件", "a")
    upload = objects.init_multipart_upload("parts").upload_id
    part = objects.upload_part_copy("another", "文件", (1, 3), "parts", upload, 1)

    assert (objects.get_object("a").read(), part.status) == (b"hello", 200)


def test_oss_v2_copies_from_another_bucket_under_a_condition(running: Emulator) -> None:
    source = {"source_bucket": "another", "source_key": "文件"}

    copied = client(running).copy_object(v2.CopyObjectRequest(EXAMPLE, "b", **source))
    with pytest.raises(v2.exceptions.OperationError) as raised:
        client(running).copy_object(v2.CopyObjectRequest(EXAMPLE, "b", if_none_match=copied.etag, **source))

    assert bucket(running).get_object("b").read() == b"hello"
    assert raised.value.unwrap().status_code == 304


def test_ali_oss_copies_from_another_bucket_under_a_condition(running: Emulator) -> None:
    seen = ali_oss(
        running,
        """
        const copied = await oss.copy('c', '文件', 'another');
        const headers = { 'If-None-Match': copied.data.etag };
        return [copied.res.status, (await oss.copy('c', '文件', 'another', { headers })).res.status];
        """,
    )

    assert seen == [200, 304]
