"""The settings of the callback function, from its environment. docs/settings.md explains each."""

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple

from vendored import env, media_types
from vendored.strict_json import parse_object

SECRETS = ("TICKET_SECRET", env.ROLE_SECRET)
WEBHOOK_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]+={0,2})")
WEBHOOK_SECRET_BYTES = range(24, 65)  # Standard Webhooks: 192 to 512 bits
MAX_READ_SECONDS = 3600  # an address ends with the role's token, whose rest of life no document promises
MAX_IMAGE_STYLES = 8  # the answer has an address of 2 KB for each
STYLE_NAME = re.compile(r"[a-z0-9_]{1,32}")
STYLE = re.compile(
    r"image(/(resize|crop|indexcrop|circle|rounded-corners|rotate|auto-orient|quality|format|interlace"
    r"|blur|bright|contrast|sharpen)(,[A-Za-z0-9_-]{1,16}){1,8}){1,8}"
)  # no watermark, which may read another object, and nothing whose result is no image


class Settings(NamedTuple):
    """`webhook_url` is empty if no backend is told; `public_key_pem` is empty except in emulation.

    `problem_types_url` is empty where no page explains the codes of refusals. Pages get addresses that live
    `read_seconds`, none if it is 0; `image_styles` has OSS's parameters of each image by its name.
    """

    upload_bucket: str
    oss_region: str
    upload_prefix: str
    object_url: str
    upload_host: str
    ticket_secret: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    allowed_types: tuple[str, ...]
    problem_types_url: str
    webhook_url: str  # it may contain a key of the backend
    webhook_secret: tuple[bytes, ...]
    read_seconds: int
    image_styles: Mapping[str, str]
    detect_type: bool
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
            upload_host=read.take("UPLOAD_HOST", env.optional(env.address, ""), ""),
            ticket_secret=read.take("TICKET_SECRET", env.secrets),
            allowed_origins=read.take("ALLOWED_ORIGINS", env.origins),
            allowed_types=read.take("ALLOWED_TYPES", media_types.read_patterns, media_types.DEFAULT_TYPES),
            problem_types_url=read.take("PROBLEM_TYPES_URL", env.optional(env.url, ""), ""),
            webhook_url=read.take("WEBHOOK_URL", env.optional(env.url, ""), ""),
            webhook_secret=read.take("WEBHOOK_SECRET", env.optional(webhook_secrets, ()), ""),
            read_seconds=read.take("READ_SECONDS", env.whole_number(0, MAX_READ_SECONDS), "0"),
            image_styles=read.take("IMAGE_STYLES", env.optional(image_styles, {}), ""),
            detect_type=read.take("DETECT_TYPE", env.flag, "false"),
            public_key_pem=read.take("PUBLIC_KEY_PEM", str, ""),
        )
        read.refuse_development_secrets(SECRETS, settings.object_url, settings.upload_host)
        if bool(environ.get("WEBHOOK_URL")) != bool(environ.get("WEBHOOK_SECRET")):
            read.refuse("WEBHOOK_URL and WEBHOOK_SECRET must be set together")
        if settings.read_seconds and not environ.get("UPLOAD_HOST"):
            read.refuse("UPLOAD_HOST must be set with READ_SECONDS")
        if settings.image_styles and settings.read_seconds == 0:
            read.refuse("IMAGE_STYLES must be set with READ_SECONDS")
        if settings.public_key_pem and not env.is_loopback(settings.object_url):
            read.refuse("PUBLIC_KEY_PEM may be set only where OBJECT_URL is this machine")
        read.finish()
        return settings


def image_styles(value: str) -> Mapping[str, str]:
    """Read a JSON object of names and of parameters for OSS's image processing."""
    try:
        styles = parse_object(value.encode())
    except ValueError:
        styles = {}
    named = all(
        STYLE_NAME.fullmatch(name) and isinstance(style, str) and STYLE.fullmatch(style)
        for name, style in styles.items()
    )
    if not named or not 0 < len(styles) <= MAX_IMAGE_STYLES:
        raise env.InvalidValue(
            f"must be a JSON object of 1 to {MAX_IMAGE_STYLES} names of a-z 0-9 _ with styles such as "
            "image/resize,w_320, of the operations that docs/settings.md lists"
        )
    return {name: str(style) for name, style in styles.items()}


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
