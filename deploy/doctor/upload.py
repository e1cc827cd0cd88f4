"""An upload as a page does it: stored, called back and confirmed, and the time that took."""

from __future__ import annotations

import time
from http import HTTPStatus

from deploy.doctor.answers import allowed_origin, code_of, is_completed, summary, symptom
from deploy.doctor.context import Check, Context
from deploy.doctor.finding import Outcome
from deploy.doctor.probe import Answer

OSS_SECONDS = 5.0  # OSS: Callback page
FAILED_SECONDS, NOTED_SECONDS = 4.0, 2.5
WARM_CONFIRMS = 5
LONGEST_WAIT_SECONDS = 5
EXPOSED = {"etag", "x-oss-request-id"}


def upload(context: Context) -> Outcome:
    answer = context.post(context.the_grant)
    context.uploaded = answer
    if answer.status in {200, 203}:
        return Outcome("ok", f"{answer.status}, stored", left=context.the_grant.left())
    perhaps = context.the_grant.left() if not answer.status else ()  # stored, if only the answer was lost
    return Outcome("failed", summary(answer), symptom("bucket", answer), perhaps)


def callback_answer(context: Context) -> Outcome:
    answer = context.the_upload
    if is_completed(answer, context.the_grant.id):
        return Outcome("ok", "200, Status OK and the grant's id")
    foreign = answer.status == HTTPStatus.OK and not code_of(answer)
    return Outcome("failed", summary(answer), "check not_ours" if foreign else symptom("bucket", answer))


def upload_cors(context: Context) -> Outcome:
    answer = context.the_upload
    if allowed_origin(answer) not in {context.deployment.origin, "*"}:
        return Outcome("failed", "no Access-Control-Allow-Origin for the origin", "check no_cors")
    exposed = {
        one.strip().lower() for one in answer.headers.get("access-control-expose-headers", "").split(",")
    }
    if exposed >= EXPOSED:
        return Outcome("ok", "the page may read the answer, with ETag and x-oss-request-id")
    return Outcome("failed", "ETag or x-oss-request-id is not exposed", "check not_exposed")


def upload_time(context: Context) -> Outcome:
    return judge_time("the whole round trip, perhaps with a cold start", context.the_upload.seconds)


def judge_time(what: str, seconds: float) -> Outcome:
    """Judge a time against OSS's limit."""
    found = f"{what}: {seconds:.2f} s of OSS's {OSS_SECONDS:.0f} s"
    if seconds <= NOTED_SECONDS:
        return Outcome("ok", found)
    return Outcome("failed" if seconds > FAILED_SECONDS else "noted", found, "check slow")


def versioning(context: Context) -> Outcome:
    if "x-oss-version-id" in context.the_upload.headers:
        return Outcome("failed", "x-oss-version-id in the answer", "check versioned")
    return Outcome("ok", "no x-oss-version-id in the answer")


def confirm_patiently(context: Context, ticket: str) -> Answer:
    """Confirm; once more after the wait that the function asks for, as it does right after a failure."""
    answer = context.confirm(ticket)
    wait = answer.headers.get("retry-after", "")
    if answer.status in {502, 503} and wait.isdecimal():
        time.sleep(min(int(wait), LONGEST_WAIT_SECONDS))
        answer = context.confirm(ticket)
    return answer


def confirm(context: Context) -> Outcome:
    answer = confirm_patiently(context, context.the_grant.ticket)
    if is_completed(answer, context.the_grant.id):
        return Outcome("ok", "200, the callback's answer again")
    return Outcome("failed", summary(answer), symptom("callback", answer))


def warm_times(context: Context) -> Outcome:
    slowest = max(context.confirm(context.the_grant.ticket).seconds for _ in range(WARM_CONFIRMS))
    return judge_time(f"the slowest of {WARM_CONFIRMS} confirmations", slowest)


CHECKS = (
    Check("upload", "an upload of a few bytes", upload, ("grant",)),
    Check("callback_answer", "the callback's answer to it", callback_answer, ("upload",)),
    Check("upload_cors", "the CORS headers of its answer, for {origin}", upload_cors, ("upload",)),
    Check("upload_time", "time of the upload with its callback", upload_time, ("upload",)),
    Check("versioning", "a bucket that keeps versions", versioning, ("upload",)),
    Check("confirm", "confirming the upload", confirm, ("upload",)),
    Check("warm_times", "time of the callback function, already started", warm_times, ("confirm",)),
)
