"""What an instance remembers about uploads: the answers that it gave lately, and failures for a moment.

An answer is recalled only after the object was looked at again: only the hook is not run again.
The only other state of the function: the fetched public keys of OSS, and open connections. All are bounded.
"""

from collections import OrderedDict
from typing import TypeVar

from completion.object_proof import Upload
from vendored.errors import Unavailable

MAX_ENTRIES = 256
ANSWER_SECONDS = 600
FAILURE_SECONDS = 2

K = TypeVar("K")
V = TypeVar("V")


class AnswerCache:
    """At most `MAX_ENTRIES` answers and as many failures. Times are monotonic seconds."""

    def __init__(self) -> None:
        # until when, the JSON, and what exactly it is about
        self._answers: OrderedDict[tuple[object, ...], tuple[float, str, Upload]] = OrderedDict()
        self._failures: OrderedDict[tuple[str, str | None], float] = OrderedDict()  # until when

    def recall(self, upload: Upload, now: float) -> str | None:
        """Return the JSON that was answered lately about exactly this upload, None if there is none."""
        until, answer, about = self._answers.get(_identity(upload), (now, None, None))
        return answer if now < until and about == upload else None

    def keep(self, upload: Upload, answer: str, now: float) -> None:
        """Remember an answer, and that neither a callback nor a confirm about this upload fails any more."""
        _remember(self._answers, _identity(upload), (now + ANSWER_SECONDS, answer, upload))
        for etag in (upload.etag, None):
            self._failures.pop((upload.key, etag), None)

    def refuse_haste(self, key: str, etag: str | None, now: float) -> None:
        """Raise `Unavailable` too soon after the same callback failed, or if `etag` is None, a confirm.

        A confirm that failed delays no callback: OSS sends one only once.
        """
        if now < self._failures.get((key, etag), now):
            raise Unavailable("asked_too_soon", retry_after=FAILURE_SECONDS)

    def keep_failure(self, key: str, etag: str | None, now: float) -> None:
        """Remember for a moment that completion failed, so that who repeats a request asks nobody."""
        _remember(self._failures, (key, etag), now + FAILURE_SECONDS)


def _remember(entries: OrderedDict[K, V], key: K, value: V) -> None:
    entries[key] = value
    entries.move_to_end(key)
    if len(entries) > MAX_ENTRIES:
        entries.popitem(last=False)


def _identity(upload: Upload) -> tuple[object, ...]:
    """Return what names an upload; the grants of one permit differ in their end and in what the page says."""
    return upload.id, upload.key, upload.etag, upload.expires_at, *upload.page_data.items()
