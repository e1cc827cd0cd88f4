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
        "repeated_complete",
        ("404", "200"),
        "A Complete that is sent again, or twice at once. Complete page: the id is invalid then; no page has "
        "the answer. S3 answers it like the first.",
    ),
    Switch(
        "initiate_acl",
        ("ignore", "take"),
        "An x-oss-object-acl of an Initiate. SDKs send it with the Complete; no page says what it does here.",
    ),
    Switch(
        "initiate_forbid_overwrite",
        ("once", "remember"),
        "Whether the x-oss-forbid-overwrite of an Initiate counts for the Complete too, if the object was "
        "stored in between. No page says.",
    ),
    Switch(
        "multipart_last_modified",
        ("complete", "initiate"),
        "Last-Modified of an object of parts: the time of its Complete or of its Initiate. No page says.",
    ),
    Switch(
        "part_page_size",
        ("refuse", "limit"),
        "max-parts and max-uploads beyond 1 to 1000: refused, or taken for the next number in that range. "
        "ListParts page: the maximum is 1000.",
    ),
    Switch(
        "presigned_expiry",
        ("head", "end"),
        "Whether a presigned address must be valid when the head of a PUT arrives, or when its body ends. EC "
        "0002-00000069 has the receipt of the request, for V1; no page says it for V4.",
    ),
    Switch(
        "missing_signed_header",
        ("400", "403"),
        "A presigned address lists an additional header that the request does not have. go-sdk-v2's live "
        "test: 400, without its words. The other answer: a signature that does not match.",
    ),
    Switch(
        "empty_content_type",
        ("signed", "unsigned"),
        "Whether a Content-Type that is sent, but empty, is signed. V4 page: Content-Type is signed if it is "
        "sent. Browsers send it for a file if a script sets the header to nothing.",
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
