"""The token function: which path is answered by which rule, with which clock, randomness and role."""

import os
from collections.abc import Callable, Mapping

import issuing
from authorize import authorize
from callers import Caller, Limits, SignIn, anonymous
from edge import SYSTEM_CLOCK, Clock, FcReply, Handler, Reply, Request, serve
from naming import ID_RANDOM_BYTES
from settings import Settings
from variables import credentials


def build(
    environ: Mapping[str, str],
    clock: Clock = SYSTEM_CLOCK,
    entropy: Callable[[int], bytes] = os.urandom,
) -> Handler:
    """Return the handler of one instance. Raises `Misconfigured`."""
    settings = Settings.from_env(environ)
    limits = Limits(settings.max_bytes, settings.allowed_types)
    sign_in = way_in(settings)
    if settings.allow_directory_grants:
        import directory  # noqa: PLC0415 - most deployments never need it

    def show_limits(request: Request) -> Reply:
        caller = authorize(request, sign_in, limits)
        both = settings.allow_directory_grants and directory.offered(caller, settings)
        kinds = ["file", "directory"] if both else ["file"]
        return Reply(200, issuing.describe_limits(caller.limits, kinds))

    def grant(request: Request, context: object) -> Reply:
        caller = authorize(request, sign_in, limits)
        if settings.allow_directory_grants and not request.query:
            return grant_directory(request, caller, context)
        wish = issuing.read_wish(request.query)
        issuing.check_limits(wish, caller.limits)
        role = credentials(environ, context)
        granted = issuing.issue_file_grant(
            wish, caller, settings, role, request.now, entropy(ID_RANDOM_BYTES)
        )
        return Reply(200, granted, log={"upload_id": str(granted["id"])})

    def grant_directory(request: Request, caller: Caller, context: object) -> Reply:
        role, random = credentials(environ, context), entropy(ID_RANDOM_BYTES)
        granted = directory.issue_directory_grant(caller, settings, role, request.now, random)
        return Reply(200, granted, log={"upload_id": str(granted["dir"]).split("/")[-2]})

    def handler(event: bytes, context: object) -> FcReply:
        routes = {"/": ("GET", lambda request: grant(request, context)), "/limits": ("GET", show_limits)}
        return serve(event, context, routes, settings.allowed_origins, clock)

    return handler


def way_in(settings: Settings) -> SignIn:
    """Return what tells who asks, as the settings want it."""
    if not settings.find_keys:
        return anonymous
    import bearer  # noqa: PLC0415 - with it comes PyJWT, which only signed-in deployments have

    return bearer.sign_in(settings.find_keys, settings.auth_issuer, settings.auth_audience)
