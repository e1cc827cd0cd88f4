"""Conditional headers and Range: whether an object is sent, and which bytes of it.

Source: OSS GetObject page; 412 and 416 error pages; the SDKs' live tests for the words of 412; "How to obtain
OSS resources by segmenting HTTP Range requests", also for x-oss-range-behavior. That a condition on the ETag
overrides one on the date is RFC 9110's rule; no page of OSS says otherwise.
"""

import re
from collections.abc import Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime

from oss_emulator.errors import OssError
from oss_emulator.http_messages import http_date
from oss_emulator.storage.object_version import StoredObject

_RANGE = r"\s*(\d{0,18})-(\d{0,18})\s*"
_RANGES = re.compile(rf"bytes={_RANGE}(?:,{_RANGE})*", re.ASCII)
_ETAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')


def check_preconditions(headers: Mapping[str, str], stored: StoredObject) -> None:
    """Check If-Match and If-Unmodified-Since. Raises OssError 412."""
    if "if-match" in headers:
        if not _matches(headers["if-match"], stored):
            raise _precondition_failed("If-Match", f'"{stored.etag}"', headers["if-match"])
        return
    since = _timestamp(headers.get("if-unmodified-since"))
    if since is not None and int(stored.last_modified) > since:
        last_modified = http_date(int(stored.last_modified))
        raise _precondition_failed("If-Unmodified-Since", last_modified, headers["if-unmodified-since"])


def is_not_modified(headers: Mapping[str, str], stored: StoredObject) -> bool:
    """Whether If-None-Match or If-Modified-Since makes the answer a 304. An invalid date is ignored."""
    if "if-none-match" in headers:
        return _matches(headers["if-none-match"], stored)
    since = _timestamp(headers.get("if-modified-since"))
    return since is not None and int(stored.last_modified) <= since


def requested_range(headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """Return the range's first byte and the byte after its last one; None for the whole object.

    A range that is not inside the object is ignored, unless `x-oss-range-behavior: standard` asks for HTTP's
    own rule: the part that is inside, or OssError 416 if there is none. Of several ranges only the first
    counts.
    """
    wanted = _first_range(headers.get("range", ""), size)
    if wanted is None:
        return None
    start, stop = wanted
    if start >= 0 and stop <= size and start < stop:
        return start, stop
    if headers.get("x-oss-range-behavior") != "standard":
        return None
    if start >= size or not size:
        raise OssError(416, "InvalidRange", "The requested range cannot be satisfied")
    return max(start, 0), min(stop, size)


def _first_range(text: str, size: int) -> tuple[int, int] | None:
    """Return the first range that a Range header names, perhaps outside the object, or None."""
    found = _RANGES.fullmatch(text.strip()) if text else None
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        return (size - int(found[2]), size) if int(found[2]) else None
    start, stop = int(found[1]), int(found[2]) + 1 if found[2] else size
    return (start, stop) if not found[2] or start < stop else None


def _precondition_failed(name: str, expected: str, got: str) -> OssError:
    message = "At least one of the pre-conditions you specified did not hold."
    error = OssError(412, "PreconditionFailed", message, details={"Condition": name})
    return error.explained(condition=name, expected=expected, got=got)


def _matches(text: str, stored: StoredObject) -> bool:
    return text.strip() == "*" or any(stored.etag in found for found in _ETAG.findall(text))


def _timestamp(text: str | None) -> float | None:
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (OverflowError, ValueError):  # no date, or one outside the range of a timestamp
        return None
