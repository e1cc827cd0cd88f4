"""A multipart grant: one upload of exactly one file, in parts that are sent one by one.

The browser sends the parts to presigned addresses (`part_addresses.py`); the token function begins, completes
and aborts (`multipart_routes.py`). Pure: settings and plain values in, a grant out.

Source: Alibaba Cloud OSS, "Multipart upload": up to 10,000 parts of 100 KB to 5 GB; the last may be smaller.
"""

from collections.abc import Mapping

from grants.lifetime import PARTS_SECONDS
from grants.settings import Settings
from vendored.errors import Unverified
from vendored.ticket import FileTicket, verify_ticket

MIB = 1024**2
PART_BYTES = 8 * MIB
MAX_PARTS = 1000  # OSS lists as many at once
PARALLEL_PARTS = 4  # upload.js sends as many of one file at a time
FEW_PARTS = 16  # up to here, a last round with fewer parts than the others would be felt


def part_size_of(size: int) -> int:
    """Return how many bytes each part of a file has, but the last: whole MiB, at most `MAX_PARTS` parts.

    Few parts fill rounds of `PARALLEL_PARTS`.
    """
    count = -(-size // PART_BYTES)
    if PARALLEL_PARTS < count < FEW_PARTS:
        count -= count % PARALLEL_PARTS
    part = max(PART_BYTES, -(-size // min(count, MAX_PARTS)))
    return -(-part // MIB) * MIB


def count_of(ticket: FileTicket) -> int:
    """Return the number of parts."""
    return -(-ticket.size // ticket.part)


def size_of(ticket: FileTicket, number: int) -> int:
    """Return the bytes of one part."""
    return min(ticket.part, ticket.size - (number - 1) * ticket.part)


def describe_grant(ticket: FileTicket, signed: str, settings: Settings) -> "dict[str, object]":
    """Return the grant of docs/http-api.md; for `expires_in` seconds parts get addresses."""
    return {
        "id": ticket.id,
        "kind": "multipart",
        "key": ticket.key,
        "part_size": ticket.part,
        "parts": count_of(ticket),
        "expires_in": PARTS_SECONDS,
        "ticket": signed,
        "confirm": f"{settings.callback_url}/confirm",
    }


def read_ticket(document: Mapping[str, object], settings: Settings, now: float) -> FileTicket:
    """Return the claims of the `ticket` in a page's JSON. Raises `Unverified`, also for another grant's."""
    claims = verify_ticket(str(document["ticket"]), settings.ticket_secret, now)
    in_parts = isinstance(claims, FileTicket) and claims.up and claims.key.startswith(settings.upload_prefix)
    if not isinstance(claims, FileTicket) or not in_parts:
        raise Unverified("ticket_for_something_else", upload_id=claims.id)
    return claims
