from collections.abc import Iterator
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import alibabacloud_oss_v2 as v2
import oss2
import pytest

from oss_emulator.running import Emulator
from tests.support.emulator.clients import BUCKET, ali_oss, bucket, client
from tests.support.emulator.scene import Scene
from tests.support.emulator.signed_requests import ask, one_line, put
from tests.support.emulator.stores import put as store

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
OWNER = "<Owner><ID>1000000000000000</ID><DisplayName>1000000000000000</DisplayName></Owner>"
WRITTEN = "<LastModified>2026-09-21T14:13:20.000Z</LastModified>"
CONTENT = '<ETag>"5D41402ABC4B2A76B9719D911017C592"</ETag><Type>Normal</Type><Size>5</Size>'

Shown = tuple[str, str, bool] | str


def versioning(scene: Scene, state: str = "Enabled") -> None:
    put(scene, "versioning", f"<VersioningConfiguration><Status>{state}</Status></VersioningConfiguration>")


def listed(scene: Scene, query: str = "") -> ET.Element:
    answer = ask(scene, "GET", f"/?versions{query}")
    assert answer.status == 200, answer.body
    return ET.fromstring(answer.body)


def shown(root: ET.Element) -> list[tuple[str, ...]]:
    return [
        (one.tag, *(one.findtext(name) or "" for name in ("Key", "VersionId", "IsLatest")))
        for one in root
        if one.tag in {"Version", "DeleteMarker"}
    ]


def test_lists_versions_and_markers_with_the_newest_of_a_key_first(scene: Scene) -> None:
    scene.upload({"key": "a"})
    versioning(scene)
    scene.upload({"key": "a"})
    second = scene.stored("a").version
    marker = ask(scene, "DELETE", "/a").headers["x-oss-version-id"]
    scene.upload({"key": "b"})

    assert shown(listed(scene)) == [
        ("DeleteMarker", "a", marker, "true"),
        ("Version", "a", second, "false"),
        ("Version", "a", "null", "false"),
        ("Version", "b", scene.stored("b").version, "true"),
    ]


def test_the_form_of_the_document(scene: Scene) -> None:
    versioning(scene, "Suspended")
    scene.upload({"key": "dir/a"})
    ask(scene, "DELETE", "/b")

    answer = ask(scene, "GET", "/?versions&max-keys=5")

    assert answer.headers["Content-Type"] == "application/xml"
    assert one_line(answer) == (
        f"{XML}<ListVersionsResult><Name>{BUCKET}</Name><Prefix></Prefix><KeyMarker></KeyMarker>"
        "<VersionIdMarker></VersionIdMarker><MaxKeys>5</MaxKeys><Delimiter></Delimiter>"
        "<IsTruncated>false</IsTruncated>"
        f"<DeleteMarker><Key>b</Key><VersionId>null</VersionId><IsLatest>true</IsLatest>{WRITTEN}{OWNER}"
        f"</DeleteMarker><Version><Key>dir/a</Key><VersionId>null</VersionId><IsLatest>true</IsLatest>{WRITTEN}"
        f"{CONTENT}<StorageClass>Standard</StorageClass>{OWNER}</Version></ListVersionsResult>"
    )


def test_an_unversioned_bucket_lists_its_objects(scene: Scene) -> None:
    scene.upload({"key": "a"})

    assert shown(listed(scene)) == [("Version", "a", "null", "true")]


def test_keys_are_encoded_if_that_is_asked_for(scene: Scene) -> None:
    for key in ("d +/a", "d +/b", "c/1"):
        scene.upload({"key": key})

    root = listed(scene, "&delimiter=%2F&encoding-type=url&key-marker=c%2F&max-keys=1")
    keys = listed(scene, "&encoding-type=url&prefix=d")

    assert {one.tag: one.text for one in root if not len(one)} == {
        "Name": BUCKET,
        "Prefix": None,
        "KeyMarker": "c%2F",
        "VersionIdMarker": None,
        "MaxKeys": "1",
        "Delimiter": "%2F",
        "EncodingType": "url",
        "IsTruncated": "false",
    }
    assert root.findtext("CommonPrefixes/Prefix") == "d%20%2B%2F"
    assert [key for _, key, _, _ in shown(keys)] == ["d%20%2B%2Fa", "d%20%2B%2Fb"]


def test_a_page_that_is_not_the_last_names_where_the_next_begins(scene: Scene) -> None:
    versioning(scene)
    versions = []
    for _ in range(2):
        scene.upload({"key": "a"})
        versions.append(scene.stored("a").version)
    scene.upload({"key": "dir/b"})

    first = listed(scene, "&max-keys=1")
    second = listed(scene, f"&max-keys=1&key-marker=a&version-id-marker={versions[1]}")
    prefix = listed(scene, "&delimiter=%2F&key-marker=a")

    markers = first.findtext("NextKeyMarker"), first.findtext("NextVersionIdMarker")
    assert (first.findtext("IsTruncated"), *markers) == ("true", "a", versions[1])
    assert shown(second) == [("Version", "a", versions[0], "false")]
    assert (second.findtext("KeyMarker"), second.findtext("VersionIdMarker")) == ("a", versions[1])
    assert (shown(prefix), prefix.findtext("CommonPrefixes/Prefix")) == ([], "dir/")


def test_a_client_that_deletes_page_by_page_misses_no_version(scene: Scene) -> None:
    versioning(scene)
    for _ in range(5):
        scene.upload({"key": "a"})
    scene.upload({"key": "b"})

    query, deleted = "&max-keys=2", 0
    while True:
        root = listed(scene, query)
        for _, key, version, _ in shown(root):
            deleted += ask(scene, "DELETE", f"/{key}?versionId={version}").status == 204
        if root.findtext("IsTruncated") == "false":
            break
        query = f"&max-keys=2&key-marker={root.findtext('NextKeyMarker')}"
        query += f"&version-id-marker={root.findtext('NextVersionIdMarker')}"

    assert (deleted, shown(listed(scene))) == (6, [])


@pytest.mark.parametrize(
    ("query", "refusal", "argument"),
    [
        ("version-id-marker=CAEQ", (400, "InvalidArgument", "0012-00000106"), "version-id-marker"),
        (
            "key-marker=a&version-id-marker=%25",
            (400, "InvalidArgument", "0012-00000105"),
            "version-id-marker",
        ),
        ("max-keys=0", (400, "InvalidArgument", ""), "max-keys"),
        ("max-keys=1001", (400, "InvalidArgument", ""), "max-keys"),
        ("encoding-type=xml", (400, "InvalidArgument", ""), "encoding-type"),
    ],
)
def test_refuses_a_wrong_parameter(
    scene: Scene, query: str, refusal: tuple[int, str, str], argument: str
) -> None:
    answer = ask(scene, "GET", f"/?versions&{query}")

    assert (answer.refusal, answer.error["ArgumentName"]) == (refusal, argument)


def test_nobody_lists_versions_anonymously(scene: Scene) -> None:
    scene.set(acl="public-read-write")

    assert scene.request("GET", "/?versions").refusal == (403, "AccessDenied", "0003-00000905")


def expected(written: list[tuple[str, str]], prefix: str, delimiter: str) -> list[Shown]:
    """All that a list shows, computed without an index; `written` are keys and versions in their order."""
    entries: list[Shown] = []
    for key in sorted({key for key, _ in written if key.startswith(prefix)}):
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        if end < 0:
            versions = [version for one, version in reversed(written) if one == key]
            entries += [(key, version, number == 0) for number, version in enumerate(versions)]
        elif (common := key[: end + 1]) not in entries:
            entries.append(common)
    return entries


@pytest.mark.parametrize(("prefix", "delimiter"), [("", ""), ("", "/"), ("a", "/"), ("a/", "/"), ("z", "")])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_have_every_entry_once_and_in_order(
    scene: Scene, prefix: str, delimiter: str, limit: int
) -> None:
    chance, objects = Random(26), scene.bucket.store
    written = []
    for _ in range(40):
        key = "".join(chance.choices("ab/", k=chance.randrange(1, 4))).lstrip("/") or "a"
        written.append((key, store(objects, key, b"", versioning="Enabled").version))

    found: list[Shown] = []
    after = ("", "")
    while True:
        page = objects.versions(prefix=prefix, delimiter=delimiter, after=after, limit=limit)
        found += [
            one if isinstance(one, str) else (one.stored.key, one.stored.version, one.latest)
            for one in page.entries
        ]
        if not page.truncated:
            break
        last = page.entries[-1]
        after = (last, "") if isinstance(last, str) else (last.stored.key, last.stored.version)

    assert found == expected(written, prefix, delimiter)


def test_a_page_costs_what_it_returns(scene: Scene) -> None:
    """20 times the versions of one key make no page dearer."""
    objects, steps = scene.bucket.store, []
    for number in range(1, 401):
        last = store(objects, "a", b"", versioning="Enabled").version
        if number in {20, 400}:
            steps.append(_steps(scene, after=("a", last), limit=5))

    assert steps[1] <= steps[0] * 1.5


def test_a_page_of_common_prefixes_costs_what_it_returns(scene: Scene) -> None:
    """4 times the prefixes cost about 4 times as much, however many versions are below each."""
    for number in range(120):
        store(scene.bucket.store, f"{number // 3:02}/{number % 3}", b"")

    few, many = (_steps(scene, delimiter="/", limit=limit) for limit in (5, 20))

    assert many <= few * 5


def _steps(scene: Scene, **page: Any) -> int:
    """Return how many steps SQLite's machine makes for a page."""
    count = 0

    def counted() -> int:
        nonlocal count
        count += 1
        return 0

    with scene.bucket.store._index.reading() as connection:
        connection.set_progress_handler(counted, 1)
    try:
        scene.bucket.store.versions(**page)
    finally:
        with scene.bucket.store._index.reading() as connection:
            connection.set_progress_handler(None, 1)
    return count


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder, variables = tmp_path_factory.mktemp("versions"), {"LOCAL_OSS_V1_SIGNATURES": "accept"}
    with Emulator(folder, variables=variables) as server:
        config = oss2.models.BucketVersioningConfig()
        config.status = oss2.BUCKET_VERSIONING_ENABLE
        objects = bucket(server)
        objects.put_bucket_versioning(config)
        for key in ("a 文件", "a 文件", "b", "dir/c"):
            objects.put_object(key, b"hello")
        objects.delete_object("a 文件")
        yield server


def test_oss2_lists_versions(running: Emulator) -> None:
    page = bucket(running).list_object_versions(max_keys=3)
    rest = bucket(running).list_object_versions(
        key_marker=page.next_key_marker, versionid_marker=page.next_versionid_marker, delimiter="/"
    )

    assert [(one.key, one.is_latest) for one in page.delete_marker] == [("a 文件", True)]
    assert [(one.key, one.is_latest, one.size) for one in page.versions] == [("a 文件", False, 5)] * 2
    assert ([one.key for one in rest.versions], rest.common_prefix) == (["b"], ["dir/"])


def test_oss_v2_lists_versions_page_by_page(running: Emulator) -> None:
    asked = v2.ListObjectVersionsRequest(BUCKET, max_keys=1)
    pages = list(client(running).list_object_versions_paginator().iter_page(asked))

    versions = [one.key for page in pages for one in page.version or []]
    markers = [one.key for page in pages for one in page.delete_marker or []]
    assert (versions, markers) == (["a 文件", "a 文件", "b", "dir/c"], ["a 文件"])


def test_ali_oss_lists_versions(running: Emulator) -> None:
    seen = ali_oss(
        running,
        """
        const { objects, deleteMarker } = await oss.getBucketVersions({ 'max-keys': 4 });
        return [objects.map(({ name }) => name), deleteMarker.map(({ name }) => name)];
        """,
    )

    assert seen == [["a 文件", "a 文件", "b"], ["a 文件"]]
