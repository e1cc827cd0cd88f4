"""What an upload is for: `data`, which your server says, and `page_data`, which the page says. Never merged.

Both are flat maps of text to text. A ticket carries them, so that hook and webhook get them.
Never lives here: who your server is (`authorize.py`).
"""

import json
import re
from collections.abc import Mapping

from vendored.errors import Malformed

MAX_DATA_BYTES = 512  # of both as compact JSON in UTF-8, as the ticket has them
NAME = re.compile(r"(?!__proto__$)[a-z0-9_]{1,32}")  # which JavaScript takes for the prototype of an object
TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*")  # no control character, no half a surrogate pair


def is_data(value: object) -> bool:
    """Tell whether this is a flat map that fits a ticket: no number, no nesting, no control character."""
    return (
        isinstance(value, Mapping)
        and all(isinstance(name, str) and NAME.fullmatch(name) for name in value)
        and all(isinstance(text, str) and TEXT.fullmatch(text) for text in value.values())
        and size_of(value) <= MAX_DATA_BYTES
    )


def size_of(data: Mapping[str, str]) -> int:
    """Return the bytes that the ticket has of a map, none of an empty one."""
    return len(json.dumps(dict(data), ensure_ascii=False, separators=(",", ":")).encode()) if data else 0


def read_page_data(document: object) -> "dict[str, str]":
    """Return the `data` that a page sent with a file. Raises `Malformed`."""
    if not isinstance(document, dict) or not is_data(document):
        detail = (
            "The member data must be a flat object of text without control characters, its names of a-z, 0-9 "
            f"and _, at most 32 characters each, in all at most {MAX_DATA_BYTES} bytes of JSON."
        )
        raise Malformed("data_invalid", detail)
    return document


def check_both(data: Mapping[str, str], page_data: Mapping[str, str]) -> None:
    """Check what `authorize` returned, and that the ticket can carry both.

    Raises `ValueError` for the first, `Malformed` for the second.
    """
    if not is_data(data):
        raise ValueError("authorize.py returned data that does not fit a ticket")
    if size_of(data) + size_of(page_data) > MAX_DATA_BYTES:
        detail = (
            f"What your server and the page say of a file may have at most {MAX_DATA_BYTES} bytes of JSON."
        )
        raise Malformed("data_too_large", detail)
