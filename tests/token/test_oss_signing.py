"""Every stage against vectors that others made."""

from __future__ import annotations

import calendar
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from vendored import oss_signing
from vendored.env import Credentials

VECTORS = Path(__file__).parent.parent / "vectors"
POST_POLICY = json.loads((VECTORS / "post_policy.json").read_text())
HEADER_V4 = json.loads((VECTORS / "header_v4.json").read_text())["v4_header"]
PRESIGNED_V4 = [
    one
    for one in json.loads((VECTORS / "presigned_v4.json").read_text())["v4_presigned"]
    if one["product"] == "oss"  # a cloud box is another product, which this project does not sign for
]
CALLBACK = json.loads((VECTORS / "callback.json").read_text())["valid"]


def by_name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", POST_POLICY["v4"], ids=by_name)
def test_derives_the_signing_key_of_the_official_client(vector: dict[str, Any]) -> None:
    key = oss_signing.signing_key(vector["access_key_secret"], vector["x_oss_date"][:8], vector["region"])
    assert key.hex() == vector["signing_key_hex"]


@pytest.mark.parametrize("vector", POST_POLICY["v4"], ids=by_name)
def test_signs_a_form_policy_as_the_official_client_does(vector: dict[str, Any]) -> None:
    signature = oss_signing.sign_policy_v4(
        vector["policy_base64"], vector["access_key_secret"], vector["x_oss_date"][:8], vector["region"]
    )
    assert signature == vector["x_oss_signature"]


@pytest.mark.parametrize("vector", POST_POLICY["v1"], ids=by_name)
def test_signs_a_v1_form_policy_as_the_official_client_does(vector: dict[str, Any]) -> None:
    assert (
        oss_signing.sign_policy_v1(vector["policy_base64"], vector["access_key_secret"])
        == vector["signature"]
    )


@pytest.mark.parametrize("vector", HEADER_V4, ids=by_name)
def test_writes_the_canonical_request_of_the_official_clients(vector: dict[str, Any]) -> None:
    canonical = oss_signing.canonical_request(
        vector["method"],
        vector["bucket"],
        vector["key"],
        vector["query"],
        vector["headers"],
        vector["additional_headers"],
    )
    assert canonical == vector["canonical_request"]


@pytest.mark.parametrize("vector", HEADER_V4, ids=by_name)
def test_writes_the_string_to_sign_of_the_official_clients(vector: dict[str, Any]) -> None:
    to_sign = oss_signing.string_to_sign(
        vector["canonical_request"], vector["x_oss_date"], vector["region"], vector["product"]
    )
    assert to_sign == vector["string_to_sign"]


def test_signs_for_oss_unless_told_otherwise() -> None:
    to_sign = oss_signing.string_to_sign("", "20231216T162057Z", "cn-hangzhou")
    assert to_sign.split("\n")[2] == "20231216/cn-hangzhou/oss/aliyun_v4_request"


@pytest.mark.parametrize("vector", HEADER_V4, ids=by_name)
def test_signs_a_request_as_the_official_clients_do(vector: dict[str, Any]) -> None:
    key = oss_signing.signing_key(
        vector["access_key_secret"], vector["x_oss_date"][:8], vector["region"], vector["product"]
    )
    assert oss_signing.signature_v4(vector["string_to_sign"], key) == vector["signature"]


def test_writes_the_authorization_header() -> None:
    assert (
        oss_signing.authorization_v4("ak", "20231216T162057Z", "cn-hangzhou", "e21d")
        == "OSS4-HMAC-SHA256 Credential=ak/20231216/cn-hangzhou/oss/aliyun_v4_request,Signature=e21d"
    )


@pytest.mark.parametrize("vector", CALLBACK, ids=by_name)
def test_rebuilds_what_oss_signed_in_a_capture(vector: dict[str, Any]) -> None:
    path, _, query = vector["raw_path_and_query"].partition("?")
    message = oss_signing.callback_message(path, query, vector["body"].encode())
    assert message == vector["string_to_sign"].encode()


def test_writes_time_as_oss_does() -> None:
    assert oss_signing.utc_stamp(1_702_743_657.9) == "20231216T162057Z"


def presigned(vector: dict[str, Any]) -> str:
    """Return what `Signer` makes of a vector: the headers that others do not sign are not given to it."""
    given = (vector[name] or "" for name in ("access_key_id", "secret", "security_token"))
    now = calendar.timegm(time.strptime(vector["date"], "%Y%m%dT%H%M%SZ"))
    signer = oss_signing.Signer(vector["bucket"], vector["region"], Credentials(*given), now)
    return signer.presigned_target(
        vector["method"], vector["key"], vector["query"], vector["signed_headers"], vector["expires"]
    )


@pytest.mark.parametrize("vector", PRESIGNED_V4, ids=by_name)
def test_presigns_an_address_as_the_official_clients_do(vector: dict[str, Any]) -> None:
    url = urlsplit(vector["url"])
    assert presigned(vector) == f"{url.path}?{url.query}"


@pytest.mark.parametrize("vector", PRESIGNED_V4, ids=by_name)
def test_writes_the_canonical_request_of_an_address(vector: dict[str, Any]) -> None:
    query = dict(parse_qsl(urlsplit(vector["url"]).query, keep_blank_values=True))
    del query["x-oss-signature"]
    additional = [name for name in query.get("x-oss-additional-headers", "").split(";") if name]
    asked = vector["method"], vector["bucket"], vector["key"], query, vector["headers"], additional
    assert oss_signing.canonical_request(*asked) == vector["canonical_request"]
