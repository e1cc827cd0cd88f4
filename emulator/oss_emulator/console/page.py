"""The page at `/-/`: the last requests, refusals and why, callbacks, and the buckets with their objects.

This module collects the values for the template `page.html`: `record_views` prepares the records, `text_diff`
escapes texts. The page loads nothing from another host and escapes every text of a request; its one script
refreshes it.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from oss_emulator.bucket.state import Bucket, Site
from oss_emulator.console.bucket_facts import bucket_facts
from oss_emulator.console.callers import is_opened_by_person
from oss_emulator.console.object_search import SEARCHED_KEYS, Found, find_objects
from oss_emulator.console.page_orders import FOUND_OBJECTS
from oss_emulator.console.record_views import callback_views, decoded_callback, refusal_views
from oss_emulator.console.request_search import find_requests
from oss_emulator.console.text_diff import show_invisible, show_invisible_lines
from oss_emulator.console.view import View
from oss_emulator.errors import RECOMMEND_DOC
from oss_emulator.fault_table import FAULTS, Kind
from oss_emulator.history.requests import KEPT_REQUESTS
from oss_emulator.http_messages import Answer, Request
from oss_emulator.storage.object_version import StoredObject
from oss_emulator.switches import describe

SHOWN_REQUESTS = 50  # until the reader asks for all
SHOWN_BUCKETS = 200
LONG_LINES, LONG_CHARACTERS = 18, 1000  # a longer text scrolls in its own box
BULKY_CHARACTERS = 400  # the same, in a table's cell

_FOLDER = Path(__file__).parent
_AGES = ((86400, "d"), (3600, "h"), (60, "min"))
_LAST_SUCCESS = 299  # the highest status that is no refusal


@dataclass(frozen=True)
class FaultRow:
    """A fault, the command that sets it, and its pending order, if any."""

    name: str
    command: str
    kind: Kind
    pending: Mapping[str, object] | None


def console_page(request: Request, bucket: Site, view: View, *, alone: bool, may_change: bool) -> Answer:
    """Answer GET of the page about `bucket`. The caller has checked that the request may read it.

    Who `may_change` something gets the forms, if a browser shows them to a person.

    The page's script asks with `seen`, which names what the page shows: 204 if nothing is new, and the
    browser stays on the page, or else the way to it.
    """
    now = bucket.now()
    token = _state(bucket, now)
    seen = dict(parse_qsl(request.query)).get("seen")
    if seen == token:
        return Answer(204)
    if seen:
        return Answer(303, {"Location": view.address()})
    host = request.headers.get("host") or request.address.partition("://")[2]
    origin = f"{request.scheme}://{host}"
    address = view.address()
    records = bucket.history.requests()
    refusals, callbacks = bucket.history.refusals(), bucket.history.callbacks()
    requests = find_requests(records, view)
    buckets = bucket.buckets.page(limit=SHOWN_BUCKETS + 1) if isinstance(bucket, Bucket) else []
    html = (
        _environment()
        .get_template("page.html")
        .render(
            bucket=bucket.settings.bucket,
            site=not isinstance(bucket, Bucket),
            facts=list(bucket_facts(bucket, origin, alone=alone)),
            view=view,
            here=replace(view, bucket="" if not isinstance(bucket, Bucket) else bucket.settings.bucket),
            refresh="" if view.paused else f"{address}{'&' if '?' in address else '?'}seen={token}",
            may_change=may_change,
            secret=bucket.page_secret if may_change and is_opened_by_person(request.headers) else "",
            requests=requests if view.rows else requests[:SHOWN_REQUESTS],
            found_requests=len(requests),
            all_requests=len(records),
            kept_requests=KEPT_REQUESTS,
            methods=sorted({record.method for record in records}),
            buckets=buckets,
            shown_buckets=SHOWN_BUCKETS,
            versioning=isinstance(bucket, Bucket) and bucket.versioning,
            refusals=refusal_views(refusals),
            refused_ids={record.request_id for record in refusals},
            callbacks=callback_views(callbacks),
            called_ids={record.request_id for record in callbacks},
            found=find_objects(bucket, view, FOUND_OBJECTS) if isinstance(bucket, Bucket) else Found([]),
            searched_keys=SEARCHED_KEYS,
            switches=describe(bucket.settings.switches),
            faults=_faults(bucket, origin),
            recommend_doc=RECOMMEND_DOC,
            now=now,
            ago=lambda seconds: _ago(now - seconds),
        )
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _policy(request.scheme, host),
        "Referrer-Policy": "no-referrer",
    }
    # `show_invisible` leaves no lone surrogate; one from anywhere else becomes a question mark.
    return Answer(200, headers, html.encode(errors="replace"))


def _state(bucket: Site, now: float) -> str:
    """Return a text that changes with the history and the faults, and each minute, for the ages shown.

    Nobody else can tell what it stands for.
    """
    shown = (bucket.history.counted_requests, bucket.faults.pending(), now // 60)
    return hashlib.blake2s(repr(shown).encode(), key=bucket.page_secret.encode()[:32]).hexdigest()


def _faults(bucket: Site, origin: str) -> list[FaultRow]:
    pending = {str(planned["fault"]): planned for planned in bucket.faults.pending()}
    return [FaultRow(name, _command(name, origin), FAULTS[name], pending.get(name)) for name in FAULTS]


def _command(fault: str, origin: str) -> str:
    known = FAULTS[fault].options
    options = {name: min(max(1, option.lowest), option.highest) for name, option in known.items()}
    order = json.dumps({"fault": fault, "requests": 1} | options)
    return f"curl {origin}/-/faults -d '{order}'"


def _ago(seconds: float) -> str:
    for unit, name in _AGES:
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name} ago"
    return f"{max(0.0, seconds):.0f} s ago"


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _clock(seconds: float) -> str:
    return f"{time.strftime('%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1000):03d}"


def _is_long(text: str) -> bool:
    return len(text) > LONG_CHARACTERS or text.count("\n") >= LONG_LINES


def _mark(stored: StoredObject) -> str:
    """Return the id of an object's place on the page, the same at each refresh."""
    named = f"{stored.version} {stored.key}".encode()
    return f"object-{hashlib.blake2s(named, digest_size=8).hexdigest()}"


@cache
def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _policy(scheme: str, host: str) -> str:
    # In WebKit `self` is nobody in a sandbox; an IPv6 address is no source (CSP 3).
    alive = "" if host.startswith("[") else f"{scheme}://{host}/-/alive"
    style, script = _digest(_part("page.css")), _digest(_part("page.js"))
    return (
        f"default-src 'none'; style-src {style}; script-src {script}; "
        f"connect-src 'self' {alive}; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        # an origin of its own: see `callers.CONSOLE_HEADERS`
        "sandbox allow-downloads allow-forms allow-popups allow-popups-to-escape-sandbox allow-scripts"
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "show_invisible": show_invisible,
        "show_invisible_lines": show_invisible_lines,
        "utc": _utc,
        "clock": _clock,
        "one_line": lambda text: " ".join(text.split()),
        "mark": _mark,
        "decoded_callback": decoded_callback,
    }
    environment.tests |= {
        "long": _is_long,
        "bulky": lambda text: len(text) > BULKY_CHARACTERS,
        "met": lambda status: 0 < status <= _LAST_SUCCESS,
    }
    environment.globals["style"] = Markup(_part("page.css"))  # noqa: S704 - our own file
    environment.globals["script"] = Markup(_part("page.js"))  # noqa: S704 - our own file
    environment.globals["nothing"] = Markup('<span class="nothing">empty</span>')
    return environment
