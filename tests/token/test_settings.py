"""A configuration error names every bad variable, says what was expected, and repeats no value."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import variables
from refusals import Misconfigured
from settings import Settings
from variables import Credentials

REQUIRED = ["UPLOAD_BUCKET", "OSS_REGION", "UPLOAD_HOST", "CALLBACK_URL", "TICKET_SECRET", "ALLOWED_ORIGINS"]


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(Misconfigured) as raised:
        Settings.from_env(environ)
    return raised.value.detail.split("; ")


def test_reads_every_variable(environ: dict[str, str]) -> None:
    settings = Settings.from_env(
        {**environ, "UPLOAD_PREFIX": "in/box/", "TICKET_SECRET": "a" * 32 + ", " + "b" * 32}
    )
    assert settings == Settings(
        upload_bucket="examplebucket",
        oss_region="cn-hangzhou",
        upload_prefix="in/box/",
        upload_host="https://upload.example.com",
        callback_url="https://callback.example.com",
        ticket_secret=("a" * 32, "b" * 32),
        allowed_origins=("https://www.example.com", "https://example.com"),
        max_bytes=1048576,
        allowed_types=("image/*", "application/pdf"),
        allow_anonymous=True,
    )


def test_limits_have_defaults(environ: dict[str, str]) -> None:
    del environ["ALLOWED_TYPES"]
    settings = Settings.from_env(environ)
    assert settings.upload_prefix == "uploads/"
    assert settings.allowed_types[0] == "image/*"


def test_names_every_missing_variable_at_once() -> None:
    assert problems({}) == [
        *(f"{name} is not set" for name in REQUIRED),
        "ALLOW_ANONYMOUS must be true: there is no other way yet to say who may upload",
        "MAX_BYTES must be set where anyone may upload",
    ]


@pytest.mark.parametrize(
    "name", [*REQUIRED, "UPLOAD_PREFIX", "MAX_BYTES", "ALLOWED_TYPES", "ALLOW_ANONYMOUS"]
)
def test_never_repeats_a_value(name: str, environ: dict[str, str]) -> None:
    (problem,) = problems({**environ, name: "!hunter2!"})
    assert problem.startswith(f"{name} must be ")
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UPLOAD_BUCKET", "Bucket"),
        ("UPLOAD_BUCKET", "a"),
        ("OSS_REGION", "oss-cn-hangzhou"),
        ("OSS_REGION", "hangzhou"),
        ("UPLOAD_PREFIX", "uploads"),
        ("UPLOAD_PREFIX", "/uploads/"),
        ("UPLOAD_PREFIX", "a/../b/"),
        ("UPLOAD_PREFIX", "${filename}/"),
        ("UPLOAD_PREFIX", "a//"),
        ("UPLOAD_PREFIX", "a" * 64 + "/"),
        ("UPLOAD_HOST", "http://upload.example.com"),
        ("UPLOAD_HOST", "upload.example.com"),
        ("UPLOAD_HOST", "https://user@upload.example.com"),
        ("UPLOAD_HOST", "https://upload.example.com/path"),
        ("UPLOAD_HOST", "https://upload.example.com?query"),
        ("UPLOAD_HOST", "http://127.0.0.1.example.com"),
        ("UPLOAD_HOST", "http://127.999.1.1"),
        ("UPLOAD_HOST", "https://a..b"),
        ("UPLOAD_HOST", "https://."),
        ("UPLOAD_HOST", "https://-a.b"),
        ("UPLOAD_HOST", "https://" + "a" * 64 + ".b"),
        ("UPLOAD_HOST", "https://" + "a." * 127 + "b"),
        ("UPLOAD_HOST", "https://a:65536"),
        ("CALLBACK_URL", "https://callback.example.com/callback"),
        ("CALLBACK_URL", "https://a.example.com;https://b.example.com"),
        ("CALLBACK_URL", "https://callback.example.com\n"),
        ("TICKET_SECRET", "too-short"),
        ("TICKET_SECRET", "a" * 31),
        ("TICKET_SECRET", "a" * 32 + ","),
        ("TICKET_SECRET", "\udcff" * 32),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "null"),
        ("ALLOWED_ORIGINS", "https://example.com/"),
        ("ALLOWED_ORIGINS", "https://example.com:443"),
        ("ALLOWED_ORIGINS", "http://127.0.0.1:80"),
        ("ALLOWED_ORIGINS", "http://example.com"),
        ("ALLOWED_ORIGINS", "https://example.com,"),
        ("ALLOWED_ORIGINS", "https://Example.com"),
        ("MAX_BYTES", "0"),
        ("MAX_BYTES", "-1"),
        ("MAX_BYTES", "1e9"),
        ("MAX_BYTES", "٣"),
        ("MAX_BYTES", "4999934465"),
        ("ALLOWED_TYPES", "image"),
        ("ALLOWED_TYPES", "*/png"),
        ("ALLOWED_TYPES", "image/*; q=1"),
        ("ALLOW_ANONYMOUS", "True"),
    ],
)
def test_refuses_a_bad_value(name: str, value: str, environ: dict[str, str]) -> None:
    assert [problem.split()[0] for problem in problems({**environ, name: value})] == [name]


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000", "https://a.example/"]
)
def test_plain_http_is_for_this_machine_only(address: str, environ: dict[str, str]) -> None:
    assert Settings.from_env({**environ, "UPLOAD_HOST": address}).upload_host == address.rstrip("/")


def test_development_secrets_stay_on_this_machine(environ: dict[str, str]) -> None:
    environ["TICKET_SECRET"] = "development-ticket-secret-0123456789"
    assert problems(environ) == ["TICKET_SECRET is a development value, fit for loopback addresses only"]
    local = {"UPLOAD_HOST": "http://127.0.0.1:9000", "CALLBACK_URL": "http://127.0.0.1:9002"}
    Settings.from_env({**environ, **local})
    for name, address in local.items():
        assert problems({**environ, name: address})[0].startswith("TICKET_SECRET is a development value")
    environ["TICKET_SECRET"] = "a" * 32 + ",development-ticket-secret-0123456789"
    assert problems(environ)[0].startswith("TICKET_SECRET is a development value")


def test_a_development_access_key_stays_on_this_machine(environ: dict[str, str]) -> None:
    environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "development-access-key-secret"
    assert problems(environ) == [
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET is a development value, fit for loopback addresses only"
    ]


@pytest.mark.parametrize("value", ["", "false", None])
def test_nobody_may_upload_unless_it_is_said(value: str | None, environ: dict[str, str]) -> None:
    del environ["ALLOW_ANONYMOUS"]
    said = {} if value is None else {"ALLOW_ANONYMOUS": value}
    assert [problem.split()[0] for problem in problems({**environ, **said})] == ["ALLOW_ANONYMOUS"]


def test_anonymous_uploads_need_a_limit_of_their_own(environ: dict[str, str]) -> None:
    assert problems({**environ, "MAX_BYTES": ""}) == ["MAX_BYTES must be set where anyone may upload"]
    del environ["MAX_BYTES"]
    assert problems(environ) == ["MAX_BYTES must be set where anyone may upload"]


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("MAX_BYTES", "4999934464", 4999934464),
        ("ALLOWED_TYPES", "Image/PNG, text/*", ("image/png", "text/*")),
        ("TICKET_SECRET", "字" * 11, ("字" * 11,)),
        ("UPLOAD_PREFIX", "a" * 63 + "/", "a" * 63 + "/"),
        ("ALLOWED_ORIGINS", "http://localhost:8080", ("http://localhost:8080",)),
    ],
)
def test_accepts_what_is_just_right(name: str, value: str, read: object, environ: dict[str, str]) -> None:
    assert getattr(Settings.from_env({**environ, name: value}), name.lower()) == read


def test_secrets_never_show(environ: dict[str, str]) -> None:
    assert environ["TICKET_SECRET"] not in repr(Settings.from_env(environ))
    assert repr(Credentials("id", "hunter2", "hunter3")) == "Credentials('id', ...)"


def test_the_role_comes_from_the_environment_first(environ: dict[str, str]) -> None:
    lent = SimpleNamespace(access_key_id="i", access_key_secret="s", security_token="t")
    context = SimpleNamespace(credentials=lent)
    assert variables.credentials(environ, context) == Credentials("STS.EXAMPLE", "SKEXAMPLE", "CAISEXAMPLE")
    assert variables.credentials({}, context) == Credentials("i", "s", "t")


def test_two_keys_are_never_mixed(environ: dict[str, str]) -> None:
    lent = SimpleNamespace(access_key_id="i", access_key_secret="s", security_token="t")
    context = SimpleNamespace(credentials=lent)
    del environ["ALIBABA_CLOUD_SECURITY_TOKEN"]
    assert variables.credentials(environ, context) == Credentials("STS.EXAMPLE", "SKEXAMPLE", "")
    del environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    assert variables.credentials(environ, context) == Credentials("i", "s", "t")


def test_a_static_access_key_has_no_token() -> None:
    environ = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}
    assert variables.credentials(environ, None) == Credentials("i", "s", "")


@pytest.mark.parametrize("context", [None, SimpleNamespace(credentials=None)])
def test_a_function_without_a_role_is_misconfigured(context: object) -> None:
    with pytest.raises(Misconfigured):
        variables.credentials({"ALIBABA_CLOUD_ACCESS_KEY_ID": "i"}, context)


def test_an_optional_variable_may_be_empty() -> None:
    parse = variables.optional(variables.address)
    assert (parse(""), parse("https://example.com")) == ("", "https://example.com")
