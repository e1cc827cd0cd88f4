"""The callback function: which path is answered by which rule, with which clock, keys and role."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import hook
import journal
import receiving
from answers import About, Answer, Answers
from completing import Upload, check_etag, check_type, complete
from edge import SYSTEM_CLOCK, WRITER, Clock, FcReply, Handler, Reply, Request, serve
from outbound import Outbound
from refusals import Crashed, Refusal
from settings import Settings
from variables import credentials
from webhook import Backend, Response

DEADLINE_SECONDS = 3.5  # OSS waits 5 s for the whole callback, and so does Function Compute's timeout


class Instance(NamedTuple):
    """What one instance keeps between requests, and the clock and environment it reads."""

    settings: Settings
    outbound: Outbound
    find_key: receiving.KeyFinder
    answers: Answers
    clock: Clock
    environ: Mapping[str, str]


def build(environ: Mapping[str, str], clock: Clock = SYSTEM_CLOCK) -> Handler:
    """Return the handler of one instance. Raises `Misconfigured`."""
    settings = Settings.from_env(environ)
    outbound = Outbound(settings.object_url, settings.upload_bucket, settings.oss_region, clock.monotonic)
    find_key = key_finder(settings, outbound, clock)
    instance = Instance(settings, outbound, find_key, Answers(), clock, environ)

    def handler(event: bytes, context: object) -> FcReply:
        routes = {
            "/callback": ("POST", lambda request: callback(instance, request, context)),
            "/confirm": ("POST", lambda request: confirm(instance, request, context)),
        }
        return serve(event, context, routes, settings.allowed_origins, clock)

    return handler


def callback(instance: Instance, request: Request, context: object) -> Reply:
    """Answer OSS: form, ticket, signature, then completion."""
    settings = instance.settings
    received = receiving.receive(
        request, settings.ticket_secret, settings.upload_bucket, settings.upload_prefix, instance.find_key
    )
    return answer(instance, received, request, context)


def confirm(instance: Instance, request: Request, context: object) -> Reply:
    """Answer a page that did not get the callback's answer: ticket, then completion."""
    sealed = receiving.read_confirm(request.body)
    secrets, prefix = instance.settings.ticket_secret, instance.settings.upload_prefix
    ticket = receiving.read_file_ticket(sealed, secrets, prefix, request.now)
    return answer(instance, receiving.Received(ticket), request, context)


def answer(instance: Instance, received: receiving.Received, request: Request, context: object) -> Reply:
    """Return what this upload was or is now answered with. Whatever goes wrong, the log has its id."""
    ticket = received.ticket
    try:
        # a directory's object may be replaced, and is then another upload: what it is now is looked at first
        upload = prove(instance, received, request, context) if received.in_directory else None
        about = (ticket.key, (upload.etag, upload.type) if upload else None)
        known = instance.answers.recall(about, request.received_at)
        if known is None:
            known = finish(
                instance, about, request, lambda: upload or prove(instance, received, request, context)
            )
        else:
            check_etag(received.etag, known.etag)
    except Refusal as refusal:
        refusal.upload_id = ticket.id
        raise
    except BaseException as error:  # noqa: BLE001 - a hook may fail in any way
        raise Crashed("internal", journal.traceback_of(error), upload_id=ticket.id) from None
    return Reply(200, known.json, log={"upload_id": ticket.id})


def prove(instance: Instance, received: receiving.Received, request: Request, context: object) -> Upload:
    """Return the upload if the object is there and is what was granted. Raises a `Refusal`."""
    ticket, role = received.ticket, credentials(instance.environ, context)
    upload = complete(ticket, instance.outbound.head(ticket.key, role, request.now, deadline_of(request)))
    check_etag(received.etag, upload.etag)
    check_type(upload.type, instance.settings.allowed_types)
    if received.in_directory:
        return upload._replace(name=upload.key.rpartition("/")[2])
    return upload


def finish(instance: Instance, about: About, request: Request, proved: Callable[[], Upload]) -> Answer:
    """Run the hook for a proved upload; remember the answer, or for a moment that there is none."""
    answers, clock = instance.answers, instance.clock
    try:
        upload = proved()
        finished = {**hook.on_upload(upload, backend(instance, request)), **describe(upload)}
        # what is remembered is JSON and not the hook's own objects; what is not JSON is the hook's failure
        known = Answer(upload.etag, WRITER.encode(finished))
    except BaseException:
        answers.keep_failure(about, clock.monotonic())
        raise
    answers.keep(about, known, clock.monotonic())
    return known


def backend(instance: Instance, request: Request) -> Backend:
    """Return your application as the hook meets it, with the time that this request has left."""
    settings, deadline = instance.settings, deadline_of(request)

    def post(headers: Mapping[str, str], body: bytes) -> Response:
        return instance.outbound.post(settings.webhook_url, headers, body, deadline)

    return Backend(post if settings.webhook_url else None, settings.webhook_secret, request.now)


def deadline_of(request: Request) -> float:
    """Return when everything this request needs must be over, in monotonic seconds."""
    return request.received_at + DEADLINE_SECONDS


def describe(upload: Upload) -> dict[str, object]:
    """Return our part of the page's answer; nothing a hook adds can replace it."""
    return {
        "Status": "OK",
        "id": upload.id,
        "key": upload.key,
        "size": upload.size,
        "etag": upload.etag,
        "type": upload.type,
        "name": upload.name,
    }


def key_finder(settings: Settings, outbound: Outbound, clock: Clock) -> receiving.KeyFinder:
    """Return what finds a callback's public key: OSS's own, or in emulation the stand-in's."""
    if settings.public_key_pem:
        stand_in = load_verifier(settings.public_key_pem.encode(), clock)
        return lambda _: stand_in

    def fetch(url: str, request: Request) -> receiving.Verifier | None:
        pem = outbound.fetch_key(url, deadline_of(request))
        return load_verifier(pem, clock) if pem else None

    return receiving.PublicKeys(load_verifier(receiving.PUBLISHED_PEM, clock), fetch).find


def load_verifier(pem: bytes, clock: Clock) -> receiving.Verifier | None:
    """Return a key's verifier; None, said in the log, where RSA or this key does not work.

    Callbacks are then refused, and pages confirm their uploads instead.
    """
    try:
        import rsa_md5  # noqa: PLC0415 - an OpenSSL that refuses must not take `/confirm` down

        return rsa_md5.verifier(pem)
    except Exception as error:  # noqa: BLE001 - libraries fail in ways of their own
        journal.write(clock.now(), "error", "key_unusable", traceback=journal.traceback_of(error))
        return None
