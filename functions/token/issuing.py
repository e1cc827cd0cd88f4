"""May this upload happen, and under which policy? Pure rules: settings and plain values in, a grant out.

Never lives here: who is asking (`authorize.py`), names (`naming.py`), signatures (`signing.py`), a clock or
randomness.

Sources: Alibaba Cloud OSS, "PostObject" and its "Policy" section, "Callback".
"""

import base64
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import media
import naming
import signing
from callers import Caller, Limits, fits_ticket
from refusals import Malformed, TooLarge, TypeNotAllowed
from settings import Settings
from variables import Credentials

PARAMETERS = ("name", "size", "type")
SIZE = re.compile(r"0|[1-9][0-9]{0,14}")
CALLBACK_VARIABLES = "bucket=${bucket}&object=${object}&size=${size}&etag=${etag}"  # OSS fills these in

GRANT_SECONDS = 300
SLOWEST_BYTES_PER_SECOND = 128 * 1024
MAX_GRANT_SECONDS = 3600
CONFIRM_SECONDS = 3600  # a slow upload still has to be confirmed


class Wish(NamedTuple):
    """The file a page would like to upload; `size` is in bytes."""

    name: str
    size: int
    type: str


def read_wish(query: Mapping[str, str]) -> Wish:
    """Read `name`, `size` and `type`, each once and nothing else. Raises `Malformed`."""
    for name in PARAMETERS:
        if name not in query:
            raise Malformed("missing_parameter", f"The parameter {name} is missing.")
    if len(query) != len(PARAMETERS):
        raise Malformed("unknown_parameter", "Only the parameters name, size and type are known.")
    if not SIZE.fullmatch(query["size"]):
        raise Malformed("size_invalid", "The parameter size must be a whole number of bytes.")
    media_type = query["type"].lower()
    if not query["type"].isascii() or not media.TYPE.fullmatch(media_type):
        raise Malformed("type_invalid", "The parameter type must be a media type without parameters.")
    return Wish(naming.read_name(query["name"]), int(query["size"]), media_type)


def check_limits(wish: Wish, limits: Limits) -> None:
    """Raise `TooLarge` or `TypeNotAllowed` for a file outside the limits."""
    if wish.size > limits.max_bytes:
        raise TooLarge("too_large", f"A file may have at most {limits.max_bytes} bytes.")
    if not media.allows(limits.types, wish.type):
        raise TypeNotAllowed("type_not_allowed", f"Allowed types: {', '.join(limits.types)}.")


def describe_limits(limits: Limits, grants: Sequence[str]) -> dict[str, object]:
    """Return what a page can say before a file is chosen; `grants` are the kinds on offer."""
    slowest = -(-limits.max_bytes // lifetime_seconds(limits.max_bytes))
    return {
        "max_bytes": limits.max_bytes,
        "slowest_bytes_per_second": slowest,
        "types": list(limits.types),
        "grants": list(grants),
    }


def issue_file_grant(
    wish: Wish, caller: Caller, settings: Settings, credentials: Credentials, now: float, entropy: bytes
) -> dict[str, object]:
    """Grant one upload of exactly this file under a fresh key.

    `now` is in epoch seconds, `entropy` is `naming.ID_RANDOM_BYTES` of randomness. Returns the
    README's grant: `fields` are sent in order with the file last, `expires_in` is in seconds.
    """
    upload_id = naming.time_sortable_id(now, entropy)
    key = user_folder(caller, settings, now) + naming.file_name_of(upload_id, wish.type)
    lifetime = lifetime_seconds(wish.size)
    expires_at = int(now) + lifetime
    claims = signing.FileTicket(
        upload_id, key, wish.size, caller.subject, int(now), expires_at + CONFIRM_SECONDS
    )
    ticket = signing.seal(claims, settings.ticket_secret[0])
    pinned = pinned_fields(wish, key, callback_parameter(settings.callback_url, ticket))
    return {
        "id": upload_id,
        "url": f"{settings.upload_host}/",
        "method": "POST",
        "key": key,
        "fields": sign_fields(pinned, wish.size, expires_at, settings, credentials, now),
        "expires_in": lifetime,
        "ticket": ticket,
        "confirm": f"{settings.callback_url}/confirm",
    }


def lifetime_seconds(size: int) -> int:
    """Return how long a policy for `size` bytes lives: OSS checks its expiry when the upload ends."""
    return min(GRANT_SECONDS + -(-size // SLOWEST_BYTES_PER_SECOND), MAX_GRANT_SECONDS)


def user_folder(caller: Caller, settings: Settings, now: float) -> str:
    """Return where today's uploads of this user are, with a slash at its end."""
    if not fits_ticket(caller.subject):
        raise ValueError("authorize.py returned a subject that does not fit a ticket")
    day = time.strftime("%Y/%m/%d", time.gmtime(now))
    return f"{settings.upload_prefix}{naming.user_segment(caller.subject)}/{day}/"


def callback_parameter(callback_url: str, ticket: str) -> str:
    """Return OSS's `callback` form field: base64 JSON. The ticket is all that is inserted into the body.

    The body's type is OSS's default, a form: naming it would cost a hundred characters of the policy.
    Function Compute's hosts share a certificate, so OSS must send SNI; a query would not reach the function.
    """
    parameter = {
        "callbackUrl": f"{callback_url}/callback",
        "callbackBody": f"ticket={ticket}&{CALLBACK_VARIABLES}",
        "callbackSNI": True,
    }
    return base64_json(parameter)


def pinned_fields(wish: Wish, key: str, callback: str) -> dict[str, str]:
    """Return the fields that say what is stored and who is told."""
    return {
        "key": key,
        "x-oss-content-type": wish.type,
        "Content-Disposition": naming.content_disposition(wish.name, wish.type),
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

    OSS accepts fields that no condition names, so every field sent is pinned, and `x-oss-object-acl` is sent
    because the field beats the request header. Conditions on fields other than x-oss-* are in lower case.
    """
    fields = {**pinned, **v4_fields(settings, credentials, now)}
    conditions = [
        {"bucket": settings.upload_bucket},
        ["content-length-range", size, size],
        *({name.lower(): value} for name, value in fields.items()),
    ]
    policy = write_policy(conditions, expires_at)
    return {**fields, "policy": policy, "x-oss-signature": sign_v4(policy, settings, credentials, now)}


def v4_fields(settings: Settings, credentials: Credentials, now: float) -> dict[str, str]:
    """Return the fields that tell OSS how a form is signed: under V4 each must be a condition."""
    date = signing.utc_stamp(now)
    fields = {
        "x-oss-signature-version": signing.ALGORITHM_V4,
        "x-oss-credential": f"{credentials.access_key_id}/{signing.scope(date[:8], settings.oss_region)}",
        "x-oss-date": date,
    }
    if credentials.security_token:
        fields["x-oss-security-token"] = credentials.security_token
    return fields


def write_policy(conditions: Sequence[object], expires_at: int) -> str:
    """Return a policy as the base64 text that is sent and signed; `expires_at` is in epoch seconds."""
    expiration = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(expires_at))
    return base64_json({"expiration": expiration, "conditions": conditions})


def sign_v4(policy: str, settings: Settings, credentials: Credentials, now: float) -> str:
    """Sign a policy."""
    day = signing.utc_stamp(now)[:8]
    return signing.sign_policy_v4(policy, credentials.access_key_secret, day, settings.oss_region)


def base64_json(document: Mapping[str, object]) -> str:
    """Write JSON as OSS takes it in a form field."""
    return base64.b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()
