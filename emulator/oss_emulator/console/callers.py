"""Who may use a route below `/-/`: programs on this machine, and no web page. The emulated functions ask too.

Whoever can use these routes can make uploads fail and read what was sent, so no web page may use them,
neither another website's nor one that is stored as an object. A page gets no CORS grant, may not send orders,
may not read a route through a window or frame, and cannot pass for this machine by a domain name that
resolves to it (DNS rebinding). A callback may not use them either: an uploader chooses its address.
"""

import ipaddress
import re
from collections.abc import Mapping

PREFIX = "/-/"
READ_METHODS = frozenset({"GET", "HEAD"})
# RFC 9110 7.2, of a name or an address in brackets; `urlsplit` takes `[::1].evil.example` for the address
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]*)?")

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
    host = headers.get("host", "")
    if not is_this_machine(host) and not (own_host and _without_port(host) == own_host.lower()):
        return f"Below {PREFIX} Host must be an address of this machine, not a domain name."
    origin = headers.get("origin")
    foreign = origin is not None and origin not in {f"http://{host}", f"https://{host}"}
    ordering = method not in READ_METHODS
    if ordering and (foreign or "sec-fetch-site" in headers or "x-oss-tag" in headers):
        return f"Below {PREFIX} orders are accepted from tools only, not from web pages or callbacks."
    if headers.get("sec-fetch-dest", "document") != "document":
        return f"Below {PREFIX} scripts and frames of web pages may not read anything."
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
