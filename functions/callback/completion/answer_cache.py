"""Recent answers of this instance: a repeated request gets the same answer, and the hook does not run again.

The only other state of the function: the fetched public keys of OSS, and open connections. All are bounded.
"""

from collections import OrderedDict
from typing import NamedTuple

from vendored.errors import Unavailable

MAX_ANSWERS = 256
ANSWER_SECONDS = 600
FAILURE_SECONDS = 2


class Answer(NamedTuple):
    """The JSON that a page is answered, and the ETag of the object that it is about."""

    etag: str
    json: str


class CacheKey(NamedTuple):
    """An object's key; under a directory grant, where it may be replaced, also its ETag and type."""

    key: str
    etag: str | None = None
    type: str | None = None


class Entry(NamedTuple):
    """What is remembered about an object: an answer, a failure, or both. Until when, in monotonic seconds."""

    answer: Answer | None = None
    answer_until: float = 0
    failure_until: float = 0


class AnswerCache:
    """Answers and failures about at most `MAX_ANSWERS` objects. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._entries: OrderedDict[CacheKey, Entry] = OrderedDict()

    def recall(self, key: CacheKey, etag: str | None, now: float) -> Answer | None:
        """Return the answer given lately about these bytes, None if there is none.

        If `etag` is None, it is not compared. Raises `Unavailable` too soon after a failure.
        """
        entry = self._entries.get(key, Entry())
        if entry.answer and now < entry.answer_until and etag in {None, entry.answer.etag}:
            return entry.answer
        if now < entry.failure_until:
            raise Unavailable("asked_too_soon", retry_after=FAILURE_SECONDS)
        return None

    def keep(self, key: CacheKey, answer: Answer, now: float) -> None:
        """Remember an answer, instead of what was remembered about this object."""
        self._remember(key, Entry(answer, now + ANSWER_SECONDS))

    def keep_failure(self, key: CacheKey, now: float) -> None:
        """Remember for a moment that completion failed, so that a hasty caller does not ask OSS again.

        An answer that is still remembered stays: the failure may be about other bytes.
        """
        self._remember(key, self._entries.get(key, Entry())._replace(failure_until=now + FAILURE_SECONDS))

    def _remember(self, key: CacheKey, entry: Entry) -> None:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > MAX_ANSWERS:
            self._entries.popitem(last=False)
