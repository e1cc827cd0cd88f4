"""Before an upload: certificates, CORS of both functions and of the bucket, the limits, a grant, the clocks."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal

from deploy.doctor import probe
from deploy.doctor.answers import allowed_origin, json_object, summary, symptom
from deploy.doctor.context import FOREIGN, LOOPBACK, Check, Context, host_of, read_grant
from deploy.doctor.finding import Outcome
from deploy.doctor.probe import Answer

SOON_DAYS = 21
MAX_NAMES_SHOWN = 4
HOST_NAME = re.compile(r"[A-Za-z0-9*.:-]{1,253}")
LOCAL_SKEW_SECONDS = 60
FUNCTION_SKEW_SECONDS = 300  # OSS takes 15 minutes
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}


def certificate(url: str) -> Outcome:
    """Judge the certificate at an address."""
    where = host_of(url)
    if where.startswith("http://"):
        if LOOPBACK.fullmatch(where):
            return Outcome("skipped", f"{where} is on this machine, over http")
        return Outcome("failed", f"{where} is not https", "check no_https")
    one = probe.certificate_of(url)
    if isinstance(one, str):
        return Outcome("failed", f"{where}: {one}", f"check 0 {one}")
    names = ", ".join(name for name in one.names[:MAX_NAMES_SHOWN] if HOST_NAME.fullmatch(name))
    found = f"{where}: certificate valid, {one.days:.0f} days left, for {names}"
    return Outcome("ok", found) if one.days >= SOON_DAYS else Outcome("noted", found, "check expires_soon")


def token_preflight(context: Context) -> Outcome:
    answer = context.ask_token("/", "OPTIONS", **{"Access-Control-Request-Method": "GET"})
    context.preflights["token"] = answer
    return judge_preflight(context, answer, symptom("token", answer))


def judge_preflight(context: Context, answer: Answer, meaning: str) -> Outcome:
    """Judge whether pages of the site may read this answer; if not, `meaning` is the symptom."""
    readable = allowed_origin(answer) in {context.deployment.origin, "*"}
    if answer.status in {200, 204} and readable:
        return Outcome("ok", f"{answer.status}, Access-Control-Allow-Origin is the origin")
    return Outcome(
        "failed", summary(answer) + ("" if readable else ", no CORS grant for the origin"), meaning
    )


def judge_foreign(answers: tuple[Answer, ...]) -> Outcome:
    """Judge a function's answers to a page of a foreign origin, which must be refused."""
    all_refused = all(
        one.status == HTTPStatus.FORBIDDEN and allowed_origin(one) not in {FOREIGN, "*"} for one in answers
    )
    found = ", ".join(summary(one) for one in answers)
    return Outcome("ok", found) if all_refused else Outcome("failed", found, "check foreign_function")


def token_foreign(context: Context) -> Outcome:
    return judge_foreign(
        tuple(context.ask_token("/limits", one, Origin=FOREIGN) for one in ("OPTIONS", "GET"))
    )


def callback_foreign(context: Context) -> Outcome:
    confirm = context.the_grant.confirm
    preflight = context.ask("OPTIONS", confirm, {"Origin": FOREIGN, **ASKED})
    return judge_foreign((preflight, context.confirm("x", FOREIGN)))


def callback_preflight(context: Context) -> Outcome:
    answer = context.ask("OPTIONS", context.the_grant.confirm, {"Origin": context.deployment.origin, **ASKED})
    return judge_preflight(context, answer, symptom("callback", answer))


def limits(context: Context) -> Outcome:
    answer = context.ask_token("/limits")
    found = json_object(answer)
    types, grants, largest = (found.get(name) for name in ("types", "grants", "max_bytes"))
    if answer.status != HTTPStatus.OK or not isinstance(types, list) or not types:
        return Outcome("failed", summary(answer), symptom("token", answer))
    if not {"text/plain", "text/*", "*/*"} & set(types):
        context.media_type = str(types[0]).replace("*", "png" if types[0] == "image/*" else "x-doctor")
    context.grants_parts = isinstance(grants, list) and "multipart" in grants
    context.max_bytes = largest if isinstance(largest, int) else 0
    return Outcome("ok", f"200, at most {context.max_bytes} bytes, {len(types)} types")


def grant(context: Context) -> Outcome:
    answer = context.ask_grant()
    context.grant = read_grant(answer)
    if context.grant:
        return Outcome("ok", f"200, a form for {host_of(context.grant.url)}, bucket {context.grant.bucket}")
    meaning = "check grant_unreadable" if answer.status == HTTPStatus.OK else symptom("token", answer)
    return Outcome("failed", summary(answer), meaning)


def bucket_preflight(context: Context) -> Outcome:
    answer = context.ask("OPTIONS", context.the_grant.url, {"Origin": context.deployment.origin, **ASKED})
    context.preflights["bucket"] = answer
    return judge_preflight(
        context, answer, "check no_cors" if answer.status == HTTPStatus.OK else symptom("bucket", answer)
    )


def bucket_foreign(context: Context) -> Outcome:
    answer = context.ask("OPTIONS", context.the_grant.url, {"Origin": FOREIGN, **ASKED})
    if allowed_origin(answer) in {FOREIGN, "*"}:
        return Outcome("failed", summary(answer), "check foreign_bucket")
    return Outcome("ok", summary(answer))


def date_of(answer: Answer) -> float:
    """Return the server's time in epoch seconds. Raises `ValueError` if the answer has no date."""
    return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()


def local_clock(context: Context) -> Outcome:
    return judge_clock(
        date_of(context.preflights["token"]) - time.time(), LOCAL_SKEW_SECONDS, "noted", "check local_clock"
    )


def function_clock(context: Context) -> Outcome:
    stamp = datetime.strptime(context.the_grant.fields["x-oss-date"], "%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - next line
    skew = stamp.replace(tzinfo=timezone.utc).timestamp() - date_of(context.preflights["bucket"])
    return judge_clock(skew, FUNCTION_SKEW_SECONDS, "failed", "check function_clock")


def judge_clock(skew: float, limit: float, verdict: Literal["failed", "noted"], meaning: str) -> Outcome:
    """Judge a difference in seconds; above `limit` it has this verdict and symptom."""
    found = f"{abs(skew):.0f} s apart"
    if abs(skew) <= limit:
        return Outcome("ok", found)
    return Outcome(verdict, found, meaning)


def tls_token(context: Context) -> Outcome:
    return certificate(context.deployment.token_url)


def tls_callback(context: Context) -> Outcome:
    return certificate(context.the_grant.confirm)


def tls_bucket(context: Context) -> Outcome:
    return certificate(context.the_grant.url)


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
