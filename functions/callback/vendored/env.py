"""Environment variables: a parser for each form of a setting, and one error that names every problem.

Lives here: the parsers, and the role's credentials, which both functions read. Never lives here: the list of
a function's settings. An error says what was expected and never repeats a value, which may be a secret.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from vendored.errors import Misconfigured
from vendored.records import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")
    U = TypeVar("U")

MIN_SECRET_BYTES = 32
MAX_PREFIX_CHARACTERS = 32
MAX_ENVIRONMENT_BYTES = 4096  # Function Compute: all variables of a function together
ROLE_SECRET = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"  # noqa: S105 - its name
ROLE = ("ALIBABA_CLOUD_ACCESS_KEY_ID", ROLE_SECRET, "ALIBABA_CLOUD_SECURITY_TOKEN")
DEVELOPMENT = "development-"  # the beginning of every secret that `make run` invents

BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
REGION = re.compile(r"(?!oss-)[a-z]{2,10}(-[a-z0-9]{1,20}){1,4}")
PREFIX = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)+")
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123, 2.1
ADDRESS = re.compile(rf"https?://(?P<host>{LABEL}(\.{LABEL})*|\[::1\])(:(?P<port>[1-9][0-9]{{0,4}}))?")
URL_CHARACTERS = r"[A-Za-z0-9._~!$&'()*+,;=:@%/?-]"  # RFC 3986, 3.3 and 3.4
URL = rf"(?P<address>[^/?#@]+//[^/?#@]+)([/?]{URL_CHARACTERS}*)?"  # compiled when used, as LOOPBACK is
OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
LOOPBACK = rf"http://(localhost|127(\.{OCTET}){{3}}|\[::1\])(:[0-9]+)?"
MAX_HOST_CHARACTERS = 253
MAX_PORT = 65535

# Annotations with Callable are quoted: making the type takes 30 us of each start.


class InvalidValue(ValueError):
    """A variable has the wrong form. The message completes a sentence that begins with its name."""


class Credentials(NamedTuple):
    """An AccessKey: the role's temporary one, or a static one, whose `security_token` is empty."""

    access_key_id: str
    access_key_secret: str
    security_token: str

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id!r}, ...)"


class Variables:
    """Reads an environment and remembers every problem until `finish`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []
        self._taken: dict[str, int] = {}  # bytes of each variable, its name included

    def take(self, name: str, parse: "Callable[[str], T]", default: str | None = None) -> "T":
        """Return the parsed variable. A bad one becomes None, and `finish` raises before anything uses it."""
        given = self._environ.get(name)
        self._taken[name] = 0 if given is None else len((name + given).encode(errors="replace"))
        value = given or default
        if value is None:
            self._problems.append(f"{name} is not set")
            return None  # type: ignore[return-value]  # nothing uses it
        try:
            return parse(value)
        except InvalidValue as problem:
            self._problems.append(f"{name} {problem}")
        except UnicodeError:
            self._problems.append(f"{name} must be valid UTF-8")
        return None  # type: ignore[return-value]  # nothing uses it

    def refuse_development_secrets(self, names: Iterable[str], *addresses: str | None) -> None:
        """Refuse the secrets that `make run` invents, unless every address is on this machine."""
        for name in names:
            invented = any(item.startswith(DEVELOPMENT) for item in comma_list(self._environ.get(name, "")))
            if invented and not all(is_loopback(address) for address in addresses if address):
                self.refuse(f"{name} is a development value, fit for loopback addresses only")

    def refuse(self, problem: str) -> None:
        """Remember a problem of several variables together."""
        self._problems.append(problem)

    def finish(self) -> None:
        """Raise `Misconfigured` with every problem that was found."""
        if sum(self._taken.values()) > MAX_ENVIRONMENT_BYTES:
            longest = max(self._taken, key=self._taken.__getitem__)
            self.refuse(f"{longest} is too long: all of them together may have {MAX_ENVIRONMENT_BYTES} bytes")
        if self._problems:
            raise Misconfigured("misconfigured", "; ".join(self._problems))


def credentials(environ: Mapping[str, str], context: object) -> Credentials:
    """Return the role's current credentials. They expire, so they are read again for each request.

    The environment has them on every runtime, `context.credentials` on Python 3.10 and older.
    """
    found = Credentials(*[environ.get(name, "") for name in ROLE])
    if not (found.access_key_id and found.access_key_secret):
        given = getattr(context, "credentials", None)
        found = Credentials(*[getattr(given, name, None) or "" for name in Credentials._fields])
    if found.access_key_id and found.access_key_secret:
        return found
    raise Misconfigured("misconfigured", f"the function has no role: {ROLE[0]} or {ROLE_SECRET} is not set")


def optional(parse: "Callable[[str], T]", unset: "U") -> "Callable[[str], T | U]":
    """Return a parser that reads an empty value as `unset`."""
    return lambda value: parse(value) if value else unset


def flag(value: str) -> bool:
    """Read `true` or `false`."""
    if value not in {"true", "false"}:
        raise InvalidValue("must be true or false")
    return value == "true"


def whole_number(low: int, high: int) -> "Callable[[str], int]":
    """Return a parser of whole numbers from `low` to `high`."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", value) or not low <= int(value) <= high:
            raise InvalidValue(f"must be a whole number from {low} to {high}")
        return int(value)

    return parse


def bucket(value: str) -> str:
    """Read a bucket's name."""
    return full_match(BUCKET, value, "must be a bucket's name")


def region(value: str) -> str:
    """Read a region id."""
    return full_match(REGION, value, "must be a region id such as cn-hangzhou, without oss-")


def prefix(value: str) -> str:
    """Read the first part of every key."""
    if len(value) > MAX_PREFIX_CHARACTERS:
        raise InvalidValue(f"must be at most {MAX_PREFIX_CHARACTERS} characters")
    return full_match(
        PREFIX, value, "must be segments of A-Z a-z 0-9 . _ -, each ending in / and none beginning with ."
    )


def address(value: str) -> str:
    """Read `scheme://host[:port]`; a final slash is dropped."""
    bare = value.removesuffix("/")
    match = ADDRESS.fullmatch(bare)
    if not match or len(match["host"]) > MAX_HOST_CHARACTERS or int(match["port"] or 0) > MAX_PORT:
        raise InvalidValue("must be https://host with nothing behind it")
    if bare.startswith("http:") and not is_loopback(bare):
        raise InvalidValue("must be https unless its host is this machine")
    return bare


def is_loopback(address: str) -> bool:
    """Tell whether an address is on this machine; only there `http` is allowed."""
    return bool(re.fullmatch(LOOPBACK, address))


def url(value: str) -> str:
    """Read an address that may have a path and a query behind it."""
    match = re.fullmatch(URL, value)
    if not match:
        raise InvalidValue("must be https://host/path without a user's name or a fragment")
    address(match["address"])
    return value


def origins(value: str) -> tuple[str, ...]:
    """Read a comma list of exact origins, as browsers write them: no path, no default port."""
    listed = comma_list(value)
    for origin in listed:
        if address(origin) != origin or origin.endswith(":443" if origin.startswith("https:") else ":80"):
            raise InvalidValue(
                "must be a comma list of origins such as https://example.com, as browsers send them"
            )
    return listed


def secrets(value: str) -> tuple[str, ...]:
    """Read a comma list of secrets."""
    listed = comma_list(value)
    if any(len(secret.encode()) < MIN_SECRET_BYTES for secret in listed):
        raise InvalidValue(f"must be {MIN_SECRET_BYTES} bytes or more, or a comma list of such")
    return listed


def comma_list(value: str) -> tuple[str, ...]:
    """Read a comma list."""
    return tuple(item.strip() for item in value.split(","))


def full_match(pattern: re.Pattern[str], value: str, expected: str) -> str:
    """Read a value that matches a pattern from end to end."""
    if not pattern.fullmatch(value):
        raise InvalidValue(expected)
    return value
