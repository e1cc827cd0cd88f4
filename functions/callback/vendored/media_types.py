"""Media types: which ones there are, and which of them are allowed."""

import re
from collections.abc import Iterable

from vendored.env import comma_list, full_match

TOP_LEVEL_TYPE = r"[a-z0-9][a-z0-9.+-]{0,31}"
SUBTYPE = r"[a-z0-9][a-z0-9.+-]{0,63}"
PATTERN = re.compile(rf"\*/\*|{TOP_LEVEL_TYPE}/(\*|{SUBTYPE})")
DEFAULT_TYPES = (
    "image/*,audio/*,video/*,text/plain,text/csv,application/pdf,application/zip,application/octet-stream,"
    "application/msword,application/vnd.ms-excel,application/vnd.ms-powerpoint,"
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document,"
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,"
    "application/vnd.openxmlformats-officedocument.presentationml.presentation"
)


def read_patterns(value: str) -> tuple[str, ...]:
    """Read a comma list of media types such as `image/*,application/pdf`."""
    listed = comma_list(value.lower())
    for pattern in listed:
        full_match(PATTERN, pattern, "must be a comma list of media types such as image/*,application/pdf")
    return listed


def is_media_type(text: str) -> bool:
    """Tell whether this is one lower-case media type without parameters: a pattern without a star."""
    return "*" not in text and bool(PATTERN.fullmatch(text))


def allows(patterns: Iterable[str], media_type: str) -> bool:
    """Tell whether one of `patterns` covers a lower-case media type, or another pattern."""
    any_subtype = media_type[: media_type.find("/") + 1] + "*"
    return not {"*/*", any_subtype, media_type}.isdisjoint(patterns)
