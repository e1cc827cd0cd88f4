"""Faults of PUT, GET and multipart uploads, limited to an operation or a part."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import quote

import pytest

from oss_emulator.auth import v1
from oss_emulator.http_messages import Body, ConnectionLost, Request
from oss_emulator.routing import respond
from oss_emulator.storage.multipart import Part
from tests.support.emulator.scene import BUCKET, NOW, Scene, Seen, callback_parameter, json_reply, signed
from tests.support.emulator.signed_requests import ask, read

PIECES = {1: b"1" * 102_400, 2: b"2" * 102_400, 3: b"end"}
CONTENT = b"".join(PIECES.values())
LOST = (404, "NoSuchUpload")


def fault(scene: Scene, name: str, **order: object) -> None:
    scene.bucket.faults.set({"fault": name, **order})


def pending(scene: Scene) -> list[object]:
    return [order["fault"] for order in scene.bucket.faults.pending()]


def put(scene: Scene, key: str = "a", content: bytes = b"hello", **headers: str) -> Seen:
    return ask(scene, "PUT", f"/{key}", content, content_length=str(len(content)), **headers)


def initiate(scene: Scene) -> str:
    answer = ask(scene, "POST", "/a?uploads")
    return answer.body.decode().split("<UploadId>")[1].split("<")[0]


def put_part(scene: Scene, upload_id: str, number: int, **headers: str) -> Seen:
    content = PIECES[number]
    target = f"/a?partNumber={number}&uploadId={upload_id}"
    return ask(scene, "PUT", target, content, content_length=str(len(content)), **headers)


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest().upper()}"'


def complete(scene: Scene, upload_id: str, **headers: str) -> Seen:
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag(content)}</ETag></Part>"
        for number, content in PIECES.items()
    )
    document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
    return ask(scene, "POST", f"/a?uploadId={upload_id}", document, **headers)


def filled(scene: Scene) -> str:
    upload_id = initiate(scene)
    for number in PIECES:
        assert put_part(scene, upload_id, number).status == 200
    return upload_id


def stored_parts(scene: Scene, upload_id: str) -> list[Part]:
    return scene.bucket.store.multipart.parts("a", upload_id, after=0, limit=9)[1]


def content_of(scene: Scene) -> bytes:
    return read(scene, "GET", "/a", "a").body


# ---- Which requests an order is for


def test_an_order_is_for_the_operation_that_it_names(scene: Scene) -> None:
    fault(scene, "server_error", operation="PutObject")

    assert scene.post(signed({"key": "a"})).status == 204
    assert read(scene, "GET", "/a", "a").status == 200
    assert put(scene).status == 500
    assert put(scene).status == 200


def test_an_order_is_for_the_part_that_it_names(scene: Scene) -> None:
    fault(scene, "throttle", part_number=2)
    upload_id = initiate(scene)

    refused = [put_part(scene, upload_id, number).status for number in (1, 2, 3, 2)]

    assert refused == [200, 503, 200, 200]
    assert complete(scene, upload_id).status == 200


@pytest.mark.parametrize("name", ["reset", "stall", "answer_lost"])
def test_an_order_that_names_nothing_is_for_forms_as_before(scene: Scene, name: str) -> None:
    fault(scene, name, **({"seconds": 1} if name == "stall" else {}))

    assert put(scene).status == put_part(scene, initiate(scene), 3).status == 200
    assert content_of(scene) == b"hello"
    assert pending(scene) == [name]


def test_a_request_without_a_name_meets_the_faults_of_every_request(scene: Scene) -> None:
    fault(scene, "crc_missing")
    fault(scene, "server_error")

    assert ask(scene, "GET", "/?acl").status == 500
    assert pending(scene) == ["crc_missing"]


# ---- Connections


def test_a_put_is_reset_and_stores_nothing(scene: Scene) -> None:
    fault(scene, "reset", operation="PutObject", after_bytes=3)

    with pytest.raises(ConnectionLost):
        put(scene)
    assert scene.stored("a") is None
    assert put(scene).status == 200


def test_a_part_is_reset_and_the_others_stay(scene: Scene) -> None:
    fault(scene, "reset", operation="UploadPart", part_number=2, after_bytes=50_000)
    upload_id = initiate(scene)
    put_part(scene, upload_id, 1)

    with pytest.raises(ConnectionLost):
        put_part(scene, upload_id, 2)
    assert [part.number for part in stored_parts(scene, upload_id)] == [1]


def test_a_complete_is_reset_and_the_upload_stays(scene: Scene) -> None:
    upload_id = filled(scene)
    fault(scene, "reset", operation="CompleteMultipartUpload", after_bytes=20)

    with pytest.raises(ConnectionLost):
        complete(scene, upload_id)
    assert complete(scene, upload_id).status == 200


def pieces_of_a_get(scene: Scene) -> Iterator[bytes]:
    """What is sent of an answer until it breaks off."""
    answer = respond(Request("GET", "/a", {"host": "127.0.0.1"}, Body(lambda _: b"")), scene.bucket)
    assert not isinstance(answer.body, bytes)
    with suppress(ConnectionLost):
        yield from answer.body
        raise AssertionError("the answer does not break off")


@pytest.mark.parametrize("count", [0, 1, 102_400, len(CONTENT), len(CONTENT) + 1])
def test_the_answer_to_a_get_breaks_off(scene: Scene, count: int) -> None:
    put(scene, content=CONTENT, x_oss_object_acl="public-read")
    fault(scene, "reset", operation="GetObject", after_bytes=count)

    assert b"".join(pieces_of_a_get(scene)) == CONTENT[:count]
    assert content_of(scene) == CONTENT


def test_an_answer_without_a_content_does_not_break_off(scene: Scene) -> None:
    put(scene)
    fault(scene, "reset", operation="GetObject")

    assert read(scene, "GET", "/a", "a", {"if-none-match": "*"}).status == 304
    assert pending(scene) == ["reset"]


@pytest.mark.parametrize(("count", "waited"), [(0, [2]), (102_400, [2]), (len(CONTENT), [])])
def test_the_answer_to_a_get_stalls_and_goes_on(scene: Scene, count: int, waited: list[float]) -> None:
    put(scene, content=CONTENT)
    fault(scene, "stall", operation="GetObject", after_bytes=count, seconds=2)

    assert content_of(scene) == CONTENT
    assert scene.waited == waited


@pytest.mark.parametrize("operation", ["PutObject", "UploadPart", "CompleteMultipartUpload"])
def test_an_upload_stalls_and_goes_on(scene: Scene, operation: str) -> None:
    fault(scene, "stall", operation=operation, after_bytes=2, seconds=2.5)

    assert put(scene).status == 200
    assert complete(scene, filled(scene)).status == 200
    assert (scene.waited, content_of(scene)) == ([2.5], CONTENT)


def test_the_answer_to_a_put_is_lost_and_the_object_is_there(scene: Scene) -> None:
    fault(scene, "answer_lost", operation="PutObject")

    with pytest.raises(ConnectionLost):
        put(scene)
    assert content_of(scene) == b"hello"


def test_the_answer_to_a_part_is_lost_and_the_part_is_there(scene: Scene) -> None:
    fault(scene, "answer_lost", part_number=2)
    upload_id = initiate(scene)
    put_part(scene, upload_id, 1)

    with pytest.raises(ConnectionLost):
        put_part(scene, upload_id, 2)
    assert [part.number for part in stored_parts(scene, upload_id)] == [1, 2]


def test_the_answer_to_a_complete_is_lost_and_the_object_is_there(scene: Scene) -> None:
    upload_id = filled(scene)
    fault(scene, "answer_lost")

    with pytest.raises(ConnectionLost):
        complete(scene, upload_id)
    assert complete(scene, upload_id).refusal[:2] == LOST
    assert content_of(scene) == CONTENT


# ---- Callbacks of a PUT and of a Complete


@pytest.mark.parametrize(
    "name", ["callback_down", "callback_refused", "callback_not_json", "callback_busy", "callback_slow"]
)
def test_a_callback_fails_and_the_object_is_kept(scene: Scene, name: str) -> None:
    upload_id = filled(scene)
    parameter = callback_parameter(callbackBody="${operation}")
    scene.replies = [json_reply()] * 2

    for operation in ("PutObject", "CompleteMultipartUpload"):
        fault(scene, name, operation=operation)
        if operation == "PutObject":
            answer = put(scene, "b", x_oss_callback=parameter)
        else:
            answer = complete(scene, upload_id, x_oss_callback=parameter)
        assert answer.refusal[:2] == (203, "CallbackFailed")
    assert scene.stored("b").size == 5
    assert content_of(scene) == CONTENT
    assert complete(scene, upload_id).refusal[:2] == LOST


# ---- Contents


@pytest.mark.parametrize("operation", ["PutObject", "UploadPart", "GetObject", "CompleteMultipartUpload"])
def test_an_answer_is_without_its_crc(scene: Scene, operation: str) -> None:
    fault(scene, "crc_missing", operation=operation, requests=9)
    upload_id = initiate(scene)
    answers = {"UploadPart": [put_part(scene, upload_id, number) for number in PIECES]}
    answers["CompleteMultipartUpload"] = [complete(scene, upload_id)]
    answers["PutObject"] = [put(scene)]
    answers["GetObject"] = [read(scene, "GET", "/a", "a")]

    without = {
        name for name, of_it in answers.items() for one in of_it if "x-oss-hash-crc64ecma" not in one.headers
    }
    assert without == {operation}


def test_a_part_arrives_wrong_and_says_so_by_its_digests(scene: Scene) -> None:
    fault(scene, "part_corrupted", part_number=2)
    upload_id = initiate(scene)
    answers = [put_part(scene, upload_id, number) for number in PIECES]

    wrong = b"3" + PIECES[2][1:]
    assert [answer.headers["ETag"] for answer in answers] == [etag(PIECES[1]), etag(wrong), etag(PIECES[3])]
    assert complete(scene, upload_id).refusal[:2] == (400, "InvalidPart")
    assert ask(scene, "POST", f"/a?uploadId={upload_id}", x_oss_complete_all="yes").status == 200
    assert content_of(scene) == PIECES[1] + wrong + PIECES[3]


def test_a_part_that_arrives_wrong_is_refused_by_its_content_md5(scene: Scene) -> None:
    fault(scene, "part_corrupted")
    digest = base64.b64encode(hashlib.md5(PIECES[3]).digest()).decode()

    refused = put_part(scene, initiate(scene), 3, content_md5=digest)

    assert refused.refusal == (400, "InvalidDigest", "0017-00000503")


@pytest.mark.parametrize(("number", "overwritten"), [(None, 1), (2, 2), (3, 3)])
def test_somebody_overwrites_a_part_before_the_complete(
    scene: Scene, number: int | None, overwritten: int
) -> None:
    upload_id = filled(scene)
    fault(scene, "part_overwritten", **({"part_number": number} if number else {}))

    refused = complete(scene, upload_id)

    assert refused.refusal[:2] == (400, "InvalidPart")
    assert refused.error["PartNumber"] == str(overwritten)
    parts = {part.number: part for part in stored_parts(scene, upload_id)}
    assert [part.size for part in parts.values()] == [len(content) for content in PIECES.values()]
    assert f'"{parts[overwritten].etag}"' != etag(PIECES[overwritten])


@pytest.mark.parametrize("content", [b"\0" * 9, b"\xff" * 9])
def test_an_overwritten_part_always_has_other_bytes(
    scene: Scene, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PIECES, 3, content)
    upload_id = initiate(scene)
    put_part(scene, upload_id, 3)
    fault(scene, "part_overwritten", operation="ListParts")

    listed = ask(scene, "GET", f"/a?uploadId={upload_id}").body.decode()

    assert "<Size>9</Size>" in listed
    assert etag(content).strip('"') not in listed


def test_an_overwritten_part_is_taken_silently_by_complete_all(scene: Scene) -> None:
    upload_id = filled(scene)
    fault(scene, "part_overwritten", part_number=3)

    answer = ask(scene, "POST", f"/a?uploadId={upload_id}", x_oss_complete_all="yes")

    assert answer.status == 200
    assert content_of(scene) == PIECES[1] + PIECES[2] + b"\0" * 3


@pytest.mark.parametrize(
    ("operation", "ec"),
    [("UploadPart", "0042-00000104"), ("CompleteMultipartUpload", ""), ("ListParts", "0042-00000002")],
)
def test_an_upload_is_aborted_in_between(scene: Scene, operation: str, ec: str) -> None:
    upload_id = filled(scene)
    fault(scene, "upload_aborted", operation=operation)
    sent: dict[str, Callable[[], Seen]] = {
        "UploadPart": lambda: put_part(scene, upload_id, 1),
        "CompleteMultipartUpload": lambda: complete(scene, upload_id),
        "ListParts": lambda: ask(scene, "GET", f"/a?uploadId={upload_id}"),
    }
    send = sent[operation]

    assert send().refusal == send().refusal == (*LOST, ec)
    assert (scene.stored("a"), scene.bucket.store.statistics().uploads) == (None, 0)


def test_an_upload_that_is_not_there_is_not_aborted(scene: Scene) -> None:
    fault(scene, "upload_aborted")

    assert put_part(scene, "0" * 32, 1).refusal == (*LOST, "0042-00000104")


def test_a_complete_takes_long(scene: Scene) -> None:
    upload_id = filled(scene)
    fault(scene, "slow_complete", seconds=30)

    assert complete(scene, upload_id).status == 200
    assert scene.waited == [30]


# ---- Presigned addresses


def v1_address(expires: int) -> str:
    signature = v1.sign("SKEXAMPLE", f"GET\n\n\n{expires}\n/{BUCKET}/a")
    return f"/a?OSSAccessKeyId=AKEXAMPLE&Expires={expires}&Signature={quote(signature, safe='')}"


def test_a_presigned_v1_address_expires_early(scene: Scene) -> None:
    scene.set(v1_signatures=True)
    put(scene)
    fault(scene, "url_expired", operation="GetObject")
    address = v1_address(int(NOW) + 60)

    refused = scene.request("GET", address)

    assert refused.refusal == (403, "AccessDenied", "0002-00000069")
    assert refused.error["Message"] == "Request has expired."
    assert (refused.error["Expires"], refused.error["ServerTime"]) == (
        "2026-09-21T14:14:20.000Z",
        "2026-09-21T14:14:21.000Z",
    )
    assert scene.request("GET", address).body == b"hello"


def test_only_a_presigned_address_that_is_still_valid_uses_the_fault_up(scene: Scene) -> None:
    scene.set(v1_signatures=True)
    put(scene)
    fault(scene, "url_expired")

    assert content_of(scene) == b"hello"
    assert scene.request("GET", v1_address(int(NOW) - 1)).status == 403
    assert pending(scene) == ["url_expired"]
