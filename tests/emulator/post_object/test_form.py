import io
from collections.abc import Iterator

import pytest

from oss_emulator.errors import OssError
from oss_emulator.http_messages import CHUNK_BYTES
from oss_emulator.post_object.form import Form, read_form
from tests.support.emulator.scene import BOUNDARY, Scene, file_part, multipart, part, signed

TYPE = f"multipart/form-data; boundary={BOUNDARY}"


KB, MB = 1024, 1024 * 1024


def form(body: bytes, content_type: str = TYPE, *, piece: int = MB) -> Form:
    stream = io.BytesIO(body)
    return read_form(content_type, lambda size: stream.read(min(size, piece)))


def refused(body: bytes, content_type: str = TYPE) -> OssError:
    with pytest.raises(OssError) as error:
        for _ in form(body, content_type).content:
            pass
    assert error.value.status == 400
    return error.value


def refusal(body: bytes, content_type: str = TYPE) -> tuple[str, str]:
    error = refused(body, content_type)
    return error.code, error.ec


FILE = 'Content-Disposition: form-data; name="file"'


def headed(headers: str) -> bytes:
    """A complete form whose only part has these headers."""
    return f"--{BOUNDARY}\r\n{headers}\r\nx\r\n--{BOUNDARY}--\r\n".encode()


def test_a_form_may_be_only_a_file() -> None:
    assert b"".join(form(headed(f"{FILE}\r\n")).content) == b"x"


MALFORMED = ("MalformedPOSTRequest", "0006-00000104")


@pytest.mark.parametrize("piece", [1, 7, 64, 1 << 20])
def test_reads_fields_and_file_however_the_body_is_cut(piece: int) -> None:
    content = bytes(range(256)) * 4 + f"\r\n--{BOUNDARY[:-1]}x\r\n--".encode() + b"\r\n\r"

    read = form(multipart({"key": "图", "X-Oss-Meta-A": ""}, file_part(content, "é.txt")), piece=piece)

    assert read.fields == {"key": "图", "x-oss-meta-a": ""}
    assert (read.filename, read.file_content_type) == ("é.txt", "text/plain")
    assert b"".join(read.content) == content


def test_a_form_shows_doubled_fields_both_ways() -> None:
    read = form(part("key", "1") + part("KEY", "2") + file_part(b""))

    assert (read.fields, read.last_fields) == ({"key": "1"}, {"key": "2"})


@pytest.mark.parametrize(
    ("position", "checked", "acted_on"),
    [("first", "1", "1"), ("last", "2", "2"), ("first_checked_last_stored", "1", "2")],
)
def test_the_switch_says_which_of_doubled_fields_counts(position: str, checked: str, acted_on: str) -> None:
    views = form(part("key", "1") + part("key", "2") + file_part(b"")).views(position)

    assert [view.fields["key"] for view in views] == [checked, acted_on]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/plain", ("RequestIsNotMultiPartContent", "")),
        ("multipart/mixed; boundary=x", ("RequestIsNotMultiPartContent", "")),
        ("multipart/form-data", MALFORMED),
        ("multipart/form-data; boundary=", MALFORMED),
        (f'multipart/form-data; boundary="{BOUNDARY}"', MALFORMED),
        (f"multipart/form-data; boundary={'x' * 71}", MALFORMED),
        ("multipart/form-data; boundary=another", MALFORMED),
    ],
)
def test_refuses_what_is_not_a_form(content_type: str, expected: tuple[str, str]) -> None:
    assert refusal(multipart({"key": "a"}, file_part(b"x")), content_type) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", MALFORMED),
        (multipart({}), ("IncorrectNumberOfFilesInPOSTRequest", "0006-00000107")),
        (multipart({"key": "a"}), ("IncorrectNumberOfFilesInPOSTRequest", "0006-00000107")),
        (multipart({"key": "a"})[:-8], MALFORMED),
        (part("key", "a"), MALFORMED),
        (part("key", b"\xff") + file_part(b""), MALFORMED),
        (headed(""), ("MalformedPOSTRequest", "0006-00000109")),
        (headed(f"Content-Type: a/b\r\n{FILE}\r\n"), ("MalformedPOSTRequest", "0006-00000109")),
        (headed("Content-Disposition: form-data; name=file\r\n"), MALFORMED),
        (headed(f"{FILE}\r\n").replace(b"\r\n", b"\n"), MALFORMED),
        (headed('Content-Disposition: attachment; name="file"\r\n'), MALFORMED),
        (headed(f"{FILE}\r\n" + "X-A: b\r\n" * 8), MALFORMED),
        (headed(f"{FILE}\r\nno colon\r\n"), MALFORMED),
        (multipart({}, file_part(b"x" * 100))[:-60], MALFORMED),
        (multipart({f"f{n}": "" for n in range(1001)}, file_part(b"")), MALFORMED),
    ],
)
def test_refuses_broken_forms(body: bytes, expected: tuple[str, str]) -> None:
    assert refusal(body) == expected


NAME, VALUE, ALL_VALUES = "0006-00000110", "0006-00000111", "0006-00000112"


def values(*sizes: int) -> dict[str, str]:
    """Fields with values of these sizes."""
    return {f"f{number}": "x" * size for number, size in enumerate(sizes)}


@pytest.mark.parametrize(
    "fields",
    [{"n" * 8 * KB: ""}, values(2 * MB), values(*[2 * MB] * 4)],
    ids=["name", "value", "all values"],
)
def test_fields_may_be_as_large_as_oss_documents(fields: dict[str, str]) -> None:
    assert form(multipart(fields, file_part(b""))).fields == fields


@pytest.mark.parametrize(
    ("fields", "ec", "allowed", "proposed"),
    [
        ({"n" * (8 * KB + 1): ""}, NAME, 8 * KB, 8 * KB + 1),
        ({"图" * 2731: ""}, NAME, 8 * KB, 3 * 2731),
        (values(2 * MB + 1), VALUE, 2 * MB, 2 * MB + 1),
        (values(*[2 * MB] * 4, 1), ALL_VALUES, 8 * MB, 8 * MB + 1),
    ],
    ids=["name", "bytes of a name", "value", "all values"],
)
def test_a_larger_field_is_refused_with_both_sizes(
    fields: dict[str, str], ec: str, allowed: int, proposed: int
) -> None:
    error = refused(multipart(fields, file_part(b"")))

    assert (error.code, error.message) == ("FieldItemTooLong", "Your name of form field is too long.")
    assert error.ec == ec
    assert error.details == {"MaxSizeAllowed": str(allowed), "ProposedSize": str(proposed)}


def without_end(start: bytes) -> Iterator[bytes]:
    yield start
    while True:
        yield b"x" * CHUNK_BYTES


@pytest.mark.parametrize(
    ("start", "ec", "limit"),
    [
        (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'.encode(), NAME, 16 * KB),
        (part("a", b"")[:-2], VALUE, 2 * MB),
        (b"".join(part(f"{n}", b"x" * 2 * MB) for n in range(4)) + part("a", b"")[:-2], ALL_VALUES, 8 * MB),
    ],
    ids=["name", "value", "all values"],
)
def test_a_field_without_an_end_is_read_no_further_than_its_limit(start: bytes, ec: str, limit: int) -> None:
    body, taken = without_end(start), 0

    def read(_: int) -> bytes:
        nonlocal taken
        piece = next(body)
        taken += len(piece)
        return piece

    with pytest.raises(OssError) as error:
        read_form(TYPE, read)

    assert error.value.ec == ec
    assert taken <= len(start) + limit + CHUNK_BYTES


def written(disposition: str, content: bytes) -> bytes:
    """A form whose last part has this Content-Disposition."""
    return part("key", "a") + headed(f"Content-Disposition: form-data; {disposition}\r\n").replace(
        b"\r\nx\r\n", b"\r\n" + content + b"\r\n"
    )


def test_a_file_is_found_only_after_a_semicolon_and_a_blank() -> None:
    """ZLMediaKit 2293: "for want of one space OSS does not find the file"."""
    no_file = ("IncorrectNumberOfFilesInPOSTRequest", "0006-00000107")

    assert b"".join(form(written('name="file"; filename="a"', b"hello")).content) == b"hello"
    assert refusal(written('name="file";filename="a"', b"hello")) == no_file


def test_a_file_name_in_the_form_of_rfc_5987_hides_the_end_of_the_field_name() -> None:
    """phyng.com 2024-05-27: React Native 0.74 sent both file names; a file of 522,742 bytes was refused."""
    names = 'name="file"; filename="a.png"; filename*=utf-8\'\'a.png'

    error = refused(written(names, b"x" * 522_742))

    assert (error.code, error.ec) == ("FieldItemTooLong", "0006-00000110")
    assert error.details == {"MaxSizeAllowed": "8192", "ProposedSize": "522742"}
    assert refusal(written(names, b"short")) == MALFORMED
    assert refusal(written(names.replace("; filename*", ";FileName*"), b"short")) == MALFORMED
    assert b"".join(form(written('name="file"; filename="x; filename*=y.txt"', b"hello")).content) == b"hello"


def test_a_file_that_comes_first_hides_every_field(scene: Scene) -> None:
    body = file_part(b"hello") + multipart(signed({"key": "a"}))

    assert scene.send(body).error["Message"].startswith("The bucket POST must contain the specified 'key'.")


TWO_FILES = (400, "IncorrectNumberOfFilesInPOSTRequest", "")


@pytest.mark.parametrize(
    "between", [b"", part("submit", "Upload to OSS"), part("submit", b"x" * 1_000_000), file_part(b"2")]
)
def test_nothing_is_stored_of_a_form_with_two_files(scene: Scene, between: bytes) -> None:
    fields = signed({"key": "a"})

    assert scene.send(multipart(fields, file_part(b"1"), between, file_part(b"3"))).refusal == TWO_FILES
    assert scene.stored("a") is None


def test_a_second_file_is_refused_before_its_end(scene: Scene) -> None:
    body = multipart(signed({"key": "a"}), file_part(b"1"), file_part(b"22", filename="", content_type=None))

    assert scene.send(body[:-20]).refusal == TWO_FILES


@pytest.mark.parametrize(
    "rest",
    [
        part("submit", "Upload to OSS"),
        f"--{BOUNDARY}\r\nnot even a form".encode(),
        headed("Content-Type: a/b\r\n"),
        headed("Content-Disposition: form-data; name=file\r\n"),
        part("n" * 100_000, "x"),
        part("late", "x" * 100_000),
    ],
)
def test_anything_else_after_the_file_is_ignored(scene: Scene, rest: bytes) -> None:
    assert scene.send(multipart(signed({"key": "a"}), file_part(b"hello"), rest)).status == 204
    assert scene.stored("a").size == 5
