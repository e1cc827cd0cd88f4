"""The ticket: our own signed statement that one upload, or uploads below one folder, were granted.

The token function signs it, the page carries it, OSS repeats it in the callback, the callback function
verifies it. It is signed, not encrypted: its holder can read it. Pure functions: no clock, no environment.

A ticket is `base64url(JSON claims) . base64url(HMAC-SHA256(secret, "upload-ticket.v1." + first part))`.
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping, Sequence

from vendored.errors import Unverified
from vendored.records import NamedTuple

MAC_CONTEXT = b"upload-ticket.v1."  # keeps this MAC apart from any other use of the secret
VERSION = 1
SHAPE = r"[A-Za-z0-9_-]{1,2000}\.[A-Za-z0-9_-]{43}"  # 43: base64url of 32 bytes
CLOCK_LEEWAY_SECONDS = 60  # between the clocks of the instance that signs and the one that verifies


class FileTicket(NamedTuple):
    """One upload was granted: `size` bytes at exactly `key`. Times are epoch seconds.

    An upload in parts has `up`, OSS's id of it, and `part`, the size of each part but the last in bytes.
    `data` is your server's word of what the upload is for, `page_data` is the page's.
    """

    id: str
    key: str
    size: int
    sub: str
    iat: int
    exp: int
    part: int = 0
    up: str = ""
    data: Mapping[str, str] = {}
    page_data: Mapping[str, str] = {}


class DirectoryTicket(NamedTuple):
    """Uploads of at most `max` bytes each were granted below `dir`. Times are epoch seconds."""

    id: str
    dir: str
    max: int
    sub: str
    iat: int
    exp: int


Ticket = FileTicket | DirectoryTicket
WRITER = json.JSONEncoder(check_circular=False, ensure_ascii=False, separators=(",", ":"))
REQUIRED = 6  # claims that each ticket of either kind has
CLAIM_TYPES = (str, str, int, str, int, int, int, str, dict, dict)  # of both, in order


def sign_ticket(claims: Ticket, secret: str) -> str:
    """Return the ticket for these claims: `A-Za-z0-9_-` and one dot."""
    document = {"v": VERSION, **_members(claims)}
    payload = _base64url(WRITER.encode(document).encode())
    return f"{payload}.{_mac(payload, secret)}"


def verify_ticket(ticket: str, secrets: Sequence[str], now: float) -> Ticket:
    """Return the claims of a ticket signed with any of `secrets` and valid at `now` (epoch seconds).

    The MAC is compared before anything is decoded. Raises `Unverified`.
    """
    if not re.fullmatch(SHAPE, ticket):  # compiled here: a form grant never verifies
        raise Unverified("ticket_malformed")
    payload, mac = ticket.split(".")
    matches = [hmac.compare_digest(_mac(payload, secret), mac) for secret in secrets]
    if not any(matches):
        raise Unverified("ticket_forged")
    claims = _read_claims(payload)
    if claims.iat > now + CLOCK_LEEWAY_SECONDS:
        raise Unverified("ticket_not_yet_valid", upload_id=claims.id)
    if claims.exp <= now:
        raise Unverified("ticket_expired", upload_id=claims.id)
    return claims


def _read_claims(payload: str) -> Ticket:
    """Decode the first part of a genuine ticket; only one signed by another version of ours can fail here."""
    try:
        decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        document = json.loads(decoded.decode())
        version = document.pop("v")
        claims = FileTicket(**document) if "key" in document else DirectoryTicket(**document)
        unchanged = document == _members(claims) and _base64url(decoded) == payload
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise Unverified("ticket_malformed") from None
    is_typed = tuple(map(type, claims)) == CLAIM_TYPES[: len(claims)]
    maps = (claims.data, claims.page_data) if isinstance(claims, FileTicket) else ()
    is_typed = is_typed and all(type(text) is str for one in maps for text in one.values())
    if version != VERSION or not is_typed or not unchanged:
        raise Unverified("ticket_malformed")
    return claims


def _members(claims: Ticket) -> dict[str, object]:
    """Return the claims as they are written: only those of a kind that it has, and no empty map."""
    members: dict[str, object] = dict(zip(claims._fields[:REQUIRED], claims, strict=False))
    if isinstance(claims, FileTicket):
        if claims.up and claims.part:
            members |= {"part": claims.part, "up": claims.up}
        if claims.data:
            members["data"] = claims.data
        if claims.page_data:
            members["page_data"] = claims.page_data
    return members


def _mac(payload: str, secret: str) -> str:
    return _base64url(hmac.digest(secret.encode(), MAC_CONTEXT + payload.encode(), "sha256"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
