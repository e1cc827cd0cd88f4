"""The log: JSON lines on standard output, where Function Compute collects them.

A line never has a secret, a signature, a query or other text of the request; but a traceback has the messages
of its exceptions.
`logging` is not used because importing it costs a third of the token function's cold start.
"""

import functools
import json
import time

WRITER = json.JSONEncoder(check_circular=False, default=repr)


def write(now: float, level: str, event: str, **fields: object) -> None:
    """Print one line, in one piece: other requests of this instance print theirs at the same time.

    `now` is in epoch seconds; `level` is `info`, `warning` or `error`.
    """
    line = WRITER.encode({"time": timestamp(now), "level": level, "event": event, **fields})
    try:
        print(f"{line}\n", end="", flush=True)
    except (OSError, ValueError):  # a full or closed log must not cost the answer
        return


@functools.lru_cache(maxsize=1)  # the lines of one request have the same
def timestamp(now: float) -> str:
    """Return epoch seconds as RFC 3339 has them, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))


def traceback_of(failure: BaseException) -> str:
    """Return the traceback as text."""
    import traceback  # noqa: PLC0415 - 3 ms that only a failure pays

    return "".join(traceback.format_exception(failure))
