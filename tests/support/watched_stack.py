"""A running stack with a second callback function, whose clock, connections and backend a test controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.environment import free_ports
from tests.support.peer import Peer
from tests.support.single_function import single_function
from tests.support.stack import Stack

WATCHED = Path(__file__).parent / "watched"
KEY_HOST = "gosspublic.alicdn.com"
WEBHOOK_SECRET = "whsec_" + "A" * 32


@dataclass(frozen=True)
class WatchedStack:
    """The stack, the address of its callback function, that function's backend, and the watch's files."""

    stack: Stack
    callback: str
    backend: Peer
    watched: Path

    def webhook_ids(self, key: str = "") -> list[str]:
        """Return the ids of all messages to the backend, or of those about one object, repeats included."""
        about = f'"{key}"'.encode() if key else b""
        return [one.headers["webhook-id"] for one in self.backend.asked if about in one.body]

    def sockets(self) -> list[str]:
        """Return the names that the function looked up and the addresses that it connected to."""
        return (self.watched / "sockets").read_text(encoding="utf-8").splitlines()

    @contextmanager
    def clock_wrong_by(self, seconds: float) -> Iterator[None]:
        (self.watched / "clock").write_text(str(seconds), encoding="ascii")
        yield
        (self.watched / "clock").write_text("0", encoding="ascii")


def key_host(folder: Path, *names: str) -> tuple[Peer, dict[str, str]]:
    """Return a server of OSS's keys with a certificate for these names, and the variables that lead to it."""
    host = Peer()
    authority = host.speak_tls(folder, *names)
    port = host.url.rpartition(":")[2]
    return host, {"PUBLIC_KEY_PEM": "", "WATCHED_KEY_HOST": port, "WATCHED_AUTHORITY": str(authority)}


@contextmanager
def watched_stack(
    folder: Path,
    switches: str = "",
    called_at: str = "",
    deployed: Mapping[str, str] | None = None,
    /,
    **changed: str,
) -> Iterator[WatchedStack]:
    """Start everything, with `deployed` for the whole stack and `changed` for its callback function.

    OSS and pages call the function at the address `called_at`, which must lead to it, or else at its own.
    """
    state, watched = folder / "state", folder / "watched"
    state.mkdir(exist_ok=True)
    watched.mkdir()
    (watched / "clock").write_text("0", encoding="ascii")
    (watched / "sockets").touch()
    port = str(free_ports(1)[0])
    backend = Peer(body=b"{}")
    with backend.serving():
        settings = {
            "LOCAL_OSS_BLOCK_PUBLIC_ACCESS": "on",
            "LOCAL_OSS_SWITCHES": switches,
            "CALLBACK_URL": called_at or f"http://127.0.0.1:{port}",
            **(deployed or {}),
        }
        stack = Stack(state, **settings)
        wiring = {
            "WEBHOOK_URL": f"{backend.url}/",
            "WEBHOOK_SECRET": WEBHOOK_SECRET,
            "PYTHONPATH": str(WATCHED),
            "WATCHED_SOCKETS": str(watched / "sockets"),
            "WATCHED_CLOCK": str(watched / "clock"),
            **changed,
        }
        try:
            with single_function("callback", stack, port=port, **wiring) as callback:
                yield WatchedStack(stack, callback, backend, watched)
        finally:
            stack.end()
