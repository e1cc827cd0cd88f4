"""Who may use a route below `/-/`: programs on this machine, and no web page. The emulated functions ask too.

Whoever can use these routes can make uploads fail and read what was sent, so no web page may use them,
neither another website's nor one that is stored as an object. A page gets no CORS grant, may not send orders
without the secret of the emulator's own page, may not read a route through a window or frame, and cannot
pass for this machine by a domain name that resolves to it (DNS rebinding). A callback may not use them
either: an uploader chooses its address.

From a network these routes are answered too, but where the keys are secret, no content is read and no order
is obeyed without one.
"""

import ipaddress
import re
from collections.abc import Mapping

from oss_emulator.http_messages import READ_METHODS

PREFIX = "/-/"
# RFC 9110 7.2, of a name or an address in brackets; `urlsplit` takes `[::1].evil.example` for the address
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]*)?")

_PRELOAD = "service-worker-navigation-preload"

_OF_A_PROXY = frozenset({"forwarded", "x-forwarded-for", "via"})  # RFC 7239, RFC 9110 7.6.3

_NOT_THE_PAGE = f"Below {PREFIX} only the emulator's own page has forms."

# Sent with every answer below `/-/`, refusals included. The sandbox gives the answer an origin of its own. A
# page that is stored as an object has the bucket's origin, so it cannot read the answer through a window that
# it opens.
CONSOLE_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox allow-downloads",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def reason_against(method: str, headers: Mapping[str, str], own_host: str = "") -> str | None:
    """Return why a request below `/-/` must be refused, or None. The headers' names are in lower case.

    `own_host` is the name that this machine is served under on purpose, empty if under none.

    A method that is no `READ_METHODS` is an order: it may change something.
    """
    if reason := _reason_against_host(headers, own_host):
        return reason
    # every browser names the origin of a page that sends an order, also where it says nothing else of it
    if method not in READ_METHODS and headers.keys() & {"origin", "sec-fetch-site", "x-oss-tag"}:
        return f"Below {PREFIX} orders are accepted from tools only, not from web pages or callbacks."
    # a service worker that is stored as an object could read what its browser loads ahead for it
    if headers.get("sec-fetch-dest", "document") != "document" or _PRELOAD in headers:
        return f"Below {PREFIX} scripts and frames of web pages may not read anything."
    return None


def reason_against_form(headers: Mapping[str, str], own_host: str = "") -> str | None:
    """Return why a form cannot be one of the emulator's own page, or None: then its secret decides.

    The page has an origin of its own (`null`), so its browser says of its form what it says of any other
    website's.
    """
    if reason := _reason_against_host(headers, own_host):
        return reason
    host = headers.get("host", "")
    own = headers.get("origin", "null") in {"null", f"http://{host}", f"https://{host}"}
    if not own or not is_opened_by_person(headers) or "x-oss-tag" in headers:
        return _NOT_THE_PAGE
    return None


def is_opened_by_person(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that it will show the answer, and that no script asks for it.

    Browsers say so to HTTPS, to localhost and to 127.0.0.1. At another address a page that is stored as an
    object could read the page and its secret, so there the page has none.
    """
    return headers.get("sec-fetch-dest") == "document" and headers.get("sec-fetch-mode") == "navigate"


def reason_against_change(
    client_ip: str, headers: Mapping[str, str], *, public_url: str, keys_are_known: bool
) -> str | None:
    """Return why a client may neither read contents below `/-/` nor order anything, or None.

    Who listens on a network gives keys of his own, and these routes ask for none. Keys that everybody knows
    protect nothing in any case. Behind a proxy, which `public_url` or a header tells of, any machine may be
    the client.
    """
    client = ipaddress.ip_address(client_ip.partition("%")[0])
    of_this_machine = (getattr(client, "ipv4_mapped", None) or client).is_loopback
    if keys_are_known or (of_this_machine and not public_url and headers.keys().isdisjoint(_OF_A_PROXY)):
        return None
    return f"Below {PREFIX} contents and orders are for this machine only: sign a request instead."


def _reason_against_host(headers: Mapping[str, str], own_host: str) -> str | None:
    host = headers.get("host", "")
    if not is_this_machine(host) and not (own_host and _without_port(host) == own_host.lower()):
        return f"Below {PREFIX} Host must be an address of this machine, not a domain name."
    return None


def _without_port(host: str) -> str:
    found = _HOST.fullmatch(host)
    return (found[2] or "").lower() if found else ""


def is_this_machine(host: str) -> bool:
    """Whether a Host header can only mean this machine, and not a website whose name resolves to it.

    DNS cannot make an IP address lead elsewhere. `localhost` and names without a dot, such as a service's
    name in Docker Compose, are in nobody's DNS zone. Every browser sends Host, so a request without one is
    not a browser's.
    """
    if not host:
        return True
    found = _HOST.fullmatch(host)
    if not found:
        return False
    name = (found[1] or found[2]).lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name and not found[1]
    return True
