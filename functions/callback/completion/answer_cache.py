"""The answers that this instance gave lately: a repeated question gets the same answer, and no second HEAD.

Besides OSS's public keys and its connections, this is the only state of the callback function. It is bounded.
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
    """The key of an object; if it can be uploaded to again, also the ETag and type that it had."""

    key: str
    etag: str | None = None
    type: str | None = None


class AnswerCache:
    """At most `MAX_ANSWERS` answers. Times are monotonic seconds."""

    def __init__(self) -> None:
        # until when it is remembered; None for an upload that failed
        self._entries: OrderedDict[CacheKey, tuple[float, Answer | None]] = OrderedDict()

    def recall(self, key: CacheKey, etag: str | None, now: float) -> Answer | None:
        """Return the answer given lately about these bytes, None if there is none.

        Without an `etag` any bytes will do. Raises `Unavailable` too soon after a failure.
        """
        until, answer = self._entries.get(key, (now, None))
        if until <= now:
            return None
        if answer is None:
            raise Unavailable("asked_too_soon", retry_after=FAILURE_SECONDS)
        return answer if etag in {None, answer.etag} else None

    def keep(self, key: CacheKey, answer: Answer, now: float) -> None:
        """Remember an answer."""
        self._remember(key, now + ANSWER_SECONDS, answer)

    def keep_failure(self, key: CacheKey, now: float) -> None:
        """Remember for a moment that completion failed, so that a hasty caller does not ask OSS again.

        An answer that is still remembered stays: the failure was about other bytes.
        """
        until, answer = self._entries.get(key, (now, None))
        if answer is None or until <= now:
            self._remember(key, now + FAILURE_SECONDS, None)

    def _remember(self, key: CacheKey, until: float, answer: Answer | None) -> None:
        self._entries[key] = (until, answer)
        self._entries.move_to_end(key)
        if len(self._entries) > MAX_ANSWERS:
            self._entries.popitem(last=False)
