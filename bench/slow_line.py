"""A long line: each byte takes half a round trip, and a new connection two round trips before its first byte.

The two are what TCP and TLS 1.3 take to open a connection. They run from the moment the connection is made:
a connection that is opened ahead of its use costs nothing when it is used.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

ROUND_TRIP_SECONDS = 0.15
OPENING_ROUND_TRIPS = 2
READ_BYTES = 1 << 16
POST = b"POST "


class SlowLine:
    """A server of its own in front of `target`, a port of this machine, which may be set later."""

    def __init__(self) -> None:
        self.target = 0
        self.connections = 0
        self.posts: list[float] = []  # when the first byte of each POST arrived, in seconds of `time.time()`
        self._port = 0

    @property
    def url(self) -> str:
        """Return the address that clients use."""
        return f"http://127.0.0.1:{self._port}"

    async def listen(self) -> asyncio.Server:
        """Open the port; the server runs on the loop that is running."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=READ_BYTES)
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def _accept(self, asking: asyncio.StreamReader, asked: asyncio.StreamWriter) -> None:
        self.connections += 1
        open_at = time.time() + OPENING_ROUND_TRIPS * ROUND_TRIP_SECONDS
        with suppress(OSError):
            answering, answered = await asyncio.open_connection("127.0.0.1", self.target, limit=READ_BYTES)
            await asyncio.gather(
                self._carry(asking, answered, open_at), self._carry(answering, asked, open_at)
            )

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, open_at: float) -> None:
        """Carry one direction of a connection to its end."""
        on_their_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        arriving = asyncio.create_task(self._arrive(on_their_way, sink))
        with suppress(OSError):
            while True:
                piece = await source.read(READ_BYTES)
                on_their_way.put_nowait((max(time.time(), open_at) + ROUND_TRIP_SECONDS / 2, piece))
                if not piece:
                    break
        await arriving

    async def _arrive(
        self, on_their_way: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while True:
                due, piece = await on_their_way.get()
                await asyncio.sleep(due - time.time())
                if not piece:
                    break
                if piece.startswith(POST):
                    self.posts.append(time.time())
                sink.write(piece)
                await sink.drain()
        sink.close()


@contextmanager
def slow_lines(count: int) -> Iterator[list[SlowLine]]:
    """Serve so many lines on a thread until the block ends."""
    lines = [SlowLine() for _ in range(count)]
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)

    async def listen() -> list[asyncio.Server]:
        return [await line.listen() for line in lines]

    async def close(servers: list[asyncio.Server]) -> None:
        for server in servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread.start()
    try:
        servers = asyncio.run_coroutine_threadsafe(listen(), loop).result()
        yield lines
        asyncio.run_coroutine_threadsafe(close(servers), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
