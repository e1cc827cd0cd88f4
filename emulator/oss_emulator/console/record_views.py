"""What the page at `/-/` reads out of the record of a refusal or a callback. Pure; judges nothing."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from urllib.parse import parse_qsl

from oss_emulator.console.policy_lines import Line, policy_lines
from oss_emulator.console.text_diff import Difference, decode_text, difference, show_invisible
from oss_emulator.history.records import Attempt, CallbackRecord, RefusalRecord

# The member or condition of a policy that each code or EC is about.
POLICY_PARTS = {
    "0006-00000213": "expiration",
    "EntityTooLarge": "content-length-range",
    "EntityTooSmall": "content-length-range",
}

SHOWN_BYTES = 1_000_000  # of the records of one kind, as JSON; of older records only the summary is shown

_COMPARED = ("expected", "got")
_SHOWN_APART = frozenset({*_COMPARED, "condition", "field"})

Rows = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class RefusalView:
    """One refusal. `why` compares expected and received value; `further` is the rest of the explanation."""

    record: RefusalRecord
    brief: bool = False
    field: str = ""
    condition: str = ""
    why: Difference | None = None
    further: Rows = ()
    policy: Sequence[Line] = ()


@dataclass(frozen=True)
class CallbackView:
    """One callback: its body, the body decoded into `rows` if possible, and its attempts."""

    record: CallbackRecord
    brief: bool = False
    body: str = ""
    body_type: str = ""
    rows: Rows = ()
    attempts: Sequence["AttemptView"] = ()


@dataclass(frozen=True)
class AttemptView:
    """One attempt, its bytes as text. `public_key_url` is decoded from the header x-oss-pub-key-url."""

    url: str
    status: int
    headers: Rows
    public_key_url: str
    string_to_sign: str
    answer_headers: Rows
    answer: str


def refusal_views(records: Sequence[RefusalRecord]) -> list[RefusalView]:
    """Return the views of refusals; older ones are brief if the records are too large together."""
    fitting = _fits(records)
    return [
        refusal_view(record) if fits else RefusalView(record, brief=True)
        for record, fits in zip(records, fitting, strict=True)
    ]


def callback_views(records: Sequence[CallbackRecord]) -> list[CallbackView]:
    """Return the views of callbacks; older ones are brief if the records are too large together."""
    fitting = _fits(records)
    return [
        callback_view(record) if fits else CallbackView(record, brief=True)
        for record, fits in zip(records, fitting, strict=True)
    ]


def _fits(records: Sequence[RefusalRecord] | Sequence[CallbackRecord]) -> list[bool]:
    sizes = (len(json.dumps(asdict(record), default=repr)) for record in records)
    return [total <= SHOWN_BYTES for total in accumulate(sizes)]


def refusal_view(record: RefusalRecord) -> RefusalView:
    """Return the complete view of a refusal."""
    explanation = record.explanation
    condition = explanation.get("condition", "")
    about = POLICY_PARTS.get(record.ec) or POLICY_PARTS.get(record.code, "")
    return RefusalView(
        record=record,
        field=explanation.get("field", ""),
        condition=condition,
        why=_why(explanation, condition),
        further=[(name, text) for name, text in explanation.items() if name not in _SHOWN_APART],
        policy=policy_lines(record.fields["policy"], condition, about) if "policy" in record.fields else (),
    )


def callback_view(record: CallbackRecord) -> CallbackView:
    """Return the complete view of a callback."""
    attempts = [_attempt_view(attempt) for attempt in record.attempts]
    body_type = next((text for one in attempts for name, text in one.headers if name == "Content-Type"), "")
    body = decode_text(record.body)
    rows = _json_rows(body) if "json" in body_type else _form_rows(body)
    return CallbackView(record, body=body, body_type=body_type, rows=rows, attempts=attempts)


def decoded_callback(parameter: str) -> str:
    """Return the JSON of a `callback` field, indented; empty if it is not base64 or not JSON."""
    try:
        members = json.loads(base64.b64decode(parameter, validate=True))
        return json.dumps(members, ensure_ascii=False, indent=2)
    except (binascii.Error, ValueError, RecursionError):
        return ""


def _why(explanation: Mapping[str, str], condition: str) -> Difference | None:
    if not any(name in explanation for name in _COMPARED):
        return None
    expected, got = (explanation.get(name) for name in _COMPARED)
    operator = _operator(condition)
    if expected is not None and got is not None and operator in {"eq", "starts-with"}:
        return difference(expected, got, start_only=operator == "starts-with")
    plain = [None if text is None else show_invisible(text) for text in (expected, got)]
    return Difference(plain[0], plain[1])


def _operator(condition: str) -> str:
    try:
        operator, *_ = json.loads(condition)
    except (ValueError, TypeError, RecursionError):
        return ""
    return str(operator)


def _attempt_view(attempt: Attempt) -> AttemptView:
    headers = list(attempt.headers.items())
    key_url = next((text for name, text in headers if name.lower() == "x-oss-pub-key-url"), "")
    return AttemptView(
        url=attempt.url,
        status=attempt.status,
        headers=headers,
        public_key_url=_base64_text(key_url),
        string_to_sign=decode_text(attempt.string_to_sign),
        answer_headers=list(attempt.answer_headers.items()),
        answer=decode_text(attempt.answer),
    )


def _form_rows(body: str) -> Rows:
    return parse_qsl(body, keep_blank_values=True, errors="surrogateescape")


def _json_rows(body: str) -> Rows:
    try:
        members = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(members, dict):
        return ()
    return [(name, json.dumps(value, ensure_ascii=False)) for name, value in members.items()]


def _base64_text(text: str) -> str:
    try:
        return decode_text(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return ""
