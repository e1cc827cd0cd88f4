"""Sending a callback and checking the reply: addresses in order, one deadline, no redirect, no retry.

Source: OSS Callback page; 203 error page (EC 0007-00000203, -205). That a failure of TLS counts as an answer
502 is from captures (a blog of 2020 on SNI, cloudreve #1693) and from Alibaba's own diagnosis tables.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from oss_emulator.callback.parameter import CallbackUrl
from oss_emulator.callback.transport import (
    MAX_ANSWER_BYTES,
    CallbackRequest,
    Reply,
    Send,
    TlsFailed,
    TooSlow,
    Unreachable,
)
from oss_emulator.history.records import Attempt

HTTP_OK = 200

_LENGTH = re.compile(r"0*([0-9]+)", re.ASCII)


@dataclass(frozen=True)
class CallbackFailed(Exception):
    """The callback did not succeed; the object is stored all the same."""

    message: str
    ec: str = "0007-00000203"


@dataclass(frozen=True)
class Timing:
    """The time limit for all addresses together, and the clock and the sleep function that keep it."""

    limit_seconds: float
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


class RecordingSender:
    """Sends with the function it is made with, and keeps every attempt in `attempts`, answered or not."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.attempts: list[Attempt] = []

    def __call__(self, request: CallbackRequest, seconds: float) -> Reply:
        """Send `request`. Raises Unreachable, TlsFailed or TooSlow, as `send` does."""
        try:
            reply = self._send(request, seconds)
        except (Unreachable, TooSlow):
            self.attempts.append(_attempt(request, Reply(0, {}, b"")))
            raise
        self.attempts.append(_attempt(request, reply))
        return reply


def deliver(requests: Sequence[CallbackRequest], send: Send, timing: Timing) -> bytes:
    """Send to each address until a reply is accepted, and return its body.

    Raises CallbackFailed with the last failure. Each address may take the time that is left of the limit.
    """
    deadline = timing.monotonic() + timing.limit_seconds
    failure = CallbackFailed(_unreachable())
    for request in requests:
        left = deadline - timing.monotonic()
        if left <= 0:
            break
        try:
            return check_reply(send(request, left))
        except TlsFailed:
            failure = CallbackFailed("Error status : 502.")
        except Unreachable:
            failure = CallbackFailed(_unreachable())
        except TooSlow:
            failure = CallbackFailed(_too_slow(request.url, timing.limit_seconds))
        except CallbackFailed as error:
            failure = error
    raise failure


def check_reply(reply: Reply) -> bytes:
    """Return the body of a reply that keeps OSS's contract: 200, a Content-Length up to 1 MB, JSON."""
    if reply.status != HTTP_OK:
        raise CallbackFailed(f"Error status : {reply.status}.")
    _check_length(reply.headers)
    try:
        json.loads(reply.body.decode())  # a BOM makes it fail, as with OSS
    except (ValueError, RecursionError) as error:
        raise CallbackFailed("Response body is not valid json format.", "0007-00000205") from error
    return reply.body


def _check_length(headers: Mapping[str, str]) -> None:
    length = headers.get("content-length")
    if length is None:
        raise CallbackFailed("Error Status : 400.User server missing content-length.")
    digits = _LENGTH.fullmatch(length)
    if not digits or digits[1] == "0":
        raise CallbackFailed("Error Status : 400.User server return invalid conent-length value.")
    # int() raises for more than 4,300 digits
    if len(digits[1]) > len(str(MAX_ANSWER_BYTES)) or int(digits[1]) > MAX_ANSWER_BYTES:
        raise CallbackFailed("Error Status : 400.User server return too long content-length value.")


def _attempt(request: CallbackRequest, reply: Reply) -> Attempt:
    return Attempt(
        url=str(request.url),
        headers=request.headers,
        string_to_sign=request.string_to_sign,
        status=reply.status,
        answer_headers=reply.headers,
        answer=reply.body,
    )


def _unreachable() -> str:
    return "Error status : -1.OSS can not connect to your callbackUrl, please check it."


def _too_slow(url: CallbackUrl, limit_seconds: float) -> str:
    limit = f"{limit_seconds * 1000:.0f}ms"
    where = f"{url.host}:{url.port}"
    return f"Error status : -1 {where} reply timeout, cost:{limit}, timeout:{limit} (err -4, errno115)"
