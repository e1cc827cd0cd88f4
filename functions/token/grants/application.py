"""The token function: its paths, and the rules that answer them, given a clock, randomness and a role."""

import os
from collections.abc import Callable, Mapping

from authorize import authorize
from grants import object_key, upload_request
from grants.callers import Caller, Limits, SignIn, anonymous
from grants.file_grant import issue_file_grant
from grants.settings import Settings
from vendored.env import credentials
from vendored.fc_http import SYSTEM_CLOCK, Clock, FcReply, Handler, Reply, Request, serve


def build(
    environ: Mapping[str, str],
    clock: Clock = SYSTEM_CLOCK,
    entropy: "Callable[[int], bytes]" = os.urandom,
) -> Handler:
    """Return the handler of one instance. Raises `Misconfigured`."""
    settings = Settings.from_env(environ)
    limits = Limits(settings.max_bytes, settings.allowed_types)
    sign_in = choose_sign_in(settings)
    if settings.allow_directory_grants:
        from grants import directory_grant  # noqa: PLC0415 - most deployments never need it

    def show_limits(request: Request) -> Reply:
        caller = authorize(request, sign_in, limits)
        both = settings.allow_directory_grants and directory_grant.may_have_directory_grant(caller, settings)
        kinds = ["file", "directory"] if both else ["file"]
        return Reply(200, upload_request.describe_limits(caller.limits, kinds))

    def grant(request: Request, context: object) -> Reply:
        caller = authorize(request, sign_in, limits)
        if settings.allow_directory_grants and not request.query:
            return grant_directory(request, caller, context)
        upload = upload_request.read_upload_request(request.query)
        upload_request.check_limits(upload, caller.limits)
        role, random = credentials(environ, context), entropy(object_key.ID_RANDOM_BYTES)
        granted = issue_file_grant(upload, caller, settings, role, request.now, random)
        return Reply(200, granted, log={"upload_id": str(granted["id"])})

    def grant_directory(request: Request, caller: Caller, context: object) -> Reply:
        role, random = credentials(environ, context), entropy(object_key.ID_RANDOM_BYTES)
        granted = directory_grant.issue_directory_grant(caller, settings, role, request.now, random)
        return Reply(200, granted, log={"upload_id": str(granted["dir"]).split("/")[-2]})

    def handler(event: bytes, context: object = None) -> FcReply:
        routes = {"/": ("GET", lambda request: grant(request, context)), "/limits": ("GET", show_limits)}
        return serve(event, context, routes, settings.allowed_origins, clock, settings.problem_types_url)

    return handler


def choose_sign_in(settings: Settings) -> SignIn:
    """Return the function that finds out who asks, according to the settings."""
    if not settings.find_keys:
        return anonymous
    from grants import bearer  # noqa: PLC0415 - with it comes PyJWT, which only signed-in deployments have

    return bearer.sign_in(settings.find_keys, settings.auth_issuer, settings.auth_audience)
