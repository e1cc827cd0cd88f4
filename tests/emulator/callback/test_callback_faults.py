import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from oss_emulator.callback.parameter import JSON
from oss_emulator.callback.transport import CallbackRequest, Reply, TooSlow, Unreachable
from oss_emulator.fault_table import FAULTS
from oss_emulator.history.records import CallbackRecord
from tests.support.emulator.scene import CLOCK, Scene, Seen, callback_parameter, json_reply

UNREACHABLE = "Error status : -1.OSS can not connect to your callbackUrl, please check it."
SLOW = "Error status : -1 203.0.114.7:9002 reply timeout, cost:5000ms, timeout:5000ms (err -4, errno115)"
CALLBACK_FAULTS = [name for name in FAULTS if name.startswith("callback_") and name != "callback_limit"]


def uploaded(scene: Scene, *replies: Reply | Exception, fault: str = "", **options: object) -> Seen:
    scene.replies = list(replies)
    if fault:
        scene.bucket.faults.set({"fault": fault, **options})
    return scene.upload({"key": "a", "callback": callback_parameter()})


@pytest.mark.parametrize(
    ("fault", "message", "ec"),
    [
        ("callback_down", UNREACHABLE, "203"),
        ("callback_slow", SLOW, "203"),
        ("callback_refused", "Error status : 500.", "203"),
        ("callback_not_json", "Response body is not valid json format.", "205"),
        ("callback_bom", "Response body is not valid json format.", "205"),
        ("callback_chunked", "Error Status : 400.User server missing content-length.", "203"),
        ("callback_busy", "Too many callback requests.", "201"),
    ],
)
def test_a_fault_fails_the_callback_with_oss_s_words(scene: Scene, fault: str, message: str, ec: str) -> None:
    answer = uploaded(scene, json_reply(), fault=fault)

    assert answer.refusal == (203, "CallbackFailed", f"0007-00000{ec}")
    assert answer.error["Message"] == message
    assert scene.stored("a").size == 5
    assert scene.bucket.faults.pending() == []


def test_a_crashed_function_looks_like_an_answer(scene: Scene) -> None:
    answer = uploaded(scene, fault="callback_crashed")

    assert answer.status == 200
    assert set(json.loads(answer.body)) == {"errorMessage", "errorType", "stackTrace"}


REACHING: Mapping[str, int] = {
    "callback_down": 0,
    "callback_refused": 0,
    "callback_crashed": 0,
    "callback_busy": 0,
    "callback_slow": 1,
    "callback_not_json": 1,
    "callback_bom": 1,
    "callback_chunked": 1,
    "callback_twice": 2,
}


@pytest.mark.parametrize("fault", CALLBACK_FAULTS)
def test_a_fault_reaches_the_application_as_often_as_it_says(scene: Scene, fault: str) -> None:
    uploaded(scene, json_reply(), json_reply(), fault=fault)

    assert len(scene.called) == REACHING[fault]


@pytest.mark.parametrize("second", [json_reply(status=500), Unreachable(), TooSlow()])
def test_the_first_reply_to_a_doubled_callback_counts(scene: Scene, second: Reply | Exception) -> None:
    answer = uploaded(scene, json_reply(b"1"), second, fault="callback_twice")

    assert (answer.status, answer.body, scene.limits) == (200, b"1", [5.0, 5.0])
    assert scene.called[0] == scene.called[1]
    assert len(record(scene).attempts) == 2


def test_a_fault_counts_once_however_many_addresses_a_callback_has(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "callback_down", "requests": 2})
    callback = callback_parameter(callbackUrl="http://203.0.114.7/1;http://203.0.114.7/2")

    assert scene.upload({"key": "a", "callback": callback}).status == 203
    assert scene.bucket.faults.pending() == [{"fault": "callback_down", "requests": 1}]
    assert len(record(scene).attempts) == 2


def test_an_upload_without_callback_leaves_a_callback_s_fault_to_the_next(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "callback_down"})

    assert scene.upload({"key": "a"}).status == 204
    assert uploaded(scene).status == 203


@pytest.mark.parametrize(
    ("options", "status", "waited"),
    [
        ({}, 203, []),
        ({"seconds": 0.5}, 200, [0.5]),
        ({"seconds": 5}, 203, [5.0]),
        ({"seconds": 60}, 203, [5.0]),
    ],
)
def test_a_slow_callback_waits_only_when_it_is_told_how_long(
    scene: Scene, options: Mapping[str, object], status: int, waited: list[float]
) -> None:
    answer = uploaded(scene, json_reply(), fault="callback_slow", **options)

    assert (answer.status, scene.waited, scene.limits) == (status, waited, [5.0])


def test_a_limit_is_shorter_for_one_upload(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "callback_limit", "seconds": 0.25})

    messages = [uploaded(scene, TooSlow()).error["Message"] for _ in range(2)]

    assert messages == [SLOW.replace("5000ms", "250ms"), SLOW]
    assert scene.limits == [0.25, 5.0]


def test_a_callback_without_any_time_is_not_sent(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "callback_limit", "seconds": 0})

    answer = uploaded(scene, json_reply())

    assert answer.refusal == (203, "CallbackFailed", "0007-00000203")
    assert (answer.error["Message"], scene.called) == (UNREACHABLE, [])


def test_callback_limit_and_another_fault_may_be_combined(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "callback_limit", "seconds": 0.25})

    answer = uploaded(scene, json_reply(), fault="callback_slow", seconds=1)

    assert (answer.status, scene.waited) == (203, [0.25])


def record(scene: Scene) -> CallbackRecord:
    return scene.bucket.history.callbacks()[0]


def test_the_history_has_what_was_signed_sent_and_answered(scene: Scene) -> None:
    reply = json_reply(b'{"id": 1}', app="1")

    answer = uploaded(scene, reply)

    (attempt,) = record(scene).attempts
    assert record(scene) == CallbackRecord(
        time=CLOCK,
        request_id=answer.headers["x-oss-request-id"],
        key="a",
        body=b"object=a&size=5",
        attempts=(attempt,),
    )
    assert (attempt.url, attempt.status) == ("http://203.0.114.7:9002/callback", 200)
    assert attempt.string_to_sign == b"/callback\nobject=a&size=5"
    assert attempt.headers["x-oss-request-id"] == answer.headers["x-oss-request-id"]
    assert attempt.headers["Date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
    assert (attempt.answer_headers, attempt.answer) == (reply.headers, reply.body)


def test_the_history_has_every_attempt_and_the_outcome(scene: Scene) -> None:
    scene.replies = [Unreachable(), json_reply(status=500), json_reply(b"OK")]
    urls = [f"http://203.0.114.7/{number}?q" for number in range(3)]

    scene.upload({"key": "a", "callback": callback_parameter(callbackUrl=";".join(urls))})

    assert [(attempt.url, attempt.status, attempt.answer) for attempt in record(scene).attempts] == [
        (urls[0], 0, b""),
        (urls[1], 500, b'{"Status":"OK"}'),
        (urls[2], 200, b"OK"),
    ]
    assert (record(scene).message, record(scene).ec) == (
        "Response body is not valid json format.",
        "0007-00000205",
    )


def test_the_history_has_a_callback_that_was_never_sent(scene: Scene) -> None:
    uploaded(scene, fault="callback_busy")

    assert (record(scene).attempts, record(scene).message) == ((), "Too many callback requests.")


@pytest.mark.parametrize(("region", "sni"), [("cn-hangzhou", False), ("eu-west-1", True)])
def test_london_sends_the_server_s_name_in_any_case(scene: Scene, region: str, *, sni: bool) -> None:
    sent: list[bool] = []
    scene.set(region=region, acl="public-read-write")

    def send(request: CallbackRequest, _seconds: float) -> Reply:
        sent.append(request.sni)
        return json_reply()

    scene.bucket = replace(scene.bucket, send=send)

    scene.post({"key": "a", "callback": callback_parameter()})

    assert sent == [sni]


def test_a_signature_covers_nothing_but_path_query_and_body(scene: Scene) -> None:
    scene.replies = [json_reply()]
    callback = callback_parameter(
        callbackUrl="http://203.0.114.7/a%20b/?x=%2F", callbackBody="[${size}]", callbackBodyType=JSON
    )

    scene.upload({"key": "a", "callback": callback})

    assert record(scene).attempts[0].string_to_sign == b"/a b/?x=%2F\n[5]"


def test_a_callback_body_that_is_too_long_is_not_sent(scene: Scene) -> None:
    callback = callback_parameter(callbackBody="${x:a}" * 300, callbackBodyType=JSON)
    scene.replies = [json_reply()]

    answer = scene.upload({"key": "a", "callback": callback, "x:a": "\x01" * 500})

    assert answer.refusal == (203, "CallbackFailed", "0007-00000203")
    assert (scene.called, scene.stored("a").size) == ([], 5)
    assert scene.bucket.history.callbacks()[0].message == "The callback body is too long."
