"""A file grant: one upload of exactly one file, under a fresh key, by one form.

Pure: settings and plain values in, a grant out. Never lives here: who asks (`callers.py`), a clock.

Source: Alibaba Cloud OSS, "PostObject".
"""

from collections.abc import Mapping

from grants import object_key
from grants.callback_parameter import callback_parameter
from grants.callers import Caller
from grants.content_disposition import content_disposition
from grants.lifetime import CONFIRM_SECONDS, lifetime_seconds
from grants.post_policy import sign_v4, v4_fields, write_policy
from grants.settings import Settings
from grants.upload_request import UploadRequest
from vendored.env import Credentials
from vendored.ticket import FileTicket, sign_ticket


def issue_file_grant(
    upload: UploadRequest,
    caller: Caller,
    settings: Settings,
    credentials: Credentials,
    now: float,
    entropy: bytes,
) -> dict[str, object]:
    """Grant one upload of exactly this file under a fresh key.

    `now` is in epoch seconds, `entropy` is `object_key.ID_RANDOM_BYTES` of randomness. Returns the README's
    grant: `fields` are sent in order with the file last, `expires_in` is in seconds.
    """
    upload_id = object_key.time_sortable_id(now, entropy)
    key = object_key.user_folder(caller, settings, now) + object_key.file_name_of(upload_id, upload.type)
    lifetime = lifetime_seconds(upload.size)
    expires_at = int(now) + lifetime
    claims = FileTicket(upload_id, key, upload.size, caller.subject, int(now), expires_at + CONFIRM_SECONDS)
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
    """Return the fields that decide how the object is stored and who is told."""
    return {
        "key": key,
        "x-oss-content-type": upload.type,
        "Content-Disposition": content_disposition(upload.name, upload.type),
        "x-oss-forbid-overwrite": "true",
        "x-oss-object-acl": "private",
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

    OSS accepts fields that no condition names, so every field that is sent has one. `x-oss-object-acl` is sent
    because the field wins over the request header. Conditions name all fields in lower case.
    """
    fields = {**pinned, **v4_fields(settings, credentials, now)}
    conditions = [
        {"bucket": settings.upload_bucket},
        ["content-length-range", size, size],
        *({name.lower(): value} for name, value in fields.items()),
    ]
    policy = write_policy(conditions, expires_at)
    return {**fields, "policy": policy, "x-oss-signature": sign_v4(policy, settings, credentials, now)}
