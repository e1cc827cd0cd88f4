"""The emulator's own routes, below `/-/`: its page, public key, switches, history and pending faults.

No object and no site file is ever served from here. `callers` says who may use them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from oss_emulator import development
from oss_emulator.bucket.state import Bucket, Site
from oss_emulator.callback.key import public_pem
from oss_emulator.console import callback_forge
from oss_emulator.console.callers import (
    PREFIX,
    reason_against,
    reason_against_change,
    reason_against_form,
)
from oss_emulator.console.object_search import (
    LISTED_OBJECTS,
    content_answer,
    delete_found,
    find_objects,
    shown_bucket,
)
from oss_emulator.console.page import console_page
from oss_emulator.console.page_orders import obey
from oss_emulator.console.request_search import find_requests
from oss_emulator.console.view import View, read_view
from oss_emulator.errors import OssError, invalid_argument
from oss_emulator.fault_table import FaultError
from oss_emulator.http_messages import READ_METHODS, Answer, Request
from oss_emulator.objects.upload_callback import public_key_url
from oss_emulator.switches import describe

MAX_ORDER_BYTES = 64 * 1024

_ROUTES = (
    "buckets, callback_pub_key.pem, callbacks, content, faults, objects, "
    "refusals, requests, reset and switches"
)
_LISTED_BUCKETS = 1000


def is_console_request(request: Request) -> bool:
    """Whether a request is for the emulator itself and not for its bucket."""
    return request.target.startswith(PREFIX)


def console_answer(request: Request, bucket: Site, *, alone: bool) -> Answer:
    """Answer a request below `/-/`. Raises OssError for an unknown route, and for requests of web pages.

    `bucket` is the first one, perhaps `alone` at its port; the query may name another.
    """
    name, view = request.path.removeprefix(PREFIX), read_view(request.query)
    if (request.method, name) == ("GET", "alive"):  # the page's script asks, from an origin of its own
        return Answer(204, {"Cross-Origin-Resource-Policy": "cross-origin"})
    if (request.method, name) == ("POST", "orders"):  # of the page; tools have a route for each
        _refuse(reason_against_form(request.headers, bucket.settings.host))
        _refuse(_reason_against_change(request, bucket))
        return obey(request, bucket, view)
    _refuse(reason_against(request.method, request.headers, bucket.settings.host))
    if request.method in READ_METHODS:  # scripts that wait for a server to be up often send HEAD
        return _read(name, request, bucket, view, alone=alone)
    _refuse(_reason_against_change(request, bucket))
    return _json(_obeyed(name, request, bucket, view))


def _reason_against_change(request: Request, bucket: Site) -> str | None:
    settings = bucket.settings
    return reason_against_change(
        request.client_ip,
        request.headers,
        public_url=settings.public_url,
        keys_are_known=development.is_known(settings.credentials),
    )


def _refuse(reason: str | None) -> None:
    if reason:
        raise OssError(403, "AccessDenied", reason)


def _obeyed(name: str, request: Request, bucket: Site, view: View) -> object:
    """Do what a tool orders; return what it is told."""
    match request.method, name:
        case "POST", "faults":
            _set_fault(request, bucket)
            return bucket.faults.pending()
        case "DELETE", "faults":
            bucket.faults.clear()
            return []
        case "POST", "callbacks" if isinstance(bucket, Bucket):
            return _send_callback(request, bucket)
        case "POST", "reset":
            bucket.reset()
            return {}
        case "DELETE", "objects" if isinstance(bucket, Bucket):
            return {"deleted": delete_found(shown_bucket(bucket, view), view, LISTED_OBJECTS)}
    raise _no_such_route()


def _read(name: str, request: Request, bucket: Site, view: View, *, alone: bool) -> Answer:
    match name:
        case "":
            may_change = not _reason_against_change(request, bucket)
            shown = bucket.named(view.bucket) if view.bucket and isinstance(bucket, Bucket) else bucket
            return console_page(request, shown, view, alone=alone, may_change=may_change)
        case "content" if isinstance(bucket, Bucket):
            _refuse(_reason_against_change(request, bucket))
            return content_answer(shown_bucket(bucket, view), view, request.method)
        case "callback_pub_key.pem" if isinstance(bucket, Bucket):
            return Answer(200, {"Content-Type": "application/x-pem-file"}, public_pem(bucket.key))
    return _json(_listed(name, bucket, view))


def _listed(name: str, bucket: Site, view: View) -> object:
    if name in _LISTS:
        return _LISTS[name](bucket, view)
    match name:
        case "objects" if isinstance(bucket, Bucket):
            return _object_list(shown_bucket(bucket, view), view)
        case "buckets" if isinstance(bucket, Bucket):
            return [asdict(one) for one in bucket.buckets.page(limit=_LISTED_BUCKETS)]
    raise _no_such_route()


_LISTS: Mapping[str, Callable[[Site, View], object]] = {
    "switches": lambda bucket, _: describe(bucket.settings.switches),
    "faults": lambda bucket, _: bucket.faults.pending(),
    "callbacks": lambda bucket, _: [asdict(record) for record in bucket.history.callbacks()],
    "refusals": lambda bucket, _: [asdict(record) for record in bucket.history.refusals()],
    "requests": lambda bucket, view: [asdict(one) for one in find_requests(bucket.history.requests(), view)],
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
        return json.loads(request.body.read_up_to(MAX_ORDER_BYTES))
    except (ValueError, RecursionError) as error:
        raise invalid_argument(f"an order below {PREFIX} is a JSON object") from error


def _object_list(bucket: Bucket, view: View) -> dict[str, object]:
    found = find_objects(bucket, view, LISTED_OBJECTS)
    return {
        "objects": [asdict(one) for one in found.objects],
        "more": found.more,
        "after": found.after,
    }


def _json(value: object) -> Answer:
    text = json.dumps(value, default=_decoded)
    return Answer(200, {"Content-Type": "application/json"}, text.encode())


def _decoded(content: bytes) -> str:
    """Return the bytes of a record as text: the only values in it that JSON does not have."""
    return content.decode(errors="replace")


def _no_such_route() -> OssError:
    return OssError(404, "NoSuchKey", f"Below {PREFIX} are {_ROUTES}.")
