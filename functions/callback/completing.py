"""Is the granted upload there, and is it what was granted? The whole decision is `complete(ticket, head)`.

Never lives here: how the HEAD is asked (`outbound.py`), whether OSS signed the callback (`receiving.py`).

Source: Alibaba Cloud OSS, "HeadObject"; a versioned bucket voids x-oss-forbid-overwrite ("PostObject").
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from media import TYPE, allows
from refusals import NotStored, ObjectDiffers, TypeNotAllowed, Unavailable
from signing import FileTicket

FOUND = 200
MISSING = 404
READABLE_CLASSES = ("Standard", "IA")  # the others must be restored before anyone can read them
ENTITY_TAG = re.compile(r'"?([0-9A-Za-z-]{1,128})"?')
LENGTH = re.compile(r"[0-9]{1,15}")
HTTP_SPACE = " \t"  # RFC 9110, 5.6.3; beside any other white space browsers see no type
DOCTORS_FILE = "oss-direct-upload-doctor.txt"  # what `make doctor` uploads
EXTENDED_NAME = re.compile(r"filename\*=UTF-8''([A-Za-z0-9._~%-]{1,1024})")  # the form our grants have


class Head(NamedTuple):
    """OSS's answer to a HEAD; header names are lower-case."""

    status: int
    headers: Mapping[str, str]


class Upload(NamedTuple):
    """An upload that was granted and is there; `size` is in bytes, `user` empty for anonymous ones.

    `id` is the grant's: with a directory grant several uploads share it, and only `key` tells them apart; its
    last part is their `name`.
    """

    id: str
    key: str
    size: int
    etag: str
    type: str
    name: str
    user: str

    @property
    def marks(self) -> dict[str, bool]:
        """`{"doctor": True}` for the doctor's file: a mark, not a proof, for anyone may choose its name."""
        return {"doctor": True} if self.name == DOCTORS_FILE else {}


def complete(ticket: FileTicket, head: Head) -> Upload:
    """Return the upload if the object is the granted one.

    Raises `NotStored`, `ObjectDiffers`, or `Unavailable` where the answer decides nothing.
    """
    if head.status == MISSING:
        raise NotStored("not_stored", "The file is not stored; it can be sent again.")
    if head.status != FOUND:
        raise Unavailable(f"head_{head.status}")
    refuse_ungranted(head.headers)
    tag = ENTITY_TAG.fullmatch(head.headers.get("etag", ""))
    length = LENGTH.fullmatch(head.headers.get("content-length", ""))
    if not tag or not length:
        raise Unavailable("head_incomplete")
    if int(length[0]) != ticket.size:
        raise ObjectDiffers("size_differs", "The stored object has another size than was granted.")
    return Upload(
        id=ticket.id,
        key=ticket.key,
        size=ticket.size,
        etag=tag[1],
        type=head.headers.get("content-type", ""),
        name=file_name(head.headers.get("content-disposition", "")),
        user=ticket.sub,
    )


def check_etag(signed: str | None, stored: str) -> None:
    """Raise `ObjectDiffers` if OSS's callback spoke of other bytes than are stored; a page speaks of None."""
    if signed not in {None, stored}:
        raise ObjectDiffers("etag_differs", "The object was replaced after OSS reported it.")


def check_type(media_type: str, allowed: Sequence[str]) -> None:
    """Raise `TypeNotAllowed` for a type that no grant leads to: a directory grant pins none.

    A comma makes a list of one header, and browsers take its last type (Fetch, "extract a MIME type"): each
    must be allowed. What has no slash is a parameter's, as in `video/webm;codecs=vp8,opus`.
    """
    named = [part.partition(";")[0].strip(HTTP_SPACE).lower() for part in media_type.split(",")]
    types = [one for index, one in enumerate(named) if index == 0 or "/" in one]
    if not all(TYPE.fullmatch(one) and allows(allowed, one) for one in types):
        raise TypeNotAllowed("type_not_allowed", f"Allowed types: {', '.join(allowed)}.")


def refuse_ungranted(headers: Mapping[str, str]) -> None:
    """Raise `ObjectDiffers` for what no grant leads to: fields the browser added, a bucket with versions."""
    if "content-encoding" in headers:
        raise ObjectDiffers(
            "object_encoded", "The stored object has a Content-Encoding, which no grant allows."
        )
    if headers.get("x-oss-storage-class", "Standard") not in READABLE_CLASSES:
        raise ObjectDiffers(
            "storage_class_differs", "The stored object has a storage class that no grant allows."
        )
    if "x-oss-version-id" in headers:
        raise ObjectDiffers(
            "bucket_versioned", "The bucket keeps versions, so that objects can be overwritten."
        )


def file_name(disposition: str) -> str:
    """Return the file's name from the Content-Disposition of our grants, or an empty string."""
    match = EXTENDED_NAME.search(disposition)
    return unquote(match[1]) if match else ""
