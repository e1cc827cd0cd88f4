"""The settings of the callback function, from its environment. docs/settings.md explains each."""

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple

from vendored import env, media_types

SECRETS = ("TICKET_SECRET", env.ROLE_SECRET)
WEBHOOK_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]+={0,2})")
WEBHOOK_SECRET_BYTES = range(24, 65)  # Standard Webhooks: 192 to 512 bits


class Settings(NamedTuple):
    """`webhook_url` is empty if no backend is told; `public_key_pem` is empty except in emulation.

    `problem_types_url` is empty where no page explains the codes of refusals.
    """

    upload_bucket: str
    oss_region: str
    upload_prefix: str
    object_url: str
    ticket_secret: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    allowed_types: tuple[str, ...]
    problem_types_url: str
    webhook_url: str  # it may contain a key of the backend
    webhook_secret: tuple[bytes, ...]
    public_key_pem: str

    def __repr__(self) -> str:
        return f"Settings({self.upload_bucket!r}, ...)"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the environment. Raises `Misconfigured` naming every variable that is missing or bad."""
        read = env.Variables(environ)
        bucket = read.take("UPLOAD_BUCKET", env.bucket)
        region = read.take("OSS_REGION", env.region)
        settings = cls(
            upload_bucket=bucket,
            oss_region=region,
            upload_prefix=read.take("UPLOAD_PREFIX", env.prefix, "uploads/"),
            object_url=read.take("OBJECT_URL", env.optional(env.address, ""), "")
            or f"https://{bucket}.oss-{region}-internal.aliyuncs.com",
            ticket_secret=read.take("TICKET_SECRET", env.secrets),
            allowed_origins=read.take("ALLOWED_ORIGINS", env.origins),
            allowed_types=read.take("ALLOWED_TYPES", media_types.read_patterns, media_types.DEFAULT_TYPES),
            problem_types_url=read.take("PROBLEM_TYPES_URL", env.optional(env.url, ""), ""),
            webhook_url=read.take("WEBHOOK_URL", env.optional(env.url, ""), ""),
            webhook_secret=read.take("WEBHOOK_SECRET", env.optional(webhook_secrets, ()), ""),
            public_key_pem=read.take("PUBLIC_KEY_PEM", str, ""),
        )
        read.refuse_development_secrets(SECRETS, settings.object_url)
        if bool(environ.get("WEBHOOK_URL")) != bool(environ.get("WEBHOOK_SECRET")):
            read.refuse("WEBHOOK_URL and WEBHOOK_SECRET must be set together")
        if settings.public_key_pem and not env.is_loopback(settings.object_url):
            read.refuse("PUBLIC_KEY_PEM may be set only where OBJECT_URL is this machine")
        read.finish()
        return settings


def webhook_secrets(value: str) -> tuple[bytes, ...]:
    """Read a comma list of Standard Webhooks' secrets."""
    return tuple(_webhook_secret(item) for item in env.comma_list(value))


def _webhook_secret(item: str) -> bytes:
    expected = "must be whsec_ and base64 of 24 to 64 bytes, or a comma list of such"
    encoded = env.full_match(WEBHOOK_SECRET, item, expected).removeprefix("whsec_")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except ValueError:
        secret = b""
    if len(secret) not in WEBHOOK_SECRET_BYTES or base64.b64encode(secret).decode() != encoded:
        raise env.InvalidValue(expected)
    return secret
