"""Buckets that requests make, list and delete."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import alibabacloud_oss_v2 as v2
import oss2
import pytest
import requests

from oss_emulator.bucket.state import Bucket, open_bucket
from oss_emulator.running import Emulator
from tests.support.emulator.clients import bucket, client
from tests.support.emulator.scene import BUCKET, NOW, Scene
from tests.support.emulator.signed_requests import ask, one_line
from tests.support.emulator.signed_requests import put as configure

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
VERSIONING = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
CORS = (
    "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
    "</CORSRule></CORSConfiguration>"
)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("buckets")) as server:
        yield server


@pytest.fixture
def running(started: Emulator) -> Emulator:
    started.reset()
    return started


def service(running: Emulator) -> oss2.Service:
    auth = oss2.AuthV4(running.access_key_id, running.access_key_secret)
    return oss2.Service(auth, running.endpoint, region=running.region)


def names(running: Emulator) -> list[str]:
    return [found.name for found in oss2.BucketIterator(service(running), max_keys=1)]


def test_oss2_makes_lists_and_deletes_a_bucket(running: Emulator) -> None:
    media = bucket(running, "media")
    media.create_bucket(oss2.BUCKET_ACL_PUBLIC_READ)
    media.put_object("a", b"hello")

    assert names(running) == ["examplebucket", "media"]
    assert requests.get(f"{running.endpoint}/media/a", timeout=30).content == b"hello"
    assert (media.get_bucket_acl().acl, media.get_bucket_location().location) == (
        "public-read",
        "oss-cn-hangzhou",
    )
    assert (media.get_bucket_stat().object_count, media.get_bucket_stat().storage_size_in_bytes) == (1, 5)
    with pytest.raises(oss2.exceptions.BucketNotEmpty):
        media.delete_bucket()
    media.delete_object("a")
    media.delete_bucket()
    assert names(running) == ["examplebucket"]
    with pytest.raises(oss2.exceptions.NoSuchBucket):
        media.get_object("a")


def test_oss_v2_makes_lists_and_deletes_a_bucket(running: Emulator) -> None:
    made = client(running)
    made.put_bucket(
        v2.PutBucketRequest(
            "media", create_bucket_configuration=v2.CreateBucketConfiguration(storage_class="IA")
        )
    )
    made.put_bucket_acl(v2.PutBucketAclRequest("media", acl="public-read-write"))

    info = made.get_bucket_info(v2.GetBucketInfoRequest("media")).bucket_info
    assert (info.name, info.acl, info.location) == ("media", "public-read-write", "oss-cn-hangzhou")
    assert made.get_bucket_stat(v2.GetBucketStatRequest("media")).object_count == 0
    assert made.get_bucket_location(v2.GetBucketLocationRequest("media")).location == "oss-cn-hangzhou"
    listed = made.list_buckets(v2.ListBucketsRequest(prefix="m"))
    assert [(found.name, found.region) for found in listed.buckets] == [("media", "cn-hangzhou")]
    made.delete_bucket(v2.DeleteBucketRequest("media"))
    assert not made.is_bucket_exist("media")


def test_the_host_names_a_bucket_that_is_made_or_deleted(running: Emulator) -> None:
    made = bucket(running, "media")
    hosted = {"Host": "media.localhost"}
    seen = []
    for act in (lambda: None, made.create_bucket, made.delete_bucket):
        act()
        answer = requests.get(f"{running.endpoint}/a", headers=hosted, timeout=30)
        seen.append(answer.status_code)

    assert seen == [404, 403, 404]


def test_v1_signs_the_service_and_a_bucket(tmp_path: Path) -> None:
    with Emulator(tmp_path, variables={"LOCAL_OSS_V1_SIGNATURES": "accept"}) as running:
        v1 = oss2.Auth(running.access_key_id, running.access_key_secret)
        oss2.Bucket(v1, running.endpoint, "media").create_bucket(oss2.BUCKET_ACL_PUBLIC_READ)

        assert [found.name for found in oss2.BucketIterator(oss2.Service(v1, running.endpoint))] == [
            "examplebucket",
            "media",
        ]
        assert oss2.Bucket(v1, running.endpoint, "media").get_bucket_info().acl.grant == "public-read"


def test_ali_oss_makes_lists_and_deletes_a_bucket(tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "support" / "emulator" / "ali_oss_buckets.mjs"
    with Emulator(tmp_path, variables={"LOCAL_OSS_V1_SIGNATURES": "accept"}) as running:
        key = (running.access_key_id, running.access_key_secret)
        command = ["node", str(script), running.endpoint, *key, "media"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "listed": ["media"],
        "acl": "public-read",
        "info": "private",
        "afterwards": [],
    }


def test_a_bucket_made_again_keeps_its_objects_and_its_acl_unless_another_is_asked_for(scene: Scene) -> None:
    scene.set(acl="public-read")
    scene.upload({"key": "a"})

    again = ask(scene, "PUT", "/")
    assert (again.status, again.headers["Location"], again.body) == (200, f"/{BUCKET}", b"")
    assert scene.bucket.acl == "public-read"
    assert ask(scene, "PUT", "/", x_oss_acl="private").status == 200
    assert (scene.bucket.acl, scene.stored("a") is None) == ("private", False)


def test_a_deleted_bucket_s_configuration_goes_too(scene: Scene) -> None:
    configure(scene, "versioning", VERSIONING)
    configure(scene, "cors", CORS)
    before = ask(scene, "GET", "/?cors").body

    deleted = ask(scene, "DELETE", "/")
    missing = ask(scene, "GET", "/?cors")
    ask(scene, "PUT", "/")

    assert (deleted.status, deleted.body) == (204, b"")
    assert missing.refusal == (404, "NoSuchBucket", "0015-00000101")
    assert scene.bucket.versioning == ""
    assert ask(scene, "GET", "/?cors").body != before


@pytest.mark.parametrize("left", ["version", "marker", "upload"])
def test_a_bucket_with_anything_in_it_is_not_deleted(scene: Scene, left: str) -> None:
    if left == "upload":
        ask(scene, "POST", "/a?uploads")
    else:
        configure(scene, "versioning", VERSIONING)
        scene.upload({"key": "a"})
        version = scene.stored("a").version
        ask(scene, "DELETE", "/a" if left == "version" else f"/a?versionId={version}")
        if left == "marker":
            ask(scene, "DELETE", "/a")

    answer = ask(scene, "DELETE", "/")

    assert answer.refusal == (409, "BucketNotEmpty", "")
    assert answer.error["BucketName"] == BUCKET


@pytest.mark.parametrize("target", ["/", "/a", "/?cors", "/a?uploads", "/?location", "/a?tagging"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT"])
def test_a_bucket_that_was_deleted_exists_for_no_request(scene: Scene, method: str, target: str) -> None:
    ask(scene, "DELETE", "/")

    answer = ask(scene, method, target, b"x", content_length="1")

    if (method, target) == ("PUT", "/"):
        assert answer.refusal[:2] == (400, "MalformedXML")
    elif method == "HEAD":
        assert answer.status == 404
    else:
        assert answer.refusal == (404, "NoSuchBucket", "0015-00000101")


def test_the_facts_of_a_bucket(scene: Scene) -> None:
    scene.upload({"key": "a"})
    ask(scene, "POST", "/b?uploads")

    info = ET.fromstring(ask(scene, "GET", "/?bucketInfo").body)
    assert {one.tag: one.text for one in info[0] if not len(one)} == {
        "CreationDate": "2026-09-21T14:13:20.000Z",
        "ExtranetEndpoint": "oss-cn-hangzhou.aliyuncs.com",
        "IntranetEndpoint": "oss-cn-hangzhou-internal.aliyuncs.com",
        "Location": "oss-cn-hangzhou",
        "Name": BUCKET,
        "Region": "cn-hangzhou",
        "StorageClass": "Standard",
        "DataRedundancyType": "LRS",
        "BlockPublicAccess": "false",
    }
    assert info.findtext("Bucket/AccessControlList/Grant") == "private"
    assert one_line(ask(scene, "GET", "/?location")) == (
        f"{XML}<LocationConstraint>oss-cn-hangzhou</LocationConstraint>"
    )
    assert one_line(ask(scene, "GET", "/?stat")) == (
        f"{XML}<BucketStat><Storage>5</Storage><ObjectCount>1</ObjectCount>"
        "<MultipartUploadCount>1</MultipartUploadCount></BucketStat>"
    )


def test_the_acl_is_put_and_told(scene: Scene) -> None:
    put = ask(scene, "PUT", "/?acl", x_oss_acl="public-read-write")

    assert (put.status, put.body) == (200, b"")
    assert "<Grant>public-read-write</Grant>" in one_line(ask(scene, "GET", "/?acl"))


@pytest.mark.parametrize("target", ["/", "/?acl"])
def test_refuses_an_acl_and_changes_nothing(scene: Scene, target: str) -> None:
    wrong = ask(scene, "PUT", target, x_oss_acl="default")
    scene.set(block_public_access=True)
    blocked = ask(scene, "PUT", target, x_oss_acl="public-read")

    assert wrong.refusal == (400, "InvalidArgument", "")
    assert wrong.error["ArgumentName"] == "x-oss-acl"
    assert blocked.refusal == (403, "AccessDenied", "")
    assert scene.bucket.acl == "private"


@pytest.mark.parametrize("name", ["no", "Media", "media-", "m_a", "a" * 64])
def test_refuses_a_name_that_oss_does_not_allow(running: Emulator, name: str) -> None:
    made = bucket(running, "examplebucket")
    made.bucket_name = name

    with pytest.raises(oss2.exceptions.ServerError, match="InvalidBucketName"):
        made.create_bucket()

    assert names(running) == ["examplebucket"]


@pytest.mark.parametrize(
    ("method", "target"),
    [("PUT", "/"), ("DELETE", "/"), ("GET", "/?bucketInfo"), ("GET", "/?stat"), ("PUT", "/?acl")],
)
def test_needs_a_signature_whatever_the_acl(scene: Scene, method: str, target: str) -> None:
    scene.set(acl="public-read-write")

    answer = scene.request(method, target, {"x-oss-acl": "private"})

    assert (answer.status, answer.error["Code"]) == (403, "AccessDenied")
    assert scene.bucket.buckets.get(BUCKET).acl == "public-read-write"


def test_nobody_lists_buckets_without_a_signature_or_makes_one(running: Emulator) -> None:
    listed = requests.get(f"{running.endpoint}/", timeout=30)
    made = requests.put(f"{running.endpoint}/media", timeout=30)

    assert (listed.status_code, made.status_code) == (403, 403)
    assert "<Name>" not in listed.text
    assert names(running) == ["examplebucket"]


def test_buckets_are_listed_from_a_marker_in_pages(running: Emulator) -> None:
    for name in ("media-2", "media-1", "other"):
        running.bucket(name)

    page = service(running).list_buckets(prefix="media", max_keys=1)
    rest = service(running).list_buckets(prefix="media", marker=page.next_marker, max_keys=1)

    assert ([one.name for one in page.buckets], page.is_truncated, page.next_marker) == (
        ["media-1"],
        True,
        "media-1",
    )
    assert ([one.name for one in rest.buckets], rest.is_truncated) == (["media-2"], False)
    with pytest.raises(oss2.exceptions.InvalidArgument):
        service(running).list_buckets(max_keys=1001)


def test_a_bucket_has_the_time_of_its_creation(scene: Scene) -> None:
    ask(scene, "DELETE", "/")
    scene.now = NOW + 60
    ask(scene, "PUT", "/")

    assert scene.bucket.buckets.get(BUCKET).created == NOW + 60


def acl_after_a_restart(scene: Scene, option: str) -> str:
    started = open_bucket(replace(scene.bucket.settings, acl=option))
    assert isinstance(started, Bucket)
    acl = started.acl
    started.buckets.close()
    return acl


def test_the_option_sets_the_acl_at_each_start(scene: Scene) -> None:
    seen = [acl_after_a_restart(scene, acl) for acl in ("public-read", "private", "public-read-write")]

    assert seen == ["public-read", "private", "public-read-write"]


@pytest.mark.parametrize("target", ["/?acl", "/"])
def test_an_acl_that_a_request_has_set_survives_a_restart(scene: Scene, target: str) -> None:
    ask(scene, "PUT", target, x_oss_acl="public-read")

    assert acl_after_a_restart(scene, "private") == "public-read"


def test_a_bucket_made_again_without_an_acl_leaves_it_to_the_option(scene: Scene) -> None:
    ask(scene, "PUT", "/")

    assert acl_after_a_restart(scene, "public-read") == "public-read"


def test_head_tells_whether_there_is_a_bucket_and_where(scene: Scene) -> None:
    found = ask(scene, "HEAD", "/")
    stranger = scene.request("HEAD", "/")
    ask(scene, "DELETE", "/")

    assert (found.status, found.headers["x-oss-bucket-region"], found.body) == (200, "oss-cn-hangzhou", b"")
    assert stranger.status == 403
    assert ask(scene, "HEAD", "/").status == 404
