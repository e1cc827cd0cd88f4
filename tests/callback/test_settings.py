"""What the callback function refuses to start with."""

from __future__ import annotations

import pytest

from completion.application import build
from completion.rsa_md5 import verifier
from completion.settings import Settings
from vendored.errors import Misconfigured
from vendored.media_types import DEFAULT_TYPES


@pytest.fixture
def deployed() -> dict[str, str]:
    return {
        "UPLOAD_BUCKET": "examplebucket",
        "OSS_REGION": "cn-hangzhou",
        "TICKET_SECRET": "a-ticket-secret-of-more-than-32-bytes",
        "ALLOWED_ORIGINS": "https://www.example.com",
    }


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(Misconfigured) as raised:
        Settings.from_env(environ)
    return raised.value.detail.split("; ")


def test_asks_the_internal_endpoint(deployed: dict[str, str]) -> None:
    assert Settings.from_env(deployed) == Settings(
        upload_bucket="examplebucket",
        oss_region="cn-hangzhou",
        upload_prefix="uploads/",
        object_url="https://examplebucket.oss-cn-hangzhou-internal.aliyuncs.com",
        upload_host="",
        ticket_secret=("a-ticket-secret-of-more-than-32-bytes",),
        allowed_origins=("https://www.example.com",),
        allowed_types=tuple(DEFAULT_TYPES.split(",")),
        problem_types_url="",
        webhook_url="",
        webhook_secret=(),
        read_seconds=0,
        image_styles={},
        detect_type=False,
        public_key_pem="",
    )


def test_names_every_missing_variable_at_once() -> None:
    assert problems({}) == [
        f"{name} is not set" for name in ("UPLOAD_BUCKET", "OSS_REGION", "TICKET_SECRET", "ALLOWED_ORIGINS")
    ]


def test_names_every_bad_variable_at_once(deployed: dict[str, str]) -> None:
    bad = {
        **deployed,
        "UPLOAD_BUCKET": "B",
        "OBJECT_URL": "http://example.com",
        "ALLOWED_ORIGINS": "*",
        "PROBLEM_TYPES_URL": "https://docs.example.com/errors#",
    }
    assert [problem.split()[0] for problem in problems(bad)] == [
        "UPLOAD_BUCKET",
        "OBJECT_URL",
        "ALLOWED_ORIGINS",
        "PROBLEM_TYPES_URL",
    ]


def test_a_key_of_ones_own_is_for_emulation_only(deployed: dict[str, str]) -> None:
    assert problems({**deployed, "PUBLIC_KEY_PEM": "x"}) == [
        "PUBLIC_KEY_PEM may be set only where OBJECT_URL is this machine"
    ]
    Settings.from_env({**deployed, "PUBLIC_KEY_PEM": "x", "OBJECT_URL": "http://127.0.0.1:9000"})


def test_development_secrets_stay_on_this_machine(deployed: dict[str, str]) -> None:
    deployed["TICKET_SECRET"] = "development-ticket-secret-0123456789"
    assert problems(deployed) == ["TICKET_SECRET is a development value, fit for loopback addresses only"]


def test_a_development_access_key_stays_on_this_machine(deployed: dict[str, str]) -> None:
    deployed["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "development-access-key-secret"
    (problem,) = problems(deployed)
    assert problem.startswith("ALIBABA_CLOUD_ACCESS_KEY_SECRET is a development value")


def test_secrets_never_show(deployed: dict[str, str]) -> None:
    assert deployed["TICKET_SECRET"] not in repr(Settings.from_env(deployed))


def test_starting_opens_no_connection(deployed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", None)
    build(deployed)


def test_refuses_a_key_that_is_not_rsa() -> None:
    # openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout
    elliptic = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAERms4PDt3r2vZFYy38qg+Rg+UnK9q
bbYve4+quGxIAZxqO+vUp1g1CbyulFcg6KyP+Og4Msoh5bRi/Lir8zIeVw==
-----END PUBLIC KEY-----
"""
    with pytest.raises(ValueError, match="not an RSA key"):
        verifier(elliptic)
