"""Function Compute's HTTP trigger in front of one function, served by functions-framework: target `invoke`.

`EMULATE_FUNCTION` is the folder of the function. Its `main.handler` is called with the event that Function
Compute would build; this package emulates the platform and knows nothing about the function. Each function
runs in a process of its own, because both have modules of the same names.

`POST /-/faults {"fault": "crash", "requests": n}` makes the next n invocations crash after their handler has
run. `GET` shows how many of them are left, `DELETE` cancels them. As for the routes of the stand-in for OSS,
neither web pages nor callbacks may ask.
"""

import os
import time
import uuid
from http import HTTPStatus

import flask

from local.fc.addresses import Addresses
from local.fc.event import Received, fc_context, fc_event
from local.fc.instance import Settings, invoke_handler, load_handler
from local.fc.limits import drain, read_body, refuse_head
from local.fc.reply import Answer, crash_answer, on_default_domain, refusal_answer
from oss_emulator.console.callers import CONSOLE_HEADERS, reason_against
from oss_emulator.fault_table import FaultError, Kind
from oss_emulator.faults import Faults

FAULTS_PATH = "/-/faults"

settings = Settings.from_env(os.environ)
handler = load_handler(settings.folder)
addresses = Addresses(settings.addresses)
if flask.has_app_context():
    # Flask would redirect //path to /path; Function Compute calls the function with it
    flask.current_app.url_map.merge_slashes = False


class PlannedCrashError(Exception):
    """The exception of an invocation that a planned fault crashes."""


faults = Faults({"crash": Kind()})


def invoke(request: flask.Request) -> flask.Response:
    """Answer one HTTP request as Function Compute would."""
    if request.path == FAULTS_PATH:
        return plan_faults(request)
    request_id = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    origin = request.headers.get("Origin")
    answer = addresses.outward(answer_request(request, request_id), origin)
    answer = on_default_domain(answer, request_id, origin)
    response = flask.Response(answer.body, answer.status, answer.headers)
    if not any(name.lower() == "content-type" for name in answer.headers):
        del response.headers[
            "Content-Type"
        ]  # Flask adds it; a function that sets no type must be seen to set none
    return response


def answer_request(request: flask.Request, request_id: str) -> Answer:
    """Refuse a request that the platform refuses; else build the event and call the handler."""
    target = str(request.environ.get("RAW_URI") or request.full_path)
    headers = tuple(request.headers.items())
    refusal = refuse_head(request.method, target, headers, settings.methods)
    if refusal is not None:
        drain(request.stream)
        return refusal
    body = read_body(request.stream)
    if body is None:
        return refusal_answer(HTTPStatus.BAD_REQUEST, "InvalidArgument", "the body exceeds 32 MB")
    protocol = str(request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"))
    sender = request.remote_addr or ""
    received = Received(request.method, target, protocol, addresses.inward(headers), body, sender)
    event = fc_event(received, request_id, time.time(), always_base64=settings.always_base64)
    context = fc_context(settings.folder.name, request_id, settings.timeout_seconds)
    answer = invoke_handler(handler, event, context, settings.timeout_seconds)
    return crash_answer(PlannedCrashError("planned by /-/faults")) if faults.strike("crash") else answer


def plan_faults(request: flask.Request) -> flask.Response:
    """Plan, cancel or count crashes; refuse web pages and callbacks."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    reason = reason_against(request.method, headers, settings.host)
    if reason:
        return fault_answer({"message": reason}, HTTPStatus.FORBIDDEN)
    if request.method == "DELETE":
        faults.clear()
    elif request.method == "POST":
        try:
            faults.set(request.get_json(force=True, silent=True))  # `curl -d` sends it as a form
        except FaultError:
            return fault_answer({"expected": {"fault": "crash", "requests": 1}}, HTTPStatus.BAD_REQUEST)
    left = {"crash": 0, **{str(one["fault"]): one["requests"] for one in faults.pending()}}
    return fault_answer(left, HTTPStatus.OK)


def fault_answer(content: dict[str, object], status: int) -> flask.Response:
    """Return a JSON answer about the planned crashes."""
    response = flask.jsonify(content)
    response.status_code = status
    response.headers.update(CONSOLE_HEADERS)
    return response
