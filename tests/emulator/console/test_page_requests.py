"""The requests and objects on the page at /-/: found by what its reader has chosen, and followed by links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from oss_emulator.history.requests import KEPT_REQUESTS
from tests.support.emulator.page_reader import OPENED, page, read, section
from tests.support.emulator.scene import BUCKET, NOW, Scene, callback_parameter, json_reply
from tests.support.emulator.signed_requests import ask, put

ODD_KEY = "a\nb\u202e图 \"'&+%41<script>" + "k" * 900


def rows(scene: Scene, **query: str) -> Iterator[str]:
    for one in section(scene, "requests", f"?{urlencode(query)}").all("li"):
        yield one.words


@pytest.fixture
def busy(scene: Scene) -> Scene:
    """A bucket that has answered some requests: one upload, one read, and two that it refused."""
    scene.upload({"key": "photo.jpg"})
    ask(scene, "GET", "/photo.jpg")
    scene.request("GET", "/photo.jpg?x=1")
    scene.request("PUT", "/text.txt")
    return scene


def test_shows_each_request_with_what_came_of_it(busy: Scene) -> None:
    assert [re.sub("[0-9]{2,} Bytes|[0-9.]+ KiB", "n Bytes", row) for row in rows(busy)] == [
        (
            "403 PUT examplebucket/text.txt 14:13:20.250 AccessDenied 0003-00000001 · "
            "0.0 ms · 0 Bytes in · n Bytes out · anonymous · Why 原因"
        ),
        (
            "403 GET examplebucket/photo.jpg?x=1 14:13:20.250 AccessDenied 0003-00000001 · "
            "0.0 ms · 0 Bytes in · n Bytes out · anonymous · Why 原因"
        ),
        "200 GET examplebucket/photo.jpg 14:13:20.250 0.0 ms · 0 Bytes in · 5 Bytes out · AKEXAMPLE V4",
        "204 POST examplebucket/photo.jpg 14:13:20.250 0.0 ms · n Bytes in · 0 Bytes out · AKEXAMPLE V4 form",
    ]


def test_a_request_leads_to_its_refusal_and_its_callback(scene: Scene) -> None:
    scene.replies[:] = [json_reply()]
    scene.upload({"key": "a", "callback": callback_parameter()})
    scene.request("GET", "/a")

    tree = page(scene)

    ids = {one.attributes["id"] for one in tree.all() if "id" in one.attributes}
    refused, called = (
        one.attributes["href"] for one in tree.all("ol")[0].all("a") if one.attributes["href"][0] == "#"
    )
    assert called.startswith("#callback-")
    assert {refused[1:], called[1:]} <= ids


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"method": "GET"}, 2),
        ({"status": "2xx"}, 2),
        ({"status": "4xx", "method": "PUT"}, 1),
        ({"find": "TEXT.TXT"}, 1),
        ({"find": "accessdenied"}, 2),
        ({"find": "V4 form"}, 1),
        ({"find": "x=1"}, 1),
        ({"status": "reset"}, 0),
    ],
)
def test_finds_requests_by_method_status_and_text(busy: Scene, query: dict[str, str], found: int) -> None:
    assert len(list(rows(busy, **query))) == found
    assert ("No request is like this." in section(busy, "requests", f"?{urlencode(query)}").text) == (
        not found
    )


def test_shows_fifty_requests_and_all_on_request(scene: Scene) -> None:
    for number in range(KEPT_REQUESTS + 1):
        scene.request("GET", f"/{number}")

    assert len(list(rows(scene))) == 50
    assert f"All {KEPT_REQUESTS}" in section(scene, "requests").words
    assert len(list(rows(scene, rows="all"))) == KEPT_REQUESTS


def test_shows_another_bucket_that_the_reader_chooses(scene: Scene) -> None:
    scene.bucket.buckets.create("media", acl="public-read", now=NOW)
    scene.upload({"key": "a"})

    (link,) = [one for one in section(scene, "buckets").all("a") if one.text == "media"]
    tree = read(scene.request("GET", link.attributes["href"], OPENED))

    assert tree.all("h1")[0].text == "media"
    assert "public-read" in tree.all("dl", class_="facts")[0].words
    assert "Nothing is stored." in tree.all("section", id="objects")[0].text
    assert "does not exist" not in tree.all("dl", class_="facts")[0].words
    gone = page(scene, "?bucket=none")
    assert "does not exist" in gone.all("dl", class_="facts")[0].words
    assert "Nothing is stored." in gone.all("section", id="objects")[0].text


def test_names_many_buckets_by_a_form(scene: Scene) -> None:
    assert not section(scene, "buckets").all("form")
    for number in range(201):
        scene.bucket.buckets.create(f"bucket-{number}", acl="private", now=NOW)

    listed = section(scene, "buckets")

    assert len(listed.all("li")) == 200
    assert len(listed.all("form")) == 1


def test_pages_through_all_keys_in_order(scene: Scene) -> None:
    for number in range(101):
        scene.upload({"key": f"{number:03}"})
    shown, address = [], "?order=keys"

    while address:
        listed = section(scene, "objects", address)
        shown += [one.text for one in listed.all("strong")]
        following = [one.attributes["href"] for one in listed.all("a") if "Next page" in one.text]
        address = following[0].partition("#")[0].removeprefix("/-/") if following else ""

    assert shown == [f"{number:03}" for number in range(101)]


@pytest.mark.parametrize(
    ("query", "found"), [("prefix=a/", ["a/1"]), ("text=%E5%9B%BE", ["b/图"]), ("prefix=a&text=2", [])]
)
def test_finds_objects_by_prefix_and_text(scene: Scene, query: str, found: list[str]) -> None:
    for key in ("a/1", "b/图", "c/2"):
        scene.upload({"key": key})

    listed = section(scene, "objects", f"?{query}")

    assert [one.text for one in listed.all("article") for one in one.all("strong")] == found
    assert ("Nothing is found." in listed.text) == (not found)


def test_lists_the_versions_of_a_key(scene: Scene) -> None:
    put(scene, "versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
    for content in (b"1", b"22"):
        scene.upload({"key": ODD_KEY}, content)
    scene.bucket.store.delete(ODD_KEY, now=NOW, versioning="Enabled")

    listed = section(scene, "objects", f"?{urlencode({'versions': ODD_KEY})}")

    assert [one.all("summary")[0].words.split(" · ")[0][-7:] for one in listed.all("article")] == [
        "0 Bytes",
        "2 Bytes",
        " 1 Byte",
    ]
    assert "delete marker" in listed.all("article")[0].text
    links = [one.attributes["href"] for one in listed.all("a") if one.text.startswith("Save")]
    assert [scene.request("GET", link).body for link in links] == [b"22", b"1"]


def test_every_link_and_form_keeps_what_was_chosen(scene: Scene) -> None:
    scene.upload({"key": ODD_KEY})
    chosen = {"bucket": BUCKET, "find": HOSTILE, "prefix": "a", "paused": "yes"}

    tree = page(scene, f"?{urlencode(chosen)}")

    (again,) = [one for one in tree.all("a") if one.text.startswith("Refresh")]
    assert again.attributes["href"] == f"/-/?{urlencode(chosen)}"
    (search,) = tree.all("form", **{"aria-label": "Search objects"})
    hidden = {
        one.attributes["name"]: one.attributes["value"]
        for one in search.all("input")
        if one.attributes.get("type") == "hidden"
    }
    assert hidden == {"find": HOSTILE, "bucket": BUCKET, "paused": "yes"}
    assert len(tree.all("script")) == 1


HOSTILE = "\"'><script>alert(1)</script>&"


def seen(scene: Scene) -> str:
    return page(scene).all("html")[0].attributes["data-refresh"]


def test_nothing_new_is_no_answer_and_anything_new_leads_to_the_page(scene: Scene) -> None:
    address = seen(scene)
    assert (scene.request("GET", address, OPENED).status, seen(scene)) == (204, address)

    scene.request("GET", "/a")
    answer = scene.request("GET", address, OPENED)
    assert (answer.status, answer.headers["Location"]) == (303, "/-/")

    addresses = {seen(scene)}
    scene.bucket.faults.set({"fault": "reset"})
    addresses.add(seen(scene))
    scene.bucket.history.clear()
    addresses.add(seen(scene))
    scene.now += 60  # the ages that are shown
    assert len(addresses | {seen(scene)}) == 4
    assert "data-refresh" not in page(scene, "?paused=yes").all("html")[0].attributes
