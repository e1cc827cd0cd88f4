"""V1 signatures of requests: the documented example, the SDKs' own signers, and each part that is signed."""

from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import quote, urlencode

import alibabacloud_oss_v2.signer.v1 as signer_v2
import oss2
import pytest

from oss_emulator.auth import v1
from oss_emulator.http_messages import Body, Request
from tests.support.emulator.scene import BUCKET, EXPIRED, KEY, NOW, TEMPORARY, Scene, Seen

DATE = formatdate(NOW, usegmt=True)


@pytest.fixture
def accepting(scene: Scene) -> Scene:
    scene.set(v1_signatures=True)
    scene.upload({"key": "a b"}, b"hello")
    return scene


def signed(
    method: str, target: str, key: str = "a b", *, secret: str = KEY.access_key_secret, **headers: str
) -> dict[str, str]:
    """The headers of a request, signed with the emulator's own signer, which the vectors below test."""
    sent = {"date": DATE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = Request(method, target, sent, Body(lambda _: b""))
    text = v1.string_to_sign(request, f"/{BUCKET}/{key}", sent.get("x-oss-date") or sent["date"])
    return {**sent, "authorization": f"OSS AKEXAMPLE:{v1.sign(secret, text)}"}


def address(key: str = "a b", *, changes: Mapping[str, str | None] | None = None, more: str = "") -> str:
    """The target of a V1 address with parameters changed after it was signed; None leaves one out."""
    query = {"Expires": str(int(NOW) + 60), "OSSAccessKeyId": "AKEXAMPLE"}
    request = Request("GET", f"/?{more}", {}, Body(lambda _: b""))
    text = v1.string_to_sign(request, f"/{BUCKET}/{key}", query["Expires"])
    parameters = {**query, "Signature": v1.sign("SKEXAMPLE", text), **(changes or {})}
    kept = {name: value for name, value in parameters.items() if value is not None}
    return f"/{quote(key)}?{urlencode(kept)}" + (f"&{more}" if more else "")


def refusal(answer: Seen) -> tuple[int, str, str] | None:
    return None if answer.status < 300 else answer.refusal


def test_signs_the_example_of_the_documentation() -> None:
    """OSS, "Add signatures to headers"."""
    headers = {
        "content-md5": "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=",
        "content-type": "text/html",
        "date": "Thu, 17 Nov 2005 18:49:58 GMT",
        "x-oss-meta-author": "foo@bar.com",
        "x-oss-magic": "abracadabra",
        "host": "oss-example.oss-cn-hangzhou.aliyuncs.com",
    }
    text = v1.string_to_sign(
        Request("PUT", "/nelson", headers, Body(lambda _: b"")), "/oss-example/nelson", headers["date"]
    )

    assert text == (
        "PUT\nODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=\ntext/html\nThu, 17 Nov 2005 18:49:58 GMT\n"
        "x-oss-magic:abracadabra\nx-oss-meta-author:foo@bar.com\n/oss-example/nelson"
    )
    assert v1.sign("OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV", text) == "26NBxoKdsyly4EDv6inkoDft/yA="


def test_the_signed_parameters_are_those_of_both_python_sdks() -> None:
    assert (oss2.Auth._subresource_key_set | signer_v2.SignerV1._subresource_key_set) == v1.SIGNED_PARAMETERS


def test_accepts_a_header_and_an_address(accepting: Scene) -> None:
    assert accepting.request("GET", "/a%20b", signed("GET", "/a%20b")).body == b"hello"
    assert accepting.request("GET", address()).body == b"hello"
    assert accepting.request("GET", address(more="x=y")).body == b"hello"


def test_x_oss_date_stands_for_the_date(accepting: Scene) -> None:
    headers = signed("GET", "/a%20b", date="a browser sets it", x_oss_date=DATE)

    assert accepting.request("GET", "/a%20b", headers).status == 200


SKEWED = (403, "RequestTimeTooSkewed", "0002-00000504")
UNKNOWN_KEY = (403, "InvalidAccessKeyId", "0002-00000902")
NO_HEADER = (400, "InvalidArgument", "")
MISMATCH = (403, "SignatureDoesNotMatch", "0002-00000040")
AUTHORIZATION = signed("GET", "/a%20b")["authorization"]


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/a%20b", {}, None),
        ("/a%20b?x=y", {}, None),
        ("/a%20b?objectMeta", {}, MISMATCH),
        ("/a%20b?response-expires=0", {}, MISMATCH),
        ("/other", {}, MISMATCH),
        ("/a%20b", {"content-type": "text/plain"}, MISMATCH),
        ("/a%20b", {"content-md5": "XUFAKrxLKna5cZ2REBfFkg=="}, MISMATCH),
        ("/a%20b", {"x-oss-meta-a": "1"}, MISMATCH),
        ("/a%20b", {"date": formatdate(NOW + 1, usegmt=True)}, MISMATCH),
        ("/a%20b", {"date": formatdate(NOW + 902, usegmt=True)}, SKEWED),
        ("/a%20b", {"date": "yesterday"}, (403, "AccessDenied", "0002-00000502")),
        ("/a%20b", {"date": ""}, (403, "AccessDenied", "0002-00000503")),
        ("/a%20b", {"authorization": "OSS AKEXAMPLE"}, (400, "InvalidArgument", "")),
        ("/a%20b", {"authorization": "OSS AKEXAMPLE:c2ln"}, MISMATCH),
        ("/a%20b", {"authorization": "OSS AKEXAMPLE:é"}, MISMATCH),
        ("/a%20b", {"authorization": AUTHORIZATION.replace("OSS ", "oss ")}, NO_HEADER),
        ("/a%20b", {"authorization": AUTHORIZATION.replace("AKEX", " AKEX")}, UNKNOWN_KEY),
        ("/a%20b", {"x-oss-security-token": "t"}, (403, "InvalidSecurityToken", "0002-00000006")),
    ],
)
def test_refuses_a_header_with_any_part_changed(
    accepting: Scene, target: str, headers: dict[str, str], expected: tuple[int, str, str] | None
) -> None:
    answer = accepting.request("GET", target, {**signed("GET", "/a%20b"), **headers})

    assert refusal(answer) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"OSSAccessKeyId": None}, (403, "AccessDenied", "0002-00000071")),
        ({"OSSAccessKeyId": "a\tb"}, (403, "AccessDenied", "0002-00000073")),
        ({"OSSAccessKeyId": "nobody"}, (403, "InvalidAccessKeyId", "0002-00000902")),
        ({"Expires": None}, (403, "AccessDenied", "0002-00000070")),
        ({"Expires": "abc"}, (403, "AccessDenied", "0002-00000070")),
        ({"Expires": "9" * 13}, (403, "AccessDenied", "0002-00000070")),
        ({"Expires": str(int(NOW))}, (403, "AccessDenied", "0002-00000069")),
        ({"Expires": str(int(NOW) + 61)}, MISMATCH),
        ({"Signature": None}, (403, "AccessDenied", "0002-00000074")),
        ({"Signature": "c2ln"}, MISMATCH),
        ({"versionId": "a"}, MISMATCH),
        ({"security-token": "t"}, (403, "InvalidSecurityToken", "0002-00000006")),
    ],
)
def test_refuses_an_address_with_any_part_changed(
    accepting: Scene, changes: dict[str, str | None], expected: tuple[int, str, str]
) -> None:
    assert refusal(accepting.request("GET", address(changes=changes))) == expected


def test_an_expired_address_says_when(accepting: Scene) -> None:
    """Capture: a reader's notes of 2025; without EC johnlui/AliyunOSS 20."""
    accepting.now = NOW + 61.5

    error = accepting.request("GET", address()).error

    assert (error["Message"], error["Expires"], error["ServerTime"]) == (
        "Request has expired.",
        "2026-09-21T14:14:20.000Z",
        "2026-09-21T14:14:21.000Z",
    )


def test_a_temporary_key_needs_its_own_token_that_has_not_expired(accepting: Scene) -> None:
    for key, expected in ((TEMPORARY, None), (EXPIRED, (403, "SecurityTokenExpired", "0002-00000007"))):
        token = {"x_oss_security_token": key.security_token}
        headers = signed("GET", "/a%20b", secret=key.access_key_secret, **token)
        headers["authorization"] = headers["authorization"].replace("AKEXAMPLE", key.access_key_id)
        assert refusal(accepting.request("GET", "/a%20b", headers)) == expected


def test_a_signature_is_for_one_method(accepting: Scene) -> None:
    assert accepting.request("HEAD", "/a%20b", signed("GET", "/a%20b")).status == 403


def test_two_signatures_are_refused(accepting: Scene) -> None:
    answer = accepting.request("GET", address(), signed("GET", "/a%20b"))

    assert answer.refusal == (400, "InvalidArgument", "0002-00000039")


def test_a_v1_signature_is_refused_by_default_even_where_none_is_needed(scene: Scene) -> None:
    scene.upload({"key": "a b", "x-oss-object-acl": "public-read"})

    for target, headers in ((address(), {}), ("/a%20b", signed("GET", "/a%20b"))):
        assert scene.request("GET", target, headers).refusal == (403, "AccessDenied", "0002-00000080")
