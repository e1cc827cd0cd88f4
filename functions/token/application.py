"""The token function: which path is answered by which rule, with which clock, randomness and role."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import issuing
from authorize import Limits, authorize
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

    def show_limits(request: Request) -> Reply:
        return Reply(200, issuing.describe_limits(authorize(request, limits).limits))

    def grant(request: Request, context: object) -> Reply:
        caller = authorize(request, limits)
        wish = issuing.read_wish(request.query)
        issuing.check_limits(wish, caller.limits)
        role = credentials(environ, context)
        granted = issuing.issue_file_grant(
            wish, caller, settings, role, request.now, entropy(ID_RANDOM_BYTES)
        )
        return Reply(200, granted, log={"upload_id": str(granted["id"])})

    def handler(event: bytes, context: object) -> FcReply:
        routes = {"/": ("GET", lambda request: grant(request, context)), "/limits": ("GET", show_limits)}
        return serve(event, context, routes, settings.allowed_origins, clock)

    return handler
