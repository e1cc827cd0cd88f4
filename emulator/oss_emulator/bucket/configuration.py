"""A bucket's configuration as set by requests: the XML that was sent, for each part, in the folder's index.

It is read for each request that needs it, so it has no state, and goes with its bucket.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import cast

from oss_emulator.bucket.configuration_xml import read_cors, read_versioning, read_website
from oss_emulator.bucket.cors import Cors
from oss_emulator.bucket.stored_parts import STORED_PARTS
from oss_emulator.storage.buckets import Buckets
from oss_emulator.storage.index import MAX_REMEMBERED_BYTES
from oss_emulator.website.rules import Website

_READERS: Mapping[str, Callable[[bytes], object]] = {
    "cors": read_cors,
    "website": read_website,
    "versioning": read_versioning,
}
# The part was deleted, so the environment's value for it does not come back.
_DELETED = b""


class Configuration:
    """The stored parts of one bucket's configuration. A part that was deleted is None."""

    def __init__(self, buckets: Buckets, bucket: str) -> None:
        self._buckets = buckets
        self._bucket = bucket

    def cors(self, default: Cors) -> Cors:
        """Return the CORS rules; `default` until a request has set or deleted them."""
        return cast("Cors | None", self._part("cors", default)) or Cors()

    @property
    def website(self) -> Website | None:
        """Return the website configuration, if there is one."""
        return cast("Website | None", self._part("website"))

    @property
    def versioning(self) -> str:
        """Return `Enabled`, `Suspended`, or nothing if it was never set."""
        return cast("str", self._part("versioning", ""))

    def stored(self, name: str) -> bytes:
        """Return what GET answers of one of STORED_PARTS. Raises OssError 404."""
        content = self._buckets.configuration(self._bucket, name)
        return STORED_PARTS[name].answer(content, self._bucket)

    def put(self, name: str, content: bytes) -> None:
        """Replace the part `name` by the XML in `content`. Raises OssError, and then nothing has changed."""
        check = STORED_PARTS[name].check if name in STORED_PARTS else _READERS[name]
        check(content)
        self._buckets.configure(self._bucket, name, content)

    def delete(self, name: str) -> None:
        """Forget the part `name`. Raises OssError."""
        self._buckets.configure(self._bucket, name, _DELETED)

    def _part(self, name: str, default: object = None) -> object:
        content = self._buckets.configuration(self._bucket, name)
        if content is None:
            return default
        if content == _DELETED:
            return None
        return _read(name, content) if len(content) <= MAX_REMEMBERED_BYTES else _READERS[name](content)


@lru_cache(maxsize=64)  # a bucket's are read for each request
def _read(name: str, content: bytes) -> object:
    return _READERS[name](content)
