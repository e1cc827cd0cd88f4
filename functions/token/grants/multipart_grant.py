"""A multipart grant: one upload of exactly one file, in parts that are sent one by one.

The browser sends the parts to presigned addresses; begin, complete and abort are this function's. Pure:
settings and plain values in, documents out. Never lives here: what is asked of OSS (`multipart_routes.py`).

Source: Alibaba Cloud OSS, "Multipart upload": up to 10,000 parts of 100 KB to 5 GB; the last may be smaller.
"""

from collections.abc import Sequence

from grants.lifetime import CONFIRM_SECONDS, PARTS_SECONDS
from grants.settings import Settings
from vendored import oss_signing
from vendored.env import Credentials
from vendored.errors import Malformed, MultipartConflict, Unverified
from vendored.ticket import FileTicket, verify_ticket

MIB = 1024**2
PART_BYTES = 8 * MIB
MAX_PARTS = 1000  # OSS lists as many at once
PARALLEL_PARTS = 4  # upload.js sends as many of one file at a time
FEW_PARTS = 16  # up to here, a last round with fewer parts than the others would be felt
ADDRESS_SECONDS = 900
MAX_NUMBERS = 20  # in one request: a signature takes some milliseconds where a function has little CPU


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


def read_ticket(ticket: str, settings: Settings, now: float) -> FileTicket:
    """Return the claims of a multipart grant's ticket. Raises `Unverified`, also for another grant's."""
    claims = verify_ticket(ticket, settings.ticket_secret, now)
    if (
        not isinstance(claims, FileTicket)
        or not claims.up
        or not claims.key.startswith(settings.upload_prefix)
    ):
        raise Unverified("ticket_for_something_else", upload_id=claims.id)
    return claims


def check_numbers(numbers: object, ticket: FileTicket) -> "list[int]":
    """Return the numbers of parts, each once and one of the grant's. Raises `Malformed`."""
    listed = numbers if isinstance(numbers, list) else []
    valid = all(type(one) is int and 0 < one <= count_of(ticket) for one in listed)
    if not valid or not 0 < len(listed) <= MAX_NUMBERS or len(set(listed)) < len(listed):
        detail = f"The member numbers must list 1 to {MAX_NUMBERS} parts of this upload, each once."
        raise Malformed("numbers_invalid", detail, upload_id=ticket.id)
    return listed


def address_parts(
    ticket: FileTicket, numbers: Sequence[int], settings: Settings, credentials: Credentials, now: float
) -> "dict[str, object]":
    """Return an address for each part, which takes exactly that part's bytes. Raises `MultipartConflict`."""
    if ticket.exp - now <= CONFIRM_SECONDS:
        detail = "The upload took too long: no more parts can be sent."
        raise MultipartConflict("upload_expired", detail, upload_id=ticket.id)
    signer = oss_signing.Signer(settings.upload_bucket, settings.oss_region, credentials, now)
    return {
        "parts": [
            {
                "number": one,
                "size": size_of(ticket, one),
                "url": settings.upload_host + _target(ticket, one, signer),
            }
            for one in numbers
        ],
        "expires_in": ADDRESS_SECONDS,
    }


def _target(ticket: FileTicket, number: int, signer: oss_signing.Signer) -> str:
    """Return the target of a presigned PUT: its signed `content-length` is all that pins a part's size."""
    query = {"partNumber": str(number), "uploadId": ticket.up}
    length = {"content-length": str(size_of(ticket, number))}
    return signer.presigned_target("PUT", ticket.key, query, length, ADDRESS_SECONDS)
