"""Forms and requests of broken or hostile clients, nearly all against a process of its own.

After each, nothing is stored, memory has not grown, and the next request on a new connection is served.
"""

import gzip
import random
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.emulator.process import EmulatorProcess, received
from tests.support.emulator.scene import BOUNDARY, Scene, Seen, encoded, file_part, multipart, part, signed

MEBIBYTE = 1024 * 1024
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
SWITCHES = b"GET /-/switches HTTP/1.1\r\nHost: x\r\n\r\n"


def fields(key: str = "bad", **others: str) -> dict[str, str]:
    """A valid form that expires after any run of the tests."""
    named = {name.replace("_", "-"): value for name, value in others.items()}
    return signed({"key": key, **named}, now=time.time(), expires=time.time() + 86_400)


FIELDS = fields()
FILE = file_part(b"hello")
FORM = multipart(FIELDS, FILE)
END = f"--{BOUNDARY}--\r\n".encode()


def posted(
    body: bytes = FORM, *headers: str, content_type: str = TYPE, length: int | None = -1, start: str = ""
) -> bytes:
    """A POST; `length` is its Content-Length header: -1 for the true length, None for no header."""
    told = [] if length is None else [f"Content-Length: {len(body) if length < 0 else length}"]
    lines = (start or "POST / HTTP/1.1", "Host: x", f"Content-Type: {content_type}", *told, *headers, "", "")
    return "\r\n".join(lines).encode("latin-1") + body


def chunked(*pieces: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))
    return posted(body, "Transfer-Encoding: chunked", length=None)


def kept(emulator: EmulatorProcess) -> tuple[dict[Path, int], list[Any]]:
    """Every content file with the time of its last change, and every row of the index."""
    with closing(sqlite3.connect(emulator.folder / "index.sqlite")) as connection:
        rows = connection.execute("SELECT * FROM objects").fetchall()
    return {path: path.stat().st_mtime_ns for path in (emulator.folder / "objects").iterdir()}, rows


def history(emulator: EmulatorProcess) -> bytes:
    """The last refusals of the emulator."""
    return requests.get(f"{emulator.url}/-/refusals", timeout=5).content


def is_served(emulator: EmulatorProcess) -> bool:
    (answer,) = emulator.answers(posted(multipart(fields("next"), FILE)))
    return answer.status == 204


@pytest.fixture
def unharmed(emulator: EmulatorProcess) -> Iterator[EmulatorProcess]:
    """The emulator; afterwards its files are unchanged, its memory nearly so, and the next form is stored."""
    assert is_served(emulator)
    before, kilobytes = kept(emulator), emulator.peak_kilobytes()
    yield emulator
    assert kept(emulator) == before
    assert emulator.peak_kilobytes() - kilobytes < 16 * 1024
    assert is_served(emulator)


def refusals(answers: list[Seen]) -> list[tuple[int, str, str]]:
    """Status, Code and EC of each answer, whose headers must be in OSS's form."""
    for answer in answers:
        assert (answer.headers["Server"], answer.headers["Content-Type"]) == ("AliyunOSS", "application/xml")
        assert answer.headers["x-oss-request-id"] == answer.error["RequestId"]
        assert answer.headers.get("x-oss-ec") == answer.error.get("EC")
    return [answer.refusal for answer in answers]


MALFORMED = (400, "MalformedPOSTRequest", "0006-00000104")
MALFORMED_PART = (400, "MalformedPOSTRequest", "0006-00000109")
NAME_TOO_LONG = (400, "FieldItemTooLong", "0006-00000110")
VALUE_TOO_LONG = (400, "FieldItemTooLong", "0006-00000111")
NO_FILE = (400, "IncorrectNumberOfFilesInPOSTRequest", "0006-00000107")
TWO_FILES = (400, "IncorrectNumberOfFilesInPOSTRequest", "")
NO_KEY = (400, "InvalidArgument", "")


def headed(*lines: str) -> bytes:
    """A form that begins with a part under these header lines."""
    head = "".join(f"{line}\r\n" for line in lines)
    return f"--{BOUNDARY}\r\n{head}\r\nvalue\r\n".encode() + FORM


FORMS = {
    "an empty body": (b"", MALFORMED),
    "nothing but line ends": (b"\r\n" * 1000, MALFORMED),
    "a megabyte of zeros": (bytes(MEBIBYTE), MALFORMED),
    "nothing but boundaries": (f"--{BOUNDARY}\r\n".encode() * 10_000, MALFORMED),
    "only the last boundary": (END, NO_FILE),
    "line feeds alone": (FORM.replace(b"\r\n", b"\n"), MALFORMED),
    "bytes before the first boundary": (b"x" + FORM, MALFORMED),
    "a part without headers": (headed(), MALFORMED_PART),
    "a part that begins with another header": (headed("Content-Type: text/plain"), MALFORMED_PART),
    "a part without a name": (headed("Content-Disposition: form-data"), MALFORMED),
    "a part whose name has no quotes": (headed("Content-Disposition: form-data; name=a"), MALFORMED),
    "a header without a colon": (headed('Content-Disposition: form-data; name="a"', "colon"), MALFORMED),
    "a header that is not UTF-8": (
        headed('Content-Disposition: form-data; name="a"', "X: é").replace("é".encode(), b"\xff"),
        MALFORMED,
    ),
    "a hundred headers": (headed('Content-Disposition: form-data; name="a"', *["X: y"] * 100), MALFORMED),
    "a header line of a megabyte": (
        headed('Content-Disposition: form-data; name="a"', "X: " + "y" * MEBIBYTE),
        NAME_TOO_LONG,
    ),
    "a name of a megabyte": (part("n" * MEBIBYTE, "") + FORM, NAME_TOO_LONG),
    "a value of three megabytes": (part("a", "v" * 3 * MEBIBYTE) + FORM, VALUE_TOO_LONG),
    "a value that is not UTF-8": (part("a", b"\xff") + FORM, MALFORMED),
    "10,000 fields": (multipart({f"f{n}": "" for n in range(10_000)}, FORM), MALFORMED),
    "the file first": (FILE + multipart(FIELDS), NO_KEY),
    "no file": (multipart(FIELDS), NO_FILE),
    "two files": (multipart(FIELDS, FILE, FILE), TWO_FILES),
    "two files, one of them first": (FILE + multipart(FIELDS, FILE), NO_KEY),
    "a form that was compressed": (gzip.compress(FORM), MALFORMED),
}


def test_bad_forms_are_refused_as_oss_does(unharmed: EmulatorProcess) -> None:
    for kind, (body, expected) in FORMS.items():
        assert refusals(unharmed.answers(posted(body))) == [expected], kind


def test_bad_forms_in_chunks_are_refused_alike(unharmed: EmulatorProcess) -> None:
    for kind, (body, expected) in FORMS.items():
        pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)]
        assert refusals(unharmed.answers(chunked(*pieces))) == [expected], kind


def test_a_body_without_a_usable_boundary_is_no_form(unharmed: EmulatorProcess) -> None:
    for content_type, expected in (
        ("", (405, "MethodNotAllowed", "")),
        ("text/plain", (400, "RequestIsNotMultiPartContent", "")),
        (f"multipart/mixed; boundary={BOUNDARY}", (400, "RequestIsNotMultiPartContent", "")),
        ("multipart/form-data", MALFORMED),
        ("multipart/form-data; boundary=", MALFORMED),
        ('multipart/form-data; boundary=""', MALFORMED),
        (f'multipart/form-data; boundary="{BOUNDARY}"', MALFORMED),
        ("multipart/form-data; boundary=another", MALFORMED),
        ("multipart/form-data; boundary=\xff\xfe", MALFORMED),
        (f"multipart/form-data; boundary={BOUNDARY * 100}", MALFORMED),
        (f"multipart/form-data; boundary={BOUNDARY * 3000}", (431, "RequestHeaderFieldsTooLarge", "")),
    ):
        assert refusals(unharmed.answers(posted(content_type=content_type))) == [expected], content_type[:60]


def places(form: bytes) -> dict[str, int]:
    """Offsets at which a form can break off: the middle and the end of each of its elements."""
    boundary, content = f"--{BOUNDARY}".encode(), form.find(b"hello")
    value, last = form.find(b"bad\r\n"), form.rfind(b"--" + BOUNDARY.encode())
    return {
        "in the first boundary": 5,
        "after the first boundary": len(boundary),
        "after the first boundary's line": len(boundary) + 2,
        "in a header's name": len(boundary) + 10,
        "in a field's name": form.find(b'name="') + 7,
        "after a header line": value - 2,
        "after the headers": value,
        "in a value": value + 1,
        "after a value": value + 3,
        "in the boundary after a value": value + 10,
        "in the file's headers": form.find(b"filename") + 3,
        "before the file's content": content,
        "in the file's content": content + 2,
        "after the file's content": content + 5,
        "in the line end after the file": content + 6,
        "in the last boundary": last + 5,
        "before the last boundary's hyphens": last + len(boundary),
        "between the last boundary's hyphens": last + len(boundary) + 1,
    }


def test_a_form_that_breaks_off_is_malformed(unharmed: EmulatorProcess) -> None:
    for place, end in places(FORM).items():
        assert refusals(unharmed.answers(posted(FORM[:end]))) == [MALFORMED], place


BAD_HTTP = (400, "BadRequest", "")
REQUESTS = {
    "a doubled Content-Length": (posted(FORM, f"Content-Length: {len(FORM)}"), BAD_HTTP),
    "two Content-Lengths": (posted(FORM, "Content-Length: 5"), BAD_HTTP),
    "a list as Content-Length": (posted(FORM, f"Content-Length: {len(FORM)}, 5", length=None), BAD_HTTP),
    "a negative Content-Length": (posted(FORM, "Content-Length: -1", length=None), BAD_HTTP),
    "a signed Content-Length": (posted(FORM, "Content-Length: +5", length=None), BAD_HTTP),
    "a superscript Content-Length": (posted(FORM, "Content-Length: \xb2", length=None), BAD_HTTP),
    "a Content-Length of 5,000 digits": (posted(b"", "Content-Length: " + "9" * 5000, length=None), BAD_HTTP),
    "Content-Length and chunks that are none": (posted(FORM, "Transfer-Encoding: chunked"), MALFORMED),
    "two Content-Lengths and chunks": (
        posted(FORM, f"Content-Length: {len(FORM)}", "Transfer-Encoding: chunked"),
        BAD_HTTP,
    ),
    "chunks of chunks": (posted(FORM, "Transfer-Encoding: chunked, chunked", length=None), BAD_HTTP),
    "compressed without chunks": (posted(FORM, "Transfer-Encoding: gzip", length=None), BAD_HTTP),
    "an unknown transfer coding": (
        posted(FORM, "Transfer-Encoding: x", length=None),
        (501, "NotImplemented", ""),
    ),
    "another expectation": (posted(FORM, "Expect: 200-ok"), (417, "ExpectationFailed", "")),
    "a header of 64 KB": (
        posted(b"", "X: " + "y" * 65_536),
        (431, "RequestHeaderFieldsTooLarge", ""),
    ),
    "1,000 headers": (posted(b"", *["X: y"] * 1000), (431, "RequestHeaderFieldsTooLarge", "")),
    "a NUL in a header": (posted(FORM, "X: a\0b"), BAD_HTTP),
    "a line feed in a header": (posted(FORM, "X: a\nY: b"), BAD_HTTP),
    "a folded header": (posted(FORM, "X: a\r\n b"), BAD_HTTP),
    "a space before a header's colon": (posted(FORM, "X : a"), BAD_HTTP),
    "two hosts": (posted(FORM, "Host: y"), BAD_HTTP),
    "no host": (posted(FORM).replace(b"Host: x\r\n", b""), BAD_HTTP),
    "a head that breaks off": (posted(FORM)[:40], BAD_HTTP),
    "no method": (posted(FORM, start="/ HTTP/1.1"), BAD_HTTP),
    "a method of brackets": (posted(FORM, start="P()ST / HTTP/1.1"), BAD_HTTP),
    "a target without a slash": (posted(FORM, start="POST here HTTP/1.1"), BAD_HTTP),
    "a control character in the target": (posted(FORM, start="POST /\x01 HTTP/1.1"), BAD_HTTP),
    "another protocol": (posted(FORM, start="POST / SPDY/3"), BAD_HTTP),
    "a greeting in TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", BAD_HTTP),
    "no length at all": (posted(FORM, length=None), MALFORMED),
    "more than 5 GB": (
        posted(b"", f"Content-Length: {5 * 1024**3 + 1}", length=None),
        (400, "InvalidArgument", ""),
    ),
}


def test_what_is_not_http_is_refused_in_oss_s_form(unharmed: EmulatorProcess) -> None:
    for kind, (sent, expected) in REQUESTS.items():
        assert refusals(unharmed.answers(sent)) == [expected], kind


def test_a_name_inside_the_files_name_is_no_name(emulator: EmulatorProcess) -> None:
    form = b'--b\r\nContent-Disposition: form-data; filename="; name="\r\n\r\nx\r\n--b--\r\n'
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"

    answers = emulator.answers(head + b"Content-Length: %d\r\n\r\n" % len(form) + form)

    assert refusals(answers) == [(400, "MalformedPOSTRequest", "0006-00000104")]


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ("/a%ff", (400, "InvalidObjectName", "")),
        ("/" + "a" * 10_000, (414, "RequestUriTooLong", "")),
        ("http://127.0.0.1:9000/a", (403, "AccessDenied", "0003-00000001")),
    ],
)
def test_a_request_target_is_utf_8_of_bounded_length_in_any_form(
    emulator: EmulatorProcess, target: str, refusal: tuple[int, str, str]
) -> None:
    answers = emulator.answers(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert refusals(answers) == [refusal]


@pytest.mark.parametrize("target", ["//a", "/a//b", "/a%0Ab", "/%00", "/robots.txt", "/" + "a" * 8_000])
def test_no_path_is_answered_by_the_web_server_itself(emulator: EmulatorProcess, target: str) -> None:
    answers = emulator.answers(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert refusals(answers) == [(403, "AccessDenied", "0003-00000001")]


@pytest.mark.parametrize("missing", [1, 100, len(FORM)])
def test_a_body_shorter_than_its_content_length_is_malformed(unharmed: EmulatorProcess, missing: int) -> None:
    assert refusals(unharmed.answers(posted(FORM[:-missing], length=len(FORM)))) == [MALFORMED]


def test_a_complete_form_shorter_than_its_content_length_is_malformed(unharmed: EmulatorProcess) -> None:
    """The form is complete but the request is not, so nothing may be stored."""
    assert refusals(unharmed.answers(posted(FORM, length=len(FORM) + 100))) == [MALFORMED]


@pytest.mark.parametrize("body", [FORM[:-100], FORM])
def test_a_client_that_gives_up_waiting_has_stored_nothing(unharmed: EmulatorProcess, body: bytes) -> None:
    known = history(unharmed)
    with socket.create_connection(("127.0.0.1", unharmed.port), timeout=0.3) as waiting:
        waiting.sendall(posted(body, length=len(FORM) + 100))
        with pytest.raises(TimeoutError):
            waiting.recv(1)

    while history(unharmed) == known:  # until the emulator has noticed it
        threading.Event().wait(0.01)
    assert unharmed.read("HEAD", "bad").status == 404


def test_the_rest_of_a_form_longer_than_its_content_length_is_not_a_request(
    unharmed: EmulatorProcess,
) -> None:
    """In the file, a request begins just where the Content-Length ends."""
    form = multipart(FIELDS, file_part(b"x" * 100 + SWITCHES))
    cut = form.find(SWITCHES)

    assert refusals(unharmed.answers(posted(form, length=cut))) == [MALFORMED]


def test_the_rest_of_a_broken_chunk_is_not_a_request(unharmed: EmulatorProcess) -> None:
    sent = posted(b"5\r\nhelloo\r\n" + SWITCHES, "Transfer-Encoding: chunked", length=None)

    assert refusals(unharmed.answers(sent)) == [MALFORMED]


def test_a_method_that_is_not_allowed_ends_the_connection(unharmed: EmulatorProcess) -> None:
    """Capture: hujinchen/Image_upload_aliyun 2."""
    (answer,) = unharmed.answers(posted(FORM, start="POST /a.txt HTTP/1.1") + SWITCHES)

    assert refusals([answer]) == [(405, "MethodNotAllowed", "")]
    assert (answer.headers["Connection"], answer.headers["Allow"]) == (
        "close",
        "GET DELETE HEAD PUT POST OPTIONS",
    )


def test_a_refused_form_is_read_to_its_end_before_the_next_request(unharmed: EmulatorProcess) -> None:
    """A request inside the body is not answered, the one after the body is."""
    form = multipart({**FIELDS, "x-oss-signature": "0" * 64}, file_part(SWITCHES * 10_000))

    refused, answered = unharmed.answers(posted(form) + SWITCHES)

    assert refusals([refused]) == [(403, "SignatureDoesNotMatch", "0002-00000705")]
    assert answered.status == 200


def test_pipelined_uploads_are_answered_in_order(emulator: EmulatorProcess) -> None:
    forms = [multipart(fields(f"line-{n}"), file_part(b"x" * n)) for n in range(3)]

    answers = emulator.answers(b"".join(posted(form) for form in forms))

    assert [answer.status for answer in answers] == [204, 204, 204]
    assert [emulator.read("HEAD", f"line-{n}").headers["Content-Length"] for n in range(3)] == ["0", "1", "2"]


def test_an_upload_may_come_in_chunks(emulator: EmulatorProcess) -> None:
    form = multipart(fields("chunks"), FILE)

    (answer,) = emulator.answers(chunked(*(form[start : start + 7] for start in range(0, len(form), 7))))

    assert (answer.status, emulator.read("GET", "chunks").body) == (204, b"hello")


def test_chunks_count_and_not_a_content_length_beside_them(emulator: EmulatorProcess) -> None:
    """The SDKs' live tests send both; RFC 9112 6.1 then ends the connection."""
    form = multipart(fields("both"), FILE)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form)
    for length in (len(form), len(body), 1, 10**6):
        sent = posted(body, f"Content-Length: {length}", "Transfer-Encoding: chunked", length=None)

        (answer,) = emulator.answers(sent + SWITCHES)

        assert (answer.status, answer.headers["Connection"]) == (204, "close"), length
        assert emulator.read("GET", "both").body == b"hello"


def test_expect_100_continue_is_answered(emulator: EmulatorProcess) -> None:
    form = multipart(fields("asked"), FILE)
    head, body = posted(form, "Expect: 100-continue").split(b"\r\n\r\n", 1)
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=60) as asking:
        asking.sendall(head + b"\r\n\r\n")
        assert asking.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        asking.sendall(body)
        asking.shutdown(socket.SHUT_WR)

        assert received(asking).startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (multipart(FIELDS, part("a\0b", "1"), FILE), 204),
        (multipart(FIELDS, part("a", "1\0"), FILE), 204),
        (multipart(fields("a\0b"), FILE), 204),
        (multipart(fields(r"${filename}"), file_part(b"", filename="a\0b")), 403),
        (multipart(fields(x_oss_meta_a="1\0"), FILE), 400),
        (multipart(fields(x_oss_object_acl="private\0"), FILE), 400),
        (multipart(fields(callback="\0"), FILE), 400),
        (multipart(fields(callback=encoded({"callbackUrl": "http://a\0b/"})), FILE), 400),
        (multipart({**FIELDS, "policy": "\0"}, FILE), 403),
        (multipart(FIELDS, file_part(b"\0" * 9, filename="a\0b", content_type="a/b\0")), 400),
    ],
    ids=range(10),
)
def test_a_nul_is_a_character_like_any_other(emulator: EmulatorProcess, form: bytes, expected: int) -> None:
    (answer,) = emulator.answers(posted(form))

    assert answer.status == expected
    assert is_served(emulator)


TOKENS = [
    *(
        b"\r\n",
        b"\n",
        b"--",
        b"\0",
        b'"',
        b"\\",
        b";",
        b"=",
        b":",
        b"%22",
        b"${filename}",
        b"\xff",
        b"x" * 5000,
    ),
    *(
        b'; name="file"',
        b'; filename="',
        b"Content-Type: text/plain; charset=x\r\n",
        b"Content-Length: 5\r\n",
    ),
    *(f"--{BOUNDARY}\r\n".encode(), f"\r\n{END.decode()}".encode(), "é🙂\u2028".encode(), b"\xed\xa0\x80"),
]


def mutated(form: bytes, dice: random.Random) -> bytes:
    """A form with up to four pieces removed, doubled, overwritten or replaced by an odd one."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(form) + 1)
        end = min(len(form), start + dice.choice((0, 1, 4, 40, 400)))
        piece = dice.choice((b"", form[start:end] * 2, dice.randbytes(end - start), dice.choice(TOKENS)))
        form = form[:start] + piece + form[end:]
    return form


@pytest.mark.parametrize("seed", range(5))
def test_no_mutation_of_a_form_is_an_internal_error(scene: Scene, seed: int) -> None:
    """Every form is stored or refused, and read to its end, which `Scene` asserts."""
    dice = random.Random(seed)
    form = multipart(signed({"key": "a", "x-oss-meta-a": "1"}), FILE)

    statuses = {scene.send(mutated(form, dice)).status for _ in range(400)}

    assert statuses == {204, 400, 403}
    stored = [found.content_file for found in scene.bucket.store.latest_objects(400)]
    assert sorted(path.name for path in (scene.folder / "objects").iterdir()) == sorted(stored)
