"""The faults that can be ordered: which options each takes, and which operations it strikes.

Each is acted out where the real fault would occur. The tables of the READMEs are tested against this one.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from oss_emulator.operations import OPERATIONS

MAX_WAIT_SECONDS = 600  # ours: no fault holds a connection for longer
MAX_OFFSET_SECONDS = 10 * 366 * 24 * 3600  # ours: ten years either way


class FaultError(ValueError):
    """An order for an unknown fault, or with wrong options."""


@dataclass(frozen=True)
class Option:
    """A numeric option of a fault: its range, whether it is required, and whether it is an integer."""

    lowest: float
    highest: float
    needed: bool = False
    whole: bool = False

    def check(self, name: str, value: object) -> None:
        """Raise FaultError for anything but a finite number in the range."""
        kinds = {int} if self.whole else {int, float}
        # Python's JSON parser accepts NaN and Infinity; NaN is in no range.
        if type(value) not in kinds or not self.lowest <= value <= self.highest or value == math.inf:  # type: ignore[operator]
            kind = "a whole number" if self.whole else "a finite number"
            limit = "" if self.highest == math.inf else f" and at most {self.highest}"
            raise FaultError(f"{name} is {kind}, at least {self.lowest}{limit}")


@dataclass(frozen=True)
class Kind:
    """What an order for a fault may say.

    Without `operation`, an order strikes `operations`; all of OPERATIONS stands for every request, also those
    that have no name here. It may name one of them, or one of `by_name`.
    """

    operations: tuple[str, ...] = ()
    by_name: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def nameable(self) -> tuple[str, ...]:
        """The operations that an order may name."""
        return (*self.operations, *self.by_name)

    def strikes(self, operation: str) -> bool:
        """Whether an order that names no operation strikes this one, which is empty if it has no name."""
        return operation in self.operations or self.operations == OPERATIONS


_COUNT = Option(0, math.inf)
_WAIT = Option(0, MAX_WAIT_SECONDS)
_SECONDS = Option(0, MAX_WAIT_SECONDS, needed=True)
PART_NUMBER = Option(1, 10_000, whole=True)
PARTS = ("UploadPart", "UploadPartCopy")

_POST, _PUT, _COMPLETE = "PostObject", "PutObject", "CompleteMultipartUpload"
_BODIES = (_PUT, "UploadPart", _COMPLETE)
_WRITES = (_PUT, "CopyObject", "DeleteObject", "InitiateMultipartUpload", *PARTS, "AbortMultipartUpload")
_READS = ("GetObject", "HeadObject")
_THROTTLED = (_POST, "HeadObject", "DeleteMultipleObjects", "InitiateMultipartUpload", _COMPLETE)
_CALLBACK = Kind((_POST, _PUT, _COMPLETE))

FAULTS: Mapping[str, Kind] = {
    "callback_down": _CALLBACK,
    "callback_slow": Kind(_CALLBACK.operations, options={"seconds": _WAIT}),
    "callback_refused": _CALLBACK,
    "callback_crashed": _CALLBACK,
    "callback_not_json": _CALLBACK,
    "callback_bom": _CALLBACK,
    "callback_chunked": _CALLBACK,
    "callback_twice": _CALLBACK,
    "callback_busy": _CALLBACK,
    "callback_limit": Kind(_CALLBACK.operations, options={"seconds": _SECONDS}),
    "answer_lost": Kind((_POST, _COMPLETE), _WRITES),
    "object_missing": Kind(_READS),
    "throttle": Kind(_THROTTLED, tuple(name for name in OPERATIONS if name not in _THROTTLED)),
    "token_expired": Kind(OPERATIONS),
    "url_expired": Kind(OPERATIONS),
    "clock_offset": Kind(
        OPERATIONS, options={"seconds": Option(-MAX_OFFSET_SECONDS, MAX_OFFSET_SECONDS, needed=True)}
    ),
    "server_error": Kind(OPERATIONS, options={"status": Option(500, 599, whole=True)}),
    "reset": Kind((_POST,), (*_BODIES, "GetObject"), {"after_bytes": _COUNT}),
    "stall": Kind((_POST,), (*_BODIES, "GetObject"), {"after_bytes": _COUNT, "seconds": _SECONDS}),
    "crc_missing": Kind((_POST, _PUT, *PARTS, _COMPLETE, *_READS)),
    "part_corrupted": Kind(("UploadPart",)),
    "part_overwritten": Kind((_COMPLETE,), ("ListParts",), {"part_number": PART_NUMBER}),
    "upload_aborted": Kind((*PARTS, _COMPLETE), ("ListParts",)),
    "slow_complete": Kind((_COMPLETE,), options={"seconds": _SECONDS}),
}
