"""The emulator's own routes, below `/-/`: its page, public key, switches, history and pending faults.

No object and no site file is ever served from here. `callers` says who may use them.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from oss_emulator.bucket.state import Bucket, Site
from oss_emulator.callback.key import public_pem
from oss_emulator.console import callback_forge
from oss_emulator.console.callers import PREFIX, READ_METHODS, reason_against
from oss_emulator.console.page import SHOWN_OBJECTS, console_page
from oss_emulator.errors import OssError, invalid_argument
from oss_emulator.fault_table import FaultError
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.upload_callback import public_key_url
from oss_emulator.storage.object_version import StoredObject
from oss_emulator.switches import describe

MAX_ORDER_BYTES = 64 * 1024

_ROUTES = "callback_pub_key.pem, callbacks, faults, objects, refusals, requests and switches"


def is_console_request(request: Request) -> bool:
    """Whether a request is for the emulator itself and not for its bucket."""
    return request.path.startswith(PREFIX)


def console_answer(request: Request, bucket: Site) -> Answer:
    """Answer a request below `/-/`. Raises OssError for an unknown route, and for requests of web pages."""
    if reason := reason_against(request.method, request.headers, bucket.settings.host):
        raise OssError(403, "AccessDenied", reason)
    name = request.path.removeprefix(PREFIX)
    if request.method in READ_METHODS:  # scripts that wait for a server to be up often send HEAD
        return _read(name, request, bucket)
    match request.method, name:
        case "POST", "faults":
            _set_fault(request, bucket)
            return _json(bucket.faults.pending())
        case "DELETE", "faults":
            bucket.faults.clear()
            return _json([])
        case "POST", "callbacks" if isinstance(bucket, Bucket):
            return _json(_send_callback(request, bucket))
    raise _no_such_route()


def _read(name: str, request: Request, bucket: Site) -> Answer:
    if not name:
        return console_page(request, bucket)
    if name in _LISTS:
        return _json(_LISTS[name](bucket))
    if isinstance(bucket, Bucket):
        match name:
            case "objects":
                return _json(_object_list(bucket.store.latest_objects(SHOWN_OBJECTS + 1)))
            case "callback_pub_key.pem":
                return Answer(200, {"Content-Type": "application/x-pem-file"}, public_pem(bucket.key))
    raise _no_such_route()


_LISTS: Mapping[str, Callable[[Site], object]] = {
    "switches": lambda bucket: describe(bucket.settings.switches),
    "faults": lambda bucket: bucket.faults.pending(),
    "callbacks": lambda bucket: [asdict(record) for record in bucket.history.callbacks()],
    "requests": lambda bucket: [asdict(record) for record in bucket.history.requests()],
    "refusals": lambda bucket: [asdict(record) for record in bucket.history.refusals()],
}


def _set_fault(request: Request, bucket: Site) -> None:
    try:
        bucket.faults.set(_order(request))
    except FaultError as error:
        raise invalid_argument(str(error)) from error


def _send_callback(request: Request, bucket: Bucket) -> dict[str, object]:
    return callback_forge.send(_order(request), bucket, public_key_url=public_key_url(request))


def _order(request: Request) -> Any:  # noqa: ANN401 - JSON, checked by the function that takes the order
    try:
        return json.loads(request.body.read(MAX_ORDER_BYTES))
    except (ValueError, RecursionError) as error:
        raise invalid_argument(f"an order below {PREFIX} is a JSON object") from error


def _object_list(found: Iterable[StoredObject]) -> dict[str, object]:
    listed = [asdict(one) for one in found]
    return {"objects": listed[:SHOWN_OBJECTS], "more": len(listed) > SHOWN_OBJECTS}


def _json(value: object) -> Answer:
    text = json.dumps(value, default=_decoded)
    return Answer(200, {"Content-Type": "application/json"}, text.encode())


def _decoded(content: bytes) -> str:
    """Return the bytes of a record as text: the only values in it that JSON does not have."""
    return content.decode(errors="replace")


def _no_such_route() -> OssError:
    return OssError(404, "NoSuchKey", f"Below {PREFIX} are {_ROUTES}.")
