"""MD5 and CRC-64 of a content that arrives in pieces.

Those of a large content are computed beside the thread that receives it, because MD5 releases Python's lock.
Little of the content waits in memory, and an error of either side ends the other.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import md5

from fastcrc import crc64

BESIDE_FROM_BYTES = 4 << 20  # ours: a thread for less would cost more than it saves
BLOCK_BYTES = 1 << 20  # ours: that are handed over at once
MAX_BLOCKS = 2  # ours: that were handed over and are not done


class Digests:
    """The digests of one content. Whoever makes them must `close` them."""

    def __init__(self) -> None:
        self._md5 = md5(usedforsecurity=False)
        self._crc64 = 0
        self._size = 0
        self._block: list[bytes] = []
        self._block_bytes = 0
        self._beside: ThreadPoolExecutor | None = None
        self._handed_over: deque[Future[None]] = deque()

    def update(self, chunk: bytes) -> None:
        """Add a piece of the content. Raises what went wrong with one before it."""
        self._size += len(chunk)
        if self._size <= BESIDE_FROM_BYTES:
            self._add([chunk])
            return
        self._block.append(chunk)
        self._block_bytes += len(chunk)
        if self._block_bytes >= BLOCK_BYTES:
            self._hand_over()

    def finish(self) -> tuple[bytes, str]:
        """Return the MD5 and, in decimal, the CRC-64 of all pieces. Raises what went wrong with one."""
        while self._handed_over:
            self._handed_over.popleft().result()
        self._add(self._block)
        self._block = []
        return self._md5.digest(), str(self._crc64)

    def close(self) -> None:
        """End the thread; what it has not begun is dropped."""
        if self._beside:
            self._beside.shutdown(cancel_futures=True)

    def _hand_over(self) -> None:
        self._beside = self._beside or ThreadPoolExecutor(1, "oss-emulator-digests")
        while len(self._handed_over) >= MAX_BLOCKS:
            self._handed_over.popleft().result()
        self._handed_over.append(self._beside.submit(self._add, self._block))
        self._block, self._block_bytes = [], 0

    def _add(self, chunks: Sequence[bytes]) -> None:
        for chunk in chunks:
            self._md5.update(chunk)
            self._crc64 = crc64.xz(
                chunk, self._crc64
            )  # ECMA-182 reflected, all ones in and out: OSS's variant
