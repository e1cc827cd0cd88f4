"""A file grant: one upload of exactly one file, under a fresh key, by one form.

Pure: settings and plain values in, a grant out. Never lives here: who asks (`callers.py`), a clock.

Sources: Alibaba Cloud OSS, "PostObject"; RFC 6266 and RFC 8187 for Content-Disposition.
"""

import re
from collections.abc import Mapping

from grants import object_key
from grants.callers import Caller
from grants.lifetime import CONFIRM_SECONDS, lifetime_seconds
from grants.post_policy import callback_parameter, sign_v4, v4_fields, write_policy
from grants.settings import Settings
from grants.upload_request import UploadRequest
from vendored.env import Credentials
from vendored.media_types import INLINE_TYPES
from vendored.oss_signing import uri_encode
from vendored.ticket import FileTicket, sign_ticket

NOT_ATTR_CHARS = re.compile(r"[^A-Za-z0-9._~-]+")
STORAGE_CLASS = "Standard"  # which otherwise the sender of a form may choose, at the owner's cost
KEPT_NAME_BYTES = 120
KEPT_EXTENSION_BYTES = 16


def issue_file_grant(
    upload: UploadRequest,
    caller: Caller,
    settings: Settings,
    credentials: Credentials,
    now: float,
    entropy: bytes,
) -> dict[str, object]:
    """Grant one upload of exactly this file, under a fresh key or its permit's.

    `now` is in epoch seconds, `entropy` is `object_key.ID_RANDOM_BYTES` of randomness. Returns the grant
    of docs/http-api.md: `fields` are sent in order with the file last, `expires_in` is in seconds.
    """
    upload_id, key = object_key.name_upload(caller, upload.type, settings, now, entropy)
    lifetime = lifetime_seconds(upload.size)
    expires_at = int(now) + lifetime
    claims = FileTicket(
        id=upload_id,
        key=key,
        size=upload.size,
        sub=caller.subject,
        iat=int(now),
        exp=expires_at + CONFIRM_SECONDS,
        data=caller.data,
        page_data=upload.page_data,
    )
    ticket = sign_ticket(claims, settings.ticket_secret[0])
    pinned = pinned_fields(upload, key, callback_parameter(settings.callback_url, ticket))
    return {
        "id": upload_id,
        "url": f"{settings.upload_host}/",
        "method": "POST",
        "key": key,
        "fields": sign_fields(pinned, upload.size, expires_at, settings, credentials, now),
        "expires_in": lifetime,
        "ticket": ticket,
        "confirm": f"{settings.callback_url}/confirm",
    }


def pinned_fields(upload: UploadRequest, key: str, callback: str) -> dict[str, str]:
    """Return the fields that decide how the object is stored, and which address OSS calls."""
    return {
        "key": key,
        "x-oss-content-type": upload.type,
        "Content-Disposition": content_disposition(upload.name, upload.type),
        "x-oss-forbid-overwrite": "true",
        "x-oss-object-acl": "private",
        "x-oss-storage-class": STORAGE_CLASS,
        "success_action_status": "200",
        "callback": callback,
    }


def sign_fields(
    pinned: Mapping[str, str],
    size: int,
    expires_at: int,
    settings: Settings,
    credentials: Credentials,
    now: float,
) -> dict[str, str]:
    """Return `pinned`, OSS's own fields, a policy with each of them as a condition, and its signature.

    Every sent field has a condition, because OSS accepts fields that no condition names. The ACL field is
    sent because it overrides the ACL request header. Conditions name all fields in lower case.
    """
    fields = {**pinned, **v4_fields(settings, credentials, now)}
    conditions = [
        {"bucket": settings.upload_bucket},
        ["content-length-range", size, size],
        *({name.lower(): value} for name, value in fields.items()),
    ]
    policy = write_policy(conditions, expires_at)
    return {**fields, "policy": policy, "x-oss-signature": sign_v4(policy, settings, credentials, now)}


def content_disposition(name: str, media_type: str) -> str:
    """Return the header that keeps the file's name and lets browsers show harmless types only."""
    kind = "inline" if media_type in INLINE_TYPES else "attachment"
    kept = shorten(name)
    return f"{kind}; filename=\"{NOT_ATTR_CHARS.sub('_', kept)}\"; filename*=UTF-8''{uri_encode(kept)}"


def shorten(name: str) -> str:
    """Cut a name to `KEPT_NAME_BYTES` of UTF-8, at a character and before its extension."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > KEPT_EXTENSION_BYTES:
        stem, dot, extension = name, "", ""
    room = KEPT_NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + extension
