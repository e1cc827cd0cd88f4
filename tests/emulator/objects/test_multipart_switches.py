"""Open questions about multipart uploads and presigned addresses, each with both answers."""

import hashlib
import hmac
import io
import threading
from urllib.parse import quote

import pytest

from oss_emulator.http_messages import Body, Request
from oss_emulator.routing import respond
from tests.support.emulator.scene import (
    BUCKET,
    CLOCK,
    DATE,
    DAY,
    REGION,
    Scene,
    Seen,
    callback_parameter,
    json_reply,
    signing_key,
)
from tests.support.emulator.signed_requests import ask

CONTENT = b"hello"
ETAG = f'"{hashlib.md5(CONTENT).hexdigest().upper()}"'
LISTED = (
    f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{ETAG}</ETag></Part>"
    "</CompleteMultipartUpload>"
)
FORBID = {"x_oss_forbid_overwrite": "true"}
SCOPE = f"{DAY}/{REGION}/oss/aliyun_v4_request"
MISMATCH = (403, "SignatureDoesNotMatch", "0002-00000201")


def begun(scene: Scene, **headers: str) -> str:
    """The id of an upload with one part."""
    answer = ask(scene, "POST", "/a?uploads", **headers)
    assert answer.status == 200, answer.body
    upload_id = answer.body.decode().split("<UploadId>")[1].split("<")[0]
    assert ask(scene, "PUT", part(upload_id), CONTENT, content_length="5").status == 200
    return upload_id


def part(upload_id: str) -> str:
    return f"/a?partNumber=1&uploadId={upload_id}"


def complete(scene: Scene, upload_id: str, document: str = LISTED, **headers: str) -> Seen:
    return ask(scene, "POST", f"/a?uploadId={upload_id}", document, **headers)


# ---- A Complete that is sent again


def test_a_repeated_complete_is_answered_like_the_first(scene: Scene) -> None:
    scene.set(switches="repeated_complete=200")
    upload_id = begun(scene)

    first, second = complete(scene, upload_id), complete(scene, upload_id)

    assert (second.status, second.body) == (first.status, first.body) == (200, first.body)
    assert second.headers["ETag"] == first.headers["ETag"]


def test_a_repeated_complete_sends_its_callback_again(scene: Scene) -> None:
    scene.set(switches="repeated_complete=200")
    scene.replies = [json_reply(b'{"a": 1}'), json_reply(b'{"a": 2}')]
    upload_id = begun(scene)

    answers = [complete(scene, upload_id, x_oss_callback=callback_parameter()).body for _ in range(2)]

    assert answers == [b'{"a": 1}', b'{"a": 2}']


@pytest.mark.parametrize("end", ["abort", "overwrite"])
def test_an_upload_without_its_object_is_never_completed_again(scene: Scene, end: str) -> None:
    scene.set(switches="repeated_complete=200")
    upload_id = begun(scene)
    if end == "abort":
        ask(scene, "DELETE", f"/a?uploadId={upload_id}")
    else:
        complete(scene, upload_id)
        ask(scene, "PUT", "/a", b"x", content_length="1")

    assert complete(scene, upload_id).refusal == (404, "NoSuchUpload", "")


def test_a_wrong_complete_is_refused_as_ever(scene: Scene) -> None:
    scene.set(switches="repeated_complete=200")

    assert complete(scene, begun(scene), "no XML").refusal[1] == "MalformedXML"


@pytest.mark.parametrize(("position", "statuses"), [("404", {200, 404}), ("200", {200})])
def test_two_completes_at_once(scene: Scene, position: str, statuses: set[int]) -> None:
    scene.set(switches=f"repeated_complete={position}")
    upload_id = begun(scene)
    together, found = threading.Barrier(2), set()

    def end() -> None:
        together.wait(10)
        found.add(complete(scene, upload_id).status)

    threads = [threading.Thread(target=end) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == statuses


# ---- What an Initiate says


@pytest.mark.parametrize(
    ("position", "headers", "acl"),
    [
        ("ignore", {}, "default"),
        ("take", {}, "public-read"),
        ("take", {"x_oss_object_acl": "private"}, "private"),
    ],
)
def test_the_acl_of_an_initiate(scene: Scene, position: str, headers: dict[str, str], acl: str) -> None:
    scene.set(switches=f"initiate_acl={position}")

    complete(scene, begun(scene, x_oss_object_acl="public-read"), **headers)

    assert (scene.stored("a").acl, "x-oss-object-acl" in scene.stored("a").headers) == (acl, False)


@pytest.mark.parametrize(("position", "status"), [("ignore", 200), ("take", 400)])
def test_a_wrong_acl_of_an_initiate(scene: Scene, position: str, status: int) -> None:
    scene.set(switches=f"initiate_acl={position}")

    assert ask(scene, "POST", "/a?uploads", x_oss_object_acl="none").status == status


@pytest.mark.parametrize(("position", "status"), [("once", 200), ("remember", 409)])
def test_the_forbid_overwrite_of_an_initiate(scene: Scene, position: str, status: int) -> None:
    scene.set(switches=f"initiate_forbid_overwrite={position}")
    upload_id = begun(scene, **FORBID)
    ask(scene, "PUT", "/a", b"x", content_length="1")

    assert complete(scene, upload_id).status == status


def test_a_remembered_forbid_overwrite_is_no_header_of_the_object(scene: Scene) -> None:
    scene.set(switches="initiate_forbid_overwrite=remember")

    complete(scene, begun(scene, **FORBID))

    assert scene.stored("a").headers == {"Content-Type": "application/octet-stream"}


@pytest.mark.parametrize(("position", "since"), [("complete", 60), ("initiate", 0)])
def test_last_modified(scene: Scene, position: str, since: int) -> None:
    scene.set(switches=f"multipart_last_modified={position}")
    upload_id = begun(scene)
    scene.now += 60

    complete(scene, upload_id)

    assert scene.stored("a").last_modified == CLOCK + since


# ---- Pages


@pytest.mark.parametrize("size", ["0", "1001", "9" * 5000])
@pytest.mark.parametrize("target", ["/a?max-parts={}&uploadId={}", "/?max-uploads={}&prefix={}&uploads"])
def test_the_size_of_a_page(scene: Scene, target: str, size: str) -> None:
    upload_id = begun(scene)
    asked = target.format(size, upload_id)

    assert ask(scene, "GET", asked).refusal[:2] == (400, "InvalidArgument")
    scene.set(switches="part_page_size=limit")
    shown = b"1" if size == "0" else b"1000"
    assert b">" + shown + b"</Max" in ask(scene, "GET", asked).body
    assert ask(scene, "GET", target.format("x", upload_id)).status == 400
    assert b">7</Max" in ask(scene, "GET", target.format("7", upload_id)).body


# ---- Presigned addresses


def address(method: str, path: str, *, signed: str = "", additional: str = "") -> str:
    """A presigned address; `signed` are the lines of the signed headers."""
    path, _, query = path.partition("?")
    query += "&" if query else ""
    query += f"x-oss-additional-headers={additional}&" if additional else ""
    query += f"x-oss-credential=AKEXAMPLE%2F{quote(SCOPE, safe='')}&x-oss-date={DATE}&x-oss-expires=600"
    query += "&x-oss-signature-version=OSS4-HMAC-SHA256"
    canonical = f"{method}\n/{BUCKET}{path}\n{query}\n{signed}\n{additional}\nUNSIGNED-PAYLOAD"
    text = f"OSS4-HMAC-SHA256\n{DATE}\n{SCOPE}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    mac = hmac.new(signing_key("SKEXAMPLE"), text.encode(), hashlib.sha256).hexdigest()
    return f"{path}?{query}&x-oss-signature={mac}"


@pytest.mark.parametrize(("position", "status"), [("head", 200), ("end", 403)])
@pytest.mark.parametrize("operation", ["UploadPart", "PutObject"])
def test_an_address_that_expires_while_its_body_arrives(
    scene: Scene, position: str, status: int, operation: str
) -> None:
    scene.set(switches=f"presigned_expiry={position}")
    target = address("PUT", part(begun(scene)) if operation == "UploadPart" else "/a")
    content = io.BytesIO(CONTENT)

    def slow(size: int) -> bytes:
        scene.now = CLOCK + 601
        return content.read(size)

    sent = {"host": "127.0.0.1", "content-length": "5"}
    answer = respond(Request("PUT", target, sent, Body(slow)), scene.bucket)

    assert answer.status == status
    assert (b"<EC>0002-00000236</EC>" in bytes(answer.body)) == (status == 403)  # type: ignore[arg-type]


def test_a_signature_in_a_header_is_judged_once(scene: Scene) -> None:
    scene.set(switches="presigned_expiry=end")

    assert ask(scene, "PUT", "/a", CONTENT, content_length="5").status == 200


@pytest.mark.parametrize(
    ("position", "refusal"),
    [("400", (400, "InvalidArgument", "0002-00000078")), ("403", MISMATCH)],
)
@pytest.mark.parametrize("name", ["content-length", "x-note"])
def test_a_listed_header_that_is_not_sent(
    scene: Scene, position: str, refusal: tuple[int, str, str], name: str
) -> None:
    scene.set(switches=f"missing_signed_header={position}")
    target = address("PUT", "/a", signed=f"{name}:5\n", additional=name)
    length = {"transfer-encoding": "chunked"} if name == "content-length" else {"content-length": "5"}

    assert scene.request("PUT", target, length, CONTENT).refusal == refusal
    assert scene.request("PUT", target, {"content-length": "5", name: "5"}, CONTENT).status == 200


@pytest.mark.parametrize(
    ("position", "right", "wrong"),
    [("signed", "content-type:\n", ""), ("unsigned", "", "content-type:\n")],
)
def test_an_empty_content_type(scene: Scene, position: str, right: str, wrong: str) -> None:
    scene.set(switches=f"empty_content_type={position}")
    sent = {"content-length": "5", "content-type": ""}

    def put(line: str) -> Seen:
        return scene.request("PUT", address("PUT", "/a", signed=line), sent, CONTENT)

    assert put(right).status == 200
    assert put(wrong).refusal == MISMATCH
    assert scene.stored("a").headers["Content-Type"] == "application/octet-stream"
    assert scene.request("PUT", address("PUT", "/a"), {**sent, "content-type": "a/b"}, CONTENT).status == 403
