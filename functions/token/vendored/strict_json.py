"""JSON objects that others write, read strictly. Never lives here: what their members mean."""

import json
from collections.abc import Mapping


def read_object(body: bytes, members: "Mapping[str, type]") -> "dict[str, object]":
    """Read a JSON object with exactly these members and types, none twice. Raises `ValueError`."""
    document = parse_object(body)
    if {name: type(value) for name, value in document.items()} != members:
        raise ValueError
    return document


def parse_object(body: bytes) -> "dict[str, object]":
    """Read a JSON object in which no member stands twice, at any depth, and no number is NaN.

    Raises `ValueError`.
    """
    try:
        document = json.loads(body.decode(), object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except RecursionError:
        raise ValueError from None
    if not isinstance(document, dict):
        raise ValueError  # noqa: TRY004 - its content is wrong, not its Python type
    return document


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _without_repeats(pairs: "list[tuple[str, object]]") -> "dict[str, object]":
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
