"""The requests that the platform refuses before the function runs."""

import io

import pytest

from local.fc.limits import PIECE_BYTES, read_body, refuse_head

METHODS = frozenset({"GET", "OPTIONS"})


class Counted(io.BytesIO):
    """A stream that notes the largest piece that was read."""

    largest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.largest = max(self.largest, size or -1)
        return super().read(size)


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "get"])
def test_refuses_methods_that_the_trigger_does_not_list(method: str) -> None:
    answer = refuse_head(method, "/", (), METHODS)
    assert answer is not None
    assert answer.status == 403


def test_refuses_options_too_when_it_is_not_listed() -> None:
    answer = refuse_head("OPTIONS", "/", (), frozenset({"GET"}))
    assert answer is not None
    assert answer.status == 403


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/" + "x" * 4 * 1024, ()),
        ("/?" + "x" * 4 * 1024, ()),
        ("/", (("A", "x" * 8 * 1024),)),
        ("/", (("A", "x" * 4 * 1024), ("B", "x" * 4 * 1024))),
    ],
)
def test_refuses_what_exceeds_a_limit(target: str, headers: tuple[tuple[str, str], ...]) -> None:
    answer = refuse_head("GET", target, headers, METHODS)
    assert answer is not None
    assert (answer.status, b'"InvalidArgument"' in answer.body) == (400, True)


def test_lets_pass_what_fits_exactly() -> None:
    assert refuse_head("GET", "/" + "x" * 4095, (("A", "x" * 8191),), METHODS) is None


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 3 * PIECE_BYTES])
def test_reads_a_body_up_to_the_limit(size: int) -> None:
    assert read_body(io.BytesIO(b"x" * size), max_bytes=3 * PIECE_BYTES) == b"x" * size


def test_drops_a_larger_body_to_its_end_piece_by_piece() -> None:
    stream = Counted(b"x" * (10 * PIECE_BYTES))
    assert read_body(stream, max_bytes=2 * PIECE_BYTES) is None
    assert stream.tell() == 10 * PIECE_BYTES
    assert stream.largest == PIECE_BYTES
