"""Did OSS sign this, for an upload that we granted? One good callback, and every way to break it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from completion.application import build
from completion.callback_keys import KEY_HOST, PUBLISHED_PEM, PublicKeys, key_finder
from completion.callback_request import verify_signature
from completion.outbound import Outbound
from completion.rsa_md5 import Verifier, verifier
from completion.settings import Settings
from tests.support.callback_fixtures import (
    DIRECTORY_TICKET,
    ETAG,
    KEY_URL,
    NOW,
    SECRET,
    TICKET,
    Bucket,
    Callback,
    confirmation,
)
from tests.support.fc_events import ask, fc_event
from vendored.errors import Unverified
from vendored.fc_http import Clock, Handler, Request
from vendored.oss_signing import callback_message
from vendored.ticket import sign_ticket


def no_pem(_: str, __: Request) -> bytes | None:
    return None


CAPTURES = json.loads((Path(__file__).parent.parent / "vectors" / "callback.json").read_text())
PLAIN = [one for one in CAPTURES["valid"] if "?" not in one["raw_path_and_query"]]
EDITED = [one for one in CAPTURES["invalid"] if "?" not in one["raw_path_and_query"]]
Sign = Callable[..., Callback]
CONTEXT = SimpleNamespace(request_id="1-64f6cd87-1")  # where an event cannot be read


def by_name(capture: dict[str, Any]) -> str:
    return str(capture["name"])


def code_of(handler: Handler, event: bytes, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the code in the log, having seen that outside all refusals are one."""
    capsys.readouterr()
    answer = ask(handler, event, CONTEXT)
    assert answer.status == 403
    assert answer.content == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "Nothing proves that this request is genuine.",
        "code": "not_verified",
        "request_id": "1-64f6cd87-1",
    }
    assert set(answer.headers) == {
        "Cache-Control",
        "X-Content-Type-Options",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "Vary",
        "Content-Type",
    }
    line = json.loads(capsys.readouterr().out)
    named_before = {"body_malformed", "event_too_large", "ticket_malformed", "ticket_forged"}
    assert line["upload_id"] == ("" if line["code"] in named_before else "01abc")
    return str(line["code"])


def captured(capture: dict[str, Any]) -> Request:
    headers = {
        "authorization": capture["authorization"],
        "x-oss-pub-key-url": CAPTURES["public_keys"][0]["x_oss_pub_key_url_header_values"][0],
    }
    return Request("POST", capture["raw_path_and_query"], headers, {}, capture["body"].encode(), "", NOW, 0)


@pytest.fixture
def published() -> PublicKeys:
    return PublicKeys(verifier(PUBLISHED_PEM), no_fetch)


def no_fetch(url: str, _: Request) -> Verifier | None:
    raise AssertionError(url)


def test_ships_the_published_key() -> None:
    assert CAPTURES["public_keys"][0]["pem"].encode() == PUBLISHED_PEM


@pytest.mark.parametrize("capture", CAPTURES["valid"] + CAPTURES["invalid"], ids=by_name)
def test_agrees_with_every_capture(capture: dict[str, Any]) -> None:
    """With and without a query; a bare question mark belongs to neither path nor query."""
    path, mark, query = capture["raw_path_and_query"].partition("?")
    message = callback_message(path if query else path + mark, query, capture["body"].encode())
    genuine = verifier(PUBLISHED_PEM)(base64.b64decode(capture["authorization"]), message)
    assert genuine == (capture["expected"] == "valid")


@pytest.mark.parametrize("capture", PLAIN, ids=by_name)
def test_accepts_a_known_capture(capture: dict[str, Any], published: PublicKeys) -> None:
    verify_signature(captured(capture), published.find)


@pytest.mark.parametrize("capture", PLAIN, ids=by_name)
def test_accepts_the_key_under_its_https_address(capture: dict[str, Any], published: PublicKeys) -> None:
    request = captured(capture)
    address = CAPTURES["public_keys"][0]["x_oss_pub_key_url_header_values"][1]
    verify_signature(
        request._replace(headers={**request.headers, "x-oss-pub-key-url": address}), published.find
    )


@pytest.mark.parametrize("capture", EDITED, ids=by_name)
def test_refuses_an_edited_capture(capture: dict[str, Any], published: PublicKeys) -> None:
    with pytest.raises(Unverified, match="signature_wrong"):
        verify_signature(captured(capture), published.find)


@pytest.mark.parametrize("capture", PLAIN, ids=by_name)
def test_refuses_a_capture_with_any_byte_changed(capture: dict[str, Any], published: PublicKeys) -> None:
    body = capture["body"]
    for position in range(len(body)):
        changed = {**capture, "body": body[:position] + "~" + body[position + 1 :]}
        with pytest.raises(Unverified, match="signature_wrong"):
            verify_signature(captured(changed), published.find)


def test_accepts_a_good_callback(handler: Handler, signed: Sign) -> None:
    assert ask(handler, signed().event()).status == 200


def header(name: str, value: str | None) -> Callable[[Callback], Callback]:
    def change(good: Callback) -> Callback:
        headers = {**good.headers, name: value}
        return good._replace(headers={key: text for key, text in headers.items() if text is not None})

    return change


def authorization(change: Callable[[str], str]) -> Callable[[Callback], Callback]:
    return lambda good: header("Authorization", change(good.headers["Authorization"]))(good)


def body(change: Callable[[str], str]) -> Callable[[Callback], Callback]:
    return lambda good: good._replace(body=change(good.body))


def twin(signature: str) -> str:
    """Spell the same bytes differently: a decoder would let the unused final bits pass."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = signature.rstrip("=")[-1]
    changed = signature.rstrip("=")[:-1] + alphabet[alphabet.index(last) ^ 1]
    return changed + "=" * (len(signature) - len(changed))


# What is broken -> the code that the log must show. Outside all of these look the same.
TAMPERED = [
    ("authorization missing", header("Authorization", None), "header_malformed"),
    ("authorization empty", header("Authorization", ""), "header_malformed"),
    ("authorization not base64", header("Authorization", "§§§§"), "header_malformed"),
    ("authorization with a newline", authorization(lambda good: good + "\n"), "header_malformed"),
    ("authorization spelled differently", authorization(twin), "header_malformed"),
    ("authorization without padding", authorization(lambda good: good.rstrip("=")), "header_malformed"),
    ("authorization urlsafe", authorization(lambda good: "-_" + good[2:]), "header_malformed"),
    ("authorization twice", authorization(lambda good: f"{good},{good}"), "header_malformed"),
    ("authorization too short", header("Authorization", "QUJD"), "signature_wrong"),
    ("authorization too long", authorization(lambda good: "AAAA" + good), "signature_wrong"),
    ("authorization's first byte", authorization(lambda good: "//" + good[2:]), "signature_wrong"),
    (
        "authorization of zeros",
        header("Authorization", base64.b64encode(bytes(128)).decode()),
        "signature_wrong",
    ),
    (
        "authorization of ones",
        header("Authorization", base64.b64encode(b"\xff" * 128).decode()),
        "signature_wrong",
    ),
    ("signature version 2", header("X-Oss-Signature-Version", "2.0"), "signature_version_unknown"),
    ("signature version empty", header("X-Oss-Signature-Version", ""), "signature_version_unknown"),
    ("body empty", body(lambda _: ""), "body_malformed"),
    ("body not a form", body(lambda _: '{"ticket":1}'), "body_malformed"),
    ("body not ASCII", body(lambda good: good + "é"), "body_malformed"),
    ("body over 96 KiB", body(lambda good: good + "a" * 98304), "event_too_large"),
    ("body with a field twice", body(lambda good: good + "&size=5"), "body_malformed"),
    (
        "body with a field twice for another",
        body(lambda good: good.replace("etag=", "size=5&x=")),
        "body_malformed",
    ),
    ("body with an unknown field", body(lambda good: good + "&admin=1"), "body_malformed"),
    ("body with a field renamed", body(lambda good: good.replace("etag=", "Etag=")), "body_malformed"),
    ("body without a field", body(lambda good: good.replace("&size=5", "")), "body_malformed"),
    ("body with an empty field", body(lambda good: good.replace("size=5", "size=")), "body_malformed"),
    ("body with an empty part", body(lambda good: good.replace("&size", "&&size")), "body_malformed"),
    ("body with a blank field more", body(lambda good: good + "&x="), "body_malformed"),
    ("body with a bare field", body(lambda good: good.replace("size=5", "size")), "body_malformed"),
    ("body with invalid UTF-8", body(lambda good: good.replace("size=5", "size=%ff")), "body_malformed"),
    ("body's size changed", body(lambda good: good.replace("size=5", "size=6")), "signature_wrong"),
    ("body's etag changed", body(lambda good: good[:-1] + "3"), "signature_wrong"),
    ("body's object changed", body(lambda good: good.replace("abc.png", "abd.png")), "signature_wrong"),
    (
        "body's bucket changed",
        body(lambda good: good.replace("ebucket", "ebuckeu")),
        "signature_wrong",
    ),
    ("body in other letters", body(lambda good: good.replace("%2F", "%2f")), "signature_wrong"),
    ("body reordered", body(lambda good: "&".join(sorted(good.split("&")))), "signature_wrong"),
    ("body's ticket changed", body(lambda good: good.replace("ticket=e", "ticket=f")), "ticket_forged"),
    (
        "body's ticket with a trailing byte",
        body(lambda good: good.replace("&bucket", "A&bucket")),
        "ticket_malformed",
    ),
]


@pytest.mark.parametrize(("change", "code"), [row[1:] for row in TAMPERED], ids=[row[0] for row in TAMPERED])
def test_refuses_a_tampered_callback(
    change: Callable[[Callback], Callback],
    code: str,
    handler: Handler,
    signed: Sign,
    bucket: Bucket,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert code_of(handler, change(signed()).event(), capsys) == code
    assert bucket.connections == 0


def test_refuses_every_changed_byte_of_the_body(
    handler: Handler, signed: Sign, capsys: pytest.CaptureFixture[str]
) -> None:
    good = signed()
    for position, character in enumerate(good.body):
        changed = good.body[:position] + ("a" if character != "a" else "b") + good.body[position + 1 :]
        assert code_of(handler, good._replace(body=changed).event(), capsys) in {
            "signature_wrong",
            "body_malformed",
            "ticket_forged",
            "ticket_malformed",
        }


def test_refuses_every_changed_byte_of_the_authorization(
    handler: Handler, signed: Sign, capsys: pytest.CaptureFixture[str]
) -> None:
    good = signed()
    signature = base64.b64decode(good.headers["Authorization"])
    for position in range(len(signature)):
        changed = bytearray(signature)
        changed[position] ^= 1
        forged = header("Authorization", base64.b64encode(changed).decode())(good)
        assert code_of(handler, forged.event(), capsys) == "signature_wrong"


def test_refuses_a_signature_for_another_path(
    handler: Handler, signed: Sign, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("/", "/callback/", "/Callback", "/confirm", "//callback", "/callback?", "/callbacl"):
        elsewhere = signed(path)._replace(path="/callback")
        assert code_of(handler, elsewhere.event(), capsys) == "signature_wrong"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"bucket": "another-bucket"}, "bucket_differs"),
        ({"bucket": "Examplebucket"}, "bucket_differs"),
        ({"object": "uploads/_/2027/01/15/other.png"}, "object_differs"),
        ({"object": TICKET.key + " "}, "object_differs"),
        ({"size": "6"}, "size_differs"),
        ({"size": "05"}, "size_differs"),
        ({"size": "\N{ARABIC-INDIC DIGIT FIVE}"}, "size_differs"),
        ({"ticket": "x"}, "ticket_malformed"),
        ({"ticket": sign_ticket(TICKET, "b" * 32)}, "ticket_forged"),
        ({"ticket": sign_ticket(TICKET._replace(exp=int(NOW)), SECRET)}, "ticket_expired"),
        ({"ticket": sign_ticket(TICKET._replace(iat=int(NOW) + 62), SECRET)}, "ticket_not_yet_valid"),
        (
            {"ticket": sign_ticket(TICKET._replace(key="elsewhere/a.png"), SECRET)},
            "ticket_for_something_else",
        ),
        ({"ticket": sign_ticket(DIRECTORY_TICKET, SECRET)}, "object_differs"),
        (
            {"ticket": sign_ticket(TICKET._replace(key="uploads/_/2027/01/15/b.png"), SECRET)},
            "object_differs",
        ),
        ({"ticket": sign_ticket(TICKET._replace(size=6), SECRET)}, "size_differs"),
    ],
)
def test_a_perfect_signature_is_not_enough(
    fields: dict[str, str],
    code: str,
    handler: Handler,
    signed: Sign,
    bucket: Bucket,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Anyone can have OSS sign any body: in a bucket of their own, for our path, out of constants."""
    assert code_of(handler, signed(**fields).event(), capsys) == code
    assert bucket.connections == 0


def test_oss_itself_is_refused_where_the_stand_ins_key_is_set(
    environ: dict[str, str], published: PublicKeys
) -> None:
    settings = Settings.from_env(environ)
    find_key = key_finder(settings, no_pem, Clock(lambda: NOW, lambda: 0.0))
    verify_signature(captured(PLAIN[0]), published.find)
    with pytest.raises(Unverified, match="signature_wrong"):
        verify_signature(captured(PLAIN[0]), find_key)


KEY_URLS = [
    "http://gosspublic.alicdn.com.evil.tld/callback_pub_key_v1.pem",
    "http://gosspublic.alicdn.com@evil.tld/callback_pub_key_v1.pem",
    "http://user@gosspublic.alicdn.com/callback_pub_key_v1.pem",
    "http://gosspublic.alicdn.com:8080/callback_pub_key_v1.pem",
    "https://gosspublic.alicdn.com/callback_pub_key_v1.pem#fragment",
    "https://gosspublic.alicdn.com/callback_pub_key_v1.pem?query",
    "https://gosspublic.alicdn.com/../callback_pub_key_v1.pem",
    "https://gosspublic.alicdn.com//callback_pub_key_v1.pem",
    "https://gosspublic.alicdn.com/callback_pub_key_v1.pem\n",
    "https://gosspublic.alicdn.com/callback_pub_key_v0.pem",
    "https://gosspublic.alicdn.com/callback_pub_key_v01.pem",
    "https://gosspublic.alicdn.com/callback_pub_key_v100.pem",
    "https://gosspublic.alicdn.com/callback_pub_key_v1Xpem",
    "https://gosspublicXalicdn.com/callback_pub_key_v1.pem",
    "HTTPS://GOSSPUBLIC.ALICDN.COM/callback_pub_key_v1.pem",
    "https://gosspublic.alicdn.com./callback_pub_key_v1.pem",
    "//gosspublic.alicdn.com/callback_pub_key_v1.pem",
    "ftp://gosspublic.alicdn.com/callback_pub_key_v1.pem",
    "http://127.0.0.1/callback_pub_key_v1.pem",
    "https://gosspublic.alicdn.com/callback_pub_key_v1.pem" + "a" * 4096,
]


def naming(url: str, received_at: float = 0) -> Request:
    encoded = base64.b64encode(url.encode()).decode()
    return Request("POST", "/callback", {"x-oss-pub-key-url": encoded}, {}, b"", "", NOW, received_at)


@pytest.mark.parametrize("url", KEY_URLS)
def test_refuses_a_key_that_is_not_of_oss(url: str, published: PublicKeys) -> None:
    with pytest.raises(Unverified, match="key_url_foreign"):
        published.find(naming(url))


@pytest.mark.parametrize("value", ["", "§", KEY_URL + "\n", KEY_URL.rstrip("="), "aHR0cDovLw"])
def test_refuses_a_key_address_that_is_not_canonical_base64(value: str, published: PublicKeys) -> None:
    request = naming("")._replace(headers={"x-oss-pub-key-url": value})
    with pytest.raises(Unverified, match="header_malformed"):
        published.find(request)


def test_fetches_another_key_over_https_at_most_once_in_ten_minutes() -> None:
    fetched: list[str] = []
    other = verifier(PUBLISHED_PEM)

    def fetch(url: str, _: Request) -> Verifier | None:
        fetched.append(url)
        return other if len(fetched) > 1 else None

    keys = PublicKeys(None, fetch)
    address = "http://gosspublic.alicdn.com/callback_pub_key_v2.pem"
    found = [keys.find(naming(address, at)) for at in (0, 599, 600, 1199, 1200)]
    assert found == [None, None, other, other, other]
    assert fetched == [KEY_HOST + "callback_pub_key_v2.pem"] * 3


def test_a_deployed_function_trusts_the_published_key(environ: dict[str, str]) -> None:
    del environ["PUBLIC_KEY_PEM"]
    settings = Settings.from_env(environ)
    find_key = key_finder(settings, no_pem, Clock(lambda: NOW, lambda: 0.0))
    verify_signature(captured(PLAIN[0]), find_key)


def test_a_function_whose_rsa_does_not_work_starts_and_logs_it(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: bytes) -> Verifier:
        raise RuntimeError("MD5 is disabled")

    monkeypatch.setattr("completion.rsa_md5.verifier", refuse)
    del environ["PUBLIC_KEY_PEM"]
    find_key = key_finder(Settings.from_env(environ), no_pem, Clock(lambda: NOW, lambda: 0.0))
    line = json.loads(capsys.readouterr().out)
    assert (line["time"], line["level"], line["event"]) == ("2027-01-15T08:00:00Z", "error", "key_unusable")
    assert "MD5 is disabled" in line["traceback"]
    assert find_key(captured(PLAIN[0])) is None


@pytest.mark.parametrize(("kind", "status"), [("the new one", 200), ("garbage", 403), ("EC", 403)])
def test_a_rotated_key_is_fetched_and_used(
    kind: str,
    status: int,
    environ: dict[str, str],
    signed: Sign,
    private_key: rsa.RSAPrivateKey,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    served = {
        "the new one": private_key.public_key().public_bytes(*form),
        "EC": ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*form),
        "garbage": b"garbage",
    }[kind]
    del environ["PUBLIC_KEY_PEM"]
    monkeypatch.setattr(Outbound, "fetch_key", lambda *_: served)
    handler = build(environ, Clock(lambda: NOW, lambda: 1000.0))
    rotated = header("X-Oss-Pub-Key-Url", encoded_key_url(2))(signed())
    assert ask(handler, rotated.event()).status == status


def test_a_key_that_cannot_be_had_looks_like_any_refusal() -> None:
    request = naming("https://gosspublic.alicdn.com/callback_pub_key_v2.pem")
    signed_by_someone = request._replace(headers={**request.headers, "authorization": "QUJD"})
    with pytest.raises(Unverified, match="key_unavailable"):
        verify_signature(signed_by_someone, PublicKeys(None, lambda *_: None).find)


def encoded_key_url(number: int) -> str:
    url = f"https://gosspublic.alicdn.com/callback_pub_key_v{number}.pem"
    return base64.b64encode(url.encode()).decode()


def test_a_key_whose_fetching_was_cut_off_is_not_fetched_again() -> None:
    """Function Compute may end an instance in mid-fetch; the next request must not do the same again."""

    def fetch(_: str, __: Request) -> Verifier | None:
        raise SystemExit

    keys = PublicKeys(None, fetch)
    request = naming("https://gosspublic.alicdn.com/callback_pub_key_v2.pem")
    with pytest.raises(SystemExit):
        keys.find(request)
    assert keys.find(request) is None


def test_rsa_that_refuses_to_work_looks_like_any_refusal() -> None:
    def refuse(_: bytes, __: bytes) -> bool:
        raise RuntimeError("MD5 is disabled")

    with pytest.raises(Unverified, match=r"^key_unusable$") as caught:
        verify_signature(captured(PLAIN[0]), PublicKeys(refuse, no_fetch).find)
    assert caught.value.detail == "RuntimeError"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-oss-pub-key-url": None}, "header_malformed"),
        ({"x-oss-pub-key-url": ""}, "header_malformed"),
        ({"x-oss-pub-key-url": "aHR0cA=="}, "key_url_foreign"),
        ({"authorization": None}, "header_malformed"),
    ],
)
def test_a_callback_that_names_no_key_looks_like_any_refusal(
    headers: dict[str, str | None], code: str, published: PublicKeys
) -> None:
    request = captured(PLAIN[0])
    changed = {**request.headers, **headers}
    kept = {name: value for name, value in changed.items() if value is not None}
    with pytest.raises(Unverified, match=f"^{code}$"):
        verify_signature(request._replace(headers=kept), published.find)


def test_refuses_a_callback_with_a_query(
    handler: Handler, signed: Sign, capsys: pytest.CaptureFixture[str]
) -> None:
    """No callback address of ours has one, and Function Compute does not hand on what OSS signs."""
    good = signed()
    event = fc_event(good.path, {"a": "b"}, method="POST", headers=good.headers, body=good.body)
    assert code_of(handler, event, capsys) == "query_unexpected"


def test_no_key_is_fetched_before_the_ticket_is_verified(
    environ: dict[str, str], signed: Sign, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    del environ["PUBLIC_KEY_PEM"]
    asked: list[str] = []
    monkeypatch.setattr(Outbound, "fetch_key", lambda _, url, __: asked.append(url))
    handler = build(environ)
    named = [header("X-Oss-Pub-Key-Url", encoded_key_url(number)) for number in range(2, 30)]
    for name in named:
        assert code_of(handler, name(signed(ticket="x")).event(), capsys) == "ticket_malformed"
    assert asked == []
    granted = signed(ticket=sign_ticket(TICKET._replace(exp=2**40, iat=0), SECRET))
    for _ in range(3):
        assert code_of(handler, named[0](granted).event(), capsys) == "key_unavailable"
    assert asked == ["https://gosspublic.alicdn.com/callback_pub_key_v2.pem"]


CONFIRMATIONS = [
    ("", "body_malformed"),
    ("{", "body_malformed"),
    ("[]", "body_malformed"),
    ("{}", "body_malformed"),
    ("null", "body_malformed"),
    ("[" * 5000, "body_malformed"),
    ('{"ticket":1}', "body_malformed"),
    ('{"ticket":"a","ticket":"b"}', "body_malformed"),
    ('{"ticket":"a","key":"b"}', "body_malformed"),
    ('{"Ticket":"a"}', "body_malformed"),
    ('["ticket","a"]', "body_malformed"),
    ('[["ticket","a"]]', "body_malformed"),
    ('\ufeff{"ticket":"a"}', "body_malformed"),
    ('{"ticket":"\\ud800"}', "ticket_malformed"),
    ('{"ticket":"a"}', "ticket_malformed"),
    ('{"ticket":"' + "a" * 60000 + '"}', "ticket_malformed"),
]


@pytest.mark.parametrize(("raw", "code"), CONFIRMATIONS)
def test_refuses_a_confirmation_without_a_genuine_ticket(
    raw: str, code: str, handler: Handler, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(handler, confirmation(raw=raw), capsys) == code
    assert bucket.connections == 0


def test_refuses_a_ticket_for_something_else_at_confirm(
    handler: Handler, capsys: pytest.CaptureFixture[str]
) -> None:
    for ticket in (DIRECTORY_TICKET, TICKET._replace(key="elsewhere/a.png")):
        event = confirmation(sign_ticket(ticket, SECRET))
        assert code_of(handler, event, capsys) == "ticket_for_something_else"


def test_a_body_flagged_as_base64_is_verified_as_the_bytes_it_stands_for(
    handler: Handler, signed: Sign
) -> None:
    good = signed()
    encoded = base64.b64encode(good.body.encode()).decode()
    event = fc_event(good.path, method="POST", headers=good.headers, body=encoded, encoded=True)
    assert ask(handler, event).content["etag"] == ETAG
