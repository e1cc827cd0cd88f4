"""`POST /uploads`: many files in one request, so that many small files cost one call and one preflight.

Never lives here: what a grant is (`file_grant.py`, `multipart_grant.py`).
"""

from collections.abc import Callable
from typing import NamedTuple

from grants.callers import Limits
from grants.json_body import read_object
from grants.settings import Settings
from grants.upload_request import UploadRequest, check_limits, read_upload_request
from vendored.errors import Malformed, Refusal, TooLarge, TypeNotAllowed, Unavailable, describe
from vendored.fc_http import Reply, Request

MAX_FILES = 20
MAX_BEGUN = 1  # uploads in parts: each costs a request to OSS
ALONE = (Malformed, TooLarge, TypeNotAllowed, Unavailable)  # refuse one file, and not the others
REQUIRED = {"name": str, "size": int}
MEMBERS = {**REQUIRED, "type": str, "multipart": bool}


class Wanted(NamedTuple):
    """One file of a batch: `multipart` says that the client can send it in parts."""

    upload: UploadRequest
    multipart: bool


def read_batch(body: bytes) -> "list[Wanted | Refusal]":
    """Read `{"files": [{"name", "size", "type"?, "multipart"?}, ...]}`: each file, or why it is refused.

    Raises `Malformed` for a document of another shape; a bad name, size or type refuses that file alone.
    """
    files = read_object(body, {"files": list})["files"]
    if not isinstance(files, list) or not 0 < len(files) <= MAX_FILES:
        raise Malformed("files_invalid", f"The member files must list 1 to {MAX_FILES} files.")
    return [_read_file(one) for one in files]


def _read_file(document: object) -> "Wanted | Refusal":
    if not isinstance(document, dict) or not REQUIRED.keys() <= document.keys() <= MEMBERS.keys():
        raise Malformed(
            "files_invalid", "A file has the members name and size, and may have type and multipart."
        )
    if any(type(value) is not MEMBERS[name] for name, value in document.items()):
        detail = "In a file, name and type are text, size is a whole number, multipart is true or false."
        raise Malformed("files_invalid", detail)
    query = {**document, "size": str(document["size"])}
    multipart = query.pop("multipart", False)
    try:
        return Wanted(read_upload_request(query), multipart)
    except Malformed as refusal:
        return refusal


def answer_batch(
    request: Request,
    settings: Settings,
    limits: Limits,
    grant_form: "Callable[[UploadRequest], dict[str, object]]",
    begin: "Callable[[UploadRequest], dict[str, object]]",
) -> Reply:
    """Grant each file a form, or parts where they are wanted and the file is large. Raises a `Refusal`.

    The files are answered in order: `{"uploads": [grant or {"problem": {...}}, ...]}`. A problem is as
    RFC 9457 has it; one that another request may not have is `retryable`. The log has the codes of all.
    """
    begun = 0
    answers: list[dict[str, object]] = []
    refused: list[Refusal] = []
    for wanted in read_batch(request.body):
        try:
            upload, in_parts = _judge(wanted, limits, settings.multipart_bytes)
            begun += in_parts
            if in_parts and begun > MAX_BEGUN:
                raise Unavailable("one_multipart_at_a_time", retry_after=0)
            answers.append(begin(upload) if in_parts else grant_form(upload))
        except ALONE as refusal:  # noqa: PERF203 - a file that is refused refuses no other
            refused.append(refusal)
            answers.append({"problem": _problem(refusal, request.request_id, settings.problem_types_url)})
    log = {"upload_id": ",".join(str(one["id"]) for one in answers if "id" in one)}
    if refused:
        log["detail"] = " ".join(dict.fromkeys(one.detail for one in refused if one.detail))
    codes = ",".join(dict.fromkeys(one.code for one in refused))
    return Reply(200, {"uploads": answers}, code=codes or "ok", log=log)


def _judge(wanted: "Wanted | Refusal", limits: Limits, multipart_bytes: int) -> "tuple[UploadRequest, bool]":
    """Return an upload that the limits allow, and whether it is sent in parts. Raises its `Refusal`."""
    if isinstance(wanted, Refusal):
        raise wanted
    check_limits(wanted.upload, limits)
    return wanted.upload, wanted.multipart and 0 < multipart_bytes < wanted.upload.size


def _problem(refusal: Refusal, request_id: str, types_url: str) -> "dict[str, object]":
    _, problem, _ = describe(refusal, request_id, types_url)
    return {**problem, "retryable": True} if isinstance(refusal, Unavailable) else {**problem}
