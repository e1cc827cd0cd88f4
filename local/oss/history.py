"""What happened lately, for the page at `/-/`: the last callbacks and the last refusals. Kept in memory only.

Bounded in number and in size, so a stand-in that runs for weeks does not grow. Nothing here decides anything.
"""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

KEPT_RECORDS = 50
KEPT_BYTES = 4096  # of any one body or text

SECRET_FIELDS = frozenset({"x-oss-security-token"})  # shown as a length


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request to one callback address, and what came back.

    `status` is 0 when there was no answer; `string_to_sign` is what the Authorization header signs.
    """

    url: str
    headers: Mapping[str, str]
    string_to_sign: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer: bytes


@dataclass(frozen=True, kw_only=True)
class CallbackRecord:
    """One callback: where it went, what it said, and how it ended. `message` is empty when it succeeded."""

    time: float
    request_id: str
    key: str
    body: bytes
    attempts: Sequence[Attempt]
    message: str = ""
    ec: str = ""


@dataclass(frozen=True, kw_only=True)
class RefusalRecord:
    """One refused request. `explanation` says what OSS's answer does not: field, expected, got."""

    time: float
    request_id: str
    method: str
    target: str
    status: int
    code: str
    message: str
    ec: str
    explanation: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


class History:
    """The last records of either kind, newest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: deque[CallbackRecord] = deque(maxlen=KEPT_RECORDS)
        self._refusals: deque[RefusalRecord] = deque(maxlen=KEPT_RECORDS)

    def add_callback(self, record: CallbackRecord) -> None:
        """Keep a callback; whoever makes the record cuts its texts with `shortened`."""
        with self._lock:
            self._callbacks.appendleft(record)

    def add_refusal(self, record: RefusalRecord) -> None:
        """Keep a refusal."""
        with self._lock:
            self._refusals.appendleft(record)

    def callbacks(self) -> list[CallbackRecord]:
        """Return the last callbacks, newest first."""
        with self._lock:
            return list(self._callbacks)

    def refusals(self) -> list[RefusalRecord]:
        """Return the last refusals, newest first."""
        with self._lock:
            return list(self._refusals)


def shown_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return form fields as they may be kept: shortened, and a security token only as its length."""
    return {
        name: f"({len(value)} characters)" if name.lower() in SECRET_FIELDS else shortened(value)
        for name, value in fields.items()
    }


def shortened(text: str) -> str:
    """Return `text`, cut with a word about it where it is longer than is kept."""
    if len(text) <= KEPT_BYTES:
        return text
    return f"{text[:KEPT_BYTES]}… ({len(text)} characters)"
