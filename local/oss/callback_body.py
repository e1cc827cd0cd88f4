"""The body of a callback: the template with its variables filled in, encoded as OSS does it.

Source: OSS Callback page; form encoding (upper-case hex, `/` as %2F) and JSON encoding (strings with their
quotes, numbers bare, `/` not escaped, null for what is missing) from published captures. A template that does
not become valid JSON is sent as it is.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from oss.callback_parameter import JSON
from oss.store import StoredObject

Variables = Mapping[str, str | int | None]

_VARIABLE = re.compile(r"\$\{([^{}$]*)\}")


def upload_variables(
    stored: StoredObject, *, bucket: str, request_id: str, client_ip: str, fields: Mapping[str, str]
) -> Variables:
    """Everything a PostObject callback may insert. `x:` fields are variables by their lower-case name."""
    custom = {name: value for name, value in fields.items() if name.startswith("x:")}
    return {
        **custom,
        "bucket": bucket,
        "object": stored.key,
        "etag": stored.etag,
        "size": stored.size,
        "mimeType": stored.headers["Content-Type"],
        "crc64": stored.crc64,
        "contentMd5": stored.content_md5,
        "clientIp": client_ip,
        "reqId": request_id,
        "operation": "PostObject",
    }


def callback_body(template: str, body_type: str, variables: Variables) -> bytes:
    """Fill in the template. Constants pass unchanged; only inserted values are encoded."""
    encode = _json_value if body_type == JSON else _form_value
    return _VARIABLE.sub(lambda found: encode(variables.get(found[1])), template).encode()


def _form_value(value: str | int | None) -> str:
    # A space as %20 is unconfirmed (no capture has one).
    return "" if value is None else quote(str(value), safe="")


def _json_value(value: str | int | None) -> str:
    return json.dumps(value, ensure_ascii=False)
