"""A peer that never ends its answer: it sends a byte now and then to everybody who connects."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Event, Thread
from threading import enumerate as threads

PATIENCE = 60  # seconds until a test gives up
PAUSE = 0.005  # between two bytes


class Dripper:
    """It answers with `start`, and then byte by byte until the other side ends the connection."""

    def __init__(self, start: bytes) -> None:
        self.accepted = 0
        self._start = start
        self._open: set[socket.socket] = set()
        self._changed = Condition()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listening.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._over = Event()
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve until the block ends."""
        thread = Thread(target=self._serve)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def wait_until_alone(self) -> int:
        """Wait until everybody has ended the connection; return how many have not."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open, PATIENCE)
            return len(self._open)

    def _serve(self) -> None:
        with self._listening, selectors.DefaultSelector() as selector:
            selector.register(self._listening, selectors.EVENT_READ)
            while not self._over.is_set():
                if selector.select(PAUSE):
                    self._accept()
                for one in list(self._open):
                    self._send(one, b"a")
            for one in self._open:
                one.close()

    def _accept(self) -> None:
        accepted, _ = self._listening.accept()
        accepted.setblocking(False)  # noqa: FBT003 - as above
        self.accepted += 1
        self._open.add(accepted)
        self._send(accepted, self._start)

    def _send(self, to: socket.socket, content: bytes) -> None:
        try:
            to.send(content)
        except BlockingIOError:
            return
        except OSError:
            to.close()
            with self._changed:
                self._open.discard(to)
                self._changed.notify_all()


def left_since(before: set[Thread]) -> list[Thread]:
    """Return the threads that were started since, and have not ended after a long while."""
    started = set(threads()) - before
    for thread in started:
        thread.join(PATIENCE)
        if thread.is_alive():
            break
    return [thread for thread in started if thread.is_alive()]
