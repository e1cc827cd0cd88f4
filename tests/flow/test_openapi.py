"""The running functions answer as docs/openapi says, whatever schemathesis makes of it and sends.

The inputs are the same in each run. A genuine callback is signed by the stand-in's own key, which `make run`
keeps in its state folder, about a file that was sent to the stand-in.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from completion.callback_request import FIELDS
from local.development_settings import IDENTITY
from oss_emulator.callback.key import load_or_make_key, sign_callback, string_to_sign
from tests.support.environment import free_ports
from tests.support.hypothesis_settings import FEW
from tests.support.openapi import PROBLEM, document, faults
from tests.support.single_function import single_function
from tests.support.stack import BUCKET, REPOSITORY, Stack, bearer_of, md5
from vendored.ticket import FileTicket, sign_ticket

FILE = b"hello"
EXAMPLES = hypothesis.settings(FEW, max_examples=50)
SECRET = "development-ticket-secret-for-one-machine-only"
CONFORM = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
FORM = "application/x-www-form-urlencoded"
NARROW = '{"upload": {"types": ["image/png"]}}'


def described(function: str) -> Any:
    path = REPOSITORY / "docs" / "openapi" / f"{function}.yaml"
    return schemathesis.openapi.from_path(path, config=SchemathesisConfig())


DESCRIBED = {function: described(function) for function in ("token", "callback")}
OPERATIONS = {
    f"{function} {operation.method.upper()} {operation.path}": operation
    for function, whole in DESCRIBED.items()
    for operation in (one.ok() for one in whole.get_all_operations())
}
GRANT, LIMITS = OPERATIONS["token GET /"], OPERATIONS["token GET /limits"]
CALLBACK, CONFIRM = OPERATIONS["callback POST /callback"], OPERATIONS["callback POST /confirm"]
# the other operations take anything, so that no input is against their descriptions
PARTS = ("token POST /parts", "token POST /complete", "token POST /abort")
WITH_A_FORM = (
    "token GET /",
    "token POST /uploads",
    *PARTS,
    "callback POST /callback",
    "callback POST /confirm",
)
ASKED = [(name, GenerationMode.POSITIVE) for name in OPERATIONS]
ASKED += [(name, GenerationMode.NEGATIVE) for name in WITH_A_FORM]
OTHER_METHODS = {"token": ("POST", "/limits"), "callback": ("GET", "/confirm")}


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Connection"] = "close"  # as in `Stack`
        yield session


def conform(case: Case[Any], answer: requests.Response) -> requests.Response:
    """Check status, content type, headers and body of an answer against the description."""
    case.validate_response(answer, checks=CONFORM)
    return answer


def statuses(asked: Any, ask: Callable[[Any], int]) -> Counter[int]:
    """Ask for each of the same inputs; count the statuses that are returned."""
    seen: Counter[int] = Counter()

    @EXAMPLES
    @hypothesis.given(asked)
    def each(one: Any) -> None:
        seen[ask(one)] += 1

    each()
    return seen


@pytest.mark.parametrize("function", DESCRIBED)
def test_the_description_is_one_of_openapi(function: str) -> None:
    DESCRIBED[function].validate()


@pytest.mark.parametrize(("name", "mode"), ASKED)
def test_whatever_is_sent_is_answered_as_described(
    name: str, mode: GenerationMode, stack: Stack, session: requests.Session
) -> None:
    function, method, _ = name.split()
    pages = st.sampled_from([None, stack.site])

    def ask(given: tuple[Case[Any], str | None]) -> int:
        case, page = given
        if page:
            case.headers["Origin"] = page
        answer = case.call(base_url=getattr(stack, function), session=session, timeout=10)
        case.validate_response(answer, checks=CONFORM)
        return int(answer.status_code)

    seen = statuses(st.tuples(OPERATIONS[name].as_strategy(generation_mode=mode), pages), ask)
    assert 403 in seen  # a foreign page
    assert method != "OPTIONS" or 204 in seen
    assert function == "token" or 200 not in seen  # nothing made at random is believed


def test_a_file_that_fits_the_description_is_granted(stack: Stack, session: requests.Session) -> None:
    """Or it is outside the limits, or its name has more bytes than characters."""
    sizes = st.sampled_from(["0", "5", "999999999"])

    def ask(given: tuple[Case[Any], str]) -> int:
        case, size = given
        case.headers.pop("Origin", None)
        case.headers.pop("Authorization", None)
        case.query = {"name": "a.png", **case.query, "size": size}
        case.query.pop("profile", None)  # this stack has none
        answer = case.call(base_url=stack.token, session=session, timeout=10)
        case.validate_response(answer, checks=CONFORM)
        assert answer.status_code in {200, 413, 415} or answer.json()["code"] == "name_too_long", answer.text
        return int(answer.status_code)

    seen = statuses(st.tuples(GRANT.as_strategy(), sizes), ask)
    assert {200, 413, 415} <= set(seen)


def test_who_signs_in_is_answered_as_described(stack: Stack, session: requests.Session) -> None:
    tokens = {
        None: "token_missing",
        "Bearer a.b.c": "token_invalid",
        bearer_of("alice", SECONDS="-90"): "token_expired",
        bearer_of("alice"): "",
    }
    with single_function("token", stack, **IDENTITY) as address:
        for operation, query in ((GRANT, {"name": "a.png", "size": "5"}), (LIMITS, {})):
            for token, code in tokens.items():
                headers = {"Authorization": token} if token else {}
                answer = session.get(f"{address}{operation.path}", params=query, headers=headers, timeout=10)
                conform(operation.Case(query=query, headers=headers), answer)
                assert answer.json().get("code", "") == code


@pytest.mark.parametrize("version", ["V4", "V1"])
def test_a_directory_grant_is_as_described(version: str, stack: Stack, session: requests.Session) -> None:
    static = {"ALIBABA_CLOUD_SECURITY_TOKEN": ""} if version == "V1" else {}
    chosen = {**IDENTITY, **static, "ALLOW_DIRECTORY_GRANTS": "true", "SIGNATURE_VERSION": version}
    with single_function("token", stack, **chosen) as address:
        codes = []
        for bearer in (bearer_of("alice"), bearer_of("alice", CLAIMS=NARROW)):
            headers = {"Authorization": bearer}
            for operation in (GRANT, LIMITS):
                answer = session.get(f"{address}{operation.path}", headers=headers, timeout=10)
                conform(operation.Case(headers=headers), answer)
                codes.append(answer.json().get("code", "ok"))
        assert codes == ["ok", "ok", "directory_not_offered", "ok"]


@pytest.fixture
def genuine(stack: Stack, session: requests.Session) -> Callable[..., requests.Response]:
    """Return a function that calls back as OSS does, about a stored file, with some fields changed."""
    grant = stack.grant()
    assert stack.send(grant, FILE).status_code == 200
    key = load_or_make_key(stack.state / "callback_key.pem")
    stored = {
        "ticket": grant["ticket"],
        "bucket": BUCKET,
        "object": grant["key"],
        "size": str(len(FILE)),
        "etag": md5(FILE),
    }

    def call(address: str = "", **changed: str) -> requests.Response:
        body = urlencode({**stored, **changed}).encode()
        headers = {
            "Authorization": sign_callback(key, string_to_sign("/callback", "", body)),
            "Content-Type": FORM,
            "x-oss-pub-key-url": "aHR0cDovLzEyNy4wLjAuMS8=",
            "x-oss-signature-version": "1.0",
        }
        return session.post(f"{address or stack.callback}/callback", body, headers=headers, timeout=10)

    return call


def test_a_callback_that_oss_signed_is_answered_as_described(
    genuine: Callable[..., requests.Response],
) -> None:
    """Each but the whole ones has one field that schemathesis made."""
    changed = st.sampled_from(["none", *sorted(FIELDS)])

    def ask(given: tuple[Case[Any], str]) -> int:
        case, name = given
        made: Any = case.body
        answer = genuine(**({name: made[name]} if name in FIELDS else {}))
        return int(conform(case, answer).status_code)

    seen = statuses(st.tuples(CALLBACK.as_strategy(), changed), ask)
    assert (
        {200, 403, 409} <= set(seen) <= {200, 403, 409, 503}
    )  # 409: of another ETag; 503: of the same again


def ticket_for(key: str, size: int = len(FILE)) -> str:
    """Return a ticket that the token function could have signed."""
    now = int(time.time())
    return sign_ticket(FileTicket("01m85f7nv7nksdv2wrbbntgbvw", key, size, "", now, now + 600), SECRET)


def test_a_confirm_is_answered_as_described(stack: Stack, session: requests.Session) -> None:
    grant = stack.grant()
    stack.send(grant, FILE)
    tickets = {
        "": grant["ticket"],
        "not_stored": ticket_for("uploads/_/none.png"),
        "size_differs": ticket_for(grant["key"], 6),
        "not_verified": ticket_for("elsewhere/none.png"),
    }
    for code, ticket in tickets.items():
        case = CONFIRM.Case(body={"ticket": ticket}, media_type="application/json")
        answer = session.post(f"{stack.callback}/confirm", json=case.body, timeout=10)
        assert conform(case, answer).json().get("code", "") == code


def test_what_fails_behind_the_callback_function_is_answered_as_described(
    stack: Stack, genuine: Callable[..., requests.Response]
) -> None:
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    broken = {
        (502, "backend_unanswered"): {"WEBHOOK_URL": nobody, "WEBHOOK_SECRET": "whsec_" + "A" * 32},
        (503, "unavailable"): {"OBJECT_URL": nobody},
        (415, "type_not_allowed"): {"ALLOWED_TYPES": "text/plain"},
        (500, "misconfigured"): {"TICKET_SECRET": ""},
    }
    for (status, code), changed in broken.items():
        with single_function("callback", stack, **changed) as address:
            answer = conform(CALLBACK.Case(body={}, media_type=FORM), genuine(address))
            assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("function", DESCRIBED)
def test_another_path_and_another_method_are_answered_as_described(
    function: str, stack: Stack, session: requests.Session
) -> None:
    answers = document(function)["components"]["responses"]
    with single_function(function, stack) as address:
        method, path = OTHER_METHODS[function]
        asked = {
            "NotFound": session.post(f"{address}/nowhere", timeout=10),
            "MethodNotAllowed": session.request(method, f"{address}{path}", timeout=10),
        }
    for name, answer in asked.items():
        schema = answers[name]["content"][PROBLEM]["schema"]
        assert faults(document(function), schema, answer.json()) == []
        assert answer.headers["Content-Type"] == PROBLEM
        assert set(answers[name]["headers"]) <= set(answer.headers)


def test_an_upload_in_parts_is_answered_as_described(stack: Stack, session: requests.Session) -> None:
    with single_function("token", stack, MULTIPART_BYTES="1") as address:

        def asked(path: str, document: Any, status: int, code: str = "") -> Any:
            operation = OPERATIONS[f"token POST {path}"]
            answer = session.post(f"{address}{path}", json=document, timeout=20)
            conform(operation.Case(body=document, media_type="application/json"), answer)
            assert (answer.status_code, answer.json().get("code", "")) == (status, code)
            return answer.json()

        def begun() -> Any:
            file = {"name": "a.png", "size": len(FILE), "type": "image/png"}
            large, form, bad = asked(
                "/uploads", {"files": [{**file, "multipart": True}, file, {**file, "name": ""}]}, 200
            )["uploads"]
            assert (large["kind"], form["method"], bad["problem"]["code"]) == (
                "multipart",
                "POST",
                "name_invalid",
            )
            return large

        grant = begun()
        ticket = {"ticket": grant["ticket"]}
        missing = session.post(grant["confirm"], json=ticket, timeout=10)
        assert (
            conform(CONFIRM.Case(body=ticket, media_type="application/json"), missing).json()["code"]
            == "not_stored"
        )
        assert asked("/complete", ticket, 409, "parts_missing")["numbers"] == [1]
        (part,) = asked("/parts", {**ticket, "numbers": [1]}, 200)["parts"]
        assert session.put(part["url"], FILE, timeout=10).status_code == 200
        done = asked("/complete", ticket, 200)
        assert (done["Status"], done["id"], done["crc64"]) == ("OK", grant["id"], "11177612005948864433")
        assert stack.stored(grant["key"]).content == FILE
        confirmed = session.post(grant["confirm"], json=ticket, timeout=10).json()
        assert {**confirmed, "url": done["url"]} == done
        asked("/complete", ticket, 409, "upload_gone")
        asked("/abort", ticket, 409, "upload_gone")
        aborted = begun()
        assert asked("/abort", {"ticket": aborted["ticket"]}, 200)["id"] == aborted["id"]
        asked("/parts", {**ticket, "numbers": [2]}, 400, "numbers_invalid")
        asked("/abort", {"ticket": ticket_for(grant["key"])}, 403, "not_verified")
        for files in ([], [{"name": "a"}]):
            asked("/uploads", {"files": files}, 400, "files_invalid")
        for path in ("/uploads", "/parts", "/complete", "/abort"):
            asked(path, {}, 400, "body_malformed")
        failed = begun()
        (part,) = asked("/parts", {"ticket": failed["ticket"], "numbers": [1]}, 200)["parts"]
        session.put(part["url"], FILE, timeout=10)
        with single_function(
            "token", stack, MULTIPART_BYTES="1", CALLBACK_URL=f"http://127.0.0.1:{free_ports(1)[0]}"
        ) as other:
            answer = session.post(f"{other}/complete", json={"ticket": failed["ticket"]}, timeout=20)
            conform(
                OPERATIONS["token POST /complete"].Case(body=ticket, media_type="application/json"), answer
            )
            assert (answer.status_code, answer.json()["code"]) == (203, "callback_failed")
