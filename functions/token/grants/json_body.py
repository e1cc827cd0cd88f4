"""The JSON that a page sends. Never lives here: what its members mean."""

import json
from collections.abc import Mapping

from vendored.errors import Malformed


def read_object(body: bytes, members: "Mapping[str, type]") -> "dict[str, object]":
    """Read a JSON object with exactly these members, of exactly these types. Raises `Malformed`."""
    try:
        document = json.loads(body.decode(), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or {name: type(value) for name, value in document.items()} != members:
        raise Malformed("body_malformed", f"The body must be a JSON object with {' and '.join(members)}.")
    return document


def _without_repeats(pairs: "list[tuple[str, object]]") -> "dict[str, object]":
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
