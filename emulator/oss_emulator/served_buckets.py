"""The buckets behind one port: which of them a request is for. What it asks of that bucket is not read here.

A request names its bucket by its Host or by the first segment of its path; one that names none gets
NoSuchBucket. A bucket that is alone at its port need not be named. The emulator's own page belongs to the
bucket that is named, or else to the first.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from oss_emulator.addressing import bucket_in_host, first_segment
from oss_emulator.bucket.state import open_bucket
from oss_emulator.http_messages import Answer, Request
from oss_emulator.routing import respond
from oss_emulator.settings import Settings


class ServedBuckets:
    """Opened buckets, at least one. They have their faults and their history in common.

    `alone` says that requests need not name the bucket, which is then the only one.
    """

    def __init__(self, settings: Sequence[Settings], *, alone: bool) -> None:
        first, *others = settings
        self._alone = alone
        self.first = open_bucket(first)
        self._by_name = {first.bucket: self.first}
        for other in others:
            self.add(other)

    @property
    def names(self) -> Collection[str]:
        """The names of the buckets."""
        return self._by_name.keys()

    def add(self, settings: Settings) -> None:
        """Open another bucket."""
        opened = open_bucket(settings)
        added = replace(opened, faults=self.first.faults, history=self.first.history)
        self._by_name = {**self._by_name, settings.bucket: added}

    def respond(self, request: Request) -> Answer:
        """Answer a request. Raises ConnectionLost if a fault asks for a reset."""
        bucket = self._by_name.get(bucket_in_host(request) or first_segment(request), self.first)
        public_url = bucket.settings.public_url
        reached = replace(request, address=public_url) if public_url else request
        return respond(reached, bucket, alone=self._alone)
