"""`make doctor` finds nothing wrong with a sound stack, and names the cause of each thing made wrong."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jwt
import oss2
import pytest

from deploy.aliyun.clients import AccessKey
from deploy.doctor.__main__ import left_in
from deploy.doctor.bucket_access import BucketAccess
from deploy.doctor.examination import ORDER, examine
from deploy.doctor.finding import Deployment, Finding
from deploy.doctor.probe import Exchange
from tests.support.environment import clean_environment
from tests.support.single_function import single_function
from tests.support.stack import BUCKET, KEY_ID, KEY_SECRET, KEY_TOKEN, REPOSITORY, Stack

STRICT = "unpinned_x_oss=refuse,condition_letter_case=lower,doubled_field=first"
PERMISSIVE = "unpinned_x_oss=accept,condition_letter_case=any,doubled_field=last"
UNSAFE = "doubled_field=first_checked_last_stored,head_missing_key=403"
IDENTITY = "an-identity-secret-of-more-than-32-bytes"


@pytest.fixture(scope="module")
def nobody() -> Iterator[str]:
    """An address of this test's own: its port is taken, and refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def deployment(stack: Stack, **instead: Any) -> Deployment:
    return Deployment(
        **{"token_url": f"{stack.token}/", "origin": stack.site, "site_url": stack.site, **instead}
    )


def wrong(found: list[Finding]) -> dict[str, str]:
    """Return the failed checks by name, each with its cause."""
    return {one.name: one.cause for one in found if one.verdict == "failed"}


def ran(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.doctor", *arguments]
    surroundings = {**clean_environment(), **environ}
    return subprocess.run(
        command, cwd=REPOSITORY, env=surroundings, capture_output=True, text=True, check=False, timeout=60
    )


def addresses(stack: Stack) -> dict[str, str]:
    return {"TOKEN_URL": stack.token, "ORIGIN": stack.site, "SITE_URL": stack.site}


def keys(stack: Stack) -> set[str]:
    """Return the keys of the stored objects."""
    return {one["key"] for one in stack.http.get(f"{stack.upload}/-/objects", timeout=9).json()["objects"]}


# ---- Nothing is wrong


def test_a_sound_stack_is_all_green_and_what_is_left_is_named(stack: Stack) -> None:
    before = keys(stack)
    finished = ran(**addresses(stack))
    assert (finished.returncode, finished.stderr) == (0, "")
    lines = finished.stdout.splitlines()
    assert f"ok      preflight of the upload bucket from {stack.site}: 200, " in finished.stdout
    assert [line for line in lines if line.startswith("failed")] == []
    left = [line.removeprefix("left in the bucket: ") for line in lines if line.startswith("left")]
    assert {one.removeprefix(f"{BUCKET}/") for one in left} == keys(stack) - before != set()


def test_json_is_one_document_of_every_check_in_order(stack: Stack) -> None:
    arguments = ("--token-url", stack.token, "--origin", stack.site, "--site-url", stack.site, "--json")
    finished = ran(*arguments)
    told = json.loads(finished.stdout)
    assert (finished.returncode, told["ok"], finished.stderr) == (0, True, "")
    assert [one["name"] for one in told["findings"]] == [check.name for check in ORDER]
    assert {tuple(one) for one in told["findings"]} == {
        ("name", "verdict", "tried", "found", "cause", "fix", "left", "kind", "meaning", "removed")
    }
    assert told["left"] == [key for one in told["findings"] for key in one["left"]] != []


def test_record_keeps_the_answers_in_a_new_file(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "oss.json"
    finished = ran(**addresses(stack), RECORD=str(file))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert ran(**addresses(stack)).stdout.splitlines()[0] == finished.stdout.splitlines()[0]
    written = file.read_bytes()
    told = json.loads(written)
    assert (told["count"], told["switches"]["unpinned_x_oss"]) == (len(told["exchanges"]), "refuse")
    for name in (str(file), str(tmp_path / "missing" / "oss.json")):
        again = ran(**addresses(stack), RECORD=name)
        assert (again.returncode, again.stdout) == (1, "")
        assert again.stderr.startswith("RECORD is the name of a new file, and this one cannot be made (")
    assert file.read_bytes() == written


def test_its_events_are_marked(stack: Stack) -> None:
    list(examine(deployment(stack)))
    assert '"event": "uploaded"' in stack.line_with('"doctor": true')


READINGS = {
    STRICT: {
        "added_acl": "stored, and private",
        "added_amz_acl": "stored, and private",
        "added_amz_meta": "stored, and private",
        "added_meta": "refused, 403 AccessDenied 0006-00000228",
        "doubled_key_other_first": "refused, 403 AccessDenied 0006-00000227",
        "doubled_key_other_last": "stored under the granted key",
        "doubled_acl": "stored, and private",
        "doubled_acl_in_other_case": "stored, and private",
        "letter_case": "stored, and private",
        "form_date": "no STACK was given",
        "condition_letter_case": "no STACK was given",
        "put_size": "no STACK was given",
    },
    PERMISSIVE: {
        "added_acl": "stored, and private",
        "added_amz_acl": "stored, and private",
        "added_amz_meta": "stored, and private",
        "added_meta": "stored, and private",
        "doubled_key_other_first": "stored under the granted key",
        "doubled_key_other_last": "refused, 403 AccessDenied 0006-00000227",
        "doubled_acl": "refused, 403 AccessDenied 0006-00000227",
        "doubled_acl_in_other_case": "refused, 403 AccessDenied 0006-00000227",
        "letter_case": "stored, and private",
        "form_date": "no STACK was given",
        "condition_letter_case": "no STACK was given",
        "put_size": "no STACK was given",
    },
}
# with the deployer's AccessKey
SIGNED_READINGS = {
    STRICT: {
        "added_amz_meta": "stored, and private, without such a header",
        "added_meta": "refused, 403 AccessDenied 0006-00000228",
        "form_date": "accepted, 204",
        "condition_letter_case": "refused, 403 AccessDenied 0006-00000226",
        "put_size": "refused, 400 InvalidArgument 0002-00000078 (larger: 403, no size: 400)",
    },
    PERMISSIVE: {
        "added_amz_meta": "stored, and private, without such a header",
        "added_meta": "stored, and private, with the header x-oss-meta-doctor",
        "form_date": "accepted, 204",
        "condition_letter_case": "accepted, 204",
        "put_size": "refused, 400 InvalidArgument 0002-00000078 (larger: 403, no size: 400)",
    },
}


@pytest.fixture(scope="module")
def permissive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An OSS that reads forms as permissively as its documents allow."""
    stack = Stack(tmp_path_factory.mktemp("permissive"), LOCAL_OSS_SWITCHES=PERMISSIVE)
    yield stack
    stack.end()


@pytest.mark.parametrize("reading", READINGS, ids=["strict", "permissive"])
def test_each_reading_of_oss_is_green_and_answers_the_open_questions(
    reading: str, stack: Stack, request: pytest.FixtureRequest
) -> None:
    examined = request.getfixturevalue("permissive") if reading == PERMISSIVE else stack
    found = list(examine(deployment(examined)))
    assert wrong(found) == {}
    questions = {one.name: one for one in found if one.kind == "open question"}
    assert {name: questions[name].found for name in READINGS[reading]} == READINGS[reading]
    assert {one.verdict for one in questions.values()} == {"noted", "skipped"}
    for one in questions.values():
        assert (one.meaning.endswith("."), one.fix) == (one.verdict == "noted", "")


def test_says_how_browsers_get_the_page_s_script(stack: Stack) -> None:
    (told,) = [one for one in examine(deployment(stack)) if one.name == "script_encoding"]
    page = stack.http.get(f"{stack.site}/index.html", timeout=9).text
    (script,) = re.findall(r'src="\./(assets/[^"]+\.js)"', page)
    headers = stack.http.get(f"{stack.site}/{script}", headers={"Accept-Encoding": "gzip"}, timeout=9).headers
    coding = headers.get("Content-Encoding", "not compressed")
    assert (told.verdict, told.found) == ("noted", f"{coding}, as {headers['Content-Type']}")


def with_access(stack: Stack, prefix: str = "uploads/", **instead: Any) -> Deployment:
    """Return the stack's deployment for somebody who has an AccessKey of its bucket."""
    key = AccessKey(KEY_ID, KEY_SECRET, KEY_TOKEN)
    access = BucketAccess(key, "cn-hangzhou", BUCKET, stack.upload, prefix)
    return deployment(stack, find_access=lambda: access, **instead)


@pytest.mark.parametrize("reading", SIGNED_READINGS, ids=["strict", "permissive"])
def test_with_an_access_key_more_questions_are_answered_and_nothing_is_left(
    reading: str, stack: Stack, request: pytest.FixtureRequest
) -> None:
    examined = request.getfixturevalue("permissive") if reading == PERMISSIVE else stack
    before = keys(examined)
    found = list(examine(with_access(examined)))
    assert wrong(found) == {}
    told = {one.name: one.found for one in found}
    assert {name: told[name] for name in SIGNED_READINGS[reading]} == SIGNED_READINGS[reading]
    assert (keys(examined), left_in(found)) == (before, [])
    assert found[-1].removed != ()


def test_what_lies_outside_the_prefix_is_not_deleted_but_named(stack: Stack) -> None:
    before = keys(stack)
    found = list(examine(with_access(stack, prefix="elsewhere/")))
    assert {f"{BUCKET}/{key}" for key in keys(stack) - before} == set(left_in(found)) != set()
    assert found[-1].removed == ()


def test_nothing_goes_to_a_deployment_whose_buckets_may_be_somebody_else_s(stack: Stack) -> None:
    def access() -> BucketAccess:
        raise AssertionError

    sent: list[Exchange] = []
    suspected = deployment(stack, bucket_faults=lambda: ["Somebody has it."], find_access=access)
    first, *others = examine(suspected, sent.append)
    assert (first.name, first.found) == ("ownership", "Somebody has it.")
    assert {one.found for one in others} == {"needs ownership"}
    assert sent == []


# ---- The callback goes wrong

FAULTS = {
    "callback_down": "OSS cannot reach the callback's address",
    "callback_slow": "more than OSS's 5 s",
    "callback_refused": "The callback function is misconfigured or failed",
    "callback_crashed": "The function crashed",
    "callback_not_json": "The callback's answer is not JSON",
    "callback_bom": "The callback's answer is not JSON",
    "callback_chunked": "no usable Content-Length",
    "callback_busy": "OSS is busy with callbacks",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_names_why_a_callback_failed(fault: str, stack: Stack) -> None:
    stack.fault(fault)
    found = wrong(list(examine(deployment(stack))))
    assert found.keys() == {"callback_answer"}
    assert FAULTS[fault] in found["callback_answer"]


def test_names_a_function_that_dies(stack: Stack) -> None:
    stack.fault("crash", stack.callback)
    assert "The function crashed" in wrong(list(examine(deployment(stack))))["callback_answer"]


def test_names_a_callback_function_that_looks_into_another_bucket(stack: Stack) -> None:
    stack.fault("object_missing", requests=2)
    assert "looks into another bucket" in wrong(list(examine(deployment(stack))))["confirm"]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("token_expired", "temporary key has expired"), ("throttle", "OSS is busy"), ("answer_lost", "broke")],
)
def test_names_why_an_upload_failed_and_skips_what_needs_it(fault: str, cause: str, stack: Stack) -> None:
    stack.fault(fault)
    found = list(examine(deployment(stack)))
    assert cause in wrong(found)["upload"]
    verdicts = {one.name: (one.verdict, one.found) for one in found}
    assert verdicts["confirm"] == ("skipped", "needs upload")
    assert verdicts["never_uploaded"] == ("skipped", "needs confirm")
    assert verdicts["bucket_listing"][0] == "ok"
    assert bool(next(one for one in found if one.name == "upload").left) == (fault == "answer_lost")


# ---- A function is configured wrongly

NOBODY = "an address where nothing listens"
ROLE = "ALIBABA_CLOUD_ACCESS_KEY"
TOKEN_FUNCTIONS: list[tuple[str, Mapping[str, str], str, str]] = [
    ("another region", {"OSS_REGION": "cn-beijing"}, "upload", "for another region"),
    (
        "a wrong secret",
        {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "development-x"},
        "upload",
        "another AccessKey secret",
    ),
    (
        "an unknown key",
        {"ALIBABA_CLOUD_ACCESS_KEY_ID": "development-x"},
        "upload",
        "does not know the AccessKey",
    ),
    (
        "another bucket",
        {"UPLOAD_BUCKET": "another"},
        "upload",
        "UPLOAD_BUCKET is not the bucket at UPLOAD_HOST",
    ),
    ("no bucket there", {"UPLOAD_HOST": NOBODY}, "upload", "Nothing listens"),
    ("no callback there", {"CALLBACK_URL": NOBODY}, "callback_answer", "OSS cannot reach"),
    (
        "other tickets",
        {"TICKET_SECRET": "development-another-secret-of-32-bytes"},
        "confirm",
        "TICKET_SECRET",
    ),
    ("misconfigured", {"MAX_BYTES": ""}, "grant", "A variable of this function is missing"),
    ("other origins", {"ALLOWED_ORIGINS": "https://www.example.com"}, "token_preflight", "site's origin"),
]


@pytest.mark.parametrize(
    ("changed", "check", "cause"),
    [row[1:] for row in TOKEN_FUNCTIONS],
    ids=[row[0] for row in TOKEN_FUNCTIONS],
)
def test_names_what_is_wrong_with_a_token_function(
    changed: Mapping[str, str], check: str, cause: str, stack: Stack, nobody: str
) -> None:
    variables = {name: nobody if value == NOBODY else value for name, value in changed.items()}
    with single_function("token", stack, **variables) as url:
        assert cause in wrong(list(examine(deployment(stack, token_url=url))))[check]


def test_names_a_bucket_without_a_cors_rule_for_the_origin(stack: Stack) -> None:
    origin = "http://localhost:3000"
    with single_function("token", stack, ALLOWED_ORIGINS=origin) as url:
        found = wrong(list(examine(deployment(stack, token_url=url, origin=origin))))
    assert found.keys() == {"bucket_preflight", "upload_cors", "confirm", "callback_preflight"}
    assert "No CORS rule" in found["bucket_preflight"]
    assert "No CORS rule" in found["upload_cors"]
    assert "does not allow the site's origin" in found["callback_preflight"]


@pytest.mark.parametrize(
    ("object_url", "answer", "confirm"),
    [
        ("http://example.com", "misconfigured or failed", "A variable of this function"),
        (NOBODY, "could not ask OSS", "lacks oss:GetObject"),
    ],
    ids=["no address of a bucket", "nothing listens there"],
)
def test_names_what_is_wrong_with_a_callback_function(
    object_url: str, answer: str, confirm: str, stack: Stack, nobody: str
) -> None:
    url = nobody if object_url == NOBODY else object_url
    with ExitStack() as running:
        callback = running.enter_context(single_function("callback", stack, OBJECT_URL=url))
        url = running.enter_context(single_function("token", stack, CALLBACK_URL=callback))
        found = wrong(list(examine(deployment(stack, token_url=url))))
    assert answer in found["callback_answer"]
    assert confirm in found["confirm"]


def test_nothing_listening_is_one_failure_per_address_and_exit_status_1(stack: Stack, nobody: str) -> None:
    finished = ran(TOKEN_URL=nobody, ORIGIN=stack.site, SITE_URL=nobody)
    assert finished.returncode == 1
    assert "        cause: Nothing listens at this address.\n        fix: " in finished.stdout
    assert "skipped an upload of a few bytes: needs grant" in finished.stdout


def test_make_run_is_found_at_the_ports_that_it_was_given(stack: Stack) -> None:
    ports = {"TOKEN_PORT": stack.token, "SITE_PORT": stack.site}
    finished = ran(**{name: url.rpartition(":")[2] for name, url in ports.items()})
    assert (finished.returncode, finished.stderr) == (0, "")
    assert f"a form for {stack.upload}, bucket {BUCKET}" in finished.stdout


@pytest.mark.parametrize("arguments", [(), ("--json",)], ids=["lines", "json"])
def test_where_no_make_run_answers_it_says_so_in_one_sentence(
    arguments: tuple[str, ...], nobody: str
) -> None:
    finished = ran(*arguments, TOKEN_PORT=nobody.rpartition(":")[2])
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.startswith(f"Nothing answers at {nobody}/: start make run")
    assert finished.stderr.count(".\n") == finished.stderr.count("\n") == 1


# ---- Users sign in


@pytest.fixture(scope="module")
def signed_in(running: Stack) -> Iterator[str]:
    identity = {"AUTH_HS256_SECRET": IDENTITY, "AUTH_ISSUER": "i", "AUTH_AUDIENCE": "a"}
    loopback = {"AUTH_HS256_SECRET": f"development-{IDENTITY}"}
    with single_function("token", running, **{**identity, **loopback}) as url:
        yield url


def bearer(expires_in: int = 60) -> str:
    claims = {"iss": "i", "aud": "a", "sub": "alice", "exp": int(time.time()) + expires_in}
    return jwt.encode(claims, f"development-{IDENTITY}")


def test_with_a_token_everything_runs(signed_in: str, stack: Stack) -> None:
    found = list(examine(deployment(stack, token_url=signed_in, bearer_token=bearer())))
    assert wrong(found) == {}
    assert any("/uploads/alice/" in key for one in found for key in one.left)


@pytest.mark.parametrize(
    ("token", "cause"),
    [(None, "no token was given"), ("expired", "has expired"), ("x.y.z", "is not valid here")],
)
def test_names_what_is_wrong_with_a_token(
    token: str | None, cause: str, signed_in: str, stack: Stack
) -> None:
    token = bearer(-90) if token == "expired" else token
    found = wrong(list(examine(deployment(stack, token_url=signed_in, bearer_token=token))))
    assert found.keys() == {"limits", "grant"}
    assert cause in found["grant"]


def test_nothing_secret_is_shown(signed_in: str, stack: Stack) -> None:
    token = bearer()
    shown = ran(BEARER_TOKEN=token, **{**addresses(stack), "TOKEN_URL": signed_in}).stdout
    wish = {"name": "a.txt", "size": "1", "type": "text/plain"}
    headers = {"Authorization": f"Bearer {token}"}
    grant = stack.http.get(f"{signed_in}/", params=wish, headers=headers, timeout=9).json()
    assert "left in the bucket" in shown
    # what begins every ticket, policy and callback of any grant
    openings = (grant["ticket"][:8], grant["fields"]["policy"][:8], grant["fields"]["callback"][:8])
    for secret in (token, KEY_ID, KEY_SECRET, KEY_TOKEN, *openings):
        assert secret not in shown


def test_a_bearer_token_that_cannot_be_one_is_one_sentence() -> None:
    finished = ran(BEARER_TOKEN="令牌")
    assert finished.returncode == 1
    assert finished.stderr.startswith("BEARER_TOKEN is no bearer token")


# ---- The bucket is configured wrongly


@pytest.fixture(scope="module")
def unsafe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A public bucket of an OSS that checks one of two equal fields and uses the other."""
    stack = Stack(tmp_path_factory.mktemp("unsafe"), LOCAL_OSS_ACL="public-read", LOCAL_OSS_SWITCHES=UNSAFE)
    yield stack
    stack.end()


def test_names_what_is_unsafe_about_a_bucket(unsafe: Stack) -> None:
    found = list(examine(deployment(unsafe)))
    failed = wrong(found)
    assert failed.keys() == {
        "anonymous_missing",
        "doubled_key_other_last",
        "doubled_acl",
        "doubled_acl_in_other_case",
    }
    assert "its ACL is public, and Block Public Access is off" in failed["anonymous_missing"]
    assert "OSS checks one and uses the other" in failed["doubled_key_other_last"]
    assert "a public ACL has an effect" in failed["doubled_acl"]
    never = next(one for one in found if one.name == "never_uploaded")
    assert (never.verdict, "may not list" in never.cause) == ("noted", True)


def test_names_a_versioned_bucket(unsafe: Stack) -> None:
    """This is the last test of this stack: versioning cannot be switched off."""
    auth = oss2.ProviderAuthV4(oss2.credentials.StaticCredentialsProvider(KEY_ID, KEY_SECRET, KEY_TOKEN))
    bucket = oss2.Bucket(auth, unsafe.upload, BUCKET, region="cn-hangzhou")
    config = oss2.models.BucketVersioningConfig()
    config.status = oss2.BUCKET_VERSIONING_ENABLE
    bucket.put_bucket_versioning(config)
    found = wrong(list(examine(deployment(unsafe))))
    assert "keeps versions" in found["versioning"]
    assert "keeps versions" in found["confirm"]
    assert "forbid-overwrite has no effect" in found["refuses_second_send"]


# ---- What the documents show


@pytest.mark.parametrize("readme", ["docs/doctor.md", "docs/doctor.zh.md"])
def test_the_readmes_sample_is_what_it_says_of_another_secret(stack: Stack, readme: str) -> None:
    blocks = (REPOSITORY / readme).read_text(encoding="utf-8").split("```\n")
    (sample,) = [block for block in blocks if "\nfailed  " in block]
    another = {"TICKET_SECRET": "another-secret-of-more-than-32-bytes", "MAX_BYTES": str(400 * 1024**2)}
    with single_function("token", stack, **another) as token:
        said = ran(TOKEN_URL=token, ORIGIN=stack.site).stdout.splitlines()
    here = {
        "https://uploads.example.com": stack.upload,
        "examplebucket": BUCKET,
        "https://www.example.com": stack.site,
    }
    for address, local in here.items():
        sample = sample.replace(address, local)
    assert [line for line in sample.splitlines() if line not in said] == []


@pytest.mark.parametrize("readme", ["docs/doctor.md", "docs/doctor.zh.md"])
def test_the_readmes_open_question_is_answered_so(stack: Stack, readme: str) -> None:
    blocks = (REPOSITORY / readme).read_text(encoding="utf-8").split("```\n")
    (sample,) = [block for block in blocks if block.startswith("noted ")]
    assert sample in ran(TOKEN_URL=stack.token, ORIGIN=stack.site).stdout
