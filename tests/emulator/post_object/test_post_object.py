import base64
import hashlib
import hmac
import threading
from typing import Any

import pytest

from oss_emulator.auth.credentials import Credential
from oss_emulator.errors import OssError
from oss_emulator.http_messages import ConnectionLost
from tests.support.emulator.scene import (
    BOUNDARY,
    EXPIRED,
    KEY,
    NOW,
    ORIGIN,
    TEMPORARY,
    Scene,
    Seen,
    callback_parameter,
    file_part,
    json_reply,
    multipart,
    part,
    policy_text,
    signature,
    signed,
)

SHA_OF_HELLO = "5D41402ABC4B2A76B9719D911017C592"


def test_stores_what_was_sent_and_answers_204_without_a_body(scene: Scene) -> None:
    answer = scene.upload({"key": "uploads/a.txt"})

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["ETag"] == f'"{SHA_OF_HELLO}"'
    assert answer.headers["x-oss-hash-crc64ecma"] == "11177612005948864433"
    found = scene.bucket.store.open("uploads/a.txt")
    assert found
    with found[1] as content:
        assert content.read() == b"hello"


@pytest.mark.parametrize(("status", "expected"), [("200", 200), ("204", 204), ("201", 201), ("302", 204)])
def test_answers_the_status_that_was_asked_for(scene: Scene, status: str, expected: int) -> None:
    assert scene.upload({"key": "a", "success_action_status": status}).status == expected


def test_describes_the_object_in_xml_for_201(scene: Scene) -> None:
    answer = scene.upload({"key": "dir/a&b.txt", "success_action_status": "201"})

    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.error == {
        "Bucket": "examplebucket",
        "Location": "http://127.0.0.1:9000/dir%2Fa%26b.txt",
        "Key": "dir/a&b.txt",
        "ETag": f'"{SHA_OF_HELLO}"',
    }


def test_field_names_have_no_case(scene: Scene) -> None:
    fields = {name.upper(): value for name, value in signed({"key": "a"}).items()}

    assert scene.post(fields).status == 204


def test_a_refusal_looks_like_oss_s(scene: Scene) -> None:
    answer = scene.post(
        signed({"key": "a"}, conditions=[["eq", "$success_action_status", "200"]]), headers={"Origin": ORIGIN}
    )

    request_id = answer.headers["x-oss-request-id"]
    assert len(request_id) == 24
    assert answer.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<Error>\n"
        "  <Code>AccessDenied</Code>\n"
        "  <Message>Invalid according to Policy: Policy Condition failed: "
        '["eq", "$success_action_status", "200"]</Message>\n'
        f"  <RequestId>{request_id}</RequestId>\n"
        "  <HostId>127.0.0.1:9000</HostId>\n"
        "  <EC>0006-00000226</EC>\n"
        "  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0006-00000226</RecommendDoc>\n"
        "</Error>\n"
    )
    assert int(request_id[:8], 16) == int(scene.now)
    assert answer.headers == {
        "Content-Type": "application/xml",
        "x-oss-request-id": request_id,
        "x-oss-server-time": "0",
        "x-oss-ec": "0006-00000226",
        "Vary": "Origin",
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Expose-Headers": "ETag, x-oss-request-id, x-oss-hash-crc64ecma",
    }


def test_each_check_comes_in_its_documented_place(scene: Scene) -> None:
    """Begin with a form with every fault, correct one after the other, and see the refusal of the next."""
    scene.upload({"key": "taken"})
    seen: list[tuple[int, str, str]] = []

    def meet(answer: Seen) -> None:
        seen.append(answer.refusal)

    fields = {"x-oss-forbid-overwrite": "true", "callback": "%"}
    meet(scene.send(multipart(fields), {"content-type": "text/plain"}))
    meet(scene.send(multipart(fields)))
    meet(scene.post(fields))
    fields |= {"key": "taken", "x-oss-signature-version": "OSS4-HMAC-SHA256"}
    meet(scene.post(fields))
    fields |= {"policy": "e30=", "x-oss-signature": "0" * 64}
    fields |= {
        "x-oss-credential": "nobody/20260101/cn-beijing/oss/aliyun_v4_request",
        "x-oss-date": "20260101T000000Z",
    }
    meet(scene.post(fields))
    fields["x-oss-credential"] = fields["x-oss-credential"].replace("nobody", KEY.access_key_id)
    meet(scene.post(fields))
    fields |= {
        name: value for name, value in signed({}).items() if name in {"x-oss-credential", "x-oss-date"}
    }
    meet(scene.post(fields))
    meet(scene.post({**fields, **signature(fields["policy"])}))
    late = policy_text([["eq", "$key", "other"]], NOW)
    meet(scene.post({**fields, "policy": late, **signature(late)}))
    other = policy_text([["eq", "$key", "other"]])
    meet(scene.post({**fields, "policy": other, **signature(other)}))
    meet(scene.upload({"key": "taken", "x-oss-forbid-overwrite": "true", "callback": "%"}))
    callback = callback_parameter()
    meet(scene.upload({"key": "taken", "x-oss-forbid-overwrite": "true", "callback": callback}))
    meet(scene.post(signed({"key": "a", "callback": callback}, conditions=[["content-length-range", 9, 9]])))

    assert seen == [
        (400, "RequestIsNotMultiPartContent", ""),
        (400, "IncorrectNumberOfFilesInPOSTRequest", "0006-00000107"),
        (400, "InvalidArgument", ""),
        (400, "InvalidArgument", "0002-00000702"),
        (403, "InvalidAccessKeyId", "0002-00000902"),
        (400, "InvalidArgument", "0002-00000709"),
        (403, "SignatureDoesNotMatch", "0002-00000705"),
        (400, "InvalidPolicyDocument", "0006-00000209"),
        (403, "AccessDenied", "0006-00000213"),
        (403, "AccessDenied", "0006-00000227"),
        (400, "InvalidArgument", "0007-00000002"),
        (409, "FileAlreadyExists", "0026-00000002"),
        (400, "EntityTooSmall", "0006-00000004"),
    ]
    assert scene.stored("a") is None
    assert scene.called == []


@pytest.mark.parametrize(
    ("key", "token", "expected"),
    [
        (TEMPORARY, TEMPORARY.security_token, None),
        (TEMPORARY, "", (403, "InvalidAccessKeyId", "0002-00000003")),
        (TEMPORARY, "CAISWRONG", (403, "InvalidSecurityToken", "0002-00000006")),
        (TEMPORARY, "CAISOLD", (403, "AccessKeyIdAndSecurityTokenNotMatch", "0002-00000004")),
        (KEY, "CAISEXAMPLE", (403, "AccessKeyIdAndSecurityTokenNotMatch", "0002-00000004")),
        (EXPIRED, EXPIRED.security_token, (403, "SecurityTokenExpired", "0002-00000007")),
    ],
)
def test_checks_security_tokens(
    scene: Scene, key: Credential, token: str, expected: tuple[int, str, str] | None
) -> None:
    sent = Credential(key.access_key_id, key.access_key_secret, token)

    answer = scene.post(signed({"key": "a"}, key=sent))

    assert (answer.refusal if answer.body else None) == expected


def test_refuses_a_policy_that_expired_while_the_file_was_coming(scene: Scene) -> None:
    form = signed({"key": "a"})
    commit, scene_now = scene.bucket.store.start, scene.now

    def slow_start() -> Any:
        scene.now = scene_now + 300
        return commit()

    scene.bucket.store.start = slow_start  # type: ignore[method-assign]

    assert scene.post(form).refusal == (403, "AccessDenied", "0006-00000213")
    assert scene.stored("a") is None


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "EntityTooSmall"), (2, ""), (4, ""), (5, "EntityTooLarge")]
)
def test_measures_the_file_against_the_size_range(scene: Scene, size: int, expected: str) -> None:
    answer = scene.post(signed({"key": "a"}, conditions=[["content-length-range", 2, 4]]), b"x" * size)

    assert (answer.error["Code"] if answer.body else "") == expected
    assert (scene.stored("a") is None) == bool(expected)


def test_takes_an_empty_file(scene: Scene) -> None:
    assert scene.post(signed({"key": "a"}, conditions=[["content-length-range", 0, 0]]), b"").status == 204
    assert scene.stored("a").size == 0


def test_fields_after_the_file_are_ignored(scene: Scene) -> None:
    form = signed({"key": "a"})
    late = part("x-oss-storage-class", "IA") + part("submit", "Upload to OSS") + b"not even a form"

    assert scene.send(multipart(form, file_part(b"hello"), late)).status == 204
    assert scene.stored("a").storage_class == "Standard"


def test_stores_nothing_of_a_form_that_is_cut_off_in_the_file(scene: Scene) -> None:
    body = multipart(signed({"key": "a"}), file_part(b"x" * 100_000))

    assert scene.send(body[:-50_000]).refusal == (400, "MalformedPOSTRequest", "0006-00000104")
    assert scene.stored("a") is None
    assert list((scene.folder / "objects").iterdir()) == []


def test_the_file_s_name_goes_into_the_key_after_the_policy_was_checked(scene: Scene) -> None:
    form = signed({"key": "up/${filename}"}, pinned=False, conditions=[["eq", "$key", r"up/\${filename}"]])

    assert scene.post(form, filename="图 片.jpg").status == 204
    assert scene.stored("up/图 片.jpg").size == 5


@pytest.mark.parametrize(
    ("filename", "key"),
    [("a/图.jpg", "up/a/图.jpg"), (r"C:\Users\me\图.jpg", "up/图.jpg"), (r"\\pc\图.jpg", "up/图.jpg")],
)
def test_a_name_keeps_its_folders_but_not_those_of_windows(scene: Scene, filename: str, key: str) -> None:
    form = signed({"key": "up/${filename}"}, pinned=False, conditions=[["eq", "$key", r"up/\${filename}"]])

    assert scene.post(form, filename=filename).status == 204
    assert scene.stored(key).size == 5


@pytest.mark.parametrize(
    ("key", "ec"),
    [
        ("/a", "0016-00000005"),
        ("\\a", "0016-00000005"),
        ("é" * 512, "0016-00000003"),
        ("${filename}", "0016-00000001"),
    ],
)
def test_refuses_keys_that_oss_cannot_hold(scene: Scene, key: str, ec: str) -> None:
    answer = scene.post(signed({"key": key}, pinned=False), filename="")

    assert answer.refusal == (400, "InvalidObjectName", ec)


@pytest.mark.parametrize("key", ["../../escape", "a\0b", "a//b", ".", "x" * 1023, "e\u0301/é/🙂", "a\nb"])
def test_any_other_key_is_stored_inside_the_folder(scene: Scene, key: str) -> None:
    form = signed({"key": key})

    assert scene.post(form).status == 204
    assert scene.stored(key).key == key
    assert {path.name.partition(".")[0] for path in scene.folder.iterdir()} == {"index", "objects"}
    assert [path.name for path in (scene.folder / "objects").iterdir()] == [scene.stored(key).content_file]


@pytest.mark.parametrize(
    ("fields", "part_type", "expected"),
    [
        ({"x-oss-content-type": "a/1", "Content-Type": "a/3"}, "a/2", "a/1"),
        ({"Content-Type": "a/3"}, "a/2", "a/2"),
        ({"Content-Type": "a/3"}, None, "a/3"),
        ({}, None, "application/octet-stream"),
    ],
)
def test_the_stored_type_has_its_priority(
    scene: Scene, fields: dict[str, str], part_type: str | None, expected: str
) -> None:
    assert scene.upload({"key": "a", **fields}, content_type=part_type).status == 204
    assert scene.stored("a").headers["Content-Type"] == expected


def test_stores_headers_acl_and_storage_class(scene: Scene) -> None:
    fields = {
        "key": "a",
        "Content-Disposition": "attachment; filename*=UTF-8''%C3%A9.txt",
        "Cache-Control": "no-cache",
        "x-oss-meta-who": "é",
        "x-oss-object-acl": "private",
        "x-oss-storage-class": "IA",
    }

    assert scene.upload(fields, headers={"x-oss-object-acl": "public-read"}).status == 204
    stored = scene.stored("a")
    assert stored.headers == {
        "Content-Type": "text/plain",
        "Cache-Control": "no-cache",
        "Content-Disposition": "attachment; filename*=UTF-8''%C3%A9.txt",
        "x-oss-meta-who": "é",
    }
    assert (stored.acl, stored.storage_class) == ("private", "IA")


def test_the_acl_header_counts_where_no_field_says_otherwise(scene: Scene) -> None:
    assert scene.upload({"key": "a"}, headers={"x-oss-object-acl": "public-read"}).status == 204
    assert scene.stored("a").acl == "public-read"


KMS = {"x-oss-server-side-encryption": "KMS"}


@pytest.mark.parametrize(
    ("fields", "ec"),
    [
        ({"x-oss-object-acl": "everyone"}, "0017-00000104"),
        ({"x-oss-object-acl": ""}, "0017-00000105"),
        ({"x-oss-storage-class": "Cold"}, "0017-00000132"),
        ({"x-oss-storage-class": ""}, "0017-00000131"),
        ({"x-oss-forbid-overwrite": "abc"}, "0017-00000279"),
        ({"x-oss-server-side-encryption-key-id": "k"}, "0005-00000204"),
        ({**KMS, "x-oss-server-side-encryption-key-id": ""}, "0005-00000205"),
        ({**KMS, "x-oss-server-side-data-encryption": "AES256"}, "0005-00000203"),
        ({"x-oss-server-side-data-encryption": "SM4"}, "0005-00000203"),
        ({"Content-Disposition": "a\r\nSet-Cookie: x"}, ""),
        ({"x-oss-meta-a b": "1"}, ""),
        ({"x-oss-meta-a:b": "1"}, ""),
        ({"x-oss-meta-é": "1"}, ""),
        ({"x-oss-meta-a": "x" * 4000, "x-oss-meta-b": "x" * 4000, "x-oss-meta-c": "x" * 400}, ""),
    ],
)
def test_refuses_metadata_that_oss_cannot_store(scene: Scene, fields: dict[str, str], ec: str) -> None:
    assert scene.upload({"key": "a", **fields}).refusal == (400, "InvalidArgument", ec)
    assert scene.stored("a") is None


@pytest.mark.parametrize(
    "fields",
    [
        {"x-oss-server-side-encryption": "AES256"},
        {"x-oss-server-side-encryption": "SM4"},
        {
            **KMS,
            "x-oss-server-side-encryption-key-id": "9468da86",
            "x-oss-server-side-data-encryption": "SM4",
        },
    ],
)
def test_gives_encryption_back_as_headers(scene: Scene, fields: dict[str, str]) -> None:
    answer = scene.upload({"key": "a", "x-oss-object-acl": "public-read", **fields})

    for headers in (answer.headers, scene.request("GET", "/a").headers):
        assert {name: value for name, value in headers.items() if "encryption" in name} == fields


def test_keeps_no_tags(scene: Scene) -> None:
    assert scene.upload({"key": "a", "x-oss-tagging": "a=b"}).status == 204
    assert scene.stored("a").headers == {"Content-Type": "text/plain"}


@pytest.mark.parametrize("name", ["Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"])
def test_knows_oss_s_storage_classes(scene: Scene, name: str) -> None:
    assert scene.upload({"key": "a", "x-oss-storage-class": name}).status == 204
    assert scene.stored("a").storage_class == name


@pytest.mark.parametrize("acl", ["public-read", "public-read-write"])
def test_block_public_access_refuses_a_public_acl(scene: Scene, acl: str) -> None:
    scene.set(block_public_access=True)

    for answer in (
        scene.upload({"key": "a", "x-oss-object-acl": acl}),
        scene.upload({"key": "a"}, headers={"x-oss-object-acl": acl}),
    ):
        assert answer.refusal == (403, "AccessDenied", "0016-00000901")
        assert answer.error["Message"] == "Put public object acl is not allowed"
    assert scene.stored("a") is None
    assert scene.upload({"key": "a", "x-oss-object-acl": "private"}).status == 204


LOCATION = "bucket=examplebucket&key=a%26b%2F%C3%A9.txt&etag=%225D41402ABC4B2A76B9719D911017C592%22"


@pytest.mark.parametrize(
    ("address", "location"),
    [
        ("http://a.example/done", f"http://a.example/done?{LOCATION}"),
        ("https://a.example:8443?x=%31", f"https://a.example:8443?x=%31&{LOCATION}"),
        ("HTTP://a.example/#top", f"http://a.example/?{LOCATION}#top"),
    ],
)
def test_sends_the_browser_on_with_bucket_key_and_etag(scene: Scene, address: str, location: str) -> None:
    fields = {"key": "a&b/é.txt", "success_action_redirect": address, "success_action_status": "201"}

    answer = scene.upload(fields)

    assert (answer.status, answer.headers["Location"], answer.body) == (303, location, b"")
    assert answer.headers["ETag"] == f'"{SHA_OF_HELLO}"'


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/done",
        "done",
        "ftp://a.example/",
        "javascript:alert(1)",
        "http:///done",
        "http://[x/",
        "http://a.example/é",
        "http://a.example/\r\nSet-Cookie: x=1",
        "http://a.example/ x",
    ],
)
def test_an_invalid_redirect_address_is_ignored(scene: Scene, address: str) -> None:
    fields = {"key": "a", "success_action_redirect": address, "success_action_status": "200"}

    answer = scene.upload(fields)

    assert (answer.status, answer.headers.get("Location")) == (200, None)


def test_a_refused_upload_redirects_nowhere(scene: Scene) -> None:
    fields = {"key": "a", "success_action_redirect": "http://a.example/"}
    answer = scene.post(signed(fields, conditions=[["content-length-range", 9, 9]]))

    assert (answer.status, answer.headers.get("Location")) == (400, None)


@pytest.mark.parametrize(("reply", "expected"), [(200, 200), (500, 203)])
def test_a_callback_s_outcome_wins_over_the_redirect(scene: Scene, reply: int, expected: int) -> None:
    scene.replies = [json_reply(status=reply)]
    fields = {"key": "a", "success_action_redirect": "http://a.example/", "callback": callback_parameter()}

    answer = scene.upload(fields)

    assert (answer.status, answer.headers.get("Location")) == (expected, None)


def test_overwrites_unless_forbidden(scene: Scene) -> None:
    forbidding = {"key": "a", "x-oss-forbid-overwrite": "true"}

    assert [
        scene.upload(forbidding, b"1").status,
        scene.upload(forbidding, b"2").status,
        scene.upload({"key": "a", "x-oss-forbid-overwrite": "false"}, b"33").status,
    ] == [204, 409, 204]
    assert scene.stored("a").size == 2
    assert len(list((scene.folder / "objects").iterdir())) == 1


def test_a_key_that_is_taken_is_refused_before_the_file_is_read(scene: Scene) -> None:
    scene.upload({"key": "a"})
    form = signed({"key": "a", "x-oss-forbid-overwrite": "true"}, conditions=[["content-length-range", 0, 1]])

    assert scene.post(form, b"longer than the policy allows").refusal == (
        409,
        "FileAlreadyExists",
        "0026-00000002",
    )


def test_one_of_two_uploads_at_once_that_forbid_overwriting_succeeds(scene: Scene) -> None:
    """Both pass the first check, so the commit must check again."""
    together = threading.Barrier(2)
    start = scene.bucket.store.start
    form = signed({"key": "a", "x-oss-forbid-overwrite": "true"})
    statuses = []

    def start_together() -> Any:
        together.wait(10)
        return start()

    scene.bucket.store.start = start_together  # type: ignore[method-assign]
    threads = [threading.Thread(target=lambda: statuses.append(scene.post(form).status)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [204, 409]
    assert len(list((scene.folder / "objects").iterdir())) == 1


@pytest.mark.parametrize(("whose", "expected"), [("this", 204), ("another", 400)])
def test_compares_content_md5_with_the_whole_body(scene: Scene, whose: str, expected: int) -> None:
    body = multipart(signed({"key": "a"}), file_part(b"hello"))
    digest = base64.b64encode(hashlib.md5(body if whose == "this" else b"").digest()).decode()

    answer = scene.send(body, {"Content-MD5": digest})

    assert answer.status == expected
    assert (scene.stored("a") is None) == (expected == 400)
    if expected == 400:
        assert answer.error["Code"] == "InvalidDigest"


def test_refuses_a_body_over_5_gb_whose_length_was_not_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oss_emulator.post_object.upload.MAX_BODY_BYTES", 2000)
    body = multipart(signed({"key": "a"}), file_part(b"x" * 2000))

    answer = scene.send(body, {"content-length": ""})

    assert answer.error["Message"] == "Post body size must be less than 5G."
    assert scene.stored("a") is None


@pytest.mark.parametrize(
    "settings",
    [
        {"acl": "private"},
        {"acl": "public-read"},
        {"acl": "public-read-write", "block_public_access": True},
    ],
)
def test_an_anonymous_upload_needs_a_bucket_that_anybody_may_write(
    scene: Scene, settings: dict[str, Any]
) -> None:
    scene.set(**settings)

    assert scene.post({"key": "a"}).refusal == (403, "AccessDenied", "0003-00000001")


def test_anybody_may_write_to_a_public_bucket_and_be_called_back(scene: Scene) -> None:
    scene.set(acl="public-read-write")
    scene.replies = [json_reply()]

    answer = scene.post({"key": "a", "x-oss-meta-a": "1", "callback": callback_parameter()})

    assert (answer.status, scene.stored("a").size) == (200, 5)


@pytest.mark.parametrize("name", ["OSSAccessKeyId", "policy", "Signature", "x-oss-credential", "x-oss-date"])
def test_a_form_with_one_signature_field_is_not_anonymous(scene: Scene, name: str) -> None:
    scene.set(acl="public-read-write")

    answer = scene.post({"key": "a", name: "x"})

    assert (answer.status, answer.error["Code"]) == (400, "InvalidArgument")
    assert scene.stored("a") is None


@pytest.mark.parametrize("versioning", ["Enabled", "Suspended"])
def test_a_versioned_bucket_names_the_version_it_wrote(scene: Scene, versioning: str) -> None:
    status = f"<Status>{versioning}</Status>"
    document = f"<VersioningConfiguration>{status}</VersioningConfiguration>"
    scene.bucket.configuration.put("versioning", document.encode())
    scene.replies = [json_reply(status=500)]
    fields = {"key": "a", "x-oss-forbid-overwrite": "true"}

    answers = [scene.upload(fields), scene.upload({**fields, "callback": callback_parameter()})]

    versions = [answer.headers["x-oss-version-id"] for answer in answers]
    assert versions[-1] == scene.stored("a").version_id
    assert (versions == ["null", "null"]) == (versioning == "Suspended")
    assert [answer.status for answer in answers] == [204, 203]


def test_hands_the_callback_s_answer_to_the_uploader(scene: Scene) -> None:
    scene.replies = [json_reply(b'{"id": 1}')]

    answer = scene.upload(
        {"key": "a b.txt", "callback": callback_parameter(), "success_action_status": "204"}
    )

    assert (answer.status, answer.body) == (200, b'{"id": 1}')
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["ETag"] == f'"{SHA_OF_HELLO}"'
    assert scene.called == [("/callback", b"object=a%20b.txt&size=5")]


@pytest.mark.parametrize(
    ("target", "headers", "fields"),
    [
        ("/?callback=x", {"x-oss-callback": "x"}, {}),
        ("/?callback=x", {}, {"callback": "x"}),
        ("/", {"x-oss-callback": "x"}, {"callback": "x"}),
    ],
)
def test_a_callback_is_given_in_one_place_only(
    scene: Scene, target: str, headers: dict[str, str], fields: dict[str, str]
) -> None:
    body = multipart(signed({"key": "a", **fields}), file_part(b"hello"))
    form = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}

    answer = scene.request("POST", target, {**form, **headers}, body)

    assert answer.refusal == (400, "InvalidArgument", "0007-00000027")
    assert answer.error["Message"] == (
        "Either the callback query string parameter or the x-oss-callback header should be specified, "
        "not both."
    )


def test_a_refused_upload_calls_nobody_back(scene: Scene) -> None:
    form = signed({"key": "a", "callback": callback_parameter()}, conditions=[["content-length-range", 9, 9]])

    assert scene.post(form).error["Code"] == "EntityTooSmall"
    assert scene.called == []


@pytest.mark.parametrize(("positions", "expected"), [("refuse", 400), ("allow", 200)])
def test_private_callback_addresses_are_refused_unless_allowed(
    scene: Scene, positions: str, expected: int
) -> None:
    scene.set(private_callbacks=positions == "allow")
    scene.replies = [json_reply()]
    callback = callback_parameter(callbackUrl="http://127.0.0.1/x")

    assert scene.upload({"key": "a", "callback": callback}).status == expected
    assert (scene.stored("a") is not None) == (expected == 200)


def test_accepts_a_v1_form_where_the_bucket_still_takes_them(scene: Scene) -> None:
    policy = policy_text([{"bucket": "examplebucket"}, ["content-length-range", 0, 9]])
    mac = hmac.new(KEY.access_key_secret.encode(), policy.encode(), hashlib.sha1).digest()
    fields = {"key": "a", "OSSAccessKeyId": KEY.access_key_id, "policy": policy}
    fields["Signature"] = base64.b64encode(mac).decode()

    assert scene.post(fields).refusal == (403, "AccessDenied", "0002-00000080")
    scene.set(v1_signatures=True)
    assert scene.post(fields).status == 204
    assert scene.post({**fields, "Signature": "x"}).refusal == (403, "SignatureDoesNotMatch", "0002-00000705")


def doubled(name: str, values: tuple[str, str], others: dict[str, str] | None = None) -> bytes:
    """A form signed for the first of two values of one field."""
    form = signed({"key": "a", **(others or {}), name: values[0]})
    return multipart(form, part(name, values[1]), file_part(b"hello"))


@pytest.mark.parametrize(
    ("position", "expected", "stored"),
    [
        ("first", 204, ["a"]),
        ("last", 403, []),
        ("first_checked_last_stored", 204, ["b"]),
    ],
)
def test_the_switch_says_which_of_two_keys_is_checked_and_which_stored(
    scene: Scene, position: str, expected: int, stored: list[str]
) -> None:
    scene.set(switches=f"doubled_field={position}")

    assert scene.send(doubled("key", ("a", "b"))).status == expected
    assert [key for key in ("a", "b") if scene.stored(key)] == stored


def test_metadata_and_variables_may_be_the_last_of_doubled_fields(scene: Scene) -> None:
    scene.set(switches="doubled_field=first_checked_last_stored")
    scene.replies = [json_reply()]
    callback = callback_parameter(callbackBody="who=${x:who}")
    form = signed({"key": "a", "callback": callback, "x:who": "me", "x-oss-meta-a": "1"})
    late = part("x:who", "you") + part("x-oss-meta-a", "2") + part("callback", "%") + part("policy", "%")

    assert scene.send(multipart(form, late, file_part(b"hello"))).status == 200
    assert scene.called == [("/callback", b"who=you")]
    assert scene.stored("a").headers["x-oss-meta-a"] == "2"


def test_a_key_that_is_only_in_the_last_view_is_still_judged(scene: Scene) -> None:
    scene.set(switches="doubled_field=first_checked_last_stored")

    assert scene.send(doubled("key", ("a", "/b"))).refusal == (400, "InvalidObjectName", "0016-00000005")


def test_token_expired_applies_to_the_next_request_with_a_token(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "token_expired"})
    wrong = Credential(TEMPORARY.access_key_id, TEMPORARY.access_key_secret, "CAISWRONG")

    answers = [scene.post(signed({"key": "a"}, key=key)) for key in (KEY, wrong, TEMPORARY, TEMPORARY)]

    assert [answer.refusal if answer.body else None for answer in answers] == [
        None,
        (403, "InvalidSecurityToken", "0002-00000006"),
        (403, "SecurityTokenExpired", "0002-00000007"),
        None,
    ]


@pytest.mark.parametrize("after_bytes", [0, 100, 10_000])
def test_a_stall_pauses_once_and_goes_on(scene: Scene, after_bytes: int) -> None:
    scene.bucket.faults.set({"fault": "stall", "after_bytes": after_bytes, "seconds": 2.5})

    assert scene.upload({"key": "a"}, b"x" * 20_000).status == 204
    assert (scene.waited, scene.stored("a").size) == ([2.5], 20_000)


def test_a_stall_after_the_end_does_not_happen(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "stall", "after_bytes": 1_000_000, "seconds": 1})

    assert scene.upload({"key": "a"}).status == 204
    assert scene.waited == []


def test_an_answer_may_be_lost_after_the_object_was_stored_and_called_back(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "answer_lost"})
    scene.replies = [json_reply()]

    with pytest.raises(ConnectionLost):
        scene.upload({"key": "a", "callback": callback_parameter()})
    assert (scene.stored("a").size, len(scene.called)) == (5, 1)


def test_a_refused_upload_loses_no_answer(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "answer_lost"})

    assert scene.post({"key": "a"}).status == 403
    assert scene.bucket.faults.pending() == [{"fault": "answer_lost", "requests": 1}]


def test_the_history_has_a_refusal_with_its_reason_and_its_fields(scene: Scene) -> None:
    scene.post(signed({"key": "a"}, conditions=[["starts-with", "$key", "up/"]]))

    (refusal,) = scene.bucket.history.refusals()
    assert refusal.explanation == {
        "condition": '["starts-with", "$key", "up/"]',
        "field": "key",
        "expected": "up/",
        "got": "a",
    }
    assert refusal.fields["key"] == "a"


def test_no_refusal_tells_the_signature_it_expected(scene: Scene) -> None:
    form = signed({"key": "a"})
    scene.post({**form, **signature("something else")})

    (refusal,) = scene.bucket.history.refusals()
    assert refusal.explanation == {
        "expected string to sign": form["policy"],
        "got signature": "(64 characters)",  # it may be valid for another policy
    }
    assert form["x-oss-signature"] not in repr(refusal)


def test_the_history_has_a_refused_callback_parameter_decoded(scene: Scene) -> None:
    scene.upload({"key": "a", "callback": base64.b64encode(b"{'no': json}").decode()})

    (refusal,) = scene.bucket.history.refusals()
    assert refusal.explanation == {"field": "callback", "decoded": "{'no': json}"}


def test_an_error_shows_no_character_that_xml_cannot_hold(scene: Scene) -> None:
    answer = scene.upload({"key": "a", "x-oss-object-acl": "\x01<&>"})

    assert answer.error["ArgumentValue"] == "\ufffd<&>"


def test_errors_read_well_in_a_log() -> None:
    assert str(OssError(404, "NoSuchKey", "gone", "0026-00000001")) == "404 NoSuchKey 0026-00000001 gone"
