import base64
import hashlib
import random
from xml.etree import ElementTree as ET

import pytest

from tests.support.emulator.scene import BUCKET, Scene, Seen
from tests.support.emulator.signed_requests import ask, one_line
from tests.support.emulator.signed_requests import put as configure

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def wanted(*keys: str) -> str:
    return "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)


def delete(scene: Scene, objects: str | bytes, query: str = "", *, md5: str = "") -> Seen:
    """Send a document with these Objects, or these bytes."""
    body = objects if isinstance(objects, bytes) else f"<Delete>{objects}</Delete>".encode()
    digest = md5 or base64.b64encode(hashlib.md5(body).digest()).decode()
    return ask(scene, "POST", f"/?delete{query}", body, content_md5=digest)


def put(scene: Scene, key: str) -> None:
    scene.upload({"key": key})


@pytest.fixture
def filled(scene: Scene) -> Scene:
    for key in ("a", "b/c", "kept"):
        put(scene, key)
    return scene


def keys(scene: Scene) -> list[str]:
    return list(scene.bucket.store.page(limit=9).entries)


def test_deletes_the_listed_keys_and_names_them_whether_or_not_they_were_there(filled: Scene) -> None:
    answer = delete(filled, wanted("a", "missing", "b/c"))

    named = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in ("a", "missing", "b/c"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
    assert one_line(answer) == f"{XML}<DeleteResult>{named}</DeleteResult>"
    assert keys(filled) == ["kept"]


def test_a_quiet_answer_has_no_body(filled: Scene) -> None:
    answer = delete(filled, "<Quiet>true</Quiet>" + wanted("a", "b/c"))

    assert (answer.status, answer.body) == (200, b"")
    assert keys(filled) == ["kept"]


def test_keys_are_percent_encoded_where_that_is_asked_for(scene: Scene) -> None:
    put(scene, " a&b\t图 ")

    answer = delete(scene, wanted(" a&amp;b\t图 "), "&encoding-type=url")

    assert one_line(answer) == (
        f"{XML}<DeleteResult><EncodingType>url</EncodingType>"
        "<Deleted><Key>%20a%26b%09%E5%9B%BE%20</Key></Deleted></DeleteResult>"
    )
    assert keys(scene) == []


def test_a_key_of_a_versioned_bucket_gets_a_marker_and_a_version_goes(scene: Scene) -> None:
    put(scene, "a")
    configure(
        scene, "versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    )

    marked = ET.fromstring(delete(scene, wanted("a")).body)
    marker = scene.bucket.store.newest("a").version  # type: ignore[union-attr]
    versions = "".join(
        f"<Object><Key>a</Key><VersionId>{one}</VersionId></Object>" for one in ("null", marker)
    )
    removed = ET.fromstring(delete(scene, versions).body)

    assert [(one.tag, one.text) for one in marked.iter()][2:] == [
        ("Key", "a"),
        ("DeleteMarker", "true"),
        ("DeleteMarkerVersionId", marker),
    ]
    assert [[(one.tag, one.text) for one in deleted] for deleted in removed] == [
        [("Key", "a"), ("VersionId", "null")],
        [
            ("Key", "a"),
            ("VersionId", marker),
            ("DeleteMarker", "true"),
            ("DeleteMarkerVersionId", marker),
        ],
    ]
    assert scene.bucket.store.newest("a") is None


def test_a_thousand_keys_are_deleted_at_once_and_no_more(filled: Scene) -> None:
    many = [*(f"{number:04}" for number in range(999)), "a"]

    refused = delete(filled, wanted("kept", *many))

    assert refused.refusal == (400, "MalformedXML", "")
    assert refused.error["ErrorDetail"] == "batch delete objects too large"
    assert keys(filled) == ["a", "b/c", "kept"]
    assert delete(filled, wanted(*many)).status == 200
    assert keys(filled) == ["b/c", "kept"]


@pytest.mark.parametrize(
    ("objects", "refusal"),
    [
        ("", (400, "MalformedXML", "")),
        (wanted("a") + "<Quiet>yes</Quiet>", (400, "MalformedXML", "")),
        (wanted("a") + "<Object/>", (400, "MalformedXML", "0016-00000613")),
        (wanted("a", ""), (400, "MalformedXML", "0016-00000613")),
        (wanted("a") + "<Other/>", (400, "MalformedXML", "")),
        (b"<!DOCTYPE Delete><Delete><Object><Key>a</Key></Object></Delete>", (400, "MalformedXML", "")),
        (b"x" * (2 * 1024**2 + 1), (400, "MalformedXML", "")),
        (
            wanted("a") + "<Object><Key>a</Key><VersionId/></Object>",
            (400, "InvalidArgument", "0016-00000612"),
        ),
        (
            wanted("a") + "<Object><Key>a</Key><VersionId>-</VersionId></Object>",
            (400, "InvalidArgument", "0012-00000202"),
        ),
    ],
)
def test_refuses_a_document_and_deletes_nothing(
    filled: Scene, objects: str | bytes, refusal: tuple[int, str, str]
) -> None:
    assert delete(filled, objects).refusal == refusal
    assert keys(filled) == ["a", "b/c", "kept"]


def test_demands_a_content_md5_that_is_right(filled: Scene) -> None:
    body = f"<Delete>{wanted('a')}</Delete>"
    missing = ask(filled, "POST", "/?delete", body)
    wrong = delete(filled, body.encode(), md5=base64.b64encode(bytes(16)).decode())

    assert missing.refusal == (400, "MissingArgument", "0016-00000606")
    assert missing.error["Message"] == "Missing Some Required Arguments."
    assert wrong.refusal == (400, "InvalidDigest", "0017-00000503")
    assert keys(filled) == ["a", "b/c", "kept"]


def test_refuses_an_unknown_encoding(filled: Scene) -> None:
    assert delete(filled, wanted("a"), "&encoding-type=x").refusal == (400, "InvalidArgument", "")
    assert keys(filled) == ["a", "b/c", "kept"]


def test_the_signature_comes_first_and_no_acl_replaces_it(filled: Scene) -> None:
    filled.set(acl="public-read-write")
    body = f"<Delete>{wanted('a')}</Delete>".encode()

    answer = filled.request("POST", f"/{BUCKET}?delete", {"content-type": "application/xml"}, body)

    assert (answer.status, answer.error["Code"]) == (403, "AccessDenied")
    assert keys(filled) == ["a", "b/c", "kept"]


@pytest.mark.parametrize("seed", range(3))
def test_no_mutation_of_a_document_is_an_internal_error(filled: Scene, seed: int) -> None:
    dice, right = random.Random(seed), f"<Delete>{wanted('a', 'b/c')}<Quiet>true</Quiet></Delete>"
    for _ in range(200):
        mutated = bytearray(right.encode())
        for _ in range(dice.randint(1, 4)):
            start = dice.randrange(len(mutated))
            mutated[start : start + dice.randint(0, 5)] = dice.randbytes(dice.randint(0, 3))
        assert delete(filled, bytes(mutated)).status in {200, 400}
