"""A form's policy for the page at `/-/`: decoded, one condition per line, the failed one marked."""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One line of a policy; `failed` if the form was refused because of it."""

    text: str
    failed: bool = False


def policy_lines(policy: str, failed_condition: str, about: str) -> Sequence[Line]:
    """Return the decoded policy. A text that is not base64 or not a JSON object is returned as it is.

    `failed_condition` is a condition in its list form, such as `["eq", "$key", "a"]`. `about` is the name of
    the member, or the operator of the conditions, that the form was refused for, such as `expiration`.
    """
    text = _decoded(policy)
    document = _json(text)
    if isinstance(document, _Members):
        with suppress(RecursionError):  # nested more deeply than Python's recursion limit
            return [Line("{"), *_members(document, _json(failed_condition), about), Line("}")]
    return [Line(line) for line in text.split("\n")]


class _Members(list[tuple[str, object]]):
    """A JSON object as a list of its members. Duplicate names are kept: OSS refuses a policy for them."""


def _members(document: _Members, failed: object, about: str) -> Iterator[Line]:
    for at, (name, value) in enumerate(document, 1):
        comma = "," if at < len(document) else ""
        if name != "conditions" or isinstance(value, _Members) or not isinstance(value, list):
            yield Line(f"  {_compact_json(name)}: {_compact_json(value)}{comma}", name == about)
            continue
        yield Line(f"  {_compact_json(name)}: [")
        for number, condition in enumerate(value, 1):
            more = "," if number < len(value) else ""
            yield Line(
                f"    {_compact_json(condition)}{more}", _is_about(_list_form(condition), failed, about)
            )
        yield Line(f"  ]{comma}")


def _is_about(condition: object, failed: object, about: str) -> bool:
    if isinstance(condition, list) and condition and condition[0] == about:
        return True
    return failed is not None and condition == failed


def _list_form(condition: object) -> object:
    """Return the list form of `{"field": "value"}`, and any other condition as it is."""
    if isinstance(condition, _Members) and len(condition) == 1:
        name, value = condition[0]
        return ["eq", f"${name}", value]
    return condition


def _compact_json(value: object) -> str:
    """Return JSON in one line, with duplicate names and without escapes for printable characters."""
    if isinstance(value, _Members):
        return (
            "{" + ", ".join(f"{_compact_json(name)}: {_compact_json(member)}" for name, member in value) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_compact_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _decoded(policy: str) -> str:
    try:
        return base64.b64decode(policy, validate=True).decode(errors="surrogateescape")
    except (binascii.Error, ValueError):
        return policy


def _json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        return None
