"""The two functions and the bucket's CORS rule, as a page meets them before it uploads; certificates, clocks."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from deploy.doctor import probe
from deploy.doctor.answers import allowed_origin, document, sign, words
from deploy.doctor.context import FOREIGN, LOOPBACK, Check, Visit, host_of, read_grant
from deploy.doctor.finding import Outcome
from deploy.doctor.probe import Answer

SOON_DAYS = 21
LOCAL_SKEW_SECONDS = 60
FUNCTION_SKEW_SECONDS = 300  # OSS takes 15 minutes
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


def certificate(url: str) -> Outcome:
    """Judge the certificate at an address."""
    where = host_of(url)
    if where.startswith("http://"):
        if LOOPBACK.fullmatch(where):
            return Outcome("skipped", f"{where} is this machine's, over http")
        return Outcome("failed", f"{where} is not https", "check no_https")
    days = probe.certificate_days(url)
    if isinstance(days, str):
        return Outcome("failed", f"{where}: {days}", f"check 0 {days}")
    found = f"{where}: certificate valid, {days:.0f} days left"
    return Outcome("ok", found) if days >= SOON_DAYS else Outcome("noted", found, "check expires_soon")


def token_preflight(visit: Visit) -> Outcome:
    answer = visit.ask_token("/", "OPTIONS", **{"Access-Control-Request-Method": "GET"})
    visit.seen["token"] = answer
    return may_read(visit, answer, sign("token", answer))


def may_read(visit: Visit, answer: Answer, told: str) -> Outcome:
    """Judge whether the site's page may read this answer."""
    readable = allowed_origin(answer) in {visit.deployment.origin, "*"}
    if answer.status in {200, 204} and readable:
        return Outcome("ok", f"{answer.status}, Access-Control-Allow-Origin is the origin")
    return Outcome("failed", words(answer) + ("" if readable else ", no CORS grant for the origin"), told)


def refuses_foreign(answers: tuple[Answer, ...]) -> Outcome:
    """Judge what a function answers to a foreign page."""
    refused = all(
        one.status == HTTPStatus.FORBIDDEN and allowed_origin(one) not in {FOREIGN, "*"} for one in answers
    )
    found = ", ".join(words(one) for one in answers)
    return Outcome("ok", found) if refused else Outcome("failed", found, "check foreign_function")


def token_foreign(visit: Visit) -> Outcome:
    return refuses_foreign(
        tuple(visit.ask_token("/limits", one, Origin=FOREIGN) for one in ("OPTIONS", "GET"))
    )


def callback_foreign(visit: Visit) -> Outcome:
    confirm = visit.the_grant.confirm
    preflight = probe.ask("OPTIONS", confirm, {"Origin": FOREIGN, **ASKED})
    return refuses_foreign((preflight, visit.confirm("x", FOREIGN)))


def callback_preflight(visit: Visit) -> Outcome:
    answer = probe.ask("OPTIONS", visit.the_grant.confirm, {"Origin": visit.deployment.origin, **ASKED})
    return may_read(visit, answer, sign("callback", answer))


def limits(visit: Visit) -> Outcome:
    answer = visit.ask_token("/limits")
    types = document(answer).get("types")
    if answer.status != HTTPStatus.OK or not isinstance(types, list) or not types:
        return Outcome("failed", words(answer), sign("token", answer))
    if not {"text/plain", "text/*", "*/*"} & set(types):
        visit.media_type = str(types[0]).replace("*", "png" if types[0] == "image/*" else "x-doctor")
    return Outcome("ok", f"200, at most {document(answer).get('max_bytes')} bytes, {len(types)} types")


def grant(visit: Visit) -> Outcome:
    answer = visit.ask_grant()
    visit.grant = read_grant(answer)
    if visit.grant:
        return Outcome("ok", f"200, a form for {host_of(visit.grant.url)}, bucket {visit.grant.bucket}")
    unread = "check grant_unreadable" if answer.status == HTTPStatus.OK else sign("token", answer)
    return Outcome("failed", words(answer), unread)


def bucket_preflight(visit: Visit) -> Outcome:
    answer = probe.ask("OPTIONS", visit.the_grant.url, {"Origin": visit.deployment.origin, **ASKED})
    visit.seen["bucket"] = answer
    return may_read(
        visit, answer, "check no_cors" if answer.status == HTTPStatus.OK else sign("bucket", answer)
    )


def bucket_foreign(visit: Visit) -> Outcome:
    answer = probe.ask("OPTIONS", visit.the_grant.url, {"Origin": FOREIGN, **ASKED})
    if allowed_origin(answer) in {FOREIGN, "*"}:
        return Outcome("failed", words(answer), "check foreign_bucket")
    return Outcome("ok", words(answer))


def date_of(answer: Answer) -> float:
    """Return the server's time in epoch seconds. Raises `ValueError` where it does not say."""
    return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()


def local_clock(visit: Visit) -> Outcome:
    return judge_clock(
        date_of(visit.seen["token"]) - time.time(), LOCAL_SKEW_SECONDS, "noted", "check local_clock"
    )


def function_clock(visit: Visit) -> Outcome:
    stamp = datetime.strptime(visit.the_grant.fields["x-oss-date"], "%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - next line
    skew = stamp.replace(tzinfo=timezone.utc).timestamp() - date_of(visit.seen["bucket"])
    return judge_clock(skew, FUNCTION_SKEW_SECONDS, "failed", "check function_clock")


def judge_clock(skew: float, most: float, verdict: str, told: str) -> Outcome:
    """Judge a difference in seconds."""
    found = f"{abs(skew):.0f} s apart"
    if abs(skew) <= most:
        return Outcome("ok", found)
    return Outcome("failed" if verdict == "failed" else "noted", found, told)


def tls_token(visit: Visit) -> Outcome:
    return certificate(visit.deployment.token_url)


def tls_callback(visit: Visit) -> Outcome:
    return certificate(visit.the_grant.confirm)


def tls_bucket(visit: Visit) -> Outcome:
    return certificate(visit.the_grant.url)


CHECKS = (
    Check("tls_token", "TLS of the token function", tls_token),
    Check("token_preflight", "preflight of the token function from {origin}", token_preflight),
    Check("token_foreign", "the token function from a foreign origin", token_foreign),
    Check("limits", "the limits", limits),
    Check("grant", "a grant", grant),
    Check("tls_bucket", "TLS of the upload bucket", tls_bucket, ("grant",)),
    Check("tls_callback", "TLS of the callback function", tls_callback, ("grant",)),
    Check("bucket_preflight", "preflight of the upload bucket from {origin}", bucket_preflight, ("grant",)),
    Check(
        "bucket_foreign", "preflight of the upload bucket from a foreign origin", bucket_foreign, ("grant",)
    ),
    Check(
        "local_clock", "the token function's clock against this machine's", local_clock, ("token_preflight",)
    ),
    Check("function_clock", "the token function's clock against OSS's", function_clock, ("grant",)),
)
AFTER_UPLOAD = (
    Check(
        "callback_preflight",
        "preflight of the callback function from {origin}",
        callback_preflight,
        ("grant",),
    ),
    Check("callback_foreign", "the callback function from a foreign origin", callback_foreign, ("grant",)),
)
