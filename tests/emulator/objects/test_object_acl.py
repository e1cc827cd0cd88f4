from collections.abc import Iterator

import alibabacloud_oss_v2 as v2
import oss2
import pytest
import requests

from oss_emulator.running import Emulator
from tests.support.emulator.clients import ali_oss, bucket, client
from tests.support.emulator.scene import NOW, Scene
from tests.support.emulator.signed_requests import ask, one_line, put

VERSIONING = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
OWNER = "<Owner><ID>1000000000000000</ID><DisplayName>1000000000000000</DisplayName></Owner>"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("acl"), variables={"LOCAL_OSS_V1_SIGNATURES": "accept"}) as server:
        yield server


def acl_of(scene: Scene, target: str = "/a?acl") -> str:
    answer = ask(scene, "GET", target)
    assert answer.status == 200, answer.body
    found = one_line(answer).partition("<Grant>")[2].partition("</Grant>")[0]
    assert f"<AccessControlPolicy>{OWNER}<AccessControlList>" in one_line(answer)
    return found


def test_an_object_s_acl_is_told_and_set_and_counts_at_once(scene: Scene) -> None:
    scene.upload({"key": "a"})
    seen = [(acl_of(scene), scene.request("GET", "/a").status)]

    for acl in ("public-read", "private", "public-read-write", "default"):
        answer = ask(scene, "PUT", "/a?acl", x_oss_object_acl=acl)
        assert (answer.status, answer.body) == (200, b"")
        seen.append((acl_of(scene), scene.request("GET", "/a").status))

    assert seen == [
        ("default", 403),
        ("public-read", 200),
        ("private", 403),
        ("public-read-write", 200),
        ("default", 403),
    ]


def test_an_acl_changes_neither_the_time_nor_the_content(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-meta-who": "me"})
    before = vars(scene.stored("a"))
    scene.now = NOW + 60

    ask(scene, "PUT", "/a?acl", x_oss_object_acl="private")

    assert vars(scene.stored("a")) == {**before, "acl": "private"}


def test_an_acl_without_the_header_is_the_default(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})

    assert ask(scene, "PUT", "/a?acl").status == 200
    assert acl_of(scene) == "default"


def test_each_version_has_an_acl_of_its_own(scene: Scene) -> None:
    put(scene, "versioning", VERSIONING)
    scene.upload({"key": "a"})
    first = scene.stored("a").version
    scene.upload({"key": "a"})
    second = scene.stored("a").version

    answer = ask(scene, "PUT", f"/a?acl&versionId={first}", x_oss_object_acl="public-read")

    assert (answer.status, answer.headers["x-oss-version-id"]) == (200, first)
    assert [acl_of(scene, f"/a?acl&versionId={one}") for one in (first, second)] == ["public-read", "default"]
    assert ask(scene, "GET", "/a?acl").headers["x-oss-version-id"] == second


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_there_is_no_acl_of_an_object_that_is_not_there(scene: Scene, method: str) -> None:
    put(scene, "versioning", VERSIONING)
    scene.upload({"key": "a"})
    marker = ask(scene, "DELETE", "/a").headers["x-oss-version-id"]

    assert ask(scene, method, "/b?acl").refusal == (404, "NoSuchKey", "0026-00000001")
    assert ask(scene, method, "/a?acl").refusal == (404, "NoSuchKey", "0026-00000001")
    assert ask(scene, method, f"/a?acl&versionId={marker}").refusal == (404, "NoSuchKey", "0026-00000001")
    assert ask(scene, method, "/a?acl&versionId=CAEQ").refusal == (404, "NoSuchVersion", "0012-00000203")
    assert ask(scene, method, "/a?acl&versionId").refusal == (400, "InvalidArgument", "0012-00000201")


def test_refuses_an_acl_and_changes_nothing(scene: Scene) -> None:
    scene.upload({"key": "a"})

    wrong = ask(scene, "PUT", "/a?acl", x_oss_object_acl="public")
    scene.set(block_public_access=True)
    blocked = ask(scene, "PUT", "/a?acl", x_oss_object_acl="public-read")

    assert wrong.refusal == (400, "InvalidArgument", "0017-00000104")
    assert blocked.refusal == (403, "AccessDenied", "0016-00000901")
    assert acl_of(scene) == "default"


def test_only_the_owner_reads_and_sets_an_acl(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read-write"})
    scene.upload({"key": "b"})

    told = scene.request("GET", "/a?acl")
    private = scene.request("GET", "/b?acl")
    changed = scene.request("PUT", "/a?acl", {"x-oss-object-acl": "private"})

    assert told.refusal == (403, "AccessDenied", "")
    assert told.error["Message"] == "You do not have read acl permission on this object."
    assert private.refusal == changed.refusal == (403, "AccessDenied", "0003-00000001")
    assert acl_of(scene) == "public-read-write"


def test_both_python_sdks_read_and_set_an_acl(running: Emulator) -> None:
    first, second = bucket(running), client(running)
    first.put_object("a", b"hello")

    first.put_object_acl("a", oss2.OBJECT_ACL_PUBLIC_READ)
    read = second.get_object_acl(v2.GetObjectAclRequest("examplebucket", "a"))
    public = requests.get(f"{running.endpoint}/examplebucket/a", timeout=30).status_code
    second.put_object_acl(v2.PutObjectAclRequest("examplebucket", "a", acl="default"))

    assert (read.acl, public, first.get_object_acl("a").acl) == ("public-read", 200, "default")
    with pytest.raises(oss2.exceptions.NoSuchKey):
        first.get_object_acl("b")


def test_ali_oss_reads_and_sets_an_acl(running: Emulator) -> None:
    bucket(running).put_object("ali", b"hello")

    seen = ali_oss(
        running,
        "await oss.putACL('ali', 'public-read'); return (await oss.getACL('ali')).acl;",
    )

    assert seen == "public-read"
