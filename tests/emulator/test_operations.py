"""OSS's name of the operation that a request is."""

from collections.abc import Mapping

import pytest

from oss_emulator.addressing import subresource_of
from oss_emulator.http_messages import Body, Request
from oss_emulator.operations import OPERATIONS, operation_of, part_number_of

NAMED = [
    ("POST", "", "", "PostObject"),
    ("POST", "", "delete", "DeleteMultipleObjects"),
    ("GET", "", "list-type=2&prefix=a", "ListObjects"),
    ("GET", "", "uploads&prefix=a", "ListMultipartUploads"),
    ("GET", "a", "versionId=null", "GetObject"),
    ("HEAD", "a", "objectMeta", "HeadObject"),
    ("PUT", "a", "", "PutObject"),
    ("DELETE", "a", "", "DeleteObject"),
    ("POST", "a", "uploads=", "InitiateMultipartUpload"),
    ("PUT", "a", "partNumber=2&uploadId=X", "UploadPart"),
    ("PUT", "a", "uploadId=X&partNumber=2", "UploadPart"),
    ("POST", "a", "uploadId=X&encoding-type=url", "CompleteMultipartUpload"),
    ("DELETE", "a", "uploadId=X", "AbortMultipartUpload"),
    ("GET", "a", "uploadId=X&max-parts=9", "ListParts"),
]
COPIES = [
    ("PUT", "a", "", "CopyObject"),
    ("PUT", "a", "partNumber=2&uploadId=X", "UploadPartCopy"),
]
UNNAMED = [
    ("PUT", "", "", ""),
    ("PUT", "", "acl", ""),
    ("GET", "a", "acl", ""),
    ("PUT", "a", "partNumber=2", ""),
    ("PUT", "", "uploadId=X", ""),
    ("PATCH", "a", "", ""),
]


def request(method: str, query: str, headers: Mapping[str, str]) -> Request:
    return Request(method, f"/a?{query}", headers, Body(lambda _: b""))


@pytest.mark.parametrize(("method", "key", "query", "name"), [*NAMED, *UNNAMED])
def test_names_the_operation_of_a_request(method: str, key: str, query: str, name: str) -> None:
    sent = request(method, query, {})

    assert operation_of(sent, key, subresource_of(sent)) == name


@pytest.mark.parametrize(("method", "key", "query", "name"), COPIES)
def test_a_copy_is_an_operation_of_its_own(method: str, key: str, query: str, name: str) -> None:
    sent = request(method, query, {"x-oss-copy-source": "/b/c"})

    assert operation_of(sent, key, subresource_of(sent)) == name


def test_there_are_no_other_operations() -> None:
    assert {name for *_, name in (*NAMED, *COPIES)} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("partNumber=10000", 10_000),
        ("", 0),
        ("partNumber=", 0),
        ("partNumber=x", 0),
        ("partNumber=100000", 0),
    ],
)
def test_reads_the_part_number(query: str, number: int) -> None:
    assert part_number_of(request("PUT", query, {})) == number
