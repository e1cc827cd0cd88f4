"""`make doctor RECORD=file`: the raw answers, redacted, in the form of the recordings that the stand-in is held against.

The file is one document:
{"about", "switches": {name: value of the stand-in's switch}, "count", "exchanges": [
 {"id", "server", "operation", "source", "year", "request": {"method", "path", "query", "headers", "form",
  "body", "signed"}, "response": {"status", "headers", "body", "network_error"}, "row": [status, Code, EC,
  Message], "known"}]}
Headers and form fields are lists of pairs, in their order. `row` is a row of the stand-in's error tables; it is
null for an answer that is no error of OSS. `switches` are those of the stand-in: with them in LOCAL_OSS_SWITCHES, it
answers as this OSS did.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

from deploy.doctor.answers import CODE, EC, json_object
from deploy.doctor.context import KEY_SUFFIX, read_grant
from deploy.doctor.domains import ACCOUNT_ID
from deploy.doctor.finding import Deployment, Finding
from deploy.doctor.probe import MAX_BYTES, Exchange
from deploy.doctor.redaction import ANSWER_HEADERS, FIELDS, REQUEST_HEADERS, Redactor

ABOUT = (
    "Exchanges of make doctor with a deployment. Secrets, names and addresses of the deployment are replaced; "
    "*** stands for what is not shown."
)
SOURCE = "make doctor"
MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")
OPERATIONS = {
    "POST": "PostObject",
    "OPTIONS": "OptionObject",
    "PUT": "PutObject",
    "HEAD": "HeadObject",
    "DELETE": "DeleteObject",
}
ID_OF_FIELD = {
    "x-oss-security-token": "security-token",
    "policy": "policy",
    "callback": "callback",
    "x-oss-signature": "signature",
}
READINGS = {  # the findings that tell how a switch of the stand-in stands, by their words
    "unpinned_x_oss": (
        ({"added_meta": "0006-00000228"}, "refuse"),
        ({"added_meta": "stored"}, "accept"),
    ),
    "condition_letter_case": (
        ({"condition_letter_case": "accepted"}, "any"),
        ({"condition_letter_case": "refused"}, "lower"),
    ),
    "head_missing_key": (
        ({"never_uploaded": "is 404"}, "404"),
        ({"never_uploaded": "is not 404"}, "403"),
    ),
    "doubled_field": (
        ({"doubled_key_other_last": "stored under the other"}, "first_checked_last_stored"),
        ({"doubled_key_other_last": "stored", "doubled_key_other_first": "refused"}, "first"),
        ({"doubled_key_other_last": "refused", "doubled_key_other_first": "stored"}, "last"),
    ),
}


def document(
    deployment: Deployment, exchanges: Sequence[Exchange], findings: Iterable[Finding], year: int
) -> dict[str, object]:
    """Return the document for these exchanges."""
    servers = servers_of(deployment, exchanges)
    redactor = Redactor({**known_values(deployment, exchanges, servers), **servers})
    return {
        "about": ABOUT,
        "switches": switches(findings),
        "count": len(exchanges),
        "exchanges": [
            entry(one, servers, redactor, f"{one.check}-{number}", year)
            for number, one in enumerate(exchanges, 1)
        ],
    }


def switches(findings: Iterable[Finding]) -> dict[str, str]:
    """Return the stand-in's switches as this OSS has them; one that no finding settles is not there."""
    found = {one.name: one.found for one in findings}
    return {
        switch: value
        for switch, rows in READINGS.items()
        for words, value in reversed(rows)
        if all(text in found.get(name, "") for name, text in words.items())
    }


def entry(
    one: Exchange, servers: Mapping[str, str], redactor: Redactor, name: str, year: int
) -> dict[str, object]:
    """Return one exchange as it is written."""
    server = servers.get(urlsplit(one.url).netloc, "").partition(".")[0]
    answer = one.answer
    body = redactor.body(answer.body)
    return {
        "id": name,
        "server": server,
        "operation": operation(one) if server in {"upload", "site"} else "",
        "source": SOURCE,
        "year": year,
        "request": {
            "method": one.method,
            "path": redactor.path(one.url),
            "query": redactor.query(one.url),
            "headers": [redactor.pair(REQUEST_HEADERS, *pair) for pair in one.headers.items()],
            "form": [redactor.pair(FIELDS, *pair) for pair in one.fields],
            "body": redactor.content(one.content),
            "signed": signed(one),
        },
        "response": {
            "status": answer.status,
            "headers": [redactor.pair(ANSWER_HEADERS, *pair) for pair in answer.raw_headers],
            "body": body,
            "network_error": redactor.message(answer.network_error),
        },
        "row": row(answer.status, body),
        "known": {
            "case": "kept",
            "order": True,
            "headers_complete": True,
            "body_text": False,
            "body_complete": len(answer.body) < MAX_BYTES,
            "status": True,
        },
    }


def operation(one: Exchange) -> str:
    """Return OSS's name of what was asked for."""
    if one.method == "PUT" and "partNumber=" in one.url:
        return "UploadPart"
    if one.method != "GET":
        return OPERATIONS[one.method]
    return "GetObject" if len(urlsplit(one.url).path) > 1 else "ListObjects"


def signed(one: Exchange) -> str:
    """Return how a request was signed."""
    if any(name.lower() == "x-oss-signature" for name, _ in one.fields):
        return "V4 form"
    if "x-oss-signature=" in one.url:
        return "V4 query"
    return "V4 header" if "x-oss-date" in one.headers else "none"


def row(status: int, body: str) -> list[object] | None:
    """Return an error of OSS as a row of the stand-in's tables."""
    found = [pattern.search(body.encode()) for pattern in (CODE, EC, MESSAGE)]
    return [status, *(one[1].decode() if one else "" for one in found)] if found[0] else None


def servers_of(deployment: Deployment, exchanges: Iterable[Exchange]) -> dict[str, str]:
    """Return the name of each server of a deployment, under its host and port."""
    addresses = [("token", deployment.token_url)]
    for one in exchanges:
        grant = read_grant(one.answer)
        addresses += [("upload", grant.url), ("callback", grant.confirm)] if grant else []
    access = deployment.find_access
    addresses += [("upload", access().url)] if access else []
    addresses += [("site", deployment.site_url or ""), ("page", deployment.origin)]
    found: dict[str, str] = {}
    for name, address in addresses:
        found.setdefault(urlsplit(address).netloc, f"{name}.example")
    return found


def known_values(
    deployment: Deployment, exchanges: Sequence[Exchange], servers: Mapping[str, str]
) -> dict[str, str]:
    """Return what is secret, or names somebody or something, and by which name each is replaced."""
    known = {deployment.origin: "https://www.example.com"}
    numbers: Counter[str] = Counter()
    for kind, value in (*secrets_of(deployment, exchanges), *objects_of(exchanges, servers)):
        changed = value.removesuffix(KEY_SUFFIX) in known  # such a key keeps the name of the granted one
        if value and value not in known and not changed:
            numbers[kind] += 1
            known[value] = f"{kind}-{numbers[kind]}"
    return known


def objects_of(exchanges: Iterable[Exchange], servers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the key of each object that was sent or asked for."""
    for one in exchanges:
        yield "object", dict(one.fields).get("key", "")
        if servers.get(urlsplit(one.url).netloc) == "upload.example":
            yield "object", unquote(urlsplit(one.url).path[1:])


def secrets_of(deployment: Deployment, exchanges: Iterable[Exchange]) -> Iterator[tuple[str, str]]:
    """Yield every secret that the doctor knows, and the names of the bucket and the objects, each with its kind."""
    yield "bearer-token", deployment.bearer_token or ""
    if deployment.find_access:
        access = deployment.find_access()
        yield "access-key-id", access.key.access_key_id
        yield "access-key-secret", access.key.access_key_secret
        yield "security-token", access.key.security_token
    for exchange in exchanges:
        yield "upload-id", dict(parse_qsl(urlsplit(exchange.url).query)).get("uploadId", "")
        uploads = json_object(exchange.answer).get("uploads")
        for one in uploads if isinstance(uploads, list) else ():
            ticket = str(one.get("ticket", "")) if isinstance(one, dict) else ""
            yield from (("ticket", part) for part in (ticket, *ticket.split(".")))
        grant = read_grant(exchange.answer)
        if grant:
            yield "key", grant.key
            yield "id", grant.id
            yield "bucket", grant.bucket
            yield from (("account", one) for one in ACCOUNT_ID.findall(grant.bucket))
            yield "access-key-id", grant.fields.get("x-oss-credential", "").partition("/")[0]
            yield from (("ticket", part) for part in (grant.ticket, *grant.ticket.split(".")))
            yield from ((kind, grant.fields.get(name, "")) for name, kind in ID_OF_FIELD.items())
