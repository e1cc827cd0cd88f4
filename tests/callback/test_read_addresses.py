"""The addresses of the answer: who gets them, what they are signed for, and which settings make them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

import hook
from completion.application import build
from completion.object_proof import Upload
from completion.read_addresses import IMAGE_TYPES, MAX_IMAGE_BYTES, disposition_of, read_addresses
from completion.settings import Settings
from completion.webhook import Backend
from tests.support.callback_fixtures import (
    DIRECTORY_TICKET,
    ETAG,
    FOLDER,
    NOW,
    SECRET,
    TICKET,
    Bucket,
    Callback,
    Watch,
    confirmation,
)
from tests.support.fc_events import ask
from vendored.env import Credentials
from vendored.errors import Misconfigured
from vendored.fc_http import Clock
from vendored.ticket import sign_ticket

HOST = "https://upload.example.com"
STYLE = "image/resize,w_320"
SETTINGS = {"UPLOAD_HOST": HOST, "READ_SECONDS": "900", "IMAGE_STYLES": json.dumps({"thumb": STYLE})}
ROLE = Credentials("STS.EXAMPLE", "SKEXAMPLE", "CAISEXAMPLE")
UPLOAD = Upload("01abc", TICKET.key, 5, ETAG, "image/png", "图片.png", "", TICKET.exp)
SIGNATURES = {  # signed by PyPI alibabacloud-oss-v2 1.4.1's SignerV4 for the same key, time and credentials
    "url": "070819f4231e9e20ebe87f91c3e27199c4be2322b317390a10766363be8314fd",
    "thumb": "8d889ee291dbee85c42b5d87f0eb81fb8d72c54192dc59781d26fc536c4b1c24",
}
COMMON = {
    "x-oss-signature-version": "OSS4-HMAC-SHA256",
    "x-oss-credential": "STS.EXAMPLE/20270115/cn-hangzhou/oss/aliyun_v4_request",
    "x-oss-date": "20270115T080000Z",
    "x-oss-expires": "900",
    "x-oss-security-token": "CAISEXAMPLE",
}
Sign = Callable[..., Callback]


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, **SETTINGS}


def read(address: str) -> tuple[str, dict[str, str]]:
    """Return the address without its query, and the query."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path}", dict(parse_qsl(parts.query))


def addresses(environ: dict[str, str], **changes: Any) -> dict[str, Any]:
    return read_addresses(UPLOAD._replace(**changes), Settings.from_env(environ), ROLE, NOW)


def test_callback_and_confirm_have_an_address_of_the_file_and_of_its_image(
    environ: dict[str, str], signed: Sign, watch: Watch
) -> None:
    handler = build(environ, Clock(lambda: NOW, watch))
    disposition = "inline; filename*=UTF-8''%E5%9B%BE%E7%89%87.png"
    for event in (signed().event(), confirmation()):
        content = ask(handler, event).content
        assert read(content["url"]) == (
            f"{HOST}/{TICKET.key}",
            {
                **COMMON,
                "response-content-disposition": disposition,
                "x-oss-signature": SIGNATURES["url"],
            },
        )
        assert content["images"].keys() == {"thumb"}
        assert read(content["images"]["thumb"]) == (
            f"{HOST}/{TICKET.key}",
            {**COMMON, "x-oss-process": STYLE, "x-oss-signature": SIGNATURES["thumb"]},
        )


def test_without_the_setting_there_is_none(environ: dict[str, str]) -> None:
    for seconds in ("", "0"):
        answer = ask(
            build({**environ, "IMAGE_STYLES": "", "READ_SECONDS": seconds}), _confirmation_of_today()
        )
        assert answer.status == 200
        assert not {"url", "images"} & answer.content.keys()


def _confirmation_of_today() -> bytes:
    return confirmation(sign_ticket(TICKET._replace(iat=0, exp=2**40), SECRET))


def test_a_repeated_answer_has_a_fresh_address_and_runs_no_hook(
    environ: dict[str, str], watch: Watch, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Upload] = []

    def note(upload: Upload, _: Backend) -> dict[str, object]:
        runs.append(upload)
        return {}

    monkeypatch.setattr(hook, "on_upload", note)
    now = [NOW]
    handler = build(environ, Clock(lambda: now[0], watch))
    first = ask(handler, confirmation()).content["url"]
    now[0] += 60
    second = ask(handler, confirmation()).content["url"]
    assert [read(one)[1]["x-oss-date"] for one in (first, second)] == ["20270115T080000Z", "20270115T080100Z"]
    assert len(runs) == 1
    assert {asked.method for asked in bucket.asked} == {"HEAD"}


def test_a_file_of_a_directory_grant_has_no_address(
    environ: dict[str, str], signed: Sign, watch: Watch
) -> None:
    callback = signed(ticket=sign_ticket(DIRECTORY_TICKET, SECRET), object=f"{FOLDER}a.png")
    answer = ask(build(environ, Clock(lambda: NOW, watch)), callback.event())
    assert answer.status == 200
    assert not {"url", "images"} & answer.content.keys()


def test_an_address_of_your_hook_stays(
    environ: dict[str, str], watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "on_upload", lambda *_: {"url": "https://cdn.example.com/1", "images": {}})
    content = ask(build(environ, Clock(lambda: NOW, watch)), confirmation()).content
    assert (content["url"], content["images"]) == ("https://cdn.example.com/1", {})


def test_nothing_of_an_address_is_logged(
    environ: dict[str, str], watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = ask(build(environ, Clock(lambda: NOW, watch)), confirmation()).content
    logged = capsys.readouterr().out
    assert "answered" in logged
    for part in (*read(content["url"])[1].values(), SIGNATURES["thumb"]):
        assert part not in logged


@pytest.mark.parametrize(
    "media_type", ["text/html", "image/svg+xml", "application/pdf", "image/png,text/html"]
)
def test_what_a_browser_might_run_is_downloaded(environ: dict[str, str], media_type: str) -> None:
    found = addresses(environ, type=media_type, name="a.bin")
    assert read(found["url"])[1]["response-content-disposition"] == "attachment; filename*=UTF-8''a.bin"
    assert "images" not in found


def test_no_address_replaces_the_type(environ: dict[str, str]) -> None:
    """OSS refuses response-content-type with EC 0017-00000902."""
    assert "response-content-type" not in read(addresses(environ)["url"])[1]


def test_a_file_without_a_name_has_a_disposition_all_the_same() -> None:
    assert disposition_of(UPLOAD._replace(name="")) == "inline"
    assert disposition_of(UPLOAD._replace(name="", type="text/html")) == "attachment"


def test_images_are_of_the_types_and_sizes_that_oss_processes(environ: dict[str, str]) -> None:
    # OSS, "Image processing": JPG, PNG, BMP, GIF, WebP, TIFF, HEIC and AVIF of at most 20 MB
    processed = {"jpeg", "png", "bmp", "gif", "webp", "tiff", "heic", "avif"}
    assert {f"image/{kind}" for kind in processed} == IMAGE_TYPES
    for kind in (*IMAGE_TYPES, "image/heif", "image/vnd.microsoft.icon", "video/mp4"):
        assert ("images" in addresses(environ, type=kind)) == (kind in IMAGE_TYPES), kind
    assert "images" in addresses(environ, size=MAX_IMAGE_BYTES)
    assert "images" not in addresses(environ, size=MAX_IMAGE_BYTES + 1)


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(Misconfigured) as raised:
        Settings.from_env(environ)
    return raised.value.detail.split("; ")


@pytest.mark.parametrize("value", ["-1", "3601", "604800", "1.5", "an hour", "0x10", "\u0661"])
def test_an_address_lives_for_an_hour_at_most(environ: dict[str, str], value: str) -> None:
    assert problems({**environ, "READ_SECONDS": value}) == [
        "READ_SECONDS must be a whole number from 0 to 3600"
    ]


def test_settings_that_belong_together(environ: dict[str, str]) -> None:
    assert problems({**environ, "UPLOAD_HOST": ""}) == ["UPLOAD_HOST must be set with READ_SECONDS"]
    assert problems({**environ, "READ_SECONDS": "0"}) == ["IMAGE_STYLES must be set with READ_SECONDS"]
    assert problems({**environ, "UPLOAD_HOST": "http://upload.example.com"})[0].startswith("UPLOAD_HOST must")


STYLES = [
    "image/resize,w_320",
    "image/resize,m_fill,w_100,h_100,limit_0,color_FFFFFF",
    "image/auto-orient,1/resize,m_lfit,w_1280/quality,Q_80/format,webp",
    "image/crop,x_10,y_10,w_200,h_200,g_center/rounded-corners,r_30",
    "image/blur,r_3,s_2/bright,50/contrast,-50/sharpen,100/interlace,1/rotate,90/circle,r_100/indexcrop,x_100,i_0",
]


def test_reads_styles(environ: dict[str, str]) -> None:
    given = {f"style_{number}": style for number, style in enumerate(STYLES)}
    assert Settings.from_env({**environ, "IMAGE_STYLES": json.dumps(given)}).image_styles == given


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        "[]",
        "{}",
        '"image/resize,w_1"',
        '[["thumb","image/resize,w_1"]]',
        '{"thumb":1}',
        '{"thumb":{"a":"image/resize,w_1"}}',
        '{"thumb":"image/resize,w_1","thumb":"image/resize,w_2"}',
        '{"Thumb":"image/resize,w_1"}',
        '{"":"image/resize,w_1"}',
        json.dumps({"a" * 33: STYLE}),
        json.dumps({f"a{number}": STYLE for number in range(9)}),
        '{"a":' * 100_000,
        '{"\udcff":"image/resize,w_1"}',
    ],
)
def test_refuses_what_is_no_object_of_names_and_styles(environ: dict[str, str], value: str) -> None:
    (problem, *others) = problems({**environ, "IMAGE_STYLES": value})
    assert problem.startswith("IMAGE_STYLES must be a JSON object of 1 to 8 names")
    assert "hunter2" not in problem
    assert all(one.startswith("IMAGE_STYLES is too long") for one in others)


@pytest.mark.parametrize(
    "style",
    [
        "",
        "image",
        "image/resize",
        "image/resize,",
        "image/resize,w_320/",
        "image/resize,w_320\n",
        "image/resize,w_" + "1" * 16,
        "image/resize" + ",w_1" * 9,
        "image" + "/resize,w_1" * 9,
        "image/watermark,text_SGVsbG8",
        "image/watermark,image_cGFuZGEucG5n",
        "image/resize,w_1/watermark,image_cGFuZGEucG5nP3gtb3NzLXByb2Nlc3M9aW1hZ2U",
        "image/blindwatermark,image_cGFuZGE",
        "image/info",
        "image/average-hue",
        "image/resize,w_1|sys/saveas,o_YQ,b_Yg",
        "image/resize,w_1&x-oss-process=image",
        "style/thumb",
        "video/snapshot,t_1000,f_jpg,w_1,h_1",
        "doc/preview,export_1",
        "imm/detect",
    ],
)
def test_refuses_a_style_that_is_not_of_the_list(environ: dict[str, str], style: str) -> None:
    (problem,) = problems({**environ, "IMAGE_STYLES": json.dumps({"thumb": STYLE, "other": style})})
    assert problem.startswith("IMAGE_STYLES must be")


def test_starting_with_development_secrets_takes_an_upload_host_on_this_machine_only(
    environ: dict[str, str],
) -> None:
    secret = "development-ticket-secret-0123456789"
    assert problems({**environ, "TICKET_SECRET": secret}) == [
        "TICKET_SECRET is a development value, fit for loopback addresses only"
    ]
    Settings.from_env({**environ, "TICKET_SECRET": secret, "UPLOAD_HOST": "http://127.0.0.1:9000"})
