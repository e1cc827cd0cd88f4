"""The policy document: decoded from base64, UTF-8 and JSON to a `Policy`, or refused with OSS's EC.

Whether a form satisfies a policy is decided in `policy_check`.
Source: OSS PostObject page, "Policy"; EC pages 0006-00000202 to -224; message texts after "Invalid Policy: "
are OSS's where the error pages print them (JSON and simple conditions) and ours elsewhere.
"""

import base64
import binascii
import calendar
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from oss_emulator.errors import OssError


class Members(list[tuple[str, object]]):
    """A JSON object as a list of its members. Duplicate names are kept, so that they can be refused."""


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
        # That the EC of this error is -205 is inferred from its neighbours -204 and -206.
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
    """Return OSS's own wording if its error page shows one."""
    if error.msg == "Expecting ',' delimiter":
        opened = error.doc[: error.pos].rfind("["), error.doc[: error.pos].rfind("{")
        return f", or {']' if opened[0] > opened[1] else '}'} expected"
    if error.msg == "Expecting value" and error.pos < len(error.doc):
        return f"unknown char {error.doc[error.pos]}"
    return error.msg


_EXPIRATION = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,3})?Z")


@dataclass(frozen=True)
class Condition:
    """A condition on one field. `field` is as written, without `$`; `values` still have their escapes."""

    operator: str
    field: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        """As OSS shows it in "Policy Condition failed: ..."."""
        one = self.operator in _ONE_VALUE
        shown = [self.operator, f"${self.field}", self.values[0] if one else list(self.values)]
        return json.dumps(shown, ensure_ascii=False)


@dataclass(frozen=True)
class SizeRange:
    """A content-length-range: both ends inclusive, in bytes of the file."""

    min_bytes: int
    max_bytes: int


@dataclass(frozen=True)
class Policy:
    """A policy document: its expiration in seconds since 1970, its conditions and its size ranges."""

    expires: float
    conditions: tuple[Condition, ...]
    size_ranges: tuple[SizeRange, ...]


def parse_policy(policy_base64: str) -> Policy:
    """Parse the policy that the form field holds. Raises OssError."""
    members = read_members(policy_base64)
    expires, items = _top_level(members)
    conditions: list[Condition] = []
    ranges: list[SizeRange] = []
    for item in items:
        parsed = _condition(item)
        if isinstance(parsed, SizeRange):
            ranges.append(parsed)
        else:
            conditions.append(parsed)
    return Policy(expires, tuple(conditions), tuple(ranges))


def _top_level(members: Members) -> tuple[float, list[object]]:
    names = [name for name, _ in members]
    if not members:
        raise invalid_policy("Policy has neither expiration nor conditions.", "209")
    if set(names) - {"expiration", "conditions"} or len(set(names)) != len(names):
        raise invalid_policy("Policy may hold only expiration and conditions.", "206")
    known = dict(members)
    if "expiration" not in known:
        raise invalid_policy("Policy missing expiration.", "208")
    conditions = known.get("conditions", [])
    if isinstance(conditions, Members) or not isinstance(conditions, list):
        raise invalid_policy("Policy conditions must be a list.", "214")
    if "conditions" not in known:
        raise invalid_policy("Policy missing conditions.", "207")
    if not conditions:
        raise invalid_policy("Policy conditions are an empty list.", "215")
    return _expiration(known["expiration"]), conditions


def _expiration(value: object) -> float:
    if not isinstance(value, str):
        raise invalid_policy("Policy expiration must be a string.", "210")
    if not value:
        raise invalid_policy("Policy expiration is empty.", "211")
    found = _EXPIRATION.fullmatch(value)
    try:
        if found:
            seconds = calendar.timegm(time.strptime(found[1], "%Y-%m-%dT%H:%M:%S"))
            return seconds + float(found[2] or 0)
    except ValueError:
        pass
    # Offsets such as +08:00 are unconfirmed, so they are refused.
    raise invalid_policy("Policy expiration must be an ISO 8601 time in UTC.", "212")


def _condition(item: object) -> Condition | SizeRange:
    if isinstance(item, Members):
        return _simple_condition(item)
    if not isinstance(item, list):
        raise invalid_policy("Invalid Condition: a condition is a map or a list.", "222")
    operator, *operands = item or [""]
    if not isinstance(operator, str) or not operator or operator.startswith("$"):
        raise invalid_policy("Invalid Condition: the operator is missing.", "216")
    if operator not in _OPERATORS:
        raise invalid_policy(f"Invalid Condition: unknown operator {operator}.", "217")
    if len(operands) != _OPERANDS:
        raise invalid_policy(f"Invalid Condition: {operator} takes {_OPERANDS} values.", "218")
    return _OPERATORS[operator](operator, *operands)


def _simple_condition(members: Members) -> Condition:
    if len(members) != 1:
        # No page names this fault's EC.
        raise invalid_policy(
            "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.", ""
        )
    field, value = members[0]
    if not isinstance(value, str):
        raise _wrong_type("eq")
    return Condition("eq", field, (value,))


def _one_value(operator: str, field: object, value: object) -> Condition:
    if not isinstance(value, str):
        raise _wrong_type(operator)
    return Condition(operator, _variable(operator, field), (value,))


def _value_list(operator: str, field: object, values: object) -> Condition:
    if isinstance(values, Members) or not isinstance(values, list):
        raise _wrong_type(operator)
    if not all(isinstance(value, str) for value in values):
        raise _wrong_type(operator)
    return Condition(operator, _variable(operator, field), tuple(values))


def _size_range(operator: str, low: object, high: object) -> SizeRange:
    if isinstance(low, list) or isinstance(high, list):
        raise invalid_policy(f"Invalid Condition: wrong values for {operator}.", "223")
    if type(low) is not int or type(high) is not int or low < 0 or high < 0:
        raise invalid_policy(f"Invalid Condition: wrong values for {operator}.", "221")
    if low > high:
        raise invalid_policy(f"Invalid Condition: {operator} ends before it begins.", "219")
    return SizeRange(low, high)


def _variable(operator: str, field: object) -> str:
    if not isinstance(field, str) or not field.startswith("$"):
        raise _wrong_type(operator)
    return field[1:]


_OPERATORS: dict[str, Callable[[str, object, object], Condition | SizeRange]] = {
    "eq": _one_value,
    "starts-with": _one_value,
    "in": _value_list,
    "not-in": _value_list,
    "content-length-range": _size_range,
}
_ONE_VALUE = {"eq", "starts-with"}
_OPERANDS = 2  # of every operator


def _wrong_type(operator: str) -> OssError:
    return invalid_policy(f"Invalid Condition: wrong values for {operator}.", "224")
