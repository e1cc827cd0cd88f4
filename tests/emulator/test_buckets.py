"""Several buckets behind one port: which one a request is for."""

from collections.abc import Iterator

import oss2
import pytest
import requests

from oss_emulator.http_messages import Body, Request
from oss_emulator.served_buckets import ServedBuckets
from tests.support.emulator.process import REGION, EmulatorProcess
from tests.support.emulator.scene import Scene


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    folder = tmp_path_factory.mktemp("two")
    with EmulatorProcess(folder, "--bucket=first", "--bucket=second", f"--folder={folder}") as running:
        yield running


def bucket(two: EmulatorProcess, name: str) -> oss2.Bucket:
    return oss2.Bucket(oss2.AuthV4("AKEXAMPLE", "SKEXAMPLE"), two.url, name, region=REGION)


def test_each_bucket_has_objects_of_its_own(two: EmulatorProcess) -> None:
    for name in ("first", "second"):
        bucket(two, name).put_object("a", name)

    assert [bucket(two, name).get_object("a").read() for name in ("first", "second")] == [b"first", b"second"]


def test_the_host_may_name_the_bucket(two: EmulatorProcess) -> None:
    bucket(two, "second").put_object("hosted", b"x", headers={"x-oss-object-acl": "public-read"})

    for name, status in (("second", 200), ("first", 403), ("third", 404)):
        answer = requests.get(f"{two.url}/hosted", headers={"Host": f"{name}.localhost"}, timeout=30)
        assert answer.status_code == status, name


@pytest.mark.parametrize("path", ["third/a", "callback_key.pem", "FIRST/a", "index.sqlite", "%66irst/a"])
def test_another_name_is_no_bucket_and_no_part_of_a_key(two: EmulatorProcess, path: str) -> None:
    (seen,) = two.answers(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert seen.refusal == (404, "NoSuchBucket", "0015-00000101")
    assert seen.error["BucketName"] == path.partition("/")[0]


def test_a_bucket_that_is_alone_at_its_port_shows_no_other_on_its_page(scene: Scene) -> None:
    settings = scene.bucket.settings
    scene.bucket.buckets.create("other", acl="private", now=1.0)
    for alone, status in ((True, 404), (False, 200)):
        served = ServedBuckets(settings, alone=alone)
        for target, seen in (("?bucket=other", status), ("objects?bucket=other", status), ("objects", 200)):
            request = Request("GET", f"/-/{target}", {"host": "127.0.0.1:9000"}, Body(lambda _: b""))
            assert served.respond(request).status == seen, target
        served.close()


def test_they_have_faults_and_history_in_common(two: EmulatorProcess) -> None:
    two.fault("object_missing")

    with pytest.raises(oss2.exceptions.NoSuchKey):
        bucket(two, "second").get_object("a")

    assert requests.get(f"{two.url}/-/faults", timeout=30).json() == []
    assert requests.get(f"{two.url}/-/refusals", timeout=30).json()[0]["code"] == "NoSuchKey"
