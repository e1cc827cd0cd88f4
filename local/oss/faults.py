"""Faults for the next n requests, set from outside: what a test asks to go wrong, counted across threads.

This module only counts. Each fault is acted out where the thing would really break.
"""

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass

# Each fault with the options it takes; an option's value is a number.
FAULTS: Mapping[str, frozenset[str]] = {
    "callback_down": frozenset(),
    "callback_slow": frozenset({"seconds"}),
    "callback_refused": frozenset(),
    "callback_crashed": frozenset(),
    "answer_lost": frozenset(),
    "object_missing": frozenset(),
    "throttle": frozenset(),
    "reset": frozenset({"after_bytes"}),
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

    def __init__(self, known: Mapping[str, frozenset[str]] = FAULTS) -> None:
        self._known = known
        self._lock = threading.Lock()
        self._pending: dict[str, tuple[int, Mapping[str, float]]] = {}

    def set(self, order: object) -> None:
        """Take an order `{"fault": name, "requests": n, ...options}`; 0 clears it. Raises FaultError."""
        if not isinstance(order, dict):
            raise FaultError("a fault is a JSON object")
        options = {name: value for name, value in order.items() if name not in {"fault", "requests"}}
        name, requests = order.get("fault"), order.get("requests", 1)
        if not isinstance(name, str) or name not in self._known:
            raise FaultError(f"fault is one of {', '.join(self._known)}")
        if not isinstance(requests, int) or isinstance(requests, bool) or requests < 0:
            raise FaultError("requests is a whole number")
        if set(options) - self._known[name]:
            raise FaultError(f"{name} takes {', '.join(sorted(self._known[name])) or 'no options'}")
        # JSON as Python reads it has NaN and Infinity; math.isfinite raises for an int no float can hold.
        if any(type(value) not in {int, float} or not 0 <= value < math.inf for value in options.values()):
            raise FaultError("an option is a finite number that is not negative")
        with self._lock:
            self._pending.pop(name, None)
            if requests:
                self._pending[name] = (requests, options)

    def strike(self, *names: str) -> Fault | None:
        """Return the first of `names` that is pending, and count it down by one."""
        with self._lock:
            for name in names:
                if name in self._pending:
                    requests, options = self._pending.pop(name)
                    if requests > 1:
                        self._pending[name] = (requests - 1, options)
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
