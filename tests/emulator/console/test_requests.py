"""The history of requests: every one of them, what came of it and who signed it; bounded, and no secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oss_emulator.history.requests import KEPT_CHARACTERS, KEPT_REQUESTS
from oss_emulator.http_messages import ConnectionLost
from tests.support.emulator.scene import CLOCK, EXPIRED, KEY, REGION, TEMPORARY, Scene, signed
from tests.support.emulator.signed_requests import ask

V4 = "OSS4-HMAC-SHA256 Credential=AK/20260921/cn-hangzhou/oss/aliyun_v4_request,Signature=00ff"
PRESIGNED = "x-oss-credential=AK%2F20260921%2Fcn-hangzhou&x-oss-signature=s3cret&x-oss-security-token=s3cret"


def listed(scene: Scene) -> Any:
    return json.loads(scene.request("GET", "/-/requests").body)


def test_every_request_is_kept_but_those_for_the_emulator_itself(scene: Scene) -> None:
    form = scene.upload({"key": "图"})
    refused = scene.request("GET", "/examplebucket/a%20b?acl&x=1")
    scene.request("GET", "/-/")

    first, second = listed(scene)

    assert second == {
        "time": CLOCK,
        "request_id": form.headers["x-oss-request-id"],
        "bucket": "examplebucket",
        "method": "POST",
        "key": "图",
        "query": "",
        "status": 204,
        "code": "",
        "ec": "",
        "milliseconds": 0.0,
        "received_bytes": second["received_bytes"],
        "sent_bytes": 0,
        "access_key_id": KEY.access_key_id,
        "signature": "V4 form",
    }
    assert second["received_bytes"] > 1000
    assert first == {
        **second,
        "request_id": refused.headers["x-oss-request-id"],
        "method": "GET",
        "key": "a b",
        "query": "acl=&x=1",
        "status": 403,
        "code": "AccessDenied",
        "ec": "0003-00000001",
        "received_bytes": 0,
        "sent_bytes": len(refused.body),
        "access_key_id": "",
        "signature": "anonymous",
    }


@pytest.mark.parametrize(
    ("target", "authorization", "signer"),
    [
        ("/a", V4, ("AK", "V4")),
        ("/a", "OSS AK:c2ln", ("AK", "V1")),
        (f"/a?{PRESIGNED}", "", ("AK", "V4 presigned")),
        ("/a?OSSAccessKeyId=AK&Expires=1&Signature=s3cret", "", ("AK", "V1 presigned")),
        ("/a", "", ("", "anonymous")),
    ],
)
def test_says_who_signed_and_how(
    scene: Scene, target: str, authorization: str, signer: tuple[str, str]
) -> None:
    scene.request("GET", target, {"Authorization": authorization} if authorization else {})

    (one,) = listed(scene)

    assert (one["access_key_id"], one["signature"]) == signer
    assert "s3cret" not in json.dumps(one)


def test_the_access_key_id_of_a_form_is_cut(scene: Scene) -> None:
    credential = "A" * 100_000 + f"/20260921/{REGION}/oss/aliyun_v4_request"
    scene.post({**signed({"key": "a"}), "x-oss-credential": credential})

    (one,) = listed(scene)
    assert set(one["access_key_id"]) == {"A"}
    assert len(one["access_key_id"]) < KEPT_CHARACTERS
    assert one["signature"] == "V4 form"


def test_a_form_without_a_signature_is_anonymous(scene: Scene) -> None:
    scene.set(acl="public-read-write")
    scene.post({"key": "a"})

    assert (listed(scene)[0]["access_key_id"], listed(scene)[0]["signature"]) == ("", "anonymous")


@pytest.mark.parametrize(
    ("target", "host", "key"),
    [
        ("/examplebucket/a/b", "127.0.0.1:9000", "a/b"),
        ("/a/b", "127.0.0.1:9000", "a/b"),
        ("/examplebucket/a", "examplebucket.localhost:9000", "examplebucket/a"),
        ("/a%ff%0A", "127.0.0.1:9000", "a\ufffd\n"),
        ("/a%", "127.0.0.1:9000", "a%"),
        ("/", "127.0.0.1:9000", ""),
    ],
)
def test_the_key_is_found_as_the_emulator_finds_it(scene: Scene, target: str, host: str, key: str) -> None:
    scene.request("GET", target, {"Host": host})

    assert listed(scene)[0]["key"] == key


def test_bytes_are_those_of_the_bodies(scene: Scene) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"}, b"x" * 2000, content_type="text/plain")
    scene.request("GET", "/a")
    scene.request("HEAD", "/a")
    scene.request("GET", "/a", {"Accept-Encoding": "gzip"})  # its length is not known before

    assert [one["sent_bytes"] for one in listed(scene)[:3]] == [None, 0, 2000]


def test_a_reset_connection_is_kept_too(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "answer_lost"})
    with pytest.raises(ConnectionLost):
        scene.upload({"key": "a"})

    assert [(one["status"], one["key"]) for one in listed(scene)] == [(0, "a")]


def test_a_path_that_cannot_be_read_has_its_code(scene: Scene) -> None:
    scene.request("GET", "/a%zz")

    assert (listed(scene)[0]["status"], listed(scene)[0]["code"]) == (400, "BadRequest")


def test_only_the_last_ones_are_kept_and_each_is_cut(scene: Scene) -> None:
    for number in range(KEPT_REQUESTS + 1):
        scene.request("X" * 9999, f"/{number}/{'a' * 9999}", {"Authorization": f"OSS {'b' * 9999}"})

    found = scene.bucket.history.requests()

    assert len(found) == KEPT_REQUESTS
    assert found[-1].key.startswith("1/")
    assert len(repr(found[0])) < 4 * KEPT_CHARACTERS


def test_no_secret_is_kept_where_it_can_be_read(scene: Scene) -> None:
    for credential in (KEY, TEMPORARY, EXPIRED):
        ask(scene, "GET", "/a", x_oss_security_token=credential.security_token)
        scene.post(signed({"key": "a"}, key=credential))
        scene.request("GET", f"/a?x-oss-security%2Dtoken={credential.security_token}&Security-Token=CAIS")

    text = scene.request("GET", "/-/requests").body.decode()

    for secret in ("SECRET", "SKEXAMPLE", "CAIS"):
        assert secret not in text
