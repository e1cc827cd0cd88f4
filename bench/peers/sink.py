"""functions-framework that reads a body and does nothing with it: as fast as it takes an upload."""

from __future__ import annotations

import flask

READ_BYTES = 1 << 20


def sink(request: flask.Request) -> str:
    """Read to the end."""
    read = 0
    while piece := request.stream.read(READ_BYTES):
        read += len(piece)
    return str(read)
