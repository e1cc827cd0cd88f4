import base64
import hashlib
import random
from collections.abc import Mapping
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from oss_emulator.callback.transport import Unreachable
from oss_emulator.http_messages import ConnectionLost
from tests.support.emulator.scene import BUCKET, NOW, Scene, Seen, callback_parameter, encoded, json_reply
from tests.support.emulator.signed_requests import ask, put, read
from tests.support.emulator.stores import put as put_in

BIG = b"b" * 102_400
WRONG_ID = "0" * 32
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def initiate(scene: Scene, key: str = "a", **headers: str) -> str:
    answer = ask(scene, "POST", f"/{key}?uploads", **headers)
    assert answer.status == 200, answer.body
    return ET.fromstring(answer.body).findtext("UploadId") or ""


def upload_part(scene: Scene, upload_id: str, number: int, content: bytes, key: str = "a") -> Seen:
    target = f"/{key}?partNumber={number}&uploadId={upload_id}"
    return ask(scene, "PUT", target, content, content_length=str(len(content)))


def listing(*parts: tuple[int, str]) -> str:
    inner = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in parts
    )
    return f"<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>"


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest().upper()}"'


def complete(scene: Scene, upload_id: str, body: str = "", key: str = "a", **headers: str) -> Seen:
    return ask(scene, "POST", f"/{key}?uploadId={upload_id}", body, **headers)


def filled(scene: Scene) -> tuple[str, str]:
    """An upload with parts 1 and 2, and the document that completes it."""
    upload_id = initiate(scene, content_type="text/plain")
    for number, content in ((1, BIG), (2, b"end")):
        assert upload_part(scene, upload_id, number, content).status == 200
    return upload_id, listing((1, etag(BIG)), (2, etag(b"end")))


def test_initiate_answers_in_the_form_that_was_recorded(scene: Scene) -> None:
    answer = ask(scene, "POST", "/a?uploads")

    (upload,), _ = scene.bucket.store.multipart.page(prefix="", delimiter="", after=("", ""), limit=9)
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.body.decode() == (
        f"{XML}<InitiateMultipartUploadResult>\n  <Bucket>{BUCKET}</Bucket>\n  <Key>a</Key>\n"
        f"  <UploadId>{upload.id}</UploadId>\n</InitiateMultipartUploadResult>\n"  # type: ignore[union-attr]
    )


def test_keys_are_percent_encoded_where_that_is_asked_for(scene: Scene) -> None:
    answer = ET.fromstring(ask(scene, "POST", "/a/b.txt?encoding-type=url&uploads").body)

    assert [(child.tag, child.text) for child in answer][:3] == [
        ("EncodingType", "url"),
        ("Bucket", BUCKET),
        ("Key", "a%2Fb.txt"),
    ]


def test_a_part_is_answered_with_its_digests(scene: Scene) -> None:
    answer = upload_part(scene, initiate(scene), 1, b"123456789")

    expected = {
        "ETag": '"25F9E794323B453885F5181F1B624D0B"',
        "Content-MD5": "JfnnlDI7RTiF9RgfG2JNCw==",
        "x-oss-hash-crc64ecma": "11051210869376104954",
    }
    assert expected.items() <= answer.headers.items()
    assert (answer.status, answer.body) == (200, b"")


def test_complete_makes_an_object_with_the_metadata_of_the_initiate(scene: Scene) -> None:
    upload_id = initiate(
        scene,
        content_type="text/plain",
        cache_control="no-cache",
        x_oss_meta_a="1",
        x_oss_storage_class="IA",
        x_oss_object_acl="public-read",
    )
    upload_part(scene, upload_id, 3, b"hello")

    answer = complete(scene, upload_id, listing((3, etag(b"hello"))))

    stored = scene.stored("a")
    assert answer.headers["ETag"] == f'"{stored.etag}"' == '"F872A18EB88181EB00816510E762FEE6-1"'
    assert answer.headers["x-oss-hash-crc64ecma"] == "11177612005948864433"
    assert answer.body.decode() == (
        f"{XML}<CompleteMultipartUploadResult>\n  <Location>http://127.0.0.1:9000/a</Location>\n"
        f"  <Bucket>{BUCKET}</Bucket>\n  <Key>a</Key>\n"
        f"  <ETag>{answer.headers['ETag']}</ETag>\n</CompleteMultipartUploadResult>\n"
    )
    kept = {"Content-Type": "text/plain", "Cache-Control": "no-cache", "x-oss-meta-a": "1"}
    assert (stored.headers, stored.acl, stored.storage_class) == (kept, "default", "IA")
    head = read(scene, "HEAD", "/a", "a")
    assert (head.headers["x-oss-object-type"], head.headers["Content-Length"]) == ("Multipart", "5")
    assert "Content-MD5" not in head.headers


def test_a_range_over_two_parts_is_read(scene: Scene) -> None:
    upload_id, document = filled(scene)
    complete(scene, upload_id, document)

    answer = read(scene, "GET", "/a", "a", {"range": "bytes=102398-102401"})

    assert (answer.status, answer.body) == (206, b"bben")
    assert b"<Type>Multipart</Type>" in ask(scene, "GET", "/?prefix=a").body


def test_the_acl_and_forbid_overwrite_belong_to_the_complete(scene: Scene) -> None:
    upload_id, document = filled(scene)
    scene.upload({"key": "a"})
    forbid = {"x_oss_forbid_overwrite": "true"}

    assert complete(scene, upload_id, document, **forbid).refusal == (
        409,
        "FileAlreadyExists",
        "0042-00000214",
    )
    assert ask(scene, "POST", "/a?uploads", **forbid).refusal == (409, "FileAlreadyExists", "")
    assert complete(scene, upload_id, document, x_oss_object_acl="public-read").status == 200
    assert scene.stored("a").acl == "public-read"


def test_a_versioned_bucket_names_the_version(scene: Scene) -> None:
    put(scene, "versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
    upload_id, document = filled(scene)

    answer = complete(scene, upload_id, document)

    assert answer.headers["x-oss-version-id"] == scene.stored("a").version_id


def test_complete_all_takes_the_parts_that_are_there(scene: Scene) -> None:
    upload_id, document = filled(scene)
    both = complete(scene, upload_id, document, x_oss_complete_all="yes")

    assert both.refusal == (400, "InvalidArgument", "0042-00000216")
    assert both.error["Message"] == "Should not speficy both complete all header and http body."
    assert both.error["ArgumentName"] == "x-oss-complete-all"
    wrong = complete(scene, upload_id, x_oss_complete_all="no")
    assert wrong.refusal == (400, "InvalidArgument", "")
    assert complete(scene, upload_id, x_oss_complete_all="yes").status == 200
    assert scene.stored("a").size == len(BIG) + 3


@pytest.mark.parametrize(
    "document",
    [
        "",
        "no XML",
        "<Other/>",
        "<CompleteMultipartUpload/>",
        "<CompleteMultipartUpload><Part/></CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
        listing((1, etag(BIG))).replace("<Part>", "<Part><Size>1</Size>"),
        listing((1, etag(BIG))).replace("</ETag>", "<b/></ETag>"),
        "<!DOCTYPE a>" + listing((1, etag(BIG))),
        '<!DOCTYPE a [<!ENTITY e "' + "x" * 100 + '">]>' + listing((1, "&e;" * 1000)),
        listing((1, etag(BIG))) + " " * 2 * 1024 * 1024,
        "<a>" * 100_000,
    ],
)
def test_a_document_of_another_form_is_malformed(scene: Scene, document: str) -> None:
    upload_id, right = filled(scene)

    assert complete(scene, upload_id, document).refusal == (400, "MalformedXML", "0042-00000205")
    assert complete(scene, upload_id, right).status == 200


def test_the_digest_of_the_document_is_checked(scene: Scene) -> None:
    upload_id, right = filled(scene)
    wrong = base64.b64encode(hashlib.md5(b"").digest()).decode()

    assert complete(scene, upload_id, right, content_md5=wrong).refusal == (
        400,
        "InvalidDigest",
        "0017-00000503",
    )


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        (listing((2, etag(b"end")), (1, etag(BIG))), (400, "InvalidPartOrder", "0042-00000209")),
        (listing((1, etag(b"other"))), (400, "InvalidPart", "")),
        (listing((1, "undefined")), (400, "InvalidPart", "")),
        (listing((7, etag(BIG))), (400, "InvalidPart", "")),
        (listing((10_001, etag(BIG))), (400, "InvalidArgument", "0017-00000220")),
        (listing((0, etag(BIG))), (400, "InvalidArgument", "0017-00000220")),
    ],
)
def test_refuses_a_list_of_other_parts(scene: Scene, document: str, refusal: tuple[int, str, str]) -> None:
    upload_id, right = filled(scene)

    assert complete(scene, upload_id, document).refusal == refusal
    assert complete(scene, upload_id, right).status == 200


def test_an_invalid_part_is_named(scene: Scene) -> None:
    upload_id, _ = filled(scene)

    error = complete(scene, upload_id, listing((1, "undefined"))).error

    assert (error["ETag"], error["PartNumber"], error["UploadId"]) == ("undefined", "1", upload_id)


def test_ten_thousand_parts_are_listed_in_one_document(scene: Scene) -> None:
    upload_id, _ = filled(scene)
    document = listing(*((number, etag(BIG)) for number in range(1, 10_001)))

    assert complete(scene, upload_id, document).refusal == (400, "InvalidPart", "")


@pytest.mark.parametrize(("switch", "expected"), [("quoted", 400), ("any", 200)])
@pytest.mark.parametrize("change", [str.lower, lambda text: text.strip('"')])
def test_the_switch_says_which_forms_of_an_etag_are_taken(
    scene: Scene, switch: str, expected: int, change: object
) -> None:
    scene.set(switches=f"part_etag={switch}")
    upload_id, _ = filled(scene)
    assert callable(change)

    answer = complete(scene, upload_id, listing((1, change(etag(BIG))), (2, change(etag(b"end")))))

    assert answer.status == expected


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("partNumber=0&uploadId={id}", (400, "InvalidArgument", "0017-00000220")),
        ("partNumber=10001&uploadId={id}", (400, "InvalidArgument", "0017-00000220")),
        ("partNumber=x&uploadId={id}", (400, "InvalidArgument", "0017-00000220")),
        ("partNumber=%D9%A1&uploadId={id}", (400, "InvalidArgument", "0017-00000220")),
        ("partNumber&uploadId={id}", (400, "InvalidArgument", "0017-00000219")),
        ("uploadId={id}", (400, "InvalidArgument", "0017-00000219")),
        ("partNumber=1&uploadId", (404, "NoSuchUpload", "0017-00000244")),
        (f"partNumber=1&uploadId={WRONG_ID}", (404, "NoSuchUpload", "0042-00000104")),
    ],
)
def test_refuses_a_part_by_its_parameters(scene: Scene, query: str, refusal: tuple[int, str, str]) -> None:
    target = f"/a?{query.format(id=initiate(scene))}"

    assert ask(scene, "PUT", target, b"x", content_length="1").refusal == refusal


@pytest.mark.parametrize(
    ("asked", "content", "sent"),
    [
        ("", b"0123456789", "bytes 0-9/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=0-9", b"0123456789", "bytes 0-9/10"),
        ("bytes=0-10", b"0123456789", "bytes 0-9/10"),
        ("bytes=4-2", b"0123456789", "bytes 0-9/10"),
        ("bytes=-3", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_a_part_is_copied_from_an_object_or_its_range(
    scene: Scene, asked: str, content: bytes, sent: str
) -> None:
    scene.upload({"key": "source"}, b"0123456789")
    upload_id = initiate(scene)
    ranged = {"x_oss_copy_source_range": asked} if asked else {}

    answer = ask(
        scene,
        "PUT",
        f"/a?partNumber=1&uploadId={upload_id}",
        x_oss_copy_source=f"/{BUCKET}/source",
        **ranged,
    )

    assert (answer.status, answer.headers["Content-Range"]) == (200, sent)
    assert [(child.tag, child.text) for child in ET.fromstring(answer.body)] == [
        ("LastModified", "2026-09-21T14:13:20.000Z"),
        ("ETag", etag(content)),
    ]
    complete(scene, upload_id, listing((1, etag(content))))
    assert read(scene, "GET", "/a", "a").body == content


def test_an_empty_object_is_copied_as_an_empty_part(scene: Scene) -> None:
    scene.upload({"key": "source"}, b"")
    target = f"/a?partNumber=1&uploadId={initiate(scene)}"

    answer = ask(scene, "PUT", target, x_oss_copy_source=f"/{BUCKET}/source")

    assert (answer.status, answer.headers["ETag"]) == (200, etag(b""))
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize(
    ("upload", "source", "refusal"),
    [
        (WRONG_ID, f"/{BUCKET}/source", (404, "NoSuchUpload", "0042-00000311")),
        ("", f"/{BUCKET}/missing", (404, "NoSuchKey", "0026-00000001")),
        ("", f"/{BUCKET}/archived", (403, "InvalidObjectState", "0016-00000404")),
    ],
)
def test_refuses_a_copied_part(scene: Scene, upload: str, source: str, refusal: tuple[int, str, str]) -> None:
    scene.upload({"key": "source"})
    scene.upload({"key": "archived", "x-oss-storage-class": "Archive"})
    target = f"/a?partNumber=1&uploadId={upload or initiate(scene)}"

    assert ask(scene, "PUT", target, x_oss_copy_source=source).refusal == refusal


def test_a_part_is_copied_from_another_bucket_if_its_conditions_hold(scene: Scene) -> None:
    other = scene.bucket.named("another")
    other.buckets.create("another", acl="private", now=scene.now)
    put_in(other.store, "source", b"of another")
    target, named = f"/a?partNumber=1&uploadId={initiate(scene)}", {"x_oss_copy_source": "/another/source"}

    unchanged = ask(scene, "PUT", target, x_oss_copy_source_if_none_match=etag(b"of another"), **named)
    changed = ask(scene, "PUT", target, x_oss_copy_source_if_match=etag(b"other"), **named)
    copied = ask(scene, "PUT", target, **named)

    assert (unchanged.status, unchanged.body) == (304, b"")
    assert changed.refusal == (412, "PreconditionFailed", "")
    assert (copied.status, copied.headers["ETag"]) == (200, etag(b"of another"))


def test_checks_the_body_of_a_part(scene: Scene) -> None:
    target = f"/a?partNumber=1&uploadId={initiate(scene)}"
    wrong = base64.b64encode(hashlib.md5(b"").digest()).decode()

    refusals = [
        ask(scene, "PUT", target, b"x", content_length="1", content_md5=wrong).refusal,
        ask(scene, "PUT", target, b"x").refusal,
        ask(scene, "PUT", target, b"x", content_length="2").refusal,
        ask(scene, "PUT", target, b"x", content_length="1", x_oss_server_side_encryption="KMS").refusal,
    ]

    assert refusals == [
        (400, "InvalidDigest", "0017-00000503"),
        (411, "MissingContentLength", ""),
        (400, "IncompleteBody", ""),
        (400, "InvalidArgument", ""),
    ]
    assert list((scene.folder / "objects").iterdir()) == []


def test_abort_answers_once_without_a_body(scene: Scene) -> None:
    upload_id, document = filled(scene)
    target = f"/a?uploadId={upload_id}"

    answer = ask(scene, "DELETE", target)

    assert (answer.status, answer.body) == (204, b"")
    assert ask(scene, "DELETE", target).refusal == (404, "NoSuchUpload", "0042-00000002")
    assert ask(scene, "GET", target).refusal == (404, "NoSuchUpload", "0042-00000002")
    assert complete(scene, upload_id, document).refusal == (404, "NoSuchUpload", "")
    assert list((scene.folder / "objects").iterdir()) == []


def test_a_second_complete_finds_no_upload(scene: Scene) -> None:
    upload_id, document = filled(scene)
    complete(scene, upload_id, document)

    again = complete(scene, upload_id, document)

    assert again.refusal == (404, "NoSuchUpload", "")
    assert again.error["UploadId"] == upload_id
    assert scene.stored("a").size == len(BIG) + 3


def test_lists_parts_page_by_page(scene: Scene) -> None:
    upload_id, _ = filled(scene)

    whole = ask(scene, "GET", f"/a?uploadId={upload_id}").body.decode()
    first = ET.fromstring(ask(scene, "GET", f"/a?max-parts=1&uploadId={upload_id}").body)
    second = ET.fromstring(ask(scene, "GET", f"/a?part-number-marker=1&uploadId={upload_id}").body)

    (part,) = scene.bucket.store.multipart.parts("a", upload_id, after=1, limit=1)[1]
    assert whole.startswith(
        f"{XML}<ListPartsResult>\n  <Bucket>{BUCKET}</Bucket>\n  <Key>a</Key>\n"
        f"  <UploadId>{upload_id}</UploadId>\n  <StorageClass>Standard</StorageClass>\n"
        "  <PartNumberMarker>0</PartNumberMarker>\n  <NextPartNumberMarker>2</NextPartNumberMarker>\n"
        "  <MaxParts>1000</MaxParts>\n  <IsTruncated>false</IsTruncated>\n"
    )
    assert whole.endswith(
        "  <Part>\n    <PartNumber>2</PartNumber>\n"
        "    <LastModified>2026-09-21T14:13:20.000Z</LastModified>\n"
        f"    <ETag>{etag(b'end')}</ETag>\n    <HashCrc64ecma>{part.crc64}</HashCrc64ecma>\n"
        "    <Size>3</Size>\n"
        "  </Part>\n</ListPartsResult>\n"
    )
    assert [part.findtext("PartNumber") for part in first.findall("Part")] == ["1"]
    assert (first.findtext("IsTruncated"), first.findtext("NextPartNumberMarker")) == ("true", "1")
    assert [part.findtext("PartNumber") for part in second.findall("Part")] == ["2"]


def test_an_upload_without_parts_lists_none(scene: Scene) -> None:
    answer = ET.fromstring(ask(scene, "GET", f"/a?uploadId={initiate(scene)}").body)

    assert (answer.findall("Part"), answer.findtext("NextPartNumberMarker")) == ([], "0")


@pytest.mark.parametrize(
    "query", ["max-parts=0", "max-parts=1001", "part-number-marker=x", "encoding-type=x"]
)
def test_refuses_wrong_parameters_of_a_list_of_parts(scene: Scene, query: str) -> None:
    answer = ask(scene, "GET", f"/a?{query}&uploadId={initiate(scene)}")

    assert answer.refusal == (400, "InvalidArgument", "")


def uploads(answer: Seen) -> tuple[list[str], list[str], Mapping[str, str]]:
    """Keys, common prefixes, and the other elements of a list of uploads."""
    root = ET.fromstring(answer.body)
    others = {child.tag: child.text or "" for child in root if not len(child)}
    keys = [element.text or "" for element in root.findall("Upload/Key")]
    return keys, [element.text or "" for element in root.findall("CommonPrefixes/Prefix")], others


def test_lists_uploads_page_by_page(scene: Scene) -> None:
    ids = {key: initiate(scene, key) for key in ("c", "b/2", "b/1", "a")}

    keys, prefixes, others = uploads(ask(scene, "GET", "/?max-uploads=2&uploads"))
    last = uploads(ask(scene, "GET", f"/?key-marker=b%2F1&upload-id-marker={ids['b/1']}&uploads"))

    assert (keys, prefixes) == (["a", "b/1"], [])
    assert others == {
        "Bucket": BUCKET,
        "KeyMarker": "",
        "UploadIdMarker": "",
        "NextKeyMarker": "b/1",
        "NextUploadIdMarker": ids["b/1"],
        "Delimiter": "",
        "Prefix": "",
        "MaxUploads": "2",
        "IsTruncated": "true",
    }
    assert (last[:2], last[2]["IsTruncated"]) == ((["b/2", "c"], []), "false")


def test_lists_uploads_by_prefix_and_delimiter(scene: Scene) -> None:
    for key in ("a", "b/1", "b/2"):
        initiate(scene, key)

    grouped = uploads(ask(scene, "GET", "/?delimiter=%2F&uploads"))

    assert grouped[:2] == (["a"], ["b/"])
    assert (grouped[2]["NextKeyMarker"], grouped[2]["NextUploadIdMarker"]) == ("b/", "")
    assert uploads(ask(scene, "GET", "/?encoding-type=url&prefix=b%2F1&uploads"))[0] == ["b%2F1"]
    assert uploads(ask(scene, "GET", "/?prefix=no&uploads"))[:2] == ([], [])


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/a?uploads"),
        ("PUT", "/a?partNumber=1&uploadId={id}"),
        ("POST", "/a?uploadId={id}"),
        ("GET", "/a?uploadId={id}"),
        ("DELETE", "/a?uploadId={id}"),
        ("GET", "/?uploads"),
    ],
)
def test_every_operation_needs_a_signature(scene: Scene, method: str, target: str) -> None:
    upload_id, _ = filled(scene)

    answer = scene.request(method, target.format(id=upload_id), {"content-length": "1"}, b"x")

    assert answer.refusal == (403, "AccessDenied", "0003-00000001")
    assert len(scene.bucket.store.multipart.parts("a", upload_id, after=0, limit=9)[1]) == 2


def test_anybody_uploads_parts_where_anybody_may_write_but_lists_nothing(scene: Scene) -> None:
    scene.set(acl="public-read-write")
    upload_id, document = filled(scene)

    assert scene.request("GET", f"/a?uploadId={upload_id}").status == 403
    assert scene.request("POST", f"/a?uploadId={upload_id}", {}, document.encode()).status == 200


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", "/a?sequential&uploads"), ("HEAD", "/a?uploadId=1"), ("POST", "/?uploads")],
)
def test_what_is_not_emulated_says_so(scene: Scene, method: str, target: str) -> None:
    assert ask(scene, method, target).error["Code"] == "NotImplemented"


VARIABLES = "${etag} ${size} ${operation} ${mimeType} ${contentMd5} ${x:who}"


@pytest.mark.parametrize("way", ["query", "headers"])
def test_a_complete_is_answered_with_the_reply_to_its_callback(scene: Scene, way: str) -> None:
    upload_id, document = filled(scene)
    scene.replies = [json_reply(b'{"ok": 1}')]
    parameter, variables = callback_parameter(callbackBody=VARIABLES), encoded({"x:Who": "me"})
    if way == "query":
        query = f"callback={quote(parameter, safe='')}&callback-var={quote(variables, safe='')}"
        answer = ask(scene, "POST", f"/a?{query}&uploadId={upload_id}", document)
    else:
        answer = complete(scene, upload_id, document, x_oss_callback=parameter, x_oss_callback_var=variables)

    assert (answer.status, answer.body) == (200, b'{"ok": 1}')
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["ETag"] == f'"{scene.stored("a").etag}"'
    sent = f"{scene.stored('a').etag} {len(BIG) + 3} CompleteMultipartUpload text%2Fplain  me"
    assert [body.decode() for _, body in scene.called] == [sent]


def test_a_callback_that_fails_leaves_the_object_and_ends_the_upload(scene: Scene) -> None:
    upload_id, document = filled(scene)
    scene.replies = [Unreachable()]

    answer = complete(scene, upload_id, document, x_oss_callback=callback_parameter())

    assert (answer.status, answer.error["Code"]) == (203, "CallbackFailed")
    assert scene.stored("a")
    assert complete(scene, upload_id, document).status == 404


@pytest.mark.parametrize(
    ("headers", "ec"),
    [
        ({"x_oss_callback": "e30="}, "0007-00000004"),
        ({"x_oss_callback": callback_parameter(), "x_oss_callback_var": "e30"}, ""),
        ({"x_oss_callback": callback_parameter(), "x_oss_callback_var": "W10="}, ""),
        ({"x_oss_callback": callback_parameter(), "x_oss_callback_var": encoded({"a": "b"})}, ""),
        ({"x_oss_callback": callback_parameter(), "x_oss_callback_var": encoded({"x:a": 1})}, ""),
        ({"x_oss_callback": callback_parameter(), "x_oss_callback_var": encoded({"x:a": "1" * 5000})}, ""),
    ],
)
def test_a_wrong_callback_leaves_the_upload(scene: Scene, headers: dict[str, str], ec: str) -> None:
    upload_id, document = filled(scene)

    assert complete(scene, upload_id, document, **headers).refusal == (400, "InvalidArgument", ec)
    assert complete(scene, upload_id, document).status == 200


def test_a_callback_comes_in_one_way(scene: Scene) -> None:
    upload_id, document = filled(scene)
    target = f"/a?callback=e30%3D&uploadId={upload_id}"

    answer = ask(scene, "POST", target, document, x_oss_callback=callback_parameter())

    assert answer.refusal == (400, "InvalidArgument", "0007-00000027")


def test_a_put_is_answered_with_the_reply_to_its_callback(scene: Scene) -> None:
    scene.replies = [json_reply(b'{"ok": 1}')]
    parameter = callback_parameter(callbackBody="${object} ${operation}")

    answer = ask(scene, "PUT", "/b", b"x", content_length="1", x_oss_callback=parameter)

    assert (answer.status, answer.body) == (200, b'{"ok": 1}')
    assert [body for _, body in scene.called] == [b"b PutObject"]


def test_the_answer_of_a_complete_can_be_lost(scene: Scene) -> None:
    upload_id, document = filled(scene)
    scene.bucket.faults.set({"fault": "answer_lost"})

    with pytest.raises(ConnectionLost):
        complete(scene, upload_id, document)
    assert scene.stored("a").last_modified == NOW + 0.25


MESSAGES = {
    "NoSuchUpload": "The specified upload does not exist. "
    "The upload ID may be invalid, or the upload may have been aborted or completed.",
    "InvalidPart": "One or more of the specified parts could not be found "
    "or the specified entity tag might not have matched the part's entity tag.",
    "InvalidPartOrder": "The list of parts was not in ascending order. "
    "Parts list must specified in order by part number.",
    "EntityTooSmall": "Your proposed upload smaller than the minimum allowed size.",
    "MalformedXML": "The XML you provided was not well-formed "
    "or did not validate against our published schema.",
    "InvalidArgument": "Part number must be an integer between 1 and 10000, inclusive.",
}


def test_each_refusal_has_the_words_of_oss(scene: Scene) -> None:
    upload_id, _ = filled(scene)
    upload_part(scene, upload_id, 3, b"last")
    documents = {
        "InvalidPart": listing((1, "x")),
        "InvalidPartOrder": listing((2, "x"), (1, "x")),
        "EntityTooSmall": listing((2, etag(b"end")), (3, etag(b"last"))),
        "MalformedXML": "",
        "InvalidArgument": listing((10_001, "x")),
    }
    refused = [complete(scene, upload_id, document) for document in documents.values()]
    refused.append(ask(scene, "DELETE", f"/a?uploadId={WRONG_ID}"))

    assert {answer.error["Code"]: answer.error["Message"] for answer in refused} == MESSAGES


@pytest.mark.parametrize("seed", range(5))
def test_no_mutation_of_a_document_is_an_internal_error(scene: Scene, seed: int) -> None:
    dice = random.Random(seed)
    upload_id, right = filled(scene)

    statuses = set()
    for _ in range(200):
        mutated = bytearray(right.encode())
        for _ in range(dice.randint(1, 4)):
            start = dice.randrange(len(mutated))
            mutated[start : start + dice.randint(0, 5)] = dice.randbytes(dice.randint(0, 3))
        answer = ask(scene, "POST", f"/a?uploadId={upload_id}", bytes(mutated))
        statuses.add(answer.status)
        if answer.status == 200:  # a change that means nothing, such as a blank between elements
            upload_id, right = filled(scene)

    assert statuses - {200} == {400}
