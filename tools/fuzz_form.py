"""Fuzzes the form parser of the stand-in: it reads a form or refuses it as OSS does, and reads no byte twice.

The first line of an input is the Content-Type, the rest the body.
"""

from __future__ import annotations

import io
import sys

import atheris

with atheris.instrument_imports():
    from oss_emulator.post_object.form import FIELD_LIMITS, read_form

from oss_emulator.errors import OssError

READ_BYTES = 7  # so few that the boundary is cut at every place


def try_one(data: bytes) -> None:
    """Parse one input."""
    content_type, _, body = data.partition(b"\n")
    stream = io.BytesIO(body)
    try:
        form = read_form(
            content_type.decode("latin-1"),
            lambda size: stream.read(min(size, READ_BYTES)),
            FIELD_LIMITS["4KB"],
        )
        stored = sum(len(piece) for piece in form.content)
    except OssError:
        return
    if stored > len(body) or form.fields.keys() != form.last_fields.keys():
        raise AssertionError("more than was sent")


if __name__ == "__main__":
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()
