"""What OSS does where its documents do not say: forms with more fields, doubled fields, names in other letters.

A safe answer is noted, whichever it is; an unsafe one is a failure. Each form is a grant's own and some fields
more, so every condition of the policy holds for it.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable

from deploy.doctor.answers import REFUSALS, SUCCESS, is_completed, summary
from deploy.doctor.context import KEY_SUFFIX, Check, Context, Grant
from deploy.doctor.finding import Outcome
from deploy.doctor.tampering import Fields, is_public
from deploy.doctor.upload import confirm_patiently

ADDED = "doctor"  # the value of each metadata field that is added
CANNOT_ADD = "A page cannot add this field to the form of a grant."
NO_EFFECT = "A page can add this field, and it makes no object public."
METADATA = "A page can add this field: do not trust an object's user metadata."
NO_METADATA = "A page can add this field, and OSS does not store it."
META = re.compile(r"x-[a-z]{3}-meta-doctor")
NOT_TWICE = "A page cannot send two fields of one name."
ONE_COUNTS = (
    "OSS checks and uses the same one of two fields, so a page cannot get past the policy with a second one."
)
ANY_CASE = "The conditions of the policy hold for a name in any letters."
SAME_CASE = "A page must send the names as the grant has them, as upload.js does."

Judge = Callable[[Context, Grant], Outcome]


def check_form(
    change: Callable[[Grant], Fields], judge: Judge, if_refused: str
) -> Callable[[Context], Outcome]:
    """Return a check that sends the form which `change` makes of a grant, and judges it if it is stored.

    `if_refused` is the meaning of a refusal. A fault of the network or of OSS answers no question.
    """

    def run(context: Context) -> Outcome:
        grant = context.find_unused_grant()
        answer = context.post(grant, change(grant))
        if answer.status in REFUSALS:
            return Outcome("noted", f"refused, {summary(answer)}", meaning=if_refused)
        context.unused_grant = None
        if answer.status not in SUCCESS:
            return Outcome("skipped", f"no answer to this question: {summary(answer)}", left=grant.left())
        return judge(context, grant)

    return run


def add_field(name: str, value: str) -> Callable[[Grant], Fields]:
    """Return a change of a form: one field more, behind the others."""
    return lambda grant: [*grant.fields.items(), (name, value)]


def double_key(first: str, last: str) -> Callable[[Grant], Fields]:
    """Return a change of a form: two `key` fields, the granted key with each of these texts added."""

    def change(grant: Grant) -> Fields:
        others = [pair for pair in grant.fields.items() if pair[0] != "key"]
        return [("key", grant.key + first), ("key", grant.key + last), *others]

    return change


def capitals(grant: Grant) -> Fields:
    return [(name.upper(), value) for name, value in grant.fields.items()]


def judge_key(context: Context, grant: Grant) -> Outcome:
    """Judge an upload with two keys by the key that it is stored under."""
    if is_completed(confirm_patiently(context, grant.ticket), grant.id):
        return Outcome("noted", "stored under the granted key", left=grant.left(), meaning=ONE_COUNTS)
    return Outcome(
        "failed", "stored under the other key", "check doubled", grant.left(grant.key + KEY_SUFFIX)
    )


def judge_access(meaning: str) -> Judge:
    """Return a judgement by who may read the object; `meaning` is that of a private one."""

    def judge(context: Context, grant: Grant) -> Outcome:
        if is_public(context, grant):
            return Outcome("failed", "stored, and anyone can read it", "check public_object", grant.left())
        return Outcome("noted", "stored, and private", left=grant.left(), meaning=meaning)

    return judge


def judge_metadata(context: Context, grant: Grant) -> Outcome:
    """Judge an upload with a metadata field; whether the object has it, only the deployer's AccessKey can ask."""
    outcome = judge_access(METADATA)(context, grant)
    access = context.access
    if outcome.verdict == "failed" or access is None:
        return outcome
    head = context.ask("HEAD", access.address(grant.key), access.headers("HEAD", grant.key, time.time()))
    if head.status not in SUCCESS:
        return outcome
    names = [name for name in head.headers if META.fullmatch(name)]
    if names:
        return dataclasses.replace(outcome, found=f"{outcome.found}, with the header {names[0]}")
    return dataclasses.replace(outcome, found=f"{outcome.found}, without such a header", meaning=NO_METADATA)


def question(name: str, tried: str, run: Callable[[Context], Outcome], *needs: str) -> Check:
    return Check(name, tried, run, needs or ("upload",), "open question")


CHECKS = (
    question("added_acl", "a form with the field acl, public", check_form(add_field("acl", "public-read"), judge_access(NO_EFFECT), CANNOT_ADD)),
    question("added_amz_acl", "a form with the field x-amz-acl, public", check_form(add_field("x-amz-acl", "public-read"), judge_access(NO_EFFECT), CANNOT_ADD)),
    question("added_amz_meta", "a form with a field x-amz-meta-*", check_form(add_field("x-amz-meta-doctor", ADDED), judge_metadata, CANNOT_ADD)),
    question("added_meta", "a form with a field x-oss-meta-*", check_form(add_field("x-oss-meta-doctor", ADDED), judge_metadata, CANNOT_ADD)),
    question("doubled_key_other_first", "a form with two keys, the other first", check_form(double_key(KEY_SUFFIX, ""), judge_key, NOT_TWICE), "confirm"),
    question("doubled_key_other_last", "a form with two keys, the other last", check_form(double_key("", KEY_SUFFIX), judge_key, NOT_TWICE), "confirm"),
    question("doubled_acl", "a form with a second, public ACL", check_form(add_field("x-oss-object-acl", "public-read"), judge_access(ONE_COUNTS), NOT_TWICE)),
    question("doubled_acl_in_other_case", "a form with a second, public ACL whose name is in other letters", check_form(add_field("X-Oss-Object-Acl", "public-read"), judge_access(ONE_COUNTS), NOT_TWICE)),
    question("letter_case", "a form whose field names are in capitals", check_form(capitals, judge_access(ANY_CASE), SAME_CASE)),
)  # fmt: skip
