"""The grant: every field a condition, every condition a field, nothing a browser could turn against us."""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from typing import Any
from urllib.parse import unquote

import pytest

from grants import application, file_grant, lifetime, object_key, upload_data, upload_request
from grants.callers import Caller, Limits
from grants.settings import Settings
from tests.support.fc_events import Answer, ask, fc_event
from vendored import media_types, oss_signing
from vendored import ticket as ticket_module
from vendored.env import Credentials
from vendored.errors import Malformed
from vendored.fc_http import Clock, Handler

NOW = 1_800_000_000.25  # 2027-01-15T08:00:00Z
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
NOT_PINNED = {"policy", "x-oss-signature"}  # nor the file


def request(handler: Handler, **query: str) -> Answer:
    upload = {"name": "图片 (1).png", "size": "5", "type": "image/png", **query}
    return ask(handler, fc_event("/", {name: value for name, value in upload.items() if value != "-"}))


def grant(handler: Handler, **query: str) -> Any:
    answer = request(handler, **query)
    assert answer.status == 200, answer.content
    return answer.content


def policy_of(granted: Any) -> Any:
    return json.loads(base64.b64decode(granted["fields"]["policy"]))


def conditions_of(granted: Any) -> dict[str, str]:
    singles = [one for one in policy_of(granted)["conditions"] if isinstance(one, dict)]
    assert all(len(one) == 1 for one in singles)
    return {name: value for one in singles for name, value in one.items()}


def test_grants_one_upload(handler: Handler) -> None:
    granted = grant(handler)
    fields = granted.pop("fields")
    ticket = granted.pop("ticket")
    assert granted == {
        "id": "01mcc5rm7t0000000000000000",
        "url": "https://upload.example.com/",
        "method": "POST",
        "key": "uploads/_/2027/01/15/01mcc5rm7t0000000000000000.png",
        "expires_in": 301,
        "confirm": "https://callback.example.com/confirm",
    }
    policy, callback, signature = (fields.pop(name) for name in ("policy", "callback", "x-oss-signature"))
    assert fields == {
        "key": granted["key"],
        "x-oss-content-type": "image/png",
        "Content-Disposition": 'inline; filename="_1_.png"; '
        "filename*=UTF-8''%E5%9B%BE%E7%89%87%20%281%29.png",
        "x-oss-forbid-overwrite": "true",
        "x-oss-object-acl": "private",
        "x-oss-storage-class": "Standard",
        "success_action_status": "200",
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": "STS.EXAMPLE/20270115/cn-hangzhou/oss/aliyun_v4_request",
        "x-oss-date": "20270115T080000Z",
        "x-oss-security-token": "CAISEXAMPLE",
    }
    assert signature == oss_signing.sign_policy_v4(policy, "SKEXAMPLE", "20270115", "cn-hangzhou")
    assert json.loads(base64.b64decode(callback)) == {
        "callbackUrl": "https://callback.example.com/callback",
        "callbackBody": f"ticket={ticket}"
        "&bucket=${bucket}&object=${object}&size=${size}&etag=${etag}",
        "callbackSNI": True,
    }
    assert ticket_module.verify_ticket(
        ticket, ["a-ticket-secret-of-more-than-32-bytes"], NOW
    ) == ticket_module.FileTicket(
        granted["id"], granted["key"], 5, "", 1_800_000_000, 1_800_000_000 + 301 + 3600
    )


def test_every_field_is_a_condition_and_every_condition_a_field(handler: Handler) -> None:
    granted = grant(handler)
    sent = {name.lower(): value for name, value in granted["fields"].items() if name not in NOT_PINNED}
    assert conditions_of(granted) == {"bucket": "examplebucket", **sent}


def test_pins_the_exact_size(handler: Handler) -> None:
    ranges = [one for one in policy_of(grant(handler, size="1048576"))["conditions"] if isinstance(one, list)]
    assert ranges == [["content-length-range", 1048576, 1048576]]


def test_a_static_access_key_sends_no_token(environ: dict[str, str]) -> None:
    settings = Settings.from_env(environ)
    caller = Caller("", Limits(10, ("*/*",)))
    upload = upload_request.UploadRequest("a", 1, "image/png")
    granted = file_grant.issue_file_grant(upload, caller, settings, Credentials("i", "s", ""), NOW, bytes(10))
    assert "x-oss-security-token" not in {**granted["fields"], **conditions_of(granted)}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "name",
    ["${filename}", 'a"b', "a;b%00'.png", "é🙂", "-" * 300],
)
def test_no_policy_value_can_be_misread(name: str, handler: Handler) -> None:
    values = conditions_of(grant(handler, name=name))
    disposition = values.pop("content-disposition")
    assert re.fullmatch(r"inline; filename=\"[^\"$\\]*\"; filename\*=UTF-8''[A-Za-z0-9._~%-]*", disposition)
    assert not [value for value in values.values() if re.search(r'[$\\"]', value)]


@pytest.mark.parametrize("subject", ["字" * 43, "a" * 129, '"' * 65, "\x00" * 22, "\ud800"])
def test_a_subject_that_fits_no_ticket_is_a_failure_of_authorize(
    subject: str, environ: dict[str, str]
) -> None:
    upload = upload_request.UploadRequest("a", 1, "image/png")
    role = Credentials("i", "s", "")
    caller = Caller(subject, Limits(1, ()))
    with pytest.raises(ValueError, match=r"^authorize\.py returned a subject that does not fit a ticket$"):
        file_grant.issue_file_grant(upload, caller, Settings.from_env(environ), role, NOW, bytes(10))


@pytest.mark.parametrize(
    ("subject", "segment"),
    [
        ("", "_"),
        ("alice", "alice"),
        ("anonymous", "anonymous"),
        ("a-1", "a-1"),
        ("a" * 64, "a" * 64),
        # printf %s SUBJECT | openssl dgst -sha256 -binary | basenc --base64url | head -c 22
        ("_", "~0uKt9xd7eor928EtFjTPI-"),
        ("../", "~-ghJnhTQETumeUYj8bre3M"),
        ("auth0|1", "~sD5dRQnNN0dts4-3b5tbPK"),
    ],
)
def test_a_users_folder(subject: str, segment: str) -> None:
    assert object_key.user_segment(subject) == segment


def test_no_two_users_share_a_folder() -> None:
    """Whatever looks alike, or would be alike once cleaned."""
    alike = ["", "_", "~", "-", ".", "..", "../", "/", "a/b", "a_b", "auth0|1", "auth0_1", "auth0-1", "Alice"]
    alike += [
        "alice",
        "alice ",
        " alice",
        "alice\n",
        "alic\u0435",
        "\uff41lice",
        "e\u0301",
        "é",
        "a" * 64,
        "a" * 65,
    ]
    alike += [object_key.user_segment("Alice"), "anonymous", "${filename}", "1", "01"]
    segments = [object_key.user_segment(one) for one in alike]
    assert len(set(segments)) == len(alike)
    assert all(re.fullmatch(r"_|[a-z0-9-]{1,64}|~[A-Za-z0-9_-]{22}", one) for one in segments)


@pytest.mark.parametrize("size", [0, 1, 131072, 131073, 419430400])
def test_a_policy_lives_as_long_as_its_size_needs(size: int) -> None:
    assert lifetime.lifetime_seconds(size) == 300 + -(-size // 131072)


def test_a_policy_never_outlives_an_hour() -> None:
    assert lifetime.lifetime_seconds(5 * 10**9) == 3600


def test_the_expiration_is_utc_with_milliseconds(handler: Handler) -> None:
    assert policy_of(grant(handler))["expiration"] == "2027-01-15T08:05:01.000Z"


@pytest.mark.parametrize("subject", ["", "a" * 64, "a" * 128, "字" * 42, '"' * 64, "\x00" * 21])
def test_the_longest_grant_stays_within_its_budget(subject: str, environ: dict[str, str]) -> None:
    """8,192 characters for the policy, 4,096 for the callback, far below the 2 MB that OSS takes.

    Everything is as long as it may be; hosts are as Alibaba Cloud's own.
    """
    environ |= {
        "ALLOWED_TYPES": "*/*",
        "MAX_BYTES": "4999934464",
        "UPLOAD_BUCKET": "b" * 63,
        "UPLOAD_PREFIX": "p" * 31 + "/",
        "CALLBACK_URL": "https://oss-upload-callback-abcdefghij.ap-southeast-1.fcapp.run",
        "OSS_REGION": "ap-southeast-1",
    }
    longest = upload_request.UploadRequest("图" * 39 + "a.b", 4999934464, "a" * 32 + "/" + "b" * 64)
    assert len(longest.name.encode()) == file_grant.KEPT_NAME_BYTES
    assert media_types.is_media_type(longest.type)
    longest = longest._replace(page_data={"a": "字" * 80})
    caller = Caller(subject, Limits(4999934464, ("*/*",)), {"a": "b" * 256}, "f" * 31 + "/")
    upload_data.check_both(caller.data, longest.page_data)
    assert sum(map(upload_data.size_of, (caller.data, longest.page_data))) == upload_data.MAX_DATA_BYTES
    role = Credentials("STS." + "A" * 25, "s" * 44, "T" * 1000)
    granted: Any = file_grant.issue_file_grant(
        longest, caller, Settings.from_env(environ), role, NOW, bytes(10)
    )
    lengths = {name: len(value) for name, value in granted["fields"].items()}
    assert ticket_module.verify_ticket(granted["ticket"], ["a-ticket-secret-of-more-than-32-bytes"], NOW)
    assert lengths["callback"] <= 4096
    assert max(lengths.values()) == lengths["policy"] <= 8192


def test_ids_sort_by_time_and_hold_all_the_randomness() -> None:
    earlier = object_key.time_sortable_id(NOW, b"\xff" * 10)
    later = object_key.time_sortable_id(NOW + 0.001, b"\x00" * 10)
    assert (earlier, later) == ("01mcc5rm7tzzzzzzzzzzzzzzzz", "01mcc5rm7v0000000000000000")


def test_a_key_follows_the_type_and_not_the_name(handler: Handler) -> None:
    assert grant(handler, name="evil.html", type="image/jpeg")["key"].endswith("000.jpg")
    assert grant(handler, name="evil.html", type="image/x-unheard-of")["key"].endswith("000")


@pytest.mark.parametrize(
    "kind", ["image/svg+xml", "text/html", "application/pdf", "image/tiff", "text/plain"]
)
def test_what_a_browser_might_run_is_downloaded(kind: str) -> None:
    assert file_grant.content_disposition("a", kind).startswith("attachment; ")


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "audio/mpeg", "video/mp4"])
def test_what_a_browser_only_shows_is_shown(kind: str) -> None:
    assert file_grant.content_disposition("a", kind).startswith("inline; ")


@pytest.mark.parametrize(
    ("name", "kept", "fallback"),
    [
        ("a.png", "a.png", "a.png"),
        ("é🙂.png", "é🙂.png", "_.png"),
        ("${filename}", "${filename}", "_filename_"),
        *((f"gpj{control}exe.png", "gpj_exe.png", "gpj_exe.png") for control in BIDI),
        ("a." + "字" * 6 + "b" * 120, "a." + "字" * 6 + "b" * 100, "a._" + "b" * 100),
        (".profile", ".profile", ".profile"),
        ("图" * 100 + ".jpg", "图" * 38 + ".jpg", "_.jpg"),
        ("🙂" * 100, "🙂" * 30, "_"),
        ("a." + "b" * 200, "a." + "b" * 118, "a." + "b" * 118),
        ("a" * 200 + ".tar.gz", "a" * 117 + ".gz", "a" * 117 + ".gz"),
        ("a" * 200 + "." + "e" * 16, "a" * 103 + "." + "e" * 16, "a" * 103 + "." + "e" * 16),
    ],
)
def test_a_name_is_cut_at_a_character_before_its_extension(name: str, kept: str, fallback: str) -> None:
    disposition = file_grant.content_disposition(upload_request.read_name(name), "image/png")
    assert disposition.split('"')[1] == fallback
    assert unquote(disposition.split("UTF-8''")[1]) == kept


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"name": "-"}, 400, "missing_parameter"),
        ({"size": "-"}, 400, "missing_parameter"),
        ({"key": "x"}, 400, "unknown_parameter"),
        ({"name": ""}, 400, "name_invalid"),
        ({"name": "."}, 400, "name_invalid"),
        ({"name": ".."}, 400, "name_invalid"),
        ({"name": "a/b"}, 400, "name_invalid"),
        ({"name": "a\\b"}, 400, "name_invalid"),
        ({"name": "a\x00"}, 400, "name_invalid"),
        ({"name": "a\nb"}, 400, "name_invalid"),
        ({"name": "a\x7fb"}, 400, "name_invalid"),
        ({"name": "a\x85b"}, 400, "name_invalid"),
        ({"name": "a\u2028b"}, 400, "name_invalid"),
        ({"name": "\ud83d"}, 400, "name_invalid"),
        ({"name": "字" * 1366}, 400, "name_too_long"),
        ({"name": "a" * 1025}, 400, "name_too_long"),
        ({"size": ""}, 400, "size_invalid"),
        ({"size": "5,5"}, 400, "size_invalid"),
        ({"size": "-1"}, 400, "size_invalid"),
        ({"size": "1.5"}, 400, "size_invalid"),
        ({"size": "1e9"}, 400, "size_invalid"),
        ({"size": "+5"}, 400, "size_invalid"),
        ({"size": " 5"}, 400, "size_invalid"),
        ({"size": "05"}, 400, "size_invalid"),
        ({"size": "5\n"}, 400, "size_invalid"),
        ({"size": "٣"}, 400, "size_invalid"),
        ({"size": "9" * 5000}, 400, "size_invalid"),
        ({"size": "999999999999999"}, 413, "too_large"),
        ({"size": "1048577"}, 413, "too_large"),
        ({"type": " "}, 400, "type_invalid"),
        ({"type": ";q=1"}, 400, "type_invalid"),
        ({"type": "png"}, 400, "type_invalid"),
        ({"type": "image/*"}, 400, "type_invalid"),
        ({"type": "image/png;q=1"}, 400, "type_invalid"),
        ({"type": "image/png,image/png"}, 400, "type_invalid"),
        ({"type": "image/png\n"}, 400, "type_invalid"),
        ({"type": "image/\N{KELVIN SIGN}"}, 400, "type_invalid"),
        ({"type": "image/" + "a" * 65}, 400, "type_invalid"),
        ({"type": "text/html"}, 415, "type_not_allowed"),
        ({"type": "application/pdfx"}, 415, "type_not_allowed"),
        ({"type": "imagex/png"}, 415, "type_not_allowed"),
    ],
)
def test_refuses_a_bad_upload_request(
    query: dict[str, str], status: int, code: str, handler: Handler
) -> None:
    answer = request(handler, **query)
    assert (answer.status, answer.code) == (status, code)
    sent = [value for value in query.values() if len(value) > 3]
    assert not [value for value in sent if value in answer.content["detail"]]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({"name": None}, "The parameter name is missing."),
        ({"size": None}, "The parameter size is missing."),
        ({"x": "1"}, "Only the parameters name, size, type and profile are known."),
        ({"size": "x"}, "The parameter size must be a whole number of bytes."),
        ({"type": "x"}, "The parameter type must be a media type without parameters."),
        ({"size": "1048577"}, "A file may have at most 1048576 bytes."),
        ({"type": "text/html"}, "Allowed types: image/*, application/pdf."),
    ],
)
def test_says_in_a_sentence_what_is_wrong(
    query: dict[str, str | None], detail: str, handler: Handler
) -> None:
    asked = {"name": "a.png", "size": "5", "type": "image/png", **query}
    event = fc_event("/", {name: value for name, value in asked.items() if value is not None})
    assert ask(handler, event).content["detail"] == detail


@pytest.mark.parametrize(
    ("query"),
    [
        {"name": "a" * 1024},
        {"name": "..."},
        {"name": "..a"},
        {"size": "0"},
        {"type": "IMAGE/PNG"},
        {"name": "a,b.png"},
        {"size": "1048576"},
    ],
)
def test_accepts_the_unusual(query: dict[str, str], handler: Handler) -> None:
    assert request(handler, **query).status == 200


def test_a_lone_surrogate_never_reaches_a_header() -> None:
    with pytest.raises(Malformed):
        upload_request.read_name("\udc00")


def test_the_callers_own_limits_count(
    handler: Handler, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def narrow(_: object, __: object, limits: Limits, ___: object) -> Caller:
        return Caller("alice", Limits(limits.max_bytes // 1024, ("image/png",)))

    monkeypatch.setattr(application, "authorize", narrow)
    assert request(handler, size="1025").code == "too_large"
    assert request(handler, type="image/gif").code == "type_not_allowed"
    assert ask(handler, fc_event("/limits")).content["max_bytes"] == 1024
    capsys.readouterr()
    granted = grant(handler, size="1024")
    assert json.loads(capsys.readouterr().out)["upload_id"] == granted["id"]
    assert granted["key"].startswith("uploads/alice/")
    assert (
        ticket_module.verify_ticket(granted["ticket"], ["a-ticket-secret-of-more-than-32-bytes"], NOW).sub
        == "alice"
    )


def test_shows_exactly_what_a_browser_cannot_run() -> None:
    assert sorted(media_types.INLINE_TYPES) == [
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "audio/webm",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "video/mp4",
        "video/ogg",
        "video/webm",
    ]


def test_no_type_gets_the_extension_of_another() -> None:
    """Python's own table of types is the outside witness; it lacks only some newer types."""
    table = mimetypes.MimeTypes()
    ours = {kind: f".{media_types.extension_of(kind)}" for kind in media_types.TYPES}
    known = {kind for kind in ours if table.guess_all_extensions(kind) and ours[kind] != "."}
    assert {"image/png", "text/csv", "application/pdf", "video/mp4"} <= known
    for kind in known:
        assert ours[kind] in table.guess_all_extensions(kind), kind


def test_no_two_grants_are_alike(environ: dict[str, str]) -> None:
    handler = application.build(environ, Clock(lambda: NOW, lambda: 0.0))
    ids = {grant(handler)["id"] for _ in range(3)}
    assert len({one[:10] for one in ids}) == 1  # the same millisecond
    assert len(ids) == 3


def test_every_named_type_has_an_extension() -> None:
    named = {*media_types.DEFAULT_TYPES.split(","), *media_types.INLINE_TYPES}
    without = {kind for kind in named if not media_types.extension_of(kind) and not kind.endswith("/*")}
    assert without == {"application/octet-stream"}


def test_no_extension_is_one_that_a_browser_runs() -> None:
    runs = {"htm", "html", "xhtml", "js", "mjs", "xml", "shtml", "mht", "swf"}
    extensions = [one for one in map(media_types.extension_of, media_types.TYPES) if one]
    assert not runs & set(extensions)
    assert len(set(extensions)) == len(extensions)


def test_a_key_has_the_day_in_utc(environ: dict[str, str]) -> None:
    midnight = 1_799_971_200
    nobody = Caller("", Limits(1, ()))
    folders = [
        object_key.user_folder(nobody, Settings.from_env(environ), now) for now in (midnight - 1, midnight)
    ]
    assert folders == ["uploads/_/2027/01/14/", "uploads/_/2027/01/15/"]


def test_tells_the_limits(handler: Handler) -> None:
    assert ask(handler, fc_event("/limits")).content == {
        "max_bytes": 1048576,
        "slowest_bytes_per_second": 3405,
        "types": ["image/*", "application/pdf"],
        "grants": ["file", "multipart"],
    }


def test_every_type_is_allowed_by_stars() -> None:
    upload_request.check_limits(upload_request.UploadRequest("a", 1, "text/html"), Limits(1, ("*/*",)))


def test_a_function_without_a_role_says_so_in_its_log_only(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in environ if name.startswith("ALIBABA")]:
        del environ[name]
    answer = request(application.build(environ))
    assert (answer.status, answer.code) == (500, "misconfigured")
    assert "no role" in capsys.readouterr().out
