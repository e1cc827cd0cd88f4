"""PROFILES: named limits and folders that narrow the deployment's own, checked at start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from grants import object_key
from grants.application import build
from grants.callers import Caller, Limits
from grants.settings import Settings
from tests.support.fc_events import Answer, ask, fc_event
from vendored.errors import Misconfigured
from vendored.fc_http import Clock, Handler

NOW = 1_800_000_000.25  # 2027-01-15T08:00:00Z
PROFILES = {
    "avatar": {"max_bytes": 1000, "types": ["image/png", "image/pjpeg"], "prefix": "avatars/"},
    "scan": {"types": ["application/pdf"], "prefix": "scans/in/"},
    "any": {},
}
NAMED = {"avatar": "avatars/", "scan": "scans/in/", "any": ""}


def started(environ: Mapping[str, str], profiles: object = PROFILES, **changed: str) -> Handler:
    variables = {**environ, "PROFILES": json.dumps(profiles), **changed}
    return build(variables, Clock(lambda: NOW, lambda: 0.0), bytes)


def limits(handler: Handler, **query: str) -> Answer:
    return ask(handler, fc_event("/limits", query))


def grant(handler: Handler, **query: str) -> Answer:
    return ask(handler, fc_event("/", {"name": "a.png", "size": "5", "type": "image/png", **query}))


def batch(handler: Handler, *files: Mapping[str, object]) -> Any:
    answer = ask(handler, fc_event("/uploads", method="POST", body=json.dumps({"files": files})))
    assert answer.status == 200, answer.content
    return answer.content["uploads"]


def test_a_page_names_a_profile(environ: dict[str, str]) -> None:
    handler = started(environ)
    told = limits(handler, profile="avatar").content
    assert (told["max_bytes"], told["types"]) == (1000, ["image/png", "image/jpeg"])
    assert grant(handler, profile="avatar", size="1000").content["key"].startswith("uploads/avatars/_/2027/")
    assert grant(handler, profile="avatar", size="1001").code == "too_large"
    assert grant(handler, profile="avatar", type="image/gif").code == "type_not_allowed"
    pdf = grant(handler, profile="scan", name="a.pdf", type="application/pdf").content
    assert pdf["key"].startswith("uploads/scans/in/_/2027/")


def test_each_file_of_a_request_has_its_own(environ: dict[str, str]) -> None:
    file = {"name": "a.png", "size": 5000, "type": "image/png"}
    uploads = batch(
        started(environ),
        file,
        {**file, "profile": "avatar"},
        {**file, "size": 5, "profile": "avatar"},
        {**file, "profile": "any"},
        {**file, "profile": "none"},
    )
    assert [
        one["key"].rpartition("2027")[0] if "key" in one else one["problem"]["code"] for one in uploads
    ] == [
        "uploads/_/",
        "too_large",
        "uploads/avatars/_/",
        "uploads/_/",
        "profile_unknown",
    ]


def test_who_names_none_gets_the_limits_of_the_deployment(environ: dict[str, str]) -> None:
    with_profiles, without = started(environ), build(environ, Clock(lambda: NOW, lambda: 0.0), bytes)
    for handler in (with_profiles, without):
        assert limits(handler).content == limits(without).content
        assert limits(handler, profile="").content == limits(without).content
        assert grant(handler).content == grant(without).content
    assert limits(with_profiles, profile="any").content == limits(without).content


@pytest.mark.parametrize(
    "name", ["Avatar", "avatar/", "__proto__", "unknown", "avatar ", "\ud800"], ids=ascii
)
def test_an_unknown_profile_is_refused(name: str, environ: dict[str, str]) -> None:
    for handler in (started(environ), build(environ)):
        for answer in (grant(handler, profile=name), limits(handler, profile=name)):
            assert (answer.status, answer.code) == (400, "profile_unknown")


def test_who_may_not_ask_is_not_told_which_profiles_there_are(environ: dict[str, str]) -> None:
    handler = started(environ, ALLOW_ANONYMOUS="", PERMIT_SECRET="a-permit-secret-of-more-than-32-bytes")
    for name in ("avatar", "unknown"):
        assert limits(handler, profile=name).code == "token_missing"
        assert grant(handler, profile=name).code == "token_missing"


@pytest.mark.parametrize(
    ("subject", "folder", "user"),
    [
        ("alice", "avatars/", "alice"),
        ("avatars", "", "~"),
        ("avatars", "avatars/", "avatars"),
        ("scans", "", "~"),
        ("in", "", "in"),
        ("in", "scans/", "~"),
        ("avatar", "", "avatar"),
        ("", "", "_"),
    ],
)
def test_no_users_folder_holds_the_uploads_of_a_profile(
    subject: str, folder: str, user: str, environ: dict[str, str]
) -> None:
    settings = Settings.from_env({**environ, "PROFILES": json.dumps(PROFILES)})
    caller = Caller(subject, Limits(1, ()), folder=folder)
    found = object_key.user_folder(caller, settings, NOW)
    assert found.startswith(f"uploads/{folder}{user}")
    shared = [
        one for one in NAMED.values() if one and f"uploads/{one}".startswith(found[: -len("2027/01/15/")])
    ]
    assert shared == []


@pytest.mark.parametrize(
    ("profiles", "problem"),
    [
        ("{", "must be a JSON object of profiles"),
        ("[]", "must be a JSON object of profiles"),
        ("{}", "must be a JSON object of profiles"),
        ("[" * 4000, "must be a JSON object of profiles"),
        ('{"a": {}, "a": {}}', "must be a JSON object of profiles"),
        ('{"a": {"max_bytes": 1, "max_bytes": 2}}', "must be a JSON object of profiles"),
        ('{"a": {}, "B": {}}', "must name profile 2 with"),
        ('{"": {}}', "must name profile 1 with"),
        (f'{{"{"a" * 33}": {{}}}}', "must name profile 1 with"),
        ('{"a": []}', "must have max_bytes, types and prefix in a, or fewer"),
        ('{"a": {"maxBytes": 1}}', "must have max_bytes, types and prefix in a, or fewer"),
        ('{"a": {"max_bytes": "1"}}', "must have a whole number above 0 as a.max_bytes"),
        ('{"a": {"max_bytes": 0}}', "must have a whole number above 0 as a.max_bytes"),
        ('{"a": {"max_bytes": true}}', "must have a whole number above 0 as a.max_bytes"),
        ('{"a": {"max_bytes": 1.5}}', "must have a whole number above 0 as a.max_bytes"),
        ('{"a": {"max_bytes": 1048577}}', "must not have a.max_bytes above MAX_BYTES"),
        ('{"a": {"types": "image/*"}}', "must have a list of media types"),
        ('{"a": {"types": []}}', "must have a list of media types"),
        ('{"a": {"types": [1]}}', "must have a list of media types"),
        ('{"a": {"types": ["png"]}}', "must have a list of media types"),
        ('{"a": {"types": ["text/html"]}}', "must not have a.types outside ALLOWED_TYPES"),
        ('{"a": {"types": ["*/*"]}}', "must not have a.types outside ALLOWED_TYPES"),
        ('{"a": {"prefix": "a"}}', "must have at most 32 characters as a.prefix"),
        ('{"a": {"prefix": "/a/"}}', "must have at most 32 characters as a.prefix"),
        ('{"a": {"prefix": "../"}}', "must have at most 32 characters as a.prefix"),
        ('{"a": {"prefix": "a/../b/"}}', "must have at most 32 characters as a.prefix"),
        ('{"a": {"prefix": "_/"}}', "must have at most 32 characters as a.prefix"),
        ('{"a": {"prefix": "a/_/"}}', "must have at most 32 characters as a.prefix"),
        ('{"a": {"prefix": "~a/"}}', "must have at most 32 characters as a.prefix"),
        ('{"a": {"prefix": ""}}', "must have at most 32 characters as a.prefix"),
        ('{"a": {"prefix": 1}}', "must have at most 32 characters as a.prefix"),
        (json.dumps({"a": {"prefix": "a" * 32 + "/"}}), "must have at most 32 characters as a.prefix"),
        ('{"a": {"prefix": "\ud800"}}', "must be a JSON object of profiles"),
    ],
    ids=lambda one: ascii(one)[:48],
)
def test_what_is_wrong_with_profiles_is_named_at_start(
    profiles: str, problem: str, environ: dict[str, str]
) -> None:
    with pytest.raises(Misconfigured) as caught:
        Settings.from_env({**environ, "PROFILES": profiles})
    assert caught.value.detail.startswith(f"PROFILES {problem}")


def test_everything_wider_is_named_beside_other_problems(environ: dict[str, str]) -> None:
    wide = {"a": {"max_bytes": 10**9}, "b": {"max_bytes": 10**9, "types": ["text/html"]}}
    with pytest.raises(Misconfigured) as caught:
        Settings.from_env({**environ, "PROFILES": json.dumps(wide), "OSS_REGION": "?"})
    assert caught.value.detail.split("; ")[1:] == [
        "PROFILES must not have a.max_bytes above MAX_BYTES",
        "PROFILES must not have b.max_bytes above MAX_BYTES",
        "PROFILES must not have b.types outside ALLOWED_TYPES",
    ]


def test_profiles_that_function_compute_has_no_room_for_are_refused(environ: dict[str, str]) -> None:
    many = {f"profile-{number}": {"prefix": f"profile-{number}/"} for number in range(100)}
    with pytest.raises(Misconfigured) as caught:
        Settings.from_env({**environ, "PROFILES": json.dumps(many)})
    assert caught.value.detail == "PROFILES is too long: all of them together may have 4096 bytes"
