"""The entry of the function on Function Compute: `main.handler`.

A failure while starting is logged once, and every request is then answered 500 `misconfigured`. Function
Compute answers 200 when an exception escapes an import, and OSS would take that for success. For the same
reason this module imports none of our modules outside its `try`: it repeats one row of `vendored/errors.py`.
The `type` stays `about:blank` here: no setting was read, and one that was not checked must not be shown.
"""

import json
import os
import time
from collections.abc import Callable, Mapping

Handler = Callable[[bytes, object], dict[str, object]]
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
    "Access-Control-Allow-Origin": "*",  # the allowed origins may be the very setting that is missing
}


def start(environ: Mapping[str, str]) -> Handler:
    """Return the function's handler, or one that answers that this deployment is broken."""
    try:
        from grants.application import build  # noqa: PLC0415 - an import that fails must be caught here

        return build(environ)
    except BaseException as error:  # noqa: BLE001 - no exception at all may become a 200
        return misconfigured(error)


def misconfigured(error: BaseException) -> Handler:
    """Log why the function cannot start; return a handler that answers 500 to everything."""
    import traceback  # noqa: PLC0415 - only a failure pays for it

    detail = getattr(error, "detail", None) or "".join(traceback.format_exception(error))
    write_log("not_started", detail=detail)

    def handler(event: bytes, context: object = None) -> dict[str, object]:  # noqa: ARG001 - Function Compute's signature
        request_id = request_id_of(context)
        write_log("answered", request_id=request_id, status=500)
        body = json.dumps({**PROBLEM, "request_id": request_id})
        return {"statusCode": 500, "headers": HEADERS, "isBase64Encoded": False, "body": body}

    return handler


def request_id_of(context: object) -> str:
    """Return Function Compute's id of the request, an empty string where there is none."""
    try:
        found = getattr(context, "request_id", "")
    except BaseException:  # noqa: BLE001 - a context that raises must not become a 200 either
        return ""
    return found if isinstance(found, str) else ""


def write_log(event: str, **fields: object) -> None:
    """Print one line; a full or closed log must not cost the answer."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {"time": stamp, "level": "error", "event": event, "code": "misconfigured", **fields}
    try:
        print(json.dumps(line, default=repr) + "\n", end="", flush=True)
    except (OSError, ValueError):
        return


handler = start(os.environ)
