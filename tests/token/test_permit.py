"""Permits: your server's word, in one form only, and one permit for one object where it says so."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from grants import application
from grants.application import build
from grants.callers import Caller, Limits, SignIn
from tests.support.fc_events import Answer, ask, fc_event
from tests.support.multipart import ONE_PART, Deployment
from tests.support.permits import PERMIT_SECRET, TYPE, encoded, permit, signed
from tests.support.tickets import document_of
from vendored.fc_http import Clock, Handler, Request

NOW = 1_800_000_000.25  # 2027-01-15T08:00:00Z
FILE = {"name": "a.png", "size": 5, "type": "image/png"}
LARGE = {**FILE, "size": 10**9, "multipart": True}
HEADER = {"alg": "HS256", "typ": TYPE}
CLAIMS = {"sub": "alice", "exp": int(NOW) + 300}
LOGIN_SECRET = "an-identity-secret-of-more-than-32-bytes"
LOGIN = {"AUTH_HS256_SECRET": LOGIN_SECRET, "AUTH_ISSUER": "i", "AUTH_AUDIENCE": "a"}
ID_BYTES = "5c63f0ec4ab19f653c57"  # the first ten bytes of the MAC
PROFILES = '{"avatar": {"max_bytes": 1000, "types": ["image/png"], "prefix": "avatars/"}, "scan": {}}'


def started(environ: Mapping[str, str], now: float = NOW, **changed: str) -> Handler:
    """Start a function where only permits let anybody upload."""
    variables = {**environ, "ALLOW_ANONYMOUS": "", "PERMIT_SECRET": PERMIT_SECRET, **changed}
    return build(variables, Clock(lambda: now, lambda: 0.0), bytes)


@pytest.fixture
def permitted(environ: dict[str, str]) -> Handler:
    return started(environ)


def upload(handler: Handler, token: str, *files: Mapping[str, object], **headers: str) -> Answer:
    event = fc_event(
        "/uploads",
        method="POST",
        headers={"Authorization": f"Bearer {token}", **headers},
        body=json.dumps({"files": files or (FILE,)}),
    )
    return ask(handler, event)


def granted(handler: Handler, token: str, *files: Mapping[str, object]) -> Any:
    """Return the first answer of a batch."""
    answer = upload(handler, token, *files)
    assert answer.status == 200, answer.content
    return answer.content["uploads"][0]


def limits(handler: Handler, token: str, **query: str) -> Answer:
    return ask(handler, fc_event("/limits", query, headers={"Authorization": f"Bearer {token}"}))


def logged(capsys: pytest.CaptureFixture[str]) -> str:
    return str(json.loads(capsys.readouterr().out.splitlines()[-1])["code"])


def test_a_permit_lets_its_user_upload(permitted: Handler) -> None:
    grant = granted(permitted, permit(NOW, upload={"data": {"order": "17"}}))
    assert grant["key"] == "uploads/alice/2027/01/15/01mcc5rm7t0000000000000000.png"
    claims = document_of(grant["ticket"])
    assert (claims["sub"], claims["data"]) == ("alice", {"order": "17"})
    assert "page_data" not in claims


def test_a_permit_without_a_subject_is_for_nobody_known(permitted: Handler) -> None:
    assert granted(permitted, permit(NOW, sub=None))["key"].startswith("uploads/_/2027/")


def test_the_page_adds_to_a_permit_only_what_is_its_own_word(permitted: Handler) -> None:
    grant = granted(
        permitted, permit(NOW, upload={"data": {"order": "17"}}), {**FILE, "data": {"order": "18"}}
    )
    claims = document_of(grant["ticket"])
    assert (claims["data"], claims["page_data"]) == ({"order": "17"}, {"order": "18"})


def test_a_permit_narrows_the_limits_and_never_widens_them(permitted: Handler) -> None:
    narrow = permit(NOW, upload={"max_bytes": 5, "types": ["image/png"]})
    assert limits(permitted, narrow).content["max_bytes"] == 5
    assert limits(permitted, narrow).content["types"] == ["image/png"]
    wide = permit(NOW, upload={"max_bytes": 10**12, "types": ["*/*"]})
    assert limits(permitted, wide).content == limits(permitted, permit(NOW)).content
    assert granted(permitted, narrow, {**FILE, "size": 6})["problem"]["code"] == "too_large"
    html = {**FILE, "type": "text/html"}
    assert granted(permitted, wide, html)["problem"]["code"] == "type_not_allowed"


def test_a_rule_of_yours_cannot_forget_the_limits_of_a_permit(
    permitted: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def authorize(_: Request, __: SignIn, limits: Limits, ___: object) -> Caller:
        return Caller("bob", limits, {"by": "me"})

    monkeypatch.setattr(application, "authorize", authorize)
    told = permit(NOW, jti="1", upload={"max_bytes": 5})
    grant = granted(permitted, told)
    assert grant["key"].startswith("uploads/bob/")
    assert grant["id"] == granted(permitted, told)["id"]
    assert granted(permitted, told, {**FILE, "size": 6})["problem"]["code"] == "too_large"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (signed({"alg": "none", "typ": TYPE}, CLAIMS), "permit_header_unknown"),
        (f"{encoded(json.dumps(HEADER).encode())}.{encoded(json.dumps(CLAIMS).encode())}.a", "permit_forged"),
        (signed({"alg": "hs256", "typ": TYPE}, CLAIMS), "permit_header_unknown"),
        (signed({"alg": "HS512", "typ": TYPE}, CLAIMS), "permit_header_unknown"),
        (signed({"alg": "RS256", "typ": TYPE}, CLAIMS), "permit_header_unknown"),
        (signed({**HEADER, "crit": ["exp"]}, CLAIMS), "permit_header_unknown"),
        (signed({**HEADER, "kid": "1"}, CLAIMS), "permit_header_unknown"),
        (signed({**HEADER, "jwk": {"kty": "oct", "k": "YQ"}}, CLAIMS), "permit_header_unknown"),
        (signed({**HEADER, "b64": False}, CLAIMS), "permit_header_unknown"),
        (signed({"typ": TYPE}, CLAIMS), "permit_header_unknown"),
        (signed({"alg": "HS256", "typ": TYPE.upper()}, CLAIMS), "permit_header_unknown"),
        (signed({"alg": "HS256", "typ": f"application/{TYPE}"}, CLAIMS), "permit_header_unknown"),
        (signed({"alg": "HS256", "typ": "JWT"}, CLAIMS), "token_for_something_else"),
        (signed({"alg": "HS256"}, CLAIMS), "token_for_something_else"),
        (signed({"alg": "HS256", "typ": [TYPE]}, CLAIMS), "token_for_something_else"),
        (signed([TYPE], CLAIMS), "token_for_something_else"),
        (
            signed(b'{"alg":"HS256","typ":"JWT","typ":"upload-permit+jwt"}', CLAIMS),
            "token_for_something_else",
        ),
        (signed(b"\xff", CLAIMS), "token_for_something_else"),
        (signed(b"{", CLAIMS), "token_for_something_else"),
        (signed(b"[" * 4000, CLAIMS), "token_for_something_else"),
        (signed(HEADER, CLAIMS, "another-secret-of-more-than-32-bytes"), "permit_forged"),
        (signed(HEADER, CLAIMS, ""), "permit_forged"),
        (signed(HEADER, CLAIMS)[:-1], "permit_forged"),
        (signed(HEADER, CLAIMS) + "A", "permit_forged"),
        (signed(HEADER, CLAIMS) + "=", "token_malformed"),
        (signed(HEADER, CLAIMS) + ".a", "token_malformed"),
        (signed(HEADER, b""), "token_malformed"),
        (signed(HEADER, b"{"), "permit_malformed"),
        (signed(HEADER, b"\xff"), "permit_malformed"),
        (signed(HEADER, b"[" * 4000), "permit_malformed"),
        (signed(HEADER, b'{"exp":1800000300,"exp":1800000300}'), "permit_malformed"),
        (signed(HEADER, b'{"exp":1800000300,"upload":{"max_bytes":1,"max_bytes":2}}'), "permit_malformed"),
        (signed(HEADER, b'{"exp":NaN}'), "permit_malformed"),
        (signed(HEADER, b'{"exp":Infinity}'), "permit_malformed"),
        (signed(HEADER, []), "permit_malformed"),
        (signed(HEADER, "a"), "permit_malformed"),
        (permit(NOW, exp=None), "permit_time_unfit"),
        (signed(HEADER, {"exp": "1800000300"}), "permit_time_unfit"),
        (signed(HEADER, {"exp": True}), "permit_time_unfit"),
        (signed(HEADER, {"exp": None}), "permit_time_unfit"),
        (signed(HEADER, {"exp": -1}), "permit_time_unfit"),
        (signed(HEADER, b'{"exp":1e999}'), "permit_time_unfit"),
        (permit(NOW, exp=int(NOW) + 86461), "permit_time_unfit"),
        (permit(NOW, iat=int(NOW) + 61), "permit_time_unfit"),
        (permit(NOW, iat=-1), "permit_time_unfit"),
        (signed(HEADER, {**CLAIMS, "iat": "1"}), "permit_time_unfit"),
        (permit(NOW, nbf=int(NOW) + 61), "permit_time_unfit"),
        (permit(NOW, exp=int(NOW) - 61), "permit_expired"),
        (permit(NOW, exp=0), "permit_expired"),
        (signed(HEADER, {**CLAIMS, "sub": 1}), "subject_unfit"),
        (signed(HEADER, {**CLAIMS, "sub": None}), "subject_unfit"),
        (permit(NOW, sub="a" * 129), "subject_unfit"),
        (permit(NOW, sub="\ud800"), "subject_unfit"),
        (permit(NOW, upload=[]), "claim_malformed"),
        (permit(NOW, upload={"max_size": 5}), "claim_malformed"),
        (permit(NOW, upload={"prefix": "private/"}), "claim_malformed"),
        (permit(NOW, upload={"max_bytes": "5"}), "claim_malformed"),
        (permit(NOW, upload={"max_bytes": -1}), "claim_malformed"),
        (permit(NOW, upload={"types": "image/*"}), "claim_malformed"),
        (permit(NOW, upload={"data": {"order": 17}}), "claim_malformed"),
        (permit(NOW, upload={"data": {"Order": "17"}}), "claim_malformed"),
        (permit(NOW, upload={"data": {"__proto__": "17"}}), "claim_malformed"),
        (permit(NOW, upload={"data": {"a": "\ud800"}}), "claim_malformed"),
        (permit(NOW, upload={"data": {"a": "\x00"}}), "claim_malformed"),
        (permit(NOW, upload={"data": {"a": "b" * 505}}), "claim_malformed"),
        (permit(NOW, upload={"data": []}), "claim_malformed"),
        (permit(NOW, upload={"profile": 1}), "claim_malformed"),
        (permit(NOW, upload={"profile": "unknown"}), "claim_malformed"),
        (permit(NOW, jti=""), "claim_malformed"),
        (signed(HEADER, {**CLAIMS, "jti": 1}), "claim_malformed"),
        (signed(HEADER, {**CLAIMS, "jti": None}), "claim_malformed"),
        (permit(NOW, jti="a" * 129), "claim_malformed"),
        (permit(NOW, jti="\ud800"), "claim_malformed"),
        ("a" * 8000 + ".a.a", "token_too_long"),
    ],
    ids=lambda one: one[-24:],
)
def test_whatever_is_no_valid_permit_looks_alike(
    token: str, code: str, permitted: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = upload(permitted, token)
    expected = "token_expired" if code == "permit_expired" else "token_invalid"
    assert (answer.status, answer.code) == (401, expected)
    assert logged(capsys) == code
    assert limits(permitted, token).code == expected


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(NOW) - 59},
        {"exp": int(NOW) + 86460},
        {"exp": NOW + 0.5, "iat": NOW},
        {"iat": int(NOW) + 60, "nbf": int(NOW) + 60},
        {"iat": 0},
        {"iss": "https://shop.example.com", "aud": "uploads", "more": [1]},
        {"upload": {}},
        {"upload": {"data": {}, "types": ["image/*"], "max_bytes": 7, "profile": ""}},
    ],
    ids=str,
)
def test_clocks_may_differ_a_little_and_other_claims_do_not_matter(
    claims: dict[str, Any], permitted: Handler
) -> None:
    assert "ticket" in granted(permitted, permit(NOW, **claims))


def test_an_expired_permit_with_another_fault_is_not_called_expired(permitted: Handler) -> None:
    assert upload(permitted, permit(NOW, exp=1, upload={"max_size": 1})).code == "token_invalid"


def test_every_changed_byte_of_a_permit_is_refused(permitted: Handler) -> None:
    token = permit(NOW)
    for position, character in enumerate(token):
        for other in "A-_":
            if other != character:
                changed = token[:position] + other + token[position + 1 :]
                assert limits(permitted, changed).status == 401, changed


def test_no_token_is_no_permit(permitted: Handler) -> None:
    assert ask(permitted, fc_event("/limits")).code == "token_missing"
    assert ask(permitted, fc_event("/", {"name": "a.png", "size": "5"})).code == "token_missing"
    basic = ask(permitted, fc_event("/limits", headers={"Authorization": "Basic YTpi"}))
    assert basic.code == "token_invalid"


def test_permits_need_no_library(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """So a deployment with permits alone has no package beside it, and starts as fast as an anonymous one."""
    for name in ("jwt", "cryptography"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("grants.bearer", "grants.key_sets"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert "ticket" in granted(started(environ), signed(HEADER, CLAIMS))
    assert not {"grants.bearer", "grants.key_sets"} & sys.modules.keys()


def test_beside_anonymous_uploads_a_bad_permit_is_not_taken_for_none(environ: dict[str, str]) -> None:
    handler = started(environ, ALLOW_ANONYMOUS="true")
    assert ask(handler, fc_event("/limits")).status == 200
    assert granted(handler, permit(NOW))["key"].startswith("uploads/alice/")
    assert upload(handler, permit(NOW, "another-secret-of-more-than-32-bytes")).code == "token_invalid"
    assert upload(handler, jwt.encode(CLAIMS, LOGIN_SECRET)).code == "token_invalid"


def login(typ: str = "JWT", secret: str = LOGIN_SECRET, **claims: object) -> str:
    told = {"iss": "i", "aud": "a", "sub": "bob", "exp": int(time.time()) + 60, **claims}
    return jwt.encode(told, secret, headers={"typ": typ})


def test_beside_a_login_each_token_is_what_it_says(environ: dict[str, str]) -> None:
    """PyJWT reads the machine's clock."""
    now = time.time()
    handler = started(environ, now, **LOGIN)
    assert granted(handler, login())["key"].startswith("uploads/bob/")
    assert granted(handler, permit(now))["key"].startswith("uploads/alice/")
    assert upload(handler, login(TYPE)).code == "token_invalid", "a login that says that it is a permit"
    assert upload(handler, login(secret=PERMIT_SECRET)).code == "token_invalid", "signed with the other key"
    assert upload(handler, permit(now, LOGIN_SECRET)).code == "token_invalid", "the reverse"
    whole = {"iss": "i", "aud": "a"}
    as_login = jwt.encode({**CLAIMS, **whole, "exp": int(now) + 60}, PERMIT_SECRET, headers={"typ": "JWT"})
    assert upload(handler, as_login).code == "token_invalid", "a permit that says that it is a login"


@pytest.mark.parametrize("upload_claim", [{"data": {"order": "17"}}, {"profile": "avatar"}], ids=str)
def test_a_login_is_not_your_servers_word(upload_claim: object, environ: dict[str, str]) -> None:
    handler = started(environ, time.time(), PROFILES=PROFILES, **LOGIN)
    assert upload(handler, login(upload=upload_claim)).code == "token_invalid"


@pytest.mark.parametrize("mine", [{}, {"iat": int(NOW) - 5}], ids=["exp", "iat"])
def test_one_permit_is_one_object(mine: dict[str, Any], environ: dict[str, str]) -> None:
    """Used later, for another file, by another instance: the same id and key."""
    token = permit(NOW, jti="order-17", **mine)
    grant = granted(started(environ), token)
    other = granted(
        started(environ, NOW + 200), token, {"name": "b.pdf", "size": 9, "type": "application/pdf"}
    )
    assert (grant["id"], grant["key"]) == (other["id"], other["key"])
    assert grant["key"] == f"uploads/alice/2027/01/15/{grant['id']}"
    assert grant["fields"]["x-oss-forbid-overwrite"] == "true"
    ids = [
        granted(started(environ), permit(NOW, **{"jti": "order-17", **mine, **changed}))["id"]
        for changed in ({"jti": "order-18"}, {"iat": int(NOW) - 6})
    ]
    assert len({grant["id"], *ids}) == 3


def test_no_page_makes_a_second_object_of_a_permit_in_the_folder_of_a_profile(
    environ: dict[str, str],
) -> None:
    handler = started(environ, PROFILES=PROFILES)
    token = permit(NOW, jti="order-17")
    assert granted(handler, token)["key"].startswith("uploads/alice/2027/")
    refused = granted(handler, token, {**FILE, "profile": "avatar"})
    assert refused["problem"]["code"] == "profile_not_permitted"
    assert limits(handler, token, profile="avatar").code == "profile_not_permitted"
    named = permit(NOW, jti="order-17", upload={"profile": "avatar"})
    assert granted(handler, named, {**FILE, "profile": "avatar"})["key"].startswith("uploads/avatars/alice/")


def test_the_id_of_a_permit_is_an_hmac_of_its_jti(environ: dict[str, str]) -> None:
    """Known answer: printf %s upload-permit.id.v1.order-17 | openssl dgst -sha256 -hmac SECRET"""
    grant = granted(started(environ), permit(NOW, jti="order-17", iat=int(NOW)))
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    number = int.from_bytes((int(NOW) * 1000).to_bytes(6, "big") + bytes.fromhex(ID_BYTES), "big")
    assert grant["id"] == "".join(alphabet[number >> shift & 31] for shift in range(125, -1, -5))


def test_a_rotation_of_secrets_changes_no_object(environ: dict[str, str]) -> None:
    new = "the-new-permit-secret-of-more-than-32-bytes"
    token = permit(NOW, jti="order-17")
    before = granted(started(environ), token)
    during = granted(started(environ, PERMIT_SECRET=f"{new},{PERMIT_SECRET}"), token)
    assert before["key"] == during["key"]
    assert "ticket" in granted(
        started(environ, PERMIT_SECRET=f"{new},{PERMIT_SECRET}"), permit(NOW, new, jti="a")
    )
    assert upload(started(environ, PERMIT_SECRET=new), token).code == "token_invalid"


def test_one_permit_grants_one_file_of_a_request(permitted: Handler) -> None:
    token = permit(NOW, jti="order-17")
    answer = upload(permitted, token, {**FILE, "type": "text/html"}, FILE, FILE)
    codes = [one.get("problem", {}).get("code", "granted") for one in answer.content["uploads"]]
    assert codes == ["type_not_allowed", "granted", "one_file_permitted"]
    assert answer.content["uploads"][2]["problem"]["status"] == 403
    assert len(upload(permitted, permit(NOW), FILE, FILE).content["uploads"][1]["ticket"]) > 100


def test_a_permit_used_twice_for_parts_stores_one_object(deployed: Deployment) -> None:
    deployed.start(ALLOW_ANONYMOUS="", PERMIT_SECRET=PERMIT_SECRET)
    token = permit(deployed.scene.now, jti="order-17", upload={"data": {"order": "17"}})
    document = {"files": [{**LARGE, "size": len(ONE_PART)}]}
    first, second = (
        deployed.ask("/uploads", document, Authorization=f"Bearer {token}").content["uploads"][0]
        for _ in range(2)
    )
    assert first["key"] == second["key"]
    assert document_of(first["ticket"])["data"] == {"order": "17"}
    for grant in (first, second):
        deployed.send(grant, ONE_PART)
    assert deployed.complete(first).status == 200
    assert deployed.complete(second).code == "already_stored"


def test_a_permit_is_for_files_and_not_for_a_directory(environ: dict[str, str]) -> None:
    handler = started(environ, ALLOW_DIRECTORY_GRANTS="true", ALLOW_ANONYMOUS="true")
    assert ask(handler, fc_event("/")).status == 200
    bearer = {"Authorization": f"Bearer {permit(NOW)}"}
    assert ask(handler, fc_event("/", headers=bearer)).code == "directory_not_offered"
    assert "directory" not in limits(handler, permit(NOW)).content["grants"]


def test_a_permit_names_the_profile_and_the_page_cannot_choose_another(environ: dict[str, str]) -> None:
    handler = started(environ, PROFILES=PROFILES)
    token = permit(NOW, upload={"profile": "avatar"})
    assert limits(handler, token).content["max_bytes"] == 1000
    assert limits(handler, token, profile="avatar").status == 200
    assert limits(handler, token, profile="scan").code == "profile_not_permitted"
    assert granted(handler, token)["key"].startswith("uploads/avatars/alice/2027/")
    assert granted(handler, token, {**FILE, "size": 1001})["problem"]["code"] == "too_large"
    other = granted(handler, token, {**FILE, "profile": "scan"})
    assert other["problem"]["code"] == "profile_not_permitted"
    narrower = permit(NOW, upload={"profile": "avatar", "max_bytes": 10})
    assert limits(handler, narrower).content["max_bytes"] == 10


def test_a_rule_of_yours_sees_the_profile_that_counts(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def authorize(_: Request, sign_in: SignIn, limits: Limits, upload_request: Any) -> Caller:
        sign_in(_)
        seen.append(upload_request.profile)
        return Caller("alice", limits)

    monkeypatch.setattr(application, "authorize", authorize)
    handler = started(environ, PROFILES=PROFILES)
    granted(handler, permit(NOW, upload={"profile": "avatar"}))
    granted(handler, permit(NOW), {**FILE, "profile": "scan"})
    granted(handler, permit(NOW))
    assert seen == ["avatar", "scan", ""]


def test_nothing_of_a_permit_is_in_the_log(permitted: Handler, capsys: pytest.CaptureFixture[str]) -> None:
    token = permit(NOW, jti="the jti", sub="the subject", upload={"data": {"order": "the order"}})
    granted(permitted, token)
    upload(permitted, token[:-1] + "A")
    upload(permitted, permit(NOW, jti=["the jti"], sub="the subject"))
    out = capsys.readouterr().out
    assert not [one for one in ("the ", *token.split(".")) if one in out]
