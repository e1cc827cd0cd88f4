"""The text of a policy: base64, UTF-8 and JSON to a JSON object, with OSS's faults for each. Pure.

What the members mean is read in `policy`. Source: EC pages 0006-00000202, -203, -204; PostObject errors page
for the wording of JSON faults.
"""

import base64
import binascii
import json

from oss.errors import OssError


class Members(list[tuple[str, object]]):
    """A JSON object with its members in order, doubled names kept: a condition may have only one."""


def read_members(policy_base64: str) -> Members:
    """Read the JSON object that the form field holds. Raises OssError."""
    return _json_object(_decoded(policy_base64))


def invalid_policy(message: str, ec: str) -> OssError:
    """Return 400 InvalidPolicyDocument; `ec` is its last three digits, or empty."""
    return OssError(
        400, "InvalidPolicyDocument", f"Invalid Policy: {message}", f"0006-00000{ec}" if ec else ""
    )


def _decoded(policy_base64: str) -> str:
    if not policy_base64:
        # That this page's EC is -205 is inferred from its place between its neighbours.
        raise invalid_policy("Policy is empty.", "205")
    try:
        document = base64.b64decode(policy_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_policy("Policy is not base64 encoded.", "202") from error
    try:
        return document.decode()
    except UnicodeDecodeError as error:
        raise invalid_policy("Policy is not UTF-8 encoded.", "203") from error


def _json_object(text: str) -> Members:
    try:
        document = json.loads(text, object_pairs_hook=Members, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise invalid_policy(f"Invalid JSON: {_json_fault(error)}", "204") from error
    except (ValueError, RecursionError) as error:  # NaN, a number of 5,000 digits, a thousand brackets
        raise invalid_policy("Invalid JSON: not a policy", "204") from error
    if not isinstance(document, Members):
        raise invalid_policy("Invalid JSON: a policy is an object.", "204")
    return document


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _json_fault(error: json.JSONDecodeError) -> str:
    """OSS's own wording where its error page shows one."""
    if error.msg == "Expecting ',' delimiter":
        opened = error.doc[: error.pos].rfind("["), error.doc[: error.pos].rfind("{")
        return f", or {']' if opened[0] > opened[1] else '}'} expected"
    if error.msg == "Expecting value" and error.pos < len(error.doc):
        return f"unknown char {error.doc[error.pos]}"
    return error.msg
