"""Orders by the forms of the page at `/-/`. Each carries the page's secret, which no other page can read.

`callers` says why: scripts and frames get no answer that has it, and a window's answer has an origin of its
own.
"""

import hmac
from urllib.parse import parse_qs

from oss_emulator.bucket.state import Bucket, Site
from oss_emulator.console.callers import PREFIX
from oss_emulator.console.object_search import delete_found, shown_bucket
from oss_emulator.console.view import View
from oss_emulator.errors import OssError, invalid_argument
from oss_emulator.fault_table import FAULTS, FaultError
from oss_emulator.http_messages import Answer, Request

FOUND_OBJECTS = 50  # of a search, on the page
MAX_FORM_BYTES = 4096

_ORDERS = "delete, fault, clear_faults and reset"


def obey(request: Request, bucket: Site, view: View) -> Answer:
    """Do what a form of the page orders, and lead back to the page. Raises OssError.

    `bucket` is the first one; the page may show another.
    """
    fields = parse_qs(request.body.read_up_to(MAX_FORM_BYTES).decode(errors="replace"))
    form = {name: values[-1] for name, values in fields.items()}
    if not hmac.compare_digest(form.get("secret", "").encode(), bucket.page_secret.encode()):
        raise OssError(403, "AccessDenied", "This form is of no page of this emulator: load the page again.")
    match form.get("order"):
        case "delete" if isinstance(bucket, Bucket):
            delete_found(shown_bucket(bucket, view), view, FOUND_OBJECTS)
            place = "objects"
        case "fault":
            _set_fault(form, bucket)
            place = "faults"
        case "clear_faults":
            bucket.faults.clear()
            place = "faults"
        case "reset":
            bucket.reset()
            return Answer(303, {"Location": PREFIX})
        case _:
            raise invalid_argument(f"order is one of {_ORDERS}", name="order")
    return Answer(303, {"Location": f"{view.address(key='', version='')}#{place}"})


def _set_fault(form: dict[str, str], bucket: Site) -> None:
    order: dict[str, object] = {"fault": form.get("fault", ""), "requests": _number(form.get("requests", ""))}
    if "operation" in form:
        order["operation"] = form["operation"]
    for option in FAULTS[form["fault"]].options if form.get("fault") in FAULTS else ():
        if option in form:
            order[option] = _number(form[option])
    try:
        bucket.faults.set(order)
    except FaultError as error:
        raise invalid_argument(str(error)) from error


def _number(text: str) -> float | str:
    """Return a number, or the text if it is none, which every fault refuses."""
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
