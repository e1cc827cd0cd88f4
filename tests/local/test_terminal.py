"""Writing to a reader that has closed its end, or has stopped reading, never blocks or raises."""

import os
from collections.abc import Iterator

import pytest

from local.terminal import Terminal

FAR_MORE_THAN_A_PIPE_HOLDS = "x" * 4 * 1024 * 1024


class Pipe:
    """A pipe that the test reads."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.left: list[str] = []
        self.terminal = Terminal(self.writer, lambda: self.left.append("left"), reader_seconds=0.01)

    def leave(self) -> None:
        os.close(self.reader)
        self.reader = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    for descriptor in (pipe.reader, pipe.writer):
        if descriptor >= 0:
            os.close(descriptor)


def test_writes_lines_in_utf_8_whatever_the_locale(pipe: Pipe) -> None:
    pipe.terminal.put("打开")
    assert os.read(pipe.reader, 100) == "打开\n".encode()


def test_reports_once_that_the_reader_left(pipe: Pipe) -> None:
    pipe.leave()
    pipe.terminal.put("one")
    pipe.terminal.put("two")
    pipe.terminal.wait_until_gone()
    assert pipe.left == ["left"]


def test_notices_without_writing_that_the_reader_left(pipe: Pipe) -> None:
    pipe.leave()
    pipe.terminal.wait_until_gone()
    assert pipe.left == ["left"]


def test_drops_what_a_stopped_reader_does_not_take_while_it_ends(pipe: Pipe) -> None:
    pipe.terminal.drop_late_lines()
    pipe.terminal.put(FAR_MORE_THAN_A_PIPE_HOLDS)
    assert pipe.left == []
