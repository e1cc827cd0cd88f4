"""What nobody may do without credentials: read an object, or list a bucket."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from deploy.doctor import probe
from deploy.doctor.answers import summary, symptom
from deploy.doctor.context import KEY_SUFFIX, Check, Context
from deploy.doctor.finding import Outcome


def anonymous_object(context: Context) -> Outcome:
    answer = context.ask("GET", context.the_grant.url + quote(context.the_grant.key))
    return judge_anonymous_read(answer, HTTPStatus.OK, "check public_object")


def anonymous_missing(context: Context) -> Outcome:
    answer = context.ask("GET", context.the_grant.url + quote(context.the_grant.key + KEY_SUFFIX))
    # OSS says that an object is missing only to those who may read
    return judge_anonymous_read(answer, HTTPStatus.NOT_FOUND, "check public_bucket")


def judge_anonymous_read(answer: probe.Answer, public: int, if_public: str) -> Outcome:
    """Judge an anonymous read by its status; a public bucket or object is answered with `public`."""
    refusal = answer.status == HTTPStatus.FORBIDDEN
    meaning = if_public if answer.status == public else symptom("bucket", answer)
    return Outcome("ok" if refusal else "failed", summary(answer), meaning)


def judge_listing(context: Context, address: str) -> Outcome:
    """Judge the answers to requests for a bucket's list of objects."""
    answers = [
        context.ask("GET", f"{address.rstrip('/')}/{query}") for query in ("", "?list-type=2&max-keys=1")
    ]
    found = ", ".join(summary(one) for one in answers)
    if any(b"<ListBucketResult" in one.body for one in answers):
        return Outcome("failed", found, "check listed")
    unanswered = next((one for one in answers if not one.status), None)
    return (
        Outcome("failed", found, symptom("site", unanswered))
        if unanswered
        else Outcome("ok", f"no list: {found}")
    )


def bucket_listing(context: Context) -> Outcome:
    return judge_listing(context, context.the_grant.url)


def site_listing(context: Context) -> Outcome:
    site = context.deployment.site_url
    return judge_listing(context, site) if site else Outcome("skipped", "no SITE_URL was given")


CHECKS = (
    Check("anonymous_object", "reading the object without credentials", anonymous_object, ("upload",)),
    Check(
        "anonymous_missing", "reading a missing object without credentials", anonymous_missing, ("upload",)
    ),
    Check("bucket_listing", "listing the upload bucket without credentials", bucket_listing, ("grant",)),
    Check("site_listing", "listing the site bucket without credentials", site_listing),
)
