"""The objects that a search below `/-/` finds, their versions and their contents; all whatever their ACL.

A prefix is looked up in the index. A text may be anywhere in a key, so the keys are read, but not more than
SEARCHED_KEYS for one answer: the next one goes on from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

from oss_emulator.bucket.state import Bucket
from oss_emulator.console.view import View
from oss_emulator.errors import invalid_argument, no_such_key
from oss_emulator.http_messages import CHUNK_BYTES, Answer
from oss_emulator.objects.reading import no_such_version
from oss_emulator.storage.object_version import StoredObject

LISTED_OBJECTS = 200  # of one answer as JSON
SEARCHED_KEYS = 10_000
_BATCH = 1000


@dataclass(frozen=True)
class Found:
    """Objects, whether there are more, and the `after` with which a search goes on to them."""

    objects: list[StoredObject]
    more: bool = False
    after: str = ""


def shown_bucket(bucket: Bucket, view: View) -> Bucket:
    """Return the bucket that `view` names, or else the first one. Raises OssError if it does not exist."""
    shown = bucket.named(view.bucket) if view.bucket else bucket
    shown.buckets.get(shown.settings.bucket)
    return shown


def find_objects(bucket: Bucket, view: View, limit: int) -> Found:
    """Return the objects in the order of their keys; the newest, in the order of writing, of no search.

    Letter case does not count in a text.
    """
    if view.versions:
        latest = bucket.store.versions_of(view.versions, limit + 1)
        return Found(latest[:limit], more=len(latest) > limit)
    if not (view.prefix or view.text or view.order or view.after):
        latest = bucket.store.latest_objects(limit + 1)
        return Found(latest[:limit], more=len(latest) > limit)
    wanted, after, left = view.text.casefold(), view.after, SEARCHED_KEYS
    found: list[StoredObject] = []
    while left > 0:
        batch = min(left, _BATCH if wanted else limit)
        page = bucket.store.page(prefix=view.prefix, after=after, limit=batch)
        for stored in filter(None, page.entries.values()):
            after = stored.key
            if wanted in after.casefold():
                found.append(stored)
            if len(found) == limit:
                last = not page.next_name and after == list(page.entries)[-1]
                return Found(found, more=not last, after="" if last else after)
        if not page.next_name:
            return Found(found)
        left -= batch
    return Found(found, more=True, after=after)


def delete_found(bucket: Bucket, view: View, limit: int) -> int:
    """Delete the object or version that `view` names, or else what its search finds; return how many it had.

    Raises OssError if it names none and searches for nothing.
    """
    if view.key:
        wanted = [view.key]
    elif view.prefix or view.text:
        wanted = [stored.key for stored in find_objects(bucket, view, limit).objects]
    else:
        raise invalid_argument("DELETE names a key, or a prefix or text of keys.", name="key")
    deleted = 0
    for key in wanted:
        now, versioning = bucket.now(), bucket.versioning
        version_id = view.version if view.key else ""
        deleted += bucket.store.find(key, version_id) is not None
        bucket.store.delete(key, now=now, version_id=version_id, versioning=versioning)
    return deleted


def content_answer(bucket: Bucket, view: View, method: str) -> Answer:
    """Return a content to be saved: no browser shows it, so nothing in it runs. Raises OssError."""
    opened = bucket.store.open(view.key, view.version)
    if opened is None:
        raise no_such_version(view.key, view.version) if view.version else no_such_key(view.key)
    stored, content = opened
    name = quote(view.key.rpartition("/")[2] or "content", safe="")
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Length": str(stored.size),
    }
    if method == "HEAD":
        content.close()
        return Answer(200, headers)
    return Answer(200, headers, _chunks(content))


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    with content:
        while chunk := content.read(CHUNK_BYTES):
            yield chunk
