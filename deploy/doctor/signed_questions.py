"""Open questions that only the deployer's AccessKey can ask: about dates, conditions and sizes that are signed.

Each asks with an object of its own below the upload prefix, and deletes that object in any case.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable

from deploy.doctor import probe
from deploy.doctor.answers import REFUSALS, SUCCESS, summary
from deploy.doctor.bucket_access import BucketAccess
from deploy.doctor.context import FILE, Check, Context
from deploy.doctor.finding import Outcome

NO_STACK = "no STACK was given"
OLD_SECONDS = 3600  # one page of OSS's says that a form counts for 15 minutes after its date, another 7 days
GONE = {204, 404}
LONG_DATES = "A grant counts until the end that its policy has, also an hour after it was signed."
SHORT_DATES = "A grant counts only for minutes after it was signed, whatever end its policy has: a page must send at once, as upload.js does, and a file that takes longer may be refused at its end."
ANY_CONDITION = "A policy may name a field in any letters; the grants name all in lower case."
LOWER_CONDITION = "A policy must name its fields in lower case, as the grants do."
SIZE_FIXED = "An address for PUT can fix a file's size."
SIZE_FREE = "An address for PUT cannot fix a file's size. The grants are forms, whose policies do."


def with_object(ask: Callable[[Context, BucketAccess, str], Outcome]) -> Callable[[Context], Outcome]:
    """Return a check that asks with a key of its own, whose object is deleted afterwards."""

    def run(context: Context) -> Outcome:
        access = context.access
        if access is None:
            return Outcome("skipped", NO_STACK)
        key = f"{access.prefix}doctor-{secrets.token_hex(8)}"
        try:
            outcome = ask(context, access, key)
        finally:
            deleted = delete(context, access, key)
        return outcome if deleted else dataclasses.replace(outcome, left=(f"{access.bucket}/{key}",))

    return run


def delete(context: Context, access: BucketAccess, key: str) -> bool:
    """Delete an object; say whether it is gone."""
    headers = access.headers("DELETE", key, time.time())
    return context.ask("DELETE", access.address(key), headers).status in GONE


def judge(answer: probe.Answer, control: probe.Answer, if_stored: str, if_refused: str) -> Outcome:
    """Judge an answer by its meanings, if OSS takes the `control`, which differs only in what is asked about."""
    if control.status not in SUCCESS or not (answer.status in SUCCESS or answer.status in REFUSALS):
        unanswered = control if control.status not in SUCCESS else answer
        return Outcome("skipped", f"no answer to this question: {summary(unanswered)}")
    if answer.status in SUCCESS:
        return Outcome("noted", f"accepted, {summary(answer)}", meaning=if_stored)
    return Outcome("noted", f"refused, {summary(answer)}", meaning=if_refused)


def form_date(context: Context, access: BucketAccess, key: str) -> Outcome:
    now = time.time()
    control, answer = (
        context.post_form(access.url, access.form(key, dated, now, {})) for dated in (now, now - OLD_SECONDS)
    )
    return judge(answer, control, LONG_DATES, SHORT_DATES)


def condition_letter_case(context: Context, access: BucketAccess, key: str) -> Outcome:
    now = time.time()
    control, answer = (
        context.post_form(access.url, access.form(key, now, now, {name: "private"}))
        for name in ("x-oss-object-acl", "X-Oss-Object-Acl")
    )
    return judge(answer, control, ANY_CONDITION, LOWER_CONDITION)


def put_size(context: Context, access: BucketAccess, key: str) -> Outcome:
    address = access.put_address(key, len(FILE), time.time())
    control = context.ask("PUT", address, content=FILE)
    larger = context.ask("PUT", address, content=FILE + b"x")
    unsaid = context.ask("PUT", address, content=iter([FILE + b"x"]))
    other = larger if larger.status not in REFUSALS else unsaid
    outcome = judge(other, control, SIZE_FREE, SIZE_FIXED)
    return dataclasses.replace(
        outcome, found=f"{outcome.found} (larger: {larger.status}, no size: {unsaid.status})"
    )


def cleanup(context: Context) -> Outcome:
    access = context.access
    if access is None:
        return Outcome("skipped", NO_STACK)
    below = f"{access.bucket}/"
    keys = [
        one.removeprefix(below)
        for one in dict.fromkeys(context.left)
        if one.startswith(below + access.prefix)
    ]
    removed = tuple(below + key for key in keys if delete(context, access, key))
    found = f"{len(removed)} of {len(keys)} files"
    if len(removed) < len(keys):
        return Outcome("noted", found, "check not_deleted", removed=removed)
    return Outcome("ok", found, removed=removed)


CHECKS = (
    Check("form_date", "a form that was signed an hour ago", with_object(form_date), ("upload",), "open question"),
    Check("condition_letter_case", "a form whose policy names a field in other letters", with_object(condition_letter_case), ("upload",), "open question"),
    Check("put_size", "a presigned PUT of another size than was signed", with_object(put_size), ("upload",), "open question"),
    Check("cleanup", "deleting the doctor's files", cleanup),
)  # fmt: skip
