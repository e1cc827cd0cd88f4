"""The rules of a bucket's website: the key that a path shows, and the page for a missing key.

The caller provides the content: objects of the bucket, or files in folders.
Source: OSS PutBucketWebsite page. RoutingRules (redirection, mirroring) are not emulated.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import quote

from oss_emulator.errors import OssError
from oss_emulator.http_messages import Answer, Request

# Answers a request with the content of a key; raises OssError NoSuchKey if there is none.
Read = Callable[[Request, str], Answer]

# Conditions on the requested key, which must not be applied to the error page.
_CONDITIONS = frozenset({"if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "range"})


class Missing(Enum):
    """IndexDocument's Type: the answer for a key without a slash at its end if only `key/index` exists."""

    REDIRECT = "0"
    NOT_FOUND = "1"
    INDEX = "2"


@dataclass(frozen=True)
class Website:
    """A website configuration. An empty `index` or `error_key` means that there is none."""

    index: str = ""
    sub_directories: bool = False
    missing: Missing = Missing.REDIRECT
    error_key: str = ""
    error_status: int = 404


def website_answer(website: Website, request: Request, key: str, read: Read) -> Answer:
    """Answer an anonymous GET or HEAD of `key`. Raises OssError if key and error page are missing."""
    try:
        return read(request, shown_key(website, key))
    except OssError as error:
        if error.code != "NoSuchKey":
            raise
        answer = _folder_answer(website, request, key, read) or _error_page(website, request, read)
        if answer is None:
            raise
        return answer


def shown_key(website: Website, key: str) -> str:
    """Return the key that a request for `key` gets: the index for a directory, which ends with a slash."""
    if not website.index or (key and not key.endswith("/")):
        return key
    return (key if website.sub_directories else "") + website.index


def _folder_answer(website: Website, request: Request, key: str, read: Read) -> Answer | None:
    found = website.index and website.sub_directories and not key.endswith("/")
    if not found or website.missing is Missing.NOT_FOUND:
        return None
    index = f"{key}/{website.index}"
    try:
        if website.missing is Missing.INDEX:
            return read(request, index)
        read(replace(request, method="HEAD"), index)
    except OssError as error:
        if error.code != "NoSuchKey":
            raise
        return None
    return Answer(302, {"Location": quote(f"/{key}/")})


def _error_page(website: Website, request: Request, read: Read) -> Answer | None:
    if not website.error_key:
        return None
    headers = {name: value for name, value in request.headers.items() if name not in _CONDITIONS}
    try:
        page = read(replace(request, headers=headers), website.error_key)
    except OssError:  # missing or not public: the original refusal is sent
        return None
    # That the page carries the EC of the missing key is inferred.
    return Answer(website.error_status, {**page.headers, "x-oss-ec": "0026-00000001"}, page.body)
