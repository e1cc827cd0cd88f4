"""Faults that a test orders for the next n requests, counted across threads.

This module only counts. Each fault is acted out in the module where the real fault would occur.
"""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass

MAX_WAIT_SECONDS = 600  # ours: no fault holds a connection for longer
MAX_OFFSET_SECONDS = 10 * 366 * 24 * 3600  # ours: ten years either way


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


_COUNT = Option(0, math.inf)
_WAIT = Option(0, MAX_WAIT_SECONDS)

# Each fault with the options it takes.
FAULTS: Mapping[str, Mapping[str, Option]] = {
    "callback_down": {},
    "callback_slow": {"seconds": _WAIT},
    "callback_refused": {},
    "callback_crashed": {},
    "callback_not_json": {},
    "callback_bom": {},
    "callback_chunked": {},
    "callback_twice": {},
    "callback_busy": {},
    "callback_limit": {"seconds": Option(0, MAX_WAIT_SECONDS, needed=True)},
    "answer_lost": {},
    "object_missing": {},
    "throttle": {},
    "token_expired": {},
    "clock_offset": {"seconds": Option(-MAX_OFFSET_SECONDS, MAX_OFFSET_SECONDS, needed=True)},
    "server_error": {"status": Option(500, 599, whole=True)},
    "reset": {"after_bytes": _COUNT},
    "stall": {"after_bytes": _COUNT, "seconds": Option(0, MAX_WAIT_SECONDS, needed=True)},
}


class FaultError(ValueError):
    """An order for an unknown fault, or with wrong options."""


@dataclass(frozen=True)
class Fault:
    """A fault that applies to the current request."""

    name: str
    options: Mapping[str, float]


class Faults:
    """The pending faults, by name."""

    def __init__(self, known: Mapping[str, Mapping[str, Option]] = FAULTS) -> None:
        self._known = known
        self._lock = threading.Lock()
        self._pending: dict[str, tuple[int, Mapping[str, float]]] = {}

    def set(self, order: object) -> None:
        """Take an order `{"fault": name, "requests": n, ...options}`; 0 clears the fault. Raises FaultError.

        A new order for a pending fault replaces the old one.
        """
        if not isinstance(order, dict):
            raise FaultError("a fault is a JSON object")
        name, requests = order.get("fault"), order.get("requests", 1)
        if not isinstance(name, str) or name not in self._known:
            raise FaultError(f"fault is one of {', '.join(self._known)}")
        if not isinstance(requests, int) or isinstance(requests, bool) or requests < 0:
            raise FaultError("requests is a whole number")
        options = {key: value for key, value in order.items() if key not in {"fault", "requests"}}
        self._check(name, options, cleared=not requests)
        with self._lock:
            self._pending.pop(name, None)
            if requests:
                self._pending[name] = (requests, options)

    def _check(self, name: str, options: Mapping[str, object], *, cleared: bool) -> None:
        known = self._known[name]
        if set(options) - set(known):
            raise FaultError(f"{name} takes {', '.join(sorted(known)) or 'no options'}")
        for key, value in options.items():
            known[key].check(key, value)
        missing = [key for key, option in known.items() if option.needed and key not in options]
        if missing and not cleared:
            raise FaultError(f"{name} needs {', '.join(missing)}")

    def strike(self, *names: str) -> Fault | None:
        """Return the first of `names` that is pending, and count it down by one."""
        with self._lock:
            for name in names:
                if name in self._pending:
                    requests, options = self._pending[name]
                    self._pending[name] = (requests - 1, options)
                    if requests == 1:
                        del self._pending[name]
                    return Fault(name, options)
        return None

    def clear(self) -> None:
        """Clear all pending faults."""
        with self._lock:
            self._pending.clear()

    def pending(self) -> list[dict[str, object]]:
        """Return the pending faults in the order in which they were set, as orders."""
        with self._lock:
            return [
                {"fault": name, "requests": requests, **options}
                for name, (requests, options) in self._pending.items()
            ]
