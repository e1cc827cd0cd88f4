import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from oss_emulator.callback.transport import CallbackRequest, Reply, TooSlow, Unreachable
from oss_emulator.console import callback_forge
from oss_emulator.errors import OssError
from tests.support.emulator.scene import BUCKET, CALLBACK_URL, RSA_KEY, Scene, callback_parameter, json_reply

KEY_URL = "http://127.0.0.1:9000/-/callback_pub_key.pem"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
BODY = "bucket=yours&object=uploads/a.txt&size=5"


def send(order: object, scene: Scene) -> dict[str, Any]:
    return callback_forge.send(order, scene.bucket, public_key_url=KEY_URL)


@pytest.fixture
def sent(scene: Scene) -> list[CallbackRequest]:
    """The callbacks that the bucket sends; each is answered with 200."""
    requests: list[CallbackRequest] = []

    def keep(request: CallbackRequest, _seconds: float) -> Reply:
        requests.append(request)
        return json_reply()

    scene.bucket = replace(scene.bucket, send=keep)
    return requests


def verified(authorization: object, text: bytes) -> None:
    RSA_KEY.public_key().verify(base64.b64decode(str(authorization)), text, padding.PKCS1v15(), hashes.MD5())


def test_sends_a_recorded_callback_again_byte_for_byte(scene: Scene, sent: list[CallbackRequest]) -> None:
    answer = scene.upload({"key": "é", "callback": callback_parameter(callbackUrl=f"{CALLBACK_URL}?a=%2F")})

    result = send({"replay": answer.headers["x-oss-request-id"]}, scene)

    first, second = sent
    assert (second.url, second.headers, second.body) == (first.url, first.headers, first.body)
    assert result == {
        "url": f"{CALLBACK_URL}?a=%2F",
        "headers": dict(first.headers),
        "body": "object=%C3%A9&size=5",
        "string_to_sign": "/callback?a=%2F\nobject=%C3%A9&size=5",
        "status": 200,
        "answer_headers": {"content-length": "15"},
        "answer": '{"Status":"OK"}',
        "failure": "",
    }
    assert json.loads(json.dumps(result)) == result


def test_signs_any_body_for_any_bucket_and_an_object_that_is_not_there(
    scene: Scene, sent: list[CallbackRequest]
) -> None:
    result = send({"url": f"{CALLBACK_URL}?x", "body": BODY, "bucket": "yours"}, scene)

    (request,) = sent
    assert (request.body, request.headers["x-oss-bucket"]) == (BODY.encode(), "yours")
    assert request.headers["Content-Type"] == FORM
    verified(request.headers["Authorization"], f"/callback?x\n{BODY}".encode())
    assert (result["status"], result["body"]) == (200, BODY)


def test_signs_for_another_path_than_it_is_sent_to(scene: Scene, sent: list[CallbackRequest]) -> None:
    order = {"url": CALLBACK_URL, "body": "{}", "body_type": JSON, "signed_path": "/other"}

    result = send(order, scene)

    (request,) = sent
    assert (request.url.path, request.headers["Content-Type"]) == ("/callback", JSON)
    verified(request.headers["Authorization"], b"/other\n{}")
    assert result["string_to_sign"] == "/other\n{}"


def test_a_forged_callback_says_it_is_from_this_bucket_unless_told_otherwise(
    scene: Scene, sent: list[CallbackRequest]
) -> None:
    send({"url": CALLBACK_URL, "body": ""}, scene)

    headers = sent[0].headers
    assert headers["x-oss-bucket"] == BUCKET
    assert base64.b64decode(headers["x-oss-pub-key-url"]).decode() == KEY_URL


@pytest.mark.parametrize(
    ("failure", "said"),
    [(Unreachable(), "no connection"), (TooSlow(), "no answer within the time limit")],
)
def test_says_why_there_is_no_reply(scene: Scene, failure: Exception, said: str) -> None:
    scene.replies = [failure]

    result = send({"url": CALLBACK_URL, "body": "x"}, scene)

    assert (result["status"], result["answer"], result["failure"]) == (0, "", said)
    assert scene.limits == [5.0]


@pytest.mark.parametrize(
    "order",
    [
        None,
        [],
        {},
        {"replay": 1},
        {"replay": "unknown"},
        {"replay": "x", "body": "y"},
        {"url": CALLBACK_URL},
        {"body": "x"},
        {"url": "ftp://a/", "body": "x"},
        {"url": CALLBACK_URL, "body": 5},
        {"url": CALLBACK_URL, "body": "\ud800"},
        {"url": CALLBACK_URL, "body": "x", "body_type": "text/plain"},
        {"url": CALLBACK_URL, "body": "x", "bucket": "é"},
        {"url": CALLBACK_URL, "body": "x", "bucket": "a\r\nb: c"},
        {"url": CALLBACK_URL, "body": "x", "signed_path": "é"},
        {"url": CALLBACK_URL, "body": "x", "typo": "y"},
    ],
)
def test_refuses_orders_it_does_not_understand(scene: Scene, order: Any) -> None:
    with pytest.raises(OssError) as refused:
        send(order, scene)

    assert (refused.value.status, refused.value.code) == (400, "InvalidArgument")
    assert scene.called == []


def test_a_private_address_is_refused_unless_allowed(scene: Scene, sent: list[CallbackRequest]) -> None:
    order = {"url": "http://127.0.0.1:9/x", "body": "x"}

    with pytest.raises(OssError, match="0007-00000008"):
        send(order, scene)
    assert sent == []
    scene.set(private_callbacks=True)
    assert send(order, scene)["status"] == 200


def test_a_callback_whose_body_was_shortened_is_not_replayed(scene: Scene) -> None:
    scene.replies = [json_reply()]
    callback = callback_parameter(callbackBody="${x:long}")
    answer = scene.upload({"key": "a", "callback": callback, "x:long": "x" * 10_000})

    with pytest.raises(OssError, match="too long"):
        send({"replay": answer.headers["x-oss-request-id"]}, scene)


def test_a_callback_that_was_never_sent_is_not_replayed(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "callback_busy"})
    answer = scene.upload({"key": "a", "callback": callback_parameter()})

    with pytest.raises(OssError, match="was sent"):
        send({"replay": answer.headers["x-oss-request-id"]}, scene)
