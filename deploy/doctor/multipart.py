"""An upload in parts: what a page does, and what must be refused. As few bytes as that takes.

A multipart grant is for a large file, so the doctor asks for a file whose last part is small, sends that part
alone, and aborts the upload. Only where a file of `SMALL_BYTES` is sent in parts, it is sent whole and completed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus

from deploy.doctor.answers import (
    REFUSALS,
    SUCCESS,
    code_of,
    is_completed,
    json_object,
    summary,
    symptom,
)
from deploy.doctor.context import (
    ADDRESS,
    FILE,
    FILE_NAME,
    Check,
    Context,
    PartsGrant,
    read_parts_grant,
)
from deploy.doctor.finding import Outcome
from deploy.doctor.preflight import judge_preflight
from deploy.doctor.probe import Answer

SMALL_BYTES = 64 * 1024
FULL_PART_BYTES = 8 * 1024**2  # of a file of many parts: functions/token/grants/multipart_grant.py
FULL_PARTS = (7, 15, 31, 63, 127, 255, 511, 999)  # such numbers of parts stay, with a small one behind them
CHECKSUM = "x-oss-hash-crc64ecma"
PART_NUMBER = re.compile(r"\bpartNumber=\d+")
PROBLEM = re.compile(r"\d{3} [a-z_]{1,64}")
ROUTES = ("/parts", "/complete", "/abort")
NOT_GRANTED = "no file within the limits is sent in parts"
OFF = "the deployment gives no multipart grants"


def sizes_to_ask(max_bytes: int) -> list[int]:
    """Return the sizes of the files to ask grants for: smaller ones first. Those of forms cost nothing."""
    many = (count * FULL_PART_BYTES + len(FILE) for count in FULL_PARTS)
    return sorted({min(size, max_bytes) for size in (SMALL_BYTES, *many, max_bytes)})


def begin(context: Context) -> Outcome:
    """Ask for a multipart grant, which begins an upload at OSS."""
    sizes = sizes_to_ask(context.max_bytes)
    named = {"name": FILE_NAME, "type": context.media_type, "multipart": True}
    answer = context.post_token(
        "/uploads", {"files": [{**named, "size": size} for size in sizes]}, signed_in=True
    )
    grant = context.parts_grant = read_parts_grant(answer, sizes)
    if grant:
        return Outcome("ok", f"200, {grant.parts} parts for {grant.size} bytes")
    if answer.status != HTTPStatus.OK:
        return Outcome("failed", summary(answer), symptom("token", answer))
    problem = problem_in(answer)
    return Outcome("failed", problem, f"token {problem}") if problem else Outcome("skipped", NOT_GRANTED)


def problem_in(answer: Answer) -> str:
    """Return status and code of the first problem that stands in the place of a grant, or an empty text."""
    uploads = json_object(answer).get("uploads")
    for one in uploads if isinstance(uploads, list) else ():
        problem = one.get("problem") if isinstance(one, dict) else None
        if isinstance(problem, dict):
            told = f"{problem.get('status')} {problem.get('code')}"
            return told if PROBLEM.fullmatch(told) else "unreadable"
    return ""


def multipart_grant(context: Context) -> Outcome:
    return begin(context) if context.grants_parts else Outcome("skipped", OFF)


def the_parts_grant(context: Context) -> PartsGrant:
    """Return the grant of the upload that is under way. Raises `LookupError`."""
    if context.parts_grant is None:
        raise LookupError(NOT_GRANTED)
    return context.parts_grant


def content_of(grant: PartsGrant) -> bytes:
    """Return the bytes of the last part. Raises `LookupError` if they are too many to be sent."""
    if grant.last_size > SMALL_BYTES:
        raise LookupError("the last part is not small")
    return (FILE * (grant.last_size // len(FILE) + 1))[: grant.last_size]


def last_address(context: Context, grant: PartsGrant) -> str:
    """Ask for the address of the last part. Raises `LookupError` if the answer has none that may be used."""
    answer = context.post_token("/parts", {"ticket": grant.ticket, "numbers": [grant.parts]})
    parts = json_object(answer).get("parts")
    first = parts[0] if isinstance(parts, list) and parts else None
    address = first.get("url") if isinstance(first, dict) else None
    if not isinstance(address, str) or not ADDRESS.fullmatch(address):
        raise LookupError("no address of a part was given")
    return address


def put(context: Context, address: str, content: bytes) -> Answer:
    """Send a part as a page does."""
    return context.ask("PUT", address, {"Origin": context.deployment.origin}, content=content)


def judge_refused(*answers: Answer) -> Outcome:
    """Judge the answers to parts that no address allows."""
    found = ", ".join(summary(one) for one in answers)
    if any(one.status in SUCCESS for one in answers):
        return Outcome("failed", found, "check accepted_part")
    other = next((one for one in answers if one.status not in REFUSALS), None)
    return Outcome("failed", found, symptom("bucket", other)) if other else Outcome("ok", found)


def part_preflight(context: Context) -> Outcome:
    if not context.grants_parts:
        return Outcome("skipped", OFF)
    asked = {"Origin": context.deployment.origin, "Access-Control-Request-Method": "PUT"}
    answer = context.ask("OPTIONS", context.the_grant.url, asked)
    return judge_preflight(context, answer, "check no_put" if answer.status else symptom("bucket", answer))


def checksum_exposed(context: Context) -> Outcome:
    exposed = context.the_upload.headers.get("access-control-expose-headers", "")
    if CHECKSUM in {one.strip().lower() for one in exposed.split(",")}:
        return Outcome("ok", f"the page may read {CHECKSUM}")
    return Outcome("noted", f"{CHECKSUM} is not exposed", "check no_checksum")


def abort_rule(context: Context) -> Outcome:
    find = context.deployment.parts_go
    if find is None or not context.grants_parts:
        return Outcome("skipped", "no STACK was given" if find is None else OFF)
    found = find()
    if isinstance(found, str):
        return Outcome("skipped", found)
    return Outcome("ok", "yes") if found else Outcome("failed", "no", "check no_abort_rule")


def refuses_incomplete(context: Context) -> Outcome:
    grant = the_parts_grant(context)
    return judge_missing(context, grant, range(1, grant.parts + 1))


def judge_missing(context: Context, grant: PartsGrant, numbers: Sequence[int]) -> Outcome:
    """Ask to complete, and judge whether exactly these parts are said to be missing."""
    answer = context.post_token("/complete", {"ticket": grant.ticket})
    missing = json_object(answer).get("numbers")
    if (answer.status, code_of(answer)) == (HTTPStatus.CONFLICT, "parts_missing") and missing == [*numbers]:
        return Outcome("ok", f"{summary(answer)}: {len(numbers)} of {grant.parts}")
    if answer.status in SUCCESS:
        context.parts_grant = None
        return Outcome("failed", summary(answer), "check completed_early", left_of(context, grant))
    return Outcome("failed", summary(answer), symptom("token", answer))


def left_of(context: Context, grant: PartsGrant) -> tuple[str, ...]:
    """Return the object that a completed upload leaves."""
    return (f"{context.the_grant.bucket}/{grant.key}",)


def refuses_part_length(context: Context) -> Outcome:
    grant = the_parts_grant(context)
    address, content = last_address(context, grant), content_of(grant) + b"x"
    return judge_refused(put(context, address, content), context.ask("PUT", address, content=iter([content])))


def refuses_part_number(context: Context) -> Outcome:
    grant = the_parts_grant(context)
    other = PART_NUMBER.sub(f"partNumber={grant.parts - 1 or 2}", last_address(context, grant))
    return judge_refused(put(context, other, content_of(grant)))


def part(context: Context) -> Outcome:
    grant = the_parts_grant(context)
    answer = put(context, last_address(context, grant), content_of(grant))
    if answer.status == HTTPStatus.OK:
        return Outcome("ok", f"200, part {grant.parts} of {grant.parts}, {grant.last_size} bytes")
    return Outcome("failed", summary(answer), symptom("bucket", answer))


def refuses_form_ticket(context: Context) -> Outcome:
    the_parts_grant(context)
    ticket = context.the_grant.ticket
    answers = [
        context.post_token(path, {"ticket": ticket, **({"numbers": [1]} if path == "/parts" else {})})
        for path in ROUTES
    ]
    found = ", ".join(summary(one) for one in answers)
    if all(one.status == HTTPStatus.FORBIDDEN for one in answers):
        return Outcome("ok", found)
    other = next(one for one in answers if one.status != HTTPStatus.FORBIDDEN)
    wrong = other.status in SUCCESS or other.status == HTTPStatus.CONFLICT
    return Outcome("failed", found, "check wrong_ticket" if wrong else symptom("token", other))


def complete(context: Context) -> Outcome:
    grant = the_parts_grant(context)
    content_of(grant)
    if grant.parts > 1:
        outcome = judge_missing(context, grant, range(1, grant.parts))
        if outcome.verdict != "ok":
            return outcome
        return Outcome("noted", f"{outcome.found}; not tried to its end, which takes all {grant.size} bytes")
    answer = context.post_token("/complete", {"ticket": grant.ticket})
    if is_completed(answer, grant.id):
        context.parts_grant = None
        return Outcome("ok", "200, Status OK and the grant's id", left=left_of(context, grant))
    stored = answer.status in SUCCESS
    if stored:
        context.parts_grant = None
    left = left_of(context, grant) if stored else ()
    return Outcome("failed", summary(answer), symptom("token", answer), left)


def refuses_after_abort(context: Context) -> Outcome:
    """Abort; of an upload that was completed, another one."""
    if context.parts_grant is None and begin(context).verdict != "ok":
        raise LookupError(NOT_GRANTED)
    grant = the_parts_grant(context)
    address = last_address(context, grant) if grant.last_size <= SMALL_BYTES else ""
    aborted = context.post_token("/abort", {"ticket": grant.ticket})
    if aborted.status != HTTPStatus.OK:
        return Outcome("failed", summary(aborted), symptom("token", aborted))
    late = put(context, address, content_of(grant)) if address else None
    completed = context.post_token("/complete", {"ticket": grant.ticket})
    found = ", ".join(summary(one) for one in (completed, late) if one)
    if late and late.status in SUCCESS:
        return Outcome("failed", found, "check accepted_part")
    context.parts_grant = None
    if completed.status in SUCCESS:
        return Outcome("failed", found, "check completed_early", left_of(context, grant))
    gone = (completed.status, code_of(completed)) == (HTTPStatus.CONFLICT, "upload_gone")
    return Outcome("ok", found) if gone else Outcome("failed", found, symptom("token", completed))


def abort_unfinished(context: Context) -> None:
    """Abort an upload that is still under way."""
    if context.parts_grant:
        context.check = "abort"
        context.post_token("/abort", {"ticket": context.parts_grant.ticket})
        context.parts_grant = None


GRANTED = ("multipart_grant",)
CHECKS = (
    Check(
        "part_preflight", "preflight of a part, a PUT, from {origin}", part_preflight, ("bucket_preflight",)
    ),
    Check(
        "checksum_exposed", "the checksum of what is stored, for {origin}", checksum_exposed, ("upload_cors",)
    ),
    Check("abort_rule", "whether a rule deletes the parts of broken uploads", abort_rule, ("limits",)),
    Check("multipart_grant", "a grant for a file in parts", multipart_grant, ("limits", "upload")),
    Check("refuses_incomplete", "completing an upload whose parts are missing", refuses_incomplete, GRANTED),
    Check("refuses_part_length", "a part of another length", refuses_part_length, GRANTED),
    Check("refuses_part_number", "the address of a part for another number", refuses_part_number, GRANTED),
    Check("refuses_form_ticket", "the ticket of a form for an upload in parts", refuses_form_ticket, GRANTED),
    Check("part", "sending the last part", part, GRANTED),
    Check("complete", "completing the upload", complete, (*GRANTED, "part")),
    Check("refuses_after_abort", "completing and sending after an abort", refuses_after_abort, GRANTED),
)
