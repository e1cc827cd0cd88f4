"""What the holder of a multipart grant can store: exactly the granted object, or nothing.

Whatever is made of an address, no other part and no other object is stored. What lies in an unfinished upload
is never more than the granted file has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adversary.conftest import PERMISSIVE
from tests.support.attacked_stack import assert_stopped
from tests.support.emulator.scene import CLOCK, KEY, Seen, json_reply
from tests.support.hypothesis_settings import FEW
from tests.support.multipart import CONFIRMED, ONE_PART, PART, SECRET, TWO_PARTS, Deployment, deployment, role
from vendored.ticket import FileTicket, verify_ticket

REFUSED = range(400, 500)
OTHERS = b"HELLO"  # of another user, under another key


@pytest.fixture(scope="module", params=["", PERMISSIVE], ids=["strict", "permissive"])
def deployed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("bucket"), **role(KEY)) as started:
        started.scene.set(switches=request.param)
        yield started


@pytest.fixture(autouse=True)
def _now(deployed: Deployment) -> None:
    deployed.scene.now = CLOCK


def oss_id(grant: Any) -> str:
    """Return OSS's id of the upload: its holder reads it in the ticket, and in every address."""
    claims = verify_ticket(grant["ticket"], [SECRET], CLOCK)
    assert isinstance(claims, FileTicket)
    return claims.up


def unfinished(deployed: Deployment, grant: Any) -> list[tuple[int, int]]:
    """Return number and size of each part that lies in an unfinished upload."""
    _, parts = deployed.scene.bucket.store.multipart.parts(grant["key"], oss_id(grant), after=0, limit=1000)
    return [(part.number, part.size) for part in parts]


Change = Callable[[str], str]


def changed(**parameters: str | None) -> Change:
    """Change, add or (None) drop parameters of an address."""

    def change(target: str) -> str:
        path, _, query = target.partition("?")
        said = {**dict(parse_qsl(query, keep_blank_values=True)), **parameters}
        kept = {name.replace("__", "-"): value for name, value in said.items() if value is not None}
        return f"{path}?{urlencode(kept, quote_via=quote)}"

    return change


def key_of(path: str) -> Change:
    return lambda target: f"{path}?{target.partition('?')[2]}"


def doubled(query: str, *, first: bool = False) -> Change:
    """Add a parameter a second time."""

    def change(target: str) -> str:
        path, _, said = target.partition("?")
        return f"{path}?{query}&{said}" if first else f"{path}?{said}&{query}"

    return change


EVIL = quote("eyJjYWxsYmFja1VybCI6Imh0dHA6Ly9ldmlsLmV4YW1wbGUifQ==")
ADDRESSES: dict[str, Change] = {
    "another number": changed(partNumber="1"),
    "the number of no part": changed(partNumber="10001"),
    "number 0": changed(partNumber="0"),
    "no number": changed(partNumber=None),
    "a second number": doubled("partNumber=1"),
    "a second number before": doubled("partNumber=1", first=True),
    "another spelling of the number": changed(partNumber="02"),
    "another upload": changed(uploadId="A" * 32),
    "no upload: a PUT of the object": changed(uploadId=None, partNumber=None),
    "a second upload id": doubled("uploadId=" + "A" * 32),
    "another key": key_of("/uploads/_/2026/09/21/other.png"),
    "the key with a dot": key_of("/uploads/_/2026/09/21/./01abc.png"),
    "a bucket before the key": lambda target: f"/otherbucket{target}",
    "a later end": changed(**{"x-oss-expires": "86400"}),
    "a later date": changed(**{"x-oss-date": "20260921T151320Z"}),
    "no length signed": changed(**{"x-oss-additional-headers": None}),
    "another header signed": changed(**{"x-oss-additional-headers": "host"}),
    "another signature": changed(**{"x-oss-signature": "0" * 64}),
    "no signature": changed(**{"x-oss-signature": None}),
    "another version of the signature": changed(**{"x-oss-signature-version": "OSS4-HMAC-SHA1"}),
    "another AccessKey": changed(
        **{"x-oss-credential": "STS.EXAMPLE/20260921/cn-hangzhou/oss/aliyun_v4_request"}
    ),
    "a security token": changed(**{"x-oss-security-token": "CAISEXAMPLE"}),
    "acl": doubled("acl"),
    "tagging": doubled("tagging"),
    "append": doubled("append&position=0"),
    "symlink": doubled("symlink"),
    "restore": doubled("restore"),
    "a new upload": doubled("uploads"),
    "a callback": doubled(f"callback={EVIL}"),
    "a storage class": doubled("x-oss-storage-class=Archive"),
    "a copy": doubled("x-oss-copy-source=%2Fexamplebucket%2Fa"),
    "a process": doubled("x-oss-process=image/resize,w_1"),
}
HEADERS: dict[str, dict[str, str]] = {
    "a public ACL": {"x-oss-object-acl": "public-read-write"},
    "a copy": {"x-oss-copy-source": "/examplebucket/a"},
    "a range of a copy": {"x-oss-copy-source": "/examplebucket/a", "x-oss-copy-source-range": "bytes=0-4"},
    "a storage class": {"x-oss-storage-class": "Archive"},
    "a callback": {"x-oss-callback": EVIL},
    "encryption": {"x-oss-server-side-encryption": "AES256"},
    "metadata": {"x-oss-meta-a": "b"},
    "tags": {"x-oss-tagging": "a=b"},
    "a type": {"content-type": "text/html"},
    "an MD5": {"content-md5": "XUFAKrxLKna5cZ2REBfFkg=="},
    "another length": {"content-length": "4"},
    "a length in other words": {"content-length": "05"},
    "another hash of the body": {"x-oss-content-sha256": "abc"},
    "a signature of its own": {"authorization": "OSS4-HMAC-SHA256 Credential=a,Signature=b"},
}
METHODS = ("GET", "POST", "DELETE", "HEAD")


def refused(seen: Seen) -> None:
    assert_stopped(seen.status in REFUSED, (seen.status, seen.body))


@pytest.mark.parametrize("what", ADDRESSES)
def test_a_changed_address_takes_nothing(what: str, deployed: Deployment) -> None:
    grant = deployed.begin(TWO_PARTS)
    refused(deployed.put(ADDRESSES[what](deployed.address(grant, 2)), ONE_PART))
    assert_stopped(unfinished(deployed, grant) == [])
    assert_stopped(deployed.scene.stored(grant["key"]) is None)


@pytest.mark.parametrize("what", HEADERS)
def test_an_added_header_takes_nothing(what: str, deployed: Deployment) -> None:
    grant = deployed.begin()
    refused(deployed.put(deployed.address(grant), ONE_PART, **HEADERS[what]))
    assert_stopped(unfinished(deployed, grant) == [])


def test_a_header_that_nobody_signs_is_no_header_of_the_object(deployed: Deployment) -> None:
    grant = deployed.begin()
    unsigned = {"cache-control": "no-store", "content-encoding": "gzip", "content-disposition": "inline; a=b"}
    deployed.put(deployed.address(grant), ONE_PART, **unsigned)
    deployed.complete(grant)
    disposition = "inline; filename=\"a.png\"; filename*=UTF-8''a.png"
    expected = {"Content-Type": "image/png", "Content-Disposition": disposition}
    assert_stopped(deployed.scene.stored(grant["key"]).headers == expected)


def test_an_empty_type_is_refused_or_means_nothing(deployed: Deployment) -> None:
    """Whether it is a part of what is signed, no document says."""
    grant = deployed.begin()
    if deployed.put(deployed.address(grant), ONE_PART, **{"content-type": ""}).status in REFUSED:
        assert_stopped(unfinished(deployed, grant) == [])
        return
    deployed.complete(grant)
    assert_stopped(deployed.scene.stored(grant["key"]).headers["Content-Type"] == "image/png")


@pytest.mark.parametrize("method", METHODS)
def test_another_method_does_nothing(method: str, deployed: Deployment) -> None:
    grant = deployed.begin()
    target = deployed.address(grant)
    deployed.put(target, ONE_PART)
    refused(deployed.put(target, ONE_PART, method))
    assert_stopped(unfinished(deployed, grant) == [(1, 5)])
    assert_stopped(deployed.scene.stored(grant["key"]) is None)


@pytest.mark.parametrize("content", [b"", b"hell", b"hello!", b"h" * 1000])
def test_another_length_takes_nothing(content: bytes, deployed: Deployment) -> None:
    grant = deployed.begin()
    refused(deployed.put(deployed.address(grant), content))
    assert_stopped(unfinished(deployed, grant) == [])


def test_a_body_without_a_length_takes_nothing(deployed: Deployment) -> None:
    grant = deployed.begin()
    chunked = {"transfer-encoding": "chunked"}
    refused(deployed.scene.request("PUT", deployed.address(grant), chunked, ONE_PART))
    assert_stopped(unfinished(deployed, grant) == [])


def test_the_address_of_a_long_part_does_not_take_the_last_one(deployed: Deployment) -> None:
    grant = deployed.begin(TWO_PARTS)
    refused(deployed.put(deployed.address(grant, 1), ONE_PART))
    refused(deployed.put(deployed.address(grant, 2), TWO_PARTS[:PART]))
    assert_stopped(unfinished(deployed, grant) == [])


def test_an_address_of_one_upload_is_none_of_another(deployed: Deployment) -> None:
    mine, other = deployed.begin(), deployed.begin(OTHERS)
    target = deployed.address(mine)
    for change in (
        changed(uploadId=oss_id(other)),
        key_of(f"/{other['key']}"),
        lambda target: changed(uploadId=oss_id(other))(key_of(f"/{other['key']}")(target)),
    ):
        refused(deployed.put(change(target), ONE_PART))
    assert_stopped(unfinished(deployed, other) == [])


def test_an_address_that_is_used_again_replaces_its_part_and_adds_none(deployed: Deployment) -> None:
    grant = deployed.begin()
    target = deployed.address(grant)
    for content in (b"hello", b"HELLO", b"12345"):
        assert deployed.put(target, content).status == 200
        assert_stopped(unfinished(deployed, grant) == [(1, 5)])


def test_parts_that_are_sent_often_are_no_more_bytes_than_were_granted(deployed: Deployment) -> None:
    grant = deployed.begin(TWO_PARTS)
    for _ in range(3):
        deployed.send(grant, TWO_PARTS)
    answer = deployed.ask("/parts", {"ticket": grant["ticket"], "numbers": [3]})
    assert_stopped(answer.code == "numbers_invalid")
    assert_stopped(sum(size for _, size in unfinished(deployed, grant)) == len(TWO_PARTS))


def test_an_address_has_its_end(deployed: Deployment) -> None:
    grant = deployed.begin()
    target = deployed.address(grant)
    deployed.scene.now = int(CLOCK) + 901
    refused(deployed.put(target, ONE_PART))
    assert_stopped(unfinished(deployed, grant) == [])


def test_parts_end_an_hour_before_their_ticket_and_the_ticket_ends_everything(deployed: Deployment) -> None:
    grant = deployed.begin()
    deployed.scene.now = int(CLOCK) + 23 * 3600
    assert_stopped(
        deployed.ask("/parts", {"ticket": grant["ticket"], "numbers": [1]}).code == "upload_expired"
    )
    deployed.scene.now = int(CLOCK) + 24 * 3600
    for path, more in (("/parts", {"numbers": [1]}), ("/complete", {}), ("/abort", {})):
        answer = deployed.ask(path, {"ticket": grant["ticket"], **more})
        assert_stopped(answer.code == "not_verified", path)


def test_a_part_after_the_complete_changes_nothing(deployed: Deployment) -> None:
    grant = deployed.begin()
    target = deployed.address(grant)
    deployed.put(target, ONE_PART)
    assert deployed.complete(grant).status == 200
    refused(deployed.put(target, OTHERS))
    assert_stopped(deployed.scene.stored(grant["key"]).crc64 == "11177612005948864433")


def test_a_part_after_the_abort_is_not_kept(deployed: Deployment) -> None:
    grant = deployed.begin()
    target = deployed.address(grant)
    assert deployed.abort(grant).status == 200
    refused(deployed.put(target, ONE_PART))
    assert_stopped(deployed.complete(grant).code == "upload_gone")
    assert_stopped(deployed.scene.stored(grant["key"]) is None)


def test_the_holder_of_an_address_cannot_complete_or_abort_with_it(deployed: Deployment) -> None:
    grant = deployed.begin()
    target = deployed.address(grant)
    deployed.put(target, ONE_PART)
    document = b"<CompleteMultipartUpload/>"
    refused(deployed.put(changed(partNumber=None)(target), document, "POST"))
    refused(deployed.put(changed(partNumber=None)(target), b"", "POST", **{"x-oss-complete-all": "yes"}))
    refused(deployed.put(changed(partNumber=None)(target), b"", "DELETE"))
    assert_stopped(unfinished(deployed, grant) == [(1, 5)])


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "complete", "abort", "put of another length", "put to another upload"]),
        st.sampled_from([b"hello", b"HELLO", b"12345"]),
    ),
    max_size=8,
)


@FEW
@given(steps=STEPS)
def test_whatever_is_done_with_a_grant_the_granted_object_is_stored_and_told_or_nothing_is(
    deployed: Deployment, steps: list[tuple[str, bytes]]
) -> None:
    grant, other = deployed.begin(), deployed.begin(OTHERS)
    target = deployed.address(grant)
    deployed.scene.called.clear()
    for what, content in steps:
        deployed.scene.replies[:] = [json_reply(CONFIRMED)]
        if what == "complete":
            deployed.ask("/complete", {"ticket": grant["ticket"]})
        elif what == "abort":
            deployed.abort(grant)
        elif what == "put":
            deployed.put(target, content)
        elif what == "put of another length":
            refused(deployed.put(target, content * 2))
        else:
            refused(deployed.put(changed(uploadId=oss_id(other))(target), content))
    stored = deployed.scene.stored(grant["key"])
    assert_stopped(
        (stored is None) == (deployed.scene.called == []), "stored if and only if somebody is told"
    )
    assert_stopped(len(deployed.scene.called) <= 1)
    assert_stopped(unfinished(deployed, other) == [])
    if stored:
        about = stored.size, stored.acl, stored.storage_class, stored.headers["Content-Type"]
        assert_stopped(about == (5, "private", "Standard", "image/png"))
        (_, body), *_ = deployed.scene.called
        told = dict(parse_qsl(body.decode()))
        assert_stopped((told["object"], told["size"], told["ticket"]) == (grant["key"], "5", grant["ticket"]))
