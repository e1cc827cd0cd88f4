"""The stand-in's check of signatures, against the example that Alibaba Cloud publishes."""

from __future__ import annotations

import hashlib

import pytest

from tests.support.cloud.api_signature import fault

# the documentation's own example of RunInstances
TARGET = "/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai"
HEADERS = {
    "host": "ecs.cn-shanghai.aliyuncs.com",
    "x-acs-action": "RunInstances",
    "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
    "x-acs-date": "2023-10-26T10:22:32Z",
    "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
    "x-acs-version": "2014-05-26",
    "authorization": "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
    "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
    "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
}


def ask(target: str = TARGET, body: bytes = b"", secret: str = "YourAccessKeySecret", **changed: str) -> str:
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changed.items()}}
    return fault("POST", target, headers, body, "YourAccessKeyId", secret)


def test_the_published_example_is_signed() -> None:
    assert ask() == ""


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("SignatureDoesNotMatch", {"secret": "another"}),
        ("SignatureDoesNotMatch", {"target": TARGET + "1"}),
        ("SignatureDoesNotMatch", {"body": b"1"}),
        ("SignatureDoesNotMatch", {"x_acs_action": "DeleteInstances"}),
        ("InvalidAccessKeyId.NotFound", {"authorization": HEADERS["authorization"].replace("Your", "My")}),
        ("IncompleteSignature", {"authorization": ""}),
        ("SignatureDoesNotMatch", {"authorization": HEADERS["authorization"].replace(";x-acs-date", "")}),
    ],
)
def test_anything_else_is_not(code: str, what: dict[str, str]) -> None:
    assert ask(**what) == code  # type: ignore[arg-type]  # `body` is bytes
