"""A callback under a directory grant: one object inside the granted folder, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import hook
from completion.application import build
from completion.object_proof import Upload
from tests.support.callback_fixtures import (
    CRC64,
    DIRECTORY_TICKET,
    ETAG,
    FOLDER,
    NOW,
    SECRET,
    Bucket,
    Callback,
    confirmation,
)
from tests.support.fc_events import ask
from vendored.fc_http import Clock, Handler
from vendored.ticket import sign_ticket

Sign = Callable[..., Callback]
PHOTO = FOLDER + "photo.png"


@pytest.fixture
def reported(signed: Sign) -> Sign:
    """Return a callback signed as OSS signs, for an object of the folder unless a test says otherwise."""

    def sign(**fields: str) -> Callback:
        return signed(**{"ticket": sign_ticket(DIRECTORY_TICKET, SECRET), "object": PHOTO, **fields})

    return sign


def test_completes_an_object_of_the_folder(handler: Handler, reported: Sign, bucket: Bucket) -> None:
    answer = ask(handler, reported().event())
    assert (answer.status, answer.content) == (
        200,
        {
            "Status": "OK",
            "id": "01abc",
            "key": PHOTO,
            "size": 5,
            "etag": ETAG,
            "crc64": CRC64,
            "type": "image/png",
            "name": "photo.png",
        },
    )
    assert [asked.path for asked in bucket.asked] == [f"/{PHOTO}"]


def test_tells_the_hook_whose_upload_it_is_and_when_the_grant_is_over(
    handler: Handler, reported: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Upload] = []

    def note(upload: Upload, _: object) -> dict[str, object]:
        given.append(upload)
        return {}

    monkeypatch.setattr(hook, "on_upload", note)
    assert ask(handler, reported().event()).status == 200
    assert [(one.user, one.expires_at) for one in given] == [("alice", DIRECTORY_TICKET.exp)]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("图片 (1).png", "%E5%9B%BE%E7%89%87%20%281%29.png"),
        ("a..b", "a..b"),
        ("...", "..."),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c&d=e+f", "a%3Fb%23c%26d%3De%2Bf"),
        ("${filename}", "%24%7Bfilename%7D"),
        ("'\"<>|:*", "%27%22%3C%3E%7C%3A%2A"),
        ("\u2028\u202egnp.exe", "%E2%80%A8%E2%80%AEgnp.exe"),
    ],
)
def test_asks_for_exactly_the_object_that_was_reported(
    name: str, path: str, handler: Handler, reported: Sign, bucket: Bucket
) -> None:
    assert ask(handler, reported(object=FOLDER + name).event()).content["key"] == FOLDER + name
    assert [asked.path for asked in bucket.asked] == [f"/{FOLDER}{path}"]


@pytest.mark.parametrize(
    "name",
    [
        PHOTO[1:],
        "photo.png",
        "uploads/alice/2027/01/15/01abd/photo.png",
        "uploads/alice/2027/01/15/01abc",
        FOLDER,
        FOLDER + "a/b.png",
        FOLDER + "/b.png",
        FOLDER + "b.png/",
        FOLDER + ".",
        FOLDER + "..",
        FOLDER + "../x.png",
        FOLDER + "a\\b.png",
        FOLDER + "a\nb.png",
        FOLDER + "b.png\n",
        FOLDER + "..\n",
        FOLDER + "a\x00.png",
        FOLDER + "a\x7f.png",
        FOLDER + "a\x85.png",
        FOLDER.upper() + "b.png",
    ],
)
def test_refuses_an_object_that_is_not_one_of_the_folder(
    name: str, handler: Handler, reported: Sign, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(handler, reported(object=name).event())
    assert (answer.status, answer.code) == (403, "not_verified")
    assert json.loads(capsys.readouterr().out)["code"] == "object_differs"
    assert bucket.connections == 0


@pytest.mark.parametrize("size", ["10", "05", "+5", "5.0", "-1", "٣", " 5", "1e0", "9" * 400])
def test_refuses_a_size_over_the_cap_or_none(
    size: str, handler: Handler, reported: Sign, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(handler, reported(size=size).event()).code == "not_verified"
    assert json.loads(capsys.readouterr().out)["code"] == "size_differs"
    assert bucket.connections == 0


@pytest.mark.parametrize("size", ["9", "0"])
def test_takes_any_size_up_to_the_cap(size: str, handler: Handler, reported: Sign, bucket: Bucket) -> None:
    bucket.headers["Content-Length"] = size
    assert ask(handler, reported(size=size).event()).content["size"] == int(size)


def test_an_object_of_another_size_than_was_reported(
    handler: Handler, reported: Sign, bucket: Bucket
) -> None:
    bucket.headers["Content-Length"] = "6"
    assert ask(handler, reported().event()).code == "size_differs"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"bucket": "another-bucket"}, "bucket_differs"),
        ({"ticket": sign_ticket(DIRECTORY_TICKET, "b" * 32)}, "ticket_forged"),
        ({"ticket": sign_ticket(DIRECTORY_TICKET._replace(exp=int(NOW)), SECRET)}, "ticket_expired"),
        (
            {"ticket": sign_ticket(DIRECTORY_TICKET._replace(dir="elsewhere/"), SECRET)},
            "ticket_for_something_else",
        ),
        (
            {"ticket": sign_ticket(DIRECTORY_TICKET._replace(dir=FOLDER[:-1] + "d/"), SECRET)},
            "object_differs",
        ),
    ],
)
def test_refuses_what_speaks_of_something_else(
    fields: dict[str, str], code: str, handler: Handler, reported: Sign, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(handler, reported(**fields).event()).code == "not_verified"
    assert json.loads(capsys.readouterr().out)["code"] == code


@pytest.fixture
def strict(environ: dict[str, str]) -> Handler:
    return build({**environ, "ALLOWED_TYPES": "image/png,video/*"}, Clock(lambda: NOW, lambda: 0.0))


# a browser takes the last of several types for the file's
STRANGE = ["text/html", "image/svg+xml", "image", "", "image/png2", "video", "image/png,text/html"]
STRANGE += ["image/png, text/html;charset=utf-8", "image/png;x,text/html", "image/png,text/html x", "image/"]
STRANGE += [
    "image/png text/html",
    "video/a b",
    "image/<script>",
    "image//text/html",
    ",image/png",
    "image/png,/",
    "image/png\xa0",
]


@pytest.mark.parametrize("stored", STRANGE)
def test_the_stored_type_must_be_allowed(
    stored: str, strict: Handler, signed: Sign, reported: Sign, bucket: Bucket
) -> None:
    bucket.headers["Content-Type"] = stored
    for event in (
        reported().event(),
        signed().event(),
    ):
        answer = ask(strict, event)
        assert (answer.status, answer.code) == (415, "type_not_allowed")


@pytest.mark.parametrize("stored", ["image/png", "IMAGE/PNG; charset=x", "video/webm;codecs=vp8,opus"])
def test_an_allowed_type_is_taken_as_stored(
    stored: str, strict: Handler, reported: Sign, bucket: Bucket
) -> None:
    bucket.headers["Content-Type"] = stored
    assert ask(strict, reported().event()).content["type"] == stored


# what the tutorials' pages send on Windows and Android
@pytest.mark.parametrize(
    ("name", "stored", "allowed"),
    [
        ("a.zip", "application/x-zip-compressed", "application/zip"),
        ("a.zip", "application/zip", "application/x-zip-compressed"),
        ("a.zip", "application/x-compressed", "application/zip"),
        ("a.csv", "application/vnd.ms-excel", "text/csv"),
        ("a.csv", "text/comma-separated-values;charset=utf-8", "text/csv"),
        ("a.jpg", "image/pjpeg", "image/jpeg"),
    ],
)
def test_a_stored_type_is_judged_by_its_one_name_and_answered_as_it_is(
    name: str, stored: str, allowed: str, environ: dict[str, str], reported: Sign, bucket: Bucket
) -> None:
    handler = build({**environ, "ALLOWED_TYPES": allowed}, Clock(lambda: NOW, lambda: 0.0))
    bucket.headers["Content-Type"] = stored
    assert ask(handler, reported(object=FOLDER + name).event()).content["type"] == stored


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("a.csv", "text/html"),
        ("a.csv", "application/zip"),
        ("a.html", "application/vnd.ms-excel"),
        ("a", "application/vnd.ms-excel"),
        ("a.csv", "application/octet-stream"),
        ("a.csv", ""),
    ],
)
def test_a_name_does_not_excuse_another_type(
    name: str, stored: str, environ: dict[str, str], reported: Sign, bucket: Bucket
) -> None:
    handler = build({**environ, "ALLOWED_TYPES": "text/csv"}, Clock(lambda: NOW, lambda: 0.0))
    bucket.headers["Content-Type"] = stored
    assert ask(handler, reported(object=FOLDER + name).event()).code == "type_not_allowed"


@pytest.mark.parametrize("stored", ["image/svg+xml", "IMAGE/SVG+XML; charset=utf-8", "image/svg"])
def test_an_svg_that_nothing_makes_a_download_must_be_allowed_by_its_name(
    stored: str, environ: dict[str, str], signed: Sign, reported: Sign, bucket: Bucket
) -> None:
    """A directory grant does not fix the disposition; a file grant makes an SVG an attachment."""
    bucket.headers["Content-Type"] = stored
    for allowed, status in (("image/*", 415), ("image/*,image/svg+xml", 200), ("*/*", 200)):
        handler = build({**environ, "ALLOWED_TYPES": allowed}, Clock(lambda: NOW, lambda: 0.0))
        assert ask(handler, reported(object=FOLDER + "a.svg").event()).status == status, allowed
        assert ask(handler, signed().event()).status == 200, allowed


@pytest.mark.parametrize("header", ["x-oss-storage-class", "Content-Encoding", "x-oss-version-id"])
def test_an_object_must_be_readable_here_too(
    header: str, handler: Handler, reported: Sign, bucket: Bucket
) -> None:
    bucket.headers[header] = "Archive"
    assert ask(handler, reported().event()).status == 409


@pytest.mark.parametrize(
    ("last", "name"),
    [
        ("invoice\u202egnp.exe", "invoice_gnp.exe"),
        ("a\u2028b\u2029.png", "a_b_.png"),
        ("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069", "_" * 11),
        ("图片 (1).png", "图片 (1).png"),
    ],
)
def test_a_name_cannot_disguise_itself_and_the_key_stays_as_stored(
    last: str, name: str, handler: Handler, reported: Sign
) -> None:
    content = ask(handler, reported(object=FOLDER + last).event()).content
    assert (content["name"], content["key"]) == (name, FOLDER + last)


def test_a_browsers_own_disposition_names_nothing(handler: Handler, reported: Sign, bucket: Bucket) -> None:
    bucket.headers["Content-Disposition"] = "attachment; filename*=UTF-8''..%2F..%2Fetc%00%0Ax"
    assert ask(handler, reported().event()).content["name"] == "photo.png"


def test_any_type_is_still_a_type(environ: dict[str, str], reported: Sign, bucket: Bucket) -> None:
    handler = build({**environ, "ALLOWED_TYPES": "*/*"}, Clock(lambda: NOW, lambda: 0.0))
    bucket.headers["Content-Type"] = "image/<script>"
    assert ask(handler, reported().event()).code == "type_not_allowed"


def test_an_object_that_is_replaced_is_another_upload(
    handler: Handler, reported: Sign, bucket: Bucket
) -> None:
    assert ask(handler, reported().event()).content["etag"] == ETAG
    bucket.headers["ETag"] = '"F00D"'
    assert ask(handler, reported(etag="F00D").event()).content["etag"] == "F00D"
    assert ask(handler, reported(etag="BEEF").event()).code == "etag_differs"


def test_the_same_bytes_with_another_type_are_another_upload(
    handler: Handler, reported: Sign, bucket: Bucket
) -> None:
    assert ask(handler, reported().event()).content["type"] == "image/png"
    bucket.headers["Content-Type"] = "image/jpeg"
    assert ask(handler, reported().event()).content["type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"Content-Type": "text/html"}, "type_not_allowed"),
        ({"Content-Encoding": "gzip"}, "object_encoded"),
        ({"x-oss-storage-class": "Archive"}, "storage_class_differs"),
    ],
)
def test_the_same_bytes_in_another_dress_are_looked_at_again(
    changed: dict[str, str], code: str, strict: Handler, reported: Sign, bucket: Bucket
) -> None:
    assert ask(strict, reported().event()).status == 200
    bucket.headers |= changed
    assert ask(strict, reported().event()).code == code


def test_confirm_is_not_for_directory_grants(
    handler: Handler, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(handler, confirmation(sign_ticket(DIRECTORY_TICKET, SECRET)))
    assert (answer.status, answer.code) == (403, "not_verified")
    assert json.loads(capsys.readouterr().out)["code"] == "ticket_for_something_else"
    assert bucket.connections == 0
