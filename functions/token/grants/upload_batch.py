"""`POST /uploads`: many files in one request, so that many small files cost one call and one preflight.

Never lives here: what a grant is (`file_grant.py`, `multipart_grant.py`).
"""

from collections.abc import Callable, Mapping, Sequence

from grants.callers import Caller
from grants.json_body import read_object
from grants.settings import Settings
from grants.upload_request import UploadRequest, check_limits, read_upload_request
from vendored.errors import Malformed, Misconfigured, Refusal, Unauthenticated, Unavailable, describe
from vendored.fc_http import Reply, Request
from vendored.records import NamedTuple

MAX_FILES = 20
MAX_BEGUN = 1  # uploads in parts: each costs a request to OSS
WHOLE = (Unauthenticated, Misconfigured)  # refuse the request; any other refusal is of one file alone
REQUIRED = {"name": str, "size": int}
MEMBERS = {**REQUIRED, "type": str, "profile": str, "multipart": bool}
JUDGED_ALONE = {"data"}  # whose own module says what it must be


class Wanted(NamedTuple):
    """One file of a batch: `multipart` says that the client can send it in parts."""

    upload: UploadRequest
    multipart: bool


def read_batch(body: bytes) -> "list[Wanted | Refusal]":
    """Read `{"files": [{"name", "size", "type"?, "profile"?, "multipart"?, "data"?}, ...]}`.

    Returns each file, or its refusal: a bad name, size, type or data refuses one file. Raises `Malformed` for
    a document of another shape.
    """
    files = read_object(body, {"files": list})["files"]
    if not isinstance(files, list) or not 0 < len(files) <= MAX_FILES:
        raise Malformed("files_invalid", f"The member files must list 1 to {MAX_FILES} files.")
    return [_read_file(one) for one in files]


def _read_file(document: object) -> "Wanted | Refusal":
    known = MEMBERS.keys() | JUDGED_ALONE
    if not isinstance(document, dict) or not REQUIRED.keys() <= document.keys() <= known:
        raise Malformed(
            "files_invalid",
            "A file has the members name and size, and may have type, profile, multipart and data.",
        )
    typed = {name: value for name, value in document.items() if name not in JUDGED_ALONE}
    if any(type(value) is not MEMBERS[name] for name, value in typed.items()):
        detail = (
            "In a file, name, type and profile are text, size is a whole number, multipart is true or false."
        )
        raise Malformed("files_invalid", detail)
    query = {**typed, "size": str(typed["size"])}
    multipart = query.pop("multipart", False)
    try:
        upload = read_upload_request(query)
        if "data" in document:
            from grants.upload_data import read_page_data  # noqa: PLC0415 - most files have none

            upload = upload._replace(page_data=read_page_data(document["data"]))
    except Malformed as refusal:
        return refusal
    return Wanted(upload, multipart)


def answer_batch(
    files: "Sequence[Wanted | Refusal]",
    request: Request,
    settings: Settings,
    authorize: "Callable[[UploadRequest | None], Caller]",
    grant_form: "Callable[[UploadRequest, Caller], dict[str, object]]",
    begin: "Callable[[UploadRequest, Caller], dict[str, object]]",
) -> Reply:
    """Grant each file a form, or parts where they are wanted and the file is large. Raises a `Refusal`.

    The files are answered in order: `{"uploads": [grant or {"problem": {...}}, ...]}`. A problem is as
    RFC 9457 has it; one that another request may not have is `retryable`. The log has the codes of all.
    """
    begun = 0
    answers: list[dict[str, object]] = []
    refused: list[Refusal] = []
    for wanted in files:
        try:
            upload, caller, in_parts = _judge(wanted, authorize, settings.multipart_bytes)
            _check_permitted(caller, answers)
            begun += in_parts
            if in_parts and begun > MAX_BEGUN:
                raise Unavailable("one_multipart_at_a_time", retry_after=0)
            answers.append(begin(upload, caller) if in_parts else grant_form(upload, caller))
        except WHOLE:  # noqa: PERF203 - a file that is refused refuses no other
            raise
        except Refusal as refusal:
            refused.append(refusal)
            answers.append({"problem": _problem(refusal, request.request_id, settings.problem_types_url)})
    log = {"upload_id": ",".join(str(one["id"]) for one in answers if "id" in one)}
    if refused:
        log["detail"] = " ".join(dict.fromkeys(one.detail for one in refused if one.detail))
    codes = ",".join(dict.fromkeys(one.code for one in refused))
    return Reply(200, {"uploads": answers}, code=codes or "ok", log=log)


def _judge(
    wanted: "Wanted | Refusal", authorize: "Callable[[UploadRequest | None], Caller]", multipart_bytes: int
) -> "tuple[UploadRequest, Caller, bool]":
    """Return an upload that its caller may make, and whether it is sent in parts. Raises its `Refusal`."""
    if isinstance(wanted, Refusal):
        authorize(None)  # who may not ask is told that first
        raise wanted
    upload, caller = wanted.upload, authorize(wanted.upload)
    check_limits(upload, caller.limits)
    return upload, caller, wanted.multipart and 0 < multipart_bytes < upload.size


def _check_permitted(caller: Caller, answers: "Sequence[Mapping[str, object]]") -> None:
    """Raise a `Refusal` if the permit is for one upload, and a file of this request has it already."""
    if caller.permit and caller.permit.once and any("id" in one for one in answers):
        raise Refusal("one_file_permitted", "This permit is for one file only.")


def _problem(refusal: Refusal, request_id: str, types_url: str) -> "dict[str, object]":
    _, problem, _ = describe(refusal, request_id, types_url)
    return {**problem, "retryable": True} if isinstance(refusal, Unavailable) else {**problem}
