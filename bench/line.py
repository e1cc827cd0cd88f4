"""A line between a browser and a server: a proxy that delays, limits and loses, each connection by itself.

A program cannot lose packets of its kernel's TCP. So a line with a round trip passes on as TCP Reno would
(RFC 5681): at most a window of bytes in a round trip. The window doubles, or grows by a segment once one was
lost; a lost segment holds up all that follows it for a round trip, and halves the window. A new connection
first waits for two round trips, for the handshakes of TCP and of TLS 1.3.
"""

from __future__ import annotations

import itertools
import random
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Lock, Thread
from typing import NamedTuple

SEGMENT_BYTES = 1460
FIRST_WINDOW = 10 * SEGMENT_BYTES  # RFC 6928
SMALLEST_WINDOW = 2 * SEGMENT_BYTES
LARGEST_WINDOW = 1 << 20
LEAST_TIMEOUT_SECONDS = 0.2  # of Linux
BUFFER_BYTES = 1 << 18  # what a browser may have sent ahead
RESET = struct.pack("ii", 1, 0)


class Quality(NamedTuple):
    """What a line is like. `bytes_per_second` is of each connection and direction; 0 is without a limit."""

    round_trip_seconds: float = 0
    bytes_per_second: float = 0
    loss: float = 0


class Window:
    """How many bytes one direction of a connection may send in its next round trip."""

    def __init__(self, quality: Quality, chance: random.Random) -> None:
        self._quality, self._chance = quality, chance
        self._bytes = float(FIRST_WINDOW)
        self._threshold = float(LARGEST_WINDOW)
        self._left, self._round_ends = float(FIRST_WINDOW), 0.0

    def may_send(self, now: float) -> int:
        """Return how many bytes may be sent now; 0 if the round trip must be waited for."""
        if now >= self._round_ends:
            if self._left <= 0:
                grown = 2 * self._bytes if self._bytes < self._threshold else self._bytes + SEGMENT_BYTES
                self._bytes = min(grown, LARGEST_WINDOW)
            self._left, self._round_ends = self._bytes, now + self._quality.round_trip_seconds
        return int(self._left)

    def rest(self, now: float) -> float:
        """Return the seconds until the next round trip."""
        return max(0, self._round_ends - now)

    def send(self, count: int) -> float:
        """Count the bytes as sent; return the seconds by which a lost segment holds them up."""
        self._left -= count
        kept = (1 - self._quality.loss) ** -(-count // SEGMENT_BYTES)
        if self._chance.random() < kept:
            return 0
        trip = self._quality.round_trip_seconds
        is_quick = self._bytes >= 4 * SEGMENT_BYTES  # three segments after the lost one are acknowledged
        self._bytes = self._threshold = max(self._bytes / 2, SMALLEST_WINDOW)
        return trip if is_quick else max(LEAST_TIMEOUT_SECONDS, 2 * trip)


class Line:
    """A server of its own in front of `target`, a port of this machine."""

    def __init__(self, target: int, quality: Quality = Quality()) -> None:  # noqa: B008 - immutable
        self.target, self.quality = target, quality
        self.cut_at = 0.0  # by `time.time`
        self._cut_after = 0
        self._passed = 0
        self._seeds = itertools.count()
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Pass connections on until the block ends."""
        with self._listener:
            Thread(target=self._accept, daemon=True).start()
            yield
            self._reset()

    def become(self, quality: Quality, seed: int = 0) -> None:
        """Reset all connections; new ones have this quality, and by `seed` always the same losses."""
        self.quality, self._seeds = quality, itertools.count(seed)
        self._reset()

    def cut_once(self, after: int, then: Quality) -> None:
        """After this many bytes to the server, reset all connections; new ones have another quality."""
        with self._lock:
            self._passed, self._cut_after, self._then = 0, after, then

    def _accept(self) -> None:
        with suppress(OSError):  # the block ended
            while True:
                asking, _ = self._listener.accept()
                Thread(target=self._connect, args=[asking, next(self._seeds)], daemon=True).start()

    def _connect(self, asking: socket.socket, seed: int) -> None:
        quality = self.quality
        time.sleep(2 * quality.round_trip_seconds)
        answering = socket.create_connection(("127.0.0.1", self.target))
        for one in (asking, answering):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open |= {asking, answering}
        chance = random.Random(seed)  # noqa: S311 - the same losses for all
        threads = [
            Thread(target=self._pass_on, args=[source, sink, Window(quality, chance), quality], daemon=True)
            for source, sink in ((asking, answering), (answering, asking))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with self._lock:
            self._open -= {asking, answering}
        asking.close()
        answering.close()

    def _pass_on(self, source: socket.socket, sink: socket.socket, window: Window, quality: Quality) -> None:
        under_way: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        delivering = Thread(target=self._deliver, args=[under_way, sink], daemon=True)
        delivering.start()
        free_at = 0.0
        with suppress(OSError):  # the connection was reset
            while received := source.recv(self._may_send(window, quality)):
                held_up = window.send(len(received)) if quality.round_trip_seconds else 0
                took = len(received) / quality.bytes_per_second if quality.bytes_per_second else 0
                now = time.perf_counter()
                free_at = max(free_at, now) + took + held_up
                under_way.put((free_at + quality.round_trip_seconds / 2, received))
                time.sleep(free_at - now)
        under_way.put((time.perf_counter() + quality.round_trip_seconds / 2, b""))
        delivering.join()

    def _may_send(self, window: Window, quality: Quality) -> int:
        if not quality.round_trip_seconds:
            return BUFFER_BYTES
        while not (count := window.may_send(time.perf_counter())):
            time.sleep(window.rest(time.perf_counter()))
        return min(count, BUFFER_BYTES)

    def _deliver(self, under_way: SimpleQueue[tuple[float, bytes]], sink: socket.socket) -> None:
        with suppress(OSError):  # the connection was reset
            while True:
                due, received = under_way.get()
                time.sleep(max(0, due - time.perf_counter()))
                if not received:
                    return sink.shutdown(socket.SHUT_WR)
                sink.sendall(received)
                if sink.getpeername()[1] == self.target:
                    self._count(len(received))

    def _count(self, passed: int) -> None:
        with self._lock:
            self._passed += passed
            if not self._cut_after or self._passed < self._cut_after:
                return
            self._cut_after, self.quality, self.cut_at = 0, self._then, time.time()
        self._reset()

    def _reset(self) -> None:
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    one.shutdown(socket.SHUT_RDWR)
