"""`make doctor RECORD=file`: answers as the stand-in's tables have them, and no secret."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.aliyun.clients import AccessKey
from deploy.doctor.__main__ import recorded
from deploy.doctor.bucket_access import BucketAccess
from deploy.doctor.examination import ORDER, examine
from deploy.doctor.finding import Deployment, Finding
from deploy.doctor.probe import Answer, Exchange
from deploy.doctor.recording import READINGS, document, switches
from oss_emulator.switches import SWITCHES
from tests.support.hypothesis_settings import FEW
from tests.support.stack import BUCKET, KEY_ID, KEY_SECRET, KEY_TOKEN, Stack

STRICT = "unpinned_x_oss=refuse,condition_letter_case=lower,doubled_field=first,head_missing_key=404"
PERMISSIVE = "unpinned_x_oss=accept,condition_letter_case=any,doubled_field=last,head_missing_key=403"
UNSAFE = (
    "unpinned_x_oss=accept,condition_letter_case=any,doubled_field=first_checked_last_stored,"
    "head_missing_key=403"
)

# ---- A whole examination


def recording(stack: Stack) -> tuple[dict[str, Any], list[Exchange]]:
    """Examine a stack with its AccessKey; return the document and what it was made of."""
    access = BucketAccess(
        AccessKey(KEY_ID, KEY_SECRET, KEY_TOKEN), "cn-hangzhou", BUCKET, stack.upload, "uploads/"
    )
    deployment = Deployment(f"{stack.token}/", stack.site, stack.site, find_access=lambda: access)
    exchanges: list[Exchange] = []
    found = list(examine(deployment, exchanges.append))
    return document(deployment, exchanges, found, 2026), exchanges


@pytest.fixture(scope="module")
def strict(running: Stack) -> tuple[dict[str, Any], list[Exchange]]:
    return recording(running)


def named(told: Mapping[str, Any], check: str) -> list[Any]:
    return [one for one in told["exchanges"] if one["id"].rpartition("-")[0] == check]


@pytest.mark.parametrize("reading", [STRICT, PERMISSIVE, UNSAFE], ids=["strict", "permissive", "unsafe"])
def test_a_run_tells_which_switches_of_the_stand_in_are_like_this_oss(reading: str, tmp_path: Path) -> None:
    stack = Stack(tmp_path, LOCAL_OSS_SWITCHES=reading)
    try:
        told, _ = recording(stack)
    finally:
        stack.end()
    assert told["switches"] == dict(one.split("=") for one in reading.split(","))


def test_the_switches_are_the_stand_ins() -> None:
    known = {switch.name: set(switch.values) for switch in SWITCHES}
    for name, rows in READINGS.items():
        assert {value for _, value in rows} == known[name]
        assert {check for words, _ in rows for check in words} <= {check.name for check in ORDER}


def test_what_settles_no_question_sets_no_switch() -> None:
    found = [Finding(check.name, "skipped", "it", "no answer to this question: 503") for check in ORDER]
    assert switches(found) == switches([]) == {}


def test_every_exchange_is_there_in_order_and_has_the_form_of_a_recording(
    strict: tuple[dict[str, Any], list[Exchange]],
) -> None:
    told, exchanges = strict
    assert told["count"] == len(told["exchanges"]) == len(exchanges) > 50
    assert [one["id"] for one in told["exchanges"]] == [
        f"{one.check}-{number}" for number, one in enumerate(exchanges, 1)
    ]
    members = ["id", "server", "operation", "source", "year", "request", "response", "row", "known"]
    for one in told["exchanges"]:
        assert list(one) == members
        assert one["server"] in {"token", "upload", "callback", "site"}
        assert one["response"]["status"] > 0
    operations = {one["operation"] for one in told["exchanges"] if one["server"] == "upload"}
    assert operations >= {"PostObject", "PutObject", "GetObject", "HeadObject", "DeleteObject"}
    assert operations >= {"OptionObject", "ListObjects", "UploadPart"}


def test_an_error_of_oss_is_a_row_of_the_stand_ins_tables(
    strict: tuple[dict[str, Any], list[Exchange]],
) -> None:
    *_, changed = named(strict[0], "refuses_changed_key")
    denied = 'Invalid according to Policy: Policy Condition failed: ["eq", "$key", "***"]'
    assert changed["row"] == [403, "AccessDenied", "0006-00000227", denied]
    assert changed["request"]["signed"] == "V4 form"
    *_, public = named(strict[0], "refuses_public_acl")
    assert public["row"][3].endswith('failed: ["eq", "$x-oss-object-acl", "private"]')
    assert [one["row"] for one in named(strict[0], "upload")] == [None]


def test_a_key_keeps_its_name_in_all_exchanges(strict: tuple[dict[str, Any], list[Exchange]]) -> None:
    (form,) = named(strict[0], "upload")
    (read,) = named(strict[0], "anonymous_object")
    (missing,) = named(strict[0], "anonymous_missing")
    key = dict(form["request"]["form"])["key"]
    assert read["request"]["path"] == f"/{key}"
    assert missing["request"]["path"] == f"/{key}-changed"


def test_the_headers_of_an_answer_keep_their_order_and_letters(
    strict: tuple[dict[str, Any], list[Exchange]],
) -> None:
    told, exchanges = strict
    for one, exchange in zip(told["exchanges"], exchanges, strict=True):
        names = [name for name, _ in exchange.answer.raw_headers]
        shown = [name for name, _ in one["response"]["headers"]]
        assert [name if name != "***" else "" for name in shown] == [
            name if kept != "***" else "" for name, kept in zip(names, shown, strict=True)
        ]
    (upload,) = named(told, "upload")
    values = dict(upload["response"]["headers"])
    assert values["ETag"] == '"5DDF0FA19611C015F7DD164DA43892BB"'  # md5sum of the doctor's file
    assert values["x-oss-request-id"].endswith("X" * 16)


def test_nothing_of_the_deployment_is_written(
    strict: tuple[dict[str, Any], list[Exchange]], stack: Stack
) -> None:
    told, exchanges = strict
    text = json.dumps(told)
    granted = [json.loads(one.answer.body) for one in exchanges if b'"ticket"' in one.answer.body]
    grants = [one for one in granted if "fields" in one]
    assert len(grants) > 3
    parts = [one for found in granted for one in found.get("uploads", ()) if one.get("kind") == "multipart"]
    upload_ids = {dict(parse_qsl(urlsplit(one.url).query)).get("uploadId", "") for one in exchanges} - {""}
    assert (len(parts), len(upload_ids)) == (1, 1)
    secrets = {KEY_ID, KEY_SECRET, KEY_TOKEN, BUCKET, stack.token, stack.upload, stack.site, stack.callback}
    secrets |= upload_ids
    for grant in parts:
        secrets |= {grant["id"], grant["key"], grant["ticket"], *grant["ticket"].split(".")}
    for grant in grants:
        fields = grant["fields"]
        secrets |= {grant["id"], grant["key"], grant["ticket"], *grant["ticket"].split(".")}
        secrets |= {fields[name] for name in ("policy", "callback", "x-oss-signature", "x-oss-credential")}
    assert [one for one in secrets if one in text or one.rpartition("//")[2] in text] == []


# ---- Redaction, whatever comes

KNOWN = {
    "bearer": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl",
    "id": "LTAI5tAbCdEfGhIjKlMnOpQr",
    "secret": "Zx81QwErTyUiOpAsDfGhJkLz",
    "token": "CAISJ3/q1+Ft6B2yf==",
    "ticket": "bm90aGluZw.c2VjcmV0LXRpY2tldA",
    "policy": "eyJleHBpcmF0aW9uIjoiMjAyNiJ9",
    "signature": "5d41402abc4b2a76b9719d911017c592",
    "account": "1234567890123456",
    "key": "uploads/alice/2026/11/29/01m85f7nv7nksdv2wrbbntgbvw.txt",
    "host": "u-cn-hangzhou-1234567890123456-uploads.oss-cn-hangzhou.aliyuncs.com",
    "page": "www.customer-of-ours.test",
}
GRANT = {
    "id": "01m85f7nv7nksdv2wrbbntgbvw",
    "url": f"https://{KNOWN['host']}/",
    "key": KNOWN["key"],
    "fields": {
        "key": KNOWN["key"],
        "policy": base64.b64encode(
            b'{"conditions": [{"bucket": "u-cn-hangzhou-1234567890123456-uploads"}]}'
        ).decode(),
        "x-oss-credential": f"{KNOWN['id']}/20261129/cn-hangzhou/oss/aliyun_v4_request",
        "x-oss-security-token": KNOWN["token"],
        "x-oss-signature": KNOWN["signature"],
        "callback": KNOWN["policy"],
    },
    "ticket": KNOWN["ticket"],
    "confirm": "https://callback.customer-of-ours.test/confirm",
}
ACCESS = BucketAccess(
    AccessKey(KNOWN["id"], KNOWN["secret"], KNOWN["token"]),
    "cn-hangzhou",
    "u-cn-hangzhou-1234567890123456-uploads",
    f"https://{KNOWN['host']}/",
    "uploads/",
)
DEPLOYMENT = Deployment(
    "https://token.customer-of-ours.test/",
    f"https://{KNOWN['page']}",
    None,
    KNOWN["bearer"],
    find_access=lambda: ACCESS,
)
GRANTED = Exchange(
    "grant", "GET", DEPLOYMENT.token_url, {}, (), b"", Answer(200, {}, json.dumps(GRANT).encode(), 0.1)
)


def forms(secret: str) -> set[str]:
    """Return the ways in which a server may repeat a secret."""
    raw = secret.encode()
    encoded = base64.b64encode(raw).decode()
    return {
        secret,
        quote(secret, ""),
        encoded,
        encoded.rstrip("="),
        raw.hex(),
        raw.hex().upper(),
        raw.hex(" "),
    }


FORMS = sorted(form for secret in KNOWN.values() for form in forms(secret))
WORDS = ["AccessDenied", "private", " ", ", ", '"', "<Message>", "</Message>", "<Code>", "<Key>", "</Key>"]
WORDS += [
    "<",
    ">",
    "&amp;",
    "\n",
    "\x00",
    "%",
    "=",
    "/",
    "?",
    "Policy expired.",
    '["eq", "$key", "',
    '"]',
    "200",
]
TEXTS = st.lists(st.sampled_from(FORMS) | st.sampled_from(WORDS) | st.text(max_size=3), max_size=6).map(
    "".join
)
HEADERS = st.sampled_from(
    [
        "Server",
        "ETag",
        "Content-MD5",
        "x-oss-hash-crc64ecma",
        "x-oss-request-id",
        "Location",
        "x-oss-err",
        "Vary",
    ]
)
NAMES = TEXTS | st.sampled_from(["Status", "code", "detail", "type", "status"])
BODIES = st.one_of(
    TEXTS,
    TEXTS.map(
        lambda text: f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n  <Message>{text}</Message>\n</Error>'
    ),
    TEXTS.map(
        lambda text: f'<?xml version="1.0"?><Error><StringToSign>{text}</StringToSign><EC>{text}</EC>{text}'
    ),
    st.dictionaries(NAMES, TEXTS | st.integers() | st.lists(TEXTS, max_size=2), max_size=4).map(json.dumps),
)
PAIRS = st.lists(st.tuples(HEADERS | TEXTS, TEXTS), max_size=4)
FIELDS = st.lists(
    st.tuples(st.sampled_from(["key", "acl", "x-oss-date", "policy"]) | TEXTS, TEXTS), max_size=4
)
URLS = st.one_of(
    TEXTS.map(lambda text: f"https://{KNOWN['host']}/{quote(text)}?{quote(text)}={quote(text)}&name={text}"),
    TEXTS.map(lambda text: f"{DEPLOYMENT.token_url}{text}"),
    st.just("https://elsewhere.test/"),
)


ANSWERS = st.builds(
    Answer,
    st.just(403),
    st.just({}),
    BODIES.map(str.encode),
    st.just(0.1),
    network_error=TEXTS,
    raw_headers=PAIRS,
)
EXCHANGES = st.builds(
    Exchange, st.just("x"), st.just("GET"), URLS, PAIRS.map(dict), FIELDS, TEXTS.map(str.encode), ANSWERS
)


@given(sent=EXCHANGES)
@FEW
def test_no_secret_is_written_wherever_and_however_it_comes(sent: Exchange) -> None:
    text = json.dumps(document(DEPLOYMENT, [GRANTED, sent], [], 2026))
    assert [form for form in FORMS if form in text] == []


def redacted(body: str, *headers: tuple[str, str]) -> Any:
    came = Answer(403, {}, body.encode(), 0.1, "", headers)
    sent = Exchange("x", "POST", ACCESS.url, {}, (), b"", came)
    told: dict[str, Any] = document(DEPLOYMENT, [GRANTED, sent], [], 2026)
    return told["exchanges"][1]


def test_of_oss_s_answer_everything_is_kept_that_names_nobody() -> None:
    said = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n  <Code>RequestTimeTooSkewed</Code>\n'
        "  <Message>The difference between the request time and the current time is too large.</Message>\n"
        "  <RequestId>5C3D9175B6FC201293AD0123</RequestId>\n"
        f"  <HostId>{KNOWN['host']}</HostId>\n"
        "  <MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>\n"
        "  <RequestTime>2024-09-22T06:32:38.000Z</RequestTime>\n  <EC>0002-00000504</EC>\n"
        "  <RecommendDoc>https://api.alibabacloud.com/troubleshoot?q=0002-00000504</RecommendDoc>\n</Error>\n"
    )
    kept = said.replace("B6FC201293AD0123", "X" * 16).replace(KNOWN["host"], "upload.example")
    headers = [
        ("Server", "AliyunOSS"),
        ("Date", "Mon, 18 Mar 2019 07:41:15 GMT"),
        ("x-oss-request-id", "5C3D9175B6FC201293AD0123"),
        ("x-oss-ec", "0002-00000504"),
        ("x-oss-err", "PD94bWwgdmVyc2lvbj0i"),
    ]
    told = redacted(said, *headers)
    assert told["response"]["body"] == kept
    assert told["response"]["headers"] == [
        *map(list, headers[:2]),
        ["x-oss-request-id", "5C3D9175" + "X" * 16],
        list(headers[3]),
        ["x-oss-err", "***"],
    ]


def test_a_secret_that_nobody_knows_is_not_kept_either() -> None:
    told = redacted(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SignatureDoesNotMatch</Code>'
        "<Message>Token AQoDYXdzEPT4abcdefghij of 9876543210987654 at 198.51.100.7:443</Message>"
        "<OSSAccessKeyId>LTAI4GxOther</OSSAccessKeyId>"
        "<StringToSignBytes>65 79 4A</StringToSignBytes></Error>",
        ("Server", "LTAI4GxOtherKeyOfSomebody"),
        ("X-Secret", "LTAI4GxOther"),
    )
    assert told["response"]["body"].endswith(
        "<Message>Token *** of *** at ***:443</Message><OSSAccessKeyId>***</OSSAccessKeyId>"
        "<StringToSignBytes>***</StringToSignBytes></Error>"
    )
    assert told["response"]["headers"] == [["Server", "***"], ["***", "***"]]


def test_a_short_name_is_removed_where_it_is_a_word_of_its_own() -> None:
    """OSS takes a bucket of three characters and a domain of four; a provider may choose any token."""
    policy = base64.b64encode(b'{"conditions": [{"bucket": "abc"}]}').decode()
    grant = {**GRANT, "id": "x7", "url": "https://t.cn/", "ticket": "p1.s", "fields": {"policy": policy}}
    granted = dataclasses.replace(GRANTED, answer=Answer(200, {}, json.dumps(grant).encode(), 0.1))
    said = "Not abc at t.cn: x7, b4, p1, s, (YWJj) (616263) (61 62 63), but abcd."
    sent = Exchange("x", "GET", "https://t.cn/", {}, (), b"", Answer(0, {}, b"", 0.1, said))
    deployment = dataclasses.replace(DEPLOYMENT, bearer_token="b4", find_access=None)
    told: Any = document(deployment, [granted, sent], [], 2026)
    assert told["exchanges"][1]["response"]["network_error"] == (
        "Not bucket-1 at upload.example: id-1, bearer-token-1, ticket-2, ticket-3, "
        "(bucket-1) (bucket-1) (bucket-1), but abcd."
    )


# ---- The file


def interrupted(findings: Iterable[Finding]) -> bool:
    """Show a few findings, as until somebody presses Ctrl-C."""
    waiting: Iterator[Finding] = iter(findings)
    for _ in range(8):
        next(waiting)
    raise KeyboardInterrupt


def test_an_interrupted_run_keeps_what_it_has(stack: Stack) -> None:
    file = io.StringIO()
    deployment = Deployment(f"{stack.token}/", stack.site, stack.site)
    with pytest.raises(KeyboardInterrupt):
        recorded(deployment, interrupted, file)
    told = json.loads(file.getvalue())
    assert [one["id"].rpartition("-")[0] for one in told["exchanges"]][:2] == [
        "token_preflight",
        "token_foreign",
    ]


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        (f"{DEPLOYMENT.token_url}behind/a-path/limits", "/limits", ""),
        (f"{DEPLOYMENT.token_url}a-path?name=a.txt&a=b&size=7", "/***", "name=***&***=***&size=7"),
        (f"{ACCESS.url}elsewhere/a.txt", "/object-1", ""),
        (f"{ACCESS.url}{KNOWN['key']}-changed", "/key-1-changed", ""),
        (ACCESS.url, "/", ""),
    ],
    ids=["behind a path", "another path", "an object", "a granted key", "the bucket"],
)
def test_of_an_address_only_what_anybody_knows_is_kept(url: str, path: str, query: str) -> None:
    sent = Exchange("x", "GET", url, {}, (), b"", Answer(0, {}, b"", 0.1, "refused"))
    told: Any = document(DEPLOYMENT, [GRANTED, sent], [], 2026)
    request = told["exchanges"][1]["request"]
    assert (request["path"], request["query"]) == (path, query)


def test_numbers_in_an_answer_stay_numbers() -> None:
    assert json.loads(redacted('{"max_bytes": 7, "status": 403, "detail": "x"}')["response"]["body"]) == {
        "max_bytes": 7,
        "status": 403,
        "***": "***",
    }
    assert redacted("[1]")["response"]["body"] == redacted("{")["response"]["body"] == "***"
