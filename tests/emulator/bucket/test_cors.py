import pytest

from tests.support.emulator.scene import ORIGIN, Scene, signed
from tests.support.emulator.signed_requests import ask, cors, cors_rule, put

PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
NO_MATCH = (403, "AccessForbidden", "0003-00000602")
VARY = "<ResponseVary>true</ResponseVary>"


def cors_headers(headers: object) -> dict[str, str]:
    assert isinstance(headers, dict)
    return {name: value for name, value in headers.items() if not name.startswith("x-oss")}


def test_answers_a_preflight_that_a_rule_allows(scene: Scene) -> None:
    answer = scene.request(
        "OPTIONS", "/", {**PREFLIGHT, "Access-Control-Request-Headers": "X-A, content-type"}
    )

    assert (answer.status, answer.body) == (200, b"")
    assert cors_headers(answer.headers) == {
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Allow-Methods": "POST, PUT, GET",
        "Access-Control-Allow-Headers": "x-a, content-type",
        "Access-Control-Expose-Headers": "ETag, x-oss-request-id, x-oss-hash-crc64ecma",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (400, "BadRequest", "0034-00000101")),
        ({"Origin": ORIGIN}, (400, "BadRequest", "0034-00000102")),
        ({**PREFLIGHT, "Origin": "http://127.0.0.1:8081"}, NO_MATCH),
        ({**PREFLIGHT, "Origin": "https://127.0.0.1:8080"}, NO_MATCH),
        ({**PREFLIGHT, "Origin": ORIGIN + ".evil.example"}, NO_MATCH),
        ({**PREFLIGHT, "Access-Control-Request-Method": "DELETE"}, NO_MATCH),
        ({**PREFLIGHT, "Access-Control-Request-Method": "post"}, NO_MATCH),
    ],
)
def test_refuses_other_preflights(
    scene: Scene, headers: dict[str, str], expected: tuple[int, str, str]
) -> None:
    answer = scene.request("OPTIONS", "/", headers)

    assert answer.refusal == expected
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_refused_preflight_has_oss_s_text_with_its_typing_errors(scene: Scene) -> None:
    answer = scene.request("OPTIONS", "/", {**PREFLIGHT, "Access-Control-Request-Method": "DELETE"})

    assert answer.error["Message"] == (
        "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
        "request method / Access-Control-Request-Method or Access-Control-Requet-Headers are not whitelisted "
        "by the resource's CORS spec."
    )
    assert scene.bucket.history.refusals()[0].explanation == {
        "expected": f"{ORIGIN} with POST, PUT, GET and headers *",
        "got": f"{ORIGIN} with DELETE and headers ",
    }


def test_refuses_every_preflight_without_rules(scene: Scene) -> None:
    scene.set(allowed_origins=())

    answer = scene.request("OPTIONS", "/", PREFLIGHT)

    assert answer.refusal == (403, "AccessForbidden", "0003-00000601")
    assert "Vary" not in answer.headers


def test_a_request_no_rule_matches_is_executed_without_cors_headers(scene: Scene) -> None:
    answer = scene.post(signed({"key": "a"}), headers={"Origin": "http://evil.example"})

    assert answer.status == 204
    assert scene.stored("a").size == 5
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert answer.headers["Vary"] == "Origin"


def test_a_refusal_has_cors_headers_too(scene: Scene) -> None:
    answer = scene.post({"key": "a"}, headers={"Origin": ORIGIN})

    assert answer.status in {400, 403}
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag, x-oss-request-id, x-oss-hash-crc64ecma"


FIRST = cors_rule(
    origins="https://*.example.com", headers="X-* content-md5", exposed="ETag x-oss-request-id"
).replace("</CORSRule>", "<MaxAgeSeconds>5</MaxAgeSeconds></CORSRule>")
SECOND = cors_rule(methods="GET POST PUT", headers="").replace(
    "</CORSRule>", "<MaxAgeSeconds>10</MaxAgeSeconds></CORSRule>"
)


@pytest.mark.parametrize(
    ("origin", "method", "headers", "max_age"),
    [
        ("https://a.example.com", "POST", "X-One", "5"),
        ("https://a.example.com", "POST", "x-one, Content-MD5", "5"),
        ("https://a.example.com", "POST", " , ", "5"),
        ("https://a.example.com", "POST", "", "5"),
        ("https://a.example.com", "PUT", "", "10"),
        ("https://a.example.org", "POST", "", "10"),
        ("https://.example.com", "POST", "", "5"),
        ("https://example.com", "POST", "", "10"),
        ("http://a.example.com", "POST", "", "10"),
        ("https://a.example.com:444", "POST", "", "10"),
        ("https://a.example.com", "POST", "x-one, content-type", None),
        ("https://a.example.com", "DELETE", "", None),
        ("https://a.example.org", "POST", "x-one", None),
    ],
)
def test_the_first_rule_counts_whose_origin_method_and_every_header_match(
    scene: Scene, origin: str, method: str, headers: str, max_age: str | None
) -> None:
    put(scene, "cors", cors(FIRST, SECOND))
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }

    answer = scene.request("OPTIONS", "/any/key", asked)

    if max_age is None:
        assert answer.refusal == NO_MATCH
    else:
        assert (answer.status, answer.headers["Access-Control-Max-Age"]) == (200, max_age)


def test_a_rule_grants_only_what_it_has(scene: Scene) -> None:
    put(scene, "cors", cors(cors_rule(methods="GET HEAD")))

    answer = scene.request("OPTIONS", "/", {**PREFLIGHT, "Access-Control-Request-Method": "HEAD"})

    assert cors_headers(answer.headers) == {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "GET, HEAD",
    }


@pytest.mark.parametrize(
    ("pattern", "granted"),
    [
        ("http://ab*ba", {"http://abba", "http://abcba"}),
        ("http://aba", {"http://aba"}),
        ("*", {"http://aba", "http://abba", "http://abcba", "http://x", "null"}),
    ],
)
def test_the_two_ends_of_a_pattern_do_not_overlap(scene: Scene, pattern: str, granted: set[str]) -> None:
    put(scene, "cors", cors(cors_rule(origins=pattern, methods="GET")))
    origins = ("http://aba", "http://abba", "http://abcba", "http://x", "null")

    answers = {origin: scene.request("GET", "/a", {"Origin": origin}) for origin in origins}

    allowed = {o for o, a in answers.items() if a.headers.get("Access-Control-Allow-Origin") in {o, "*"}}
    assert allowed == granted


@pytest.mark.parametrize(
    ("switches", "pattern", "expected"),
    [
        ("", "*", "*"),
        ("cors_any_origin=*", "*", "*"),
        ("cors_any_origin=origin", "*", ORIGIN),
        ("", "http://*", ORIGIN),
        ("", f"http://other.example {ORIGIN}", ORIGIN),
    ],
)
def test_the_switch_says_what_a_rule_for_any_origin_answers(
    scene: Scene, switches: str, pattern: str, expected: str
) -> None:
    """A capture (ali-sdk/ali-oss 310, 2017) has `*`; the pages say that the origin is repeated."""
    scene.set(switches=switches)
    put(scene, "cors", cors(cors_rule(origins=pattern, methods="POST GET", exposed="ETag")))

    answers = [scene.request("OPTIONS", "/", PREFLIGHT), scene.request("GET", "/a", {"Origin": ORIGIN})]

    assert [answer.headers["Access-Control-Allow-Origin"] for answer in answers] == [expected] * 2
    assert [answer.headers["Access-Control-Expose-Headers"] for answer in answers] == ["ETag"] * 2


def test_a_preflight_for_any_origin_is_answered_as_a_capture_has_it(scene: Scene) -> None:
    """ali-sdk/ali-oss 310 (2017): any origin and header, ETag, 300 seconds."""
    rule = cors_rule(methods="GET POST PUT DELETE HEAD", headers="*", exposed="ETag")
    put(scene, "cors", cors(rule.replace("</CORSRule>", "<MaxAgeSeconds>300</MaxAgeSeconds></CORSRule>")))
    asked = "authorization, content-md5, content-type, x-oss-date, x-oss-security-token, x-oss-user-agent"

    answer = scene.request(
        "OPTIONS",
        "/object-a",
        {
            "Origin": "http://localhost",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": asked,
        },
    )

    assert (answer.status, answer.body) == (200, b"")
    assert cors_headers(answer.headers) == {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, HEAD",
        "Access-Control-Allow-Headers": asked,
        "Access-Control-Expose-Headers": "ETag",
        "Access-Control-Max-Age": "300",
    }


def test_an_actual_request_gets_the_first_matching_rule_s_exposed_headers(scene: Scene) -> None:
    put(scene, "cors", cors(FIRST, SECOND))
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})

    got = scene.request("GET", "/a", {"Origin": "https://a.example.com"})
    posted = scene.post(signed({"key": "b"}), headers={"Origin": "https://a.example.com"})

    assert "Access-Control-Expose-Headers" not in got.headers
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert posted.headers["Access-Control-Expose-Headers"] == "ETag, x-oss-request-id"


def test_headers_that_only_a_preflight_names_do_not_matter_to_the_request_itself(scene: Scene) -> None:
    put(scene, "cors", cors(cors_rule(methods="GET")))

    answer = scene.request("GET", "/a", {"Origin": ORIGIN, "Access-Control-Request-Headers": "x-a"})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("vary", "expected"),
    [("", None), ("<ResponseVary>false</ResponseVary>", None), (VARY, "Origin")],
)
@pytest.mark.parametrize("origin", [{}, {"Origin": ORIGIN}, {"Origin": "http://evil.example"}])
def test_vary_is_on_every_answer_or_on_none(
    scene: Scene, vary: str, expected: str | None, origin: dict[str, str]
) -> None:
    put(scene, "cors", cors(cors_rule(origins=ORIGIN, methods="GET POST"), vary=vary))
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})

    answers = [
        scene.request("GET", "/a", origin),
        scene.request("GET", "/missing", origin),
        scene.request("OPTIONS", "/a", {**origin, "Access-Control-Request-Method": "POST"}),
    ]

    assert [answer.headers.get("Vary") for answer in answers] == [expected] * 3


def test_new_rules_replace_all_old_ones(scene: Scene) -> None:
    put(scene, "cors", cors(FIRST, SECOND))
    put(scene, "cors", cors(FIRST))

    assert scene.request("OPTIONS", "/", PREFLIGHT).refusal == NO_MATCH


def test_deleted_rules_leave_cors_off(scene: Scene) -> None:
    ask(scene, "DELETE", "/?cors")

    assert scene.request("OPTIONS", "/", PREFLIGHT).refusal == (403, "AccessForbidden", "0003-00000601")
