"""Random inputs for both functions, most of them nearly right, and the rules of the settings restated."""

from __future__ import annotations

import ipaddress
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from hypothesis import strategies as st

from tests.support.random_events import TEXT
from vendored.media_types import TYPES
from vendored.ticket import DirectoryTicket, FileTicket, Ticket

NOW = 1_800_000_000  # 2027-01-15T08:00:00Z
SECRET = "a-ticket-secret-of-more-than-32-bytes"
MARK = "hunter2"  # every value holds it, and no message may

UNICODE = st.characters(exclude_categories=["Cs"])  # the characters that UTF-8 can encode
STRANGE = (
    "",
    "..",
    "//",
    "%2e",
    "${x}",
    ":443",
    "[::1]",
    "9" * 5000,
    MARK,
    *" \n\0\ud800\u212a\uff0e٣é*-_=/@#?:,;0",
)

# The good values of each variable; the first ones together are an environment that is accepted.
ENVIRONMENT = {
    "UPLOAD_BUCKET": ("hunter2bucket", "a1-hunter2"),
    "OSS_REGION": ("cn-hunter2", "us-west-1-hunter2"),
    "UPLOAD_PREFIX": ("hunter2/", "in/hunter2.d/"),
    "TICKET_SECRET": ("hunter2" * 6, f"{'hunter2' * 6}, {'2retnuh' * 6}"),
    "ALLOWED_ORIGINS": ("https://hunter2.example", "http://localhost:8080, https://hunter2.example:8443"),
    "ALLOWED_TYPES": ("image/hunter2", "image/*, text/hunter2", "*/*", "image/x-png, IMAGE/PNG"),
}
ADDRESSES = ("https://hunter2.example", "https://hunter2:8443/", "http://127.0.0.1:9000", "http://[::1]")

T = TypeVar("T")
U = TypeVar("U")
E = TypeVar("E", bound=Exception)


def torn(*good: str) -> st.SearchStrategy[str]:
    """Replace a piece of a good text by something else."""

    def cut(text: str) -> st.SearchStrategy[str]:
        ends = st.tuples(st.integers(0, len(text)), st.integers(0, 3))
        piece = st.one_of(st.sampled_from(STRANGE), st.text(max_size=3))
        return st.builds(lambda end, new: text[: end[0]] + new + text[sum(end) :], ends, piece)

    return st.sampled_from(good).flatmap(cut)


def with_one(
    good: Mapping[str, str], others: Mapping[str, st.SearchStrategy[str]]
) -> st.SearchStrategy[dict[str, str]]:
    """Give one member of a good mapping another value, or add a member."""
    changes = [st.tuples(st.just(name), values) for name, values in others.items()]
    return st.one_of(changes).map(lambda changed: {**good, changed[0]: changed[1]})


def environments(good: Mapping[str, Sequence[str]]) -> st.SearchStrategy[dict[str, str]]:
    """Spoil up to three variables and leave out one, or choose among the good values."""
    nonsense = TEXT.map(lambda text: text + MARK)
    usual = {name: values[0] for name, values in good.items() if values[0]}

    def spoil(name: str) -> st.SearchStrategy[tuple[str, str]]:
        given = st.one_of(st.sampled_from(good[name]), torn(*good[name]), nonsense, st.just(""))
        return given.map(lambda value: (name, value))

    changes = st.lists(st.sampled_from(sorted(good)).flatmap(spoil), max_size=3)
    left_out = st.one_of(st.just(""), st.sampled_from(sorted(good)))
    return st.builds(
        lambda changed, left: {k: v for k, v in {**usual, **dict(changed)}.items() if k != left},
        changes,
        left_out,
    )


def tried(refusal: type[E], parse: Callable[[U], T], given: U) -> T | E:
    """Return what the parser returns, or the refusal that it raises; another exception fails the test."""
    try:
        return parse(given)
    except refusal as raised:
        return raised


def says_nothing_given(detail: str) -> bool:
    """Tell whether a message holds no given value, nor a character that can only come from one."""
    return bool(detail) and MARK not in detail and detail.isascii() and detail.isprintable()


def is_address(text: str) -> bool:
    """Tell whether this is `scheme://host[:port]` to a parser of addresses that is not ours."""
    parts = urlsplit(text)
    host = parts.hostname or ""
    bare = text.isascii() and text == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
    port = parts.port is None or 1 <= parts.port <= 65535
    return bare and port and 1 <= len(host) <= 253 and (parts.scheme == "https" or is_loopback(text))


def is_loopback(text: str) -> bool:
    parts = urlsplit(text)
    host = parts.hostname or ""
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    return here and parts.scheme == "http"


class SharedSettings(Protocol):
    """The settings that both functions have."""

    @property
    def upload_bucket(self) -> str: ...
    @property
    def oss_region(self) -> str: ...
    @property
    def upload_prefix(self) -> str: ...
    @property
    def ticket_secret(self) -> Sequence[str]: ...
    @property
    def allowed_origins(self) -> Sequence[str]: ...
    @property
    def allowed_types(self) -> Sequence[str]: ...


def check_shared(settings: SharedSettings) -> None:
    """Restate, in other words, the rules for the settings of both functions."""
    plain = set(string.ascii_lowercase + string.digits + "-")
    assert 3 <= len(settings.upload_bucket) <= 63
    assert set(settings.upload_bucket) <= plain
    assert "-" not in settings.upload_bucket[0] + settings.upload_bucket[-1]
    assert set(settings.oss_region) <= plain
    assert not settings.oss_region.startswith("oss-")
    assert "-" in settings.oss_region
    assert len(settings.upload_prefix) <= 32
    *segments, end = settings.upload_prefix.split("/")
    assert end == ""
    assert segments
    for segment in segments:
        assert segment
        assert not segment.startswith(".")
        assert set(segment) <= set(string.ascii_letters + string.digits + "._-")
    assert settings.ticket_secret
    for secret in settings.ticket_secret:
        assert len(secret.encode()) >= 32
        assert secret == secret.strip()
    assert settings.allowed_origins
    for origin in settings.allowed_origins:
        assert is_address(origin)
        assert not origin.endswith(":443" if origin.startswith("https") else ":80")
    check_patterns(settings.allowed_types)


def check_patterns(patterns: Sequence[str]) -> None:
    """Restate the rules for a list of media types."""
    assert patterns
    assert [known_by(one) for one in patterns] == list(dict.fromkeys(patterns))
    for pattern in patterns:
        main, slash, sub = pattern.partition("/")
        assert slash
        assert main not in {"", "*"} or pattern == "*/*"
        for part in {main, sub} - {"*"}:
            assert 1 <= len(part) <= 64
            assert set(part) <= set(string.ascii_lowercase + string.digits + ".+-")


def known_by(media_type: str) -> str:
    """Restate the one name of a media type."""
    return next((one for one, (_, others) in TYPES.items() if media_type in others.split()), media_type)


def lies_within(patterns: Sequence[str], media_type: str) -> bool:
    """Restate when a media type is allowed."""
    name = known_by(media_type)
    return any(
        known_by(one) in {"*/*", name} or (one[-2:] == "/*" and name.startswith(one[:-1])) for one in patterns
    )


# Spellings of one type, types that leave it to the name, and what browsers run
SPELLED = (
    "application/x-zip-compressed",
    "application/x-compressed",
    "application/vnd.ms-excel",
    "application/javascript",
    "image/x-png",
    "image/svg",
    "text/x-markdown",
)


WORDS = st.text(UNICODE, max_size=20)
TIMES = st.integers(0, 2**40)
SIZES = st.integers(0, 10**15 - 1)
MAPS = st.dictionaries(st.text(UNICODE, max_size=8), st.text(UNICODE, max_size=20), max_size=3)
FILE_TICKETS: st.SearchStrategy[FileTicket] = st.builds(
    FileTicket,
    id=WORDS,
    key=st.text(UNICODE, max_size=60),
    size=SIZES,
    sub=WORDS,
    iat=TIMES,
    exp=TIMES,
    part=st.just(0),
    up=st.just(""),
    data=MAPS,
    page_data=MAPS,
)
DIRECTORY_TICKETS: st.SearchStrategy[DirectoryTicket] = st.builds(
    DirectoryTicket, id=WORDS, dir=st.text(UNICODE, max_size=60), max=SIZES, sub=WORDS, iat=TIMES, exp=TIMES
)
MULTIPART_TICKETS: st.SearchStrategy[FileTicket] = st.builds(
    FileTicket._replace,
    FILE_TICKETS,
    part=st.integers(1, 10**10),
    up=st.text(UNICODE, min_size=1, max_size=40),
)
TICKETS: st.SearchStrategy[Ticket] = st.one_of(FILE_TICKETS, MULTIPART_TICKETS, DIRECTORY_TICKETS)
