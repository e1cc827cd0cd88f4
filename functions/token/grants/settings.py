"""The settings of the token function, from its environment. docs/settings.md explains each."""

from collections.abc import Mapping
from types import ModuleType

from grants.callers import FindKeys, Limits
from vendored import env, media_types
from vendored.records import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from grants.profiles import Profile

DEFAULT_MAX_BYTES = 400 * 1024**2
LARGEST_FORM_BYTES = 5 * 10**9  # OSS: PostObject takes bodies below 5 GB ...
FORM_OVERHEAD_BYTES = 64 * 1024  # ... form fields included
LARGEST_FORM = LARGEST_FORM_BYTES - FORM_OVERHEAD_BYTES
LARGEST_BYTES = 100 * 1024**3  # in a thousand parts, sent within a day
DEFAULT_MULTIPART_BYTES = 32 * 1024**2
DEFAULT_DIRECTORY_MAX_BYTES = 100 * 1024**2
V1_NEEDS_STATIC_KEY = "needs a static AccessKey: clients of V1 send no security token"
MODES = ("ALLOW_ANONYMOUS", "AUTH_JWKS", "AUTH_HS256_SECRET")
TOKEN_CLAIMS = ("AUTH_ISSUER", "AUTH_AUDIENCE")
SECRETS = ("TICKET_SECRET", "AUTH_HS256_SECRET", "PERMIT_SECRET", env.ROLE_SECRET)


class Settings(NamedTuple):
    """Sizes are in bytes, addresses `scheme://host[:port]`; `find_keys` is None where nobody signs in.

    `problem_types_url` is empty where no page explains the codes of refusals. Files above `multipart_bytes`
    may be sent in parts, none if it is 0.
    """

    upload_bucket: str
    oss_region: str
    upload_prefix: str
    upload_host: str
    object_url: str
    callback_url: str
    ticket_secret: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    max_bytes: int
    multipart_bytes: int
    allowed_types: tuple[str, ...]
    problem_types_url: str
    allow_anonymous: bool
    find_keys: FindKeys | None
    auth_issuer: str
    auth_audience: str
    permit_secret: tuple[str, ...]
    profiles: "Mapping[str, Profile]"
    allow_directory_grants: bool
    directory_max_bytes: int
    signature_version: str

    def __repr__(self) -> str:
        return f"Settings({self.upload_bucket!r}, ...)"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the environment. Raises `Misconfigured` naming every variable that is missing or bad."""
        read = env.Variables(environ)
        form_size = env.whole_number(1, LARGEST_FORM)
        bucket = read.take("UPLOAD_BUCKET", env.bucket)
        region = read.take("OSS_REGION", env.region)
        keys = read.take("AUTH_JWKS", env.optional(key_set, None), "")
        secret = read.take("AUTH_HS256_SECRET", env.optional(hs256_secret, None), "")
        settings = cls(
            upload_bucket=bucket,
            oss_region=region,
            upload_prefix=read.take("UPLOAD_PREFIX", env.prefix, "uploads/"),
            upload_host=read.take("UPLOAD_HOST", env.address),
            object_url=read.take("OBJECT_URL", env.optional(env.address, ""), "")
            or f"https://{bucket}.oss-{region}-internal.aliyuncs.com",
            callback_url=read.take("CALLBACK_URL", env.address),
            ticket_secret=read.take("TICKET_SECRET", env.secrets),
            allowed_origins=read.take("ALLOWED_ORIGINS", env.origins),
            max_bytes=read.take("MAX_BYTES", env.whole_number(1, LARGEST_BYTES), str(DEFAULT_MAX_BYTES)),
            multipart_bytes=read.take(
                "MULTIPART_BYTES", env.whole_number(0, LARGEST_FORM), str(DEFAULT_MULTIPART_BYTES)
            ),
            allowed_types=read.take("ALLOWED_TYPES", media_types.read_patterns, media_types.DEFAULT_TYPES),
            problem_types_url=read.take("PROBLEM_TYPES_URL", env.optional(env.url, ""), ""),
            allow_anonymous=read.take("ALLOW_ANONYMOUS", env.flag, "false"),
            find_keys=keys or secret,
            auth_issuer=read.take("AUTH_ISSUER", claim, ""),
            auth_audience=read.take("AUTH_AUDIENCE", claim, ""),
            permit_secret=read.take("PERMIT_SECRET", env.optional(env.secrets, ()), ""),
            profiles=read.take("PROFILES", env.optional(named_profiles, {}), ""),
            allow_directory_grants=read.take("ALLOW_DIRECTORY_GRANTS", env.flag, "false"),
            directory_max_bytes=read.take("DIRECTORY_MAX_BYTES", form_size, str(DEFAULT_DIRECTORY_MAX_BYTES)),
            signature_version=read.take("SIGNATURE_VERSION", signature_version, "V4"),
        )
        read.refuse_development_secrets(
            SECRETS, settings.upload_host, settings.object_url, settings.callback_url
        )
        _check_mode(read, environ)
        _check_v1(read, environ, settings)
        _check_sizes(read, settings)
        _check_permits(read, environ)
        _check_profiles(read, settings)
        read.finish()
        return settings


def key_set(value: str) -> FindKeys:
    """Read a JSON Web Key Set or its address."""
    find_keys: FindKeys = _key_sets().read_keys(value)
    return find_keys


def hs256_secret(value: str) -> FindKeys:
    """Read a secret that an identity provider shares with this function."""
    find_keys: FindKeys = _key_sets().read_secret(value)
    return find_keys


def named_profiles(value: str) -> "Mapping[str, Profile]":
    """Read the profiles that a page or a permit can name."""
    from grants import profiles  # noqa: PLC0415 - only deployments with profiles pay for it

    return profiles.read_profiles(value)


def claim(value: str) -> str:
    """Read the exact value that a claim must have."""
    if value != value.strip():
        raise env.InvalidValue("must not begin or end with white space")
    return value


def signature_version(value: str) -> str:
    """Read the version of OSS's signature in directory grants."""
    if value not in {"V4", "V1"}:
        raise env.InvalidValue("must be V4 or V1")
    return value


def _key_sets() -> ModuleType:
    try:
        from grants import key_sets  # noqa: PLC0415 - only signed-in deployments have PyJWT and pay for it
    except ImportError:
        raise env.InvalidValue("needs the packages of requirements-auth.txt beside this function") from None
    return key_sets


def _check_mode(read: env.Variables, environ: Mapping[str, str]) -> None:
    """Check that one variable says who may upload, or only permits do, and that what it needs is set."""
    modes = [name for name in MODES if environ.get(name) not in {None, "", "false"}]
    tokens = [name for name in TOKEN_CLAIMS if environ.get(name)]
    if not modes and environ.get("PERMIT_SECRET"):
        for name in tokens:
            read.refuse(f"{name} must not be set where only permits let anybody upload")
    elif len(modes) != 1:
        said = f"exactly one must say who may upload, not {len(modes)}, or only PERMIT_SECRET"
        read.refuse(f"{', '.join(MODES)}: {said}")
    elif modes == ["ALLOW_ANONYMOUS"]:
        for name in tokens:
            read.refuse(f"{name} must not be set where anyone may upload")
        if not environ.get("MAX_BYTES"):
            read.refuse("MAX_BYTES must be set where anyone may upload")
    else:
        for name in TOKEN_CLAIMS:
            if name not in tokens:
                read.refuse(f"{name} must be set with {modes[0]}")


def _check_permits(read: env.Variables, environ: Mapping[str, str]) -> None:
    """Refuse one secret for two things: a permit, a login and a ticket must never be mistaken for another."""
    used = {name: set(env.comma_list(environ.get(name, ""))) - {""} for name in SECRETS}
    for name in ("TICKET_SECRET", "AUTH_HS256_SECRET"):
        if used[name] & used["PERMIT_SECRET"]:
            read.refuse(f"PERMIT_SECRET must be another secret than {name}")


def _check_profiles(read: env.Variables, settings: Settings) -> None:
    if settings.profiles and settings.max_bytes and settings.allowed_types:
        from grants import profiles  # noqa: PLC0415 - as above

        for problem in profiles.problems(
            settings.profiles, Limits(settings.max_bytes, settings.allowed_types)
        ):
            read.refuse(problem)


def _check_v1(read: env.Variables, environ: Mapping[str, str], settings: Settings) -> None:
    if settings.signature_version != "V1":
        return
    if settings.allow_directory_grants is False:
        read.refuse("SIGNATURE_VERSION=V1 is for directory grants: it needs ALLOW_DIRECTORY_GRANTS=true")
    if environ.get("ALIBABA_CLOUD_SECURITY_TOKEN"):
        read.refuse(f"SIGNATURE_VERSION=V1 {V1_NEEDS_STATIC_KEY}")


def _check_sizes(read: env.Variables, settings: Settings) -> None:
    if settings.multipart_bytes == 0 and (settings.max_bytes or 0) > LARGEST_FORM:
        read.refuse(f"MAX_BYTES above {LARGEST_FORM} needs uploads in parts: MULTIPART_BYTES must not be 0")
