"""Sending a callback and judging the answer: addresses in order, one deadline, no redirect, no retry.

http.client rather than requests: requests rewrites paths and adds headers, and OSS sends the path as written
and exactly its own headers. Source: OSS Callback page; 203 error page (EC 0007-00000203, -205).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from oss.callback_parameter import CallbackUrl
from oss.faults import Fault

MAX_ANSWER_BYTES = 1024 * 1024  # OSS: Callback page 2021 and 203 page
HTTP_OK = 200

_LENGTH = re.compile(r"0*([0-9]+)", re.ASCII)


@dataclass(frozen=True)
class Reply:
    """What the application server answered: header names in lower case, `body` at most MAX_ANSWER_BYTES."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """No connection, or it broke before a whole answer had come."""


class TooSlow(Exception):
    """The deadline passed."""


@dataclass(frozen=True)
class CallbackFailed(Exception):
    """The callback did not succeed; the object is stored all the same."""

    message: str
    ec: str = "0007-00000203"


Exchange = Callable[[CallbackUrl, float], Reply]


@dataclass(frozen=True)
class Timing:
    """The limit for all addresses together, and the clock and wait it is kept with."""

    limit_seconds: float
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


def deliver(urls: Sequence[CallbackUrl], exchange: Exchange, timing: Timing, fault: Fault | None) -> bytes:
    """Send to the first address that answers well; its body. Raises CallbackFailed with the last failure.

    `exchange(url, seconds)` makes one request that ends within `seconds`.
    """
    deadline = timing.monotonic() + timing.limit_seconds
    failure = CallbackFailed(_unreachable())
    for url in urls:
        left = deadline - timing.monotonic()
        if left <= 0:
            break
        try:
            reply = _faulty(fault, url, exchange, timing, left) if fault else exchange(url, left)
            return check_reply(reply)
        except Unreachable:
            failure = CallbackFailed(_unreachable())
        except TooSlow:
            failure = CallbackFailed(_too_slow(url, timing.limit_seconds))
        except CallbackFailed as error:
            failure = error
    raise failure


def check_reply(reply: Reply) -> bytes:
    """Return the body of a reply that keeps OSS's contract: 200, a Content-Length up to 1 MB, JSON."""
    if reply.status != HTTP_OK:
        raise CallbackFailed(f"Error status : {reply.status}.")
    length = reply.headers.get("content-length")
    if length is None:
        raise CallbackFailed("Error Status : 400.User server missing content-length.")
    digits = _LENGTH.fullmatch(length)
    if not digits or digits[1] == "0":
        raise CallbackFailed("Error Status : 400.User server return invalid conent-length value.")
    # int() raises for more than 4,300 digits
    if len(digits[1]) > len(str(MAX_ANSWER_BYTES)) or int(digits[1]) > MAX_ANSWER_BYTES:
        raise CallbackFailed("Error Status : 400.User server return too long content-length value.")
    try:
        json.loads(reply.body.decode())  # a BOM makes it fail, as with OSS
    except (ValueError, RecursionError) as error:
        raise CallbackFailed("Response body is not valid json format.", "0007-00000205") from error
    return reply.body


def _faulty(fault: Fault, url: CallbackUrl, exchange: Exchange, timing: Timing, left: float) -> Reply:
    if fault.name == "callback_down":
        raise Unreachable
    if fault.name == "callback_slow":
        seconds = fault.options.get("seconds", timing.limit_seconds)
        if "seconds" in fault.options:
            timing.sleep(min(seconds, timing.limit_seconds))
        reply = exchange(url, left)  # a slow server has done its work all the same
        if seconds >= timing.limit_seconds:
            raise TooSlow
        return reply
    return _REPLIES[fault.name]


def _reply(status: int, headers: Mapping[str, str], members: Mapping[str, object]) -> Reply:
    body = json.dumps(members).encode()
    return Reply(status, {**headers, "content-length": str(len(body))}, body)


_REPLIES: Mapping[str, Reply] = {
    "callback_refused": _reply(500, {}, {"error": "refused"}),
    # Function Compute answers an uncaught exception with 200 and this body.
    "callback_crashed": _reply(
        200,
        {"x-fc-error-type": "UnhandledInvocationError"},
        {"errorMessage": "Process exited unexpectedly before completing request", "errorType": "Error"}
        | {"stackTrace": []},
    ),
}


def _unreachable() -> str:
    return "Error status : -1.OSS can not connect to your callbackUrl, please check it."


def _too_slow(url: CallbackUrl, limit_seconds: float) -> str:
    limit = f"{limit_seconds * 1000:.0f}ms"
    where = f"{url.host}:{url.port}"
    return f"Error status : -1 {where} reply timeout, cost:{limit}, timeout:{limit} (err -4, errno115)"
