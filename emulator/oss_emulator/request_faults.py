"""Faults of a whole request: errors of the service, a wrong clock, and connections that break off or stall.

The operation and the part number of a request say which pending faults it meets.
Source: EC 0004-00000302 for throttling; the words of ServiceUnavailable are unconfirmed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar, cast

from oss_emulator.bucket.state import Site
from oss_emulator.errors import OssError, internal_error
from oss_emulator.faults import Fault, Faults
from oss_emulator.http_messages import READ_METHODS, Answer, Body, ConnectionLost, Request
from oss_emulator.operations import operation_of, part_number_of

SERVICE_UNAVAILABLE = 503

_CRC64 = "x-oss-hash-crc64ecma"

_AnySite = TypeVar("_AnySite", bound=Site)


def faulty_bucket(request: Request, bucket: _AnySite, key: str, subresource: str) -> _AnySite:
    """Return the bucket as this request meets it: with the faults of its operation, perhaps a wrong clock.

    The body will break off, stall or be corrupted while it is read; an upload also meets the faults that are
    ordered during its body. Raises the OssError of a pending fault
    `throttle` or `server_error`.
    """
    if not bucket.faults.any_pending and request.method in READ_METHODS:
        return cast("_AnySite", bucket.undisturbed)
    operation = operation_of(request, key, subresource)
    faults = bucket.faults.met_by(operation, part_number_of(request))
    _raise_pending_error(faults)
    if request.method != "GET":
        _spoil(request.body, faults)
    fault = faults.strike("clock_offset")
    if fault is None:
        return replace(bucket, faults=faults)
    right, offset_seconds = bucket.now, fault.options["seconds"]
    return replace(bucket, faults=faults, now=lambda: right() + offset_seconds)


def faulty_answer(answer: Answer, request: Request, faults: Faults) -> Answer:
    """Return the answer to a request that succeeded as its client gets it: it may break off, or stall.

    Raises ConnectionLost for a pending fault `answer_lost`.
    """
    if faults.strike("answer_lost"):
        raise ConnectionLost
    if _CRC64 in answer.headers and faults.strike("crc_missing"):
        headers = {name: value for name, value in answer.headers.items() if name != _CRC64}
        answer = replace(answer, headers=headers)
    if request.method != "GET" or not answer.body:
        return answer
    pieces = iter([answer.body]) if isinstance(answer.body, bytes) else answer.body
    if fault := faults.strike("stall"):
        seconds, pause = fault.options["seconds"], request.body.pause
        return replace(answer, body=_stalling(pieces, _after_bytes(fault), seconds, pause))
    if fault := faults.strike("reset"):
        return replace(answer, body=_breaking_off(pieces, _after_bytes(fault)))
    return answer


def _raise_pending_error(faults: Faults) -> None:
    if faults.strike("throttle"):
        message = "The total QPS of the account exceeds its limit."
        raise OssError(503, "TotalQpsLimitExceeded", message, "0004-00000302")
    fault = faults.strike("server_error")
    if fault is None:
        return
    status = int(fault.options.get("status", 500))
    error = internal_error()
    if status == SERVICE_UNAVAILABLE:
        error = OssError(503, "ServiceUnavailable", "The service is unavailable. Please try again later.")
    error.status = status
    raise error


def _spoil(body: Body, faults: Faults) -> None:
    if fault := faults.strike("stall"):
        body.stall_after(_after_bytes(fault), fault.options["seconds"])
    if fault := faults.strike("reset"):
        body.reset_after(_after_bytes(fault))
    if faults.strike("part_corrupted"):
        body.corrupt()


def _after_bytes(fault: Fault) -> int:
    return int(fault.options.get("after_bytes", 0))


def _breaking_off(pieces: Iterator[bytes], left: int) -> Iterator[bytes]:
    """Yield `left` bytes, or all of a shorter answer; then raise ConnectionLost."""
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            break
    raise ConnectionLost


def _stalling(
    pieces: Iterator[bytes], left: int, seconds: float, pause: Callable[[float], None]
) -> Iterator[bytes]:
    """Yield everything, with one pause after `left` bytes if there are more."""
    for piece in pieces:
        if 0 <= left < len(piece):
            yield piece[:left]
            pause(seconds)
            yield piece[left:]
            left = -1
        else:
            yield piece
            left -= len(piece)
