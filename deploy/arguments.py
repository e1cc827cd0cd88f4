"""The arguments of the commands that use a stack: its name, its region, options, and settings.

make exports the variables of its command line together with those that the shell had. GIVEN lists the names
that stood on the command line; only these are read, so that no setting comes from the environment. A value
`@FILE` is read from that file: other users of a machine can see a command line, and with it a secret.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from deploy.errors import CommandError

# a bucket's name is made of stack, region, account and use, and has at most 63 characters
STACK = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")
OPTIONS = ("STACK", "REGION", "OSS_ENDPOINT", "YES")
CERTIFICATES = ("SITE_CERTIFICATE", "SITE_PRIVATE_KEY", "UPLOAD_CERTIFICATE", "UPLOAD_PRIVATE_KEY")
DEPLOY_OPTIONS = (*OPTIONS, "INSTANCE_QUOTA", "WAIT", *CERTIFICATES)
SETTINGS = (
    "RUNTIME",
    "UPLOAD_BUCKET",
    "UPLOAD_BUCKET_RULES",
    "UPLOAD_PREFIX",
    "UPLOAD_DOMAIN",
    "SITE_DOMAIN",
    "ALLOWED_ORIGINS",
    "ALLOW_ANONYMOUS",
    "AUTH_JWKS",
    "AUTH_HS256_SECRET",
    "AUTH_ISSUER",
    "AUTH_AUDIENCE",
    "PERMIT_SECRET",
    "PROFILES",
    "MAX_BYTES",
    "MULTIPART_BYTES",
    "ALLOWED_TYPES",
    "ALLOW_DIRECTORY_GRANTS",
    "DIRECTORY_MAX_BYTES",
    "WEBHOOK_URL",
    "WEBHOOK_SECRET",
    "DETECT_TYPE",
    "READ_SECONDS",
    "IMAGE_STYLES",
    "PROBLEM_TYPES_URL",
    "TOKEN_CONCURRENCY",
    "CALLBACK_CONCURRENCY",
)


class Arguments(NamedTuple):
    """`settings` has the settings that were given, under the names of the template's parameters.

    `oss_endpoint` is the host to ask OSS at, empty for the region's public one. `instance_quota` is how many
    instances the account may have in the region, 0 if nobody said. `certificates` has the `CERTIFICATES` that
    were given; no stack keeps them.
    """

    stack: str
    region: str
    oss_endpoint: str
    yes: bool
    delete_uploads: bool
    now: bool
    instance_quota: int
    json: bool
    wait: bool
    certificates: Mapping[str, str]
    settings: Mapping[str, str]


def read_arguments(
    env: Mapping[str, str],
    *,
    options: Iterable[str] = DEPLOY_OPTIONS,
    settings: Collection[str] = SETTINGS,
) -> Arguments:
    """Read the options and settings that a command takes. Raises `CommandError`."""
    given = {name: env.get(name, "") for name in env.get("GIVEN", "").split()}
    unknown = sorted(given.keys() - {*options, *settings})
    if unknown:
        raise CommandError(
            f"{', '.join(unknown)}: no such setting. There are {', '.join((*options, *settings))}."
        )
    if not STACK.fullmatch(given.get("STACK", "")):
        raise CommandError(
            "STACK takes a name of 2 to 20 characters from a-z 0-9 -, beginning with a letter."
        )
    if not given.get("REGION"):
        raise CommandError("REGION is missing, such as REGION=cn-hangzhou")
    return Arguments(
        stack=given["STACK"],
        region=given["REGION"],
        oss_endpoint=given.get("OSS_ENDPOINT", ""),
        yes=given.get("YES") == "1",
        delete_uploads=given.get("DELETE_UPLOADS") == "1",
        now=given.get("NOW") == "1",
        instance_quota=read_quota(given.get("INSTANCE_QUOTA", "0")),
        json=given.get("JSON") == "true",
        wait=given.get("WAIT") == "1",
        certificates={name: read_value(name, given[name]) for name in CERTIFICATES if name in given},
        settings={parameter_name(name): read_value(name, given[name]) for name in settings if name in given},
    )


def read_quota(given: str) -> int:
    """Return a number of instances. Raises `CommandError`."""
    if not (given.isascii() and given.isdigit()):
        raise CommandError("INSTANCE_QUOTA takes the number that the Quota Center shows for the region.")
    return int(given)


def parameter_name(setting: str) -> str:
    """Return the name of a setting's parameter in the template: `MaxBytes` for `MAX_BYTES`."""
    return setting.title().replace("_", "")


def read_value(name: str, given: str) -> str:
    """Return a value, or the content of the file that `@FILE` names. Raises `CommandError`."""
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise CommandError(f"{name}: {given[1:]} cannot be read ({type(error).__name__}).") from None
