"""What stands behind `make deploy`: the stack, the region, and settings. Nothing comes from the environment.

make exports every variable it was given, and whatever the shell already had; GIVEN names those of its own
command line. A value that begins with `@` is read from the file of that name: secrets need not stand on a
command line, where other users of a machine can see them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

# with region, account and use it is a bucket's name, of at most 63 characters
STACK = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")
OWN = ("STACK", "REGION", "YES")
SETTINGS = (
    "RUNTIME",
    "UPLOAD_BUCKET",
    "UPLOAD_PREFIX",
    "UPLOAD_DOMAIN",
    "SITE_DOMAIN",
    "ALLOWED_ORIGINS",
    "ALLOW_ANONYMOUS",
    "AUTH_JWKS",
    "AUTH_HS256_SECRET",
    "AUTH_ISSUER",
    "AUTH_AUDIENCE",
    "MAX_BYTES",
    "ALLOWED_TYPES",
    "ALLOW_DIRECTORY_GRANTS",
    "DIRECTORY_MAX_BYTES",
    "WEBHOOK_URL",
    "WEBHOOK_SECRET",
    "TOKEN_CONCURRENCY",
    "CALLBACK_CONCURRENCY",
)


class Unusable(ValueError):
    """An argument is missing or wrong; the message is a sentence for whoever typed it."""


class Arguments(NamedTuple):
    """`settings` are the template's parameters that were given, by their names there."""

    stack: str
    region: str
    yes: bool
    delete_uploads: bool
    at_once: bool
    settings: Mapping[str, str]


def read(
    env: Mapping[str, str], *, own: Iterable[str] = OWN, settings: Collection[str] = SETTINGS
) -> Arguments:
    """Read what make was given, of what this command takes. Raises `Unusable`."""
    given = {name: env.get(name, "") for name in env.get("GIVEN", "").split()}
    unknown = sorted(given.keys() - {*own, *settings})
    if unknown:
        raise Unusable(f"{', '.join(unknown)}: no such setting. There are {', '.join((*own, *settings))}.")
    if not STACK.fullmatch(given.get("STACK", "")):
        raise Unusable("STACK takes a name of 2 to 20 characters from a-z 0-9 -, beginning with a letter.")
    if not given.get("REGION"):
        raise Unusable("Say where: REGION=cn-hangzhou")
    return Arguments(
        stack=given["STACK"],
        region=given["REGION"],
        yes=given.get("YES") == "1",
        delete_uploads=given.get("DELETE_UPLOADS") == "1",
        at_once=given.get("NOW") == "1",
        settings={parameter(name): value_of(name, given[name]) for name in settings if name in given},
    )


def parameter(name: str) -> str:
    """Return the template's name of a setting: `MAX_BYTES` is `MaxBytes`."""
    return name.title().replace("_", "")


def value_of(name: str, given: str) -> str:
    """Return a value, or what the file it names says."""
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise Unusable(f"{name}: {given[1:]} cannot be read ({type(error).__name__}).") from None
