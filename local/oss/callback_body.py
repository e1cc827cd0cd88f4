"""The body of a callback: the template with its variables filled in, encoded as OSS does it.

Source: OSS Callback page; form encoding (upper-case hex, `/` as %2F) and JSON encoding (strings with their
quotes, numbers bare, `/` not escaped, null for what is missing) from published captures. A template that does
not become valid JSON is sent as it is.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

from oss.callback_parameter import JSON

Variables = Mapping[str, str | int | None]

_VARIABLE = re.compile(r"\$\{([^{}$]*)\}")


def names_of(template: str) -> frozenset[str]:
    """Return the names of the variables that `template` has."""
    return frozenset(_VARIABLE.findall(template))


def callback_body(template: str, body_type: str, variables: Variables, switches: Mapping[str, str]) -> bytes:
    """Fill in the template. Constants pass unchanged; only inserted values are encoded.

    Switches `form_space` and `json_missing_variable` say what no document does.
    """
    if body_type == JSON:
        missing = "" if switches["json_missing_variable"] == "empty" else None
        filled = _VARIABLE.sub(lambda found: _json_value(variables.get(found[1]), missing), template)
    else:
        escape = quote_plus if switches["form_space"] == "+" else quote
        filled = _VARIABLE.sub(lambda found: escape(_text(variables.get(found[1])), safe=""), template)
    return filled.encode()


def _text(value: str | int | None) -> str:
    return "" if value is None else str(value)


def _json_value(value: str | int | None, missing: str | None) -> str:
    return json.dumps(missing if value is None else value, ensure_ascii=False)
