"""Reads and verifies a callback from OSS, or a confirm from the page: both must be about a granted upload.

A valid RSA signature proves little: OSS signs any body for the owner of any bucket, with a 512-bit key.
The ticket in the body proves that we granted the upload; `object_proof.py` proves that the object exists.

Source: Alibaba Cloud OSS, "Callback".
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from completion.callback_keys import KeyFinder, decode_canonical
from vendored.errors import Unverified
from vendored.fc_http import Request
from vendored.oss_signing import callback_message
from vendored.strict_json import read_object
from vendored.ticket import DirectoryTicket, FileTicket, Ticket, verify_ticket

FIELDS = frozenset({"ticket", "bucket", "object", "size", "etag"})
SIZE = re.compile(r"0|[1-9][0-9]{0,14}")
ONE_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\x7f-\x9f]+")  # . and .. are steps in a path, not names
SIGNATURE_VERSION = "1.0"


class UploadReport(NamedTuple):
    """A verified callback or confirm about an upload that we granted.

    `ticket` is for exactly one object, even if the grant was for a directory. `etag` comes from OSS's signed
    callback; a confirm from the page has none.
    """

    ticket: FileTicket
    etag: str | None = None
    in_directory: bool = False


def verify_callback(
    request: Request, secrets: Sequence[str], bucket: str, prefix: str, find_key: KeyFinder
) -> UploadReport:
    """Verify OSS's callback: its form, its ticket, its signature, and that all three are about one upload.

    Raises `Unverified`, which looks the same outside whatever was wrong.
    """
    form = read_form(request.body)
    ticket = read_ticket(form["ticket"], secrets, prefix, request.now)
    try:
        verify_signature(request, find_key)
        granted = ticket if isinstance(ticket, FileTicket) else file_in_directory(ticket, form)
        compare(form, {"bucket": bucket, "object": granted.key, "size": str(granted.size)})
    except Unverified as refusal:
        refusal.upload_id = ticket.id
        raise
    return UploadReport(granted, form["etag"], isinstance(ticket, DirectoryTicket))


def verify_confirm(request: Request, secrets: Sequence[str], prefix: str) -> UploadReport:
    """Verify the page's confirm: its JSON and its ticket. Raises `Unverified`."""
    return UploadReport(read_file_ticket(read_confirm(request.body), secrets, prefix, request.now))


def file_in_directory(ticket: DirectoryTicket, form: Mapping[str, str]) -> FileTicket:
    """Return a ticket for the one object of the directory that OSS reported. Raises `Unverified`."""
    key, size = form["object"], form["size"]
    if not key.startswith(ticket.dir) or not ONE_SEGMENT.fullmatch(key.removeprefix(ticket.dir)):
        raise Unverified("object_differs")
    if not SIZE.fullmatch(size) or int(size) > ticket.max:
        raise Unverified("size_differs")
    return FileTicket(ticket.id, key, int(size), ticket.sub, ticket.iat, ticket.exp)


def compare(form: Mapping[str, str], granted: Mapping[str, str]) -> None:
    """Refuse a genuine callback about another upload than its ticket's."""
    for name, value in granted.items():
        if form[name] != value:
            raise Unverified(f"{name}_differs")


def read_form(body: bytes) -> Mapping[str, str]:
    """Read the callback's body: exactly our five fields, none doubled and none empty."""
    try:
        text = body.decode("ascii").replace("+", " ")
        pairs = [pair.split("=") for pair in text.split("&", len(FIELDS))]
        form = {name: unquote(value, errors="strict") for name, value in pairs}
    except ValueError:
        raise Unverified("body_malformed") from None
    if len(pairs) != len(FIELDS) or form.keys() != FIELDS or not all(form.values()):
        raise Unverified("body_malformed")
    return form


def read_confirm(body: bytes) -> str:
    """Read the page's `{"ticket": "..."}` and return the ticket."""
    try:
        return str(read_object(body, {"ticket": str})["ticket"])
    except ValueError:
        raise Unverified("body_malformed") from None


def read_ticket(ticket: str, secrets: Sequence[str], prefix: str, now: float) -> Ticket:
    """Return the claims of a ticket for a key below the prefix. Raises `Unverified`."""
    claims = verify_ticket(ticket, secrets, now)
    where = claims.key if isinstance(claims, FileTicket) else claims.dir
    if not where.startswith(prefix):
        raise Unverified("ticket_for_something_else", upload_id=claims.id)
    return claims


def read_file_ticket(ticket: str, secrets: Sequence[str], prefix: str, now: float) -> FileTicket:
    """Return the claims of a file grant's ticket. Raises `Unverified`, also for a directory grant's.

    Only OSS's callback says which object was stored under a directory grant.
    """
    claims = read_ticket(ticket, secrets, prefix, now)
    if not isinstance(claims, FileTicket):
        raise Unverified("ticket_for_something_else", upload_id=claims.id)
    return claims


def verify_signature(request: Request, find_key: KeyFinder) -> None:
    """Check OSS's signature over decoded path and raw body, in base64 of one spelling (`decode_canonical`).

    No callback address of ours has a query. Raises `Unverified`.
    """
    if request.query:
        raise Unverified("query_unexpected")
    if request.headers.get("x-oss-signature-version", SIGNATURE_VERSION) != SIGNATURE_VERSION:
        raise Unverified("signature_version_unknown")
    signature = decode_canonical(request.headers.get("authorization", ""))
    verify = find_key(request)
    if verify is None:
        raise Unverified("key_unavailable")
    try:
        genuine = verify(signature, callback_message(request.path, "", request.body))
    except Exception as error:  # noqa: BLE001 - an OpenSSL that refuses MD5 must look like any other refusal
        raise Unverified("key_unusable", type(error).__name__) from None
    if not genuine:
        raise Unverified("signature_wrong")
