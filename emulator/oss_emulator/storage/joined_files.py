"""Several files that are read as one: the parts of an object, which are never copied together."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path


class JoinedFiles(io.RawIOBase):
    """Files, given with their sizes, read one after the other. One of them is open at a time."""

    def __init__(self, files: Sequence[tuple[Path, int]]) -> None:
        self._paths = [path for path, _ in files]
        self._ends = list(accumulate(size for _, size in files))
        self._position = 0
        self._current: tuple[int, io.FileIO] | None = None

    def readable(self) -> bool:
        """Return true."""
        return True

    def seekable(self) -> bool:
        """Return true."""
        return True

    def open_first(self) -> None:
        """Open the first file that has a byte, before it is read. Raises FileNotFoundError."""
        self._opened(bisect_right(self._ends, 0))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position, counted as in any file; return it from the start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._ends[-1]}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # io gives no others
        """Read from the file at the position, to its end at most. Raises FileNotFoundError."""
        number = bisect_right(self._ends, self._position)
        if number == len(self._ends):
            return 0
        file = self._opened(number)
        file.seek(self._position - self._ends[number - 1] if number else self._position)
        count = file.readinto(memoryview(buffer)[: self._ends[number] - self._position]) or 0
        self._position += count
        return count

    def close(self) -> None:
        """Close the file that is open."""
        if self._current:
            self._current[1].close()
        super().close()

    def _opened(self, number: int) -> io.FileIO:
        if self._current and self._current[0] == number:
            return self._current[1]
        if self._current:
            self._current[1].close()
        file = self._paths[number].open("rb", buffering=0)
        self._current = number, file
        return file
