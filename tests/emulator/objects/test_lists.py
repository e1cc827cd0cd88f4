from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from tests.support.emulator.scene import BUCKET as NAME
from tests.support.emulator.scene import NOW, Scene, Seen
from tests.support.emulator.signed_requests import ask

KEYS = ("a", "b/", "b/1", "b/2/x", "c d+e", "图/a")


@pytest.fixture
def filled(scene: Scene) -> Scene:
    for key in reversed(KEYS):
        scene.upload({"key": key})
    return scene


def listed(answer: Seen) -> tuple[list[str], list[str]]:
    """Keys and common prefixes."""
    assert answer.status == 200, answer.body
    root = ET.fromstring(answer.body)
    keys = [element.text or "" for element in root.findall("Contents/Key")]
    return keys, [element.text or "" for element in root.findall("CommonPrefixes/Prefix")]


def text(answer: Seen, name: str) -> str | None:
    return ET.fromstring(answer.body).findtext(name)


def test_lists_every_object_in_the_order_of_its_keys(filled: Scene) -> None:
    answer = ask(filled, "GET", "/?list-type=2")

    assert listed(answer) == (list(KEYS), [])
    names = ("Name", "Prefix", "MaxKeys", "Delimiter", "KeyCount", "IsTruncated", "EncodingType", "Owner")
    assert [text(answer, name) for name in names] == [NAME, "", "100", "", "6", "false", None, None]


def test_lists_of_each_object_what_oss_lists(filled: Scene) -> None:
    answer = ask(filled, "GET", "/?list-type=2&prefix=a")

    (contents,) = ET.fromstring(answer.body).findall("Contents")
    assert [(child.tag, child.text) for child in contents] == [
        ("Key", "a"),
        ("LastModified", "2026-09-21T14:13:20.000Z"),
        ("ETag", '"5D41402ABC4B2A76B9719D911017C592"'),
        ("Type", "Normal"),
        ("Size", "5"),
        ("StorageClass", "Standard"),
    ]


@pytest.mark.parametrize(
    ("query", "owned"), [("list-type=2", False), ("fetch-owner=true&list-type=2", True), ("max-keys=9", True)]
)
def test_names_the_owner_where_asked_and_always_in_the_first_version(
    filled: Scene,
    query: str,
    owned: bool,  # noqa: FBT001 - a table's column
) -> None:
    answer = ask(filled, "GET", f"/?{query}")

    assert (text(answer, "Contents/Owner/ID") is not None) == owned


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("delimiter=%2F&list-type=2", (["a", "c d+e"], ["b/", "图/"])),
        ("delimiter=%2F&list-type=2&prefix=b%2F", (["b/", "b/1"], ["b/2/"])),
        ("list-type=2&prefix=b%2F", (["b/", "b/1", "b/2/x"], [])),
        ("list-type=2&prefix=no", ([], [])),
        ("list-type=2&start-after=b%2F1", (["b/2/x", "c d+e", "图/a"], [])),
        ("delimiter=%2F&list-type=2&start-after=b%2F1", (["c d+e"], ["b/", "图/"])),
        ("marker=c%20d%2Be", (["图/a"], [])),
        ("delimiter=%2F&marker=b%2F", (["c d+e"], ["图/"])),
        ("encoding-type=url&list-type=2&prefix=c", (["c%20d%2Be"], [])),
    ],
)
def test_lists_by_prefix_delimiter_and_start(
    filled: Scene, query: str, expected: tuple[list[str], list[str]]
) -> None:
    assert listed(ask(filled, "GET", f"/?{query}")) == expected


@pytest.mark.parametrize(
    ("query", "next_name"),
    [
        ("list-type=2&max-keys={size}", "NextContinuationToken"),
        ("encoding-type=url&max-keys={size}", "NextMarker"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
@pytest.mark.parametrize("delimiter", ["", "delimiter=%2F&"])
def test_pages_follow_each_other_without_gap_or_overlap(
    filled: Scene, query: str, next_name: str, size: int, delimiter: str
) -> None:
    parameter = {"NextContinuationToken": "continuation-token", "NextMarker": "marker"}[next_name]
    names: list[str] = []
    following = ""
    last: str | None = None
    for _ in KEYS:
        answer = ask(filled, "GET", f"/?{following}{delimiter}{query.format(size=size)}")
        page = sorted(unquote(name) for some in listed(answer) for name in some)
        assert len(page) <= size
        names += page
        last, marker = text(answer, "IsTruncated"), text(answer, next_name)
        following = f"{parameter}={marker}&"
        if last == "false":
            assert marker is None
            break

    assert names == (["a", "b/", "c d+e", "图/"] if delimiter else list(KEYS))
    assert last == "false"


@pytest.mark.parametrize(
    "query",
    [
        "list-type=2&max-keys=0",
        "list-type=2&max-keys=1001",
        "list-type=2&max-keys=x",
        "encoding-type=base64",
        "continuation-token=x&list-type=2",
    ],
)
def test_refuses_a_wrong_parameter(filled: Scene, query: str) -> None:
    assert ask(filled, "GET", f"/?{query}").refusal == (400, "InvalidArgument", "")


def test_lists_no_deleted_object_and_each_versioned_one_once(scene: Scene) -> None:
    document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    scene.bucket.configuration.put("versioning", document.encode())
    for key in ("a", "a", "b"):
        scene.upload({"key": key})
    scene.bucket.store.delete("b", now=NOW, versioning="Enabled")

    assert listed(ask(scene, "GET", "/?list-type=2")) == (["a"], [])


@pytest.mark.parametrize(
    ("acl", "expected"),
    [
        ("private", (403, "AccessDenied", "0003-00000001")),
        ("public-read", (403, "AccessDenied", "0003-00000905")),
        ("public-read-write", (403, "AccessDenied", "0003-00000905")),
    ],
)
def test_nobody_lists_anonymously(filled: Scene, acl: str, expected: tuple[int, str, str]) -> None:
    filled.set(acl=acl)

    assert filled.request("GET", "/?list-type=2").refusal == expected
