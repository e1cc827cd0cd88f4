import pytest

from tests.support.emulator.scene import BOUNDARY, BUCKET, Scene, file_part, multipart, signed

NO_SUCH_BUCKET = (404, "NoSuchBucket", "0015-00000101")


@pytest.fixture
def bucket(scene: Scene) -> Scene:
    """A public bucket; the content of each object is its key."""
    scene.set(acl="public-read")
    for key in ("a", f"{BUCKET}/a"):
        scene.upload({"key": key}, key.encode())
    return scene


@pytest.mark.parametrize(
    ("host", "target", "key"),
    [
        ("127.0.0.1:9000", "/a", "a"),
        ("127.0.0.1:9000", f"/{BUCKET}/a", "a"),
        ("127.0.0.1:9000", f"/{BUCKET}/{BUCKET}/a", f"{BUCKET}/a"),
        ("[::1]:9000", f"/{BUCKET}/a", "a"),
        ("localhost:9000", f"/{BUCKET}/a", "a"),
        ("localhost", "/a", "a"),
        ("files.example.com", f"/{BUCKET}/a", "a"),
        ("", "/a", "a"),
        (f"{BUCKET}.localhost:9000", "/a", "a"),
        (f"{BUCKET}.localhost:9000", f"/{BUCKET}/a", f"{BUCKET}/a"),
        (f"{BUCKET.upper()}.LOCALHOST", f"/{BUCKET}/a", f"{BUCKET}/a"),
        (f"{BUCKET}.oss-cn-hangzhou.aliyuncs.com", f"/{BUCKET}/a", f"{BUCKET}/a"),
        (f"{BUCKET}.oss-cn-hangzhou-internal.aliyuncs.com", "/a", "a"),
        ("oss-cn-hangzhou.aliyuncs.com", f"/{BUCKET}/a", "a"),
    ],
)
def test_the_port_names_the_bucket_unless_the_host_does(
    bucket: Scene, host: str, target: str, key: str
) -> None:
    answer = bucket.request("GET", target, {"Host": host})

    assert (answer.status, answer.body.decode()) == (200, key)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("other.localhost", "other"),
        ("other.localhost:9000", "other"),
        (f"x.{BUCKET}.localhost", f"x.{BUCKET}"),
        ("other.oss-cn-hangzhou.aliyuncs.com", "other"),
        ("other.oss-cn-hangzhou-internal.aliyuncs.com:443", "other"),
        ("other.oss-accelerate.aliyuncs.com", "other"),
    ],
)
def test_another_bucket_s_name_in_the_host_is_no_such_bucket(bucket: Scene, host: str, name: str) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS"):
        answer = bucket.request(method, f"/{BUCKET}/a", {"Host": host})
        assert answer.refusal == NO_SUCH_BUCKET, method
        assert answer.error["BucketName"] == name
        assert answer.error["Message"] == "The specified bucket does not exist."


def test_an_upload_to_another_bucket_s_name_stores_nothing(scene: Scene) -> None:
    answer = scene.post(signed({"key": "a"}), headers={"Host": "other.localhost:9000"})

    assert answer.refusal == NO_SUCH_BUCKET
    assert scene.stored("a") is None


def test_an_upload_may_name_the_bucket_in_the_host_or_the_path(scene: Scene) -> None:
    by_host = scene.post(signed({"key": "a"}), headers={"Host": f"{BUCKET}.localhost:9000"})

    assert by_host.status == 204
    assert scene.request("POST", f"/{BUCKET}", {"Host": f"{BUCKET}.localhost:9000"}).refusal == (
        405,
        "MethodNotAllowed",
        "",
    )


def test_the_console_is_at_every_host_of_this_machine(scene: Scene) -> None:
    assert scene.request("GET", "/-/switches", {"Host": "other.localhost"}).status == 200


def test_says_which_method_is_not_allowed_on_what(scene: Scene) -> None:
    """Captures: hujinchen/Image_upload_aliyun 2 (an object's path), aliyun/aliyun-oss-csharp-sdk 121."""
    answers = [scene.request("POST", "/a"), scene.request("POST", "/"), scene.request("PATCH", "/")]

    assert [(a.status, a.error["Code"], a.error["Method"], a.error["ResourceType"]) for a in answers] == [
        (405, "MethodNotAllowed", "POST", "Object"),
        (405, "MethodNotAllowed", "POST", "Bucket"),
        (405, "MethodNotAllowed", "PATCH", "Bucket"),
    ]
    assert {(a.headers["Allow"], a.headers["Connection"]) for a in answers} == {
        ("GET DELETE HEAD PUT POST OPTIONS", "close")
    }


def test_a_form_whose_request_has_no_content_type_is_no_form(scene: Scene) -> None:
    """Capture: aliyun/aliyun-oss-csharp-sdk 121, where the header was misspelt `ContentType`."""
    body = multipart(signed({"key": "a"}), file_part(b"hello"))

    answer = scene.request("POST", "/", {"ContentType": f"multipart/form-data; boundary={BOUNDARY}"}, body)

    assert answer.refusal == (405, "MethodNotAllowed", "")
    assert scene.stored("a") is None
