"""functions-framework alone, serving next to nothing."""

from __future__ import annotations

from pathlib import Path

from functions_framework import create_app
from wsgi import handler_of

HELLO = Path(__file__).with_name("hello.py")

handler = handler_of(create_app("hello", str(HELLO)))  # type: ignore[no-untyped-call]
