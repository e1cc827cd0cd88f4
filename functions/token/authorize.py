"""Who is asking, and how much they may upload. This file is yours to edit.

As shipped, anyone may (`ALLOW_ANONYMOUS=true`), within the limits of the settings.
"""

from __future__ import annotations

from typing import NamedTuple

from edge import Request


class Limits(NamedTuple):
    """The largest file in bytes, and media types such as `image/*`."""

    max_bytes: int
    types: tuple[str, ...]


class Caller(NamedTuple):
    """`subject` names the user in the ticket, `segment` in the key; two users must never share a segment."""

    subject: str
    segment: str
    limits: Limits


def authorize(request: Request, limits: Limits) -> Caller:  # noqa: ARG001 - your own rule will read the request
    """Return who asks, with limits that may be narrower than those given.

    To say no, raise `Refusal("your_code", "A sentence.")`: 403.
    """
    return Caller(subject="", segment="_", limits=limits)
