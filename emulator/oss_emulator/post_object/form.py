"""The multipart form of PostObject, read as a stream: fields up to `file`, then the file in pieces.

After the file, only a second file is looked for. Of a field, only size and syntax are checked here.
Source: OSS PostObject page; 400 error page; EC 0006-00000104, -107, -109 to -112; EC page on several files.
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from oss_emulator.errors import OssError
from oss_emulator.http_messages import CHUNK_BYTES

MAX_BOUNDARY_CHARACTERS = 70  # RFC 2046 5.1.1
MAX_HEADER_BYTES = 16 * 1024  # one part header line: the longest name OSS takes is 8 KB
MAX_PART_HEADERS = 8
MAX_FIELDS = 1000  # ours, to bound memory: OSS documents no limit
MAX_FIELDS_BYTES = 8 * 1024 * 1024  # EC 0006-00000112: the values of all fields before the file

NAME_TOO_LONG = "0006-00000110"  # its page says 8 KB; that the 4 KB limit has the same EC is inferred
VALUE_TOO_LONG = "0006-00000111"  # its page says 2 MB; the EC is inferred from its neighbours

_BOUNDARY = re.compile(r";\s*boundary=([^;\s]+)", re.IGNORECASE)
_QUOTED_NAME = re.compile(r';\s*name="')


@dataclass(frozen=True)
class FieldLimits:
    """Largest field name and value in bytes."""

    name_bytes: int
    value_bytes: int


FIELD_LIMITS = {
    "4KB": FieldLimits(4 * 1024, 4 * 1024),  # OSS: 400 error page, FieldItemTooLong
    "2MB": FieldLimits(8 * 1024, 2 * 1024 * 1024),  # OSS: PostObject page
}


@dataclass(frozen=True)
class Form:
    """A form's fields by lower-case name, and its file, whose content is not read yet.

    Of fields with the same name, `fields` has the first and `last_fields` the last.
    """

    fields: Mapping[str, str]
    last_fields: Mapping[str, str]
    filename: str
    file_content_type: str | None
    content: Iterator[bytes]

    def views(self, doubled_field: str) -> tuple["Form", "Form"]:
        """Return the form that is checked and the form that is used, as the switch `doubled_field` decides.

        Both share one content.
        """
        last = replace(self, fields=self.last_fields)
        return {"first": (self, self), "last": (last, last)}.get(doubled_field, (self, last))


def read_form(content_type: str, read: Callable[[int], bytes], limits: FieldLimits) -> Form:
    """Read a form up to its file. `Form.content` then reads to the end of the form.

    Raises OssError for anything but a well-formed form with one file. Iterating over `Form.content` raises it
    too, if the file breaks off or a second file follows.
    """
    boundary = _boundary(content_type)
    events = _events(boundary, read)
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    total = 0
    for count, event in enumerate(events):
        segment = cast("MultipartSegment", event)  # a part comes first, then its content
        name = str(segment.name)
        if _is_file(segment):
            file_type = segment.header("Content-Type")
            return Form(first, last, segment.filename or "", file_type, _file(events))
        value = _value(name, events, limits)
        total += len(value)
        if count >= MAX_FIELDS:
            raise malformed()
        if total > MAX_FIELDS_BYTES:
            raise _field_too_long("0006-00000112")
        last[name.lower()] = _text(value)
        first.setdefault(name.lower(), last[name.lower()])
    raise _wrong_number_of_files("0006-00000107")


def _boundary(content_type: str) -> str:
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise OssError(
            400,
            "RequestIsNotMultiPartContent",
            "Bucket POST must be of the enclosure-type multipart/form-data.",
        )
    found = _BOUNDARY.search(content_type)
    # Quotes are part of the boundary here: Alibaba's own .NET sample removes the quotes that .NET adds.
    if not found or len(found[1]) > MAX_BOUNDARY_CHARACTERS:
        raise malformed()
    return found[1]


class _Parser(PushMultipartParser):  # type: ignore[misc]  # multipart ships no types
    """Refuses a part that does not begin with a Content-Disposition with a quoted name."""

    def _create_segment(self, headerlist: list[tuple[str, str]]) -> MultipartSegment:
        if not headerlist or headerlist[0][0] != "Content-Disposition":
            raise malformed("0006-00000109")
        if not _QUOTED_NAME.search(headerlist[0][1]):
            raise malformed()
        segment = super()._create_segment(headerlist)
        if not segment.name:  # the text `name="` was part of the file name
            raise malformed()
        return segment


def _events(boundary: str, read: Callable[[int], bytes]) -> Generator[object, None, None]:
    parser = _Parser(boundary, max_header_size=MAX_HEADER_BYTES, max_header_count=MAX_PART_HEADERS)
    try:
        yield from parser.parse_blocking(read, chunk_size=CHUNK_BYTES)
    except ParserLimitReached as error:
        raise _field_too_long(NAME_TOO_LONG) from error
    except MultipartError as error:
        raise malformed() from error


def _value(name: str, events: Iterator[object], limits: FieldLimits) -> bytes:
    value = bytearray()
    if len(name.encode(errors="replace")) > limits.name_bytes:
        raise _field_too_long(NAME_TOO_LONG)
    for chunk in _content(events):
        value += chunk
        if len(value) > limits.value_bytes:
            raise _field_too_long(VALUE_TOO_LONG).explained(
                field=name, expected=f"a value of at most {limits.value_bytes} bytes", got="more"
            )
    return bytes(value)


def _file(events: Iterator[object]) -> Iterator[bytes]:
    yield from _content(events)
    second = False
    # The rest need not be well-formed: the PostObject page's own sample has a field after the file.
    with suppress(OssError):
        second = any(isinstance(event, MultipartSegment) and _is_file(event) for event in events)
    if second:
        raise _wrong_number_of_files("")


def _is_file(segment: MultipartSegment) -> bool:
    return str(segment.name).lower() == "file"


def _content(events: Iterator[object]) -> Iterator[bytes]:
    """Yield the pieces of the current part, to its end."""
    for event in events:
        if not isinstance(event, bytes | bytearray):
            return
        yield bytes(event)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise malformed() from error


def malformed(ec: str = "0006-00000104") -> OssError:
    """400 for a body that is not a form or breaks off (OSS: 400 error page; EC 0006-00000104)."""
    message = "The body of your POST request is not well-formed multipart/form-data."
    return OssError(400, "MalformedPOSTRequest", message, ec)


def _field_too_long(ec: str) -> OssError:
    return OssError(400, "FieldItemTooLong", "Your name of form field is too long.", ec)


def _wrong_number_of_files(ec: str) -> OssError:
    message = "POST requires exactly one file upload per request."
    return OssError(400, "IncorrectNumberOfFilesInPOSTRequest", message, ec)
