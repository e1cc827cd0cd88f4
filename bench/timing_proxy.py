"""Passes connections on, and measures each answer: from the request's first byte to the answer's last."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

READ_BYTES = 1 << 18


class TimingProxy:
    """A server of its own in front of `target`, a port of this machine."""

    def __init__(self) -> None:
        self.target = 0
        self.milliseconds: list[float] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Pass connections on until the block ends."""
        with self._listener:
            Thread(target=self._accept, daemon=True).start()
            yield

    def _accept(self) -> None:
        with suppress(OSError):  # the block ended
            while True:
                Thread(target=self._pass_on, args=[self._listener.accept()[0]], daemon=True).start()

    def _pass_on(self, asking: socket.socket) -> None:
        with asking, socket.create_connection(("127.0.0.1", self.target)) as answering, suppress(OSError):
            for one in (asking, answering):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asked_at = answered_at = 0.0
            while True:
                ready = select.select([asking, answering], [], [])[0]
                source = answering if answering in ready else asking
                received = source.recv(READ_BYTES)
                if asked_at and answered_at and (source is asking or not received):
                    self.milliseconds.append((answered_at - asked_at) * 1000)
                    asked_at = answered_at = 0.0
                if not received:
                    return
                if source is answering:
                    asking.sendall(received)
                    answered_at = time.perf_counter()
                else:
                    asked_at = asked_at or time.perf_counter()
                    answering.sendall(received)
