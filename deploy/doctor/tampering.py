"""What must be refused, and what nobody has confirmed about OSS, reported as found."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from http import HTTPStatus
from urllib.parse import quote

from deploy.doctor import probe
from deploy.doctor.answers import CREATED, done, sign, words
from deploy.doctor.context import FILE, OTHER, Check, Grant, Visit
from deploy.doctor.finding import Outcome
from deploy.doctor.upload import confirm_patiently

Fields = Sequence[tuple[str, str]]
SWAPPED = base64.b64encode(b'{"callbackUrl":"https://foreign.example/","callbackBody":"x"}').decode()


def fields_of(grant: Grant, **instead: str | None) -> Fields:
    """Return the grant's fields with some changed, or dropped where None."""
    named = {name.replace("_", "-"): value for name, value in instead.items()}
    every = {**grant.fields, **named}
    return [(name, value) for name, value in every.items() if value is not None]


def refused(change: Callable[[Grant], Fields], file: bytes = FILE) -> Callable[[Visit], Outcome]:
    """Return a check that OSS refuses a changed form."""

    def run(visit: Visit) -> Outcome:
        grant = visit.unused()
        fields = change(grant)
        answer = visit.post(grant, fields, file)
        if answer.status in CREATED:
            visit.spare = None
            return Outcome("failed", words(answer), "check accepted", grant.left(dict(fields)["key"]))
        return Outcome(
            "ok" if answer.status in range(400, 500) else "failed", words(answer), sign("bucket", answer)
        )

    return run


def doubled(first: str, last: str) -> Callable[[Visit], Outcome]:
    """Return a check of two `key` fields; each is the granted key with something added."""

    def run(visit: Visit) -> Outcome:
        grant = visit.unused()
        others = [pair for pair in grant.fields.items() if pair[0] != "key"]
        answer = visit.post(grant, [("key", grant.key + first), ("key", grant.key + last), *others])
        if answer.status not in CREATED:
            return Outcome("noted", f"refused, {words(answer)}")
        visit.spare = None
        if done(confirm_patiently(visit, grant.ticket), grant.id):
            return Outcome("noted", "accepted, and stored under the granted key", left=grant.left())
        return Outcome(
            "failed",
            "accepted, and stored under the other key",
            "check doubled",
            grant.left(grant.key + OTHER),
        )

    return run


def second_send(visit: Visit) -> Outcome:
    answer = visit.post(visit.the_grant, file=FILE.upper())
    if answer.status in CREATED:
        return Outcome("failed", words(answer), "check accepted_again")
    return Outcome("ok", words(answer))


def is_public(grant: Grant) -> bool:
    """Say whether anyone can read the grant's object."""
    return probe.ask("GET", grant.url + quote(grant.key)).status == HTTPStatus.OK


def acl_header(visit: Visit) -> Outcome:
    grant = visit.unused()
    answer = visit.post(grant, x_oss_object_acl="public-read")
    return private_or_refused(visit, grant, answer)


def acl_doubled(visit: Visit) -> Outcome:
    grant = visit.unused()
    answer = visit.post(grant, [*grant.fields.items(), ("X-Oss-Object-Acl", "public-read")])
    outcome = private_or_refused(visit, grant, answer)
    return outcome if outcome.verdict == "failed" else Outcome("noted", outcome.found, left=outcome.left)


def private_or_refused(visit: Visit, grant: Grant, answer: probe.Answer) -> Outcome:
    """Judge an upload that asked for a public object."""
    if answer.status not in CREATED:
        return Outcome("ok", f"refused, {words(answer)}")
    visit.spare = None
    if is_public(grant):
        return Outcome("failed", "stored, and anyone can read it", "check public_object", grant.left())
    return Outcome("ok", "stored, and private", left=grant.left())


def letter_case(visit: Visit) -> Outcome:
    grant = visit.unused()
    answer = visit.post(grant, [(name.upper(), value) for name, value in grant.fields.items()])
    if answer.status not in CREATED:
        return Outcome("noted", f"refused, {words(answer)}: names are matched by letter case")
    visit.spare = None
    return Outcome(
        "noted", f"accepted, {answer.status}: names are matched whatever their letters", left=grant.left()
    )


def forged(visit: Visit) -> Outcome:
    grant = visit.the_grant
    address = grant.confirm.rpartition("/")[0] + "/callback"
    etag = visit.the_upload.headers.get("etag", "A").strip('"')
    facts = f"&bucket={grant.bucket}&object={quote(grant.key, '')}&size={len(FILE)}&etag={etag}"
    key_url = base64.b64encode(b"https://gosspublic.alicdn.com/callback_pub_key_v1.pem").decode()
    garbage = {"Authorization": base64.b64encode(bytes(64)).decode(), "x-oss-pub-key-url": key_url}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [
        probe.ask("POST", address, {**form, **headers}, content=f"ticket={ticket}{facts}".encode())
        for ticket, headers in ((grant.ticket, {}), (grant.ticket, garbage), ("bWFkZQ.dXA", garbage))
    ]
    answers.append(visit.confirm("bWFkZQ.dXA"))
    found = ", ".join(words(one) for one in answers)
    if all(one.status == HTTPStatus.FORBIDDEN for one in answers):
        return Outcome("ok", found)
    bad = next(one for one in answers if one.status != HTTPStatus.FORBIDDEN)
    return Outcome("failed", found, "check forged" if bad.status in CREATED else sign("callback", bad))


def never_uploaded(visit: Visit) -> Outcome:
    answer = confirm_patiently(visit, visit.unused().ticket)
    visit.spare = None  # for two seconds the function answers this ticket without looking again
    if answer.status == HTTPStatus.CONFLICT:
        return Outcome("ok", f"{words(answer)}: HEAD of a missing key is 404")
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Outcome("noted", f"{words(answer)}: HEAD of a missing key is not 404", "check head_403")
    return Outcome(
        "failed", words(answer), "check forged" if answer.status in CREATED else sign("callback", answer)
    )


UPLOADED = ("upload",)
CHECKS = (
    Check("refuses_changed_key", "a form with another key", refused(lambda g: fields_of(g, key=g.key + OTHER)), UPLOADED),
    Check("refuses_oversize", "a file of one byte more", refused(fields_of, FILE + b"x"), UPLOADED),
    Check("refuses_swapped_callback", "a form with another callback", refused(lambda g: fields_of(g, callback=SWAPPED)), UPLOADED),
    Check("refuses_dropped_callback", "a form without its callback", refused(lambda g: fields_of(g, callback=None)), UPLOADED),
    Check("refuses_public_acl", "a form with a public ACL", refused(lambda g: fields_of(g, x_oss_object_acl="public-read")), UPLOADED),
    Check("refuses_second_send", "the same grant once more", second_send, UPLOADED),
    Check("acl_header", "a public ACL as a header", acl_header, UPLOADED),
    Check("forged_callback", "forged callbacks and a made-up ticket", forged, UPLOADED),
    Check("never_uploaded", "confirming what was never uploaded", never_uploaded, ("confirm",)),
    Check("doubled_key_other_first", "a form with two keys, the other first", doubled(OTHER, ""), ("confirm",)),
    Check("doubled_key_other_last", "a form with two keys, the other last", doubled("", OTHER), ("confirm",)),
    Check("doubled_acl", "a form with a second, public ACL", acl_doubled, UPLOADED),
    Check("letter_case", "a form whose field names are in capitals", letter_case, UPLOADED),
)  # fmt: skip
