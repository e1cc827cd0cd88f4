"""Conditional headers and Range: whether an object is sent, and which bytes of it.

Source: OSS GetObject page; 412 and 416 error pages; the SDKs' live tests for the words of 412; "How to obtain
OSS resources by segmenting HTTP Range requests", also for x-oss-range-behavior. That a condition on the ETag
overrides one on the date is RFC 9110's rule; no page of OSS says otherwise.
"""

from collections.abc import Mapping
from email.utils import formatdate

from werkzeug.http import parse_date, parse_etags, parse_range_header

from oss_emulator.errors import OssError
from oss_emulator.storage.object_version import StoredObject


def check_preconditions(headers: Mapping[str, str], stored: StoredObject) -> None:
    """Check If-Match and If-Unmodified-Since. Raises OssError 412."""
    if "if-match" in headers:
        if not _matches(headers["if-match"], stored):
            raise _precondition_failed("If-Match", f'"{stored.etag}"', headers["if-match"])
        return
    since = _timestamp(headers.get("if-unmodified-since"))
    if since is not None and int(stored.last_modified) > since:
        last_modified = formatdate(stored.last_modified, usegmt=True)
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
    parsed = parse_range_header(headers.get("range"))
    if parsed is None or parsed.units != "bytes":
        return None
    start, stop = parsed.ranges[0]
    if start < 0:
        start, stop = size + start, size
    elif stop is None:
        stop = size
    if start >= 0 and stop <= size and start < stop:
        return start, stop
    if headers.get("x-oss-range-behavior") != "standard":
        return None
    if start >= size or not size:
        raise OssError(416, "InvalidRange", "The requested range cannot be satisfied")
    return max(start, 0), min(stop, size)


def _precondition_failed(name: str, expected: str, got: str) -> OssError:
    message = "At least one of the pre-conditions you specified did not hold."
    error = OssError(412, "PreconditionFailed", message, details={"Condition": name})
    return error.explained(condition=name, expected=expected, got=got)


def _matches(text: str, stored: StoredObject) -> bool:
    return parse_etags(text).contains_weak(stored.etag)


def _timestamp(text: str | None) -> float | None:
    try:
        parsed = parse_date(text)
        return None if parsed is None else parsed.timestamp()
    except (OverflowError, ValueError):  # a date outside the range of a timestamp
        return None
