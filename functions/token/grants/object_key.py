"""The key of an object: prefix, user, day, id, and an extension that follows the media type.

Never lives here: the file's own name, which is only in the Content-Disposition (`file_grant.py`).

Source: Alibaba Cloud OSS, "Object naming".
"""

import base64
import hashlib
import re

from grants.callers import Caller, fits_ticket
from grants.settings import Settings
from vendored.log import timestamp
from vendored.media_types import extension_of

PLAIN_SUBJECT = r"[a-z0-9-]{1,64}"  # compiled where users sign in
ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: sorts as the number does
ID_RANDOM_BYTES = 10


def time_sortable_id(now: float, entropy: bytes) -> str:
    """Return 128 bits, the first 48 of them the time in milliseconds, as 26 characters that sort by time."""
    number = int.from_bytes(int(now * 1000).to_bytes(6, "big") + entropy, "big")
    return "".join([ID_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5)])


def name_upload(
    caller: Caller, media_type: str, settings: Settings, now: float, entropy: bytes
) -> tuple[str, str]:
    """Return id and key of one upload. Both are fresh, unless a permit is for one upload only.

    That upload has the same key whatever is sent: OSS stores it once, and the key has no extension.
    """
    once = caller.permit.once if caller.permit else None
    if once:
        now, entropy = once.time, once.entropy[:ID_RANDOM_BYTES]
    upload_id = time_sortable_id(now, entropy)
    folder = user_folder(caller, settings, now)
    return upload_id, folder + (upload_id if once else file_name_of(upload_id, media_type))


def user_folder(caller: Caller, settings: Settings, now: float) -> str:
    """Return the folder of this user's uploads of today, with a slash at its end."""
    if not fits_ticket(caller.subject):
        raise ValueError("authorize.py returned a subject that does not fit a ticket")
    day = timestamp(now)[:10].replace("-", "/")
    user = user_segment(caller.subject)
    taken = f"{caller.folder}{user}/"
    if settings.profiles and any(one.folder.startswith(taken) for one in settings.profiles.values()):
        user = hashed(caller.subject)  # or this user's folder would hold the profile's uploads
    return f"{settings.upload_prefix}{caller.folder}{user}/{day}/"


def user_segment(subject: str) -> str:
    """Return the folder of a user: no two subjects share one, and anonymous uploads are in `_`."""
    if not subject or re.fullmatch(PLAIN_SUBJECT, subject):
        return subject or "_"
    return hashed(subject)


def hashed(subject: str) -> str:
    """Return the folder for a subject that is no plain name: `~` and 132 bits of SHA-256, as base64url."""
    return "~" + base64.urlsafe_b64encode(hashlib.sha256(subject.encode()).digest())[:22].decode()


def file_name_of(upload_id: str, media_type: str) -> str:
    """Return the last part of a key; its extension follows the type, never the name."""
    extension = extension_of(media_type)
    return f"{upload_id}.{extension}" if extension else upload_id
