import pytest

from tests.support.emulator.scene import BOUNDARY, BUCKET, Scene, file_part, multipart, signed
from tests.support.emulator.signed_requests import read

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
        (f"{BUCKET}.oss-accelerate.aliyuncs.com", "/a", "a"),
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


def test_an_endpoint_of_another_region_is_refused_with_the_right_one(bucket: Scene) -> None:
    """Capture: coderhaoxin/aliyun-oss 25, whose elements have another order."""
    for region in ("cn-beijing", "cn-beijing-internal"):
        answer = bucket.request("GET", "/a", {"Host": f"{BUCKET}.oss-{region}.aliyuncs.com"})
        assert answer.refusal == (403, "AccessDenied", "")
        assert (answer.error["Bucket"], answer.error["Endpoint"]) == (BUCKET, "oss-cn-hangzhou.aliyuncs.com")


def test_an_endpoint_of_alibaba_cloud_takes_no_path_style(bucket: Scene) -> None:
    """Capture: treeverse/lakeFS 3613."""
    answer = bucket.request("GET", f"/{BUCKET}/a", {"Host": "oss-cn-hangzhou.aliyuncs.com"})

    assert answer.refusal == (403, "SecondLevelDomainForbidden", "")


def test_a_bucket_that_does_not_exist_is_told_before_the_key_id_is_judged(scene: Scene) -> None:
    """As Alibaba's SDKs expect in their live tests."""
    headers = {
        "Host": "other.localhost:9000",
        "Authorization": "OSS4-HMAC-SHA256 Credential=nobody/20260921/cn-hangzhou/oss/aliyun_v4_request,"
        f"Signature={'0' * 64}",
    }

    for method, target in (("GET", "/"), ("GET", "/a"), ("PUT", "/a"), ("GET", "/?acl")):
        assert scene.request(method, target, headers).refusal == NO_SUCH_BUCKET, (method, target)


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


@pytest.mark.parametrize(
    ("path", "key"),
    [("/a%2Bb", "a+b"), ("/a%20b", "a b"), ("/a+b", "a b"), ("/+%2b+", " + "), ("/%25+", "% ")],
)
def test_a_bare_plus_in_a_path_is_a_blank(scene: Scene, path: str, key: str) -> None:
    """ali-sdk/ali-oss 193, aliyun/aliyun-oss-java-sdk 494: an address with a bare plus misses its object."""
    scene.set(acl="public-read")
    for stored in ("a+b", "a b", " + ", "% "):
        scene.upload({"key": stored}, stored.encode())

    assert scene.request("GET", path).body.decode() == key


def test_a_path_signed_with_its_plus_does_not_match(scene: Scene) -> None:
    """aliyun/aliyun-oss-go-sdk 439: the client signs the plus, OSS the blank."""
    assert read(scene, "GET", "/a+b", "a+b").refusal == (403, "SignatureDoesNotMatch", "0002-00000201")
    assert read(scene, "GET", "/a+b", "a b").refusal == (404, "NoSuchKey", "0026-00000001")


BROKEN_PATH = (
    b'<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\r\n<html>\r\n'
    b"<head><title>400 Bad Request</title></head>\r\n"
    b'<body bgcolor="white">\r\n<h1>400 Bad Request</h1>\r\n'
    b"<p>Your browser sent a request that this server could not understand.<hr/>"
    b"Powered by AliyunOSS</body>\r\n</html>\r\n"
)


@pytest.mark.parametrize("path", ["/%", "/a%2", "/%zz", "/%a%20", "/100%.txt", f"/{BUCKET}/%"])
@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
def test_a_path_with_a_broken_percent_sequence_gets_the_web_server_s_page(
    scene: Scene, method: str, path: str
) -> None:
    """Capture: aliyun/aliyun-oss-php-sdk 40, an HTML page without a request id."""
    answer = scene.request(method, path, {"Content-Length": "5"}, b"hello")

    assert (answer.status, answer.body) == (400, BROKEN_PATH)
    assert answer.headers == {"Content-Type": "text/html"}
    (record,) = scene.bucket.history.refusals()
    assert (record.status, record.target) == (400, path)


def test_a_percent_sign_in_a_query_is_no_matter_of_the_path(scene: Scene) -> None:
    scene.set(acl="public-read")
    scene.upload({"key": "a"}, b"a")

    assert scene.request("GET", "/a?x=%").body == b"a"
