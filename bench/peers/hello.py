"""The least that functions-framework can serve."""

from __future__ import annotations


def hello(_: object) -> str:
    """Answer."""
    return "{}"
