"""What `make doctor` makes of uploads in parts: with a running stack, and of answers that no stack gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import oss2
import pytest

from deploy.doctor import multipart, probe
from deploy.doctor.causes import diagnose
from deploy.doctor.context import Context, Grant, PartsGrant, read_parts_grant
from deploy.doctor.examination import ORDER, examine, run_check
from deploy.doctor.finding import Deployment, Finding, Outcome
from deploy.doctor.probe import Answer, Exchange
from grants.multipart_grant import part_size_of
from tests.support.single_function import single_function
from tests.support.stack import BUCKET, KEY_ID, KEY_SECRET, KEY_TOKEN, Stack

MIB = 1024**2
NAMES = [check.name for check in multipart.CHECKS]
OF_UPLOAD = NAMES[NAMES.index("multipart_grant") :]


def bucket_of(stack: Stack) -> oss2.Bucket:
    auth = oss2.ProviderAuthV4(oss2.credentials.StaticCredentialsProvider(KEY_ID, KEY_SECRET, KEY_TOKEN))
    return oss2.Bucket(auth, stack.upload, BUCKET, region="cn-hangzhou")


def unfinished(stack: Stack) -> list[str]:
    """Return the keys of the uploads in parts that are under way."""
    return [one.key for one in bucket_of(stack).list_multipart_uploads().upload_list]


def deployment(stack: Stack, **instead: Any) -> Deployment:
    return Deployment(**{"token_url": f"{stack.token}/", "origin": stack.site, **instead})


def told(found: list[Finding]) -> dict[str, tuple[str, str]]:
    """Return verdict and answer of each check of uploads in parts."""
    return {one.name: (one.verdict, one.found) for one in found if one.name in NAMES}


# ---- A running stack


SAME = {
    "refuses_part_length": (
        "ok",
        "403 SignatureDoesNotMatch 0002-00000201, 400 InvalidArgument 0002-00000078",
    ),
    "refuses_part_number": ("ok", "403 SignatureDoesNotMatch 0002-00000201"),
    "refuses_form_ticket": ("ok", "403 not_verified, 403 not_verified, 403 not_verified"),
    "refuses_after_abort": ("ok", "409 upload_gone, 404 NoSuchUpload 0042-00000104"),
}


def test_of_a_large_file_seven_bytes_are_sent_and_no_upload_stays(stack: Stack) -> None:
    sent: list[Exchange] = []
    found = told(list(examine(deployment(stack), sent.append)))
    size = 7 * 8 * MIB + 7
    assert {name: found[name] for name in OF_UPLOAD} == {
        **SAME,
        "multipart_grant": ("ok", f"200, 8 parts for {size} bytes"),
        "refuses_incomplete": ("ok", "409 parts_missing: 8 of 8"),
        "part": ("ok", "200, part 8 of 8, 7 bytes"),
        "complete": (
            "noted",
            f"409 parts_missing: 7 of 8; not tried to its end, which takes all {size} bytes",
        ),
    }
    stored = [one for one in sent if one.method == "PUT" and one.answer.status == 200]
    assert [one.content for one in stored] == [b"doctor\n"]
    assert unfinished(stack) == []


def test_a_small_file_in_parts_is_completed_too(stack: Stack) -> None:
    with single_function("token", stack, MULTIPART_BYTES="1000", MAX_BYTES=str(MIB)) as url:
        found = list(examine(deployment(stack, token_url=url)))
    assert {name: told(found)[name] for name in OF_UPLOAD} == {
        **SAME,
        "multipart_grant": ("ok", "200, 1 parts for 65536 bytes"),
        "refuses_incomplete": ("ok", "409 parts_missing: 1 of 1"),
        "part": ("ok", "200, part 1 of 1, 65536 bytes"),
        "complete": ("ok", "200, Status OK and the grant's id"),
    }
    (left,) = next(one.left for one in found if one.name == "complete")
    assert len(stack.stored(left.removeprefix(f"{BUCKET}/")).content) == 65536
    assert unfinished(stack) == []


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"MULTIPART_BYTES": "0"}, "the deployment gives no multipart grants"),
        ({"MAX_BYTES": str(MIB)}, "no file within the limits is sent in parts"),
    ],
    ids=["off", "small files only"],
)
def test_where_no_file_is_sent_in_parts_nothing_fails(
    settings: dict[str, str], reason: str, stack: Stack
) -> None:
    with single_function("token", stack, **settings) as url:
        found = list(examine(deployment(stack, token_url=url)))
    assert told(found)["multipart_grant"] == ("skipped", reason)
    assert {told(found)[name][0] for name in OF_UPLOAD} == {"skipped"}
    assert [one.name for one in found if one.verdict == "failed"] == []


@pytest.mark.parametrize("seen", ["multipart_grant", "part", "complete"])
def test_who_stops_listening_leaves_no_upload_unfinished(seen: str, stack: Stack) -> None:
    findings = examine(deployment(stack))
    assert next(one for one in findings if one.name == seen).verdict in {"ok", "noted"}
    assert len(unfinished(stack)) == 1
    findings.close()
    assert unfinished(stack) == []


def test_a_check_that_is_interrupted_leaves_no_upload_unfinished(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, sent = probe.ask, []

    def interrupted(method: str, url: str, *arguments: Any, **named: Any) -> Answer:
        sent.append(url)
        if url.endswith("/complete"):
            assert len(unfinished(stack)) == 1
            raise KeyboardInterrupt
        return ask(method, url, *arguments, **named)

    monkeypatch.setattr(probe, "ask", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(examine(deployment(stack)))
    assert sent[-1].endswith("/abort")
    assert unfinished(stack) == []


@pytest.fixture(scope="module")
def old_rule(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose bucket has the CORS rule of before uploads in parts."""
    stack = Stack(tmp_path_factory.mktemp("old-rule"))
    rule = oss2.models.CorsRule(
        allowed_origins=[stack.site],
        allowed_methods=["POST"],
        allowed_headers=["*"],
        expose_headers=["ETag", "x-oss-request-id"],
        max_age_seconds=600,
    )
    bucket_of(stack).put_bucket_cors(oss2.models.BucketCors([rule]))
    yield stack
    stack.end()


def test_names_what_an_old_cors_rule_lacks(old_rule: Stack) -> None:
    found = {one.name: one for one in examine(deployment(old_rule))}
    put, checksum = found["part_preflight"], found["checksum_exposed"]
    assert [one.name for one in found.values() if one.verdict == "failed"] == ["part_preflight"]
    assert "allows this origin to PUT" in put.cause
    assert put.fix.startswith("Add the method PUT to the bucket's CORS rule")
    assert (checksum.verdict, "does not expose x-oss-hash-crc64ecma" in checksum.cause) == ("noted", True)
    assert checksum.fix.startswith("Add it to the rule's exposed headers")
    with single_function("token", old_rule, MULTIPART_BYTES="0") as url:
        off = told(list(examine(deployment(old_rule, token_url=url))))
    assert off["part_preflight"] == ("skipped", "the deployment gives no multipart grants")


def test_names_a_token_function_that_cannot_ask_oss(stack: Stack) -> None:
    with single_function("token", stack, OBJECT_URL="http://127.0.0.1:1", MAX_BYTES=str(99 * MIB)) as url:
        found = {one.name: one for one in examine(deployment(stack, token_url=url))}
    failed = found["multipart_grant"]
    assert (failed.verdict, failed.found) == ("failed", "503 unavailable")
    assert "oss:ListParts or oss:AbortMultipartUpload" in failed.cause
    assert found["part"].found == "needs multipart_grant"


def test_names_a_trigger_that_takes_no_post(stack: Stack) -> None:
    with single_function("token", stack, EMULATE_METHODS="GET,OPTIONS", MAX_BYTES=str(99 * MIB)) as url:
        found = {one.name: one for one in examine(deployment(stack, token_url=url))}
    failed = found["multipart_grant"]
    assert (failed.verdict, failed.cause) == ("failed", "The token function's trigger does not take POST.")


@pytest.mark.parametrize(
    ("says", "verdict", "shown"),
    [(True, "ok", "yes"), (False, "failed", "no"), ("It may not.", "skipped", "It may not.")],
    ids=["a rule", "none", "not allowed to ask"],
)
def test_says_whether_the_parts_of_broken_uploads_go(
    verdict: str, shown: str, stack: Stack, *, says: bool | str
) -> None:
    found = {one.name: one for one in examine(deployment(stack, parts_go=lambda: says))}["abort_rule"]
    assert (found.verdict, found.found) == (verdict, shown)
    assert bool(found.cause) == (verdict == "failed")


# ---- Answers that no sound deployment gives


def answer(status: int, document: object = None, **headers: str) -> Answer:
    body = b"" if document is None else json.dumps(document).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, 0.1)


UPLOAD = PartsGrant("1", "uploads/1.txt", 10, 5, 2, "t.s")
SMALL = PartsGrant("1", "uploads/1.txt", 10, 10, 1, "t.s")
ADDRESS = answer(200, {"parts": [{"number": 2, "url": "https://b.example/k?partNumber=2&uploadId=u"}]})
MISSING = answer(409, {"code": "parts_missing", "numbers": [1]})
GONE = answer(409, {"code": "upload_gone"})
DONE = answer(200, {"Status": "OK", "id": "1"})


def context_with(grant: PartsGrant | None) -> Context:
    """Return what the checks know once an upload in parts has begun."""
    form = Grant("2", "https://b.example/", "uploads/2.txt", {}, "f.s", "https://c.example/confirm")
    deployed = Deployment("https://t.example/", "https://www.example.com")
    return Context(deployed, grant=form, max_bytes=99 * MIB, grants_parts=True, parts_grant=grant)


def result(name: str, context: Context, *answers: Answer) -> Outcome:
    """Return what a check makes of these answers, given in order, the last one again and again."""
    (check,) = (one for one in ORDER if one.name == name)
    waiting = list(answers)
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(probe, "ask", lambda *_, **__: waiting.pop(0) if waiting[1:] else waiting[0])
        return run_check(check, context)


STORED = ("?/uploads/1.txt",)
UNSAFE = [
    ("refuses_incomplete", UPLOAD, [DONE], "check completed_early", STORED),
    ("refuses_part_length", UPLOAD, [ADDRESS, answer(200), answer(400)], "check accepted_part", ()),
    ("refuses_part_length", UPLOAD, [ADDRESS, answer(403), answer(200)], "check accepted_part", ()),
    ("refuses_part_number", UPLOAD, [ADDRESS, answer(200)], "check accepted_part", ()),
    ("refuses_form_ticket", UPLOAD, [answer(403), GONE, answer(403)], "check wrong_ticket", ()),
    ("refuses_form_ticket", UPLOAD, [answer(403), answer(403), answer(200)], "check wrong_ticket", ()),
    ("complete", UPLOAD, [DONE], "check completed_early", STORED),
    ("refuses_after_abort", UPLOAD, [ADDRESS, answer(200), answer(200), GONE], "check accepted_part", ()),
    (
        "refuses_after_abort",
        UPLOAD,
        [ADDRESS, answer(200), answer(404), DONE],
        "check completed_early",
        STORED,
    ),
]


@pytest.mark.parametrize(
    ("name", "grant", "answers", "symptom", "left"),
    UNSAFE,
    ids=[f"{row[0]} {number}" for number, row in enumerate(UNSAFE)],
)
def test_what_must_be_refused_is_a_failure_where_it_is_taken(
    name: str, grant: PartsGrant, answers: list[Answer], symptom: str, left: tuple[str, ...]
) -> None:
    outcome = result(name, context_with(grant), *answers)
    assert (outcome.verdict, outcome.symptom, outcome.left) == ("failed", symptom, left)
    assert diagnose(symptom).fix.startswith("Do not use this deployment")


BROKEN = [
    ("refuses_incomplete", UPLOAD, [answer(503, {"code": "unavailable"})], "token 503 unavailable"),
    ("refuses_incomplete", UPLOAD, [MISSING], "token 409 parts_missing"),
    ("refuses_part_length", UPLOAD, [ADDRESS, answer(500)], "bucket 500"),
    ("refuses_form_ticket", UPLOAD, [answer(500)], "token 500"),
    ("part", UPLOAD, [ADDRESS, answer(403)], "bucket 403"),
    (
        "complete",
        UPLOAD,
        [answer(409, {"code": "parts_missing", "numbers": [1, 2]})],
        "token 409 parts_missing",
    ),
    ("complete", SMALL, [answer(203, {"code": "callback_failed"})], "token 203 callback_failed"),
    ("complete", SMALL, [answer(503, {"code": "unavailable"})], "token 503 unavailable"),
    ("refuses_after_abort", UPLOAD, [ADDRESS, answer(503)], "token 503"),
    ("refuses_after_abort", UPLOAD, [ADDRESS, answer(200), answer(404), MISSING], "token 409 parts_missing"),
    ("multipart_grant", None, [answer(429, {"Code": "ResourceThrottled"})], "token 429 ResourceThrottled"),
    (
        "multipart_grant",
        None,
        [answer(200, {"uploads": [{"problem": {"status": "\x1b"}}]})],
        "token unreadable",
    ),
    ("part_preflight", None, [Answer(0, {}, b"", 0.1, "refused")], "bucket 0 refused"),
]


@pytest.mark.parametrize(
    ("name", "grant", "answers", "symptom"),
    BROKEN,
    ids=[f"{row[0]} {number}" for number, row in enumerate(BROKEN)],
)
def test_what_does_not_work_is_a_failure(
    name: str, grant: PartsGrant | None, answers: list[Answer], symptom: str
) -> None:
    context = context_with(grant)
    outcome = result(name, context, *answers)
    assert (outcome.verdict, outcome.symptom) == ("failed", symptom)
    stored = symptom.startswith("token 203")
    assert outcome.left == (STORED if stored else ())


def test_an_upload_that_could_not_be_aborted_is_aborted_in_the_end() -> None:
    context = context_with(UPLOAD)
    result("refuses_after_abort", context, ADDRESS, answer(503))
    asked: list[str] = []

    def ask(_: str, url: str, *__: Any, **___: Any) -> Answer:
        asked.append(url)
        return answer(200)

    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(probe, "ask", ask)
        for _ in range(2):
            multipart.abort_unfinished(context)
    assert asked == ["https://t.example/abort"]


LARGE = PartsGrant("1", "uploads/1.txt", 40 * MIB, 10 * MIB, 4, "t.s")


@pytest.mark.parametrize("name", ["refuses_part_length", "refuses_part_number", "part", "complete"])
def test_of_a_part_that_is_large_nothing_is_sent(name: str) -> None:
    """Where no allowed file has a small last part, the upload is begun and aborted, and no more."""
    assert result(name, context_with(LARGE), ADDRESS, answer(500)).verdict == "skipped"
    assert result("refuses_after_abort", context_with(LARGE), answer(200), GONE).found == "409 upload_gone"


@pytest.mark.parametrize(
    "given",
    [
        {"parts": []},
        {"parts": [7]},
        {"parts": [{"url": 7}]},
        {"parts": [{"url": "http://b.example/k?partNumber=2"}]},
        {"parts": [{"url": "https://somebody@b.example/k?partNumber=2"}]},
        {},
    ],
    ids=["none", "no object", "no text", "no https", "a user's name", "no list"],
)
def test_nothing_goes_to_an_address_that_may_not_be_used(given: object) -> None:
    assert result("part", context_with(UPLOAD), answer(200, given), answer(500)).verdict == "skipped"


GRANTED = {
    "kind": "multipart",
    "id": "1",
    "key": "uploads/1.txt",
    "part_size": 5,
    "parts": 2,
    "ticket": "t.s",
}


@pytest.mark.parametrize(
    "uploads",
    [
        None,
        [],
        [7, {"id": "1"}],
        [{**GRANTED, "ticket": 7}],
        [{**GRANTED, "parts": "2"}],
        [{**GRANTED, "part_size": 4}],
        [{**GRANTED, "part_size": 10}],
        [{**GRANTED, "key": "a b"}],
    ],
    ids=["no list", "none", "forms", "no ticket", "no number", "too small", "one too many", "no key"],
)
def test_what_is_no_multipart_grant_is_none(uploads: object) -> None:
    assert read_parts_grant(answer(200, {"uploads": uploads}), [10]) is None


def test_the_grant_is_of_the_file_that_got_it() -> None:
    came = answer(200, {"uploads": [{"id": "9"}, GRANTED, {"problem": {}}]})
    assert read_parts_grant(came, [7, 10, 20]) == UPLOAD
    assert "t.s" not in repr(UPLOAD)


@pytest.mark.parametrize("largest", [1, 65536, 33 * MIB, 400 * MIB, 100 * 1024**3])
def test_the_files_that_are_asked_for_are_allowed_and_not_too_many(largest: int) -> None:
    sizes = multipart.sizes_to_ask(largest)
    assert sizes == sorted(set(sizes))
    assert (len(sizes) <= 20, max(sizes)) == (True, largest)


@pytest.mark.parametrize("threshold", [8 * MIB, 32 * MIB, 100 * MIB, 4999934464])
def test_whatever_the_threshold_a_large_file_has_a_small_last_part(threshold: int) -> None:
    size = next(one for one in multipart.sizes_to_ask(100 * 1024**3) if one > threshold)
    assert size % part_size_of(size) == 7
