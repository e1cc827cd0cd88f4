"""The page at `/-/`: facts about the bucket, its last refusals and why, its last callbacks, its objects.

This module collects the values for the template `page.html`: `record_views` prepares the records, `text_diff`
escapes texts. The page has no script, loads nothing from another host, and escapes every text of a request.
"""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from oss_emulator.bucket.state import Bucket, Site
from oss_emulator.console.bucket_facts import bucket_facts
from oss_emulator.console.record_views import callback_views, decoded_callback, refusal_views
from oss_emulator.console.text_diff import show_invisible, show_invisible_lines
from oss_emulator.errors import RECOMMEND_DOC
from oss_emulator.fault_table import FAULTS
from oss_emulator.http_messages import Answer, Request
from oss_emulator.storage.object_version import StoredObject
from oss_emulator.switches import describe

SHOWN_OBJECTS = 200
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
    pending: Mapping[str, object] | None


def console_page(request: Request, bucket: Site) -> Answer:
    """Answer GET of the page. The caller has checked that the request may read it."""
    host = request.headers.get("host") or request.address.partition("://")[2]
    now = bucket.now()
    html = (
        _environment()
        .get_template("page.html")
        .render(
            bucket=bucket.settings.bucket,
            site=not isinstance(bucket, Bucket),
            facts=list(bucket_facts(bucket, host)),
            refusals=refusal_views(bucket.history.refusals()),
            callbacks=callback_views(bucket.history.callbacks()),
            objects=_objects(bucket),
            shown_objects=SHOWN_OBJECTS,
            switches=describe(bucket.settings.switches),
            faults=_faults(bucket, host),
            recommend_doc=RECOMMEND_DOC,
            now=now,
            ago=lambda seconds: _ago(now - seconds),
        )
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _policy(),
        "Referrer-Policy": "no-referrer",
    }
    # `show_invisible` leaves no lone surrogate; one from anywhere else becomes a question mark.
    return Answer(200, headers, html.encode(errors="replace"))


def _objects(bucket: Site) -> list[StoredObject]:
    """Return one object more than the page shows, if there are more."""
    return bucket.store.latest_objects(SHOWN_OBJECTS + 1) if isinstance(bucket, Bucket) else []


def _faults(bucket: Site, host: str) -> list[FaultRow]:
    pending = {str(planned["fault"]): planned for planned in bucket.faults.pending()}
    return [FaultRow(name, _command(name, host), pending.get(name)) for name in FAULTS]


def _command(fault: str, host: str) -> str:
    known = FAULTS[fault].options
    options = {name: min(max(1, option.lowest), option.highest) for name, option in known.items()}
    order = json.dumps({"fault": fault, "requests": 1} | options)
    return f"curl http://{host}/-/faults -d '{order}'"


def _ago(seconds: float) -> str:
    for unit, name in _AGES:
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name} ago"
    return f"{max(0.0, seconds):.0f} s ago"


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _is_long(text: str) -> bool:
    return len(text) > LONG_CHARACTERS or text.count("\n") >= LONG_LINES


@cache
def _style() -> str:
    return (_FOLDER / "page.css").read_text(encoding="utf-8")


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        # an origin of its own: see `callers.CONSOLE_HEADERS`
        "sandbox allow-downloads allow-popups allow-popups-to-escape-sandbox"
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
        "decoded_callback": decoded_callback,
    }
    environment.tests |= {
        "long": _is_long,
        "bulky": lambda text: len(text) > BULKY_CHARACTERS,
        "met": lambda status: 0 < status <= _LAST_SUCCESS,
    }
    environment.globals["style"] = Markup(_style())  # noqa: S704 - our own file
    environment.globals["nothing"] = Markup('<span class="nothing">empty</span>')
    return environment
