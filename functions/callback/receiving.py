"""Did OSS sign this, and for an upload that we granted? Pure but for the cache of OSS's public keys.

A good RSA signature proves little: OSS signs any body for anyone's bucket, and with 512 bits. The ticket
inside the body proves that the upload was granted, and `completing.py` that it is there.

Source: Alibaba Cloud OSS, "Callback".
"""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote_plus

from edge import Request
from refusals import Unverified
from signing import DirectoryTicket, FileTicket, Ticket, callback_message, unseal

FIELDS = frozenset({"ticket", "bucket", "object", "size", "etag"})
SIZE = re.compile(r"0|[1-9][0-9]{0,14}")
ONE_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\x7f-\x9f]+")  # . and .. are no names but ways
SIGNATURE_VERSION = "1.0"
KEY_URL = re.compile(r"https?://gosspublic\.alicdn\.com/(callback_pub_key_v[1-9][0-9]?\.pem)")
KEY_HOST = "https://gosspublic.alicdn.com/"
PUBLISHED_NAME = "callback_pub_key_v1.pem"
PUBLISHED_PEM = b"""-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKs/JBGzwUB2aVht4crBx3oIPBLNsjGs
C0fTXv+nvlmklvkcolvpvXLTjaxUHR3W9LXxQ2EHXAJfCB+6H2YF1k8CAwEAAQ==
-----END PUBLIC KEY-----
"""
REFETCH_SECONDS = 600  # between two fetches of one key, whatever came back

Verifier = Callable[[bytes, bytes], bool]
KeyFinder = Callable[[Request], "Verifier | None"]


class Received(NamedTuple):
    """What speaks of an upload that we granted: its ticket, and with OSS's signature its `etag`.

    `ticket` is for exactly one object, also where the grant was for a directory.
    """

    ticket: FileTicket
    etag: str | None = None
    in_directory: bool = False


class PublicKeys:
    """OSS's public keys by name: the published one, and others fetched at most once in `REFETCH_SECONDS`.

    `published` is None where RSA does not work; `fetch` returns the verifier at an address or None.
    """

    def __init__(self, published: Verifier | None, fetch: Callable[[str, Request], Verifier | None]) -> None:
        self._published = published
        self._fetch = fetch
        self._fetched: dict[str, tuple[float, Verifier | None]] = {}  # at most 98 names match KEY_URL

    def find(self, request: Request) -> Verifier | None:
        """Return the key that the callback names, if it is one of OSS's. Call it for granted uploads only."""
        url = _decode_canonical(request.headers.get("x-oss-pub-key-url", ""))
        match = KEY_URL.fullmatch(url.decode("latin-1"))
        if not match:
            raise Unverified("key_url_foreign")
        name = match[1]
        if name == PUBLISHED_NAME:
            return self._published
        fetched_at, key = self._fetched.get(name, (float("-inf"), None))
        if request.received_at - fetched_at >= REFETCH_SECONDS:
            self._fetched[name] = (request.received_at, None)  # also where this instance does not survive it
            key = self._fetch(KEY_HOST + name, request)
            self._fetched[name] = (request.received_at, key)
        return key


def receive(
    request: Request, secrets: Sequence[str], bucket: str, prefix: str, find_key: KeyFinder
) -> Received:
    """Verify a callback: form, ticket, signature, and that the three speak of one upload.

    Raises `Unverified`, which looks the same outside whatever was wrong.
    """
    form = read_form(request.body)
    ticket = read_ticket(form["ticket"], secrets, prefix, request.now)
    try:
        verify_signature(request, find_key)
        granted = ticket if isinstance(ticket, FileTicket) else inside(ticket, form)
        compare(form, {"bucket": bucket, "object": granted.key, "size": str(granted.size)})
    except Unverified as refusal:
        refusal.upload_id = ticket.id
        raise
    return Received(granted, form["etag"], isinstance(ticket, DirectoryTicket))


def inside(ticket: DirectoryTicket, form: Mapping[str, str]) -> FileTicket:
    """Return the directory grant's claim to the one object that OSS reported. Raises `Unverified`."""
    key, size = form["object"], form["size"]
    if not key.startswith(ticket.dir) or not ONE_SEGMENT.fullmatch(key.removeprefix(ticket.dir)):
        raise Unverified("object_differs")
    if not SIZE.fullmatch(size) or int(size) > ticket.max:
        raise Unverified("size_differs")
    return FileTicket(ticket.id, key, int(size), ticket.sub, ticket.iat, ticket.exp)


def compare(form: Mapping[str, str], granted: Mapping[str, str]) -> None:
    """Refuse a genuine callback that speaks of another upload than its ticket."""
    for name, value in granted.items():
        if form[name] != value:
            raise Unverified(f"{name}_differs")


def read_form(body: bytes) -> Mapping[str, str]:
    """Read the callback's body: exactly our five fields, each once and none empty."""
    try:
        pairs = [pair.split("=") for pair in body.decode("ascii").split("&", len(FIELDS))]
        form = {name: unquote_plus(value, errors="strict") for name, value in pairs}
    except ValueError:
        raise Unverified("body_malformed") from None
    if len(pairs) != len(FIELDS) or form.keys() != FIELDS or not all(form.values()):
        raise Unverified("body_malformed")
    return form


def read_confirm(body: bytes) -> str:
    """Read the page's `{"ticket": "..."}` and return the ticket."""
    try:
        document = json.loads(body.decode(), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        raise Unverified("body_malformed") from None
    if not isinstance(document, dict) or document.keys() != {"ticket"} or type(document["ticket"]) is not str:
        raise Unverified("body_malformed")
    return document["ticket"]


def read_ticket(ticket: str, secrets: Sequence[str], prefix: str, now: float) -> Ticket:
    """Return the claims of a ticket for something below the prefix."""
    claims = unseal(ticket, secrets, now)
    where = claims.key if isinstance(claims, FileTicket) else claims.dir
    if not where.startswith(prefix):
        raise Unverified("ticket_for_something_else", upload_id=claims.id)
    return claims


def read_file_ticket(ticket: str, secrets: Sequence[str], prefix: str, now: float) -> FileTicket:
    """Return the claims of a file grant's ticket: only OSS knows what a directory grant has stored."""
    claims = read_ticket(ticket, secrets, prefix, now)
    if not isinstance(claims, FileTicket):
        raise Unverified("ticket_for_something_else", upload_id=claims.id)
    return claims


def verify_signature(request: Request, find_key: KeyFinder) -> None:
    """Check OSS's signature over decoded path and raw body; no callback address of ours has a query."""
    if request.query:
        raise Unverified("query_unexpected")
    if request.headers.get("x-oss-signature-version", SIGNATURE_VERSION) != SIGNATURE_VERSION:
        raise Unverified("signature_version_unknown")
    signature = _decode_canonical(request.headers.get("authorization", ""))
    verify = find_key(request)
    if verify is None:
        raise Unverified("key_unavailable")
    try:
        genuine = verify(signature, callback_message(request.path, "", request.body))
    except Exception as error:  # noqa: BLE001 - an OpenSSL that refuses MD5 must look like any refusal
        raise Unverified("key_unusable", type(error).__name__) from None
    if not genuine:
        raise Unverified("signature_wrong")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _decode_canonical(text: str) -> bytes:
    """Decode base64 that has one spelling only: decoders let unused final bits and more pass."""
    try:
        decoded = base64.b64decode(text)
    except ValueError:
        raise Unverified("header_malformed") from None
    if not decoded or base64.b64encode(decoded).decode() != text:
        raise Unverified("header_malformed")
    return decoded
