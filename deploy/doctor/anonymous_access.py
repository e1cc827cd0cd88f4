"""What a stranger may not do: read an object, or list a bucket."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from deploy.doctor import probe
from deploy.doctor.answers import sign, words
from deploy.doctor.context import OTHER, Check, Visit
from deploy.doctor.finding import Outcome


def anonymous_object(visit: Visit) -> Outcome:
    answer = probe.ask("GET", visit.the_grant.url + quote(visit.the_grant.key))
    return private(answer, HTTPStatus.OK, "check public_object")


def anonymous_missing(visit: Visit) -> Outcome:
    answer = probe.ask("GET", visit.the_grant.url + quote(visit.the_grant.key + OTHER))
    return private(answer, HTTPStatus.NOT_FOUND, "check public_bucket")  # only who may read is told 404


def private(answer: probe.Answer, public: int, told: str) -> Outcome:
    """Judge an anonymous read by its status; `public` is the one that a public ACL leads to."""
    refusal = answer.status == HTTPStatus.FORBIDDEN
    meaning = told if answer.status == public else sign("bucket", answer)
    return Outcome("ok" if refusal else "failed", words(answer), meaning)


def listing(address: str) -> Outcome:
    """Judge what anyone is told who lists a bucket."""
    answers = [
        probe.ask("GET", f"{address.rstrip('/')}/{query}") for query in ("", "?list-type=2&max-keys=1")
    ]
    found = ", ".join(words(one) for one in answers)
    if any(b"<ListBucketResult" in one.body for one in answers):
        return Outcome("failed", found, "check listed")
    silent = next((one for one in answers if not one.status), None)
    return Outcome("failed", found, sign("site", silent)) if silent else Outcome("ok", f"no list: {found}")


def bucket_listing(visit: Visit) -> Outcome:
    return listing(visit.the_grant.url)


def site_listing(visit: Visit) -> Outcome:
    site = visit.deployment.site_url
    return listing(site) if site else Outcome("skipped", "no SITE_URL was given")


CHECKS = (
    Check("anonymous_object", "reading the object as anyone", anonymous_object, ("upload",)),
    Check("anonymous_missing", "reading a missing object as anyone", anonymous_missing, ("upload",)),
    Check("bucket_listing", "listing the upload bucket as anyone", bucket_listing, ("grant",)),
    Check("site_listing", "listing the site bucket as anyone", site_listing),
)
