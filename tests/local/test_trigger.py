"""The emulated trigger as a process, with real sockets, gunicorn and Flask."""

import http.client
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.development_settings import Ports, process_specs
from local.process_spec import Paths
from tests.support.emulated_function import REPOSITORY, EmulatedFunction

FAULTS = "/-/faults"
PIECE = b"x" * 64 * 1024

# It answers with its event; some paths make it fail.
ECHO = """
import json, sys, reply

def handler(event, context):
    asked = json.loads(event)["requestContext"]["http"]["path"]
    if asked == "/raise":
        raise ValueError("something is wrong")
    if asked == "/exit":
        sys.exit(3)
    if asked == "/nothing":
        return None
    if asked == "/cors":
        return reply.of({}, {"Access-Control-Allow-Origin": "https://good.example", "Server": "mine"})
    return reply.of({"event": json.loads(event), "request_id": context.request_id}, {})
"""
REPLY = """
import json

def of(shown, headers):
    return {"statusCode": 200, "headers": headers, "isBase64Encoded": False, "body": json.dumps(shown)}
"""
METHODS = {"EMULATE_METHODS": "GET,POST,OPTIONS"}


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedFunction]:
    folder = tmp_path_factory.mktemp("echo")
    (folder / "main.py").write_text(ECHO)
    (folder / "reply.py").write_text(REPLY)
    with EmulatedFunction(folder, METHODS) as running:
        yield running


def test_gives_the_function_the_request_as_it_was_sent(echo: EmulatedFunction) -> None:
    answer = echo.ask(
        "POST", "//a%20b/%E5%9B%BE?x=1&x=2", data={"c": "图"}, headers={"x-oss-pub-key-url": "aHR0cA=="}
    )
    shown = answer.json()
    event, host = shown["event"], echo.url.removeprefix("http://")
    assert (event["rawPath"], event["requestContext"]["http"]["path"]) == ("//a%20b/%E5%9B%BE", "//a b/图")
    assert event["queryParameters"] == {"x": "1,2"}
    assert (event["body"], event["isBase64Encoded"]) == ("c=%E5%9B%BE", False)
    assert (event["headers"]["X-Oss-Pub-Key-Url"], event["headers"]["Host"]) == ("aHR0cA==", host)
    assert "Connection" not in event["headers"]
    assert event["requestContext"]["domainName"] == "127.0.0.1"
    assert answer.headers["X-Fc-Request-Id"] == shown["request_id"] == event["requestContext"]["requestId"]


def test_sends_binary_content_as_base64(echo: EmulatedFunction) -> None:
    event = echo.event("POST", data=b"\x89PNG", headers={"Content-Type": "image/png"})
    assert (event["body"], event["isBase64Encoded"]) == ("iVBORw==", True)


@pytest.mark.parametrize(
    ("path", "kind"), [("/raise", "ValueError"), ("/exit", "SystemExit"), ("/nothing", "BadReplyError")]
)
def test_answers_a_crash_with_200_and_goes_on(echo: EmulatedFunction, path: str, kind: str) -> None:
    answer = echo.ask(path=path)
    assert (answer.status_code, answer.headers["X-Fc-Error-Type"]) == (200, "UnhandledInvocationError")
    assert answer.json()["errorType"] == kind
    assert echo.ask().json()["event"]["rawPath"] == "/"


def test_crashes_as_often_as_planned_after_the_handler_ran(echo: EmulatedFunction) -> None:
    planned = echo.ask("POST", FAULTS, json={"fault": "crash", "requests": 2})
    kinds = [echo.ask().json().get("errorType") for _ in range(3)]
    assert (planned.json(), kinds) == ({"crash": 2}, ["PlannedCrashError", "PlannedCrashError", None])


def test_forgets_planned_crashes(echo: EmulatedFunction) -> None:
    echo.ask("POST", FAULTS, json={"fault": "crash", "requests": 2})
    assert echo.ask("DELETE", FAULTS).json() == echo.ask("GET", FAULTS).json() == {"crash": 0}


def test_takes_a_fault_as_curl_sends_it(echo: EmulatedFunction) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    planned = echo.ask("POST", FAULTS, data='{"fault": "crash"}', headers=form)
    assert (planned.status_code, planned.json()) == (200, {"crash": 1})
    echo.ask("DELETE", FAULTS)


# What a web page's request has that a tool's has not: Fetch, "Origin header"; Fetch Metadata Request Headers;
# and for DNS rebinding, the page's own name in Host. The last is a callback of the stand-in.
BY_A_WEB_PAGE = [
    {"Origin": "https://evil.example", "Content-Type": "text/plain"},
    {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"},
    {"Origin": ""},
    {"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Host": "evil.example"},
    {"Host": "evil.example", "Origin": "http://evil.example"},
    {"Host": "localhost.evil.example"},
    {"Host": "[::1].evil.example"},
    {"x-oss-tag": "CALLBACK"},
]


@pytest.mark.parametrize("headers", BY_A_WEB_PAGE)
def test_no_web_page_and_no_callback_may_order_a_fault(
    echo: EmulatedFunction, headers: dict[str, str]
) -> None:
    echo.ask("POST", FAULTS, json={"fault": "crash", "requests": 1})
    order = b'{"fault": "crash", "requests": 9}'
    for method in ("POST", "DELETE", "PUT", "OPTIONS"):
        answer = echo.ask(method, FAULTS, data=order, headers=headers)
        assert answer.status_code == 403, method
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert echo.ask("GET", FAULTS).json() == {"crash": 1}
    assert echo.ask("DELETE", FAULTS).json() == {"crash": 0}


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Dest": "script"}]
)
def test_no_web_page_may_read_which_faults_are_planned(
    echo: EmulatedFunction, headers: dict[str, str]
) -> None:
    assert echo.ask("GET", FAULTS, headers=headers).status_code == 403


@pytest.mark.parametrize("path", [FAULTS, f"{FAULTS}?requests=9&fault=crash", "/%2D/faults"])
def test_reading_orders_nothing_and_another_spelling_has_the_same_rule(
    echo: EmulatedFunction, path: str
) -> None:
    assert echo.ask("GET", path).json() == {"crash": 0}
    evil = {"Origin": "https://evil.example"}
    assert echo.ask("POST", path, data=b'{"fault": "crash"}', headers=evil).status_code == 403
    assert echo.ask("GET", FAULTS).json() == {"crash": 0}


def test_an_answer_about_faults_is_for_no_other_origin(echo: EmulatedFunction) -> None:
    headers = echo.ask("GET", FAULTS, headers={"Origin": "https://evil.example"}).headers
    assert {name: headers.get(name) for name in ("Cache-Control", "Cross-Origin-Resource-Policy")} == {
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9002", "[::1]:9002", "callback:9002"])
def test_tools_of_this_machine_may_order_under_each_of_its_names(echo: EmulatedFunction, host: str) -> None:
    order = {"fault": "crash", "requests": 1}
    assert echo.ask("POST", FAULTS, json=order, headers={"Host": host}).json() == {"crash": 1}
    assert echo.ask("DELETE", FAULTS, headers={"Host": host}).json() == {"crash": 0}


def test_adds_no_content_type_of_its_own(echo: EmulatedFunction) -> None:
    assert "Content-Type" not in echo.ask(path="/cors").headers


@pytest.mark.parametrize(
    "order", [{}, [], {"fault": "fire", "requests": 1}, {"fault": "crash", "requests": "1"}]
)
def test_refuses_a_fault_it_does_not_know(echo: EmulatedFunction, order: object) -> None:
    assert echo.ask("POST", FAULTS, json=order).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "HEAD", "DELETE", "BREW"])
def test_refuses_methods_the_trigger_does_not_list(echo: EmulatedFunction, method: str) -> None:
    answer = echo.ask(method)
    assert (answer.status_code, "X-Fc-Request-Id" in answer.headers) == (403, True)


def test_lets_the_function_answer_options(echo: EmulatedFunction) -> None:
    assert echo.event("OPTIONS")["requestContext"]["http"]["method"] == "OPTIONS"


def test_adds_what_the_default_domain_adds(echo: EmulatedFunction) -> None:
    headers = echo.ask(headers={"Origin": "https://evil.example"}).headers
    assert headers["Content-Disposition"] == "attachment"
    assert headers["Access-Control-Allow-Origin"] == "https://evil.example"
    assert headers["Access-Control-Allow-Credentials"] == "true"


def test_leaves_cors_to_a_function_that_sets_it(echo: EmulatedFunction) -> None:
    headers = echo.ask(path="/cors", headers={"Origin": "https://evil.example"}).headers
    assert headers["Access-Control-Allow-Origin"] == "https://good.example"
    assert "Access-Control-Allow-Credentials" not in headers
    assert headers["Server"] != "mine"


@pytest.mark.parametrize("chunked", [False, True])
def test_refuses_a_body_over_32_mb_however_it_is_sent(echo: EmulatedFunction, *, chunked: bool) -> None:
    pieces = [PIECE] * 513
    answer = echo.ask("POST", data=iter(pieces) if chunked else b"".join(pieces))
    assert (answer.status_code, answer.json()["Code"]) == (400, "InvalidArgument")


def test_passes_a_body_of_just_32_mb(echo: EmulatedFunction) -> None:
    assert (
        len(echo.event("POST", data=PIECE * 512, headers={"Content-Type": "text/plain"})["body"])
        == 32 * 1024**2
    )


def test_refuses_a_path_over_4_kb(echo: EmulatedFunction) -> None:
    assert echo.ask(path="/?" + "x" * 4096).json()["Code"] == "InvalidArgument"


def test_refuses_headers_over_8_kb(echo: EmulatedFunction) -> None:
    headers = {f"X-Filler-{number}": "x" * 2048 for number in range(4)}
    assert echo.ask(headers=headers).json()["Code"] == "InvalidArgument"


def test_reads_an_absolute_target(echo: EmulatedFunction) -> None:
    connection = http.client.HTTPConnection(echo.url.removeprefix("http://"), timeout=30)
    connection.request("GET", f"{echo.url}/limits?x=1")
    event = json.loads(connection.getresponse().read())["event"]
    connection.close()
    assert (event["rawPath"], event["queryParameters"]) == ("/limits", {"x": "1"})


def test_sends_every_body_as_base64_in_the_stricter_reading(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(ECHO)
    (tmp_path / "reply.py").write_text(REPLY)
    with EmulatedFunction(tmp_path, {**METHODS, "EMULATE_BASE64": "always"}) as strict:
        event = strict.event("POST", data="a=b", headers={"Content-Type": "text/plain"})
    assert (event["body"], event["isBase64Encoded"]) == ("YT1i", True)


def test_answers_a_failing_import_with_200_to_everything(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import missing_module\n")
    with EmulatedFunction(tmp_path, METHODS) as broken:
        answers = [broken.ask(), broken.ask("POST", "/callback", data={"a": "b"})]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["errorType"] for answer in answers] == ["ModuleNotFoundError"] * 2


def copied(name: str, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """Return a copy of a function, and its environment in `make run`."""
    folder = tmp_path / name
    shutil.copytree(
        REPOSITORY / "functions" / name, folder, ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    started = process_specs({}, Ports(9001, 9002, 9000, 8080), Paths(REPOSITORY, tmp_path), "")
    env = next(spec.env for spec in started if spec.name == name)
    return folder, dict(env)


@pytest.mark.parametrize(
    ("name", "broken_module"), [("token", "grants/file_grant.py"), ("callback", "completion/object_proof.py")]
)
@pytest.mark.parametrize("how", ["variable", "import"])
def test_a_function_that_cannot_start_answers_500_misconfigured_to_everything(
    tmp_path: Path, name: str, broken_module: str, how: str
) -> None:
    folder, env = copied(name, tmp_path)
    if how == "variable":
        del env["TICKET_SECRET"]
    else:
        (folder / broken_module).write_text("def broken(:\n")
    asked = (
        [("POST", "/callback"), ("POST", "/confirm")]
        if name == "callback"
        else [("GET", "/"), ("GET", "/limits")]
    )
    with EmulatedFunction(folder, env) as misconfigured:
        answers = [
            misconfigured.ask(*request) for request in [*asked, ("OPTIONS", "/"), (asked[0][0], "/nowhere")]
        ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(500, "misconfigured")] * 4
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
