"""The addresses of application servers: resolving a host name within a time limit, and which are public."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence

Resolve = Callable[[str], Sequence[str]]


def resolve(host: str) -> Sequence[str]:
    """Return the addresses of a host name; none if it has none: the callback then fails as unreachable."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})
    except (OSError, UnicodeError):  # UnicodeError: the text cannot be a DNS name
        return []


def resolve_within(seconds: float, host: str, resolve: Resolve) -> Sequence[str]:
    """Return what `resolve` says of `host`. Raises TimeoutError if that takes longer than `seconds`.

    The system's resolver cannot be interrupted: its thread goes on until the resolver's own time limit.
    """
    found: list[Sequence[str]] = []
    thread = threading.Thread(
        target=lambda: found.append(resolve(host)), name=f"resolving {host}", daemon=True
    )
    thread.start()
    thread.join(seconds)
    if not found:
        raise TimeoutError
    return found[0]


def is_public(address: str) -> bool:
    """Whether OSS would call this address."""
    return ipaddress.ip_address(address).is_global


def is_ipv4(address: str) -> bool:
    """Whether this is an IPv4 address: OSS calls no others."""
    return ipaddress.ip_address(address).version == 4  # noqa: PLR2004 - its name
