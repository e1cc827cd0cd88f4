"""A refusal by OSS as a value, for the steps that may be refused without ending a command."""

from __future__ import annotations

from collections.abc import Callable

from alibabacloud_oss_v2.exceptions import OperationError, ServiceError


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
