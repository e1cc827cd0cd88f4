"""Changed forms and forged callbacks, which must be refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from http import HTTPStatus
from urllib.parse import quote

from deploy.doctor.answers import REFUSALS, SUCCESS, summary, symptom
from deploy.doctor.context import FILE, KEY_SUFFIX, Check, Context, Grant
from deploy.doctor.finding import Outcome
from deploy.doctor.upload import confirm_patiently

Fields = Sequence[tuple[str, str]]
SWAPPED = base64.b64encode(b'{"callbackUrl":"https://foreign.example/","callbackBody":"x"}').decode()


def changed_fields(grant: Grant, **instead: str | None) -> Fields:
    """Return the grant's fields with some changed, or left out where the new value is None."""
    named = {name.replace("_", "-"): value for name, value in instead.items()}
    every = {**grant.fields, **named}
    return [(name, value) for name, value in every.items() if value is not None]


def check_refused(change: Callable[[Grant], Fields], file: bytes = FILE) -> Callable[[Context], Outcome]:
    """Return a check that OSS refuses the form that `change` makes of a grant, with this file."""

    def run(context: Context) -> Outcome:
        grant = context.find_unused_grant()
        fields = change(grant)
        answer = context.post(grant, fields, file)
        if answer.status in SUCCESS:
            context.unused_grant = None
            return Outcome("failed", summary(answer), "check accepted", grant.left(dict(fields)["key"]))
        return Outcome(
            "ok" if answer.status in REFUSALS else "failed", summary(answer), symptom("bucket", answer)
        )

    return run


def second_send(context: Context) -> Outcome:
    answer = context.post(context.the_grant, file=FILE.upper())
    if answer.status in SUCCESS:
        return Outcome("failed", summary(answer), "check accepted_again")
    return Outcome("ok", summary(answer))


def is_public(context: Context, grant: Grant) -> bool:
    """Say whether anyone can read the grant's object."""
    return context.ask("GET", grant.url + quote(grant.key)).status == HTTPStatus.OK


def acl_header(context: Context) -> Outcome:
    grant = context.find_unused_grant()
    answer = context.post(grant, x_oss_object_acl="public-read")
    if answer.status not in SUCCESS:
        return Outcome("ok", f"refused, {summary(answer)}")
    context.unused_grant = None
    if is_public(context, grant):
        return Outcome("failed", "stored, and anyone can read it", "check public_object", grant.left())
    return Outcome("ok", "stored, and private", left=grant.left())


def forged_callback(context: Context) -> Outcome:
    grant = context.the_grant
    address = grant.confirm.rpartition("/")[0] + "/callback"
    etag = context.the_upload.headers.get("etag", "A").strip('"')
    rest = f"&bucket={grant.bucket}&object={quote(grant.key, '')}&size={len(FILE)}&etag={etag}"
    key_url = base64.b64encode(b"https://gosspublic.alicdn.com/callback_pub_key_v1.pem").decode()
    invalid = {"Authorization": base64.b64encode(bytes(64)).decode(), "x-oss-pub-key-url": key_url}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [
        context.ask("POST", address, {**form, **headers}, content=f"ticket={ticket}{rest}".encode())
        for ticket, headers in ((grant.ticket, {}), (grant.ticket, invalid), ("bWFkZQ.dXA", invalid))
    ]
    answers.append(context.confirm("bWFkZQ.dXA"))
    found = ", ".join(summary(one) for one in answers)
    if all(one.status == HTTPStatus.FORBIDDEN for one in answers):
        return Outcome("ok", found)
    accepted = next(one for one in answers if one.status != HTTPStatus.FORBIDDEN)
    return Outcome(
        "failed", found, "check forged" if accepted.status in SUCCESS else symptom("callback", accepted)
    )


def never_uploaded(context: Context) -> Outcome:
    answer = confirm_patiently(context, context.find_unused_grant().ticket)
    context.unused_grant = None  # for two seconds the function answers this ticket without looking again
    if answer.status == HTTPStatus.CONFLICT:
        return Outcome("ok", f"{summary(answer)}: HEAD of a missing key is 404")
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Outcome("noted", f"{summary(answer)}: HEAD of a missing key is not 404", "check head_403")
    return Outcome(
        "failed", summary(answer), "check forged" if answer.status in SUCCESS else symptom("callback", answer)
    )


UPLOADED = ("upload",)
CHECKS = (
    Check("refuses_changed_key", "a form with another key", check_refused(lambda g: changed_fields(g, key=g.key + KEY_SUFFIX)), UPLOADED),
    Check("refuses_oversize", "a file that is one byte too large", check_refused(changed_fields, FILE + b"x"), UPLOADED),
    Check("refuses_swapped_callback", "a form with another callback", check_refused(lambda g: changed_fields(g, callback=SWAPPED)), UPLOADED),
    Check("refuses_dropped_callback", "a form without its callback", check_refused(lambda g: changed_fields(g, callback=None)), UPLOADED),
    Check("refuses_public_acl", "a form with a public ACL", check_refused(lambda g: changed_fields(g, x_oss_object_acl="public-read")), UPLOADED),
    Check("refuses_second_send", "the same grant once more", second_send, UPLOADED),
    Check("acl_header", "a public ACL as a header", acl_header, UPLOADED),
    Check("forged_callback", "forged callbacks and an invented ticket", forged_callback, UPLOADED),
    Check("never_uploaded", "confirming an upload that never happened", never_uploaded, ("confirm",)),
)  # fmt: skip
