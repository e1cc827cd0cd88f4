from collections.abc import Iterator
from random import Random
from urllib.parse import quote

import alibabacloud_oss_v2 as v2
import oss2
import pytest

from oss_emulator.errors import OssError
from oss_emulator.objects.tags import header_tags, read_tags, tags_document
from oss_emulator.running import Emulator
from tests.support.emulator.clients import BUCKET, ali_oss, bucket, client
from tests.support.emulator.scene import NOW, Scene
from tests.support.emulator.signed_requests import ask, one_line, put, read

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
VERSIONING = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
ALL_ALLOWED = "azAZ09 +-=._:/"
BAD_KEY = "The TagKey you have provided is invalid"
BAD_VALUE = "The TagValue you have provided is invalid"
DOUBLED = "Cannot provide multiple Tags with the same key"
BAD_HEADER = (
    "The header 'x-oss-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
    "name duplicates."
)


def tagging(*pairs: tuple[str, str]) -> str:
    tags = "".join(f"<Tag><Key>{key}</Key><Value>{value}</Value></Tag>" for key, value in pairs)
    return f"<Tagging><TagSet>{tags}</TagSet></Tagging>"


def tags_of(scene: Scene, target: str = "/a?tagging") -> str:
    answer = ask(scene, "GET", target)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
    return one_line(answer).removeprefix(XML)


def store(scene: Scene, key: str = "a", **headers: str) -> None:
    answer = ask(scene, "PUT", f"/{key}", b"hello", content_length="5", **headers)
    assert answer.status == 200, answer.body


def test_tags_are_put_told_and_deleted(scene: Scene) -> None:
    store(scene)
    none = tags_of(scene)
    written = tagging(("b", "1"), ("a", ""), (ALL_ALLOWED, ALL_ALLOWED))

    answer = ask(scene, "PUT", "/a?tagging", written)
    told = tags_of(scene)
    deleted = ask(scene, "DELETE", "/a?tagging")

    assert (answer.status, answer.body) == (200, b"")
    assert (none, told) == (tagging(), written)
    assert (deleted.status, deleted.body, tags_of(scene)) == (204, b"", tagging())


def test_an_object_may_have_as_many_and_as_long_tags_as_oss_allows(scene: Scene) -> None:
    store(scene)
    written = tagging(*((f"{number}".ljust(128, "k"), "v" * 256) for number in range(10)))

    assert ask(scene, "PUT", "/a?tagging", written).status == 200
    assert tags_of(scene) == written


def test_tags_change_neither_the_time_nor_the_content(scene: Scene) -> None:
    store(scene, x_oss_object_acl="private")
    before = vars(scene.stored("a"))
    scene.now = NOW + 60

    ask(scene, "PUT", "/a?tagging", tagging(("a", "1")))

    assert vars(scene.stored("a")) == {**before, "tags": {"a": "1"}}


def test_an_upload_has_the_tags_of_its_header(scene: Scene) -> None:
    store(scene, x_oss_tagging=f"a=1&b&c=&{quote('d =')}={quote('+/')}")

    assert tags_of(scene) == tagging(("a", "1"), ("b", ""), ("c", ""), ("d =", "+/"))


def test_an_upload_without_tags_has_none_of_the_one_before(scene: Scene) -> None:
    store(scene, x_oss_tagging="a=1")
    store(scene)

    assert tags_of(scene) == tagging()


def test_a_multipart_upload_has_the_tags_of_its_initiate(scene: Scene) -> None:
    begun = ask(scene, "POST", "/a?uploads", x_oss_tagging="a=1")
    named = f"uploadId={begun.error['UploadId']}"
    etag = ask(scene, "PUT", f"/a?partNumber=1&{named}", b"hello", content_length="5").headers["ETag"]
    part = f"<Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
    ask(scene, "POST", f"/a?{named}", f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>")

    assert tags_of(scene) == tagging(("a", "1"))


def test_a_form_has_no_tags(scene: Scene) -> None:
    """PostObject page: not supported."""
    scene.upload({"key": "a", "x-oss-tagging": "a=1"})

    assert tags_of(scene) == tagging()


@pytest.mark.parametrize(
    ("headers", "copied"),
    [
        ({}, ("a", "1")),
        ({"x_oss_tagging": "b=2"}, ("a", "1")),
        ({"x_oss_tagging_directive": "Copy", "x_oss_tagging": "b=2"}, ("a", "1")),
        ({"x_oss_tagging_directive": "Replace", "x_oss_tagging": "b=2"}, ("b", "2")),
        ({"x_oss_tagging_directive": "REPLACE", "x_oss_tagging": "b=2"}, ("b", "2")),
        ({"x_oss_tagging_directive": "Replace"}, None),
    ],
)
def test_a_copy_has_the_tags_of_its_source_or_of_its_header(
    scene: Scene, headers: dict[str, str], copied: tuple[str, str] | None
) -> None:
    store(scene, x_oss_tagging="a=1")

    ask(scene, "PUT", "/b", x_oss_copy_source=f"/{BUCKET}/a", **headers)

    assert tags_of(scene, "/b?tagging") == tagging(*([copied] if copied else []))


def test_refuses_another_tagging_directive(scene: Scene) -> None:
    store(scene)

    answer = ask(scene, "PUT", "/b", x_oss_copy_source=f"/{BUCKET}/a", x_oss_tagging_directive="Move")

    assert answer.refusal == (400, "InvalidArgument", "")
    assert answer.error["ArgumentName"] == "x-oss-tagging-directive"
    assert scene.stored("b") is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_number_of_tags_is_told_to_who_may_read_them(scene: Scene, method: str) -> None:
    store(scene, x_oss_object_acl="public-read")
    none = read(scene, method, "/a", "a").headers.get("x-oss-tagging-count")
    ask(scene, "PUT", "/a?tagging", tagging(("a", "1"), ("b", "2")))

    assert none is None
    assert read(scene, method, "/a", "a").headers["x-oss-tagging-count"] == "2"
    assert "x-oss-tagging-count" not in scene.request(method, "/a").headers
    assert "x-oss-tagging-count" not in read(scene, "HEAD", "/a?objectMeta", "a").headers


def test_each_version_has_tags_of_its_own(scene: Scene) -> None:
    put(scene, "versioning", VERSIONING)
    store(scene)
    first = scene.stored("a").version
    store(scene, x_oss_tagging="b=2")

    answer = ask(scene, "PUT", f"/a?tagging&versionId={first}", tagging(("a", "1")))

    assert (answer.status, answer.headers["x-oss-version-id"]) == (200, first)
    assert tags_of(scene, f"/a?tagging&versionId={first}") == tagging(("a", "1"))
    assert tags_of(scene) == tagging(("b", "2"))
    assert ask(scene, "DELETE", "/a?tagging").headers["x-oss-version-id"] == scene.stored("a").version
    assert tags_of(scene, f"/a?tagging&versionId={first}") == tagging(("a", "1"))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_there_are_no_tags_of_an_object_that_is_not_there(scene: Scene, method: str) -> None:
    put(scene, "versioning", VERSIONING)
    store(scene)
    marker = ask(scene, "DELETE", "/a").headers["x-oss-version-id"]
    body = tagging(("a", "1"))

    for target in ("/b?tagging", "/a?tagging", f"/a?tagging&versionId={marker}"):
        assert ask(scene, method, target, body).refusal == (404, "NoSuchKey", "0026-00000001"), target
    missing = ask(scene, method, "/a?tagging&versionId=CAEQ", body)
    assert missing.refusal == (404, "NoSuchVersion", "0012-00000203")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_signed_requests_read_and_set_tags(scene: Scene, method: str) -> None:
    store(scene, x_oss_object_acl="public-read-write", x_oss_tagging="a=1")

    answer = scene.request(method, "/a?tagging", body=tagging().encode())

    assert answer.refusal == (403, "AccessDenied", "0003-00000001")
    assert tags_of(scene) == tagging(("a", "1"))


ELEVEN = [(f"k{number}", "v") for number in range(11)]


@pytest.mark.parametrize(
    ("pairs", "refusal", "message"),
    [
        (ELEVEN, ("BadRequest", "0010-00000218"), "Object tags cannot be greater than 10"),
        ([("a" * 129, "")], ("InvalidTag", "0010-00000209"), BAD_KEY),
        ([("a", "v" * 257)], ("InvalidTag", "0010-00000217"), BAD_VALUE),
        ([("a!", "")], ("InvalidTag", "0010-00000212"), BAD_KEY),
        ([("中", "")], ("InvalidTag", "0010-00000212"), BAD_KEY),
        ([("a\n", "")], ("InvalidTag", "0010-00000212"), BAD_KEY),
        ([("a", "v#")], ("InvalidTag", "0010-00000217"), BAD_VALUE),
        ([("", "v")], ("InvalidTag", ""), BAD_KEY),
    ],
)
@pytest.mark.parametrize("by", ["header", "document"])
def test_refuses_tags_that_oss_does_not_allow(
    scene: Scene, by: str, pairs: list[tuple[str, str]], refusal: tuple[str, str], message: str
) -> None:
    store(scene, x_oss_tagging="kept=1")

    if by == "header":
        sent = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs)
        answer = ask(scene, "PUT", "/a", b"new", content_length="3", x_oss_tagging=sent)
    else:
        answer = ask(scene, "PUT", "/a?tagging", tagging(*pairs))

    assert (answer.refusal, answer.error["Message"]) == ((400, *refusal), message)
    assert tags_of(scene) == tagging(("kept", "1"))


@pytest.mark.parametrize(
    ("header", "refusal", "message"),
    [
        ("a=b=c", ("InvalidArgument", "0010-00000219"), BAD_HEADER),
        ("a=1&a=2", ("InvalidArgument", ""), BAD_HEADER),
        ("a=1&&b=2", ("InvalidTag", ""), BAD_KEY),
        ("a=%FF", ("InvalidTag", "0010-00000216"), BAD_VALUE),
        ("%FF=a", ("InvalidTag", "0010-00000212"), BAD_KEY),
    ],
)
def test_refuses_a_header_that_is_not_the_form(
    scene: Scene, header: str, refusal: tuple[str, str], message: str
) -> None:
    for answer in (
        ask(scene, "PUT", "/a", b"hello", content_length="5", x_oss_tagging=header),
        ask(scene, "POST", "/a?uploads", x_oss_tagging=header),
    ):
        assert (answer.refusal, answer.error["Message"]) == ((400, *refusal), message)
    assert scene.stored("a") is None


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        (tagging(("a", "1"), ("a", "2")), ("InvalidTag", "0010-00000210")),
        ("", ("MalformedXML", "")),
        ("<Tagging/>", ("MalformedXML", "")),
        ("<TagSet/>", ("MalformedXML", "")),
        ("<Tagging><TagSet/><TagSet/></Tagging>", ("MalformedXML", "")),
        ("<Tagging><TagSet><Tag><Key>a</Key><Key>b</Key></Tag></TagSet></Tagging>", ("MalformedXML", "")),
        ("<Tagging><TagSet><Tag><Key>a<b/></Key></Tag></TagSet></Tagging>", ("MalformedXML", "")),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + tagging(("a", "1")), ("MalformedXML", "")),
        (tagging(("a", " " * 20_000)), ("MalformedXML", "")),
    ],
)
def test_refuses_a_document_that_is_not_the_form(
    scene: Scene, document: str, refusal: tuple[str, str]
) -> None:
    store(scene, x_oss_tagging="kept=1")

    assert ask(scene, "PUT", "/a?tagging", document).refusal == (400, *refusal)
    assert tags_of(scene) == tagging(("kept", "1"))


def test_whatever_is_read_as_tags_is_written_as_them() -> None:
    """Thousands of headers from a small alphabet, always the same ones."""
    chance, read_back = Random(26), 0
    for _ in range(5000):
        header = "".join(chance.choices(["a", "b", "=", "&", "+", "%20", "%", "%FF", "!", " "], k=6))
        try:
            tags = header_tags({"x-oss-tagging": header})
        except OssError:
            continue
        assert read_tags(tags_document(tags)) == tags, header
        read_back += 1
    assert read_back > 100


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder, variables = tmp_path_factory.mktemp("tags"), {"LOCAL_OSS_V1_SIGNATURES": "accept"}
    with Emulator(folder, variables=variables) as server:
        yield server


def test_oss2_puts_reads_copies_and_deletes_tags(running: Emulator) -> None:
    objects, rule = bucket(running), oss2.models.TaggingRule()
    rule.add("k =", "+/")
    header = {"x-oss-tagging": f"{quote('k =', safe='')}={quote('+/', safe='')}"}

    objects.put_object("a", b"hello", headers=header)
    first = objects.get_object_tagging("a").tag_set.tagging_rule
    objects.put_object_tagging("a", oss2.models.Tagging(rule))
    objects.copy_object(BUCKET, "a", "b")
    copied = objects.get_object_tagging("b").tag_set.tagging_rule
    objects.delete_object_tagging("a")

    assert (first, copied) == ({"k =": "+/"}, {"k =": "+/"})
    assert objects.get_object_tagging("a").tag_set.tagging_rule == {}
    assert objects.head_object("b").headers["x-oss-tagging-count"] == "1"


def test_oss_v2_puts_reads_copies_and_deletes_tags(running: Emulator) -> None:
    objects = client(running)
    tag_set = v2.TagSet(tags=[v2.Tag(key="k", value="v")])

    objects.put_object(v2.PutObjectRequest(BUCKET, "v2", body=b"hello", tagging="a=1&b=2"))
    count = objects.head_object(v2.HeadObjectRequest(BUCKET, "v2")).tagging_count
    objects.copy_object(
        v2.CopyObjectRequest(BUCKET, "copied", source_key="v2", tagging_directive="Replace", tagging="c=3")
    )
    copied = objects.get_object_tagging(v2.GetObjectTaggingRequest(BUCKET, "copied")).tag_set.tags
    objects.put_object_tagging(v2.PutObjectTaggingRequest(BUCKET, "v2", tagging=v2.Tagging(tag_set=tag_set)))
    found = objects.get_object_tagging(v2.GetObjectTaggingRequest(BUCKET, "v2")).tag_set.tags
    objects.delete_object_tagging(v2.DeleteObjectTaggingRequest(BUCKET, "v2"))

    assert (count, [(tag.key, tag.value) for tag in copied]) == (2, [("c", "3")])
    assert [(tag.key, tag.value) for tag in found] == [("k", "v")]
    left = objects.get_object_tagging(v2.GetObjectTaggingRequest(BUCKET, "v2")).tag_set
    assert not (left and left.tags)


def test_ali_oss_puts_reads_and_deletes_tags(running: Emulator) -> None:
    bucket(running).put_object("ali", b"hello")

    seen = ali_oss(
        running,
        """
        await oss.putObjectTagging('ali', { a: '1', b: '2' });
        const { tag } = await oss.getObjectTagging('ali');
        await oss.deleteObjectTagging('ali');
        return [tag, (await oss.getObjectTagging('ali')).tag];
        """,
    )

    assert seen == [{"a": "1", "b": "2"}, {}]
