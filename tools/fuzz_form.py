"""Fuzzes the form parser of the stand-in: it reads a form or refuses it as OSS does, and reads no byte twice.

The first line of an input is the Content-Type, the rest the body.
"""

from __future__ import annotations

import io
import sys

import atheris

with atheris.instrument_imports():
    from oss_emulator.post_object.form import FieldLimits, read_form

from oss_emulator.errors import OssError

READ_BYTES = 7  # so few that the boundary is cut at every place
LIMITS = FieldLimits(name_bytes=64, value_bytes=256, all_values_bytes=512)  # so low that inputs exceed them


def try_one(data: bytes) -> None:
    """Parse one input."""
    content_type, _, body = data.partition(b"\n")
    stream = io.BytesIO(body)
    try:
        form = read_form(
            content_type.decode("latin-1"),
            lambda size: stream.read(min(size, READ_BYTES)),
            LIMITS,
        )
        stored = sum(len(piece) for piece in form.content)
    except OssError:
        return
    if stored > len(body) or form.fields.keys() != form.last_fields.keys():
        raise AssertionError("more than was sent")
    sizes = [len(value.encode()) for value in form.last_fields.values()]
    if max(sizes, default=0) > LIMITS.value_bytes or sum(sizes) > LIMITS.all_values_bytes:
        raise AssertionError("more than the limits")


if __name__ == "__main__":
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()
