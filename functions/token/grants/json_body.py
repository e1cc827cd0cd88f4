"""The JSON that a page sends to the token function, and its refusal."""

from collections.abc import Mapping

from vendored import strict_json
from vendored.errors import Malformed


def read_object(body: bytes, members: "Mapping[str, type]") -> "dict[str, object]":
    """Read a JSON object with exactly these members, of exactly these types. Raises `Malformed`."""
    try:
        return strict_json.read_object(body, members)
    except ValueError:
        detail = f"The body must be a JSON object with {' and '.join(members)}."
        raise Malformed("body_malformed", detail) from None
