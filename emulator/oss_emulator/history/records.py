"""The last requests, callbacks and refusals, for the page at `/-/`. Kept in memory only.

Number and size of the records are bounded here, so an emulator that runs for weeks does not grow; security
tokens are not kept, nor the signatures of refused requests. Refused forms and other refusals are counted
apart, so many refused reads do not push out the refused forms that people look for.
"""

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from oss_emulator.history.redaction import (
    make_redaction,
    redact_explanation,
    redact_fields,
    redact_target,
    shorten,
    shorten_bytes,
    shorten_headers,
)
from oss_emulator.history.requests import KEPT_REQUESTS, Entry, RequestRecord, read_entry

KEPT_RECORDS = 50  # of each kind: callbacks, refused forms, other refusals
KEPT_ATTEMPTS = 5  # as many addresses as OSS allows (EC 0007-00000005)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request to one callback address, and the answer.

    `status` is 0 if there was no answer; the Authorization header is the signature of `string_to_sign`.
    """

    url: str
    headers: Mapping[str, str]
    string_to_sign: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer: bytes


@dataclass(frozen=True, kw_only=True)
class CallbackRecord:
    """One callback: its body, its attempts and its outcome. `message` is empty if it succeeded.

    `time` is in seconds since 1970; `key` is the object's key.
    """

    time: float
    request_id: str
    key: str
    body: bytes
    attempts: Sequence[Attempt]
    message: str = ""
    ec: str = ""


@dataclass(frozen=True, kw_only=True)
class RefusalRecord:
    """One refused request. `explanation` has details that OSS's answer has not, such as field, expected, got.

    `time` is in seconds since 1970; `fields` are the form's, if the request was a form.
    """

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
    """The last records of each kind, newest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: deque[CallbackRecord] = deque(maxlen=KEPT_RECORDS)
        # Numbered in order of arrival: the clock may be wrong because of a fault or a test.
        self._numbers = itertools.count()
        self._forms: deque[tuple[int, RefusalRecord]] = deque(maxlen=KEPT_RECORDS)
        self._others: deque[tuple[int, RefusalRecord]] = deque(maxlen=KEPT_RECORDS)
        self._requests: deque[Entry] = deque(maxlen=KEPT_REQUESTS)
        self.counted_requests = 0

    def add_request(self, kept: Entry) -> None:
        """Keep a request."""
        with self._lock:
            self._requests.appendleft(kept)
            self.counted_requests += 1

    def requests(self) -> list[RequestRecord]:
        """Return the last requests, newest first."""
        with self._lock:
            kept = list(self._requests)
        return [read_entry(one) for one in kept]

    def clear(self) -> None:
        """Forget all records."""
        with self._lock:
            for records in (self._requests, self._callbacks, self._forms, self._others):
                records.clear()
            self.counted_requests += 1

    def add_callback(self, record: CallbackRecord) -> None:
        """Keep a callback, shortened to the limits of this history."""
        kept = _shorten_callback(record)
        with self._lock:
            self._callbacks.appendleft(kept)

    def add_refusal(self, record: RefusalRecord) -> None:
        """Keep a refusal, shortened to the limits of this history and without tokens and signatures."""
        kept = _shorten_refusal(record)
        kind = self._forms if record.method == "POST" else self._others
        with self._lock:
            kind.appendleft((next(self._numbers), kept))

    def callbacks(self) -> list[CallbackRecord]:
        """Return the last callbacks, newest first."""
        with self._lock:
            return list(self._callbacks)

    def refusals(self) -> list[RefusalRecord]:
        """Return the last refusals of both kinds, newest first."""
        with self._lock:
            merged = heapq.merge(self._forms, self._others, key=lambda numbered: numbered[0], reverse=True)
            return [record for _, record in merged]


def _shorten_refusal(record: RefusalRecord) -> RefusalRecord:
    redact = make_redaction(record.fields)
    return replace(
        record,
        method=shorten(record.method),
        target=redact_target(record.target, redact),
        message=redact(record.message),
        explanation=redact_explanation(record.explanation, redact),
        fields=redact_fields(record.fields, redact),
    )


def _shorten_callback(record: CallbackRecord) -> CallbackRecord:
    return replace(
        record,
        key=shorten(record.key),
        message=shorten(record.message),
        body=shorten_bytes(record.body),
        attempts=tuple(_shorten_attempt(attempt) for attempt in record.attempts[:KEPT_ATTEMPTS]),
    )


def _shorten_attempt(attempt: Attempt) -> Attempt:
    return replace(
        attempt,
        url=shorten(attempt.url),
        headers=shorten_headers(attempt.headers),
        string_to_sign=shorten_bytes(attempt.string_to_sign),
        answer_headers=shorten_headers(attempt.answer_headers),
        answer=shorten_bytes(attempt.answer),
    )
