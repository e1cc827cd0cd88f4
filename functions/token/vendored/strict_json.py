"""JSON objects that a page sends, read strictly. Never lives here: what their members mean."""

import json
from collections.abc import Mapping


def read_object(body: bytes, members: "Mapping[str, type]") -> "dict[str, object]":
    """Read a JSON object with exactly these members and types, none twice. Raises `ValueError`."""
    try:
        document = json.loads(body.decode(), object_pairs_hook=_without_repeats)
    except RecursionError:
        raise ValueError from None
    if not isinstance(document, dict) or {name: type(value) for name, value in document.items()} != members:
        raise ValueError
    return document


def _without_repeats(pairs: "list[tuple[str, object]]") -> "dict[str, object]":
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
