"""Faults that a test orders for the next n requests, counted across threads.

This module only counts. Which faults there are is in `fault_table`.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from oss_emulator.fault_table import FAULTS, PART_NUMBER, PARTS, FaultError, Kind, Option


@dataclass(frozen=True)
class Fault:
    """A fault that applies to the current request."""

    name: str
    options: Mapping[str, float]


@dataclass(frozen=True)
class _Order:
    """An order that is pending: for how many requests, and of which operation and part if it names them."""

    requests: int
    options: Mapping[str, float]
    operation: str = ""
    part_number: int = 0

    def members(self) -> dict[str, object]:
        limits = {"operation": self.operation, "part_number": self.part_number}
        return {
            "requests": self.requests,
            **self.options,
            **{name: value for name, value in limits.items() if value},
        }


@dataclass(frozen=True, eq=False)
class Faults:
    """The pending faults, by name, as requests of one operation and part meet them, or any request."""

    known: Mapping[str, Kind] = field(default_factory=lambda: FAULTS)
    operation: str | None = None
    part_number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pending: dict[str, _Order] = field(default_factory=dict)

    def met_by(self, operation: str, part_number: int) -> "Faults":
        """Return the same faults as a request of this operation meets them; the part number may be 0."""
        return Faults(self.known, operation, part_number, self._lock, self._pending)

    def set(self, order: object) -> None:
        """Take an order `{"fault": name, "requests": n, ...options}`; 0 clears the fault. Raises FaultError.

        With `operation`, and for parts `part_number`, it strikes only such requests. A new order for a
        pending fault replaces the old one.
        """
        if not isinstance(order, dict):
            raise FaultError("a fault is a JSON object")
        name, requests = order.get("fault"), order.get("requests", 1)
        if not isinstance(name, str) or name not in self.known:
            raise FaultError(f"fault is one of {', '.join(self.known)}")
        if not isinstance(requests, int) or isinstance(requests, bool) or requests < 0:
            raise FaultError("requests is a whole number")
        asked = {key: value for key, value in order.items() if key not in {"fault", "requests"}}
        taken = _taken(name, self.known[name], asked, cleared=not requests)
        with self._lock:
            self._pending.pop(name, None)
            if requests:
                self._pending[name] = replace(taken, requests=requests)

    @property
    def any_pending(self) -> bool:
        """Whether a fault is pending, for whatever requests."""
        return bool(self._pending)

    def strike(self, *names: str) -> Fault | None:
        """Return the first of `names` that is pending for this request, and count it down by one."""
        if not self._pending:  # as a rule: without the lock
            return None
        with self._lock:
            for name in names:
                order = self._pending.get(name)
                if order and self._meets(self.known[name], order):
                    self._pending[name] = replace(order, requests=order.requests - 1)
                    if order.requests == 1:
                        del self._pending[name]
                    return Fault(name, order.options)
        return None

    def _meets(self, kind: Kind, order: _Order) -> bool:
        if self.operation is None:
            return True
        if order.part_number not in {0, self.part_number}:
            return False
        if order.operation:
            return self.operation == order.operation
        return kind.strikes(self.operation)

    def clear(self) -> None:
        """Clear all pending faults."""
        with self._lock:
            self._pending.clear()

    def pending(self) -> list[dict[str, object]]:
        """Return the pending faults in the order in which they were set, as orders."""
        with self._lock:
            return [{"fault": name, **order.members()} for name, order in self._pending.items()]


def _taken(name: str, kind: Kind, asked: Mapping[str, object], *, cleared: bool) -> _Order:
    """Return the order, checked. Raises FaultError."""
    of_parts = [operation for operation in PARTS if operation in kind.nameable]
    known = {**kind.options, **({"part_number": PART_NUMBER} if of_parts else {})}
    names = sorted([*known, *(["operation"] if kind.nameable else [])])
    if set(asked) - set(names):
        raise FaultError(f"{name} takes {', '.join(names) or 'no options'}")
    options = {key: _checked(known[key], key, asked[key]) for key in known if key in asked}
    missing = [key for key, option in kind.options.items() if option.needed and key not in options]
    if missing and not cleared:
        raise FaultError(f"{name} needs {', '.join(missing)}")
    part_number = int(options.pop("part_number", 0)) if of_parts else 0
    wanted = of_parts if part_number else kind.nameable
    operation = asked.get("operation", wanted[0] if part_number else "")
    if "operation" in asked and operation not in wanted:
        raise FaultError(f"the operation is one of {', '.join(wanted)}")
    return _Order(0, options, str(operation), part_number)


def _checked(option: Option, name: str, value: object) -> float:
    option.check(name, value)
    return value  # type: ignore[return-value] # it is a number
