"""The callback function: which path is answered by which rule, with which clock, keys and role."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import hook
import journal
import receiving
from answers import Answer, Answers
from completing import Upload, check_etag, complete
from edge import Clock, FcReply, Handler, Reply, Request, serve
from outbound import Outbound
from refusals import Refusal
from settings import Settings
from signing import FileTicket
from variables import credentials

DEADLINE_SECONDS = 3.5  # OSS waits 5 s for the whole callback, and so does Function Compute's timeout
SYSTEM_CLOCK = Clock(time.time, time.monotonic)


def build(environ: Mapping[str, str], clock: Clock = SYSTEM_CLOCK) -> Handler:
    """Return the handler of one instance. Raises `Misconfigured`."""
    settings = Settings.from_env(environ)
    outbound = Outbound(settings.object_url, settings.upload_bucket, settings.oss_region, clock.monotonic)
    find_key = key_finder(settings, outbound, clock)
    answers = Answers()

    def callback(request: Request, context: object) -> Reply:
        received = receiving.receive(
            request, settings.ticket_secret, settings.upload_bucket, settings.upload_prefix, find_key
        )
        return answer(received.ticket, received.etag, request, context)

    def confirm(request: Request, context: object) -> Reply:
        sealed = receiving.read_confirm(request.body)
        ticket = receiving.read_ticket(sealed, settings.ticket_secret, settings.upload_prefix, request.now)
        return answer(ticket, None, request, context)

    def answer(ticket: FileTicket, signed_etag: str | None, request: Request, context: object) -> Reply:
        try:
            known = answers.recall(ticket.key, request.received_at)
            if known is None:
                known = finish(ticket, signed_etag, request, context)
            elif signed_etag is not None:
                check_etag(signed_etag, str(known["etag"]))
        except Refusal as refusal:
            refusal.upload_id = ticket.id
            raise
        return Reply(200, known, log={"upload_id": ticket.id})

    def finish(ticket: FileTicket, signed_etag: str | None, request: Request, context: object) -> Answer:
        try:
            role = credentials(environ, context)
            head = outbound.head(ticket.key, role, request.now, request.received_at + DEADLINE_SECONDS)
            upload = complete(ticket, head, signed_etag)
            finished = {**hook.on_upload(upload), **describe(upload)}
            json.dumps(finished, allow_nan=False)  # a hook's answer that is not JSON is a failure
        except BaseException:
            answers.keep_failure(ticket.key, clock.monotonic())
            raise
        answers.keep(ticket.key, finished, clock.monotonic())
        return finished

    def handler(event: bytes, context: object) -> FcReply:
        routes = {
            "/callback": ("POST", lambda request: callback(request, context)),
            "/confirm": ("POST", lambda request: confirm(request, context)),
        }
        return serve(event, context, routes, settings.allowed_origins, clock)

    return handler


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
        pem = outbound.fetch_key(url, request.received_at + DEADLINE_SECONDS)
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
