import time
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

import alibabacloud_oss_v2 as oss_v2
import oss2
import pytest

from oss_emulator.auth import v4
from oss_emulator.auth.credentials import Credential
from oss_emulator.auth.header_signature import canonical_request, string_to_sign
from tests.support.emulator.scene import BUCKET, DATE, DAY, NOW, REGION, TEMPORARY, Scene, Seen

SCOPE = f"{DAY}/{REGION}/oss/aliyun_v4_request"
ARGUMENT = "InvalidArgument"


def encoded(query: Mapping[str, str]) -> str:
    return urlencode(query, quote_via=quote, safe="")


def address(
    key: str = "a",
    *,
    method: str = "GET",
    secret: str = "SKEXAMPLE",
    headers: Mapping[str, str] | None = None,
    changes: Mapping[str, str | None] | None = None,
) -> str:
    """The target of a presigned URL with some parameters changed; None leaves a parameter out."""
    query = {
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"AKEXAMPLE/{SCOPE}",
        "x-oss-date": DATE,
        "x-oss-expires": "600",
    }
    for name, value in (changes or {}).items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    additional = [name for name in query.get("x-oss-additional-headers", "").split(";") if name]
    canonical = canonical_request(method, f"/{BUCKET}/{key}", encoded(query), headers or {}, additional)
    date = query.get("x-oss-date", "")
    scope = v4.parse_scope(query.get("x-oss-credential", "")) or v4.Scope("", DAY, REGION, "oss", "")
    mac = v4.sign(v4.signing_key(secret, scope), string_to_sign(canonical, date, scope))
    return f"/{quote(key)}?{encoded({**query, 'x-oss-signature': mac})}"


def read(scene: Scene, target: str, method: str = "GET", **headers: str) -> Seen:
    return scene.request(method, target, headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_presigned_url_reads_a_private_object(scene: Scene, method: str) -> None:
    scene.upload({"key": "图/a b+c.txt"})

    answer = read(scene, address("图/a b+c.txt", method=method), method)

    assert (answer.status, answer.body) == (200, b"hello" if method == "GET" else b"")


def test_reads_with_an_address_of_the_python_sdk_v2(scene: Scene) -> None:
    scene.upload({"key": "图/a b+c.txt"})
    config = oss_v2.config.load_default()
    config.credentials_provider = oss_v2.credentials.StaticCredentialsProvider(
        TEMPORARY.access_key_id, TEMPORARY.access_key_secret, TEMPORARY.security_token
    )
    config.region, config.endpoint = REGION, "oss.example"
    wanted = oss_v2.GetObjectRequest(
        BUCKET, "图/a b+c.txt", response_content_disposition='attachment; filename="b.txt"'
    )
    signed = oss_v2.Client(config).presign(wanted).url
    assert signed
    scene.now = time.time()  # the SDK signs by the real clock
    scene.set(credentials=(Credential(TEMPORARY.access_key_id, "STSSECRET", TEMPORARY.security_token),))

    answer = read(scene, target_of(signed))

    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="b.txt"'


def test_reads_with_an_address_of_the_python_sdk_v1(scene: Scene) -> None:
    scene.upload({"key": "图/a b+c.txt"})
    auth = oss2.AuthV4("AKEXAMPLE", "SKEXAMPLE")
    signed = oss2.Bucket(auth, "http://oss.example", BUCKET, region=REGION).sign_url(
        "GET", "图/a b+c.txt", 60, slash_safe=False
    )
    scene.now = time.time()

    assert read(scene, target_of(signed)).body == b"hello"


def target_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"x-oss-signature-version": "OSS2"}, (400, ARGUMENT, "0002-00000066")),
        ({"x-oss-signature-version": None}, (400, ARGUMENT, "0002-00000066")),
        ({"x-oss-credential": None}, (400, ARGUMENT, "0002-00000217")),
        ({"x-oss-credential": ""}, (400, ARGUMENT, "0002-00000218")),
        ({"x-oss-credential": "AKEXAMPLE"}, (400, ARGUMENT, "")),
        (
            {"x-oss-credential": f"AKEXAMPLE/{DAY}/{REGION}/s3/aliyun_v4_request"},
            (400, ARGUMENT, "0002-00000227"),
        ),
        (
            {"x-oss-credential": f"AKEXAMPLE/{DAY}/{REGION}/oss/aws4_request"},
            (400, ARGUMENT, "0002-00000224"),
        ),
        (
            {"x-oss-credential": f"AKEXAMPLE/{DAY}/cn-beijing/oss/aliyun_v4_request"},
            (400, ARGUMENT, "0002-00000226"),
        ),
        (
            {"x-oss-credential": f"AKEXAMPLE/2026-09-21/{REGION}/oss/aliyun_v4_request"},
            (400, ARGUMENT, "0002-00000223"),
        ),
        (
            {"x-oss-credential": f"nobody/{SCOPE}"},
            (403, "InvalidAccessKeyId", "0002-00000902"),
        ),
        ({"x-oss-credential": f"STS.EXAMPLE/{SCOPE}"}, (403, "InvalidAccessKeyId", "0002-00000003")),
        ({"x-oss-date": None}, (400, ARGUMENT, "")),
        ({"x-oss-date": "yesterday"}, (400, ARGUMENT, "")),
        ({"x-oss-expires": None}, (400, ARGUMENT, "0002-00000215")),
        ({"x-oss-expires": ""}, (400, ARGUMENT, "0002-00000216")),
        ({"x-oss-expires": "0"}, (400, ARGUMENT, "0002-00000232")),
        ({"x-oss-expires": "604801"}, (400, ARGUMENT, "0002-00000232")),
        ({"x-oss-expires": "-1"}, (400, ARGUMENT, "0002-00000232")),
        ({"x-oss-expires": "٣"}, (400, ARGUMENT, "0002-00000232")),
        ({"x-oss-expires": "9" * 5000}, (400, ARGUMENT, "0002-00000232")),
        ({"x-oss-expires": "604800"}, None),
        ({"x-oss-additional-headers": ""}, (400, ARGUMENT, "0002-00000076")),
        ({"x-oss-additional-headers": "range"}, (400, ARGUMENT, "0002-00000078")),
        (
            {"x-oss-security-token": "CAISEXAMPLE"},
            (403, "AccessKeyIdAndSecurityTokenNotMatch", "0002-00000004"),
        ),
    ],
)
def test_refuses_an_address_wrong_in_any_parameter(
    scene: Scene, changes: dict[str, str | None], expected: tuple[int, str, str] | None
) -> None:
    scene.upload({"key": "a"})

    answer = read(scene, address(changes=changes))

    assert (answer.refusal if answer.status != 200 else None) == expected


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("", (400, ARGUMENT, "0002-00000220")),
        ("=", (400, ARGUMENT, "0002-00000220")),
        ("=é", (403, "SignatureDoesNotMatch", "0002-00000201")),
        ("=" + "0" * 64, (403, "SignatureDoesNotMatch", "0002-00000201")),
    ],
)
def test_refuses_an_address_with_another_signature(
    scene: Scene, signature: str, expected: tuple[int, str, str]
) -> None:
    target = address().rpartition("=")[0] + signature

    assert read(scene, target).refusal == expected


def test_an_address_without_a_signature_is_not_anonymous(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})
    target = address().rpartition("&")[0]

    assert read(scene, target).refusal == (400, ARGUMENT, "0002-00000219")


def test_a_parameter_given_twice_is_refused(scene: Scene) -> None:
    assert read(scene, address() + "&x-oss-expires=1").refusal == (400, ARGUMENT, "")


def test_a_mismatch_tells_what_was_signed(scene: Scene) -> None:
    scene.upload({"key": "a"})
    error = read(scene, address(secret="wrong")).error

    assert error["CanonicalRequest"].startswith(f"GET\n/{BUCKET}/a\nx-oss-credential=AKEXAMPLE")
    assert "x-oss-signature=" not in error["CanonicalRequest"]
    (record,) = scene.bucket.history.refusals()
    assert record.explanation["expected string to sign"] == error["StringToSign"]


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (address().replace("/a?", "/b?"), {}),
        (address() + "&versionId=null", {}),
        (address().replace("x-oss-expires=600", "x-oss-expires=601"), {}),
        (address(method="HEAD"), {}),
        (address(), {"Content-Type": "text/plain"}),
        (address(), {"x-oss-range-behavior": "standard"}),
        (
            address(changes={"x-oss-additional-headers": "host"}, headers={"host": "b.example"}),
            {"host": "c.example"},
        ),
    ],
)
def test_nothing_that_was_signed_can_be_changed(scene: Scene, target: str, headers: dict[str, str]) -> None:
    scene.upload({"key": "a"})
    scene.upload({"key": "b"})

    assert read(scene, target, **headers).refusal == (403, "SignatureDoesNotMatch", "0002-00000201")


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        (-900.25, (403, "AccessDenied", "0002-00000235")),
        (-900, None),
        (600, None),
        (600.25, (403, "AccessDenied", "0002-00000236")),
    ],
)
def test_an_address_is_valid_from_15_minutes_before_its_date_until_it_expires(
    scene: Scene, passed: float, expected: tuple[int, str, str] | None
) -> None:
    scene.upload({"key": "a"})
    scene.now = NOW + passed

    answer = read(scene, address())

    assert (answer.refusal if answer.status != 200 else None) == expected


def test_an_expired_address_says_when(scene: Scene) -> None:
    scene.now = NOW + 3600
    error = read(scene, address()).error

    assert error["Message"] == "Request has expired."
    assert error["Expires"] == "2026-09-21T14:23:20.000Z"
    assert error["ServerTime"] == "2026-09-21T15:13:20.000Z"


def test_an_address_can_expire_early(scene: Scene) -> None:
    scene.upload({"key": "a"})
    scene.bucket.faults.set({"fault": "url_expired"})

    refused = read(scene, address())

    assert refused.refusal == (403, "AccessDenied", "0002-00000236")
    assert refused.error["ServerTime"] == "2026-09-21T14:23:21.000Z"
    assert read(scene, address()).body == b"hello"


def test_an_address_of_a_temporary_key_carries_its_token(scene: Scene) -> None:
    scene.upload({"key": "a"})
    temporary = {"x-oss-credential": f"STS.EXAMPLE/{SCOPE}", "x-oss-security-token": "CAISEXAMPLE"}

    assert read(scene, address(secret="STSSECRET", changes=temporary)).body == b"hello"


def test_a_request_with_two_signatures_is_refused(scene: Scene) -> None:
    scene.upload({"key": "a"})

    answer = read(scene, address(), Authorization="OSS4-HMAC-SHA256 x")

    assert answer.refusal == (400, ARGUMENT, "0002-00000039")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/a?OSSAccessKeyId=AKEXAMPLE&Expires=1790000600&Signature=x", {}),
        ("/a?Signature=x", {}),
        ("/a", {"Authorization": "OSS AKEXAMPLE:x"}),
    ],
)
def test_v1_signatures_are_not_accepted(scene: Scene, target: str, headers: dict[str, str]) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})

    assert read(scene, target, **headers).refusal == (403, "AccessDenied", "0002-00000080")
