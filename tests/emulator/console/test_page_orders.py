"""Orders by the page's forms: with its secret, from a browser that shows the page, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from oss_emulator.console.callers import reason_against_form
from tests.support.emulator.page_reader import OPENED, page
from tests.support.emulator.scene import BUCKET, NOW, Scene, Seen

FORM = {
    **OPENED,
    "Sec-Fetch-Site": "cross-site",
    "Origin": "null",
}  # what a browser sends for the page's forms
ODD_KEY = "a\nb\u202e图 \"'&+%41<script>" + "k" * 900


def order(
    scene: Scene, fields: Mapping[str, str], *, query: str = "", headers: Mapping[str, str] = FORM
) -> Seen:
    secrets = {one.attributes["value"] for one in page(scene).all("input") if one.has({"name": "secret"})}
    (secret,) = secrets
    body = urlencode({"secret": secret, **fields}).encode()
    return scene.request("POST", f"/-/orders{query}", headers, body)


def test_deletes_one_object_by_its_button(scene: Scene) -> None:
    for key in (ODD_KEY, "kept"):
        scene.upload({"key": key})

    (button,) = [
        one
        for article in page(scene).all("section", id="objects")[0].all("article")
        for one in article.all("button")
        if ODD_KEY.replace("\n", "") in article.text.replace("\n", "")
    ]
    query = button.attributes["formaction"].removeprefix("/-/orders")
    answer = order(scene, {"order": "delete"}, query=query)

    assert (answer.status, answer.headers["Location"]) == (303, f"/-/?bucket={BUCKET}#objects")
    assert (scene.stored(ODD_KEY), scene.stored("kept") is None) == (None, False)


def test_deletes_what_a_search_lists(scene: Scene) -> None:
    for key in ("a/1", "a/2", "b"):
        scene.upload({"key": key})

    assert order(scene, {"order": "delete"}, query="?prefix=a/").status == 303
    assert order(scene, {"order": "delete"}).refusal == (400, "InvalidArgument", "")

    assert [one.key for one in scene.bucket.store.latest_objects(9)] == ["b"]


def test_deletes_in_the_bucket_that_is_shown(scene: Scene) -> None:
    scene.upload({"key": "a"})
    scene.bucket.buckets.create("media", acl="private", now=NOW)

    order(scene, {"order": "delete"}, query="?bucket=media&key=a")

    assert scene.stored("a")
    assert order(scene, {"order": "delete"}, query="?bucket=none&key=a").refusal[1] == "NoSuchBucket"


def test_sets_and_clears_faults(scene: Scene) -> None:
    order(scene, {"order": "fault", "fault": "stall", "requests": "2", "seconds": "0.5", "after_bytes": ""})
    answer = order(
        scene,
        {"order": "fault", "fault": "server_error", "requests": "1", "status": "503"},
        query="?paused=yes",
    )

    assert answer.headers["Location"] == "/-/?paused=yes#faults"
    assert scene.bucket.faults.pending() == [
        {"fault": "stall", "requests": 2, "seconds": 0.5},
        {"fault": "server_error", "requests": 1, "status": 503},
    ]
    order(scene, {"order": "clear_faults"})
    assert scene.bucket.faults.pending() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"order": "fault", "fault": "none", "requests": "1"},
        {"order": "fault", "fault": "reset"},
        {"order": "fault", "fault": "reset", "requests": "x"},
        {"order": "fault", "fault": "reset", "requests": "1.5"},
        {"order": "fault", "fault": "stall", "requests": "1", "seconds": "nan"},
        {"order": "fault", "fault": "stall", "requests": "1", "seconds": "inf"},
        {"order": "none"},
        {},
    ],
)
def test_a_wrong_order_is_refused_and_nothing_happens(scene: Scene, fields: dict[str, str]) -> None:
    assert order(scene, fields).refusal == (400, "InvalidArgument", "")
    assert scene.bucket.faults.pending() == []


def test_resets_everything_and_leads_to_the_plain_page(scene: Scene) -> None:
    scene.upload({"key": "a"})
    scene.bucket.faults.set({"fault": "reset"})

    answer = order(scene, {"order": "reset"}, query="?find=x")

    assert (answer.status, answer.headers["Location"]) == (303, "/-/")
    assert scene.stored("a") is None
    assert (scene.bucket.faults.pending(), scene.bucket.history.requests()) == ([], [])


@pytest.mark.parametrize("secret", ["", "guessed", "图", "x" * 100_000])
def test_without_its_secret_no_form_is_the_pages(scene: Scene, secret: str) -> None:
    scene.bucket.faults.set({"fault": "reset"})

    answer = order(scene, {"secret": secret, "order": "clear_faults"})

    assert answer.refusal == (403, "AccessDenied", "")
    assert len(scene.bucket.faults.pending()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Dest": "iframe"},
        {"x-oss-tag": "CALLBACK"},
    ],
)
def test_even_with_the_secret_only_a_form_that_a_person_sends_counts(
    scene: Scene, changes: dict[str, str]
) -> None:
    scene.bucket.faults.set({"fault": "reset"})

    answer = order(scene, {"order": "clear_faults"}, headers={**FORM, **changes})

    assert answer.refusal == (403, "AccessDenied", "")
    assert len(scene.bucket.faults.pending()) == 1
    assert order(scene, {"order": "clear_faults"}, headers={}).refusal == (403, "AccessDenied", "")


def test_a_form_may_come_from_the_own_origin_and_to_the_own_name() -> None:
    form = {name.lower(): text for name, text in FORM.items()}

    assert reason_against_form({**form, "host": "localhost:9000", "origin": "http://localhost:9000"}) is None
    assert reason_against_form({**form, "host": "laptop.example"}, "laptop.example") is None
    assert reason_against_form({**form, "host": "laptop.example"})


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Dest": "document"}, {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "cors"}],
)
def test_only_a_person_gets_the_secret(scene: Scene, headers: dict[str, str]) -> None:
    scene.upload({"key": "a"})

    text = scene.request("GET", "/-/", headers).body.decode()

    assert scene.bucket.page_secret not in text
    assert 'method="post"' not in text
    assert "sends orders at localhost" in text
    assert scene.bucket.page_secret not in repr(scene.bucket)
