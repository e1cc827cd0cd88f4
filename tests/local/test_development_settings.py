"""The environment of each process of `make run`: its own settings, and no others."""

import json
from pathlib import Path

import pytest

from local.development_settings import IDENTITY, Ports, process_specs
from local.process_spec import Paths

PORTS = Ports(token=9001, callback=9002, upload=9000, site=8080)
REPOSITORY, STATE = Path("/repository"), Path("/state")
SHELL = {
    "PATH": "/usr/bin",
    "COVERAGE_PROCESS_CONFIG": "x",
    "HOME": "/home/somebody",
    "HTTPS_PROXY": "http://proxy.example",
    "ALIBABA_CLOUD_CREDENTIALS_URI": "http://credentials.example",
    "PYTHONPATH": "/elsewhere",
}
SERVER = {
    "PATH": "/usr/bin",
    "COVERAGE_PROCESS_CONFIG": "x",
    "PYTHONUNBUFFERED": "1",
}
KEY = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "development-access-key-id",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "development-access-key-secret",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "development-security-token",
}
SHARED = {
    **SERVER,
    **KEY,
    "THREADS": "64",
    "WORKERS": "1",
    "UPLOAD_BUCKET": "development-uploads",
    "OSS_REGION": "cn-hangzhou",
    "TICKET_SECRET": "development-ticket-secret-for-one-machine-only",
    "ALLOWED_ORIGINS": "http://127.0.0.1:8080,http://localhost:8080",
}
BUCKET = {
    **SERVER,
    "LOCAL_OSS_REGION": "cn-hangzhou",
    "LOCAL_OSS_ALLOWED_ORIGINS": "http://127.0.0.1:8080,http://localhost:8080",
    "LOCAL_OSS_CALLBACK_KEY": "/state/callback_key.pem",
    "LOCAL_OSS_PRIVATE_CALLBACKS": "allow",
}
CREDENTIAL = {
    "access_key_id": "development-access-key-id",
    "access_key_secret": "development-access-key-secret",
    "security_token": "development-security-token",
}


def environments(**shell: str) -> dict[str, dict[str, str]]:
    started = process_specs({**SHELL, **shell}, PORTS, Paths(REPOSITORY, STATE), "the public key")
    return {spec.name: dict(spec.env) for spec in started}


def test_gives_the_token_function_exactly_its_own_variables() -> None:
    assert environments()["token"] == {
        **SHARED,
        "PERMIT_SECRET": "development-permit-secret-for-one-machine-only",
        "UPLOAD_HOST": "http://127.0.0.1:9000",
        "OBJECT_URL": "http://127.0.0.1:9000",
        "CALLBACK_URL": "http://127.0.0.1:9002",
        "MAX_BYTES": "419430400",
        "ALLOW_ANONYMOUS": "true",
        "EMULATE_FUNCTION": "/repository/functions/token",
        "EMULATE_METHODS": "GET,POST,OPTIONS",
        "EMULATE_TIMEOUT": "15",
    }


def test_gives_the_callback_function_exactly_its_own_variables() -> None:
    assert environments()["callback"] == {
        **SHARED,
        "UPLOAD_HOST": "http://127.0.0.1:9000",
        "OBJECT_URL": "http://127.0.0.1:9000",
        "READ_SECONDS": "900",
        "PUBLIC_KEY_PEM": "the public key",
        "EMULATE_FUNCTION": "/repository/functions/callback",
        "EMULATE_METHODS": "POST,OPTIONS",
        "EMULATE_TIMEOUT": "5",
    }


def test_gives_the_stand_in_the_same_access_key_and_origins() -> None:
    upload = environments()["upload"]
    assert json.loads(upload.pop("LOCAL_OSS_CREDENTIALS")) == [CREDENTIAL]
    assert upload == {
        **BUCKET,
        "LOCAL_OSS_BUCKET": "development-uploads",
        "LOCAL_OSS_FOLDER": "/state/oss/development-uploads",
        "LOCAL_OSS_NEIGHBOURS": "development-site=http://127.0.0.1:8080",
    }


def test_lets_the_site_serve_what_was_written_before_the_page() -> None:
    site = environments()["site"]
    assert json.loads(site.pop("LOCAL_OSS_CREDENTIALS")) == [CREDENTIAL]
    assert site == {
        **BUCKET,
        "LOCAL_OSS_BUCKET": "development-site",
        "LOCAL_OSS_FOLDER": "/state/oss/development-site",
        "LOCAL_OSS_NEIGHBOURS": "development-uploads=http://127.0.0.1:9000",
        "LOCAL_OSS_DOMAIN": "custom",
        "LOCAL_OSS_WEBSITE": "/state/site:/repository/client/dist",
    }


@pytest.mark.parametrize("secret", ["TICKET_SECRET", "PERMIT_SECRET", *KEY])
def test_invents_secrets_that_say_so(secret: str) -> None:
    value = environments()["token"][secret]
    assert value.startswith("development-")
    assert secret in KEY or len(value) >= 32


def test_lets_a_variable_of_the_environment_win_wherever_it_is_used() -> None:
    found = environments(UPLOAD_BUCKET="mine", EMULATE_BASE64="always")
    assert [found[name]["UPLOAD_BUCKET"] for name in ("token", "callback")] == ["mine", "mine"]
    assert found["upload"]["LOCAL_OSS_BUCKET"] == "mine"
    assert found["token"]["EMULATE_BASE64"] == "always"
    assert environments(LOCAL_OSS_SWITCHES="a=b")["upload"]["LOCAL_OSS_SWITCHES"] == "a=b"


def test_always_allows_the_sites_own_origins_everywhere() -> None:
    given = "http://localhost:3000, http://localhost:8080"
    found = environments(ALLOWED_ORIGINS=given)
    expected = "http://127.0.0.1:8080,http://localhost:8080,http://localhost:3000"
    assert [found[name]["ALLOWED_ORIGINS"] for name in ("token", "callback")] == [expected] * 2
    assert [found[name]["LOCAL_OSS_ALLOWED_ORIGINS"] for name in ("upload", "site")] == [expected] * 2


HOST = "192.168.1.5"


def test_listens_for_other_machines_only_where_a_host_is_given() -> None:
    started = process_specs({**SHELL, "HOST": HOST}, PORTS, Paths(REPOSITORY, STATE), "")
    assert [spec.arguments[-4:] for spec in started] == [
        ("--host", "0.0.0.0", "--port", str(port)) for port in (9001, 9002, 9000, 8080)
    ]


def test_tells_the_functions_loopback_addresses_and_their_trigger_what_others_call_them() -> None:
    plain, found = environments(), environments(HOST=HOST)
    called = {f"http://127.0.0.1:{port}": f"http://{HOST}:{port}" for port in (9001, 9002, 9000, 8080)}
    for name in ("token", "callback"):
        assert found[name].pop("EMULATE_HOST") == HOST
        assert json.loads(found[name].pop("EMULATE_ADDRESSES")) == called
        assert found[name] == plain[name]


def test_the_buckets_take_requests_of_pages_at_the_host() -> None:
    found = environments(HOST=HOST)
    allowed = "http://127.0.0.1:8080,http://localhost:8080,http://192.168.1.5:8080"
    for name, other, port in (("upload", "site", 8080), ("site", "uploads", 9000)):
        assert found[name]["LOCAL_OSS_HOST"] == HOST
        assert found[name]["LOCAL_OSS_ALLOWED_ORIGINS"] == allowed
        assert found[name]["LOCAL_OSS_NEIGHBOURS"] == f"development-{other}=http://{HOST}:{port}"


def test_an_own_page_at_the_host_is_allowed_too() -> None:
    origins = f"http://{HOST}:3000,http://{HOST}.example:3000,http://192.168.1.50:1"
    found = environments(HOST=HOST, ALLOWED_ORIGINS=origins)["token"]
    assert json.loads(found["EMULATE_ADDRESSES"])["http://127.0.0.1:3000"] == f"http://{HOST}:3000"
    assert found["ALLOWED_ORIGINS"].split(",")[2:] == [
        "http://127.0.0.1:3000",
        f"http://{HOST}.example:3000",
        "http://192.168.1.50:1",
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOCAL_OSS_ACL", "public-read"),
        ("LOCAL_OSS_BLOCK_PUBLIC_ACCESS", "on"),
        ("LOCAL_OSS_DOMAIN", "own"),
        ("LOCAL_OSS_V1_SIGNATURES", "accept"),
        ("LOCAL_OSS_IMAGES", "original"),
    ],
)
def test_sets_what_uploads_meet_at_the_upload_bucket_alone(variable: str, value: str) -> None:
    found = environments(**{variable: value})
    assert found["upload"][variable] == value
    assert found["site"] == environments()["site"]


def test_addresses_of_images_work_on_this_machine_too() -> None:
    """The stand-in makes no images, so it answers the original."""
    assert "LOCAL_OSS_IMAGES" not in environments()["upload"]
    assert (
        environments(IMAGE_STYLES='{"thumb":"image/resize,w_1"}')["upload"]["LOCAL_OSS_IMAGES"] == "original"
    )
    given = environments(IMAGE_STYLES='{"thumb":"image/resize,w_1"}', LOCAL_OSS_IMAGES="refuse")
    assert given["upload"]["LOCAL_OSS_IMAGES"] == "refuse"


def test_an_empty_variable_counts_as_not_set() -> None:
    found = environments(OSS_REGION="", ALIBABA_CLOUD_SECURITY_TOKEN="")
    assert found["token"]["OSS_REGION"] == found["upload"]["LOCAL_OSS_REGION"] == "cn-hangzhou"
    assert found["token"]["ALIBABA_CLOUD_SECURITY_TOKEN"].startswith("development-")


def test_never_mixes_two_access_keys() -> None:
    given = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "mine", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "my secret"}
    found = environments(**given)
    assert "ALIBABA_CLOUD_SECURITY_TOKEN" not in found["token"]
    assert json.loads(found["upload"]["LOCAL_OSS_CREDENTIALS"]) == [
        {"access_key_id": "mine", "access_key_secret": "my secret"}
    ]


def test_starts_each_process_on_the_lifeline_and_on_loopback() -> None:
    started = process_specs(SHELL, PORTS, Paths(REPOSITORY, STATE), "")
    assert [spec.port for spec in started] == [9001, 9002, 9000, 8080]
    for spec in started:
        assert spec.arguments[1:4] == ("-m", "local.lifeline", "/state/launcher.lock")
        assert spec.arguments[-4:] == ("--host", "127.0.0.1", "--port", str(spec.port))


def test_lets_users_sign_in_with_development_tokens() -> None:
    token = environments(SIGN_IN="true")["token"]
    assert "ALLOW_ANONYMOUS" not in token
    assert {name: token[name] for name in IDENTITY} == IDENTITY
    assert IDENTITY["AUTH_HS256_SECRET"].startswith("development-")


@pytest.mark.parametrize("variable", ["AUTH_JWKS", "AUTH_HS256_SECRET"])
def test_does_not_let_anyone_in_where_the_environment_names_a_way(variable: str) -> None:
    token = environments(**{variable: "x", "AUTH_ISSUER": "y", "AUTH_AUDIENCE": "z"})["token"]
    assert "ALLOW_ANONYMOUS" not in token
    assert (token[variable], token["AUTH_ISSUER"], token["AUTH_AUDIENCE"]) == ("x", "y", "z")


def test_gives_the_backend_to_the_callback_function_alone() -> None:
    webhook = {"WEBHOOK_URL": "http://127.0.0.1:1/", "WEBHOOK_SECRET": "whsec_x"}
    found = environments(**webhook)
    assert {name: found["callback"][name] for name in webhook} == webhook
    assert not webhook.keys() & found["token"].keys()


def test_signs_v1_with_a_static_key_that_the_bucket_takes() -> None:
    found = environments(SIGNATURE_VERSION="V1", ALLOW_DIRECTORY_GRANTS="true")
    assert found["token"]["SIGNATURE_VERSION"] == "V1"
    assert "ALIBABA_CLOUD_SECURITY_TOKEN" not in found["token"]
    static = {name: value for name, value in CREDENTIAL.items() if name != "security_token"}
    assert json.loads(found["upload"]["LOCAL_OSS_CREDENTIALS"]) == [static]
    assert found["upload"]["LOCAL_OSS_V1_SIGNATURES"] == "accept"
    assert "LOCAL_OSS_V1_SIGNATURES" not in environments()["upload"]
