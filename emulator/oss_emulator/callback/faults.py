"""The faults of callbacks: each replaces the function that sends a callback by one that goes wrong.

With some of them the application server is called and does its work, and only its reply is replaced.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress

from oss_emulator.callback.delivery import CallbackFailed, RecordingSender, Timing
from oss_emulator.callback.transport import CallbackRequest, Reply, Send, TooSlow, Unreachable
from oss_emulator.faults import Fault, Faults

BOM = b"\xef\xbb\xbf"


def callback_fault(faults: Faults) -> Fault | None:
    """Return the pending fault that applies to this callback, if any, and count it."""
    return faults.strike(*_FAULTY_SENDERS, "callback_twice")


def recording_sender(send: Send, fault: Fault | None, timing: Timing) -> tuple[RecordingSender, Send]:
    """Return the recorder of attempts, and the function to send with: it acts out `fault` if given."""
    faulty = _FAULTY_SENDERS.get(fault.name) if fault else None
    record = RecordingSender(faulty(send, fault, timing) if faulty and fault else send)
    return record, _twice(record) if fault and fault.name == "callback_twice" else record


def _twice(send: Send) -> Send:
    def sending(request: CallbackRequest, seconds: float) -> Reply:
        reply = send(request, seconds)
        with suppress(Unreachable, TooSlow):  # the first reply counts, whether the second arrives or not
            send(request, seconds)
        return reply

    return sending


def _down(_send: Send, _fault: Fault, _timing: Timing) -> Send:
    def sending(_request: CallbackRequest, _seconds: float) -> Reply:
        raise Unreachable

    return sending


def _busy(_send: Send, _fault: Fault, _timing: Timing) -> Send:
    def sending(_request: CallbackRequest, _seconds: float) -> Reply:
        # OSS: 203 page; EC 0007-00000201. OSS answers this before it sends anything.
        raise CallbackFailed("Too many callback requests.", "0007-00000201")

    return sending


def _slow(send: Send, fault: Fault, timing: Timing) -> Send:
    seconds_late = fault.options.get("seconds", timing.limit_seconds)

    def sending(request: CallbackRequest, seconds: float) -> Reply:
        if "seconds" in fault.options:
            timing.sleep(min(seconds_late, timing.limit_seconds))
        reply = send(request, seconds)  # a slow server still does its work
        if seconds_late >= timing.limit_seconds:
            raise TooSlow
        return reply

    return sending


def _instead(reply: Reply) -> Callable[[Send, Fault, Timing], Send]:
    def faulty(_send: Send, _fault: Fault, _timing: Timing) -> Send:
        return lambda _request, _seconds: reply

    return faulty


def _changed(change: Callable[[Reply], Reply]) -> Callable[[Send, Fault, Timing], Send]:
    def faulty(send: Send, _fault: Fault, _timing: Timing) -> Send:
        return lambda request, seconds: change(send(request, seconds))

    return faulty


def _with_body(reply: Reply, body: bytes) -> Reply:
    return Reply(reply.status, {**reply.headers, "content-length": str(len(body))}, body)


def _chunked(reply: Reply) -> Reply:
    headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
    return Reply(reply.status, {**headers, "transfer-encoding": "chunked"}, reply.body)


def _made(status: int, headers: Mapping[str, str], members: Mapping[str, object]) -> Reply:
    return _with_body(Reply(status, headers, b""), json.dumps(members).encode())


_REFUSED = _made(500, {}, {"error": "refused"})
# Function Compute answers an uncaught exception with 200 and this body.
_CRASHED = _made(
    200,
    {"x-fc-error-type": "UnhandledInvocationError"},
    {"errorMessage": "Process exited unexpectedly before completing request", "errorType": "Error"}
    | {"stackTrace": []},
)

_FAULTY_SENDERS: Mapping[str, Callable[[Send, Fault, Timing], Send]] = {
    "callback_down": _down,
    "callback_slow": _slow,
    "callback_refused": _instead(_REFUSED),
    "callback_crashed": _instead(_CRASHED),
    "callback_not_json": _changed(lambda reply: _with_body(reply, b"OK")),
    "callback_bom": _changed(lambda reply: _with_body(reply, BOM + reply.body)),
    "callback_chunked": _changed(_chunked),
    "callback_busy": _busy,
}
