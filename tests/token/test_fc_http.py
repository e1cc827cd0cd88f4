"""Function Compute's event in, its reply out, and nothing escapes."""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.fc_events import CONTEXTS, Answer, ask, fc_event
from vendored import errors
from vendored.fc_http import Clock, Reply, Request, Route, from_fc, serve

ORIGINS = ("https://www.example.com", "https://example.com")
CONTEXT = SimpleNamespace(request_id="from-the-context")
CLOCK = Clock(lambda: 1_800_000_000.25, iter(range(1000)).__next__)


def refuse(refusal: BaseException) -> Callable[[Request, object], Reply]:
    def respond(_: Request, __: object) -> Reply:
        raise refusal

    return respond


def answer(event: bytes, respond: Callable[[Request, object], Reply] | None = None) -> Answer:
    route: Route = ("GET", respond or (lambda request, _: Reply(200, {"path": request.path})))
    return ask(lambda raw, _: serve(raw, CONTEXT, {"/": route, "/图": route}, ORIGINS, CLOCK), event)


def every_kind() -> set[type[errors.Refusal]]:
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    return {one for one in kinds if issubclass(one, errors.Refusal)}


def test_reads_what_function_compute_sends() -> None:
    event = fc_event("/图", {"size": "1,2"}, headers={"X-Oss-Tag": "CALLBACK"}, body="é", method="POST")
    assert from_fc(event, 1.0, 2.0) == Request(
        method="POST",
        path="/图",
        headers={"x-oss-tag": "CALLBACK"},
        query={"size": "1,2"},
        body="é".encode(),
        request_id="1-64f6cd87-1",
        now=1.0,
        received_at=2.0,
    )


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_no_context_keeps_a_request_from_its_answer(context: object) -> None:
    route: Route = ("GET", lambda _, __: Reply(200, {}))
    assert ask(lambda raw, _: serve(raw, context, {"/": route}, ORIGINS, CLOCK), fc_event()).status == 200
    assert ask(lambda _, __: serve(b"{", context, {"/": route}, ORIGINS, CLOCK), fc_event()).status == 403


def test_keeps_the_case_of_the_names_in_a_query() -> None:
    assert from_fc(fc_event(query={"Size": "1"}), 0, 0).query == {"Size": "1"}


def test_sends_text_that_is_json_already_as_it_is() -> None:
    assert answer(fc_event(), lambda _, __: Reply(200, '{"a": 1}')).content == {"a": 1}


def test_decodes_a_body_that_is_flagged_as_base64() -> None:
    encoded = base64.b64encode(b"\xff\x00").decode()
    assert from_fc(fc_event(body=encoded, encoded=True), 0, 0).body == b"\xff\x00"


def test_a_body_without_a_flag_is_what_it_says() -> None:
    document = json.loads(fc_event(body="aGk="))
    del document["isBase64Encoded"]
    assert from_fc(json.dumps(document).encode(), 0, 0).body == b"aGk="


def test_an_event_may_be_96_kib_and_no_byte_more() -> None:
    padding = 96 * 1024 - len(fc_event())
    assert answer(fc_event(body="a" * padding)).status == 200
    assert answer(fc_event(body="a" * (padding + 1))).status == 403


def test_answers_compact_json_and_says_so() -> None:
    reply: Any = serve(
        fc_event(), CONTEXT, {"/": ("GET", lambda _, __: Reply(200, {"a": 1, "b": 2}))}, ORIGINS, CLOCK
    )
    assert (reply["body"], reply["headers"]["Content-Type"]) == ('{"a":1,"b":2}', "application/json")


def test_answers_no_content_with_an_empty_body() -> None:
    reply: Any = serve(fc_event(), CONTEXT, {"/": ("GET", lambda _, __: Reply(204, None))}, ORIGINS, CLOCK)
    assert (reply["body"], "Content-Type" in reply["headers"]) == ("", False)


def test_a_request_is_timed_from_when_it_came() -> None:
    times: list[tuple[float, float]] = []

    def respond(request: Request, _: object) -> Reply:
        times.append((request.now, request.received_at))
        return Reply(200, {})

    route: Route = ("GET", respond)
    serve(fc_event(), CONTEXT, {"/": route}, ORIGINS, Clock(lambda: 7.0, iter([11.0, 12.0]).__next__))
    assert times == [(7.0, 11.0)]


@pytest.mark.parametrize("origin", ORIGINS)
def test_each_of_our_pages_may_read_a_refusal(origin: str) -> None:
    refused = answer(fc_event("/nowhere", headers={"Origin": origin}))
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (404, origin)


@pytest.mark.parametrize(
    ("event", "detail"),
    [
        (
            fc_event(headers={"Origin": "https://evil.example"}),
            "Pages of this origin may not call this function.",
        ),
        (fc_event("/nowhere"), "There is nothing at this path."),
    ],
)
def test_says_in_a_sentence_why_not(event: bytes, detail: str) -> None:
    assert answer(event).content["detail"] == detail


def test_reads_an_event_without_the_optional_parts() -> None:
    event = json.loads(fc_event())
    for name in ("body", "isBase64Encoded", "headers", "queryParameters"):
        del event[name]
    request = from_fc(json.dumps(event).encode(), 0, 0)
    assert (request.body, request.headers, request.query) == (b"", {}, {})


def changed(**parts: object) -> bytes:
    return json.dumps({**json.loads(fc_event()), **parts}).encode()


@pytest.mark.parametrize(
    ("event", "code"),
    [
        pytest.param(b"", "event_unreadable", id="empty"),
        pytest.param(b"\xff", "event_unreadable", id="not text"),
        pytest.param(b"[]", "event_unreadable", id="not an object"),
        pytest.param(b"[" * 60_000, "event_unreadable", id="deep"),
        pytest.param(b"9" * 60_000, "event_unreadable", id="an enormous number"),
        pytest.param(b" " * (96 * 1024 + 1), "event_too_large", id="over 96 KiB"),
        pytest.param(changed(requestContext={}), "event_unreadable", id="no context"),
        pytest.param(changed(headers={"a": 1}), "event_unreadable", id="a header that is a number"),
        pytest.param(changed(headers={"A": "1", "a": "2"}), "event_unreadable", id="a header twice"),
        pytest.param(changed(headers=[1]), "event_unreadable", id="headers that are a list"),
        pytest.param(changed(queryParameters={"a": None}), "event_unreadable", id="a null parameter"),
        pytest.param(changed(body=1), "event_unreadable", id="a body that is a number"),
        pytest.param(changed(body="\ud800"), "event_unreadable", id="a lone surrogate"),
        pytest.param(changed(body="%%%", isBase64Encoded=True), "event_unreadable", id="a lying flag"),
        pytest.param(changed(isBase64Encoded="false"), "event_unreadable", id="a flag that is text"),
    ],
)
def test_refuses_an_event_it_cannot_read(event: bytes, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(event)[:2] == (403, problem(403, "not_verified", "from-the-context"))
    assert json.loads(capsys.readouterr().out)["code"] == code


def problem(status: int, code: str, request_id: str = "") -> dict[str, object]:
    titles = {403: "Forbidden", 500: "Internal Server Error"}
    details = {
        "not_verified": "Nothing proves that this request is genuine.",
        "internal": "An internal error; the log has the details under this request_id.",
        "misconfigured": "This deployment is not configured correctly; its log says why.",
    }
    return {
        "type": "about:blank",
        "title": titles[status],
        "status": status,
        "detail": details[code],
        "code": code,
        "request_id": request_id,
    }


def test_every_kind_of_refusal_has_a_status() -> None:
    assert {kind.__name__: (kind.status, kind.title) for kind in every_kind()} == {
        "Refusal": (403, "Forbidden"),
        "Malformed": (400, "Bad Request"),
        "TooLarge": (413, "Content Too Large"),
        "TypeNotAllowed": (415, "Unsupported Media Type"),
        "ForeignOrigin": (403, "Forbidden"),
        "Unauthenticated": (401, "Unauthorized"),
        "TokenMissing": (401, "Unauthorized"),
        "TokenExpired": (401, "Unauthorized"),
        "UnknownPath": (404, "Not Found"),
        "WrongMethod": (405, "Method Not Allowed"),
        "Unverified": (403, "Forbidden"),
        "NotStored": (409, "Conflict"),
        "ObjectDiffers": (409, "Conflict"),
        "MultipartConflict": (409, "Conflict"),
        "PartsMissing": (409, "Conflict"),
        "Unavailable": (503, "Service Unavailable"),
        "BackendFailed": (502, "Bad Gateway"),
        "Misconfigured": (500, "Internal Server Error"),
        "Crashed": (500, "Internal Server Error"),
    }


class OwnStatus(errors.Refusal):
    """A kind whose status a deployer chose."""

    def __init__(self, status: Any) -> None:
        super().__init__("own", "A sentence.")
        self.status, self.title = status, "Own"


@pytest.mark.parametrize("status", [None, "rejected", 200, 204, 302, 399, 600, 700, 429.0, True])
def test_a_status_that_is_no_error_is_a_failure_of_ours(status: Any) -> None:
    """OSS takes 2xx for success, and an exception that escapes would become a 200."""
    refused = answer(fc_event(), refuse(OwnStatus(status)))
    assert (refused.status, refused.code) == (500, "internal")


@pytest.mark.parametrize("status", [400, 429, 451, 599])
def test_a_refusal_may_have_a_status_of_its_own(status: int) -> None:
    refused = answer(fc_event(), refuse(OwnStatus(status)))
    assert (refused.status, refused.code, refused.content["title"]) == (status, "own", "Own")


class Banned(errors.Refusal):
    """A kind that a deployer might add."""


class Exhausted(errors.Unavailable):
    """Another, of a kind that tells nothing."""


class Broken(errors.Refusal):
    """One that forgot to call its parent."""

    def __init__(self) -> None: ...


BYTES: Any = b"bytes"
NAN: Any = float("nan")


@pytest.mark.parametrize(
    "refusal",
    [
        Broken(),
        errors.Refusal(BYTES),
        errors.Unavailable("a", upload_id=BYTES),
        errors.Refusal("a", NAN),
    ],
)
def test_a_refusal_that_is_not_whole_is_a_failure(
    refusal: errors.Refusal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(fc_event(), refuse(refusal)).content == problem(500, "internal", "1-64f6cd87-1")
    assert "Traceback" in logged(capsys)["detail"]


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (errors.Refusal("quota_used_up", "Come back tomorrow."), 403, "quota_used_up"),
        (Banned("banned", "No."), 403, "banned"),
        (Exhausted("exhausted"), 503, "unavailable"),
    ],
)
def test_a_rule_of_ones_own_may_say_no(refusal: errors.Refusal, status: int, code: str) -> None:
    told = answer(fc_event(), refuse(refusal))
    assert (told.status, told.code) == (status, code)


def test_a_refusal_is_answered_as_problem_details() -> None:
    told = answer(fc_event(), refuse(errors.TooLarge("too_large", "A file may have at most 5 bytes.")))
    assert told.status == 413
    assert told.content == {
        "type": "about:blank",
        "title": "Content Too Large",
        "status": 413,
        "detail": "A file may have at most 5 bytes.",
        "code": "too_large",
        "request_id": "1-64f6cd87-1",
    }


TYPES_URL = "https://docs.example.com/errors/?lang=en"


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (errors.TooLarge("too_large"), f"{TYPES_URL}#too_large"),
        (errors.Unverified("signature_wrong"), f"{TYPES_URL}#not_verified"),  # and not the real code
        (KeyError("secret"), f"{TYPES_URL}#internal"),
        (errors.Refusal("quota.used-up"), f"{TYPES_URL}#quota.used-up"),
        (errors.Refusal("no room"), "about:blank"),
        (errors.Refusal("a#b"), "about:blank"),
        (errors.Refusal("too_large\n"), "about:blank"),
        (errors.Refusal("没有权限"), "about:blank"),
        (errors.Refusal(cast("str", 5)), "about:blank"),
    ],
)
def test_the_type_of_a_refusal_is_the_address_that_explains_its_code(
    refusal: BaseException, kind: str
) -> None:
    route: Route = ("GET", refuse(refusal))
    told = ask(lambda raw, _: serve(raw, CONTEXT, {"/": route}, ORIGINS, CLOCK, TYPES_URL), fc_event())
    plain = answer(fc_event(), refuse(refusal))
    assert told.content["type"] == kind
    assert {**told.content, "type": "about:blank"} == plain.content


@pytest.mark.parametrize(
    ("refusal", "content"),
    [
        (errors.Unverified("signature_wrong", "x"), problem(403, "not_verified", "1-64f6cd87-1")),
        (errors.Misconfigured("m", "SECRET is bad"), problem(500, "misconfigured", "1-64f6cd87-1")),
        (KeyError("secret"), problem(500, "internal", "1-64f6cd87-1")),
        (SystemExit(0), problem(500, "internal", "1-64f6cd87-1")),
        (KeyboardInterrupt(), problem(500, "internal", "1-64f6cd87-1")),
    ],
)
def test_what_went_wrong_inside_is_not_told(refusal: BaseException, content: object) -> None:
    assert answer(fc_event(), refuse(refusal)).content == content


def test_unavailable_says_when_to_ask_again() -> None:
    told = answer(fc_event(), refuse(errors.Unavailable("head_timeout", retry_after=7)))
    assert (told.status, told.code, told.headers["Retry-After"]) == (503, "unavailable", "7")


@pytest.mark.parametrize(
    ("refusal", "code", "challenge"),
    [
        (errors.TokenMissing("x"), "token_missing", "Bearer"),
        (errors.Unauthenticated("signed_by_no_key"), "token_invalid", 'Bearer error="invalid_token"'),
        (
            errors.TokenExpired("x"),
            "token_expired",
            'Bearer error="invalid_token", error_description="The token expired"',
        ),
    ],
)
def test_a_401_says_how_to_ask_and_not_what_was_wrong(
    refusal: errors.Refusal, code: str, challenge: str
) -> None:
    told = answer(fc_event(), refuse(refusal))
    assert (told.status, told.code, told.headers["WWW-Authenticate"]) == (401, code, challenge)


def test_a_backend_that_failed_is_told_and_may_be_asked_again() -> None:
    told = answer(fc_event(), refuse(errors.BackendFailed("backend_failed", "It answered 500.")))
    assert (told.status, told.code, told.headers["Retry-After"]) == (502, "backend_failed", "2")
    assert told.content["detail"] == "It answered 500."


@pytest.mark.parametrize("content", [{"a": float("nan")}, {"a": {1}}, {"a": b""}])
def test_an_answer_that_is_not_json_is_a_failure(content: dict[str, object]) -> None:
    assert answer(fc_event(), lambda _, __: Reply(200, content))[:2] == (
        500,
        problem(500, "internal", "1-64f6cd87-1"),
    )


@pytest.mark.parametrize(
    ("origin", "echoed"),
    [(None, ORIGINS[0]), (ORIGINS[0], ORIGINS[0]), (ORIGINS[1], ORIGINS[1])],
)
def test_our_pages_and_programs_may_read_the_answer(origin: str | None, echoed: str) -> None:
    told = answer(fc_event(headers={"Origin": origin} if origin else {}))
    assert (told.status, told.headers["Access-Control-Allow-Origin"], told.headers["Vary"]) == (
        200,
        echoed,
        "Origin",
    )
    assert "Access-Control-Allow-Credentials" not in told.headers


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST", "DELETE"])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://www.example.com",
        "https://www.example.com.evil.example",
        "https://www.example.com:8443",
        "https://www.example.com,https://example.com",
        "HTTPS://www.example.com",
        "null",
        "",
    ],
)
def test_a_foreign_page_is_refused_and_cannot_read_why(method: str, origin: str) -> None:
    told = answer(fc_event(headers={"Origin": origin}, method=method))
    assert (told.status, told.code) == (403, "foreign_origin")
    assert told.headers["Access-Control-Allow-Origin"] == ORIGINS[0]
    assert told.headers["Vary"] == "Origin"


def test_answers_a_preflight() -> None:
    told = answer(fc_event(headers={"Origin": ORIGINS[0]}, method="OPTIONS"))
    assert told == Answer(
        204,
        None,
        {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Access-Control-Allow-Origin": ORIGINS[0],
            "Access-Control-Expose-Headers": "Retry-After, WWW-Authenticate",
            "Vary": "Origin",
            "Access-Control-Allow-Methods": "GET",
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Max-Age": "7200",
        },
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE", "PATCH", "get", ""])
def test_refuses_another_method(method: str) -> None:
    told = answer(fc_event(method=method))
    assert (told.status, told.code, told.headers["Allow"]) == (405, "method_not_allowed", "GET, OPTIONS")


@pytest.mark.parametrize("path", ["", "//", "/limits/", "/../", "/%2e", "/favicon.ico"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_refuses_another_path(path: str, method: str) -> None:
    told = answer(fc_event(path, method=method))
    assert (told.status, told.code) == (404, "not_found")


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    line: dict[str, Any] = json.loads(lines[0])
    return line


def test_logs_one_line_without_anything_that_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    event = fc_event("/", {"name": "secret.png"}, headers={"Authorization": "Bearer secret"}, body="secret")
    answer(event, lambda _, __: Reply(200, {"ticket": "secret"}, log={"upload_id": "01abc"}))
    line = logged(capsys)
    assert line.pop("milliseconds") == 1000.0
    assert line == {
        "time": "2027-01-15T08:00:00Z",
        "level": "info",
        "event": "answered",
        "request_id": "1-64f6cd87-1",
        "upload_id": "01abc",
        "code": "ok",
        "status": 200,
    }


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (errors.Unverified("ticket_expired", upload_id="01abc"), ("warning", "ticket_expired", "01abc")),
        (errors.Unavailable("head_timeout"), ("error", "head_timeout", "")),
        (errors.Misconfigured("misconfigured", "NAME is not set"), ("error", "misconfigured", "")),
    ],
)
def test_logs_why_it_refused(
    refusal: errors.Refusal, expected: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    answer(fc_event(), refuse(refusal))
    line = logged(capsys)
    assert (line["level"], line["code"], line["upload_id"]) == expected
    assert line["detail"] == refusal.detail


def test_logs_a_configuration_error_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    answer(fc_event(), refuse(errors.Misconfigured("misconfigured", "NAME is not set")))
    assert logged(capsys)["detail"] == "NAME is not set"


def test_logs_the_traceback_of_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    answer(fc_event(), refuse(ZeroDivisionError("why")))
    line = logged(capsys)
    assert line["detail"].endswith("ZeroDivisionError: why\n")
    assert (line["level"], line["code"]) == ("error", "internal")


def test_logs_tenths_of_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock(lambda: 0.0, iter([1.0, 1.0012345]).__next__)
    serve(fc_event(), CONTEXT, {"/": ("GET", lambda _, __: Reply(200, {}))}, ORIGINS, clock)
    assert logged(capsys)["milliseconds"] == 1.2


def test_logs_an_empty_request_id_where_none_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    serve(b"", None, {}, ORIGINS, CLOCK)
    assert logged(capsys)["request_id"] == ""


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), ValueError("closed")])
def test_a_broken_log_does_not_cost_the_answer(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise fault

    monkeypatch.setattr(sys, "stdout", Broken())
    assert answer(fc_event()).status == 200
