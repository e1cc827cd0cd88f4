"""The buckets behind one port: which of them a request is for. What it asks of that bucket is not read here.

A request names its bucket by its Host or by the first segment of its path; one that names none is for the
service itself. A port may be one bucket's alone, like a domain of its own: then requests need not name it,
and reach no other. The emulator's own page belongs to the first bucket.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from oss_emulator.addressing import bucket_in_host, first_segment
from oss_emulator.bucket.state import Bucket, open_bucket
from oss_emulator.console.routes import is_console_request
from oss_emulator.http_messages import Answer, Request
from oss_emulator.routing import respond
from oss_emulator.settings import Settings

KEPT_BUCKETS = 128  # that were named last, so that not every request makes one; they hold no object


class ServedBuckets:
    """The buckets of one folder, with their faults and their history in common.

    `settings` are those of each bucket, and of the first, which exists from the start as `others` do. If the
    port is the first one's `alone`, requests reach no other.
    """

    def __init__(self, settings: Settings, others: Sequence[str] = (), *, alone: bool) -> None:
        first = open_bucket(settings)
        self.first = replace(first, others=others, alone=alone) if isinstance(first, Bucket) else first
        self._named: Callable[[str], Bucket] | None = None
        if isinstance(self.first, Bucket) and not alone:
            self._named = lru_cache(maxsize=KEPT_BUCKETS)(self.first.named)
        for name in others:
            self.create(name)

    def create(self, name: str) -> None:
        """Make a bucket, unless it exists."""
        if isinstance(self.first, Bucket):
            self.first.buckets.create(name, acl=self.first.settings.acl, now=self.first.now())

    def close(self) -> None:
        """Close the folder's index."""
        if isinstance(self.first, Bucket):
            self.first.buckets.close()

    def respond(self, request: Request) -> Answer:
        """Answer a request. Raises ConnectionLost if a fault asks for a reset."""
        bucket = self.first
        if self._named and not is_console_request(request):
            bucket = self._named(bucket_in_host(request) or first_segment(request))
        public_url = bucket.settings.public_url
        reached = replace(request, address=public_url) if public_url else request
        return respond(reached, bucket, alone=self._named is None)
