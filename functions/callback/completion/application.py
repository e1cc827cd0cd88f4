"""The callback function: its paths, and the way of a request.

read → verify (`callback_request`) → look (HEAD) → decide (`object_proof`) → hook → answer, with addresses

A repeated request gets the answer given lately, without the hook, and fresh addresses. The object is looked
at before every answer: it may have been deleted meanwhile, and other bytes stored under its key.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

import hook
from completion import callback_request
from completion.answer_cache import AnswerCache
from completion.callback_keys import KeyFinder, key_finder
from completion.callback_request import UploadReport
from completion.object_proof import Upload, verify_object
from completion.outbound import Outbound
from completion.read_addresses import read_addresses
from completion.settings import Settings
from completion.webhook import Backend, Response
from vendored import log
from vendored.env import credentials
from vendored.errors import Crashed, NotStored, Refusal
from vendored.fc_http import SYSTEM_CLOCK, WRITER, Clock, FcReply, Handler, Reply, Request, Route, serve

DEADLINE_SECONDS = 3.5  # OSS waits 5 s for the whole callback, and so does Function Compute's timeout


class Instance(NamedTuple):
    """What one instance keeps between requests, and the clock and environment that it reads."""

    settings: Settings
    outbound: Outbound
    find_key: KeyFinder
    answers: AnswerCache
    clock: Clock
    environ: Mapping[str, str]


def build(environ: Mapping[str, str], clock: Clock = SYSTEM_CLOCK) -> Handler:
    """Return the handler of one instance. Raises `Misconfigured`."""
    settings = Settings.from_env(environ)
    outbound = Outbound(settings.object_url, settings.upload_bucket, settings.oss_region, clock.monotonic)
    find_key = key_finder(settings, lambda url, request: outbound.fetch_key(url, deadline_of(request)), clock)
    instance = Instance(settings, outbound, find_key, AnswerCache(), clock, environ)

    routes: Mapping[str, Route] = {
        "/callback": ("POST", lambda request, context: callback(instance, request, context)),
        "/confirm": ("POST", lambda request, context: confirm(instance, request, context)),
    }

    def handler(event: bytes, context: object = None) -> FcReply:
        return serve(event, context, routes, settings.allowed_origins, clock, settings.problem_types_url)

    return handler


def callback(instance: Instance, request: Request, context: object) -> Reply:
    """Answer OSS."""
    settings = instance.settings
    report = callback_request.verify_callback(
        request, settings.ticket_secret, settings.upload_bucket, settings.upload_prefix, instance.find_key
    )
    return complete(instance, report, request, context)


def confirm(instance: Instance, request: Request, context: object) -> Reply:
    """Answer a page that did not get the callback's answer."""
    settings = instance.settings
    report = callback_request.verify_confirm(request, settings.ticket_secret, settings.upload_prefix)
    return complete(instance, report, request, context)


def complete(instance: Instance, report: UploadReport, request: Request, context: object) -> Reply:
    """Answer a verified callback or confirm. Every refusal gets the upload's id, for the log."""
    ticket = report.ticket
    try:
        instance.answers.refuse_haste(ticket.key, report.etag, request.received_at)
        answer = find_answer(instance, report, request, context)
    except Refusal as refusal:
        refusal.upload_id = ticket.id
        raise
    except BaseException as error:  # noqa: BLE001 - a hook may fail in any way
        raise Crashed("internal", log.traceback_of(error), upload_id=ticket.id) from None
    return Reply(200, answer, log={"upload_id": ticket.id})


def find_answer(instance: Instance, report: UploadReport, request: Request, context: object) -> str:
    """Look, then run the hook or recall the answer that it gave about this upload. Return the JSON.

    An answer about a file grant gets addresses of the file; a page can replace that of a directory grant.
    A failure is remembered for a moment, unless only the object is missing: it may be stored any time now.
    """
    answers, clock = instance.answers, instance.clock
    try:
        upload = look(instance, report, request, context)
        answer = answers.recall(upload, request.received_at)
        if answer is None:
            seen = detect(instance, upload, request, context)
            # a hook may change its maps: those of the upload may be the default of every ticket without data
            seen = seen._replace(data={**seen.data}, page_data={**seen.page_data})
            content = {**hook.on_upload(seen, backend(instance, request)), **describe(upload)}
            answer = WRITER.encode(content)  # as JSON, because the hook may change its own objects later
            answers.keep(upload, answer, clock.monotonic())
    except NotStored:
        raise
    except BaseException:
        answers.keep_failure(report.ticket.key, report.etag, clock.monotonic())
        raise
    if report.in_directory or not instance.settings.read_seconds:
        return answer
    # signed after the cache, so that each answer has fresh ones; those of the hook stay
    addresses = read_addresses(upload, instance.settings, credentials(instance.environ, context), request.now)
    given = json.loads(answer)
    return WRITER.encode({**given, **{name: one for name, one in addresses.items() if name not in given}})


def look(instance: Instance, report: UploadReport, request: Request, context: object) -> Upload:
    """Ask OSS about the object and decide. Raises a `Refusal`."""
    role = credentials(instance.environ, context)
    head = instance.outbound.head(report.ticket.key, role, request.now, deadline_of(request))
    return verify_object(report, head, instance.settings.allowed_types)


def detect(instance: Instance, upload: Upload, request: Request, context: object) -> Upload:
    """Return the upload with the type that its first bytes show, if DETECT_TYPE is set. Refuses nothing."""
    if not instance.settings.detect_type:
        return upload
    from completion.detected_type import FIRST_BYTES, detect_type  # noqa: PLC0415 - most deployments never need it

    role = credentials(instance.environ, context)
    first = instance.outbound.first_bytes(upload, FIRST_BYTES, role, request.now, deadline_of(request))
    return upload._replace(detected_type=detect_type(first))


def backend(instance: Instance, request: Request) -> Backend:
    """Return your application as the hook sees it, with the time that this request has left."""
    settings, deadline = instance.settings, deadline_of(request)

    def post(headers: Mapping[str, str], body: bytes) -> Response:
        return instance.outbound.post(settings.webhook_url, headers, body, deadline)

    return Backend(post if settings.webhook_url else None, settings.webhook_secret, request.now)


def deadline_of(request: Request) -> float:
    """Return this request's deadline, in monotonic seconds."""
    return request.received_at + DEADLINE_SECONDS


def describe(upload: Upload) -> dict[str, object]:
    """Return our part of the page's answer: a hook can add members and cannot replace these."""
    return {
        "Status": "OK",
        "id": upload.id,
        "key": upload.key,
        "size": upload.size,
        "etag": upload.etag,
        "crc64": upload.crc64,
        "type": upload.type,
        "name": upload.name,
    }
