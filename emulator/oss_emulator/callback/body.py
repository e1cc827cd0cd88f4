"""The body of a callback: the template with its variables filled in, encoded as OSS does it.

Source: OSS Callback page; form encoding (upper-case hex, `/` as %2F) and JSON encoding (strings with their
quotes, numbers bare, `/` not escaped, null for what is missing) from published captures. A template that does
not become valid JSON is sent as it is.
"""

import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

from oss_emulator.callback.delivery import CallbackFailed
from oss_emulator.callback.parameter import JSON

Variables = Mapping[str, str | int | None]

MAX_BODY_BYTES = 256 * 1024  # ours: a template may insert one large value hundreds of times

_VARIABLE = re.compile(r"\$\{([^{}$]*)\}")


def variable_names(template: str) -> frozenset[str]:
    """Return the names of the variables in `template`."""
    return frozenset(_VARIABLE.findall(template))


def fill_template(template: str, body_type: str, variables: Variables, switches: Mapping[str, str]) -> bytes:
    """Fill in the template. Constants are not changed; only inserted values are encoded.

    The switches `form_space` and `json_missing_variable` decide what no document says. Raises CallbackFailed
    for a body that would be longer than MAX_BODY_BYTES.
    """
    values: dict[str, bytes] = {}
    body = bytearray()
    for constant, name in _split(template):
        if name is not None and name not in values:
            values[name] = _encode(variables.get(name), body_type, switches).encode()
        body += constant.encode() + (values[name] if name is not None else b"")
        if len(body) > MAX_BODY_BYTES:
            raise CallbackFailed("The callback body is too long.")
    return bytes(body)


def _split(template: str) -> Iterator[tuple[str, str | None]]:
    """Yield each constant with the variable that follows it; the last has none."""
    end = 0
    for found in _VARIABLE.finditer(template):
        yield template[end : found.start()], found[1]
        end = found.end()
    yield template[end:], None


def _encode(value: str | int | None, body_type: str, switches: Mapping[str, str]) -> str:
    if body_type == JSON:
        return _json_value(value, "" if switches["json_missing_variable"] == "empty" else None)
    escape = quote_plus if switches["form_space"] == "+" else quote
    return escape(_text(value), safe="")


def _text(value: str | int | None) -> str:
    return "" if value is None else str(value)


def _json_value(value: str | int | None, missing: str | None) -> str:
    return json.dumps(missing if value is None else value, ensure_ascii=False)
