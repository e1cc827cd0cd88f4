"""Tags of an object: what may be one, and their two forms, x-oss-tagging and XML. Pure.

Source: OSS PutObjectTagging page (limits, characters); EC 0010-00000209, -210, -212, -216 to -219; cpp-sdk's
live tests for Codes and words. That too long a key is InvalidTag, that too long a value has EC -217, and that
a `+` in the header is a blank are inferred. An empty key is refused, and an empty TagSet accepted, which no
source says.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_plus

from oss_emulator.errors import OssError, invalid_argument, xml_text
from oss_emulator.xml_documents import children, document, element, malformed_xml, read_xml

TAGGING = "x-oss-tagging"
MAX_TAGS = 10
MAX_KEY = 128  # characters
MAX_VALUE = 256

_ALLOWED = re.compile(r"[A-Za-z0-9 +=._:/-]*")
_NOT_UTF_8 = "\ufffd"  # replaces what cannot be decoded


def header_tags(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a header such as `a=1&b=2`, percent-encoded; none without one. Raises OssError."""
    header = headers.get(TAGGING, "")
    items = [item.split("=") for item in header.split("&")] if header else []
    if any(len(item) > 2 for item in items):  # noqa: PLR2004 - a key and a value
        raise _wrong_header(header, "0010-00000219")
    pairs = [(unquote_plus(key), unquote_plus(value[0]) if value else "") for key, *value in items]
    return _checked(pairs, _wrong_header(header, ""))


def read_tags(content: bytes) -> dict[str, str]:
    """Return the tags that the XML in `content` sets. Raises OssError."""
    sets = children(read_xml(content, "Tagging"), one=("TagSet",))["TagSet"]
    if not sets:
        raise malformed_xml(expected="TagSet")
    pairs = []
    for tag in children(sets[0], many=("Tag",))["Tag"]:
        members = children(tag, one=("Key", "Value"))
        if any(len(member) for found in members.values() for member in found):
            raise malformed_xml(expected="text in Key and Value")
        # not `texts`: blanks at both ends belong to a tag
        key, value = ("".join(member.text or "" for member in members[name]) for name in ("Key", "Value"))
        pairs.append((key, value))
    message = "Cannot provide multiple Tags with the same key"
    return _checked(pairs, OssError(400, "InvalidTag", message, "0010-00000210"))


def tags_document(tags: Mapping[str, str]) -> bytes:
    """Return the XML that GET ?tagging answers."""
    found = (
        element("Tag", element("Key", xml_text(key)), element("Value", xml_text(value)))
        for key, value in tags.items()
    )
    return document(element("Tagging", element("TagSet", *found)))


def _checked(pairs: Sequence[tuple[str, str]], duplicate: OssError) -> dict[str, str]:
    if len(pairs) > MAX_TAGS:
        error = OssError(400, "BadRequest", "Object tags cannot be greater than 10", "0010-00000218")
        raise error.explained(expected=f"at most {MAX_TAGS} tags", got=str(len(pairs)))
    for key, value in pairs:
        _check("TagKey", key, MAX_KEY, too_long="0010-00000209", wrong="0010-00000212")
        not_utf_8 = _NOT_UTF_8 in value
        wrong = "0010-00000216" if not_utf_8 else "0010-00000217"
        _check("TagValue", value, MAX_VALUE, too_long="0010-00000217", wrong=wrong)
    if len(dict(pairs)) < len(pairs):
        raise duplicate.explained(expected="each key once", got=", ".join(key for key, _ in pairs))
    return dict(pairs)


def _check(what: str, text: str, longest: int, *, too_long: str, wrong: str) -> None:
    if what == "TagKey" and not text:
        ec = ""
    elif not _ALLOWED.fullmatch(text):
        ec = wrong
    elif len(text) > longest:
        ec = too_long
    else:
        return
    error = OssError(400, "InvalidTag", f"The {what} you have provided is invalid", ec)
    expected = f"up to {longest} letters, digits, blanks and + - = . _ : /"
    raise error.explained(field=what, expected=expected, got=text[: longest + 1])


def _wrong_header(header: str, ec: str) -> OssError:
    message = (
        f"The header '{TAGGING}' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
        "name duplicates."
    )
    error = invalid_argument(message, ec, name=TAGGING, value=header)
    return error.explained(field=TAGGING, expected="key=value&key=value", got=header)
