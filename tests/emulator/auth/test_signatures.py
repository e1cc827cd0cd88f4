import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from oss_emulator.auth import v4
from oss_emulator.auth.credentials import Credential, find_credential
from oss_emulator.auth.form_signature import FindKey, verify_form
from oss_emulator.auth.header_signature import canonical_request, string_to_sign, verify_header
from oss_emulator.errors import OssError
from oss_emulator.http_messages import Body, Request
from tests.support.emulator.scene import (
    BUCKET,
    DATE,
    DAY,
    KEY,
    NOW,
    REGION,
    TEMPORARY,
    Scene,
    signature,
    signed,
    signing_key,
)

VECTORS = Path(__file__).parents[2] / "vectors"
HEADERS = json.loads((VECTORS / "header_v4.json").read_text())["v4_header"]
FORMS = json.loads((VECTORS / "post_policy.json").read_text())


def finding(key: Credential, now: float = NOW) -> FindKey:
    return lambda access_key_id, token: find_credential(
        [key], access_key_id=access_key_id, security_token=token, now=now
    )


def scope_of(vector: dict[str, Any]) -> v4.Scope:
    product = vector.get("product", "oss")
    return v4.Scope(
        vector["access_key_id"], vector["x_oss_date"][:8], vector["region"], product, "aliyun_v4_request"
    )


def query_of(vector: dict[str, Any]) -> str:
    return "&".join(f"{quote(n, safe='')}={quote(v or '', safe='')}" for n, v in vector["query"].items())


@pytest.mark.parametrize("vector", HEADERS, ids=lambda vector: vector["name"])
def test_every_stage_of_a_header_signature_is_that_of_the_published_vectors(vector: dict[str, Any]) -> None:
    resource = f"/{vector['bucket']}/{vector['key']}" if vector["bucket"] else "/"
    canonical = canonical_request(
        vector["method"], resource, query_of(vector), vector["headers"], vector["additional_headers"]
    )
    assert canonical == vector["canonical_request"]
    scope = scope_of(vector)
    text = string_to_sign(canonical, vector["x_oss_date"], scope)
    assert text == vector["string_to_sign"]
    assert v4.sign(v4.signing_key(vector["access_key_secret"], scope), text) == vector["signature"]


@pytest.mark.parametrize("vector", FORMS["v4"], ids=lambda vector: vector["name"])
def test_accepts_the_v4_forms_that_ali_oss_signed(vector: dict[str, Any]) -> None:
    assert v4.signing_key(vector["access_key_secret"], scope_of(vector)).hex() == vector["signing_key_hex"]
    scope = f"{vector['x_oss_date'][:8]}/{vector['region']}/oss/aliyun_v4_request"
    fields = {
        "policy": vector["policy_base64"],
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"{vector['access_key_id']}/{scope}",
        "x-oss-date": vector["x_oss_date"],
        "x-oss-signature": vector["x_oss_signature"],
    }
    if vector["security_token"]:
        fields["x-oss-security-token"] = vector["security_token"]
    key = Credential(vector["access_key_id"], vector["access_key_secret"], vector["security_token"] or "")
    now = v4.parse_date(vector["x_oss_date"])
    assert now

    find = finding(key, now)
    assert verify_form(fields, find, region=vector["region"], now=now, v1_allowed=False) == "V4"


def test_accepts_the_v1_form_of_the_java_sdk() -> None:
    vector = FORMS["v1"][0]
    fields = {"ossaccesskeyid": "ak", "policy": vector["policy_base64"], "signature": vector["signature"]}
    key = Credential("ak", vector["access_key_secret"])

    assert verify_form(fields, finding(key), region=REGION, now=NOW, v1_allowed=True) == "V1"


def refusal_of(fields: dict[str, str], now: float = NOW) -> tuple[int, str, str] | None:
    try:
        verify_form(fields, finding(KEY, now), region=REGION, now=now, v1_allowed=True)
    except OssError as error:
        return error.status, error.code, error.ec
    return None


SCOPE = f"{DAY}/{REGION}/oss/aliyun_v4_request"
ARGUMENT = "InvalidArgument"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"x-oss-signature-version": "OSS2"}, (400, ARGUMENT, "0002-00000701")),
        ({"x-oss-signature-version": "oss4-hmac-sha256"}, (400, ARGUMENT, "0002-00000701")),
        ({"policy": None}, (400, ARGUMENT, "0002-00000702")),
        ({"x-oss-signature": None}, (400, ARGUMENT, "0002-00000703")),
        ({"x-oss-signature": ""}, (400, ARGUMENT, "0002-00000704")),
        ({"x-oss-signature": "0" * 64}, (403, "SignatureDoesNotMatch", "0002-00000705")),
        ({"x-oss-signature": "é"}, (403, "SignatureDoesNotMatch", "0002-00000705")),
        ({"policy": "e30="}, (403, "SignatureDoesNotMatch", "0002-00000705")),
        ({"x-oss-credential": None}, (400, ARGUMENT, "0002-00000708")),
        ({"x-oss-credential": "AKEXAMPLE"}, (400, ARGUMENT, "0002-00000708")),
        ({"x-oss-credential": f"/{SCOPE}"}, (400, ARGUMENT, "0002-00000708")),
        ({"x-oss-credential": f"AK\t/{SCOPE}"}, (400, ARGUMENT, "0002-00000708")),
        ({"x-oss-credential": f"nobody/{SCOPE}"}, (403, "InvalidAccessKeyId", "0002-00000902")),
        (
            {"x-oss-credential": f"AKEXAMPLE/{DAY}/cn-beijing/oss/aliyun_v4_request"},
            (400, ARGUMENT, "0002-00000708"),
        ),
        (
            {"x-oss-credential": f"AKEXAMPLE/{DAY}/oss-cn-hangzhou/oss/aliyun_v4_request"},
            (400, ARGUMENT, "0002-00000708"),
        ),
        (
            {"x-oss-credential": f"AKEXAMPLE/{DAY}/{REGION}/s3/aliyun_v4_request"},
            (400, ARGUMENT, "0002-00000710"),
        ),
        ({"x-oss-credential": f"AKEXAMPLE/{DAY}/{REGION}/oss/abc"}, (400, ARGUMENT, "0002-00000710")),
        (
            {"x-oss-credential": f"AKEXAMPLE/20260920/{REGION}/oss/aliyun_v4_request"},
            (400, ARGUMENT, "0002-00000709"),
        ),
        ({"x-oss-date": None}, (400, ARGUMENT, "0002-00000709")),
        ({"x-oss-date": "2026-09-21T14:13:20Z"}, (400, ARGUMENT, "0002-00000709")),
        ({"x-oss-date": "20261321T141320Z"}, (400, ARGUMENT, "0002-00000709")),
    ],
)
def test_checks_a_v4_form_step_by_step(
    changes: dict[str, str | None], expected: tuple[int, str, str] | None
) -> None:
    fields = {**signed({"key": "a"}), **changes}

    assert refusal_of({name: value for name, value in fields.items() if value is not None}) == expected


@pytest.mark.parametrize(
    ("signed_at", "accepted"),
    [(NOW + 900, True), (NOW + 901, False), (NOW - 7 * 86_400, True), (NOW - 7 * 86_400 - 1, False)],
)
def test_a_form_is_valid_from_15_minutes_ahead_to_7_days_back(signed_at: float, accepted: bool) -> None:  # noqa: FBT001
    expected = None if accepted else (400, ARGUMENT, "0002-00000709")

    assert refusal_of(signed({"key": "a"}, now=signed_at)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"key": "a", "x-oss-security-token": "t"}, None),
        *(
            ({name: "x"}, (400, ARGUMENT, "0002-00000706"))
            for name in ("policy", "signature", "x-oss-credential", "x-oss-date", "x-oss-signature")
        ),
        ({"policy": "x", "signature": "x"}, (400, ARGUMENT, "0002-00000706")),
        ({"ossaccesskeyid": "AKEXAMPLE", "signature": "x"}, (400, ARGUMENT, "0002-00000702")),
        ({"ossaccesskeyid": "AKEXAMPLE", "policy": "x"}, (400, ARGUMENT, "0002-00000703")),
        ({"ossaccesskeyid": "AKEXAMPLE", "policy": "x", "signature": ""}, (400, ARGUMENT, "0002-00000704")),
        ({"ossaccesskeyid": "", "policy": "x", "signature": "x"}, (400, ARGUMENT, "0002-00000707")),
        (
            {"ossaccesskeyid": "nobody", "policy": "x", "signature": "x"},
            (403, "InvalidAccessKeyId", "0002-00000902"),
        ),
        (
            {"ossaccesskeyid": "AKEXAMPLE", "policy": "x", "signature": "x"},
            (403, "SignatureDoesNotMatch", "0002-00000705"),
        ),
    ],
)
def test_one_signature_field_makes_the_others_necessary(
    fields: dict[str, str], expected: tuple[int, str, str] | None
) -> None:
    assert refusal_of(fields) == expected


def test_a_mismatch_shows_what_was_signed() -> None:
    with pytest.raises(OssError) as refused:
        verify_form({**signed({}), **signature("x")}, finding(KEY), region=REGION, now=NOW, v1_allowed=False)

    details = refused.value.details
    assert details["OSSAccessKeyId"] == "AKEXAMPLE"
    assert details["StringToSign"] == signed({})["policy"]
    assert bytes.fromhex(details["StringToSignBytes"]).decode() == details["StringToSign"]


def header_request(method: str = "HEAD", target: str = "/a%20b", **changes: str) -> Request:
    headers = {"x-oss-date": DATE, "x-oss-content-sha256": "UNSIGNED-PAYLOAD", "host": "b.example"}
    canonical = canonical_request("HEAD", f"/{BUCKET}/a b", "", headers, ["host"])
    text = string_to_sign(canonical, DATE, v4.Scope("", DAY, REGION, "oss", "aliyun_v4_request"))
    mac = v4.sign(signing_key("SKEXAMPLE"), text)
    headers["authorization"] = (
        f"OSS4-HMAC-SHA256 Credential=AKEXAMPLE/{SCOPE},AdditionalHeaders=host,Signature={mac}"
    )
    for name, value in changes.items():
        headers[name.replace("_", "-")] = value
    return Request(method, target, headers, Body(lambda _: b""))


def header_refusal(request: Request, key: str = "a b", now: float = NOW) -> tuple[int, str, str] | None:
    try:
        verify_header(request, BUCKET, key, [KEY], region=REGION, now=now)
    except OssError as error:
        return error.status, error.code, error.ec
    return None


def test_accepts_a_signed_read() -> None:
    assert header_refusal(header_request()) is None


MISMATCH = (403, "SignatureDoesNotMatch", "0002-00000201")
AUTHORIZATION = header_request().headers["authorization"]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (header_request("GET"), MISMATCH),
        (header_request(target="/a%20b?acl"), MISMATCH),
        (header_request(host="other.example"), MISMATCH),
        (header_request(x_oss_meta="1"), MISMATCH),
        (header_request(content_type="text/plain"), MISMATCH),
        (header_request(authorization=AUTHORIZATION.replace("host", "")), MISMATCH),
        (
            header_request(authorization=AUTHORIZATION[:-1] + ("0" if AUTHORIZATION[-1] != "0" else "1")),
            MISMATCH,
        ),
        (
            header_request(authorization=AUTHORIZATION.replace("AKEXAMPLE", "nobody")),
            (403, "InvalidAccessKeyId", "0002-00000902"),
        ),
        (header_request(authorization=AUTHORIZATION + "0"), (400, ARGUMENT, "")),
        (
            header_request(authorization=AUTHORIZATION.replace("aliyun_v4_request", "abc")),
            (400, ARGUMENT, "0002-00000213"),
        ),
        (
            header_request(authorization=AUTHORIZATION.replace(REGION, "cn-beijing")),
            (400, ARGUMENT, "0002-00000226"),
        ),
        (
            header_request(authorization=AUTHORIZATION.replace("/oss/", "/s3/")),
            (400, ARGUMENT, "0002-00000227"),
        ),
        (header_request(x_oss_date="yesterday"), (403, "AccessDenied", "0002-00000502")),
        (header_request(x_oss_date=""), (403, "AccessDenied", "0002-00000503")),
        (header_request(x_oss_date="20260920T141320Z"), (403, "RequestTimeTooSkewed", "0002-00000504")),
        (header_request(x_oss_content_sha256="abc"), (400, ARGUMENT, "0002-00000214")),
    ],
)
def test_refuses_a_read_changed_in_any_part(request_: Request, expected: tuple[int, str, str]) -> None:
    assert header_refusal(request_) == expected


@pytest.mark.parametrize(("skew", "accepted"), [(900, True), (-900, True), (900.25, False), (-900.25, False)])
def test_a_signed_read_is_valid_15_minutes_both_ways(skew: float, accepted: bool) -> None:  # noqa: FBT001
    expected = None if accepted else (403, "RequestTimeTooSkewed", "0002-00000504")

    assert header_refusal(header_request(), now=NOW + skew) == expected


@pytest.mark.parametrize(
    ("day", "region", "ec"),
    [("20260920", REGION, "0002-00000213"), (DAY, "cn-beijing", "0002-00000226")],
)
def test_a_read_signed_for_another_day_or_region_is_refused(day: str, region: str, ec: str) -> None:
    scope = v4.Scope("AKEXAMPLE", day, region, "oss", "aliyun_v4_request")
    headers = header_request().headers
    canonical = canonical_request("HEAD", f"/{BUCKET}/a b", "", headers, ["host"])
    mac = v4.sign(signing_key("SKEXAMPLE", day, region), string_to_sign(canonical, DATE, scope))
    credential = f"AKEXAMPLE/{scope.without_key}"
    sent = f"OSS4-HMAC-SHA256 Credential={credential},AdditionalHeaders=host,Signature={mac}"

    assert header_refusal(header_request(authorization=sent)) == (400, ARGUMENT, ec)


def test_a_skewed_read_tells_both_times_so_that_an_sdk_corrects_its_clock() -> None:
    """Captures: huhx/flutter_oss_aliyun 63, aliyun/aliyun-oss-android-sdk 167, Molunerfinn/PicGo 759."""
    with pytest.raises(OssError) as refused:
        verify_header(header_request(), BUCKET, "a b", [KEY], region=REGION, now=NOW + 3600.75)

    assert list(refused.value.details.items()) == [
        ("MaxAllowedSkewMilliseconds", "900000"),
        ("RequestTime", "2026-09-21T14:13:20.000Z"),
        ("ServerTime", "2026-09-21T15:13:20.000Z"),
    ]


def test_a_signature_is_for_one_key() -> None:
    assert header_refusal(header_request(), key="a c") == MISMATCH


def test_an_unsigned_read_is_refused(scene: Scene) -> None:
    assert scene.request("GET", "/a").refusal == (403, "AccessDenied", "0003-00000001")


def test_a_token_that_expires_early_ends_a_signed_read_too(scene: Scene) -> None:
    scene.upload({"key": "a b"})
    scene.bucket.faults.set({"fault": "token_expired"})
    temporary = {
        "x-oss-date": DATE,
        "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
        "x-oss-security-token": TEMPORARY.security_token,
    }
    scope = v4.Scope(TEMPORARY.access_key_id, DAY, REGION, "oss", "aliyun_v4_request")
    text = string_to_sign(canonical_request("HEAD", f"/{BUCKET}/a b", "", temporary, []), DATE, scope)
    mac = v4.sign(signing_key(TEMPORARY.access_key_secret), text)
    credential = f"{TEMPORARY.access_key_id}/{SCOPE}"
    temporary["authorization"] = f"OSS4-HMAC-SHA256 Credential={credential},Signature={mac}"

    answers = [
        scene.request("HEAD", "/a%20b", headers)
        for headers in (header_request().headers, temporary, temporary)
    ]

    assert [(answer.status, answer.headers.get("x-oss-ec")) for answer in answers] == [
        (200, None),
        (403, "0002-00000007"),
        (200, None),
    ]
