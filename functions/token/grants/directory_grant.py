"""A directory grant: the protocol of Alibaba Cloud's own tutorials, for clients that were written for them.

One grant allows any number of uploads into a folder of its own. Its policy fixes what such clients can keep
to: folder, largest size, callback. Imported only where the settings allow it. Pure, as `file_grant.py` is.

Sources: Alibaba Cloud OSS, "Obtain signature information from the server and upload data to OSS" (V4), and
its older edition with Signature Version 1.
"""

from grants import object_key
from grants.callers import Caller
from grants.lifetime import GRANT_SECONDS, lifetime_seconds
from grants.post_policy import callback_parameter, sign_v4, v4_fields, write_policy
from grants.settings import V1_NEEDS_STATIC_KEY, Settings
from vendored import oss_signing
from vendored.env import Credentials
from vendored.errors import Misconfigured, Refusal
from vendored.media_types import allows
from vendored.ticket import CLOCK_LEEWAY_SECONDS, DirectoryTicket, sign_ticket

V4_MEMBERS = {
    "x-oss-signature-version": "x_oss_signature_version",
    "x-oss-credential": "x_oss_credential",
    "x-oss-date": "x_oss_date",
    "x-oss-security-token": "security_token",
}


def may_have_directory_grant(caller: Caller, settings: Settings) -> bool:
    """Tell whether this caller may have a directory grant.

    A caller with fewer types than the settings allow may not: the directory ticket does not name types, so
    the callback function could not refuse the others. It carries no `data` either, and a permit is for files.
    """
    named = caller.data or caller.permit
    return not named and all(allows(caller.limits.types, one) for one in settings.allowed_types)


def issue_directory_grant(
    caller: Caller, settings: Settings, credentials: Credentials, now: float, entropy: bytes
) -> dict[str, object]:
    """Grant uploads into a fresh folder. `now` and `entropy` are as in `issue_file_grant`.

    Returns the answer of the tutorials' application servers. `expire` is in epoch seconds: until then a page
    may begin an upload; the policy lives longer, by the time that the largest upload takes. Raises `Refusal`.
    """
    if not may_have_directory_grant(caller, settings):
        raise Refusal("directory_not_offered", "You may upload single files only: ask for a grant for each.")
    grant_id = object_key.time_sortable_id(now, entropy)
    folder = f"{object_key.user_folder(caller, settings, now)}{grant_id}/"
    max_bytes = min(settings.directory_max_bytes, caller.limits.max_bytes)
    expires_at = int(now) + lifetime_seconds(max_bytes)
    claims = DirectoryTicket(
        grant_id, folder, max_bytes, caller.subject, int(now), expires_at + CLOCK_LEEWAY_SECONDS
    )
    callback = callback_parameter(settings.callback_url, sign_ticket(claims, settings.ticket_secret[0]))
    conditions: list[object] = [
        {"bucket": settings.upload_bucket},
        ["starts-with", "$key", folder],
        ["content-length-range", 0, max_bytes],
        {"callback": callback},
    ]
    if settings.signature_version == "V1":
        signed = sign_as_v1(conditions, expires_at, credentials)
    else:
        signed = sign_as_v4(conditions, expires_at, settings, credentials, now)
    expire = int(now) + GRANT_SECONDS
    return {"host": settings.upload_host, "dir": folder, "callback": callback, "expire": expire, **signed}


def sign_as_v4(
    conditions: list[object], expires_at: int, settings: Settings, credentials: Credentials, now: float
) -> dict[str, object]:
    """Return the members that the current tutorial's page reads."""
    fields = v4_fields(settings, credentials, now)
    policy = write_policy([*conditions, *({name: value} for name, value in fields.items())], expires_at)
    members = {member: fields[name] for name, member in V4_MEMBERS.items() if name in fields}
    return {**members, "policy": policy, "signature": sign_v4(policy, settings, credentials, now)}


def sign_as_v1(conditions: list[object], expires_at: int, credentials: Credentials) -> dict[str, object]:
    """Return the members that the original tutorial's page reads. Raises `Misconfigured`."""
    if credentials.security_token:
        raise Misconfigured("misconfigured", f"SIGNATURE_VERSION=V1 {V1_NEEDS_STATIC_KEY}")
    policy = write_policy(conditions, expires_at)
    signature = oss_signing.sign_policy_v1(policy, credentials.access_key_secret)
    return {"accessid": credentials.access_key_id, "policy": policy, "signature": signature}
