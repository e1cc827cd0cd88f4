"""Random requests for grants, and random changes of a grant: only the granted file is completed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from unicodedata import normalize
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.application import build
from oss_emulator.switches import SWITCHES
from tests.support.emulator.scene import BOUNDARY, BUCKET, NOW, TEMPORARY, Scene, file_part, json_reply, part
from tests.support.fc_events import ask, fc_event
from tests.support.hypothesis_settings import MANY
from tests.support.random_inputs import known_by, lies_within
from vendored.fc_http import Clock, Handler
from vendored.media_types import DEFAULT_TYPES
from vendored.ticket import FileTicket, verify_ticket

SECRET = "a-ticket-secret-of-more-than-32-bytes"
MOST = 2000
ENVIRON = {
    "UPLOAD_BUCKET": BUCKET,
    "OSS_REGION": "cn-hangzhou",
    "UPLOAD_HOST": "https://upload.example.com",
    "CALLBACK_URL": "https://callback.example.com",
    "TICKET_SECRET": SECRET,
    "ALLOWED_ORIGINS": "https://www.example.com",
    "ALLOW_ANONYMOUS": "true",
    "MAX_BYTES": str(MOST),
    "ALIBABA_CLOUD_ACCESS_KEY_ID": TEMPORARY.access_key_id,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": TEMPORARY.access_key_secret,
    "ALIBABA_CLOUD_SECURITY_TOKEN": TEMPORARY.security_token,
}
KINDS = ("image/png", "video/mp4", "application/pdf", "text/plain", "application/octet-stream", "text/html")
SPELLED = (
    "",
    "application/x-zip-compressed",
    "IMAGE/JPG",
    "application/vnd.ms-excel",
    "application/javascript",
)
NAMES = ("a.html", "a.svg", "a.csv", "A.ZIP", "a.png")
FIELDS = (
    "key",
    "x-oss-content-type",
    "Content-Disposition",
    "x-oss-forbid-overwrite",
    "x-oss-object-acl",
    "x-oss-storage-class",
    "success_action_status",
    "callback",
    "x-oss-credential",
    "x-oss-date",
    "x-oss-security-token",
    "policy",
    "x-oss-signature",
)
ADDED = (
    "x-oss-meta-a",
    "Content-Encoding",
    "Content-Type",
    "Cache-Control",
    "success_action_redirect",
    "callback-var",
    "x-oss-tagging",
    "OSSAccessKeyId",
    "Signature",
)
DANGEROUS = ("", "public-read", "public-read-write", "false", "text/html", "inline", "Archive", "gzip", "*")
VALUES = st.one_of(
    st.sampled_from(DANGEROUS),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30),
)
Fields = list[tuple[str, str]]
# Should OSS check one of two fields and store by the other, nobody's policy would hold; the doctor tries it.
CHECKED_IS_NOT_STORED = "doubled_field=first_checked_last_stored"
BEHIND = "move behind the file"
# what somebody makes of the fields before the file
MADE: Mapping[str, Callable[[Fields, str, str], Fields]] = {
    "drop": lambda fields, name, _: [one for one in fields if one[0] != name],
    BEHIND: lambda fields, name, _: [one for one in fields if one[0] != name],
    "replace": lambda fields, name, value: [(n, value if n == name else text) for n, text in fields],
    "double before": lambda fields, name, value: [(name, value), *fields],
    "double after, or add": lambda fields, name, value: [*fields, (name, value)],
    "other letters": lambda fields, name, _: [(n.swapcase() if n == name else n, text) for n, text in fields],
    "other unicode": lambda fields, name, _: [
        (n, normalize("NFD", text) if n == name else text) for n, text in fields
    ],
    "reorder": lambda fields, _, __: fields[::-1],
}


class Change(NamedTuple):
    """One change of a form before it is sent."""

    what: str
    name: str
    value: str
    content: bytes


CHANGES = st.builds(
    Change,
    what=st.sampled_from(tuple(MADE)),
    name=st.sampled_from(FIELDS + ADDED),
    value=VALUES,
    content=st.sampled_from([b"hello", b"hello!", b"hell", b"HELLO"]),
)
POSITIONS = st.fixed_dictionaries({one.name: st.sampled_from(one.values) for one in SWITCHES}).map(
    lambda chosen: ",".join(f"{name}={value}" for name, value in chosen.items())
)


@pytest.fixture(scope="module")
def handler() -> Handler:
    numbers = itertools.count()
    return build(ENVIRON, Clock(lambda: NOW, lambda: 0.0), lambda size: next(numbers).to_bytes(size, "big"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("bucket"))


def post(scene: Scene, before: Fields, content: bytes, after: Fields) -> int:
    parts = [part(name, value) for name, value in before]
    parts += [file_part(content), *(part(name, value) for name, value in after)]
    return scene.send(b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()).status


def about(stored: Any) -> tuple[int, str, str, str]:
    """Return the properties of a stored object that a grant fixes."""
    headers = {name.lower(): value for name, value in stored.headers.items()}
    return stored.size, stored.acl, headers.get("content-type", ""), headers.get("content-disposition", "")


def what_is_granted(handler: Handler, name: str, size: int, kind: str) -> Any:
    return ask(handler, fc_event("/", {"name": name, "size": str(size), "type": kind}))


@MANY
@given(
    name=st.one_of(st.text(max_size=60), st.sampled_from(NAMES)),
    size=st.integers(-1, MOST + 1),
    kind=st.one_of(st.sampled_from(KINDS + SPELLED), st.text()),
)
def test_what_is_granted_is_taken_and_the_rest_is_refused(
    handler: Handler, scene: Scene, name: str, size: int, kind: str
) -> None:
    answer = what_is_granted(handler, name, size, kind)
    if answer.status != 200:
        assert answer.status in {400, 413, 415}
        return
    grant = answer.content
    scene.replies[:] = [json_reply()]
    assert post(scene, list(grant["fields"].items()), b"x" * size, []) == 200
    stored = scene.stored(grant["key"])
    granted = grant["fields"]["x-oss-content-type"]
    assert about(stored) == (size, "private", granted, grant["fields"]["Content-Disposition"])
    assert lies_within(DEFAULT_TYPES.split(","), granted)
    assert granted == known_by(kind.lower()) or kind in {"", "application/vnd.ms-excel"}
    assert verify_ticket(grant["ticket"], [SECRET], NOW).key == grant["key"]  # type: ignore[union-attr]  # a file's


@MANY
@given(change=CHANGES, positions=POSITIONS)
def test_whatever_is_made_of_a_grant_only_what_was_granted_is_believed(
    handler: Handler, scene: Scene, change: Change, positions: str
) -> None:
    grant = what_is_granted(handler, "图é.png", 5, "image/png").content
    fields = list(grant["fields"].items())
    scene.set(switches=positions)
    scene.replies[:] = [json_reply()]
    scene.called.clear()
    behind = [one for one in fields if change.what == BEHIND and one[0] == change.name]
    post(scene, MADE[change.what](fields, change.name, change.value), change.content, behind)
    stored = scene.stored(grant["key"])
    assert stored is None or scene.called, "nothing is stored that nobody was told of"
    for _, body in scene.called:
        told = dict(parse_qsl(body.decode()))
        ticket = verify_ticket(told["ticket"], [SECRET], NOW)
        assert isinstance(ticket, FileTicket)
        if (told["object"], told["size"], told["bucket"]) == (ticket.key, str(ticket.size), BUCKET):
            # this is what the callback function believes, and then asks OSS about
            assert stored.size == 5
            if not (change.what.startswith("double") and CHECKED_IS_NOT_STORED in positions):
                disposition = grant["fields"]["Content-Disposition"]
                assert about(stored) == (5, "private", "image/png", disposition)
