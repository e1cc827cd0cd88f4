import io

import pytest

from oss_emulator.errors import OssError
from oss_emulator.post_object.form import FIELD_LIMITS, Form, read_form
from tests.support.emulator.scene import BOUNDARY, Scene, file_part, multipart, part, signed

TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def form(body: bytes, content_type: str = TYPE, *, limit: str = "4KB", piece: int = 1 << 20) -> Form:
    stream = io.BytesIO(body)
    return read_form(content_type, lambda size: stream.read(min(size, piece)), FIELD_LIMITS[limit])


def refusal(body: bytes, content_type: str = TYPE, *, limit: str = "4KB") -> tuple[str, str]:
    with pytest.raises(OssError) as refused:
        for _ in form(body, content_type, limit=limit).content:
            pass
    assert refused.value.status == 400
    return refused.value.code, refused.value.ec


FILE = 'Content-Disposition: form-data; name="file"'


def headed(headers: str) -> bytes:
    """A complete form whose only part has these headers."""
    return f"--{BOUNDARY}\r\n{headers}\r\nx\r\n--{BOUNDARY}--\r\n".encode()


def test_a_form_may_be_only_a_file() -> None:
    assert b"".join(form(headed(f"{FILE}\r\n")).content) == b"x"


NAME_TOO_LONG = ("FieldItemTooLong", "0006-00000110")
VALUE_TOO_LONG = ("FieldItemTooLong", "0006-00000111")
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
        ("", ("RequestIsNotMultiPartContent", "")),
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
        (headed(f"{FILE}\r\n" + "X-A: b\r\n" * 8), NAME_TOO_LONG),
        (headed(f"{FILE}\r\nno colon\r\n"), MALFORMED),
        (multipart({}, file_part(b"x" * 100))[:-60], MALFORMED),
        (multipart({f"f{n}": "" for n in range(1001)}, file_part(b"")), MALFORMED),
    ],
)
def test_refuses_broken_forms(body: bytes, expected: tuple[str, str]) -> None:
    assert refusal(body) == expected


@pytest.mark.parametrize(
    ("name", "value", "strict", "loose"),
    [
        ("a", "x" * 4096, None, None),
        ("a", "x" * 4097, VALUE_TOO_LONG, None),
        ("a", "x" * (2 * 1024 * 1024 + 1), VALUE_TOO_LONG, VALUE_TOO_LONG),
        ("n" * 4097, "", NAME_TOO_LONG, None),
        ("n" * 8193, "", NAME_TOO_LONG, NAME_TOO_LONG),
        ("n" * 1_000_000, "", NAME_TOO_LONG, NAME_TOO_LONG),
    ],
)
def test_fields_have_a_largest_size(name: str, value: str, strict: object, loose: object) -> None:
    body = multipart({name: value}, file_part(b""))

    for limit, expected in (("4KB", strict), ("2MB", loose)):
        if expected:
            assert refusal(body, limit=limit) == expected
        else:
            assert form(body, limit=limit).fields == {name: value}


def test_all_fields_together_have_a_largest_size() -> None:
    fields = {f"f{n}": "x" * 2 * 1024 * 1024 for n in range(4)}

    assert form(multipart(fields, file_part(b"")), limit="2MB").fields == fields
    body = multipart({**fields, "one": "x"}, file_part(b""))
    assert refusal(body, limit="2MB") == ("FieldItemTooLong", "0006-00000112")


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
