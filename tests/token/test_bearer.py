"""Who asks is proved by a token that one of our keys signed, and by nothing else."""

from __future__ import annotations

import base64
import gc
import hmac
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event
from threading import enumerate as threads
from typing import Any, NamedTuple

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from grants import key_sets
from grants.application import build
from tests.support.dripper import Dripper, left_since
from tests.support.fc_events import Answer, ask, fc_event
from tests.support.peer import Peer
from vendored import ticket
from vendored.errors import Misconfigured, Unavailable

ISSUER, AUDIENCE = "https://id.example.com/", "uploads"
SECRET = "an-identity-secret-of-more-than-32-bytes"
TICKET_SECRET = "a-ticket-secret-of-more-than-32-bytes"
Claims = dict[str, Any]


class Signer:
    """An identity provider's key: it signs tokens and shows its public half."""

    def __init__(self, kind: str, kid: str | None) -> None:
        self.algorithm, self.kid = kind, kid
        made: dict[str, Callable[[], Any]] = {
            "RS256": lambda: rsa.generate_private_key(65537, 2048),
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }
        self.private = made[kind]()

    @property
    def jwk(self) -> Claims:
        kinds: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
        shown = kinds[self.algorithm].to_jwk(self.private.public_key(), as_dict=True)
        shown.pop("key_ops", None)
        return {**shown, **({"kid": self.kid} if self.kid else {})}

    def sign(self, claims: Claims, **headers: Any) -> str:
        headers = {**({"kid": self.kid} if self.kid else {}), **headers}
        return jwt.encode(claims, self.private, self.algorithm, headers=headers)


class FromNow(NamedTuple):
    """A time that is known only when the token is made: tests are collected long before they run."""

    seconds: int


def good(**changes: Any) -> Claims:
    """Claims that are accepted; a change to `...` leaves one out."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 300, **changes}
    return {
        name: now + value.seconds if isinstance(value, FromNow) else value
        for name, value in claims.items()
        if value is not ...
    }


@pytest.fixture(scope="module")
def signers() -> dict[str, Signer]:
    return {kind: Signer(kind, kid) for kind, kid in (("RS256", "a"), ("ES256", "b"), ("EdDSA", None))}


@pytest.fixture
def signed_in(environ: dict[str, str]) -> dict[str, str]:
    del environ["ALLOW_ANONYMOUS"]
    return {**environ, "AUTH_ISSUER": ISSUER, "AUTH_AUDIENCE": AUDIENCE}


@pytest.fixture
def by_secret(signed_in: dict[str, str]) -> dict[str, str]:
    return {**signed_in, "AUTH_HS256_SECRET": SECRET}


@pytest.fixture
def by_keys(signed_in: dict[str, str], signers: dict[str, Signer]) -> dict[str, str]:
    return {**signed_in, "AUTH_JWKS": json.dumps({"keys": [one.jwk for one in signers.values()]})}


def hs256(claims: Claims, secret: str = SECRET, **headers: Any) -> str:
    return jwt.encode(claims, secret, "HS256", headers=headers)


def crafted(header: Any, claims: Any, secret: bytes = SECRET.encode()) -> str:
    """A token signed by HMAC that no library would write."""
    parts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in (header, claims)]
    message = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    mac = hmac.digest(secret, message.encode(), "sha256")
    return f"{message}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def limits(environ: dict[str, str], authorization: str | None) -> Answer:
    headers = {} if authorization is None else {"Authorization": authorization}
    return ask(build(environ), fc_event("/limits", headers=headers))


def grant(environ: dict[str, str], token: str, **query: str) -> Answer:
    upload = {"name": "a.png", "size": "5", "type": "image/png", **query}
    return ask(build(environ), fc_event("/", upload, headers={"Authorization": f"Bearer {token}"}))


def refused(
    environ: dict[str, str], authorization: str | None, code: str, capsys: pytest.CaptureFixture[str]
) -> str:
    """Return the code in the log, having seen what is told outside and that the token is nowhere."""
    capsys.readouterr()
    answer = limits(environ, authorization)
    assert (answer.status, answer.code) == (401, code), answer
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    out = capsys.readouterr().out
    assert not authorization or len(authorization) < 40 or authorization[7:] not in out
    return str(json.loads(out)["code"])


@pytest.mark.parametrize("kind", ["RS256", "ES256", "EdDSA"])
def test_a_user_is_in_the_key_and_in_the_ticket(
    kind: str, by_keys: dict[str, str], signers: dict[str, Signer]
) -> None:
    granted = grant(by_keys, signers[kind].sign(good())).content
    assert granted["key"].startswith("uploads/alice/")
    assert ticket.verify_ticket(granted["ticket"], [TICKET_SECRET], time.time()).sub == "alice"


def test_a_user_of_a_shared_secret(by_secret: dict[str, str]) -> None:
    granted = grant(by_secret, hs256(good(sub="auth0|1"))).content
    assert granted["key"].startswith("uploads/~sD5dRQnNN0dts4-3b5tbPK/")
    assert ticket.verify_ticket(granted["ticket"], [TICKET_SECRET], time.time()).sub == "auth0|1"


@pytest.mark.parametrize(
    "authorization", ["Bearer {}", "bearer {}", "BEARER  {}"]
)  # RFC 7235: a scheme is in any letter case, and spaces follow
def test_the_scheme_may_be_in_any_letters(authorization: str, by_secret: dict[str, str]) -> None:
    assert limits(by_secret, authorization.format(hs256(good()))).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["other", AUDIENCE]},
        {"nbf": FromNow(-1), "jti": "x", "email": "a@example.com"},
        {"exp": FromNow(-57), "iat": FromNow(-500)},  # clocks differ
        {"nbf": FromNow(50)},
        {"exp": 2**53},
        {"sub": "字" * 42},
        {"sub": "a" * 128},
        {"sub": "anonymous"},
        {"sub": "_"},
        {"sub": "../"},
        {"sub": "a\nb\x00"},
    ],
)
def test_accepts_the_unusual(changes: Claims, by_secret: dict[str, str]) -> None:
    assert grant(by_secret, hs256(good(**changes))).status == 200


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
def test_accepts_the_types_of_access_tokens(typ: str, by_secret: dict[str, str]) -> None:
    assert limits(by_secret, f"Bearer {hs256(good(), typ=typ)}").status == 200


def test_a_page_is_told_of_a_missing_and_of_an_expired_token(
    by_secret: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(by_secret, None, "token_missing", capsys) == "token_missing"
    expired = f"Bearer {hs256(good(exp=FromNow(-61)))}"
    assert refused(by_secret, expired, "token_expired", capsys) == "token_expired"


@pytest.mark.parametrize(
    "changes",
    [{"aud": "other"}, {"iss": "https://evil.example/"}, {"sub": ""}, {"sub": 1}, {"nbf": 2**40}],
)
def test_only_an_otherwise_good_token_is_told_to_have_expired(
    changes: Claims, by_secret: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    token = hs256(good(exp=FromNow(-61), **changes))
    refused(by_secret, f"Bearer {token}", "token_invalid", capsys)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": ...}, "token_refused"),
        ({"exp": "soon"}, "token_refused"),
        ({"exp": None}, "token_refused"),
        ({"exp": []}, "token_refused"),
        ({"exp": float("inf")}, "token_refused"),
        ({"exp": float("nan")}, "token_refused"),
        ({"iat": FromNow(90)}, "token_refused"),
        ({"nbf": FromNow(90)}, "token_refused"),
        ({"nbf": "x"}, "token_refused"),
        ({"iss": ...}, "token_refused"),
        ({"iss": ISSUER[:-1]}, "token_refused"),
        ({"iss": [ISSUER]}, "token_refused"),
        ({"aud": ...}, "token_refused"),
        ({"aud": "uploads2"}, "token_refused"),
        ({"aud": []}, "token_refused"),
        ({"aud": {"uploads": 1}}, "token_refused"),
        ({"aud": [AUDIENCE, 1]}, "token_refused"),
        ({"sub": ...}, "token_refused"),
        ({"sub": None}, "token_refused"),
        ({"sub": 12345}, "token_refused"),
        ({"sub": ["alice"]}, "token_refused"),
        ({"sub": ""}, "subject_unfit"),
        ({"sub": "a" * 129}, "subject_unfit"),
        ({"sub": "字" * 43}, "subject_unfit"),
        ({"sub": "\ud800"}, "subject_unfit"),
        ({"sub": "\udfff\ud800"}, "subject_unfit"),
        ({"upload": {"max_bytes": "10"}}, "claim_malformed"),
    ],
)
def test_refuses_bad_claims(
    changes: Claims, code: str, by_secret: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    token = crafted({"alg": "HS256", "typ": "JWT"}, good(**changes))
    assert refused(by_secret, f"Bearer {token}", "token_invalid", capsys) == code


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Collect no garbage: what is finalized at the end of the stack, where deep JSON is read, fails."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"alg": "none"}, good()),
        ({"alg": "None"}, good()),
        ({"alg": "HS384"}, good()),
        ({"alg": "hs256"}, good()),
        ({"alg": ""}, good()),
        ({"alg": None}, good()),
        ({"alg": ["HS256"]}, good()),
        ({}, good()),
        ([], good()),
        (b"{", good()),
        (b"[" * 3000, good()),
        ({"alg": "HS256", "kid": 1}, good()),
        ({"alg": "HS256", "crit": ["exp"]}, good()),
        ({"alg": "HS256", "b64": False, "crit": ["b64"]}, good()),
        ({"alg": "HS256", "typ": "logout+jwt"}, good()),
        ({"alg": "HS256", "typ": "dpop+jwt"}, good()),
        ({"alg": "HS256", "typ": ["JWT"]}, good()),
        ({"alg": "HS256", "typ": None}, good()),
        ({"alg": "HS256"}, []),
        ({"alg": "HS256"}, b"{"),
        ({"alg": "HS256"}, b"[" * 3000),
        ({"alg": "HS256"}, b"\xff\xfe"),
    ],
)
@pytest.mark.usefixtures("no_collection")
def test_refuses_a_token_no_provider_writes(
    header: Any, claims: Any, by_secret: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = refused(by_secret, f"Bearer {crafted(header, claims)}", "token_invalid", capsys)
    assert code in {"token_refused", "signed_by_no_key", "token_for_something_else"}


GOOD = hs256(good())
HEAD, BODY, MAC = GOOD.split(".")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "token_malformed"),
        ("Bearer", "token_malformed"),
        ("Bearer ", "token_malformed"),
        (GOOD, "token_malformed"),
        (f"Basic {GOOD}", "token_malformed"),
        (f"Bearer {GOOD} ", "token_malformed"),
        (f"Bearer {GOOD}\n", "token_malformed"),
        (f"Bearer\t{GOOD}", "token_malformed"),
        (f"Bearer {GOOD},Bearer {GOOD}", "token_malformed"),
        (f"Bearer {GOOD}=", "token_malformed"),
        (f"Bearer {HEAD}.{BODY}", "token_malformed"),
        (f"Bearer {HEAD}.{BODY}.", "token_malformed"),
        (f"Bearer {HEAD}..{MAC}", "token_malformed"),
        (f"Bearer {GOOD}.{MAC}.{MAC}", "token_malformed"),
        ("Bearer a.b.c.d.e.f", "token_malformed"),
        ("Bearer é.é.é", "token_malformed"),
        (f"Bearer {HEAD}.{BODY}.{MAC[:-2]}", "token_refused"),
        (f"Bearer {HEAD}.{BODY}.AAAA", "signed_by_no_key"),
        (f"Bearer {HEAD}.{BODY[:-4]}AAAA.{MAC}", "signed_by_no_key"),
        ("Bearer " + "a" * 7161, "token_malformed"),
        ("Bearer " + "a" * 7162, "token_too_long"),
        ("Bearer " + "a" * 50_000, "token_too_long"),
        (f"Bearer {hs256(good(), 'another-secret-that-has-32-bytes-')}", "signed_by_no_key"),
    ],
    ids=map(str, range(23)),  # the tokens hold the time, and each process must name a case alike
)
def test_refuses_what_is_no_bearer_token_of_ours(
    authorization: str, code: str, by_secret: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(by_secret, authorization, "token_invalid", capsys) == code


def test_refuses_every_changed_byte(by_secret: dict[str, str]) -> None:
    handler = build(by_secret)
    token = hs256(good())
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
        answer = ask(handler, fc_event("/limits", headers={"Authorization": f"Bearer {changed}"}))
        assert (answer.status, answer.code) == (401, "token_invalid"), position


def test_a_public_key_is_no_secret(
    by_keys: dict[str, str], signers: dict[str, Signer], capsys: pytest.CaptureFixture[str]
) -> None:
    """The classic confusion: HMAC, keyed by what everyone knows."""
    public = signers["RS256"].private.public_key()
    spellings = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(signers["RS256"].jwk).encode(),
    ]
    for secret in spellings:
        for header in ({"alg": "HS256", "kid": "a"}, {"alg": "HS256"}, {"alg": "RS256", "kid": "a"}):
            token = crafted(header, good(), secret)
            assert refused(by_keys, f"Bearer {token}", "token_invalid", capsys) == "signed_by_no_key"


def test_a_key_of_ones_own_in_the_header_counts_for_nothing(
    by_keys: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = Signer("RS256", "a")
    token = stranger.sign(
        good(), jwk=stranger.jwk, jku="https://evil.example/jwks", x5u="https://evil.example"
    )
    assert refused(by_keys, f"Bearer {token}", "token_invalid", capsys) == "signed_by_no_key"


def test_a_kid_that_is_none_of_ours(
    signed_in: dict[str, str], signers: dict[str, Signer], capsys: pytest.CaptureFixture[str]
) -> None:
    one = signers["RS256"]
    signed_in["AUTH_JWKS"] = json.dumps({"keys": [one.jwk]})
    assert refused(signed_in, f"Bearer {one.sign(good(), kid='z')}", "token_invalid", capsys) == "key_unknown"


def test_without_a_kid_each_key_is_tried(by_keys: dict[str, str], signers: dict[str, Signer]) -> None:
    one = signers["RS256"]
    for token in (
        jwt.encode(good(), one.private, "RS256"),
        Signer.sign(signers["EdDSA"], good(), kid="unknown to a key that has none"),
    ):
        assert limits(by_keys, f"Bearer {token}").status == 200


def test_keys_that_encrypt_are_left_out(signed_in: dict[str, str], signers: dict[str, Signer]) -> None:
    one = signers["RS256"]
    encrypting = {**one.jwk, "use": "enc", "alg": "RSA-OAEP", "kid": "e"}
    signed_in["AUTH_JWKS"] = json.dumps({"keys": [encrypting, {**one.jwk, "use": "sig", "alg": "RS256"}]})
    assert limits(signed_in, f"Bearer {one.sign(good())}").status == 200


NOT_FOR_VERIFYING: list[Claims] = [
    {"key_ops": ["encrypt"]},
    {"key_ops": ["sign"]},
    {"key_ops": "verify"},
    {"key_ops": ["VERIFY"]},
    {"key_ops": {"verify": True}},
    {"use": "enc"},
    {"use": "SIG"},
    {"use": ["sig"]},
    {"use": "sig", "key_ops": ["encrypt"]},
    {"use": "enc", "key_ops": ["verify"]},
]
FOR_VERIFYING: list[Claims] = [
    {"key_ops": ["verify"]},
    {"key_ops": ["sign", "verify"]},
    {"use": "sig"},
    {"use": "sig", "key_ops": ["verify"]},
    {
        "use": "sig",
        "key_ops": [],
        "oth": [],
        "x5c": [],
    },  # AzureAD/…-extensions-for-dotnet#2254
]


@pytest.mark.parametrize("means", NOT_FOR_VERIFYING, ids=str)
def test_a_key_that_is_not_for_verifying_verifies_nothing(
    means: Claims, signed_in: dict[str, str], provider: Peer, signers: dict[str, Signer]
) -> None:
    """RFC 7517, 4.2 and 4.3."""
    one, another = signers["RS256"], signers["ES256"]
    keys = json.dumps({"keys": [{**one.jwk, **means}, another.jwk]})
    provider.body = keys.encode()
    for where in (keys, provider.url):
        environ = {**signed_in, "AUTH_JWKS": where}
        assert limits(environ, f"Bearer {one.sign(good())}").code == "token_invalid"
        assert limits(environ, f"Bearer {another.sign(good())}").status == 200


@pytest.mark.parametrize("means", FOR_VERIFYING, ids=str)
def test_a_key_that_is_for_verifying_may_say_so(
    means: Claims, signed_in: dict[str, str], provider: Peer, signers: dict[str, Signer]
) -> None:
    one = signers["RS256"]
    keys = json.dumps({"keys": [{**one.jwk, **means}]})
    provider.body = keys.encode()
    for where in (keys, provider.url):
        assert limits({**signed_in, "AUTH_JWKS": where}, f"Bearer {one.sign(good())}").status == 200


def weak_rsa() -> Claims:
    return RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)


def another_curve() -> Claims:
    return ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)


SHAPE = 'AUTH_JWKS must be a JSON Web Key Set, {"keys": [...]}, or the https address of one'
KINDS = "AUTH_JWKS must have a key for RS256, ES256 or EdDSA as key 1"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda _: "{", SHAPE),
        (lambda _: "[" * 4000, SHAPE),
        (lambda _: [], SHAPE),
        (lambda _: {}, SHAPE),
        (lambda _: {"keys": {}}, "AUTH_JWKS has no key that signs"),
        (lambda _: {"keys": []}, "AUTH_JWKS has no key that signs"),
        (lambda _: {"keys": ["a"]}, SHAPE),
        (lambda key: key, SHAPE),
        (lambda key: {"keys": [{**key, "use": "enc"}]}, "AUTH_JWKS has no key that signs"),
        (
            lambda key: {"keys": [key, {"use": "enc"}, {**key, "x5c": ["MII"]}]},
            "AUTH_JWKS has x5c in key 3: certificates are not checked here, so leave it out",
        ),
        (
            lambda key: {"keys": [{**key, "d": "AA"}]},
            "AUTH_JWKS holds a secret in key 1: only public keys belong here",
        ),
        (
            lambda _: {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
            "AUTH_JWKS holds a secret in key 1: only public keys belong here",
        ),
        (lambda _: {"keys": [{}]}, KINDS),
        (lambda key: {"keys": [{**key, "kid": ["a"]}]}, KINDS),
        (lambda _: {"keys": [{"kty": "RSA"}]}, KINDS),
        (lambda _: {"keys": [{"kty": []}]}, KINDS),
        (lambda key: {"keys": [{**key, "alg": "PS256"}]}, KINDS),
        (lambda _: {"keys": [{**another_curve(), "alg": "ES256"}]}, KINDS),
        (lambda key: {"keys": [{**key, "alg": "HS256"}]}, KINDS),
        (lambda key: {"keys": [{**key, "alg": "none"}]}, KINDS),
        (lambda _: {"keys": [weak_rsa()]}, "AUTH_JWKS must have 2048 bits or more in key 1"),
        (lambda _: "https://user@id.example.com/", "AUTH_JWKS must be https://host/path"),
        (lambda _: "http://id.example.com/jwks", "AUTH_JWKS must be https unless its host is this machine"),
    ],
)
def test_refuses_a_key_set_that_is_none(
    change: Callable[[Claims], object], problem: str, signed_in: dict[str, str], signers: dict[str, Signer]
) -> None:
    value = change(signers["RS256"].jwk)
    with pytest.raises(Misconfigured) as raised:
        build({**signed_in, "AUTH_JWKS": value if isinstance(value, str) else json.dumps(value)})
    assert raised.value.detail.startswith(problem)


@pytest.mark.parametrize("authorization", ["", "Bearer x", f"Bearer {GOOD}", "Basic YTpi"])
def test_a_token_is_never_no_token(
    authorization: str, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where anyone may upload nothing can check one, and its sender believes to be somebody."""
    assert refused(environ, authorization, "token_invalid", capsys) == "token_unexpected"


def test_claims_narrow_the_limits(by_secret: dict[str, str]) -> None:
    token = hs256(good(upload={"max_bytes": 10, "types": ["image/png", "text/html"]}))
    told = limits(by_secret, f"Bearer {token}").content
    assert (told["max_bytes"], told["types"]) == (10, ["image/png"])
    assert grant(by_secret, token, size="11").code == "too_large"
    assert grant(by_secret, token, type="image/gif").code == "type_not_allowed"
    assert grant(by_secret, token, type="text/html").code == "type_not_allowed"
    assert grant(by_secret, token, size="10").status == 200


@pytest.fixture
def provider(signers: dict[str, Signer]) -> Iterator[Peer]:
    """An identity provider's address for its keys."""
    provider = Peer(body=json.dumps({"keys": [signers["RS256"].jwk]}).encode())
    with provider.serving():
        yield provider


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, which PyJWT reads itself: its one element is the time."""
    hands = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: hands[0])
    return hands


@pytest.fixture
def asking(signed_in: dict[str, str], provider: Peer) -> Callable[[str], Answer]:
    handler = build({**signed_in, "AUTH_JWKS": f"{provider.url}/keys?v=1"})
    return lambda token: ask(handler, fc_event("/limits", headers={"Authorization": f"Bearer {token}"}))


def test_an_address_is_asked_when_the_first_token_comes_and_then_not_for_an_hour(
    asking: Callable[[str], Answer], provider: Peer, signers: dict[str, Signer], hands: list[float]
) -> None:
    one = signers["RS256"]
    assert provider.asked == []
    for seconds, asked in ((0, 1), (1800, 1), (1799, 1), (2, 2)):
        hands[0] += seconds
        assert asking(one.sign(good())).status == 200
        assert len(provider.asked) == asked
    assert provider.asked[0].path == "/keys?v=1"


def test_a_new_key_is_found_at_once(
    asking: Callable[[str], Answer], provider: Peer, signers: dict[str, Signer], hands: list[float]
) -> None:
    """Also when somebody has just asked for another key that the set lacks."""
    old, new = signers["RS256"], Signer("ES256", "new")
    assert asking(old.sign(good())).status == 200
    assert asking(new.sign(good(), kid="invented")).code == "token_invalid"
    provider.body = json.dumps({"keys": [old.jwk, new.jwk]}).encode()
    assert hands
    for _ in range(3):
        assert asking(new.sign(good())).status == 200
    assert len(provider.asked) == 3


def test_invented_keys_do_not_make_it_ask_without_end(
    asking: Callable[[str], Answer], provider: Peer, signers: dict[str, Signer], hands: list[float]
) -> None:
    one = signers["RS256"]
    assert asking(one.sign(good())).status == 200
    for seconds, asked in ((0, 6), (11, 6), (1, 7), (12, 8), (3500, 13)):
        hands[0] += seconds
        for kid in range(20):
            assert asking(one.sign(good(), kid=f"invented {kid}")).code == "token_invalid"
        assert len(provider.asked) == asked


def test_a_new_key_is_found_in_twelve_seconds_though_strangers_invent_others(
    asking: Callable[[str], Answer], provider: Peer, signers: dict[str, Signer], hands: list[float]
) -> None:
    old, new = signers["RS256"], Signer("ES256", "new")
    for kid in range(20):
        assert asking(old.sign(good(), kid=f"invented {kid}")).code == "token_invalid"
    provider.body = json.dumps({"keys": [old.jwk, new.jwk]}).encode()
    hands[0] += 12
    assert asking(old.sign(good(), kid="invented again")).code == "token_invalid"
    assert asking(new.sign(good())).status == 200


def test_a_new_key_is_not_denied_while_the_address_fails(
    asking: Callable[[str], Answer], provider: Peer, signers: dict[str, Signer], hands: list[float]
) -> None:
    """A token that the next answer may prove is not told to be invalid: a page would give up."""
    old, new = signers["RS256"], Signer("ES256", "new")
    assert asking(old.sign(good())).status == 200
    provider.status, provider.body = 500, json.dumps({"keys": [new.jwk]}).encode()
    for seconds, status, asked in ((0, 503, 2), (9, 503, 2), (1, 503, 3)):
        hands[0] += seconds
        for _ in range(10):
            assert asking(new.sign(good())).status == status
        assert asking(old.sign(good())).status == 200
        assert len(provider.asked) == asked
    provider.status = 200
    hands[0] += 10
    assert asking(new.sign(good())).status == 200


def test_only_keys_for_our_algorithms_are_taken_from_an_address(
    asking: Callable[[str], Answer], provider: Peer, signers: dict[str, Signer], hands: list[float]
) -> None:
    secret = base64.urlsafe_b64encode(SECRET.encode()).rstrip(b"=").decode()
    oct_key = {"kty": "oct", "k": secret, "kid": "o", "alg": "HS256"}
    good_key = {**signers["RS256"].jwk, "x5c": ["ignored"]}
    encrypting = {**signers["ES256"].jwk, "use": "enc"}
    changes: list[Claims] = [
        {"use": ["sig"]},
        {"use": {}},
        {"kid": ["a"]},
        {"alg": ["ES256"]},
        {"alg": "none"},
    ]
    odd = [{"kty": "oct"}, *({**signers["ES256"].jwk, **change} for change in changes)]
    keys = [oct_key, {"kty": "new"}, "text", *odd, encrypting, good_key]
    provider.body = json.dumps({"keys": keys}).encode()
    assert hands
    assert asking(hs256(good(), kid="o")).code == "token_invalid"
    assert asking(hs256(good())).code == "token_invalid"
    assert asking(signers["ES256"].sign(good())).code == "token_invalid"
    assert asking(signers["RS256"].sign(good())).status == 200


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")  # which alone would refuse it here
def test_a_weak_key_of_an_address_is_not_taken(
    asking: Callable[[str], Answer], provider: Peer, signers: dict[str, Signer]
) -> None:
    weak = rsa.generate_private_key(65537, 1024)
    jwk = {**RSAAlgorithm.to_jwk(weak.public_key(), as_dict=True), "kid": "w"}
    provider.body = json.dumps({"keys": [jwk, signers["RS256"].jwk]}).encode()
    assert asking(jwt.encode(good(), weak, "RS256", headers={"kid": "w"})).code == "token_invalid"
    assert asking(signers["RS256"].sign(good())).status == 200
    assert asking(jwt.encode(good(), signers["RS256"].private, "RS256")).status == 200  # without a kid


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 302, "headers": {"Location": "/elsewhere"}},
        {"body": b""},
        {"body": b"<html>"},
        {"body": b"[]"},
        {"body": b"{}"},
        {"body": b'{"keys": []}'},
        {"body": b"[" * 10_000},
        {"body": b"\xff"},
        {"body": b'{"keys": [KEY]}' + b" " * 65536},
    ],
)
def test_an_address_without_keys_decides_nothing(
    answer: dict[str, Any],
    asking: Callable[[str], Answer],
    provider: Peer,
    signers: dict[str, Signer],
    hands: list[float],
) -> None:
    """It is asked again after ten seconds, not for each token; then the token is as good as ever."""
    sound = {name: getattr(provider, name) for name in answer}
    if "body" in answer:
        answer = {"body": answer["body"].replace(b"KEY", json.dumps(signers["RS256"].jwk).encode())}
    vars(provider).update(answer)
    token = signers["RS256"].sign(good())
    for _ in range(3):
        refusal = asking(token)
        assert (refusal.status, refusal.code, refusal.headers["Retry-After"]) == (503, "unavailable", "2")
    assert len(provider.asked) == 1
    vars(provider).update(sound)
    hands[0] += 10
    assert asking(token).status == 200


def test_an_address_that_is_down_decides_nothing(
    signed_in: dict[str, str], signers: dict[str, Signer]
) -> None:
    closed = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = closed.server_port
    closed.server_close()
    signed_in["AUTH_JWKS"] = f"http://127.0.0.1:{port}/"
    assert limits(signed_in, f"Bearer {signers['RS256'].sign(good())}").status == 503


def test_a_provider_that_is_silent_cannot_hold_the_request(
    asking: Callable[[str], Answer],
    provider: Peer,
    signers: dict[str, Signer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silence = Event()

    def say_nothing(_: Any) -> None:
        silence.wait(10)

    monkeypatch.setattr(key_sets, "FETCH_SECONDS", 0.2)
    provider.raw = say_nothing
    assert asking(signers["RS256"].sign(good())).status == 503
    silence.set()


def test_a_provider_that_drips_cannot_hold_the_request(
    asking: Callable[[str], Answer],
    provider: Peer,
    signers: dict[str, Signer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each single wait is short; together they are longer than the request may take."""

    def drip(answering: Any) -> None:
        answering.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n" + provider.body)
        for _ in range(100):
            answering.wfile.write(b" ")
            Event().wait(0.01)

    monkeypatch.setattr(key_sets, "FETCH_SECONDS", 0.2)
    provider.raw = drip
    assert asking(signers["RS256"].sign(good())).status == 503


def test_a_provider_that_drips_keeps_no_thread_and_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sets, "FETCH_SECONDS", 0.1)
    dripper, before = Dripper(b"HTTP/1.1 200 OK\r\n\r\n{"), set(threads())
    with dripper.serving():
        before |= set(threads())
        for _ in range(10):
            with pytest.raises(Unavailable):
                key_sets.RemoteKeys(dripper.url).find("a")
        assert left_since(before) == []
        assert dripper.wait_until_alone() == 0


def test_a_provider_that_floods_is_not_read_to_the_end(
    asking: Callable[[str], Answer],
    provider: Peer,
    signers: dict[str, Signer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[int] = []

    def flood(answering: Any) -> None:
        answering.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(64):
            answering.wfile.write(b" " * 2**20)
            written.append(1)

    monkeypatch.setattr(key_sets, "FETCH_SECONDS", 60)
    provider.raw = flood
    assert asking(signers["RS256"].sign(good())).status == 503
    assert len(written) < 32


def test_a_provider_is_asked_without_a_proxy(
    asking: Callable[[str], Answer], signers: dict[str, Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert asking(signers["RS256"].sign(good())).status == 200


@pytest.mark.parametrize(("known", "status"), [(True, 200), (False, 503)])
def test_a_stranger_who_answers_for_the_provider_is_refused(  # noqa: PLR0913, PLR0917 - each is a part of it
    known: bool,  # noqa: FBT001 - a case, not a switch
    status: int,
    signed_in: dict[str, str],
    provider: Peer,
    signers: dict[str, Signer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certificate = provider.speak_tls(tmp_path)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    signed_in["AUTH_JWKS"] = f"{provider.url}/keys"
    assert limits(signed_in, f"Bearer {signers['RS256'].sign(good())}").status == status
    assert len(provider.asked) == known


def test_requests_that_come_together_wait_for_one_answer(
    signed_in: dict[str, str], provider: Peer, signers: dict[str, Signer]
) -> None:
    handler = build({**signed_in, "AUTH_JWKS": provider.url})
    event = fc_event("/limits", headers={"Authorization": f"Bearer {signers['RS256'].sign(good())}"})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(handler, event).status, range(8)))
    assert (answers, len(provider.asked)) == ([200] * 8, 1)
