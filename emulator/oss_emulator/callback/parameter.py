"""The `callback` parameter: decoded from base64 and JSON, and checked, before anything is stored.

Nothing is sent here, and no variable is inserted.
Source: OSS Callback page; 400 error page for the messages; EC 0007-00000001 to -00000014, -00000105.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from oss_emulator.callback.resolver import Resolve, is_public
from oss_emulator.errors import OssError, invalid_argument

MAX_PARAMETER_BYTES = 5 * 1024  # EC 0007-00000001: after base64
MAX_URLS = 5  # EC 0007-00000005
FORM, JSON = "application/x-www-form-urlencoded", "application/json"

_URL_CHARACTERS = re.compile(r"[!-~]+")  # printable ASCII: anything else must be percent-encoded
_LABEL = r"[A-Za-z0-9-]{1,63}"  # RFC 1035 2.3.4: DNS has no other labels
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?(:[1-9][0-9]{{0,4}})?")
_SURROGATE = re.compile("[\ud800-\udfff]")  # a JSON escape can make one, and UTF-8 cannot encode it
_LONE_DOLLAR = re.compile(r"\$(?!\{[^{}$]*\})")


@dataclass(frozen=True)
class CallbackUrl:
    """One callback address. `path` is never empty; `query` is as sent with its `?`, or empty."""

    scheme: str
    host: str
    port: int
    netloc: str
    path: str
    query: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}{self.query}"


@dataclass(frozen=True)
class Callback:
    """A checked callback parameter: body template and addresses. `host`, if not empty, is the Host header."""

    urls: tuple[CallbackUrl, ...]
    host: str
    body: str
    body_type: str
    sni: bool


def parse_callback(parameter: str, *, resolve: Resolve | None) -> Callback:
    """Parse and check the parameter. With `resolve` (name to addresses), private addresses are refused."""
    text, members = _members(parameter)
    urls = _urls(members, text)
    if resolve:
        refuse_private_addresses(urls, resolve)
    return Callback(
        urls=urls,
        host=_host(members, text),
        body=_body(members, text),
        body_type=_body_type(members, text),
        sni=_sni(members, text),
    )


def _members(parameter: str) -> tuple[str, Mapping[str, object]]:
    if len(parameter.encode()) > MAX_PARAMETER_BYTES:
        raise _invalid("The length of callback exceed max value.", "001", parameter)
    try:
        text = base64.b64decode(parameter, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _invalid("The callback configuration is not base64 encoded.", "002", parameter) from error
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid("The callback configuration is not json format.", "003", text) from error
    if not isinstance(members, dict):
        raise _invalid("The callback configuration is not json format.", "003", text)
    return text, members


def _urls(members: Mapping[str, object], text: str) -> tuple[CallbackUrl, ...]:
    value = members.get("callbackUrl")
    if not isinstance(value, str) or not value:
        raise _invalid("The callback url configuration is invalid.", "004", text)
    parts = value.split(";")
    if len(parts) > MAX_URLS:
        raise _invalid("The number of callback url exceed max value.", "005", text)
    urls = tuple(parse_url(part) for part in parts)
    if None in urls:
        raise _invalid("The callback url configuration is invalid.", "004", text)
    return tuple(url for url in urls if url)


def parse_url(text: str) -> CallbackUrl | None:
    """Parse one address; None if OSS would not call it."""
    if not _URL_CHARACTERS.fullmatch(text):
        return None
    # The scheme is optional: OSS's own samples write `121.43.113.8:23456/index.html`.
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or parts.fragment or not _HOST.fullmatch(parts.netloc):
        return None
    target = text.partition("://")[2] or text
    query = target.partition("?")[1] + target.partition("?")[2]
    return CallbackUrl(parts.scheme, str(parts.hostname), port, parts.netloc, parts.path or "/", query)


def refuse_private_addresses(urls: Sequence[CallbackUrl], resolve: Resolve) -> None:
    """Refuse addresses that are not public, as OSS does (cpp-sdk, ObjectCallbackTest). Raises OssError."""
    for url in urls:
        for address in resolve(url.host):
            if not is_public(address):
                message = "Private address is forbidden to callback."
                error = invalid_argument(message, "0007-00000008", name="callbackUrl", value=str(url))
                raise error.explained(
                    expected="a public address, or LOCAL_OSS_PRIVATE_CALLBACKS=allow",
                    got=f"{url.host} is {address}",
                )


def _host(members: Mapping[str, object], text: str) -> str:
    value = members.get("callbackHost", "")
    if not isinstance(value, str) or (value and not _HOST.fullmatch(value)):
        raise _invalid("The callback host configuration is invalid.", "009", text)
    return value


def _body(members: Mapping[str, object], text: str) -> str:
    value = members.get("callbackBody", "")
    if not isinstance(value, str) or _SURROGATE.search(value):
        raise _invalid("The callback body is invalid.", "011", text)
    if not value:
        raise _invalid("The callback body is empty.", "010", text)
    if _LONE_DOLLAR.search(value):
        raise _invalid("Left brace must be adjacent to dollar sign.", "105", text)
    return value


def _body_type(members: Mapping[str, object], text: str) -> str:
    value = members.get("callbackBodyType", FORM)
    if not isinstance(value, str) or not value:
        raise _invalid("The callback body type configuration is invalid.", "012", text)
    if value not in {FORM, JSON}:
        raise _invalid("The body type of callback is not supported.", "013", text)
    return value


def _sni(members: Mapping[str, object], text: str) -> bool:
    value = members.get("callbackSNI", False)
    if not isinstance(value, bool):
        raise _invalid("The callback sni is invalid.", "014", text)
    return value


def _invalid(message: str, ec: str, value: str) -> OssError:
    error = invalid_argument(message, f"0007-00000{ec}", name="callback", value=value)
    return error.explained(field="callback", decoded=value)
