"""The proof of an upload: the object exists, and it is the one that was granted.

`verify_object` is the whole decision, with every check. Never lives here: how OSS is asked (`outbound.py`),
whether the callback is genuine (`callback_request.py`).

Source: Alibaba Cloud OSS, "HeadObject"; a versioned bucket voids x-oss-forbid-overwrite ("PostObject").
"""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from completion.callback_request import UploadReport
from vendored.errors import NotStored, ObjectDiffers, TypeNotAllowed, Unavailable
from vendored.media_types import SVG, allows, is_media_type, shown_name, type_of_file

OK = 200
NOT_FOUND = 404
READABLE_CLASSES = ("Standard", "IA")  # objects of the other storage classes must be restored before a read
OBJECT_TYPES = ("Normal", "Multipart")  # what a form and an upload in parts make
CRC64 = re.compile(r"[0-9]{1,20}")
ENTITY_TAG = re.compile(r'"?([0-9A-Za-z-]{1,128})"?')
LENGTH = re.compile(r"[0-9]{1,15}")
HTTP_SPACE = " \t"  # RFC 9110, 5.6.3; with any other white space in it, browsers see no type
DOCTORS_FILE = "oss-direct-upload-doctor.txt"  # what `make doctor` uploads
EXTENDED_NAME = re.compile(r"filename\*=UTF-8''([A-Za-z0-9._~%-]{1,1024})")  # the form our grants have


class Head(NamedTuple):
    """OSS's answer to a HEAD; header names are lower-case."""

    status: int
    headers: Mapping[str, str]


class Upload(NamedTuple):
    """A proved upload: it was granted, and its object exists. `user` is empty for an anonymous one.

    `id` is the grant's. The uploads of one directory grant share it and differ in `key`, whose last part is
    then the `name`, without characters that can disguise it. After `expires_at`, in epoch seconds, the grant
    neither stores nor confirms anything. `crc64` is OSS's own of the content, in decimal, or empty.
    `data` is what your server said the upload is for, `page_data` what the page said: a claim of the user.
    `detected_type` is what the first bytes show (`detected_type.py`), empty if unknown or DETECT_TYPE is off.
    """

    id: str
    key: str
    size: int
    etag: str
    type: str
    name: str
    user: str
    expires_at: int
    crc64: str = ""
    data: Mapping[str, str] = {}
    page_data: Mapping[str, str] = {}
    detected_type: str = ""

    @property
    def marks(self) -> dict[str, bool]:
        """`{"doctor": True}` for the doctor's file: a mark, not a proof, for anyone may choose its name."""
        return {"doctor": True} if self.name == DOCTORS_FILE else {}


def verify_object(report: UploadReport, head: Head, allowed_types: Sequence[str]) -> Upload:
    """Decide whether the object is the granted one: ticket, OSS's answer and OSS's callback must agree.

    Raises `NotStored`, `ObjectDiffers`, `TypeNotAllowed`, or `Unavailable` if OSS's answer decides nothing.
    """
    ticket, headers = report.ticket, head.headers
    if head.status == NOT_FOUND:
        raise NotStored("not_stored", "The file is not stored; it can be sent again.")
    if head.status != OK:
        raise Unavailable(f"head_{head.status}")
    check_storage(headers)
    tag = ENTITY_TAG.fullmatch(headers.get("etag", ""))
    length = LENGTH.fullmatch(headers.get("content-length", ""))
    if not tag or not length:
        raise Unavailable("head_incomplete")
    if int(length[0]) != ticket.size:
        raise ObjectDiffers("size_differs", "The stored object has another size than was granted.")
    if report.etag not in {None, tag[1]}:  # `/confirm` has no ETag: nothing is compared
        raise ObjectDiffers("etag_differs", "The object was replaced after OSS reported it.")
    media_type = headers.get("content-type", "")
    check_type(media_type, allowed_types, ticket.key, in_directory=report.in_directory)
    named = file_name(headers.get("content-disposition", ""))
    checksum = headers.get("x-oss-hash-crc64ecma", "")
    return Upload(
        id=ticket.id,
        key=ticket.key,
        size=ticket.size,
        etag=tag[1],
        type=media_type,
        name=shown_name(ticket.key.rpartition("/")[2]) if report.in_directory else named,
        user=ticket.sub,
        expires_at=ticket.exp,  # a policy ends earlier, and OSS judges it when a whole form has arrived
        crc64=checksum if CRC64.fullmatch(checksum) else "",
        data=ticket.data,
        page_data=ticket.page_data,
    )


def check_type(media_type: str, allowed: Sequence[str], key: str, *, in_directory: bool = False) -> None:
    """Raise `TypeNotAllowed` for a stored type that is not allowed: a directory grant does not fix the type.

    A header with commas is a list, and browsers take its last type (Fetch, "extract a MIME type"), so each
    must be allowed. A part without a slash belongs to a parameter, as in `video/webm;codecs=vp8,opus`.
    `key` is the object's: its extension decides where systems give the type to several kinds of file.
    `image/*` does not cover SVG in a directory grant, which does not fix the disposition: browsers run the
    scripts of an SVG that is shown inline.
    """
    extension = key[key.rfind(".") :] if "." in key else ""
    if refusal := _type_refusal(media_type, tuple(allowed), extension, in_directory=in_directory):
        raise TypeNotAllowed("type_not_allowed", refusal)


@functools.lru_cache(maxsize=64)  # the uploads of one deployment are of few types
def _type_refusal(media_type: str, allowed: Sequence[str], extension: str, *, in_directory: bool) -> str:
    """Return why this type is refused; an empty string if it is allowed."""
    named = [part.partition(";")[0].strip(HTTP_SPACE).lower() for part in media_type.split(",")]
    said = [one for index, one in enumerate(named) if index == 0 or "/" in one]
    types = [type_of_file(one, extension) for one in said]
    if in_directory and SVG in types:
        allowed = [one for one in allowed if one != "image/*"]
    if all(map(is_media_type, said)) and all(allows(allowed, one) for one in types):
        return ""
    return f"Allowed types: {', '.join(allowed)}."


def check_storage(headers: Mapping[str, str]) -> None:
    """Raise `ObjectDiffers` for headers that no granted object has: from added fields, or from versioning."""
    if "content-encoding" in headers:
        raise ObjectDiffers(
            "object_encoded", "The stored object has a Content-Encoding, which no grant allows."
        )
    if headers.get("x-oss-storage-class", "Standard") not in READABLE_CLASSES:
        raise ObjectDiffers(
            "storage_class_differs", "The stored object has a storage class that no grant allows."
        )
    if headers.get("x-oss-object-type", "Normal") not in OBJECT_TYPES:
        raise ObjectDiffers("object_type_differs", "The stored object is of a type that no grant makes.")
    if "x-oss-version-id" in headers:
        raise ObjectDiffers(
            "bucket_versioned", "The bucket keeps versions, so that objects can be overwritten."
        )


def file_name(disposition: str) -> str:
    """Return the file's name from the Content-Disposition of our grants, or an empty string."""
    match = EXTENDED_NAME.search(disposition)
    return unquote(match[1]) if match else ""
