"""What this instance answered lately: completion may be asked for again, and must then say the same.

The one mutable state of the callback function besides OSS's public keys and its connection; bounded.
"""

from collections import OrderedDict
from typing import NamedTuple

from refusals import Unavailable

MAX_ANSWERS = 256
ANSWER_SECONDS = 600
FAILURE_SECONDS = 2

# the object's key, and its ETag and type where one key may be uploaded to again
About = tuple[str, "tuple[str, str] | None"]


class Answer(NamedTuple):
    """What a page is answered, as JSON, and the ETag of the object that it is about."""

    etag: str
    json: str


class Answers:
    """Answers by what they are about. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._known: OrderedDict[About, tuple[float, Answer | None]] = OrderedDict()

    def recall(self, about: About, now: float) -> Answer | None:
        """Return the answer given lately, if any. Raises `Unavailable` too soon after a failure."""
        until, answer = self._known.get(about, (now, None))
        if until <= now:
            return None
        if answer is None:
            raise Unavailable("asked_too_soon", retry_after=FAILURE_SECONDS)
        return answer

    def keep(self, about: About, answer: Answer, now: float) -> None:
        """Remember an answer."""
        self._remember(about, now + ANSWER_SECONDS, answer)

    def keep_failure(self, about: About, now: float) -> None:
        """Remember that completion failed, so that a hasty caller does not ask OSS again."""
        self._remember(about, now + FAILURE_SECONDS, None)

    def _remember(self, about: About, until: float, answer: Answer | None) -> None:
        self._known[about] = (until, answer)
        self._known.move_to_end(about)
        if len(self._known) > MAX_ANSWERS:
            self._known.popitem(last=False)
