"""A configuration error names every bad variable, says what was expected, and repeats no value."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from grants.settings import Settings
from vendored import env
from vendored.env import Credentials
from vendored.errors import Misconfigured

MODES = "ALLOW_ANONYMOUS, AUTH_JWKS, AUTH_HS256_SECRET"
REQUIRED = ["UPLOAD_BUCKET", "OSS_REGION", "UPLOAD_HOST", "CALLBACK_URL", "TICKET_SECRET", "ALLOWED_ORIGINS"]


def modes_set(count: int) -> str:
    """Return the refusal of settings of which so many say who may upload."""
    return f"{MODES}: exactly one must say who may upload, not {count}, or only PERMIT_SECRET"


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
        object_url="https://examplebucket.oss-cn-hangzhou-internal.aliyuncs.com",
        callback_url="https://callback.example.com",
        ticket_secret=("a" * 32, "b" * 32),
        allowed_origins=("https://www.example.com", "https://example.com"),
        max_bytes=1048576,
        multipart_bytes=33554432,
        allowed_types=("image/*", "application/pdf"),
        problem_types_url="",
        allow_anonymous=True,
        find_keys=None,
        auth_issuer="",
        auth_audience="",
        permit_secret=(),
        profiles={},
        allow_directory_grants=False,
        directory_max_bytes=104857600,
        signature_version="V4",
    )


def test_limits_have_defaults(environ: dict[str, str]) -> None:
    del environ["ALLOWED_TYPES"]
    settings = Settings.from_env(environ)
    assert settings.upload_prefix == "uploads/"
    assert settings.allowed_types[0] == "image/*"


def test_names_every_missing_variable_at_once() -> None:
    assert problems({}) == [
        *(f"{name} is not set" for name in REQUIRED),
        modes_set(0),
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
        ("UPLOAD_PREFIX", "a" * 32 + "/"),
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
        ("MAX_BYTES", "107374182401"),
        ("MULTIPART_BYTES", "-1"),
        ("MULTIPART_BYTES", "4999934465"),
        ("OBJECT_URL", "http://oss.example.com"),
        ("DIRECTORY_MAX_BYTES", "4999934465"),
        ("ALLOWED_TYPES", "image"),
        ("ALLOWED_TYPES", "*/png"),
        ("ALLOWED_TYPES", "image/*; q=1"),
        ("PROBLEM_TYPES_URL", "docs/errors.md"),
        ("PROBLEM_TYPES_URL", "http://docs.example.com/errors"),
        ("PROBLEM_TYPES_URL", "https://docs.example.com/errors#too_large"),
        ("PROBLEM_TYPES_URL", "https://user@docs.example.com/errors"),
        ("PROBLEM_TYPES_URL", "https://docs.example.com/err ors"),
        ("PROBLEM_TYPES_URL", "javascript:alert(1)"),
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
    oss = "http://127.0.0.1:9000"
    local = {"UPLOAD_HOST": oss, "OBJECT_URL": oss, "CALLBACK_URL": "http://127.0.0.1:9002"}
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
    assert problems({**environ, **said}) == [modes_set(0)]


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
        ("UPLOAD_PREFIX", "a" * 31 + "/", "a" * 31 + "/"),
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
    assert env.credentials(environ, context) == Credentials("STS.EXAMPLE", "SKEXAMPLE", "CAISEXAMPLE")
    assert env.credentials({}, context) == Credentials("i", "s", "t")


def test_two_keys_are_never_mixed(environ: dict[str, str]) -> None:
    lent = SimpleNamespace(access_key_id="i", access_key_secret="s", security_token="t")
    context = SimpleNamespace(credentials=lent)
    del environ["ALIBABA_CLOUD_SECURITY_TOKEN"]
    assert env.credentials(environ, context) == Credentials("STS.EXAMPLE", "SKEXAMPLE", "")
    del environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    assert env.credentials(environ, context) == Credentials("i", "s", "t")


def test_a_static_access_key_has_no_token() -> None:
    environ = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "i", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s"}
    assert env.credentials(environ, None) == Credentials("i", "s", "")


@pytest.mark.parametrize("context", [None, SimpleNamespace(credentials=None)])
def test_a_function_without_a_role_is_misconfigured(context: object) -> None:
    with pytest.raises(Misconfigured):
        env.credentials({"ALIBABA_CLOUD_ACCESS_KEY_ID": "i"}, context)


def test_an_optional_variable_may_be_empty() -> None:
    parse = env.optional(env.address, None)
    assert (parse(""), parse("https://example.com")) == (None, "https://example.com")


HS256 = {"AUTH_HS256_SECRET": "b" * 32, "AUTH_ISSUER": "https://id.example.com/", "AUTH_AUDIENCE": "uploads"}


@pytest.fixture
def signed_in(environ: dict[str, str]) -> dict[str, str]:
    del environ["ALLOW_ANONYMOUS"], environ["MAX_BYTES"]
    return {**environ, **HS256}


def test_users_may_sign_in(signed_in: dict[str, str]) -> None:
    settings = Settings.from_env(signed_in)
    assert settings.find_keys is not None
    assert (settings.auth_issuer, settings.auth_audience) == ("https://id.example.com/", "uploads")
    assert settings.max_bytes == 400 * 1024**2
    Settings.from_env({**signed_in, "ALLOW_ANONYMOUS": "false", "AUTH_JWKS": ""})


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ({"ALLOW_ANONYMOUS": "true"}, 2),
        ({"AUTH_JWKS": "https://id.example.com/jwks"}, 2),
        ({"AUTH_JWKS": "https://id.example.com/jwks", "ALLOW_ANONYMOUS": "true"}, 3),
        ({"AUTH_HS256_SECRET": ""}, 0),
    ],
)
def test_exactly_one_variable_says_who_may_upload(
    more: dict[str, str], count: int, signed_in: dict[str, str]
) -> None:
    assert problems({**signed_in, **more}) == [modes_set(count)]


@pytest.mark.parametrize("name", ["AUTH_ISSUER", "AUTH_AUDIENCE"])
def test_a_token_is_for_us_and_from_someone(
    name: str, signed_in: dict[str, str], environ: dict[str, str]
) -> None:
    assert problems({**signed_in, name: ""}) == [f"{name} must be set with AUTH_HS256_SECRET"]
    anyone = {**environ, "ALLOW_ANONYMOUS": "true", "MAX_BYTES": "1"}
    assert problems({**anyone, name: "x"}) == [f"{name} must not be set where anyone may upload"]
    assert problems({**signed_in, name: "x "}) == [f"{name} must not begin or end with white space"]


PUBLIC_PEM = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERms4PDt3r2vZFYy38qg+Rg+UnK9q
bbYve4+quGxIAZxqO+vUp1g1CbyulFcg6KyP+Og4Msoh5bRi/Lir8zIeVw==
-----END PUBLIC KEY-----"""


@pytest.mark.parametrize(
    "value",
    [
        "b" * 31,
        PUBLIC_PEM,
        "".join(PUBLIC_PEM.split("\n")[1:-1]),
        "https://id.example.com/jwks.json",
        "\udcff" * 32,
    ],
)
def test_refuses_a_weak_hs256_secret(value: str, signed_in: dict[str, str]) -> None:
    (problem,) = problems({**signed_in, "AUTH_HS256_SECRET": value})
    assert problem.startswith("AUTH_HS256_SECRET must be ")


def test_a_development_identity_stays_on_this_machine(signed_in: dict[str, str]) -> None:
    signed_in["AUTH_HS256_SECRET"] = "development-identity-secret-0123456789"
    assert problems(signed_in) == [
        "AUTH_HS256_SECRET is a development value, fit for loopback addresses only"
    ]


def test_without_pyjwt_it_says_what_to_package(
    signed_in: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jwt", None)
    monkeypatch.delitem(sys.modules, "grants.key_sets", raising=False)
    monkeypatch.delattr("grants.key_sets", raising=False)
    assert problems(signed_in) == [
        "AUTH_HS256_SECRET needs the packages of requirements-auth.txt beside this function"
    ]


@pytest.mark.parametrize("value", ["v4", "V2", "OSS4-HMAC-SHA256"])
def test_knows_two_signature_versions(value: str, environ: dict[str, str]) -> None:
    assert problems({**environ, "SIGNATURE_VERSION": value}) == ["SIGNATURE_VERSION must be V4 or V1"]


def test_v1_is_for_directory_grants_with_a_static_key(environ: dict[str, str]) -> None:
    v1 = {**environ, "SIGNATURE_VERSION": "V1"}
    assert problems(v1) == [
        "SIGNATURE_VERSION=V1 is for directory grants: it needs ALLOW_DIRECTORY_GRANTS=true",
        "SIGNATURE_VERSION=V1 needs a static AccessKey: clients of V1 send no security token",
    ]
    v1 |= {"ALLOW_DIRECTORY_GRANTS": "true", "ALIBABA_CLOUD_SECURITY_TOKEN": ""}
    assert Settings.from_env(v1).signature_version == "V1"


def test_names_the_variable_that_is_too_long(environ: dict[str, str]) -> None:
    """Function Compute takes 4 KB for all variables of a function: names included, also of empty ones."""
    names = [name for name in environ if not name.startswith("ALIBABA_CLOUD_")]
    used = sum(len(name) + len(environ[name]) for name in names)
    secret = "s" * (4096 - used + len(environ["TICKET_SECRET"]))
    Settings.from_env({**environ, "TICKET_SECRET": secret})
    assert problems({**environ, "TICKET_SECRET": secret + "s"}) == [
        "TICKET_SECRET is too long: all of them together may have 4096 bytes"
    ]
    with_an_empty_one = {**environ, "TICKET_SECRET": secret[: -len("PROFILES")], "PROFILES": ""}
    Settings.from_env(with_an_empty_one)
    with_an_empty_one["TICKET_SECRET"] += "s"
    assert len(problems(with_an_empty_one)) == 1


@pytest.mark.parametrize(
    "value",
    [
        "https://a.example/hook",
        "https://a.example",
        "https://a.example?x=1",
        "http://127.0.0.1:9003/a/b?c=%20&d",
    ],
)
def test_an_address_may_have_a_path(value: str) -> None:
    assert env.url(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "http://a.example/hook",
        "http://127.0.0.1.a.example/",
        "https://user@a.example/",
        "https://a.example/#fragment",
        "https://a.example/a b",
        "https://a.example/\n",
        "https://a.example/é",
        "https://a.example\\@b.example/",
        "ftp://a.example/",
        "//a.example/",
        "a.example/hook",
        "",
    ],
)
def test_refuses_an_address_that_is_not_plain(value: str) -> None:
    with pytest.raises(env.InvalidValue):
        env.url(value)


def test_a_file_that_no_form_can_have_needs_uploads_in_parts(environ: dict[str, str]) -> None:
    environ["MAX_BYTES"] = "4999934465"
    assert Settings.from_env(environ).max_bytes == 4999934465
    assert problems({**environ, "MULTIPART_BYTES": "0"}) == [
        "MAX_BYTES above 4999934464 needs uploads in parts: MULTIPART_BYTES must not be 0"
    ]
    assert (
        Settings.from_env({**environ, "MULTIPART_BYTES": "0", "MAX_BYTES": "4999934464"}).multipart_bytes == 0
    )


def test_the_bucket_may_have_another_address_for_the_function_itself(environ: dict[str, str]) -> None:
    environ["OBJECT_URL"] = "https://oss.example.com/"
    assert Settings.from_env(environ).object_url == "https://oss.example.com"


PERMITS = "a-permit-secret-of-more-than-32-bytes"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"PERMIT_SECRET": "short"},
            ["PERMIT_SECRET must be 32 bytes or more, or a comma list of such"],
        ),
        (
            {"PERMIT_SECRET": f"{PERMITS},short"},
            ["PERMIT_SECRET must be 32 bytes or more, or a comma list of such"],
        ),
        (
            {"PERMIT_SECRET": PERMITS, "ALLOW_ANONYMOUS": "", "AUTH_ISSUER": "i"},
            ["AUTH_ISSUER must not be set where only permits let anybody upload"],
        ),
        (
            {"PERMIT_SECRET": f"{'n' * 32}, {PERMITS}", "TICKET_SECRET": f"{'o' * 32},{PERMITS}"},
            ["PERMIT_SECRET must be another secret than TICKET_SECRET"],
        ),
        (
            {
                "PERMIT_SECRET": PERMITS,
                "AUTH_HS256_SECRET": PERMITS,
                "AUTH_ISSUER": "i",
                "AUTH_AUDIENCE": "a",
                "ALLOW_ANONYMOUS": "",
            },
            ["PERMIT_SECRET must be another secret than AUTH_HS256_SECRET"],
        ),
        (
            {"PERMIT_SECRET": "development-permit-secret-of-32-bytes"},
            ["PERMIT_SECRET is a development value, fit for loopback addresses only"],
        ),
        (
            {"PERMIT_SECRET": "", "ALLOW_ANONYMOUS": ""},
            [modes_set(0)],
        ),
        (
            {
                "PERMIT_SECRET": PERMITS,
                "AUTH_HS256_SECRET": "s" * 32,
                "AUTH_ISSUER": "i",
                "AUTH_AUDIENCE": "a",
            },
            [modes_set(2)],
        ),
    ],
    ids=["short", "one short", "issuer", "ticket", "login", "invented", "none", "two"],
)
def test_names_what_is_wrong_with_permits(
    changed: dict[str, str], expected: list[str], environ: dict[str, str]
) -> None:
    assert problems({**environ, **changed}) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"PERMIT_SECRET": PERMITS},
        {"PERMIT_SECRET": PERMITS, "ALLOW_ANONYMOUS": "", "MAX_BYTES": ""},
        {"PERMIT_SECRET": f"{PERMITS}, {'n' * 32}", "ALLOW_ANONYMOUS": "false"},
    ],
    ids=["beside", "alone", "rotated"],
)
def test_permits_may_be_the_only_way_in(changed: dict[str, str], environ: dict[str, str]) -> None:
    assert Settings.from_env({**environ, **changed}).permit_secret[0] == PERMITS
