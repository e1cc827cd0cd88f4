"""Whether a form satisfies its policy. Pure: takes fields and a parsed policy, and raises OssError.

Source: OSS PostObject page "Policy"; EC 0006-00000003, -004, -213, -226, -227, -228; 400 error page for the
sizes.
"""

from collections.abc import Mapping

from oss_emulator.auth.v4 import utc
from oss_emulator.errors import OssError
from oss_emulator.post_object.policy import Condition, Policy, SizeRange

# OSS: EC page 0006-00000228: a V4 form must pin these. (It lists x-oss-signature too, which signs the policy
# and so cannot be in it.)
V4_PINNED = ("x-oss-signature-version", "x-oss-credential", "x-oss-date")


def check_expiration(policy: Policy, now: float) -> None:
    """Refuse an expired policy. OSS checks when the *complete* request has arrived (EC 0006-00000213)."""
    if policy.expires <= now:
        raise _denied("Policy expired.", "0006-00000213").explained(
            policy_expires=utc(policy.expires), time_here=utc(now)
        )


def check_conditions(
    policy: Policy, fields: Mapping[str, str], *, bucket: str, v4: bool, switches: Mapping[str, str]
) -> None:
    """Refuse a form that breaks a condition, or that has a field which needs a condition and has none.

    `fields` have lower-case names. A condition on a field that the form does not have fails.
    """
    known = {**fields, "bucket": bucket}
    any_case = switches["condition_letter_case"] == "any"
    pinned = set()
    for condition in policy.conditions:
        name = condition.field.lower() if any_case else condition.field
        if name not in known:
            raise _failed(condition, name, "no such field", "0006-00000226")
        if not _holds(condition, known[name]):
            raise _failed(condition, name, known[name], "0006-00000227")
        pinned.add(name)
    if v4:
        _check_extra_fields(fields, pinned, strict=switches["unpinned_x_oss"] == "refuse")


def check_largest_size(policy: Policy, size_bytes: int) -> None:
    """Refuse a file as soon as it is larger than a content-length-range allows (EC 0006-00000003)."""
    for size in policy.size_ranges:
        if size_bytes > size.max_bytes:
            message = "Your proposed upload exceeds the maximum allowed size."
            error = OssError(400, "EntityTooLarge", message, "0006-00000003")
            raise error.explained(expected=_shown(size), got=f"{size_bytes} bytes, and perhaps more")


def check_smallest_size(policy: Policy, size_bytes: int) -> None:
    """Refuse a file that is smaller than a content-length-range allows (EC 0006-00000004)."""
    for size in policy.size_ranges:
        if size_bytes < size.min_bytes:
            message = "Your proposed upload smaller than the minimum allowed size."
            error = OssError(400, "EntityTooSmall", message, "0006-00000004")
            raise error.explained(expected=_shown(size), got=f"{size_bytes} bytes")


def _shown(size: SizeRange) -> str:
    return f"content-length-range: {size.min_bytes} to {size.max_bytes} bytes"


def _check_extra_fields(fields: Mapping[str, str], pinned: set[str], *, strict: bool) -> None:
    for name in fields:
        must = name in V4_PINNED or (strict and name.startswith("x-oss-") and name != "x-oss-signature")
        if must and name not in pinned:
            raise _denied(f"Extra input fields: {name}", "0006-00000228").explained(
                field=name, expected="a condition that names this field", got="none"
            )


def _holds(condition: Condition, sent: str) -> bool:
    values = [_literal(value) for value in condition.values]
    if condition.operator == "not-in":
        return None not in values and sent not in values
    if condition.operator == "starts-with":
        return values[0] is not None and sent.startswith(values[0])
    return sent in values


def _literal(value: str) -> str | None:
    r"""Return a value with `\$` replaced by `$`; None, which equals nothing, if a `$` is not escaped.

    OSS: PostObject page, "Policy": `$` marks a variable, a literal one is `\$`. How OSS reads a `$` without
    escape is unconfirmed, so nothing may depend on it.
    """
    if "$" in value.replace(r"\$", ""):
        return None
    return value.replace(r"\$", "$")


def _failed(condition: Condition, name: str, got: str, ec: str) -> OssError:
    expected = ", ".join(_literal(value) or value for value in condition.values)
    return _denied(f"Policy Condition failed: {condition}", ec).explained(
        condition=str(condition), field=name, expected=expected, got=got
    )


def _denied(message: str, ec: str) -> OssError:
    return OssError(403, "AccessDenied", f"Invalid according to Policy: {message}", ec)
