"""The buckets behind one port: which of them a request is for. What it asks of that bucket is not read here.

With one bucket, a request need not name it. With several, it does, by its Host or by the first segment of its
path; one that names none gets NoSuchBucket. The emulator's own page belongs to the bucket in the Host, or
else to the first.
"""

from collections.abc import Sequence
from dataclasses import replace

from oss_emulator.addressing import bucket_in_host, first_segment
from oss_emulator.bucket.state import Site, open_bucket
from oss_emulator.http_messages import Answer, Request
from oss_emulator.routing import respond
from oss_emulator.settings import Settings


class Buckets:
    """Opened buckets. They have their faults and their history in common."""

    def __init__(self, settings: Sequence[Settings]) -> None:
        first, *others = (open_bucket(one) for one in settings)
        shared = [replace(other, faults=first.faults, history=first.history) for other in others]
        buckets = [replace(bucket, alone=not others) for bucket in (first, *shared)]
        self._by_name = {bucket.settings.bucket: bucket for bucket in buckets}
        self.first = buckets[0]

    def respond(self, request: Request) -> Answer:
        """Answer a request. Raises ConnectionLost if a fault asks for a reset."""
        return respond(request, self._named(request))

    def _named(self, request: Request) -> Site:
        name = bucket_in_host(request) or first_segment(request)
        return self._by_name.get(name, self.first)
