"""`make token-for USER=alice` prints a token that `make run SIGN_IN=true` accepts."""

import jwt
import pytest

from local.development_settings import IDENTITY
from local.token_for import token

NOW = 1_800_000_000
OTHER = {"AUTH_HS256_SECRET": "s" * 32, "AUTH_ISSUER": "https://id.example.com", "AUTH_AUDIENCE": "others"}


def claims(env: dict[str, str], identity: dict[str, str] = IDENTITY) -> dict[str, object]:
    """Verify as the token function does, except for the time."""
    read: dict[str, object] = jwt.decode(
        token(env, NOW),
        identity["AUTH_HS256_SECRET"],
        ["HS256"],
        {"verify_exp": False, "verify_iat": False},
        issuer=identity["AUTH_ISSUER"],
        audience=identity["AUTH_AUDIENCE"],
    )
    return read


def test_signs_for_a_user_and_an_hour() -> None:
    assert claims({"USER": "alice"}) == {
        "iss": "http://127.0.0.1/development-identity",
        "aud": "development-uploads",
        "sub": "alice",
        "iat": NOW,
        "exp": NOW + 3600,
    }


def test_adds_claims_and_chooses_the_time() -> None:
    read = claims({"USER": "alice", "SECONDS": "-90", "CLAIMS": '{"upload": {"max_bytes": 1}}'})
    assert (read["exp"], read["upload"]) == (NOW - 90, {"max_bytes": 1})


def test_signs_for_the_environments_own_identity() -> None:
    assert claims({"USER": "alice", **OTHER}, OTHER)["iss"] == "https://id.example.com"


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({}, "Name the user of the token: make token-for USER=alice"),
        ({"USER": ""}, "Name the user of the token: make token-for USER=alice"),
        (
            {"USER": "a", "AUTH_JWKS": "{}"},
            "AUTH_JWKS is set: only the provider of those keys can sign a token for them.",
        ),
        ({"USER": "a", "SECONDS": "soon"}, "SECONDS takes a whole number."),
        (
            {"USER": "a", "CLAIMS": "upload"},
            'CLAIMS takes a JSON object, such as {"upload": {"max_bytes": 1000}}.',
        ),
        (
            {"USER": "a", "CLAIMS": '{"iss": 1}'},
            "CLAIMS cannot be signed: Issuer (iss) must be a string.",
        ),
        (
            {"USER": "a", "CLAIMS": "[]"},
            'CLAIMS takes a JSON object, such as {"upload": {"max_bytes": 1000}}.',
        ),
    ],
)
def test_says_in_a_sentence_what_is_wrong(env: dict[str, str], sentence: str) -> None:
    with pytest.raises(SystemExit) as raised:
        token(env, NOW)
    assert raised.value.code == sentence
