"""The HTTP answer to a handler's reply, and the answers that Function Compute gives itself."""

import json
from typing import Any

import pytest

from local.fc.reply import (
    Answer,
    BadReplyError,
    answer_from_reply,
    crash_answer,
    on_default_domain,
    refusal_answer,
    timeout_answer,
)

REPLY: dict[str, Any] = {
    "statusCode": 200,
    "headers": {"Content-Type": "text/plain"},
    "isBase64Encoded": False,
    "body": "图",
}
PLAIN = Answer(200, {"Content-Type": "text/plain"}, "图".encode())


def test_answers_what_the_handler_replied() -> None:
    assert answer_from_reply(REPLY) == PLAIN


def test_decodes_a_base64_body() -> None:
    assert answer_from_reply({**REPLY, "isBase64Encoded": True, "body": "/w=="}).body == b"\xff"


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "content-length",
        "Date",
        "Keep-Alive",
        "SERVER",
        "Content-Disposition",
        "X-Fc-Anything",
    ],
)
def test_drops_headers_that_no_function_can_set(name: str) -> None:
    assert answer_from_reply({**REPLY, "headers": {name: "x", "Content-Type": "text/plain"}}) == PLAIN


@pytest.mark.parametrize(
    "reply",
    [
        None,
        "text",
        [],
        {},
        {name: part for name, part in REPLY.items() if name != "body"},
        {**REPLY, "more": 1},
        {**REPLY, "statusCode": "200"},
        {**REPLY, "statusCode": True},
        {**REPLY, "statusCode": 99},
        {**REPLY, "statusCode": 600},
        {**REPLY, "headers": None},
        {**REPLY, "headers": {"A": 1}},
        {**REPLY, "headers": {"A": "b\r\nC: d"}},
        {**REPLY, "body": b"bytes"},
        {**REPLY, "isBase64Encoded": 1},
        {**REPLY, "isBase64Encoded": True, "body": "not base64"},
        {**REPLY, "isBase64Encoded": True, "body": "图"},
    ],
)
def test_refuses_a_reply_that_is_not_the_documented_dict(reply: object) -> None:
    with pytest.raises(BadReplyError):
        answer_from_reply(reply)


def test_answers_bad_gateway_when_the_response_headers_are_too_large() -> None:
    at_limit = answer_from_reply({**REPLY, "headers": {"A": "x" * (8 * 1024 - 1)}})
    beyond = answer_from_reply({**REPLY, "headers": {"A": "x" * 8 * 1024}})
    assert at_limit.status == 200
    assert (beyond.status, json.loads(beyond.body)["Code"]) == (502, "BadResponse")


def int_of(text: str) -> int:
    raise ValueError(f"something is {text}")


def test_answers_an_exception_with_the_documented_200() -> None:
    with pytest.raises(ValueError, match="wrong") as caught:
        int_of("wrong")
    answer = crash_answer(caught.value)
    assert answer.status == 200
    assert answer.headers == {
        "Content-Type": "application/json",
        "X-Fc-Error-Type": "UnhandledInvocationError",
    }
    body = json.loads(answer.body)
    assert (body["errorMessage"], body["errorType"]) == ("something is wrong", "ValueError")
    assert body["stackTrace"][-1][0] == f'File "{__file__}"'
    assert body["stackTrace"][-1][2:] == ["in int_of", 'raise ValueError(f"something is {text}")']


def test_answers_a_timeout_like_an_exception() -> None:
    answer = timeout_answer(5.0)
    assert (answer.status, answer.headers["X-Fc-Error-Type"]) == (200, "UnhandledInvocationError")
    assert json.loads(answer.body) == {
        "errorMessage": "Function timed out after 5 seconds",
        "errorType": "FunctionTimeoutError",
        "stackTrace": [],
    }


def test_answers_a_refusal_with_its_code() -> None:
    answer = refusal_answer(403, "AccessDenied", "no")
    assert answer == Answer(
        403, {"Content-Type": "application/json"}, b'{"Code": "AccessDenied", "Message": "no"}'
    )


def test_adds_a_download_disposition_a_request_id_and_cors_for_anyone() -> None:
    answer = on_default_domain(PLAIN, "1-2-3", "https://evil.example")
    assert answer.headers == {
        "Content-Type": "text/plain",
        "Content-Disposition": "attachment",
        "X-Fc-Request-Id": "1-2-3",
        "Access-Control-Allow-Origin": "https://evil.example",
        "Access-Control-Allow-Credentials": "true",
    }


def test_leaves_cors_to_a_function_that_sets_any() -> None:
    theirs = PLAIN._replace(headers={"access-control-allow-origin": "https://good.example"})
    assert on_default_domain(theirs, "1-2-3", "https://evil.example").headers == {
        "access-control-allow-origin": "https://good.example",
        "Content-Disposition": "attachment",
        "X-Fc-Request-Id": "1-2-3",
    }


def test_adds_no_cors_for_a_request_without_origin() -> None:
    assert set(on_default_domain(PLAIN, "1-2-3", None).headers) == {
        "Content-Type",
        "Content-Disposition",
        "X-Fc-Request-Id",
    }
