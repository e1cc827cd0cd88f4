"""A refusal by OSS as a value, for the steps that may be refused without ending a command."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

OSS_HOST = re.compile(r"(?:.+\.)?oss-(?P<region>[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com")


def code_of(failure: OperationError) -> str:
    """Return the code of OSS's refusal, or an empty text if OSS did not answer."""
    refused = failure.unwrap()
    return str(refused.code) if isinstance(refused, ServiceError) else ""


def refusal_of(request: Callable[[], object]) -> ServiceError | None:
    """Send a request, and return OSS's refusal, or None if it was done. Raises if OSS did not answer."""
    try:
        request()
    except OperationError as failure:
        refused = failure.unwrap()
        if isinstance(refused, ServiceError):
            return refused
        raise
    return None


def region_of(refused: ServiceError) -> str:
    """Return the region whose host was asked, or an empty text if it was none of OSS's own hosts."""
    _method, _, address = str(refused.request_target).partition(" ")
    found = OSS_HOST.fullmatch(urlsplit(address).hostname or "")
    return found["region"] if found else ""
