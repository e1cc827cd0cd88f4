"""Uploads in parts: begin, addresses, complete, abort. The ticket alone authorises: it names one upload.

What is stored is what OSS lists: parts are completed only if each of them is there with exactly its size.
OSS then calls the callback function as for a form, and its answer goes to the page.

Source: Alibaba Cloud OSS, "InitiateMultipartUpload", "ListParts", "CompleteMultipartUpload",
"AbortMultipartUpload".
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from xml.etree import ElementTree as ET

from grants import object_key
from grants.bucket_requests import BucketAnswer, BucketRequests
from grants.callers import Caller
from grants.file_grant import content_disposition
from grants.json_body import read_object
from grants.lifetime import CONFIRM_SECONDS, PARTS_SECONDS
from grants.multipart_grant import (
    MAX_PARTS,
    address_parts,
    check_numbers,
    count_of,
    describe_grant,
    part_size_of,
    read_ticket,
    size_of,
)
from grants.post_policy import callback_parameter
from grants.settings import Settings
from grants.upload_request import UploadRequest
from vendored.env import Credentials
from vendored.errors import MultipartConflict, PartsMissing, Refusal, Unavailable
from vendored.fc_http import Reply, Request
from vendored.oss_signing import Signer
from vendored.ticket import FileTicket, sign_ticket

DEADLINE_SECONDS = 13.0  # of the 15 that Function Compute gives
BEGIN_SECONDS = 3.0
LIST_SECONDS = 3.0
COMPLETE_SECONDS = 10.0  # OSS waits 5 for the callback
ABORT_SECONDS = 5.0
OK, CALLBACK_FAILED, NO_CONTENT = 200, 203, 204
UPLOAD_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
ENTITY_TAG = re.compile(r'"[0-9A-Fa-f]{1,64}"')
OSS_CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")
CONFLICTS = {  # OSS's Code: ours, and a sentence
    "NoSuchUpload": ("upload_gone", "The upload was completed or aborted: /confirm says which."),
    "InvalidPart": ("parts_changed", "A part was replaced meanwhile: complete once more."),
    "FileAlreadyExists": ("already_stored", "The file is stored already."),
}


class Multipart(NamedTuple):
    """Answers one request, with the role's credentials and a clock of monotonic seconds."""

    settings: Settings
    credentials: Credentials
    monotonic: Callable[[], float]

    def begin(
        self, request: Request, upload: UploadRequest, caller: Caller, entropy: bytes
    ) -> dict[str, object]:
        """Begin an upload at OSS and return its grant. Raises `Unavailable`."""
        settings, now = self.settings, request.now
        upload_id = object_key.time_sortable_id(now, entropy)
        key = object_key.user_folder(caller, settings, now) + object_key.file_name_of(upload_id, upload.type)
        headers = {
            "Content-Type": upload.type,
            "Content-Disposition": content_disposition(upload.name, upload.type),
        }
        answer = self._bucket(key, upload_id, request).send(
            "POST", {"uploads": ""}, headers, seconds=BEGIN_SECONDS
        )
        begun = int(now), int(now) + PARTS_SECONDS + CONFIRM_SECONDS
        ticket = FileTicket(
            upload_id, key, upload.size, caller.subject, *begun, part_size_of(upload.size), _upload_id(answer)
        )
        return describe_grant(ticket, sign_ticket(ticket, settings.ticket_secret[0]), settings)

    def parts(self, request: Request) -> Reply:
        """Answer `POST /parts`: an address for each of the numbered parts."""
        document = read_object(request.body, {"ticket": str, "numbers": list})
        ticket = _ticket(document, self.settings, request.now)
        numbers = check_numbers(document["numbers"], ticket)
        addresses = address_parts(ticket, numbers, self.settings, self.credentials, request.now)
        return Reply(OK, addresses, log={"upload_id": ticket.id})

    def complete(self, request: Request) -> Reply:
        """Answer `POST /complete`: the callback's answer, or 203 if the callback failed."""
        ticket = _ticket(read_object(request.body, {"ticket": str}), self.settings, request.now)
        bucket = self._bucket(ticket.key, ticket.id, request)
        listed = _list(bucket, ticket)
        missing = [
            number
            for number in range(1, count_of(ticket) + 1)
            if listed.get(number, (0, ""))[0] != size_of(ticket, number)
        ]
        if missing:
            raise PartsMissing(missing, upload_id=ticket.id)
        signed = sign_ticket(ticket, self.settings.ticket_secret[0])
        headers = {
            "x-oss-forbid-overwrite": "true",
            "x-oss-object-acl": "private",
            "x-oss-callback": callback_parameter(self.settings.callback_url, signed),
        }
        body = _complete_document({number: listed[number][1] for number in range(1, count_of(ticket) + 1)})
        answer = bucket.send("POST", {"uploadId": ticket.up}, headers, body, seconds=COMPLETE_SECONDS)
        if answer.status == OK and _is_object(answer.body):
            return Reply(OK, answer.body.decode(), log={"upload_id": ticket.id})
        if answer.status not in {OK, CALLBACK_FAILED}:
            raise _refusal(answer, "complete", ticket)
        detail = "The file is stored, and its callback failed: /confirm has the answer."
        told = {"code": "callback_failed", "detail": detail}
        return Reply(CALLBACK_FAILED, told, code="callback_failed", log={"upload_id": ticket.id})

    def abort(self, request: Request) -> Reply:
        """Answer `POST /abort`: OSS drops the parts."""
        ticket = _ticket(read_object(request.body, {"ticket": str}), self.settings, request.now)
        bucket = self._bucket(ticket.key, ticket.id, request)
        answer = bucket.send("DELETE", {"uploadId": ticket.up}, seconds=ABORT_SECONDS)
        if answer.status != NO_CONTENT:
            raise _refusal(answer, "abort", ticket)
        return Reply(OK, {"Status": "OK", "id": ticket.id}, log={"upload_id": ticket.id})

    def _bucket(self, key: str, upload_id: str, request: Request) -> BucketRequests:
        """Return requests for one object, within the time that this request has left."""
        settings, deadline = self.settings, request.received_at + DEADLINE_SECONDS
        signer = Signer(settings.upload_bucket, settings.oss_region, self.credentials, request.now)
        return BucketRequests(
            key, upload_id, settings.object_url, signer, lambda: deadline - self.monotonic()
        )


def _ticket(document: Mapping[str, object], settings: Settings, now: float) -> FileTicket:
    return read_ticket(str(document["ticket"]), settings, now)


def _upload_id(answer: BucketAnswer) -> str:
    """Return OSS's id of the upload that it has begun. Raises `Unavailable`."""
    if answer.status != OK:
        raise Unavailable(f"initiate_{answer.status}")
    found = (_elements(answer.body).findtext("UploadId") or "").strip()
    if not UPLOAD_ID.fullmatch(found):
        raise Unavailable("initiate_unreadable")
    return found


def _list(bucket: BucketRequests, ticket: FileTicket) -> dict[int, tuple[int, str]]:
    """Return size and ETag of each stored part by its number. Raises a `Refusal`."""
    query = {"uploadId": ticket.up, "max-parts": str(MAX_PARTS)}
    answer = bucket.send("GET", query, seconds=LIST_SECONDS)
    if answer.status != OK:
        raise _refusal(answer, "list", ticket)
    found = _elements(answer.body)
    try:
        listed = {
            int(part.findtext("PartNumber", "")): (int(part.findtext("Size", "")), part.findtext("ETag", ""))
            for part in found.iter("Part")
        }
    except ValueError:
        raise Unavailable("list_unreadable", upload_id=ticket.id) from None
    if not all(ENTITY_TAG.fullmatch(tag) for _, tag in listed.values()):
        raise Unavailable("list_unreadable", upload_id=ticket.id)
    return listed


def _complete_document(tags: Mapping[int, str]) -> bytes:
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in tags.items()
    )
    return f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()


def _elements(document: bytes) -> ET.Element:
    """Parse OSS's answer; names lose their namespace, which older answers have. Raises `Unavailable`."""
    try:
        root = ET.fromstring(document)  # noqa: S314 - OSS's own, and bounded
    except ET.ParseError:
        raise Unavailable("answer_unreadable") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body.decode()), dict)
    except (ValueError, RecursionError):
        return False


def _refusal(answer: BucketAnswer, operation: str, ticket: FileTicket) -> Refusal:
    """Return the refusal for an answer of OSS that is none of success."""
    found = OSS_CODE.search(answer.body)
    code, detail = CONFLICTS.get(found[1].decode() if found else "", ("", ""))
    if code:
        return MultipartConflict(code, detail, upload_id=ticket.id)
    return Unavailable(f"{operation}_{answer.status}", upload_id=ticket.id)
