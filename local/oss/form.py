"""The multipart form of PostObject, read as a stream: fields up to `file`, then the file in pieces.

What stands after the file is never looked at. No field is judged here beyond its size and its form.
Source: OSS PostObject page; 400 error page; EC 0006-00000104, -107, -109.
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from oss.errors import OssError
from oss.http_messages import CHUNK_BYTES

MAX_BOUNDARY_CHARACTERS = 70  # RFC 2046 5.1.1
MAX_HEADER_BYTES = 16 * 1024  # one part header line: the longest name OSS takes is 8 KB
MAX_PART_HEADERS = 8
MAX_FIELDS = 1000  # ours: OSS names no number, and memory must stay bounded
MAX_FIELDS_BYTES = 8 * 1024 * 1024  # ours, for all fields together

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
    """Fields by lower-cased name (the first of doubled ones), and the file, its content still unread."""

    fields: Mapping[str, str]
    filename: str
    file_content_type: str | None
    content: Iterator[bytes]


def read_form(content_type: str, read: Callable[[int], bytes], limits: FieldLimits) -> Form:
    """Read a form up to its file. `Form.content` goes on reading, and raises OssError if the body is cut off.

    Raises OssError for anything that is not a well-formed form with one file.
    """
    boundary = _boundary(content_type)
    events = _events(boundary, read)
    fields: dict[str, str] = {}
    total = 0
    for count, event in enumerate(events):
        segment = _segment(event)
        name = str(segment.name)
        if name.lower() == "file":
            return Form(fields, segment.filename or "", segment.header("Content-Type"), _content(events))
        value = _value(name, events, limits)
        total += len(name) + len(value)
        if count >= MAX_FIELDS or total > MAX_FIELDS_BYTES:
            raise _malformed()
        fields.setdefault(name.lower(), _text(value))
    raise OssError(
        400,
        "IncorrectNumberOfFilesInPOSTRequest",
        "POST requires exactly one file upload per request.",
        "0006-00000107",
    )


def _boundary(content_type: str) -> str:
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise OssError(
            400,
            "RequestIsNotMultiPartContent",
            "Bucket POST must be of the enclosure-type multipart/form-data.",
        )
    found = _BOUNDARY.search(content_type)
    # Taken literally, quotes and all: Alibaba's own .NET sample strips the quotes that .NET adds.
    if not found or len(found[1]) > MAX_BOUNDARY_CHARACTERS:
        raise _malformed()
    return found[1]


class _Parser(PushMultipartParser):  # type: ignore[misc]  # multipart ships no types
    """Refuses a part that does not begin with a Content-Disposition with a quoted name."""

    def _create_segment(self, headerlist: list[tuple[str, str]]) -> MultipartSegment:
        if not headerlist or headerlist[0][0] != "Content-Disposition":
            raise _malformed("0006-00000109")
        if not _QUOTED_NAME.search(headerlist[0][1]):
            raise _malformed()
        return super()._create_segment(headerlist)


def _events(boundary: str, read: Callable[[int], bytes]) -> Generator[object, None, None]:
    parser = _Parser(boundary, max_header_size=MAX_HEADER_BYTES, max_header_count=MAX_PART_HEADERS)
    try:
        yield from parser.parse_blocking(read, chunk_size=CHUNK_BYTES)
    except ParserLimitReached as error:
        raise _field_too_long() from error
    except MultipartError as error:
        raise _malformed() from error


def _segment(event: object) -> MultipartSegment:
    if not isinstance(event, MultipartSegment):
        raise TypeError(f"a part begins with its headers, not {type(event)}")
    return event


def _value(name: str, events: Iterator[object], limits: FieldLimits) -> bytes:
    value = bytearray()
    if len(name.encode(errors="replace")) > limits.name_bytes:
        raise _field_too_long()
    for chunk in _content(events):
        value += chunk
        if len(value) > limits.value_bytes:
            raise _field_too_long()
    return bytes(value)


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
        raise _malformed() from error


def _malformed(ec: str = "0006-00000104") -> OssError:
    message = "The body of your POST request is not well-formed multipart/form-data."
    return OssError(400, "MalformedPOSTRequest", message, ec)


def _field_too_long() -> OssError:
    return OssError(400, "FieldItemTooLong", "Your name of form field is too long.")
