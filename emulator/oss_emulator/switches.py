"""Switches: open questions about OSS that matter to this project's code, each with a strict default.

A question is open if no document of Alibaba answers it. Tests of issued grants use the strict behaviour;
tests of attacks use the permissive one. An open question that does not matter to this project has no switch:
the emulator does the strict thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """One open question: `values` lists the possible behaviours, the strict one first."""

    name: str
    values: tuple[str, ...]
    source: str


SWITCHES = (
    Switch(
        "unpinned_x_oss",
        ("refuse", "accept"),
        "Whether a V4 form may carry an x-oss-* field that no condition names, beyond the three that must be "
        "pinned. EC 0006-00000228 says 'extra input fields'; official samples leave fields un-pinned.",
    ),
    Switch(
        "condition_letter_case",
        ("lower", "any"),
        "Whether a condition must name its field in lower case. PostObject page: field names are case-"
        "insensitive; PostObject errors page: case-sensitive; ali-oss's live test: field Content-Type, "
        "condition $content-type.",
    ),
    Switch(
        "head_missing_key",
        ("404", "403"),
        "HEAD of a key that is not there, by a caller without list rights: NoSuchKey or AccessDenied. "
        "No page says.",
    ),
    Switch(
        "doubled_field",
        ("first", "last", "first_checked_last_stored"),
        "Two fields of one name in one form: the one that signature and policy are checked against, and the "
        "one that is acted on. No page says.",
    ),
    Switch(
        "json_missing_variable",
        ("null", "empty"),
        "What a JSON callback body gets for a variable without a value: null (a capture has imageInfo null, "
        "its template unknown) or an empty string (Callback page: a missing variable is empty).",
    ),
    Switch(
        "part_etag",
        ("quoted", "any"),
        "Whether a Complete may list an ETag without quotes or in lower case. SDKs send it as they got it: "
        "quoted, in upper case. No page says.",
    ),
    Switch(
        "form_space",
        ("%20", "+"),
        "How a form callback body writes a space inside a value. No capture has one.",
    ),
    Switch(
        "cors_any_origin",
        ("*", "origin"),
        "Access-Control-Allow-Origin by a rule for any origin. A capture of 2017 (ali-oss #310) has `*`, "
        "which a browser refuses for a request with credentials; OptionObject page and CORS guide: the "
        "request's Origin.",
    ),
)


class SwitchError(ValueError):
    """A switch or a value that does not exist."""


def read_switches(text: str) -> dict[str, str]:
    """Read `name=value,name=value`; switches that are not named are strict. Raises SwitchError."""
    known = {switch.name: switch for switch in SWITCHES}
    positions = {switch.name: switch.values[0] for switch in SWITCHES}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = item.partition("=")
        if name not in known:
            raise SwitchError(f"no switch {name!r}; there are {', '.join(known)}")
        if value not in known[name].values:
            raise SwitchError(f"{name} is one of {', '.join(known[name].values)}")
        positions[name] = value
    return positions


def describe(positions: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the switches for GET /-/switches."""
    return [
        {"name": s.name, "value": positions[s.name], "values": list(s.values), "source": s.source}
        for s in SWITCHES
    ]
