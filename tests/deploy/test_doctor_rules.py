"""The doctor's rules: what an answer is taken for, what it means, and what is never shown."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import socket
import ssl
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import oss2
import pytest
import requests

from deploy.aliyun.clients import AccessKey
from deploy.doctor import causes, domains, open_questions, preflight, probe
from deploy.doctor.anonymous_access import judge_anonymous_read, judge_listing
from deploy.doctor.answers import json_object, summary, symptom
from deploy.doctor.bucket_access import BucketAccess
from deploy.doctor.context import Context, read_grant
from deploy.doctor.examination import ORDER, run_check
from deploy.doctor.finding import Deployment, Outcome
from deploy.doctor.preflight import certificate, judge_clock, judge_foreign
from deploy.doctor.probe import Answer
from deploy.doctor.upload import judge_time
from tests.support.peer import Peer

XML = "<Error><Code>{}</Code><Message>{}</Message><EC>{}</EC></Error>"


def answer(status: int, body: str = "", **headers: str) -> Answer:
    return Answer(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode(), 0.1
    )


def error(status: int, code: str, message: str = "", ec: str = "") -> Answer:
    return answer(status, XML.format(code, message, ec))


# ---- Symptoms

SYMPTOMS = [
    (error(403, "AccessDenied", "no right", "0003-00000001"), "bucket 403 AccessDenied 0003-00000001"),
    (error(203, "CallbackFailed", "Error status : 502."), "bucket 203 CallbackFailed Error status : 502."),
    (answer(403, '{"code": "not_verified"}'), "bucket 403 not_verified"),
    (answer(429, '{"Code": "ResourceThrottled"}'), "bucket 429 ResourceThrottled"),
    (answer(200, "{}", x_fc_error_type="X"), "bucket 200 crashed"),
    (answer(301, "", location="https://x"), "bucket 301 redirect"),
    (Answer(0, {}, b"", 0.1, "refused"), "bucket 0 refused"),
    (answer(500, '{"code": 5}'), "bucket 500"),
    (answer(200, "[" * 60_000), "bucket 200"),
]


@pytest.mark.parametrize(("came", "expected"), SYMPTOMS, ids=[row[1] for row in SYMPTOMS])
def test_reads_the_symptom_of_an_answer(came: Answer, expected: str) -> None:
    assert symptom("bucket", came) == expected


def test_never_shows_what_oss_repeats_of_a_form() -> None:
    said = 'Invalid according to Policy: Policy Condition failed: ["eq", "$callback", "eyJzZWNyZXQ"]'
    assert summary(error(403, "AccessDenied", said, "0006-00000227")) == "403 AccessDenied 0006-00000227"


@pytest.mark.parametrize("code", ["\x1b[2J", "a b", "x" * 65])
def test_never_shows_a_code_that_is_none(code: str) -> None:
    assert summary(answer(403, f'{{"code": "{code}"}}')) == "403"


def test_what_is_no_json_object_says_nothing() -> None:
    assert json_object(answer(200, "[1]")) == {}


# ---- Causes

MEANINGS = {
    "token 0 name_unknown": "DNS",
    "check 0 tls certificate has expired": "has expired",
    "check 0 tls Hostname mismatch": "not valid for this host",
    "bucket 400 PublicEndpointForbidden 0048-00000401": "default domain",
    "bucket 403 AccessDenied 0002-00000080": "no V1 signature",
    "bucket 403 AccessDenied 0003-00000001": "lacks oss:PutObject",
    "bucket 403 AccessDenied 0006-00000227": "outside its own policy",
    "bucket 403 InvalidAccessKeyId 0002-00000003": "does not know the AccessKey",
    "bucket 404 NoSuchBucket 0015-00000101": "does not exist at UPLOAD_HOST",
    "bucket 203 CallbackFailed 0007-00000203 Error status : 502.": "no SNI",
    "bucket 203 CallbackFailed 0007-00000203 Error status : 301.": "redirects",
    "bucket 203 CallbackFailed 0007-00000203 Error status : -1 8.8.8.8:90 reply timeout, cost:5000ms": "5 s",
    "callback 403 not_verified": "does not accept",
    "callback 503 unavailable": "lacks oss:GetObject",
    "callback 409 bucket_versioned": "keeps versions",
    "callback 502 backend_failed": "WEBHOOK_URL",
    "callback 200 crashed": "crashed",
    "token 429 ResourceThrottled": "are busy",
    "token 301 redirect": "redirect",
    "token 418 teapot": "Not one of the known",
}


@pytest.mark.parametrize("told", MEANINGS)
def test_names_the_cause_of_a_symptom(told: str) -> None:
    assert re.search(MEANINGS[told], causes.diagnose(told).cause)


def test_every_row_says_what_to_do_in_sentences() -> None:
    for row in causes.TABLE:
        assert row.cause.endswith(".")
        assert row.fix.endswith(".")
        assert re.search(row.pattern, "") is None  # it would hide every row below


def test_every_word_of_a_check_is_in_the_table() -> None:
    folder = Path(causes.__file__).parent
    told = {
        word for file in folder.glob("*.py") for word in re.findall(r'"(check [a-z]\w+)"', file.read_text())
    }
    assert len(told) > 10
    assert [word for word in told if causes.diagnose(word) == causes.UNKNOWN] == []


# ---- Judgements


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(2.5, "ok"), (2.6, "noted"), (4.0, "noted"), (4.1, "failed")]
)
def test_judges_a_time_against_oss_s_limit(seconds: float, verdict: str) -> None:
    assert judge_time("it", seconds).verdict == verdict


@pytest.mark.parametrize(("skew", "verdict"), [(60, "ok"), (-60, "ok"), (61, "noted"), (-61, "noted")])
def test_judges_a_clock_on_both_sides(skew: float, verdict: Any) -> None:
    assert judge_clock(skew, 60, "noted", "check local_clock").verdict == verdict


def test_a_function_s_clock_that_is_wrong_is_a_failure() -> None:
    assert judge_clock(301, 300, "failed", "check function_clock").verdict == "failed"


@pytest.mark.parametrize("origin", ["https://foreign.example", "*"])
def test_a_refusal_that_a_foreign_page_may_read_is_no_refusal(origin: str) -> None:
    assert judge_foreign((answer(403, access_control_allow_origin=origin),)).verdict == "failed"


def test_a_network_fault_is_not_a_public_bucket() -> None:
    outcome = judge_anonymous_read(Answer(0, {}, b"", 0.1, "timeout"), 404, "check public_bucket")
    assert (outcome.verdict, outcome.symptom) == ("failed", "bucket 0 timeout")


def test_a_list_is_a_failure_whatever_its_status(context: Context) -> None:
    peer = Peer(body=b"<?xml version='1.0'?><ListBucketResult/>")
    with peer.serving():
        assert judge_listing(context, peer.url).symptom == "check listed"
    assert [asked.path for asked in peer.asked] == ["/", "/?list-type=2&max-keys=1"]


GRANT = {
    "id": "1",
    "url": "https://b.example/",
    "key": "uploads/1.txt",
    "fields": {"policy": "x"},
    "ticket": "t",
    "confirm": "https://c.example/confirm",
}


def test_reads_a_grant_and_shows_nothing_of_it() -> None:
    grant = read_grant(answer(200, json.dumps({**GRANT, "ticket": "hidden"})))
    assert grant is not None
    assert "hidden" not in repr(grant)
    assert grant.left() == ("?/uploads/1.txt",)


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "http://b.example/"},
        {"url": "http://127.0.0.1.evil.example/"},
        {"confirm": "http://c.example/confirm"},
        {"confirm": "https://user@c.example/confirm"},
        {"key": "a\n"},
        {"fields": {"policy": 1}},
        {"fields": None},
        {"ticket": None},
    ],
)
def test_takes_nothing_for_a_grant_that_would_go_over_an_open_line(changed: dict[str, object]) -> None:
    assert read_grant(answer(200, json.dumps({**GRANT, **changed}))) is None


# ---- Answers of a bucket or a function that nobody should trust


@pytest.fixture
def context() -> Context:
    """What the checks know once the upload has been stored."""
    found = read_grant(answer(200, json.dumps(GRANT)))
    stored = answer(200, etag="A")
    deployment = Deployment("https://t.example/", "https://www.example.com")
    return Context(deployment, grant=found, unused_grant=found, uploaded=stored)


def result(name: str, context: Context, *answers: Answer) -> Outcome:
    """Return what a check makes of these answers, given in order, the last one again and again."""
    (check,) = (one for one in ORDER if one.name == name)
    waiting = list(answers)
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(probe, "ask", lambda *_, **__: waiting.pop(0) if waiting[1:] else waiting[0])
        return check.run(context)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("refuses_changed_key", "?/uploads/1.txt-changed"),
        ("refuses_oversize", "?/uploads/1.txt"),
        ("refuses_swapped_callback", "?/uploads/1.txt"),
        ("refuses_dropped_callback", "?/uploads/1.txt"),
        ("refuses_public_acl", "?/uploads/1.txt"),
    ],
)
def test_a_changed_form_that_is_stored_is_a_failure_and_its_object_is_named(
    name: str, left: str, context: Context
) -> None:
    context.the_grant.fields.update({"key": context.the_grant.key})  # type: ignore[attr-defined]
    outcome = result(name, context, answer(204))
    assert outcome == Outcome("failed", "204", "check accepted", (left,))
    assert context.unused_grant is None


@pytest.mark.parametrize(("status", "verdict"), [(400, "ok"), (499, "ok"), (500, "failed"), (301, "failed")])
def test_only_a_refusal_that_blames_the_form_is_one(status: int, verdict: str, context: Context) -> None:
    assert result("refuses_oversize", context, answer(status)).verdict == verdict
    assert context.unused_grant is not None


def test_a_second_object_under_one_grant_is_a_failure(context: Context) -> None:
    assert result("refuses_second_send", context, answer(203)).symptom == "check accepted_again"
    assert result("refuses_second_send", context, error(409, "FileAlreadyExists")).verdict == "ok"


PUBLIC = ("added_acl", "added_amz_acl", "added_amz_meta", "added_meta", "doubled_acl", "letter_case")


@pytest.mark.parametrize("name", ["acl_header", *PUBLIC])
def test_a_public_object_is_a_failure_and_named(name: str, context: Context) -> None:
    outcome = result(name, context, answer(200), answer(200))
    assert (outcome.verdict, outcome.symptom) == ("failed", "check public_object")
    assert outcome.left == ("?/uploads/1.txt",)


def test_a_refused_acl_header_is_fine(context: Context) -> None:
    assert result("acl_header", context, answer(403)) == Outcome("ok", "refused, 403")
    assert context.unused_grant is not None


def test_a_private_object_is_none(context: Context) -> None:
    assert result("acl_header", context, answer(200), answer(403)).verdict == "ok"


def test_a_doubled_acl_that_changes_nothing_is_noted_either_way(context: Context) -> None:
    assert result("doubled_acl", context, answer(403)).verdict == "noted"
    assert result("doubled_acl", context, answer(200), answer(403)).verdict == "noted"


@pytest.mark.parametrize(
    ("status", "said"), [(403, "as the grant has them, as upload.js does"), (204, "in any letters")]
)
def test_letter_case_is_noted_either_way(status: int, said: str, context: Context) -> None:
    outcome = result("letter_case", context, answer(status))
    assert (outcome.verdict, said in outcome.meaning) == ("noted", True)
    assert bool(outcome.left) == (status == 204)


@pytest.fixture
def signing(context: Context) -> Context:
    """What the checks know where there is an AccessKey too."""
    key = AccessKey("access-key-id", "access-key-secret", "security-token")
    access = BucketAccess(key, "cn-hangzhou", "?", "https://b.example/", "uploads/")
    find = dataclasses.replace(context.deployment, find_access=lambda: access)
    return dataclasses.replace(context, deployment=find)


DELETED = answer(204)


@pytest.mark.parametrize(
    ("name", "answers", "found", "meaning"),
    [
        ("form_date", [answer(204), answer(204)], "accepted, 204", "until the end that its policy has"),
        (
            "form_date",
            [answer(204), error(400, "X", "", "0002-00000709")],
            "refused, 400 X",
            "only for minutes",
        ),
        ("condition_letter_case", [answer(200), answer(200)], "accepted, 200", "in any letters"),
        ("condition_letter_case", [answer(200), answer(403)], "refused, 403", "in lower case, as the grants"),
        ("put_size", [answer(200), answer(403), answer(400)], "refused, 400", "can fix a file's size"),
        ("put_size", [answer(200), answer(200), answer(400)], "accepted, 200", "cannot fix a file's size"),
        ("put_size", [answer(200), answer(403), answer(200)], "accepted, 200", "cannot fix a file's size"),
    ],
)
def test_each_answer_to_a_signed_question_is_noted_with_its_meaning(
    name: str, answers: list[Answer], found: str, meaning: str, signing: Context
) -> None:
    outcome = result(name, signing, *answers, DELETED)
    assert (outcome.verdict, outcome.left) == ("noted", ())
    assert outcome.found.startswith(found)
    assert meaning in outcome.meaning


@pytest.mark.parametrize("name", ["form_date", "condition_letter_case", "put_size"])
@pytest.mark.parametrize("answers", [[403, 403, 403], [200, 0, 0], [200, 503, 503], [0, 0, 0]], ids=str)
def test_a_signed_question_without_a_control_or_an_answer_is_skipped(
    name: str, answers: list[int], signing: Context
) -> None:
    given = [answer(one) for one in answers[: 3 if name == "put_size" else 2]]
    outcome = result(name, signing, *given, DELETED)
    assert (outcome.verdict, outcome.meaning) == ("skipped", "")


@pytest.mark.parametrize("status", [0, 403, 500])
def test_an_object_that_cannot_be_deleted_is_named(status: int, signing: Context) -> None:
    outcome = result("form_date", signing, answer(204), answer(204), answer(status))
    assert re.fullmatch(r"\?/uploads/doctor-[0-9a-f]{16}", "".join(outcome.left))
    signing.left = ["?/uploads/1.txt", "?/uploads/2.txt", "?/elsewhere/3.txt"]
    swept = result("cleanup", signing, answer(204), answer(status))
    assert (swept.verdict, swept.symptom, swept.found) == ("noted", "check not_deleted", "1 of 2 files")
    assert swept.removed == ("?/uploads/1.txt",)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (
            answer(200, **{"x-amz-meta-doctor": "doctor"}),
            "stored, and private, with the header x-amz-meta-doctor",
        ),
        (answer(200, etag="A"), "stored, and private, without such a header"),
        (answer(403), "stored, and private"),
    ],
    ids=["stored", "dropped", "not told"],
)
def test_says_which_metadata_an_object_has(head: Answer, found: str, signing: Context) -> None:
    outcome = result("added_amz_meta", signing, answer(200), answer(403), head)
    assert (outcome.verdict, outcome.found) == ("noted", found)
    assert ("OSS does not store it" in outcome.meaning) == ("without" in found)


@pytest.mark.parametrize("token", ["", "security/token+=="], ids=["static", "temporary"])
def test_signs_an_address_for_a_size_as_the_official_sdk_does(token: str) -> None:
    auth = oss2.ProviderAuthV4(oss2.credentials.StaticCredentialsProvider("id", "secret", token or None))
    bucket = oss2.Bucket(auth, "https://oss-cn-hangzhou.aliyuncs.com", "examplebucket", region="cn-hangzhou")
    length = {"content-length": "7"}
    signed = bucket.sign_url("PUT", "uploads/a b", 300, length, slash_safe=True, additional_headers=length)
    theirs = urlsplit(signed)
    query = dict(parse_qsl(theirs.query))
    date = datetime.strptime(query["x-oss-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    url = f"https://{theirs.netloc}/"
    access = BucketAccess(AccessKey("id", "secret", token), "cn-hangzhou", "examplebucket", url, "uploads/")
    ours = urlsplit(access.put_address("uploads/a b", 7, date.timestamp()))
    assert (ours.netloc, ours.path, dict(parse_qsl(ours.query))) == (theirs.netloc, theirs.path, query)


def test_an_access_key_shows_nothing_of_itself(signing: Context) -> None:
    assert "access-key" not in repr(signing.access)
    assert "security-token" not in repr(signing)


@pytest.mark.parametrize("name", [one.name for one in open_questions.CHECKS])
@pytest.mark.parametrize("status", [0, 301, 500, 503])
def test_what_is_no_answer_settles_no_question(name: str, status: int, context: Context) -> None:
    outcome = result(name, context, answer(status))
    assert (outcome.verdict, outcome.meaning) == ("skipped", "")
    assert outcome.left == ("?/uploads/1.txt",)  # stored perhaps, and its answer lost
    assert context.unused_grant is None


@pytest.mark.parametrize("added", ["acl", "x-amz-acl", "x-amz-meta-doctor", "x-oss-meta-doctor"])
def test_a_form_with_a_field_more_is_otherwise_the_grant_s(added: str, context: Context) -> None:
    forms: list[list[str]] = []

    def ask(*_: object, parts: Any = (), **__: object) -> Answer:
        forms.append([name for name, _ in parts])
        return answer(403)

    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(probe, "ask", ask)
        for check in open_questions.CHECKS:
            check.run(context)
    assert [*context.the_grant.fields, added, "file"] in forms


def test_a_key_that_was_not_granted_and_is_stored_is_a_failure(context: Context) -> None:
    outcome = result("doubled_key_other_last", context, answer(200), answer(409))
    assert (outcome.verdict, outcome.symptom) == ("failed", "check doubled")
    assert outcome.left == ("?/uploads/1.txt-changed",)


@pytest.mark.parametrize("accepted", range(4))
def test_any_forged_message_that_is_believed_is_a_failure(accepted: int, context: Context) -> None:
    refused = [answer(403)] * 4
    assert result("forged_callback", context, *refused).verdict == "ok"
    refused[accepted] = answer(200)
    assert result("forged_callback", context, *refused).symptom == "check forged"


def test_a_forged_message_that_is_answered_with_an_error_is_a_failure_too(context: Context) -> None:
    assert result("forged_callback", context, answer(500)) == Outcome(
        "failed", "500, 500, 500, 500", "callback 500"
    )


@pytest.mark.parametrize(
    ("status", "verdict", "symptom"),
    [
        (409, "ok", ""),
        (503, "noted", "check head_403"),
        (200, "failed", "check forged"),
        (500, "failed", "callback 500"),
    ],
)
def test_confirming_what_was_never_uploaded(
    status: int, verdict: str, symptom: str, context: Context
) -> None:
    outcome = result("never_uploaded", context, answer(status))
    assert (outcome.verdict, outcome.symptom) == (verdict, symptom)
    assert context.unused_grant is None


@pytest.mark.parametrize("origin", ["https://foreign.example", "*"])
def test_a_bucket_that_every_page_may_read_is_a_failure(origin: str, context: Context) -> None:
    outcome = result("bucket_foreign", context, answer(200, access_control_allow_origin=origin))
    assert (outcome.verdict, outcome.symptom) == ("failed", "check foreign_bucket")
    assert result("bucket_foreign", context, answer(403)).verdict == "ok"


@pytest.mark.parametrize("exposed", ["", "ETag", "x-oss-request-id"])
def test_headers_that_a_page_cannot_read_are_a_failure(exposed: str, context: Context) -> None:
    headers = {"access-control-allow-origin": "https://www.example.com"}
    context.uploaded = Answer(200, {**headers, "access-control-expose-headers": exposed}, b"", 0.1)
    assert result("upload_cors", context, answer(0)).symptom == "check not_exposed"
    both = {**headers, "access-control-expose-headers": "x-oss-request-id, ETAG"}
    context.uploaded = Answer(200, both, b"", 0.1)
    assert result("upload_cors", context, answer(0)).verdict == "ok"


def test_a_confirmation_is_asked_again_after_the_wait_that_was_asked_for(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    completed = answer(200, '{"Status": "OK", "id": "1"}')
    assert result("confirm", context, answer(503, retry_after="2"), completed).verdict == "ok"
    assert result("confirm", context, answer(502, retry_after="60"), completed).verdict == "ok"
    assert result("confirm", context, answer(503, retry_after="soon"), completed).verdict == "failed"
    assert result("confirm", context, answer(409, retry_after="2"), completed).verdict == "failed"
    assert waits == [2, 5]


def test_a_check_that_lacks_what_it_reads_is_skipped() -> None:
    empty = Context(Deployment("https://t.example/", "https://www.example.com"))
    for name in ("tls_bucket", "callback_answer"):
        (check,) = (one for one in ORDER if one.name == name)
        assert run_check(check, empty) == Outcome("skipped", "the answers do not show it (LookupError)")
    with pytest.raises(LookupError, match="no further grant"):
        result("refuses_oversize", empty, answer(429))


# ---- The network


def test_follows_no_redirect_and_reads_only_so_much() -> None:
    peer = Peer({"Location": "/elsewhere"}, b"x" * (probe.MAX_BYTES + 1))
    peer.status = 302
    with peer.serving():
        came = probe.ask("GET", peer.url)
    assert (came.status, len(came.body), len(peer.asked)) == (302, probe.MAX_BYTES, 1)


def test_an_exchange_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        came = probe.ask("GET", f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert (came.status, came.network_error) == (0, "timeout")


def test_an_address_that_is_none_is_said() -> None:
    assert probe.ask("GET", "token.example.com").network_error == "address_invalid"


def test_a_peer_that_speaks_no_tls_is_named() -> None:
    peer = Peer()
    with peer.serving():
        assert probe.ask("GET", peer.url.replace("http:", "https:")).network_error == "tls handshake failed"


def test_a_connection_that_breaks_is_named() -> None:
    assert probe.network_error_of(ConnectionResetError()) == "broken"


def test_an_unknown_name_is_told_from_other_faults() -> None:
    wrapped = requests.ConnectionError(ValueError("wrapped"))
    wrapped.__context__ = socket.gaierror(-2, "Name or service not known")
    assert probe.network_error_of(wrapped) == "name_unknown"


def test_a_certificate_of_nobody_is_named(tmp_path: Path) -> None:
    peer = Peer()
    peer.speak_tls(tmp_path)
    with peer.serving():
        outcome = certificate(peer.url)
        asked = probe.ask("GET", peer.url)
    assert outcome.verdict == "failed"
    assert "not valid for this host" in causes.diagnose(outcome.symptom).cause
    assert asked.network_error.startswith("tls ")


def test_a_certificate_that_ends_soon_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer()
    trusted = ssl.create_default_context(cafile=peer.speak_tls(tmp_path, "www.example.com"))
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusted)
    with peer.serving():
        outcome = certificate(peer.url)
    assert (outcome.verdict, outcome.symptom) == ("noted", "check expires_soon")
    assert outcome.found == f"{peer.url}: certificate valid, 1 days left, for 127.0.0.1, www.example.com"


def test_plain_http_is_let_pass_on_this_machine_only() -> None:
    assert certificate("http://127.0.0.1:9001/").verdict == "skipped"
    assert certificate("http://127.0.0.1.example.com/") == Outcome(
        "failed", "http://127.0.0.1.example.com is not https", "check no_https"
    )


def test_a_page_that_the_doctor_cannot_reach_is_no_failure(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = Peer()
    peer.speak_tls(tmp_path)
    context.deployment = dataclasses.replace(context.deployment, origin=peer.url)
    (check,) = (one for one in ORDER if one.name == "tls_page")
    with peer.serving():
        outcome = check.run(context)
    assert (outcome.verdict, outcome.symptom[:12]) == ("noted", "check 0 tls ")
    monkeypatch.setattr(socket, "getaddrinfo", unknown_name)
    context.deployment = dataclasses.replace(context.deployment, origin="https://www.example.com")
    (check,) = (one for one in ORDER if one.name == "dns_page")
    assert check.run(context).verdict == "noted"


# ---- DNS


def unknown_name(*_: object, **__: object) -> list[Any]:
    raise socket.gaierror(-2, "Name or service not known")


def named(canonical: str, *addresses: str) -> Any:
    """A resolver that gives these addresses, the first with a name, as `getaddrinfo` does."""
    found = [(2, 1, 6, "" if index else canonical, (one, 0)) for index, one in enumerate(addresses)]
    return lambda *_, **__: found


@pytest.mark.parametrize(
    ("url", "canonical", "found", "meaning"),
    [
        (
            "https://up.example.com/",
            "b.oss-cn-hangzhou.aliyuncs.com",
            "up.example.com: an alias of b.oss-cn-hangzhou.aliyuncs.com, 192.0.2.1, 2001:db8::1",
            "is an alias",
        ),
        (
            "https://up.example.com/",
            "Up.example.com.",
            "up.example.com: 192.0.2.1, 2001:db8::1",
            "no CNAME record",
        ),
        (
            "https://up.example.com/",
            "\x1b[2J",
            "up.example.com: an alias of ?, 192.0.2.1, 2001:db8::1",
            "is an alias",
        ),
        ("https://up.example.com/", "", "up.example.com: 192.0.2.1, 2001:db8::1", "no CNAME record"),
    ],
    ids=["alias", "itself", "no host name", "not told"],
)
def test_says_where_a_domain_leads(
    url: str, canonical: str, found: str, meaning: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", named(canonical, "192.0.2.1", "2001:db8::1"))
    outcome = domains.names(url)
    assert (outcome.verdict, outcome.found) == ("noted", found)
    assert meaning in outcome.meaning


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9000/", "https://b.oss-cn-hangzhou.aliyuncs.com", "https://t.cn-hangzhou.fcapp.run/"],
)
def test_asks_for_no_domain_but_the_deployer_s(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unknown_name)
    assert domains.names(url).verdict == "skipped"


@pytest.mark.parametrize("name", ["dns_token", "dns_bucket", "dns_callback"])
def test_a_domain_without_a_record_is_a_failure(
    name: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", unknown_name)
    (check,) = (one for one in ORDER if one.name == name)
    outcome = check.run(context)
    assert (outcome.verdict, outcome.symptom) == ("failed", "check 0 name_unknown")
    assert "DNS" in causes.diagnose(outcome.symptom).cause


def test_a_name_of_this_machine_resolves() -> None:
    found = probe.resolve("localhost")
    assert isinstance(found, probe.Resolved)
    assert {"127.0.0.1", "::1"} & set(found.addresses)


POLICY = base64.b64encode(b'{"conditions": [{"bucket": "u-cn-hangzhou-1234567890123456-uploads"}]}').decode()


@pytest.mark.parametrize(
    ("url", "policy", "found"),
    [
        ("https://b.example/", "x", "no account's id"),
        ("https://b-12345678901234567.example/", "x", "no account's id"),
        ("https://up.example.com/", POLICY, "16 digits, as an account's id, in its policy"),
        (
            "https://u-cn-hangzhou-1234567890123456-uploads.oss-cn-hangzhou.aliyuncs.com/",
            POLICY,
            "16 digits, as an account's id, in its address and its policy",
        ),
    ],
    ids=["none", "longer", "policy", "both"],
)
def test_says_whether_a_grant_shows_the_account(url: str, policy: str, found: str, context: Context) -> None:
    context.grant = dataclasses.replace(context.the_grant, url=url, fields={"policy": policy})
    outcome = result("account_id", context, answer(200))
    assert (outcome.verdict, outcome.found) == ("noted", found)
    assert ("UPLOAD_BUCKET" in outcome.meaning) == (found != "no account's id")


# ---- The page's script

PAGE = '<script type="module" crossorigin src="./assets/index-CVR7ZY6m.js"></script>'


@pytest.mark.parametrize(
    ("answers", "verdict", "found"),
    [
        (
            [answer(200, PAGE), answer(200, content_encoding="gzip", content_type="application/javascript")],
            "noted",
            "gzip, as application/javascript",
        ),
        (
            [answer(200, PAGE), answer(200, content_type="text/javascript")],
            "noted",
            "not compressed, as text/javascript",
        ),
        ([answer(403), answer(200, PAGE), answer(200, content_encoding="br")], "noted", "br, as "),
        ([answer(200, PAGE), answer(200, content_type="\x1b[2J")], "noted", "not compressed, as "),
        ([answer(200, PAGE), answer(403)], "skipped", "no answer to this question: 403"),
        (
            [answer(403), answer(403)],
            "skipped",
            "no page with a script was found at SITE_URL or at the origin",
        ),
        (
            [answer(200, PAGE.replace("./", "//foreign.example/")), answer(200, "")],
            "skipped",
            "no page with a script was found at SITE_URL or at the origin",
        ),
    ],
    ids=[
        "gzip",
        "whole",
        "at the origin",
        "shows no control characters",
        "no script",
        "no page",
        "elsewhere",
    ],
)
def test_says_how_a_script_comes(answers: list[Answer], verdict: str, found: str, context: Context) -> None:
    context.deployment = dataclasses.replace(context.deployment, site_url="https://s.example")
    outcome = result("script_encoding", context, *answers)
    assert (outcome.verdict, outcome.found) == (verdict, found)
    assert outcome.meaning.startswith("A first visit") == (verdict == "noted")


# ---- Order


def test_a_check_needs_only_what_comes_before_it() -> None:
    names = [check.name for check in ORDER]
    assert len(set(names)) == len(names)
    for index, check in enumerate(ORDER):
        assert set(check.needs) <= set(names[:index])


def test_the_type_is_one_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context(Deployment("http://127.0.0.1:1", "http://127.0.0.1:2"))
    monkeypatch.setattr(probe, "ask", lambda *_, **__: answer(200, '{"max_bytes": 9, "types": ["image/*"]}'))
    assert preflight.limits(context).verdict == "ok"
    assert context.media_type == "image/png"
