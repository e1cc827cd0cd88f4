"""Faults for the next n requests, set from outside: what a test asks to go wrong, counted across threads.

This module only counts. Each fault is acted out where the thing would really break.
"""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass

MAX_WAIT_SECONDS = 600  # ours: no fault holds a connection for longer
MAX_OFFSET_SECONDS = 10 * 366 * 24 * 3600  # ours: ten years either way


@dataclass(frozen=True)
class Option:
    """A number that a fault takes: its smallest and largest value, and whether the fault needs it."""

    lowest: float
    highest: float
    needed: bool = False
    whole: bool = False

    def check(self, name: str, value: object) -> None:
        """Raise FaultError for anything but a finite number in the range."""
        kinds = {int} if self.whole else {int, float}
        # JSON as Python reads it has NaN and Infinity; no NaN is in any range.
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
    """A fault that does not exist or was asked for in a wrong way."""


@dataclass(frozen=True)
class Fault:
    """A fault that strikes now."""

    name: str
    options: Mapping[str, float]


class Faults:
    """Faults still to strike, by name."""

    def __init__(self, known: Mapping[str, Mapping[str, Option]] = FAULTS) -> None:
        self._known = known
        self._lock = threading.Lock()
        self._pending: dict[str, tuple[int, Mapping[str, float]]] = {}

    def set(self, order: object) -> None:
        """Take an order `{"fault": name, "requests": n, ...options}`; 0 clears it. Raises FaultError.

        An order for a fault that is still pending takes its place.
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
        """Forget all."""
        with self._lock:
            self._pending.clear()

    def pending(self) -> list[dict[str, object]]:
        """Return what is still to strike."""
        with self._lock:
            return [
                {"fault": name, "requests": requests, **options}
                for name, (requests, options) in self._pending.items()
            ]
