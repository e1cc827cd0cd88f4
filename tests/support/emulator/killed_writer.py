"""A process that writes objects until it has written enough or is killed: FOLDER PREFIX COUNT.

It prints each number once its object is stored.
"""

import sys
from pathlib import Path

from oss_emulator.storage.buckets import Buckets
from oss_emulator.storage.contents import LostUploadError
from oss_emulator.storage.object_version import Metadata
from oss_emulator.storage.store import Store

WRITER = str(Path(__file__))


def content_of_number(number: int) -> bytes:
    return f"{number} ".encode() * 1000


def put(store: Store, key: str, number: int) -> None:
    with store.start() as upload:
        upload.write(content_of_number(number))
        store.save(upload, Metadata(key, {}, "default", "Standard", forbid_overwrite=False), now=1.0)


def put_at_last(store: Store, key: str, number: int) -> None:
    try:
        put(store, key, number)
    except LostUploadError:  # another process has just started
        put(store, key, number)


def main(folder: str, prefix: str, count: str) -> None:
    buckets = Buckets(Path(folder))
    buckets.create("examplebucket", acl="private", now=1.0)
    store = buckets.store("examplebucket")
    for number in range(int(count)):
        for key in (f"{prefix}/{number}", "shared"):
            put_at_last(store, key, number)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
