"""The upload that a page asks for: its parameters, and the limits that it must keep.

A new parameter of the token function is read here. Never lives here: who asks (`callers.py`), what is granted
(`file_grant.py`).
"""

import re
from collections.abc import Mapping, Sequence

from grants.callers import NOTHING, Limits
from grants.lifetime import PARTS_SECONDS, lifetime_seconds
from grants.settings import LARGEST_FORM
from vendored import media_types
from vendored.errors import Malformed, TooLarge, TypeNotAllowed
from vendored.records import NamedTuple

REQUIRED = ("name", "size")
PARAMETERS = frozenset((*REQUIRED, "type", "profile"))
SIZE = re.compile(r"0|[1-9][0-9]{0,14}")
MAX_NAME_BYTES = 1024  # no file system has longer names


class UploadRequest(NamedTuple):
    """One file that a page asks to upload: its name, its size in bytes, the one name of its media type.

    `profile` names one of PROFILES, or is empty; `authorize` sees that of the permit, if it names one.
    `page_data` is what the page says the file is for: a claim of the user.
    """

    name: str
    size: int
    type: str
    profile: str = ""
    page_data: Mapping[str, str] = NOTHING


def read_upload_request(query: Mapping[str, str]) -> UploadRequest:
    """Read `name`, `size`, `type` and `profile`, each once and nothing else. Raises `Malformed`.

    Where the browser does not know the type, `type` is empty or left out: the name decides. Whether Function
    Compute passes an empty parameter on is not documented, so both must mean the same.
    """
    for name in REQUIRED:
        if name not in query:
            raise Malformed("missing_parameter", f"The parameter {name} is missing.")
    if not query.keys() <= PARAMETERS:
        raise Malformed("unknown_parameter", "Only the parameters name, size, type and profile are known.")
    if not SIZE.fullmatch(query["size"]):
        raise Malformed("size_invalid", "The parameter size must be a whole number of bytes.")
    said = query.get("type", "")
    given = said.lower()
    if given and not (said.isascii() and media_types.is_media_type(given)):
        raise Malformed("type_invalid", "The parameter type must be a media type without parameters.")
    name = read_name(query["name"])
    kind = media_types.type_of_file(given, name)
    return UploadRequest(name, int(query["size"]), kind, query.get("profile", ""))


def read_name(name: str) -> str:
    """Return a file's name that is safe in a header. Raises `Malformed`."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        size = 0
    if not size or not media_types.is_file_name(name):
        raise Malformed(
            "name_invalid", "The parameter name must be a file's name without folders or control characters."
        )
    if size > MAX_NAME_BYTES:
        raise Malformed("name_too_long", f"The parameter name may have at most {MAX_NAME_BYTES} bytes.")
    return media_types.shown_name(name)


def check_limits(upload: UploadRequest, limits: Limits) -> None:
    """Raise `TooLarge` or `TypeNotAllowed` for a file outside the limits."""
    if upload.size > limits.max_bytes:
        raise TooLarge("too_large", f"A file may have at most {limits.max_bytes} bytes.")
    if not media_types.allows(limits.types, upload.type):
        raise TypeNotAllowed(
            "type_not_allowed", f"Allowed types: {', '.join(media_types.one_names(limits.types))}."
        )


def check_fits_form(upload: UploadRequest) -> None:
    """Raise `TooLarge` for a file that no form can have."""
    if upload.size > LARGEST_FORM:
        raise TooLarge(
            "too_large", f"One form may have at most {LARGEST_FORM} bytes: send the file in parts."
        )


def describe_limits(limits: Limits, grants: Sequence[str], multipart_bytes: int) -> dict[str, object]:
    """Return what a page can say before a file is chosen; `grants` are the kinds of grant on offer.

    The slowest line is the slowest on which the largest form, and the largest file in parts, end in time.
    """
    form_bytes = min(limits.max_bytes, multipart_bytes or LARGEST_FORM)
    slowest = -(-form_bytes // lifetime_seconds(form_bytes))
    if multipart_bytes:
        slowest = max(slowest, -(-limits.max_bytes // PARTS_SECONDS))
    return {
        "max_bytes": limits.max_bytes,
        "slowest_bytes_per_second": slowest,
        "types": list(media_types.one_names(limits.types)),
        "grants": list(grants),
    }
