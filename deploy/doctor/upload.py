"""An upload as a page does it: stored, called back, confirmed, and how long that took."""

from __future__ import annotations

import time
from http import HTTPStatus

from deploy.doctor.answers import allowed_origin, code_of, done, sign, words
from deploy.doctor.context import Check, Visit
from deploy.doctor.finding import Outcome
from deploy.doctor.probe import Answer

OSS_SECONDS = 5.0  # OSS: Callback page
FAILED_SECONDS, NOTED_SECONDS = 4.0, 2.5
WARM_CONFIRMS = 5
LONGEST_WAIT_SECONDS = 5
EXPOSED = {"etag", "x-oss-request-id"}


def upload(visit: Visit) -> Outcome:
    answer = visit.post(visit.the_grant)
    visit.uploaded = answer
    if answer.status in {200, 203}:
        return Outcome("ok", f"{answer.status}, stored", left=visit.the_grant.left())
    perhaps = visit.the_grant.left() if not answer.status else ()  # its answer may have gone missing
    return Outcome("failed", words(answer), sign("bucket", answer), perhaps)


def callback_answer(visit: Visit) -> Outcome:
    answer = visit.the_upload
    if done(answer, visit.the_grant.id):
        return Outcome("ok", "200, Status OK and the grant's id")
    told = sign("bucket", answer) if answer.status != HTTPStatus.OK or code_of(answer) else "check not_ours"
    return Outcome("failed", words(answer), told)


def upload_cors(visit: Visit) -> Outcome:
    answer = visit.the_upload
    if allowed_origin(answer) not in {visit.deployment.origin, "*"}:
        return Outcome("failed", "no Access-Control-Allow-Origin for the origin", "check no_cors")
    exposed = {
        one.strip().lower() for one in answer.headers.get("access-control-expose-headers", "").split(",")
    }
    if exposed >= EXPOSED:
        return Outcome("ok", "the page may read it, with ETag and x-oss-request-id")
    return Outcome("failed", "ETag or x-oss-request-id is not exposed", "check not_exposed")


def upload_time(visit: Visit) -> Outcome:
    return judge_time("the whole round trip, perhaps with a cold start", visit.the_upload.seconds)


def judge_time(what: str, seconds: float) -> Outcome:
    """Judge a time against OSS's limit."""
    found = f"{what}: {seconds:.2f} s of OSS's {OSS_SECONDS:.0f} s"
    if seconds <= NOTED_SECONDS:
        return Outcome("ok", found)
    return Outcome("failed" if seconds > FAILED_SECONDS else "noted", found, "check slow")


def versioning(visit: Visit) -> Outcome:
    if "x-oss-version-id" in visit.the_upload.headers:
        return Outcome("failed", "x-oss-version-id in the answer", "check versioned")
    return Outcome("ok", "no x-oss-version-id in the answer")


def confirm_patiently(visit: Visit, ticket: str) -> Answer:
    """Confirm, and once more when told to wait: right after a failure the function asks for that."""
    answer = visit.confirm(ticket)
    wait = answer.headers.get("retry-after", "")
    if answer.status in {502, 503} and wait.isdecimal():
        time.sleep(min(int(wait), LONGEST_WAIT_SECONDS))
        answer = visit.confirm(ticket)
    return answer


def confirm(visit: Visit) -> Outcome:
    answer = confirm_patiently(visit, visit.the_grant.ticket)
    if done(answer, visit.the_grant.id):
        return Outcome("ok", "200, the callback's answer again")
    return Outcome("failed", words(answer), sign("callback", answer))


def warm_times(visit: Visit) -> Outcome:
    slowest = max(visit.confirm(visit.the_grant.ticket).seconds for _ in range(WARM_CONFIRMS))
    return judge_time(f"the slowest of {WARM_CONFIRMS} confirms", slowest)


CHECKS = (
    Check("upload", "an upload of a few bytes", upload, ("grant",)),
    Check("callback_answer", "the callback's answer to it", callback_answer, ("upload",)),
    Check("upload_cors", "its headers for {origin}", upload_cors, ("upload",)),
    Check("upload_time", "time of the upload with its callback", upload_time, ("upload",)),
    Check("versioning", "a bucket that keeps versions", versioning, ("upload",)),
    Check("confirm", "confirming it", confirm, ("upload",)),
    Check("warm_times", "time of the callback function, warm", warm_times, ("confirm",)),
)
