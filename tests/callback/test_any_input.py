"""Whatever a parser is given, it returns what it promises or refuses in its own way, and nothing else."""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from functools import partial
from urllib.parse import quote, unquote_to_bytes, urlencode, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from completion.answer_cache import MAX_ENTRIES, AnswerCache
from completion.callback_keys import REFETCH_SECONDS, PublicKeys
from completion.callback_request import (
    UploadReport,
    file_in_directory,
    read_confirm,
    read_file_ticket,
    read_form,
    read_ticket,
)
from completion.object_proof import Head, Upload, check_type, file_name, verify_object
from completion.rsa_md5 import Verifier
from completion.settings import Settings
from completion.webhook import Response, read_answer
from tests.support.callback_fixtures import DIRECTORY_TICKET, ETAG, STORED, TICKET
from tests.support.hypothesis_settings import FEW, MANY
from tests.support.random_events import ANYTHING, BODIES, TEXT, spoiled, texts
from tests.support.random_inputs import (
    ADDRESSES,
    DIRECTORY_TICKETS,
    ENVIRONMENT,
    FILE_TICKETS,
    MARK,
    NOW,
    SECRET,
    SIZES,
    SPELLED,
    TICKETS,
    UNICODE,
    check_shared,
    environments,
    is_address,
    is_loopback,
    known_by,
    lies_within,
    says_nothing_given,
    torn,
    tried,
    with_one,
)
from vendored.errors import (
    BackendFailed,
    Misconfigured,
    NotStored,
    ObjectDiffers,
    Refusal,
    TypeNotAllowed,
    Unavailable,
    Unverified,
)
from vendored.fc_http import Request
from vendored.media_types import AMBIGUOUS
from vendored.ticket import DirectoryTicket, FileTicket, Ticket, sign_ticket

WEBHOOK_SECRET = "whsec_" + base64.b64encode(MARK.encode() * 5).decode()
VARIABLES = {
    **ENVIRONMENT,
    "OBJECT_URL": ("", *ADDRESSES),
    "UPLOAD_HOST": ("", *ADDRESSES),
    "READ_SECONDS": ("", "0", "900", "3600", "3601", "1e3"),
    "DETECT_TYPE": ("", "true", "false", "yes"),
    "IMAGE_STYLES": (
        "",
        '{"thumb":"image/resize,w_320"}',
        '{"thumb":"image/watermark,image_aHVudGVyMg"}',
        "{",
        "[]",
    ),
    "WEBHOOK_URL": ("https://hunter2.example/hooks?key=hunter2", "http://localhost:8000/", ""),
    "WEBHOOK_SECRET": (WEBHOOK_SECRET, f"{WEBHOOK_SECRET}, {WEBHOOK_SECRET}", "whsec_aHVudGVyMg==", ""),
    "PUBLIC_KEY_PEM": ("", "-----BEGIN hunter2-----"),
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ("hunter2", "development-hunter2"),
}


@MANY
@given(environ=environments(VARIABLES))
def test_any_environment_is_sound_settings_or_says_what_is_wrong(environ: dict[str, str]) -> None:
    settings = tried(Misconfigured, Settings.from_env, environ)
    if isinstance(settings, Misconfigured):
        assert says_nothing_given(settings.detail)
        assert WEBHOOK_SECRET[6:] not in settings.detail
        return
    check_shared(settings)
    assert is_address(settings.object_url)
    assert bool(settings.webhook_url) == bool(settings.webhook_secret)
    if settings.webhook_url:
        parts = urlsplit(settings.webhook_url)
        assert is_address(f"{parts.scheme}://{parts.netloc}")
        assert not parts.fragment
        assert settings.webhook_url.isascii()
    for secret in settings.webhook_secret:
        assert 24 <= len(secret) <= 64
    assert 0 <= settings.read_seconds <= 3600
    if settings.read_seconds:
        assert is_address(settings.upload_host)
    assert settings.read_seconds or not settings.image_styles
    assert set(settings.image_styles.items()) <= {("thumb", "image/resize,w_320")}
    if settings.public_key_pem:
        assert is_loopback(settings.object_url)
    assert MARK * 6 not in repr(settings)


FORM = {
    "ticket": "a.b",
    "bucket": "examplebucket",
    "object": "uploads/图 片+&=%.png",
    "size": "5",
    "etag": ETAG,
}
PAIRS = st.lists(st.tuples(st.sampled_from(sorted(FORM)), st.text(UNICODE, max_size=8)), max_size=6)
FORMS = st.one_of(
    st.permutations(list(FORM.items())).map(urlencode),
    st.fixed_dictionaries({name: st.text(UNICODE, max_size=8) for name in FORM}).map(urlencode),
    PAIRS.map(urlencode),
    torn(urlencode(FORM), *BODIES),
)


@FEW
@given(body=st.one_of(FORMS.map(lambda form: form.encode(errors="surrogatepass")), st.binary(max_size=80)))
@example(body=urlencode(FORM).replace("size=5", "size=%ff").encode())
def test_any_body_is_our_five_fields_or_unverified(body: bytes) -> None:
    form = tried(Unverified, read_form, body)
    if isinstance(form, Unverified):
        assert body not in {urlencode(FORM).encode(), urlencode(dict(reversed(FORM.items()))).encode()}
        return
    assert form.keys() == FORM.keys()
    sent = [part.split(b"=", 1) for part in body.replace(b"+", b" ").split(b"&") if b"=" in part]
    assert sorted((name, value.encode()) for name, value in form.items()) == sorted(
        (unquote_to_bytes(name).decode(), unquote_to_bytes(value)) for name, value in sent if value
    )
    assert all(form.values())


CONFIRMATIONS = st.one_of(
    texts(*BODIES),
    torn('{"ticket": "a.b"}'),
    spoiled({"ticket": "a.b"}).map(json.dumps),
    st.lists(st.sampled_from(["ticket", "Ticket"]), max_size=2).map(
        lambda names: "{" + ", ".join(f'"{name}": "a"' for name in names) + "}"
    ),
)


@FEW
@given(
    body=st.one_of(
        CONFIRMATIONS.map(lambda text: text.encode(errors="surrogatepass")), st.binary(max_size=40)
    )
)
@example(body=b"[" * 60_000)
def test_any_body_is_one_ticket_or_unverified(body: bytes) -> None:
    ticket = tried(Unverified, read_confirm, body)
    if isinstance(ticket, Unverified):
        assert body != b'{"ticket": "a.b"}'
        return
    assert type(ticket) is str
    assert json.loads(body) == {"ticket": ticket}
    assert body.count(b'"ticket"') <= 1


@FEW
@given(
    claims=TICKETS, below=st.sampled_from(["", "uploads/", "uploads", "Uploads/", "/uploads/", "a/uploads/"])
)
def test_a_ticket_is_for_something_below_the_prefix(claims: Ticket, below: str) -> None:
    claims = claims._replace(iat=NOW, exp=NOW + 1)
    where = below + (claims.key if isinstance(claims, FileTicket) else claims.dir)
    granted = claims._replace(key=where) if isinstance(claims, FileTicket) else claims._replace(dir=where)
    ticket = sign_ticket(granted, SECRET)
    for read in (read_ticket, read_file_ticket):
        known = tried(Unverified, partial(read, secrets=[SECRET], prefix="uploads/", now=NOW), ticket)
        if isinstance(known, Unverified):
            directory_by_page = read is read_file_ticket and isinstance(granted, DirectoryTicket)
            assert directory_by_page or not where.startswith("uploads/")
            assert known.upload_id == granted.id
        else:
            assert known == granted
            assert where.startswith("uploads/")
            assert isinstance(known, FileTicket) or read is read_ticket


REPORTED = with_one(
    {"object": "photo.png", "size": "5"},
    {
        "object": st.one_of(
            torn("photo.png"), texts(".", "..", "...", "a/b", "a\\b", "", "\x85"), st.text(UNICODE)
        ),
        "size": st.one_of(SIZES.map(str), torn("5"), texts("05", "٣")),
    },
)


@FEW
@given(ticket=DIRECTORY_TICKETS, reported=REPORTED)
@example(ticket=DIRECTORY_TICKET, reported={"object": "..", "size": "5"})
@example(ticket=DIRECTORY_TICKET, reported={"object": "photo.png", "size": "10"})
def test_a_directory_grant_is_for_one_segment_and_no_more_bytes(
    ticket: DirectoryTicket, reported: dict[str, str]
) -> None:
    folder, name, size = f"{ticket.dir}/", reported["object"], reported["size"]
    ticket = ticket._replace(dir=folder)
    for key in (folder + name, name):
        form = {**FORM, "object": key, "size": size}
        claim = tried(Unverified, partial(file_in_directory, ticket), form)
        if isinstance(claim, Unverified):
            assert (key, size) != (folder + "photo.png", str(ticket.max))
            continue
        assert claim == FileTicket(ticket.id, key, int(size), ticket.sub, ticket.iat, ticket.exp)
        assert str(claim.size) == size
        assert 0 <= claim.size <= ticket.max
        parent, _, last = claim.key.rpartition("/")
        assert f"{parent}/" == folder
        assert last not in {"", ".", ".."}
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\\]", last)


OSS_KEYS = [
    f"http{s}://gosspublic.alicdn.com/callback_pub_key_v{n}.pem" for s in ("", "s") for n in range(1, 100)
]
SOME_KEYS = OSS_KEYS[:3] + OSS_KEYS[-1:]


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode(errors="surrogatepass")).decode()


ANOTHER = base64_of(OSS_KEYS[1])
NAMED = st.one_of(
    st.just(ANOTHER),
    st.sampled_from(SOME_KEYS).map(base64_of),
    torn(*SOME_KEYS).map(base64_of),
    torn(ANOTHER, *SOME_KEYS),
    TEXT,
)
ASKED = st.lists(
    st.tuples(NAMED, st.sampled_from([0, 1, 299, 300, 599, 600, 601]), st.booleans()), min_size=1, max_size=12
)


@FEW
@given(asked=ASKED)
@example(asked=[(ANOTHER, 0, True), (ANOTHER, 599, False), (ANOTHER, 1, False)])
@example(asked=[(base64_of(OSS_KEYS[1] + "?"), 0, False)])
@example(asked=[(base64_of(OSS_KEYS[1].replace("gosspublic.", "gosspublicX")), 0, False)])
def test_only_keys_of_oss_are_fetched_and_each_once_in_its_time(asked: list[tuple[str, int, bool]]) -> None:
    fetched: list[tuple[str, float]] = []
    broken: list[bool] = []

    def published(_: bytes, __: bytes) -> bool:
        return True

    def fetch(url: str, request: Request) -> Verifier | None:
        fetched.append((url, request.received_at))
        if broken[-1]:
            raise TimeoutError
        return lambda _, __: url == ""

    keys, now = PublicKeys(published, fetch), 0.0
    for header, later, fails in asked:
        now += later
        broken.append(fails)
        request = Request("POST", "/callback", {"x-oss-pub-key-url": header}, {}, b"", "", NOW, now)
        with suppress(TimeoutError):
            found = tried(Unverified, keys.find, request)
            if isinstance(found, Unverified):
                assert header not in {base64_of(url) for url in OSS_KEYS}
                continue
            url = base64.b64decode(header, validate=True).decode()
            assert url in OSS_KEYS
            assert (found is published) == url.endswith("callback_pub_key_v1.pem")
            assert re.sub("^https?", "https", url) in {one for one, _ in fetched} or found is published
    for url, at in fetched:
        assert re.fullmatch(r"https://gosspublic\.alicdn\.com/callback_pub_key_v[1-9][0-9]?\.pem", url)
        assert not url.endswith("_v1.pem")
        others = sorted(moment for one, moment in fetched if one == url and moment >= at)
        assert others[0] == at
        assert all(moment - at >= REFETCH_SECONDS for moment in others[1:])


ANSWERS = st.one_of(
    st.dictionaries(TEXT, ANYTHING, max_size=3).map(json.dumps),
    ANYTHING.map(json.dumps),
    torn('{"url": "https://example.com/1"}', '{"a": NaN}', '{"a": 1e400}'),
)


@FEW
@given(
    status=st.one_of(st.sampled_from([200, 201, 204, 299]), st.integers(100, 599)),
    body=st.one_of(ANSWERS.map(lambda text: text.encode(errors="surrogatepass")), st.binary(max_size=40)),
)
@example(status=200, body=b'{"a": ' + b"[" * 16_000)
@example(status=200, body=b'{"a": ' + b"9" * 16_000 + b"}")
@example(status=200, body=b'{"a": -Infinity}')
@example(status=200, body=b'{"a": "' + b"a" * 16_376 + b'"}')
@example(status=200, body=b'{"a": "' + b"a" * 16_375 + b'"}')
def test_any_answer_of_a_backend_is_strict_json_or_a_failure_of_it(status: int, body: bytes) -> None:
    answer = tried(BackendFailed, read_answer, Response(status, {}, body))
    if isinstance(answer, BackendFailed):
        assert says_nothing_given(answer.detail)
        return
    assert 200 <= status <= 299
    assert len(body) <= 16 * 1024
    assert type(answer) is dict
    assert json.loads(json.dumps(answer, allow_nan=False), parse_constant=int) == answer


NAMES_OF_HEADERS = [name.lower() for name in STORED] + ["content-encoding", "x-oss-version-id"]
HEAD = {name.lower(): value for name, value in STORED.items()}
HEADERS = st.one_of(
    st.dictionaries(texts(*NAMES_OF_HEADERS), texts(*STORED.values(), "Archive", '"'), max_size=6),
    with_one(
        HEAD,
        {
            name: st.one_of(torn(HEAD.get(name, "gzip")), texts("5, 5", "6", "IA"))
            for name in NAMES_OF_HEADERS
        },
    ),
)


@FEW
@given(
    ticket=st.one_of(FILE_TICKETS, FILE_TICKETS.map(lambda ticket: ticket._replace(size=5))),
    status=st.one_of(st.sampled_from([200] * 8 + [201, 206, 404]), st.integers(100, 599)),
    headers=HEADERS,
    in_directory=st.booleans(),
)
@example(ticket=TICKET, status=200, headers=HEAD, in_directory=False)
@example(ticket=TICKET, status=200, headers={**HEAD, "content-length": "6"}, in_directory=False)
@example(ticket=TICKET, status=200, headers={**HEAD, "content-length": "5, 5"}, in_directory=False)
@example(ticket=TICKET._replace(key="a/\u202egnp.exe\u2028"), status=200, headers=HEAD, in_directory=True)
def test_any_answer_of_oss_is_the_granted_upload_or_a_refusal(
    ticket: FileTicket,
    status: int,
    headers: dict[str, str],
    in_directory: bool,  # noqa: FBT001 - a case, not a switch
) -> None:
    report = UploadReport(ticket, None, in_directory)
    upload = tried(Refusal, partial(verify_object, report, allowed_types=("image/*",)), Head(status, headers))
    if isinstance(upload, Refusal):
        assert type(upload) in {NotStored, ObjectDiffers, TypeNotAllowed, Unavailable}
        assert isinstance(upload, NotStored) == (status == 404)
        assert says_nothing_given(upload.detail or upload.code)
        return
    assert status == 200
    assert (upload.id, upload.key, upload.size, upload.user) == (
        ticket.id,
        ticket.key,
        ticket.size,
        ticket.sub,
    )
    assert int(headers["content-length"]) == ticket.size
    assert re.fullmatch(r"[0-9A-Za-z-]{1,128}", upload.etag)
    assert headers["etag"].strip('"') == upload.etag
    assert upload.type == headers.get("content-type", "")
    assert upload.expires_at == ticket.exp
    if in_directory:
        assert len(upload.name) == len(ticket.key.rpartition("/")[2])
        assert not set(upload.name) & set("\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069")
    assert headers.get("x-oss-storage-class", "Standard") in {"Standard", "IA"}
    assert not headers.keys() & {"content-encoding", "x-oss-version-id"}


@FEW
@given(
    name=st.text(UNICODE, min_size=1, max_size=80), other=st.one_of(TEXT, torn(STORED["Content-Disposition"]))
)
def test_any_name_of_a_grant_is_found_and_any_other_header_is_no_failure(name: str, other: str) -> None:
    assert file_name(f"attachment; filename=\"_\"; filename*=UTF-8''{quote(name, safe='')}") == name
    found = file_name(other)
    assert type(found) is str
    assert not found or "filename*=UTF-8''" in other


TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


def browsers_type(header: str) -> str | None:
    """Extract a media type as browsers do (Fetch, "extract a MIME type"; MIME Sniffing, "parse")."""
    found = None
    for value in re.findall(r'((?:[^",]|"(?:\\.|[^"\\])*(?:"|\\?$))*)(?:,|$)', header, re.DOTALL):
        essence = value.strip(" \t\r\n").partition(";")[0].rstrip(" \t\r\n")
        if re.fullmatch(f"{TOKEN}/{TOKEN}", essence) and essence != "*/*":
            found = essence.lower()
    return found


LATIN = st.characters(max_codepoint=255)  # what a header can bring
PIECES = (
    "image/png",
    "text/html",
    "IMAGE/GIF",
    ",",
    ";",
    " ",
    "\t",
    "charset=utf-8",
    '"',
    "\\",
    "/",
    "*/*",
    "a",
    "\x0b",
)
STORED_TYPES = st.one_of(
    st.lists(st.one_of(st.sampled_from(PIECES), LATIN), max_size=6).map("".join),
    st.lists(st.sampled_from(PIECES[:3] + SPELLED), min_size=1, max_size=2).map(", ".join),
    torn("image/png", "image/png, image/gif;a=b", 'image/png;a="b,c";d').filter(
        lambda text: max(text, default="") <= "\xff"
    ),
)


@MANY
@given(
    stored=STORED_TYPES,
    allowed=st.sampled_from(
        [("image/*",), ("image/png", "text/csv"), ("image/png", "application/zip"), ("*/*",)]
    ),
    key=st.sampled_from(["in/a.png", "in/a.csv", "in/a.zip", "in/a.html", "in/a"]),
)
@example(stored='image/png;a=",text/html', allowed=("image/*",), key="in/a.png")
@example(stored="image/png\xa0", allowed=("image/*",), key="in/a.png")
@example(stored="video/webm;codecs=vp8,opus", allowed=("video/*",), key="in/a.webm")
@example(stored="text/html", allowed=("text/csv",), key="in/a.csv")
def test_what_a_browser_takes_for_the_type_is_allowed(
    stored: str, allowed: tuple[str, ...], key: str
) -> None:
    refused = tried(TypeNotAllowed, partial(check_type, allowed=allowed, key=key), stored)
    if isinstance(refused, TypeNotAllowed):
        assert stored not in {"image/png", "image/png, image/png"}
        return
    taken = browsers_type(stored)
    assert taken is not None
    # or it is one that is said of several kinds of file, and the name decided
    assert lies_within(allowed, taken) or (known_by(taken) in AMBIGUOUS and key[-3:] in {"csv", "zip"})


UPLOADS = [
    Upload("01abc", key, 5, etag, kind, "a.png", "", NOW)
    for key in ("a", "b")
    for etag in ("x", "y")
    for kind in ("image/png", "image/gif")
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["recall", "keep", "fail", "fail to confirm", "fill"]),
        st.sampled_from(UPLOADS),
        st.sampled_from([0, 1, 2, 3, 599, 600]),
    ),
    max_size=20,
)


@FEW
@given(steps=STEPS)
def test_what_is_remembered_is_ones_own_and_bounded(steps: list[tuple[str, Upload, int]]) -> None:
    answers, now = AnswerCache(), 0.0
    kept: dict[str, tuple[float, str]] = {}  # until when, which answer, by what the upload is
    failed: dict[tuple[str, str | None], float] = {}  # until when
    for number, (step, upload, later) in enumerate(steps):
        now += later
        if step == "keep":
            answers.keep(upload, f"answer {number}", now)
            kept[repr(upload)] = (now + 600, f"answer {number}")
            failed.pop((upload.key, upload.etag), None)
            failed.pop((upload.key, None), None)
        elif step.startswith("fail"):
            about = (upload.key, upload.etag if step == "fail" else None)
            answers.keep_failure(*about, now)
            failed[about] = now + 2
        elif step == "fill":
            for other in range(MAX_ENTRIES):
                answers.keep(upload._replace(key=f"{number} {other}"), "{}", now)
                answers.keep_failure(f"{number} {other}", None, now)
            kept.clear()
            failed.clear()
        until, answer = kept.get(repr(upload), (now, ""))
        assert answers.recall(upload, now) == (answer if until > now else None)
        for etag in (upload.etag, None):
            hasty = tried(Unavailable, partial(answers.refuse_haste, etag=etag, now=now), upload.key)
            assert isinstance(hasty, Unavailable) == (failed.get((upload.key, etag), now) > now)
        assert max(len(answers._answers), len(answers._failures)) <= MAX_ENTRIES
