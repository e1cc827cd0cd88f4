"""Faults of a whole request, acted out before the request is read: errors of the service, and a wrong clock.

Source: EC 0004-00000302 for throttling; the words of ServiceUnavailable are unconfirmed.
"""

from dataclasses import replace
from typing import TypeVar

from oss_emulator.bucket.state import Site
from oss_emulator.errors import OssError, internal_error
from oss_emulator.http_messages import Request

SERVICE_UNAVAILABLE = 503

_AnySite = TypeVar("_AnySite", bound=Site)


def raise_pending_error(request: Request, bucket: Site) -> None:
    """Raise the OssError of a pending fault `throttle` or `server_error`."""
    if request.method in {"POST", "HEAD"} and bucket.faults.strike("throttle"):
        message = "The total QPS of the account exceeds its limit."
        raise OssError(503, "TotalQpsLimitExceeded", message, "0004-00000302")
    fault = bucket.faults.strike("server_error")
    if fault is None:
        return
    status = int(fault.options.get("status", 500))
    error = internal_error()
    if status == SERVICE_UNAVAILABLE:
        error = OssError(503, "ServiceUnavailable", "The service is unavailable. Please try again later.")
    error.status = status
    raise error


def with_clock_offset(bucket: _AnySite) -> _AnySite:
    """Return the bucket; with a pending fault `clock_offset`, a copy with a wrong clock for this request."""
    fault = bucket.faults.strike("clock_offset")
    if fault is None:
        return bucket
    right, offset_seconds = bucket.now, fault.options["seconds"]
    return replace(bucket, now=lambda: right() + offset_seconds)
