"""What the token function is told by its environment. The README's table explains each variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import variables

DEFAULT_MAX_BYTES = 400 * 1024**2
LARGEST_FORM_BYTES = 5 * 10**9  # OSS: PostObject takes bodies below 5 GB ...
FORM_OVERHEAD_BYTES = 64 * 1024  # ... form fields included
DEFAULT_TYPES = (
    "image/*,audio/*,video/*,text/plain,text/csv,application/pdf,application/zip,application/octet-stream,"
    "application/msword,application/vnd.ms-excel,application/vnd.ms-powerpoint,"
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document,"
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet,"
    "application/vnd.openxmlformats-officedocument.presentationml.presentation"
)


class Settings(NamedTuple):
    """Sizes are in bytes; addresses are `scheme://host[:port]`."""

    upload_bucket: str
    oss_region: str
    upload_prefix: str
    upload_host: str
    callback_url: str
    ticket_secret: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    max_bytes: int
    allowed_types: tuple[str, ...]
    allow_anonymous: bool

    def __repr__(self) -> str:
        return f"Settings({self.upload_bucket!r}, ...)"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the environment. Raises `Misconfigured` naming every variable that is missing or bad."""
        read = variables.Variables(environ)
        largest = LARGEST_FORM_BYTES - FORM_OVERHEAD_BYTES
        settings = cls(
            upload_bucket=read.take("UPLOAD_BUCKET", variables.bucket),
            oss_region=read.take("OSS_REGION", variables.region),
            upload_prefix=read.take("UPLOAD_PREFIX", variables.prefix, "uploads/"),
            upload_host=read.take("UPLOAD_HOST", variables.address),
            callback_url=read.take("CALLBACK_URL", variables.address),
            ticket_secret=read.take("TICKET_SECRET", variables.secrets),
            allowed_origins=read.take("ALLOWED_ORIGINS", variables.origins),
            max_bytes=read.take("MAX_BYTES", variables.whole_number(1, largest), str(DEFAULT_MAX_BYTES)),
            allowed_types=read.take("ALLOWED_TYPES", variables.media_types, DEFAULT_TYPES),
            allow_anonymous=read.take("ALLOW_ANONYMOUS", variables.flag, "false"),
        )
        read.refuse_development_secrets(settings.ticket_secret, settings.upload_host, settings.callback_url)
        if settings.allow_anonymous is False:
            read.refuse("ALLOW_ANONYMOUS must be true: there is no other way yet to say who may upload")
        if not environ.get("MAX_BYTES"):
            read.refuse("MAX_BYTES must be set where anyone may upload")
        read.finish()
        return settings
