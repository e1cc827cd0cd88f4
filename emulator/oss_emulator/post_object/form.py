"""The multipart form of PostObject, read as a stream: fields up to `file`, then the file in pieces.

After the file, only a second file is looked for. Of a field, only size and syntax are checked here.
Source: OSS PostObject page; 400 error page; EC 0006-00000104, -107, -109 to -112; EC page on several files.
Code, message and further elements of -110 are from a capture (phyng.com, 2024-05-27); that -111 and -112 have
the same is inferred. The 4 KB of the 400 error page are outdated: the EC pages say 8 KB, 2 MB and 8 MB.
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from oss_emulator.errors import OssError
from oss_emulator.http_messages import CHUNK_BYTES

BREAKS_OFF = "0006-00000104"  # EC of a form that breaks off or is malformed
MAX_BOUNDARY_CHARACTERS = 70  # RFC 2046 5.1.1
MAX_HEADER_BYTES = 16 * 1024  # one part header line: the longest name OSS takes is 8 KB
MAX_PART_HEADERS = 8
MAX_FIELDS = 1000  # ours, to bound memory: OSS documents no limit

_EXTENDED_NAME = re.compile(r";\s*filename\*=", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BOUNDARY = re.compile(r";\s*boundary=([^;\s]+)", re.IGNORECASE)
_QUOTED_NAME = re.compile(r';\s*name="')
# OSS ends a name at `"` before a line's end or before `; `. Here the name goes on behind it.
_LONGER_NAME = re.compile(r'\bname="([^"]*";(?! ).*)')


@dataclass(frozen=True)
class FieldLimits:
    """Largest name and value of a field, and largest sum of all values before the file, in bytes."""

    name_bytes: int = 8 * 1024  # EC 0006-00000110
    value_bytes: int = 2 * 1024 * 1024  # EC 0006-00000111
    all_values_bytes: int = 8 * 1024 * 1024  # EC 0006-00000112


OSS_LIMITS = FieldLimits()


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


def read_form(content_type: str, read: Callable[[int], bytes], limits: FieldLimits = OSS_LIMITS) -> Form:
    """Read a form up to its file. `Form.content` then reads to the end of the form.

    `read(n)` returns at most `n` bytes, none at the end. It is not called again once a limit is exceeded, so
    a field without an end takes no more memory than `limits` and one piece of CHUNK_BYTES.
    Raises OssError for anything but a well-formed form with one file. Iterating over `Form.content` raises it
    too, if the file breaks off or a second file follows.
    """
    boundary = _boundary(content_type)
    events = _events(boundary, read, limits)
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    total = 0
    for count, event in enumerate(events):
        segment = cast("MultipartSegment", event)  # a part comes first, then its content
        name = str(segment.name)
        if _EXTENDED_NAME.search(_QUOTED.sub("", _disposition(segment))):
            raise _name_without_end(events, limits)
        if _is_file(segment):
            file_type = segment.header("Content-Type")
            return Form(first, last, segment.filename or "", file_type, _file(events))
        value = _value(name, events, limits, total)
        total += len(value)
        if count >= MAX_FIELDS:
            raise malformed()
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
    """Refuses a part that does not begin with a Content-Disposition with a quoted name.

    A file name without a blank before it is a part of the field's name, so the part is no file
    (ZLMediaKit #2293; OSS's answer to the form is not reported).
    """

    def _on_segment_headerline(self, line: bytes) -> None:
        if len(self._segment_headerlist) >= MAX_PART_HEADERS:
            raise malformed()
        super()._on_segment_headerline(line)

    def _create_segment(self, headerlist: list[tuple[str, str]]) -> MultipartSegment:
        if not headerlist or headerlist[0][0] != "Content-Disposition":
            raise malformed("0006-00000109")
        if not _QUOTED_NAME.search(headerlist[0][1]):
            raise malformed()
        segment = super()._create_segment(headerlist)
        if not segment.name:  # the text `name="` was part of the file name
            raise malformed()
        longer = _LONGER_NAME.search(headerlist[0][1])
        if longer:
            segment.name = longer[1]
        return segment


def _events(
    boundary: str, read: Callable[[int], bytes], limits: FieldLimits
) -> Generator[object, None, None]:
    parser = _Parser(boundary, max_header_size=MAX_HEADER_BYTES, max_header_count=MAX_PART_HEADERS)
    try:
        yield from parser.parse_blocking(read, chunk_size=CHUNK_BYTES)
    except ParserLimitReached as error:  # a header line: what was read of it is not known here
        raise _name_too_long(MAX_HEADER_BYTES, limits) from error
    except MultipartError as error:
        raise malformed() from error


def _value(name: str, events: Iterator[object], limits: FieldLimits, before_bytes: int) -> bytes:
    """Read the value of a field; the values of the fields before it have `before_bytes`."""
    value = bytearray()
    name_bytes = len(name.encode(errors="replace"))
    if name_bytes > limits.name_bytes:
        raise _name_too_long(name_bytes, limits)
    for chunk in _content(events):
        size = len(value) + len(chunk)
        if size > limits.value_bytes:
            raise _too_long("0006-00000111", limits.value_bytes, size).explained(
                field=name, expected=f"a value of at most {limits.value_bytes} bytes", got="more"
            )
        if before_bytes + size > limits.all_values_bytes:
            raise _too_long("0006-00000112", limits.all_values_bytes, before_bytes + size).explained(
                field=name,
                expected=f"all values together at most {limits.all_values_bytes} bytes",
                got="more",
            )
        value += chunk
    return bytes(value)


def _file(events: Iterator[object]) -> Iterator[bytes]:
    yield from _content(events)
    second = False
    # The rest need not be well-formed: the PostObject page's own sample has a field after the file.
    with suppress(OssError):
        second = any(isinstance(event, MultipartSegment) and _is_file(event) for event in events)
    if second:
        raise _wrong_number_of_files("")


def _disposition(segment: MultipartSegment) -> str:
    return str(segment.header("Content-Disposition"))


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


def malformed(ec: str = BREAKS_OFF) -> OssError:
    """400 for a body that is not a form or breaks off (OSS: 400 error page; EC 0006-00000104).

    The connection ends if the form broke off: the next bytes may be the rest of it, and no request.
    """
    message = "The body of your POST request is not well-formed multipart/form-data"
    error = OssError(400, "MalformedPOSTRequest", message, ec)
    error.headers = {"Connection": "close"} if ec == BREAKS_OFF else {}
    return error


def _name_without_end(events: Iterator[object], limits: FieldLimits) -> OssError:
    """400 for a part with `filename*`: OSS counts its content as the name (phyng.com, 2024-05-27).

    What OSS says of a small file is unconfirmed.
    """
    size = sum(len(piece) for piece in _content(events))
    return _name_too_long(size, limits) if size > limits.name_bytes else malformed()


def _name_too_long(name_bytes: int, limits: FieldLimits) -> OssError:
    return _too_long("0006-00000110", limits.name_bytes, name_bytes).explained(
        expected=f"a field name of at most {limits.name_bytes} bytes", got="more"
    )


def _too_long(ec: str, max_bytes: int, read_bytes: int) -> OssError:
    """400 for a field that is too long; `read_bytes` is its size as far as it was read."""
    details = {"MaxSizeAllowed": str(max_bytes), "ProposedSize": str(read_bytes)}
    return OssError(400, "FieldItemTooLong", "Your name of form field is too long.", ec, details)


def _wrong_number_of_files(ec: str) -> OssError:
    message = "POST requires exactly one file upload per request."
    return OssError(400, "IncorrectNumberOfFilesInPOSTRequest", message, ec)
