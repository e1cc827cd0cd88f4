"""Is the granted upload there, and is it what was granted?"""

from __future__ import annotations

import pytest

from completion.callback_request import UploadReport
from completion.object_proof import Head, Upload, check_type, verify_object
from tests.support.callback_fixtures import CRC64, ETAG, STORED, TICKET
from vendored.errors import NotStored, ObjectDiffers, Refusal, TypeNotAllowed, Unavailable
from vendored.ticket import FileTicket

GOOD = {name.lower(): value for name, value in STORED.items()}
UPLOAD = Upload(
    id="01abc",
    key=TICKET.key,
    size=5,
    etag=ETAG,
    type="image/png",
    name="图片.png",
    user="",
    expires_at=TICKET.exp,
    crc64=CRC64,
)


def verified(head: Head, ticket: FileTicket = TICKET, etag: str | None = None) -> Upload:
    return verify_object(UploadReport(ticket, etag), head, ("image/*",))


def test_completes_what_was_granted() -> None:
    assert verified(Head(200, GOOD)) == UPLOAD


def test_completes_what_was_sent_in_parts() -> None:
    tag = f"{ETAG}-2"
    stored = Head(200, {**GOOD, "etag": f'"{tag}"', "x-oss-object-type": "Multipart"})
    assert verified(stored, etag=tag) == UPLOAD._replace(etag=tag)


@pytest.mark.parametrize("said", ["", "abc", "-1", "1" * 21, "1 ", "１"])  # noqa: RUF001 - a digit of another script
def test_a_checksum_that_is_none_is_not_passed_on(said: str) -> None:
    assert verified(Head(200, {**GOOD, "x-oss-hash-crc64ecma": said})) == UPLOAD._replace(crc64="")


def test_a_checksum_may_be_missing() -> None:
    stored = {name: value for name, value in GOOD.items() if name != "x-oss-hash-crc64ecma"}
    assert verified(Head(200, stored)) == UPLOAD._replace(crc64="")


def test_the_stored_etag_must_be_the_callbacks() -> None:
    assert verified(Head(200, GOOD), etag=ETAG) == UPLOAD
    assert verified(Head(200, GOOD), etag=None) == UPLOAD
    for other in ("", ETAG.lower(), f'"{ETAG}"', ETAG[:-1] + "3"):
        with pytest.raises(ObjectDiffers, match="etag_differs"):
            verified(Head(200, GOOD), etag=other)


def test_the_stored_type_must_be_allowed() -> None:
    with pytest.raises(TypeNotAllowed, match="type_not_allowed"):
        verified(Head(200, {**GOOD, "content-type": "text/html"}))


def test_the_name_of_an_object_in_a_directory_is_the_last_part_of_its_key() -> None:
    assert verify_object(UploadReport(TICKET, ETAG, in_directory=True), Head(200, GOOD), ("image/*",)) == (
        UPLOAD._replace(name="01abc.png")
    )


def test_the_ticket_names_the_user() -> None:
    assert verified(Head(200, GOOD), ticket=TICKET._replace(sub="auth0|1")).user == "auth0|1"


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"content-length": "6"}, ObjectDiffers, "size_differs"),
        ({"content-length": "0"}, ObjectDiffers, "size_differs"),
        ({"content-length": ""}, Unavailable, "head_incomplete"),
        ({"content-length": "-5"}, Unavailable, "head_incomplete"),
        ({"content-length": "5, 5"}, Unavailable, "head_incomplete"),
        ({"etag": ""}, Unavailable, "head_incomplete"),
        ({"etag": '""'}, Unavailable, "head_incomplete"),
        ({"etag": f'"{ETAG}" "x"'}, Unavailable, "head_incomplete"),
        ({"content-encoding": "gzip"}, ObjectDiffers, "object_encoded"),
        ({"content-encoding": ""}, ObjectDiffers, "object_encoded"),
        ({"x-oss-storage-class": "Archive"}, ObjectDiffers, "storage_class_differs"),
        ({"x-oss-storage-class": "ColdArchive"}, ObjectDiffers, "storage_class_differs"),
        ({"x-oss-object-type": "Appendable"}, ObjectDiffers, "object_type_differs"),
        ({"x-oss-object-type": "Symlink"}, ObjectDiffers, "object_type_differs"),
        ({"x-oss-version-id": "CAEQ"}, ObjectDiffers, "bucket_versioned"),
        ({"x-oss-version-id": "null"}, ObjectDiffers, "bucket_versioned"),
        ({"x-oss-version-id": ""}, ObjectDiffers, "bucket_versioned"),
    ],
)
def test_refuses_another_object(changes: dict[str, str], kind: type[Refusal], code: str) -> None:
    with pytest.raises(kind, match=f"^{code}$"):
        verified(Head(200, {**GOOD, **changes}))


@pytest.mark.parametrize(
    ("head", "detail"),
    [
        (Head(404, {}), "The file is not stored; it can be sent again."),
        (Head(200, {**GOOD, "content-length": "6"}), "The stored object has another size than was granted."),
        (
            Head(200, {**GOOD, "content-encoding": "gzip"}),
            "The stored object has a Content-Encoding, which no grant allows.",
        ),
        (
            Head(200, {**GOOD, "x-oss-storage-class": "Archive"}),
            "The stored object has a storage class that no grant allows.",
        ),
        (
            Head(200, {**GOOD, "x-oss-version-id": "CAEQ"}),
            "The bucket keeps versions, so that objects can be overwritten.",
        ),
    ],
)
def test_says_in_a_sentence_what_is_wrong_with_the_object(head: Head, detail: str) -> None:
    with pytest.raises(Refusal) as caught:
        verified(head)
    assert caught.value.detail == detail


def test_says_in_a_sentence_that_the_object_was_replaced() -> None:
    with pytest.raises(ObjectDiffers) as caught:
        verified(Head(200, GOOD), etag="A" * 32)
    assert caught.value.detail == "The object was replaced after OSS reported it."


def test_says_in_a_sentence_which_types_are_allowed() -> None:
    with pytest.raises(TypeNotAllowed) as caught:
        check_type("text/html", ("image/*", "application/pdf"), TICKET.key)
    assert caught.value.detail == "Allowed types: image/*, application/pdf."


def test_an_object_without_a_name_has_an_empty_one() -> None:
    bare = {name: GOOD[name] for name in ("etag", "content-length", "content-type", "x-oss-hash-crc64ecma")}
    assert verified(Head(200, bare)) == UPLOAD._replace(name="")


def test_an_object_without_a_type_is_refused() -> None:
    with pytest.raises(TypeNotAllowed, match="type_not_allowed"):
        verified(Head(200, {name: GOOD[name] for name in ("etag", "content-length")}))


@pytest.mark.parametrize("missing", ["etag", "content-length"])
def test_an_answer_without_proof_decides_nothing(missing: str) -> None:
    with pytest.raises(Unavailable, match="head_incomplete"):
        verified(Head(200, {name: value for name, value in GOOD.items() if name != missing}))


@pytest.mark.parametrize("status", [201, 204, 206, 301, 302, 304, 400, 403, 429, 500, 503])
def test_another_status_decides_nothing(status: int) -> None:
    with pytest.raises(Unavailable, match=f"head_{status}"):
        verified(Head(status, GOOD))


def test_a_missing_object_may_be_sent_again() -> None:
    with pytest.raises(NotStored, match="not_stored"):
        verified(Head(404, {}))


@pytest.mark.parametrize("storage_class", ["Standard", "IA", None])
def test_accepts_classes_that_can_be_read_at_once(storage_class: str | None) -> None:
    headers = {**GOOD, "x-oss-storage-class": storage_class}
    assert verified(Head(200, {name: value for name, value in headers.items() if value})) == UPLOAD


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("", ""),
        ('attachment; filename="a.png"', ""),
        ("attachment; filename*=UTF-8''%E5%9B%BE.png", "图.png"),
        ("attachment; filename*=UTF-8''" + "a" * 2000, "a" * 1024),
        ("attachment; filename*=UTF-8''%FF", "\ufffd"),
    ],
)
def test_reads_the_name_our_grants_write(disposition: str, name: str) -> None:
    assert verified(Head(200, {**GOOD, "content-disposition": disposition})).name == name
