"""The last requests of any kind, kept as they came and read out when somebody looks.

A request costs one small tuple. Signatures and tokens are never read out: of a query only what is no part of
a signature, and of an Authorization only who signed.
"""

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus, urlencode

from oss_emulator.addressing import bucket_in_host
from oss_emulator.auth.request_signature import claimed_signature
from oss_emulator.history.redaction import shorten
from oss_emulator.http_messages import Answer, Request

KEPT_REQUESTS = 500
KEPT_CHARACTERS = 4096  # of the target, which has the longest key percent-encoded, and of each other text
RESET = 0  # the status of a request whose connection was reset

_SIGNED_BY = frozenset(
    """
    accesskeyid expires ossaccesskeyid security-token signature x-oss-additional-headers x-oss-credential
    x-oss-date x-oss-expires x-oss-security-token x-oss-signature x-oss-signature-version
    """.split()  # noqa: SIM905 - a list would be one name on a line
)


class Entry(NamedTuple):
    """One request as it is kept: texts as they were sent, cut; a time in seconds since 1970."""

    time: float
    seconds: float
    request_id: str
    bucket: str
    named_by_host: bool
    method: str
    target: str
    authorization: str
    form_key: str
    form_signer: str
    status: int
    code: str
    ec: str
    received_bytes: int
    sent_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class RequestRecord:
    """One request. `status` is 0 if the connection was reset; `code` and `ec` are those of a refusal.

    `time` is in seconds since 1970; `milliseconds` are those until the answer began. `query` is without a
    signature. `signature` is V1, V4, either with ` presigned` or ` form`, or `anonymous`; both it and
    `access_key_id` are what the request says. Bytes are those of the bodies, and `sent_bytes` None if they
    were not known when the answer began.
    """

    time: float
    request_id: str
    bucket: str
    method: str
    key: str
    query: str
    status: int
    code: str
    ec: str
    milliseconds: float
    received_bytes: int
    sent_bytes: int | None
    access_key_id: str
    signature: str


def entry(
    request: Request, answer: Answer | None, bucket: str, request_id: str, *, started: float, seconds: float
) -> Entry:
    """Return what is kept of a request; without an answer its connection was reset."""
    notes = request.notes
    return Entry(
        started,
        seconds,
        request_id,
        bucket[:KEPT_CHARACTERS],
        bool(bucket_in_host(request)),
        request.method[:KEPT_CHARACTERS],
        request.target[:KEPT_CHARACTERS],
        request.headers.get("authorization", "")[:KEPT_CHARACTERS],
        notes.get("key", "")[:KEPT_CHARACTERS],
        notes.get("signer", "")[-KEPT_CHARACTERS:],  # its end says which signature
        answer.status if answer else RESET,
        notes.get("code", ""),
        answer.headers.get("x-oss-ec", "") if answer else "",
        request.body.received_bytes,
        _sent_bytes(request, answer),
    )


def read_entry(kept: Entry) -> RequestRecord:
    """Return the record that people and tests read."""
    path, _, query = kept.target.partition("?")
    key_id, signature = _signer(kept, query)
    return RequestRecord(
        time=kept.time,
        request_id=kept.request_id,
        bucket=kept.bucket,
        method=shorten(kept.method),
        key=kept.form_key or _key(kept, path),
        query=urlencode(
            [(n, v) for n, v in parse_qsl(query, keep_blank_values=True) if n.lower() not in _SIGNED_BY]
        ),
        status=kept.status,
        code=kept.code,
        ec=kept.ec,
        milliseconds=round(max(0.0, kept.seconds) * 1000, 1),
        received_bytes=kept.received_bytes,
        sent_bytes=kept.sent_bytes,
        access_key_id=key_id,
        signature=signature,
    )


def _key(kept: Entry, path: str) -> str:
    """Return the key as `addressing.key_of` finds it, but of any path."""
    path = path.removeprefix("/")
    first, _, rest = path.partition("/")
    return unquote_plus(rest if first == kept.bucket and not kept.named_by_host else path, errors="replace")


def _signer(kept: Entry, query: str) -> tuple[str, str]:
    if not kept.form_signer:
        return claimed_signature(kept.authorization, query)
    key_id, _, version = kept.form_signer.rpartition(" ")
    return (key_id, f"{version} form") if key_id else ("", version)


def _sent_bytes(request: Request, answer: Answer | None) -> int | None:
    if answer is None or request.method == "HEAD":
        return 0
    if isinstance(answer.body, bytes):
        return len(answer.body)
    length = answer.headers.get("Content-Length")
    return None if length is None else int(length)
