"""Uploads in parts: begin, complete, abort. Once begun, the ticket alone authorises: it names one upload.

What is stored is what OSS lists: parts are completed only if each of them is there with exactly its size.
OSS then calls the callback function as for a form, and its answer goes to the page. Never lives here: the
addresses of parts (`part_addresses.py`), how OSS is asked (`bucket_requests.py`).

Source: Alibaba Cloud OSS, "InitiateMultipartUpload", "ListParts", "CompleteMultipartUpload",
"AbortMultipartUpload".
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from xml.etree import ElementTree as ET

from grants import object_key
from grants.bucket_requests import BucketAnswer, BucketRequests
from grants.callers import Caller
from grants.file_grant import STORAGE_CLASS, content_disposition
from grants.json_body import read_object
from grants.lifetime import CONFIRM_SECONDS, PARTS_SECONDS
from grants.multipart_grant import MAX_PARTS, count_of, describe_grant, part_size_of, read_ticket, size_of
from grants.post_policy import callback_parameter
from grants.settings import Settings
from grants.upload_request import UploadRequest
from vendored.env import Credentials
from vendored.errors import MultipartConflict, PartsMissing, Refusal, Unavailable
from vendored.fc_http import Reply, Request
from vendored.oss_signing import Signer
from vendored.ticket import CLOCK_LEEWAY_SECONDS, FileTicket, sign_ticket

DEADLINE_SECONDS = 13.0  # of the 15 that Function Compute gives
BEGIN_SECONDS = 3.0
LIST_SECONDS = 3.0
COMPLETE_SECONDS = 10.0  # OSS waits 5 for the callback
ABORT_SECONDS = 5.0
OK, CALLBACK_FAILED, NO_CONTENT = 200, 203, 204
UPLOAD_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
ENTITY_TAG = re.compile(r'"[0-9A-Fa-f]{1,64}"')
OSS_CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")
OSS_MESSAGE = re.compile(rb"<Message>([^<]{1,200})</Message>")
CONFLICTS = {  # OSS's Code: ours, and a sentence
    b"NoSuchUpload": ("upload_gone", "The upload was completed or aborted: /confirm says which."),
    b"InvalidPart": ("parts_changed", "A part was replaced meanwhile: complete once more."),
    b"FileAlreadyExists": ("already_stored", "The file is stored already: /confirm has the answer."),
}


class Part(NamedTuple):
    """A part that OSS has: its bytes, and its ETag in quotes."""

    size: int
    tag: str


class Multipart(NamedTuple):
    """Answers one request, with the role's credentials and a clock of monotonic seconds."""

    settings: Settings
    credentials: Credentials
    monotonic: Callable[[], float]

    def begin(
        self, request: Request, upload: UploadRequest, caller: Caller, entropy: bytes
    ) -> dict[str, object]:
        """Begin an upload at OSS and return its grant. Raises `Unavailable`."""
        settings, now = self.settings, int(request.now)
        upload_id, key = object_key.name_upload(caller, upload.type, settings, request.now, entropy)
        headers = {
            "Content-Type": upload.type,
            "Content-Disposition": content_disposition(upload.name, upload.type),
            "x-oss-storage-class": STORAGE_CLASS,
        }
        bucket = self._bucket(key, upload_id, request)
        ticket = FileTicket(
            id=upload_id,
            key=key,
            size=upload.size,
            sub=caller.subject,
            iat=now,
            exp=now + PARTS_SECONDS + CONFIRM_SECONDS,
            part=part_size_of(upload.size),
            up=_initiate(bucket, headers),
            data=caller.data,
            page_data=upload.page_data,
        )
        return describe_grant(ticket, sign_ticket(ticket, settings.ticket_secret[0]), settings)

    def complete(self, request: Request) -> Reply:
        """Answer `POST /complete`: the callback's answer, or 203 if that failed. Raises a `Refusal`."""
        document = read_object(request.body, {"ticket": str})
        ticket = read_ticket(document, self.settings, request.now)
        if ticket.exp - request.now <= CLOCK_LEEWAY_SECONDS:
            detail = "The upload took too long: its ticket ends before its callback could be answered."
            raise MultipartConflict("upload_expired", detail, upload_id=ticket.id)
        bucket = self._bucket(ticket.key, ticket.id, request)
        stored = _list_parts(bucket, ticket)
        numbers = range(1, count_of(ticket) + 1)
        missing = [one for one in numbers if one not in stored or stored[one].size != size_of(ticket, one)]
        if missing:
            raise PartsMissing(missing, upload_id=ticket.id)
        headers = {
            "Content-Type": "application/xml",
            "x-oss-forbid-overwrite": "true",
            "x-oss-object-acl": "private",
            "x-oss-callback": callback_parameter(self.settings.callback_url, str(document["ticket"])),
        }
        body = _completion((one, stored[one].tag) for one in numbers)
        answer = bucket.send("POST", {"uploadId": ticket.up}, headers, body, seconds=COMPLETE_SECONDS)
        return _completed(answer, ticket)

    def abort(self, request: Request) -> Reply:
        """Answer `POST /abort`: OSS drops the parts. Raises a `Refusal`."""
        ticket = read_ticket(read_object(request.body, {"ticket": str}), self.settings, request.now)
        bucket = self._bucket(ticket.key, ticket.id, request)
        answer = bucket.send("DELETE", {"uploadId": ticket.up}, seconds=ABORT_SECONDS)
        if answer.status != NO_CONTENT:
            raise _refusal(answer, "abort", ticket.id)
        return Reply(OK, {"Status": "OK", "id": ticket.id}, log={"upload_id": ticket.id})

    def _bucket(self, key: str, upload_id: str, request: Request) -> BucketRequests:
        """Return requests for one object, within the time that this request has left."""
        settings, deadline = self.settings, request.received_at + DEADLINE_SECONDS
        signer = Signer(settings.upload_bucket, settings.oss_region, self.credentials, request.now)
        return BucketRequests(
            settings.object_url, key, upload_id, signer, lambda: deadline - self.monotonic()
        )


def _initiate(bucket: BucketRequests, headers: Mapping[str, str]) -> str:
    """Begin an upload; return OSS's id of it. Raises `Unavailable`."""
    answer = bucket.send("POST", {"uploads": ""}, headers, seconds=BEGIN_SECONDS)
    if answer.status != OK:
        raise Unavailable(f"initiate_{answer.status}", upload_id=bucket.upload_id)
    found = (_elements(answer.body, bucket.upload_id).findtext("UploadId") or "").strip()
    if not UPLOAD_ID.fullmatch(found):
        raise Unavailable("bucket_answer_unreadable", upload_id=bucket.upload_id)
    return found


def _list_parts(bucket: BucketRequests, ticket: FileTicket) -> dict[int, Part]:
    """Return the stored parts by their numbers: a grant has no more than OSS lists. Raises a `Refusal`."""
    query = {"uploadId": ticket.up, "max-parts": str(MAX_PARTS)}
    answer = bucket.send("GET", query, seconds=LIST_SECONDS)
    if answer.status != OK:
        raise _refusal(answer, "list", ticket.id)
    found = _elements(answer.body, ticket.id).iter("Part")
    try:
        stored = {
            int(one.findtext("PartNumber", "")): Part(int(one.findtext("Size", "")), one.findtext("ETag", ""))
            for one in found
        }
    except ValueError:
        raise Unavailable("bucket_answer_unreadable", upload_id=ticket.id) from None
    if not all(ENTITY_TAG.fullmatch(part.tag) for part in stored.values()):
        raise Unavailable("bucket_answer_unreadable", upload_id=ticket.id)
    return stored


def _completion(tags: Iterable[tuple[int, str]]) -> bytes:
    """Return the document that names the parts of the object: those that were listed, and no newer ones."""
    listed = (f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number, tag in tags)
    return f"<CompleteMultipartUpload>{''.join(listed)}</CompleteMultipartUpload>".encode()


def _completed(answer: BucketAnswer, ticket: FileTicket) -> Reply:
    """Answer what OSS answered to a Complete. Raises a `Refusal`."""
    log = {"upload_id": ticket.id}
    if answer.status == OK and _is_object(answer.body):
        return Reply(OK, answer.body.decode(), log=log)
    if answer.status in {OK, CALLBACK_FAILED}:
        detail = "The file is stored, and its callback failed: /confirm has the answer."
        told = {"code": "callback_failed", "detail": detail}
        reason = OSS_MESSAGE.search(answer.body)
        log["detail"] = reason[1].decode(errors="replace") if reason else ""
        return Reply(CALLBACK_FAILED, told, code="callback_failed", log=log)
    raise _refusal(answer, "complete", ticket.id)


def _elements(document: bytes, upload_id: str) -> ET.Element:
    """Parse OSS's answer; names lose their namespace, which older answers have. Raises `Unavailable`."""
    try:
        root = ET.fromstring(document)  # noqa: S314 - OSS's own, and bounded
    except ET.ParseError:
        raise Unavailable("bucket_answer_unreadable", upload_id=upload_id) from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body.decode()), dict)
    except (ValueError, RecursionError):
        return False


def _refusal(answer: BucketAnswer, operation: str, upload_id: str) -> Refusal:
    """Return the refusal for an answer of OSS that is none of success."""
    found = OSS_CODE.search(answer.body)
    if found and found[1] in CONFLICTS:
        return MultipartConflict(*CONFLICTS[found[1]], upload_id=upload_id)
    return Unavailable(f"{operation}_{answer.status}", upload_id=upload_id)
