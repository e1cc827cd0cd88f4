"""`POST /parts`: presigned addresses, each of which takes exactly one part of one upload.

The ticket alone authorises: it names one key, fixed sizes and an end. Never lives here: a request to OSS.

Source: Alibaba Cloud OSS, "UploadPart", "Add signatures to URLs" (V4).
"""

from collections.abc import Sequence

from grants.json_body import read_object
from grants.lifetime import CONFIRM_SECONDS
from grants.multipart_grant import count_of, read_ticket, size_of
from grants.settings import Settings
from vendored.env import Credentials
from vendored.errors import Malformed, MultipartConflict
from vendored.fc_http import Reply, Request
from vendored.oss_signing import Signer
from vendored.ticket import FileTicket

ADDRESS_SECONDS = 900  # until a part must begin to arrive
MAX_NUMBERS = 20  # in one request: a signature takes some milliseconds where a function has little CPU


def answer_parts(request: Request, settings: Settings, credentials: Credentials) -> Reply:
    """Answer an address for each of the numbered parts. Raises a `Refusal`."""
    document = read_object(request.body, {"ticket": str, "numbers": list})
    ticket = read_ticket(document, settings, request.now)
    numbers = check_numbers(document["numbers"], ticket)
    if ticket.exp - request.now <= CONFIRM_SECONDS:
        detail = "The upload took too long: no more parts can be sent."
        raise MultipartConflict("upload_expired", detail, upload_id=ticket.id)
    signer = Signer(settings.upload_bucket, settings.oss_region, credentials, request.now)
    parts = [
        {
            "number": number,
            "size": size_of(ticket, number),
            "url": settings.upload_host + _target(ticket, number, signer),
        }
        for number in numbers
    ]
    return Reply(200, {"parts": parts, "expires_in": ADDRESS_SECONDS}, log={"upload_id": ticket.id})


def check_numbers(numbers: object, ticket: FileTicket) -> "Sequence[int]":
    """Return the numbers of parts, each once and one of the grant's. Raises `Malformed`."""
    listed = numbers if isinstance(numbers, list) else []
    valid = all(type(one) is int and 0 < one <= count_of(ticket) for one in listed)
    if not valid or not 0 < len(listed) <= MAX_NUMBERS or len(set(listed)) < len(listed):
        detail = f"The member numbers must list 1 to {MAX_NUMBERS} parts of this upload, each once."
        raise Malformed("numbers_invalid", detail, upload_id=ticket.id)
    return listed


def _target(ticket: FileTicket, number: int, signer: Signer) -> str:
    """Return the target of a presigned PUT: its signed `content-length` is all that pins a part's size."""
    query = {"partNumber": str(number), "uploadId": ticket.up}
    length = {"content-length": str(size_of(ticket, number))}
    return signer.presigned_target("PUT", ticket.key, query, length, ADDRESS_SECONDS)
