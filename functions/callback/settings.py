"""What the callback function is told by its environment. The README's table explains each variable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import variables


@dataclass(frozen=True)
class Settings:
    """Addresses are `scheme://host[:port]`; `public_key_pem` is empty but in emulation."""

    upload_bucket: str
    oss_region: str
    upload_prefix: str
    object_url: str
    ticket_secret: tuple[str, ...] = field(repr=False)
    allowed_origins: tuple[str, ...]
    public_key_pem: str = field(repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the environment. Raises `Misconfigured` naming every variable that is missing or bad."""
        read = variables.Variables(environ)
        bucket = read.take("UPLOAD_BUCKET", variables.bucket)
        region = read.take("OSS_REGION", variables.region)
        settings = cls(
            upload_bucket=bucket,
            oss_region=region,
            upload_prefix=read.take("UPLOAD_PREFIX", variables.prefix, "uploads/"),
            object_url=read.take("OBJECT_URL", variables.optional(variables.address), "")
            or f"https://{bucket}.oss-{region}-internal.aliyuncs.com",
            ticket_secret=read.take("TICKET_SECRET", variables.secrets),
            allowed_origins=read.take("ALLOWED_ORIGINS", variables.origins),
            public_key_pem=read.take("PUBLIC_KEY_PEM", str, ""),
        )
        read.refuse_development_secrets(settings.ticket_secret, settings.object_url)
        if settings.public_key_pem and not variables.LOOPBACK.fullmatch(settings.object_url):
            read.refuse("PUBLIC_KEY_PEM may be set only where OBJECT_URL is this machine")
        read.finish()
        return settings
