"""Whatever a parser is given, it returns what it promises or refuses in its own way, and nothing else."""

from __future__ import annotations

import base64
import hmac
import json
import re
import string
from email.message import Message
from functools import partial
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from authorize import authorize
from grants import (
    bearer,
    bearer_header,
    directory_grant,
    file_grant,
    key_sets,
    multipart_grant,
    object_key,
    part_addresses,
    upload_batch,
    upload_request,
)
from grants.callers import Caller, Limits, anonymous, fits_ticket, narrow
from grants.settings import Settings
from tests.support.hypothesis_settings import FEW, MANY
from tests.support.random_events import ANYTHING, TEXT, spoiled, texts
from tests.support.random_inputs import (
    ADDRESSES,
    ENVIRONMENT,
    MARK,
    NOW,
    SECRET,
    SPELLED,
    TICKETS,
    UNICODE,
    check_patterns,
    check_shared,
    environments,
    is_address,
    known_by,
    lies_within,
    says_nothing_given,
    torn,
    tried,
    with_one,
)
from tests.support.tickets import document_of
from vendored.env import Credentials, InvalidValue
from vendored.errors import (
    Malformed,
    Misconfigured,
    TokenMissing,
    TooLarge,
    TypeNotAllowed,
    Unauthenticated,
    Unavailable,
    Unverified,
)
from vendored.fc_http import Request
from vendored.media_types import AMBIGUOUS, TYPES, UNKNOWN, allows, read_patterns
from vendored.ticket import DirectoryTicket, FileTicket, Ticket, sign_ticket, verify_ticket

# RFC 8037, appendix A.2, and RFC 7517, appendix A.1
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": MARK}
P256: dict[str, Any] = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "use": "sig",
    "key_ops": ["verify"],
    "kid": MARK,
}
WEAK_RSA = {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": MARK}
SYMMETRIC = {"kty": "oct", "k": "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMmh1bnRlcjI", "kid": MARK}
PRIVATE = {**ED25519, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}
KEYS = st.sampled_from([ED25519, P256, WEAK_RSA, SYMMETRIC, PRIVATE]).flatmap(spoiled)
JWKS = st.one_of(
    KEYS.map(lambda key: {"keys": [key]}),
    st.lists(st.one_of(KEYS, ANYTHING), max_size=3).map(lambda keys: {"keys": keys}),
)

MODES = {"ALLOW_ANONYMOUS": "true", "AUTH_HS256_SECRET": MARK * 5, "AUTH_JWKS": json.dumps({"keys": [P256]})}
VARIABLES = {
    **ENVIRONMENT,
    "UPLOAD_HOST": ADDRESSES,
    "CALLBACK_URL": ADDRESSES,
    "MAX_BYTES": (
        "1048576",
        "4999934464",
        "4999934465",
        "107374182400",
        "107374182401",
        "0",
        "٣",
        "1e3",
        "9" * 5000,
    ),
    "ALLOW_ANONYMOUS": ("", "true", "false", "TRUE"),
    "AUTH_JWKS": ("", MODES["AUTH_JWKS"], "https://hunter2.example/keys?a=b", "[" * 5000, '{"keys": 1}'),
    "AUTH_HS256_SECRET": ("", MODES["AUTH_HS256_SECRET"], "https://hunter2.example/keys"),
    "AUTH_ISSUER": ("", "https://hunter2.example/"),
    "AUTH_AUDIENCE": ("", "hunter2"),
    "PERMIT_SECRET": ("", MARK * 6, f"{MARK * 6},{MARK * 7}", MODES["AUTH_HS256_SECRET"], MARK),
    "PROFILES": (
        "",
        '{"a": {"max_bytes": 5, "types": ["image/png"], "prefix": "hunter2/"}}',
        '{"a": {"max_bytes": 500000000000}}',
        '{"a": {"prefix": "/hunter2/"}}',
        '{"a": {"types": ["hunter2"]}}',
        '{"a": {"hunter2": 1}}',
        '{"HUNTER2": "hunter2"}',
        "[" * 2000,
    ),
    "ALLOW_DIRECTORY_GRANTS": ("false", "true"),
    "DIRECTORY_MAX_BYTES": ("5",),
    "MULTIPART_BYTES": ("0", "1", "4999934464", "4999934465", "1e3"),
    "OBJECT_URL": ADDRESSES,
    "SIGNATURE_VERSION": ("V4", "V1"),
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ("hunter2", "development-hunter2"),
    "ALIBABA_CLOUD_SECURITY_TOKEN": ("", "hunter2"),
}


def who_may(mode: str) -> dict[str, str]:
    return {
        mode: MODES[mode],
        **({} if mode == "ALLOW_ANONYMOUS" else {"AUTH_ISSUER": MARK, "AUTH_AUDIENCE": MARK}),
    }


ENVIRONS = st.builds(
    lambda mode, environ: {**who_may(mode), **environ},
    st.sampled_from(sorted(MODES)),
    environments(VARIABLES),
)


@MANY
@given(environ=ENVIRONS)
def test_any_environment_is_sound_settings_or_says_what_is_wrong(environ: dict[str, str]) -> None:
    settings = tried(Misconfigured, Settings.from_env, environ)
    if isinstance(settings, Misconfigured):
        assert says_nothing_given(settings.detail)
        return
    check_shared(settings)
    assert is_address(settings.upload_host)
    assert is_address(settings.callback_url)
    assert is_address(settings.object_url)
    form = 5 * 10**9 - 65536
    assert 1 <= settings.directory_max_bytes <= form
    assert 0 <= settings.multipart_bytes <= form
    for profile in settings.profiles.values():
        assert (profile.max_bytes or 0) <= settings.max_bytes
        assert re.fullmatch(r"([\w.-]+/)*", profile.folder)
    assert not {*settings.permit_secret} & {*settings.ticket_secret, environ.get("AUTH_HS256_SECRET")}
    assert 1 <= settings.max_bytes <= (100 * 2**30 if settings.multipart_bytes else form)
    asked = [name for name in MODES if environ.get(name, "") not in {"", "false"}]
    assert len(asked) == 1 or (asked == [] and settings.permit_secret)
    assert (settings.find_keys is None) == (asked in ([], ["ALLOW_ANONYMOUS"]))
    assert settings.allow_anonymous == (asked == ["ALLOW_ANONYMOUS"])
    for name in (settings.auth_issuer, settings.auth_audience):
        assert bool(name) == (settings.find_keys is not None)
        assert name == name.strip()
    assert settings.signature_version in {"V1", "V4"}
    assert settings.signature_version == "V4" or settings.allow_directory_grants
    assert MARK * 5 not in repr(settings)


@FEW
@given(value=st.one_of(JWKS.map(json.dumps), ANYTHING.map(json.dumps), torn(MODES["AUTH_JWKS"]), TEXT))
@example(value=json.dumps({"keys": [PRIVATE]}))
def test_any_key_set_is_public_keys_that_sign_or_unexpected(value: str) -> None:
    assume(not value.startswith("http"))
    find_keys = tried(InvalidValue, key_sets.read_keys, value)
    if isinstance(find_keys, InvalidValue):
        assert says_nothing_given(str(find_keys))
        return
    for_verifying = [
        one for one in json.loads(value)["keys"] if '"verify"' in json.dumps(one.get("key_ops") or "verify")
    ]
    assert len(find_keys(None)) <= len(for_verifying)
    for key in find_keys(None):
        assert key.algorithm_name in {"RS256", "ES256", "EdDSA"}
        assert key.public_key_use in {None, "sig"}
        assert not hasattr(key.key, "private_bytes")


class Answering(key_sets.RemoteKeys):
    """A key set whose address answers what a test wants."""

    def __init__(self, body: bytes) -> None:
        super().__init__("https://id.example.com/keys")
        self.body = body

    def _fetch(self) -> bytes:
        return self.body


@FEW
@given(
    body=st.one_of(JWKS.map(lambda one: json.dumps(one).encode()), st.binary(max_size=40)),
    kid=st.one_of(st.none(), st.just(MARK), TEXT),
)
@example(body=b"[" * 60_000, kid=None)
def test_whatever_an_address_answers_is_keys_or_no_answer(body: bytes, kid: str | None) -> None:
    keys = tried(Unavailable, Answering(body).find, kid)
    if isinstance(keys, Unavailable):
        return
    for key in keys:
        assert key.algorithm_name in {"RS256", "ES256", "EdDSA"}
        assert kid is None or key.key_id in (None, kid)


GENUINE = FileTicket("01abc", "uploads/_/2027/01/15/01abc.png", 5, "", NOW, NOW + 3900)
SEALED = sign_ticket(GENUINE, SECRET)
LETTERS = string.ascii_letters + string.digits + "-_"


@FEW
@given(
    ticket=st.one_of(
        texts("", "."),
        torn(SEALED),
        st.builds("{}.{}".format, st.text(LETTERS, max_size=40), st.text(LETTERS, min_size=43, max_size=43)),
    )
)
def test_no_text_is_a_ticket(ticket: str) -> None:
    assume(ticket != SEALED)
    with pytest.raises(Unverified):
        verify_ticket(ticket, [SECRET], NOW)


@FEW
@given(
    claims=TICKETS,
    place=st.one_of(st.integers(0, 2000), st.integers(-46, -40)),
    character=st.one_of(st.sampled_from(LETTERS), st.characters()),
)
def test_no_character_of_a_ticket_can_be_changed(claims: Ticket, place: int, character: str) -> None:
    claims = claims._replace(iat=NOW, exp=NOW + 1)
    ticket = sign_ticket(claims, SECRET)
    place %= len(ticket)
    assume(ticket[place] != character)
    with pytest.raises(Unverified):
        verify_ticket(ticket[:place] + character + ticket[place + 1 :], [SECRET], NOW)


@FEW
@given(claims=TICKETS, now=st.floats(-1000, 2**41), behind=st.booleans())
def test_a_signed_ticket_verifies_while_it_lasts(claims: Ticket, now: float, behind: bool) -> None:  # noqa: FBT001
    now = claims.iat - 60 + abs(now) % 120 if behind else now
    secrets = ["another-secret-of-more-than-32-bytes", SECRET]
    if claims.iat - 60 <= now < claims.exp:
        assert verify_ticket(sign_ticket(claims, SECRET), secrets, now) == claims
        return
    with pytest.raises(Unverified) as raised:
        verify_ticket(sign_ticket(claims, SECRET), secrets, now)
    assert raised.value.upload_id == claims.id


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def mac_of(message: str, secret: str) -> str:
    return base64url(hmac.digest(secret.encode(), message.encode(), "sha256"))


def signed(payload: bytes) -> str:
    """Sign bytes as `sign_ticket` would, for payloads that it never writes."""
    encoded = base64url(payload)
    return f"{encoded}.{mac_of('upload-ticket.v1.' + encoded, SECRET)}"


DOCUMENTS = st.one_of(
    ANYTHING,
    TICKETS.flatmap(
        lambda claims: spoiled(document_of(sign_ticket(claims._replace(iat=NOW, exp=NOW + 1), SECRET)))
    ),
)


@FEW
@given(payload=st.one_of(DOCUMENTS.map(lambda one: json.dumps(one).encode()), st.binary(max_size=60)))
@example(payload=json.dumps(document_of(SEALED)).encode("utf-16"))
@example(payload=json.dumps({**document_of(SEALED), "key": None}).encode())
def test_no_document_of_another_shape_is_a_ticket_even_signed(payload: bytes) -> None:
    claims = tried(Unverified, partial(verify_ticket, secrets=[SECRET], now=NOW), signed(payload))
    if isinstance(claims, Unverified):
        return
    document = json.loads(payload)
    assert document.pop("v") == 1
    assert type(claims) in {FileTicket, DirectoryTicket}
    members = claims._asdict()
    if members.get("up") == "":
        assert (members.pop("part"), members.pop("up")) == (0, "")
    for name in ("data", "page_data"):
        if members.get(name) == {}:
            del members[name]
    assert document == members
    assert [type(one) for one in claims] == [str, str, int, str, int, int, int, str, dict, dict][
        : len(claims)
    ]
    assert all(type(text) is str for name in ("data", "page_data") for text in members.get(name, {}).values())


GIVEN_TYPES = (
    "image/png",
    "IMAGE/PNG",
    "text/html",
    "image/svg+xml",
    "image/\u212a",
    "image/*",
    "a/b;c=d",
    "image",
    "",
    *SPELLED,
    "Application/X-Zip-Compressed",
)
NAMES = st.one_of(
    texts("图片 (1).png", "a\u202egnp.exe", "é" * 600, ".png", "a.CSV", "a.html", "a.zip", ".", "..", "..."),
    torn("a b.tar.gz", "a.docx"),
    st.text(UNICODE),
)
QUERIES = with_one(
    {"name": "a b.png", "size": "5", "type": "image/png"},
    {
        "name": NAMES,
        "size": st.one_of(texts("0", "5", "05", "1048576", "1048577", "٣", "9" * 5000), torn("5")),
        "type": st.one_of(texts(*GIVEN_TYPES), torn("image/png")),
    },
)
OTHER_QUERIES = st.dictionaries(texts("name", "size", "type", "Name"), texts("5", "image/png"), max_size=4)
LIMITS = Limits(1048576, ("image/*", "application/pdf"))


@FEW
@given(query=st.one_of(QUERIES, OTHER_QUERIES))
def test_any_query_is_an_upload_request_or_malformed(query: dict[str, str]) -> None:
    upload = tried(Malformed, upload_request.read_upload_request, query)
    if isinstance(upload, Malformed):
        assert says_nothing_given(upload.detail)
        return
    assert {"name", "size"} <= query.keys() <= {"name", "size", "type"}
    assert str(upload.size) == query["size"]
    assert 0 <= upload.size < 10**15
    said = query.get("type", "")
    assert said.isascii()
    given = known_by(said.lower())
    ending = query["name"].rpartition(".")[2].lower() if "." in query["name"] else ""
    if upload.type != given:  # the name decided, of what the browser left open
        assert given in {"", *AMBIGUOUS}
        assert ending in TYPES[upload.type][0].split() or (upload.type == UNKNOWN and given not in TYPES)
    assert "*" not in upload.type
    check_patterns([upload.type])
    assert upload.name not in {"", ".", ".."}
    assert len(upload.name) == len(query["name"])
    assert len(query["name"].encode()) <= 1024
    assert not set(upload.name) & set("/\\\r\n\0\x7f\x85\u2028\u202e\u2066\u200f")
    try:
        upload_request.check_limits(upload, LIMITS)
    except (TooLarge, TypeNotAllowed):
        assert upload.size > LIMITS.max_bytes or not lies_within(LIMITS.types, upload.type)
        return
    assert upload.size <= LIMITS.max_bytes
    assert lies_within(LIMITS.types, upload.type)


SHOWN_INLINE = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}
MEDIA = st.one_of(st.sampled_from(sorted(TYPES)), st.just("a/b"))


@MANY
@given(name=NAMES, media_type=MEDIA)
def test_any_name_that_is_read_makes_a_header_of_one_file_name(name: str, media_type: str) -> None:
    read = tried(Malformed, upload_request.read_name, name)
    if isinstance(read, Malformed):
        return
    header = file_grant.content_disposition(read, media_type)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    message = Message()
    message["Content-Disposition"] = header
    assert [part for part, _ in message.get_params(header="content-disposition") or []] == [
        message.get_content_disposition(),
        "filename",
        "filename",
    ]
    assert message.get_content_disposition() in {"inline", "attachment"}
    if header.startswith("inline"):
        assert media_type in SHOWN_INLINE or media_type.startswith(("audio/", "video/"))
    kept = unquote(header.partition("''")[2], errors="strict")
    assert kept
    assert len(kept.encode()) <= 120
    assert kept == read or len(read.encode()) > 120
    stem, _, extension = kept.rpartition(".")
    assert read.startswith(stem)
    assert read.endswith(extension) or read.startswith(kept)


FILES = st.lists(
    st.one_of(
        ANYTHING,
        st.fixed_dictionaries(
            {"name": st.one_of(NAMES, ANYTHING), "size": st.one_of(st.integers(-1, 10**15), ANYTHING)},
            optional={"type": st.one_of(st.sampled_from(GIVEN_TYPES), ANYTHING), "multipart": st.booleans()},
        ),
    ),
    max_size=3,
)
BATCHES = st.one_of(
    FILES.map(lambda files: json.dumps({"files": files}).encode()),
    ANYTHING.map(lambda one: json.dumps(one).encode()),
    torn('{"files": [{"name": "a", "size": 5}]}').map(str.encode),
    st.binary(max_size=20),
)


@FEW
@given(body=BATCHES)
def test_any_batch_is_upload_requests_and_refusals_or_malformed(body: bytes) -> None:
    found = tried(Malformed, upload_batch.read_batch, body)
    if isinstance(found, Malformed):
        assert says_nothing_given(found.detail)
        return
    files = json.loads(body)["files"]
    assert 1 <= len(files) == len(found) <= 20
    for file, one in zip(files, found, strict=True):
        if isinstance(one, Malformed):
            assert says_nothing_given(one.detail)
            continue
        assert isinstance(one, upload_batch.Wanted)
        assert one.upload.size == file["size"]
        assert one.multipart is file.get("multipart", False)


@FEW
@given(numbers=st.one_of(ANYTHING, st.lists(st.integers(-1, 5), max_size=22)))
def test_any_numbers_are_parts_of_the_upload_or_malformed(numbers: object) -> None:
    ticket = GENUINE._replace(size=30 * 2**20, part=8 * 2**20, up="A1")
    found = tried(Malformed, partial(part_addresses.check_numbers, ticket=ticket), numbers)
    if isinstance(found, Malformed):
        assert says_nothing_given(found.detail)
        return
    assert found == numbers
    assert 1 <= len(found) == len(set(found)) <= 20
    assert set(found) <= {1, 2, 3, 4}


@FEW
@given(size=st.integers(1, 100 * 2**30))
def test_any_file_is_at_most_a_thousand_parts_of_whole_mib(size: int) -> None:
    part = multipart_grant.part_size_of(size)
    ticket = GENUINE._replace(size=size, part=part, up="A1")
    count = multipart_grant.count_of(ticket)
    assert part % 2**20 == 0
    assert 8 * 2**20 <= part < 5 * 10**9
    assert 1 <= count <= 1000
    assert (count - 1) * part + multipart_grant.size_of(ticket, count) == size


PREFIXES = st.from_regex(r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,14}/([A-Za-z0-9_-][A-Za-z0-9._-]{0,13}/)?\Z")
SUBJECTS = st.one_of(
    st.sampled_from(
        ["", "_", "alice", "ALICE", "..", "a/b", "auth0|1", "\0" * 21, "\ud800", "é" * 64, "a" * 129]
    ),
    st.text(max_size=64),
)
CALLERS = st.builds(
    Caller, SUBJECTS, st.builds(Limits, st.integers(0, 2**40), st.just(("image/*",))), st.just({})
)
ROLE = Credentials("STS.EXAMPLE", "SKEXAMPLE", "CAISEXAMPLE")


def settings_under(prefix: str) -> Settings:
    environ = {name: values[0] for name, values in VARIABLES.items() if values[0]}
    settings = Settings.from_env({**environ, **who_may("AUTH_HS256_SECRET"), "UPLOAD_PREFIX": prefix})
    return settings._replace(allowed_types=("image/*",), allow_directory_grants=True)


def parts_of(key: str, prefix: str) -> list[str]:
    """Return what lies below the prefix: a user, a day's three folders, and an upload's name."""
    assert key.startswith(prefix)
    assert len(key.encode()) <= 1023
    assert set(key) <= set(string.ascii_letters + string.digits + "._~-/")
    parts = key.removeprefix(prefix).split("/")
    assert not {"", ".", ".."} & set(parts)
    assert parts[1:4] == ["2027", "01", "15"]
    return parts


@FEW
@given(caller=CALLERS, prefix=PREFIXES, media_type=MEDIA, entropy=st.binary(min_size=10, max_size=10))
def test_every_grant_is_for_one_name_in_the_users_folder(
    caller: Caller, prefix: str, media_type: str, entropy: bytes
) -> None:
    settings, upload = settings_under(prefix), upload_request.UploadRequest("a.png", 5, media_type)
    if not fits_ticket(caller.subject):
        with pytest.raises(ValueError, match="does not fit"):
            file_grant.issue_file_grant(upload, caller, settings, ROLE, NOW, entropy)
        return
    granted: Any = file_grant.issue_file_grant(upload, caller, settings, ROLE, NOW, entropy)
    user, *_, name = parts = parts_of(granted["key"], prefix)
    assert len(parts) == 5
    assert user == object_key.user_segment(caller.subject)
    assert re.fullmatch(rf"{granted['id']}(\.[a-z0-9]{{2,4}})?", name)
    ticket = verify_ticket(granted["ticket"], settings.ticket_secret, NOW)
    assert ticket[:4] == (granted["id"], granted["key"], 5, caller.subject)


@FEW
@given(caller=CALLERS, prefix=PREFIXES, entropy=st.binary(min_size=10, max_size=10))
def test_every_directory_grant_is_for_one_folder_in_the_users_folder(
    caller: Caller, prefix: str, entropy: bytes
) -> None:
    assume(fits_ticket(caller.subject))
    settings = settings_under(prefix)
    granted: Any = directory_grant.issue_directory_grant(caller, settings, ROLE, NOW, entropy)
    user, *_, grant_id, end = parts = parts_of(granted["dir"] + "x", prefix)
    assert (len(parts), end) == (6, "x")
    assert user == object_key.user_segment(caller.subject)
    body = json.loads(base64.b64decode(granted["callback"]))["callbackBody"]
    ticket = verify_ticket(body.split("&")[0].removeprefix("ticket="), settings.ticket_secret, NOW)
    largest = min(settings.directory_max_bytes, caller.limits.max_bytes)
    assert ticket[:4] == (grant_id, granted["dir"], largest, caller.subject)
    conditions = json.loads(base64.b64decode(granted["policy"]))["conditions"]
    assert ["starts-with", "$key", granted["dir"]] in conditions
    assert ["content-length-range", 0, largest] in conditions


@FEW
@given(one=SUBJECTS, other=SUBJECTS)
@example(one="alice", other="ALICE")
@example(one="", other="_")
def test_no_two_subjects_share_a_folder(one: str, other: str) -> None:
    assume(one != other and fits_ticket(one) and fits_ticket(other))
    folders = [object_key.user_segment(subject) for subject in (one, other)]
    assert folders[0] != folders[1]


ASKED = ("image/png", "text/html", "image/svg+xml", "image/x-png", "application/zip")
PATTERNS = (
    "image/*",
    "image/png",
    "*/*",
    "text/plain",
    "IMAGE/*",
    "*",
    "a/b;c=d",
    "image/\u212a",
    " image/png ",
    "application/x-zip-compressed",
    "image/X-PNG",
)


@FEW
@given(value=st.one_of(texts(*PATTERNS), torn("image/*,text/plain", "*/*")), asked=st.sampled_from(ASKED))
def test_any_list_is_patterns_of_types_or_unexpected(value: str, asked: str) -> None:
    patterns = tried(InvalidValue, read_patterns, value)
    if isinstance(patterns, InvalidValue):
        assert says_nothing_given(str(patterns))
        return
    check_patterns(patterns)
    assert allows(patterns, asked) == lies_within(patterns, asked)


CLAIMED_TYPES = st.lists(st.one_of(st.sampled_from(PATTERNS), ANYTHING), max_size=3)
CLAIMED = st.one_of(
    ANYTHING,
    st.lists(st.sampled_from(PATTERNS), max_size=2).map(lambda types: {"types": types}),
    st.dictionaries(
        texts("max_bytes", "types"), st.one_of(ANYTHING, CLAIMED_TYPES, st.integers()), max_size=2
    ),
)


@FEW
@given(claim=CLAIMED, asked=st.sampled_from(ASKED))
def test_no_claim_widens_what_one_may_upload(claim: object, asked: str) -> None:
    limits = tried(Unauthenticated, partial(narrow, LIMITS), claim)
    if isinstance(limits, Unauthenticated):
        assert claim is not None
        return
    assert type(limits.max_bytes) is int
    assert 0 <= limits.max_bytes <= LIMITS.max_bytes
    claimed = claim.get("types") if isinstance(claim, dict) else None
    theirs = ["*/*"] if claimed is None else ",".join(claimed).lower().replace(" ", "").split(",")
    both = lies_within(LIMITS.types, asked) and lies_within(theirs, asked)
    assert lies_within(limits.types, asked) == both


IDENTITY_SECRET = MARK * 5
FOREVER = 2**33
CLAIMS = {"iss": MARK, "aud": "uploads", "sub": "alice", "exp": FOREVER, "upload": {"max_bytes": 5}}
HEADER = {"alg": "HS256", "typ": "JWT"}
FIND_HS256 = key_sets.read_secret(IDENTITY_SECRET)


def asking(authorization: str | None) -> Request:
    headers = {} if authorization is None else {"authorization": authorization}
    return Request("GET", "/", headers, {}, b"", "", NOW, 0.0)


def token_of(header: object, claims: object) -> str:
    """Sign anything as the identity provider would."""
    message = ".".join(base64url(json.dumps(one).encode()) for one in (header, claims))
    return f"{message}.{mac_of(message, IDENTITY_SECRET)}"


GOOD = token_of(HEADER, CLAIMS)
HEADERS_OF_TOKENS = st.one_of(spoiled(HEADER), spoiled({**HEADER, "kid": "a", "crit": ["b64"]}))
PAYLOADS = st.one_of(
    spoiled({**CLAIMS, "iat": 0, "nbf": 0}),
    SUBJECTS.map(lambda subject: {**CLAIMS, "sub": subject}),
    CLAIMED.map(lambda claimed: {**CLAIMS, "upload": claimed}),
    ANYTHING,
)
AUTHORIZATIONS = st.one_of(
    st.none(),
    TEXT,
    torn(f"Bearer {GOOD}"),
    texts("bearer  ", "Basic ", "").map(lambda scheme: scheme + GOOD),
    HEADERS_OF_TOKENS.map(lambda header: f"Bearer {token_of(header, CLAIMS)}"),
    PAYLOADS.map(lambda claims: f"Bearer {token_of(HEADER, claims)}"),
    st.lists(st.text(LETTERS, max_size=20), max_size=4).map(lambda parts: f"Bearer {'.'.join(parts)}"),
)


@FEW
@given(authorization=AUTHORIZATIONS)
@example(authorization=f"Bearer {'a' * 7200}.a.a")
def test_any_header_is_one_bearer_token_or_unauthenticated(authorization: str | None) -> None:
    token = tried(Unauthenticated, bearer_header.read_bearer, asking(authorization))
    if isinstance(token, Unauthenticated):
        assert isinstance(token, TokenMissing) == (authorization is None)
        return
    assert authorization is not None
    assert authorization.split() == [authorization[:6], token]
    assert authorization[:6].lower() == "bearer"
    assert len(token) < 7 * 1024
    assert [set(part) <= set(LETTERS) for part in token.split(".")] == [True] * 3


@FEW
@given(authorization=AUTHORIZATIONS)
@example(authorization=f"Bearer {token_of(HEADER, {**CLAIMS, 'exp': float('inf')})}")
@example(authorization=f"Bearer {token_of(HEADER, {**CLAIMS, 'sub': ''})}")
def test_any_header_is_a_caller_with_a_whole_token_or_unauthenticated(authorization: str | None) -> None:
    sign_in = bearer.sign_in(FIND_HS256, MARK, "uploads")
    signed_in = partial(authorize, sign_in=sign_in, limits=LIMITS, upload_request=None)
    caller = tried(Unauthenticated, signed_in, asking(authorization))
    if isinstance(caller, Unauthenticated):
        assert authorization != f"Bearer {GOOD}"
        return
    assert authorization is not None
    signed, _, mac = authorization.split()[1].rpartition(".")
    assert mac == mac_of(signed, IDENTITY_SECRET)
    claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    assert claims["iss"] == MARK
    assert claims["aud"] == "uploads" or "uploads" in list(claims["aud"])
    assert claims["exp"] > NOW - 10**9
    assert caller.subject == claims["sub"]
    assert 1 <= len(caller.subject.encode()) <= 128
    assert caller.limits.max_bytes <= LIMITS.max_bytes


@FEW
@given(authorization=AUTHORIZATIONS)
@example(authorization="")
def test_where_anyone_may_upload_no_token_is_taken(authorization: str | None) -> None:
    if authorization is None:
        assert anonymous(asking(None)) == {}
        return
    with pytest.raises(Unauthenticated):
        anonymous(asking(authorization))
