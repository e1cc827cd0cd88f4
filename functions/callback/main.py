"""A function's entry on Function Compute: `main.handler`.

Whatever fails while starting is logged once, and every request is then answered 500 `misconfigured`:
Function Compute answers an exception that escapes an import with 200, which OSS would take for success.
For that reason this module relies on none of ours until it has guarded the import.
"""

import json
import os
import time
from collections.abc import Callable, Mapping

PROBLEM = {
    "type": "about:blank",
    "title": "Internal Server Error",
    "status": 500,
    "detail": "This deployment is not configured correctly; its log says why.",
    "code": "misconfigured",
}
HEADERS = {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    "Access-Control-Allow-Origin": "*",  # which origins are ours may be what is not known
}


def start(environ: Mapping[str, str]) -> Callable[[bytes, object], dict[str, object]]:
    """Return the function's handler, or one that says that this deployment is broken."""
    try:
        import application  # noqa: PLC0415 - an import that fails must be caught here

        return application.build(environ)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it must not become a 200
        return misconfigured(error)


def misconfigured(error: BaseException) -> Callable[[bytes, object], dict[str, object]]:
    """Log why the function cannot start; return a handler that answers 500 to everything."""
    import traceback  # noqa: PLC0415 - only a failure pays for it

    told = getattr(error, "detail", None)
    say("not_started", detail=told or "".join(traceback.format_exception(error)))

    def handler(event: bytes, context: object) -> dict[str, object]:  # noqa: ARG001 - Function Compute's signature
        request_id = str(getattr(context, "request_id", ""))
        say("answered", request_id=request_id, status=500)
        body = json.dumps({**PROBLEM, "request_id": request_id})
        return {"statusCode": 500, "headers": HEADERS, "isBase64Encoded": False, "body": body}

    return handler


def say(event: str, **fields: object) -> None:
    """Print one line; a full or closed log must not cost the answer."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {"time": stamp, "level": "error", "event": event, "code": "misconfigured", **fields}
    try:
        print(json.dumps(line, default=repr) + "\n", end="", flush=True)
    except (OSError, ValueError):
        return


handler = start(os.environ)
