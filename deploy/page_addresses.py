"""The addresses of a stack's page: which it connects to, and where on this machine it may be served."""

from __future__ import annotations

import re

from deploy.aliyun.ros_stack import Stack
from deploy.errors import CommandError
from local.website import Page

LOCAL_ORIGIN = "http://localhost:8080"  # what a first deploy without a domain allows
LOOPBACK_ORIGIN = re.compile(r"http://(?:localhost|127\.0\.0\.1):(?P<port>[0-9]{1,5})")


def page_of(stack: Stack) -> Page:
    """Return the addresses that this stack's page connects to."""
    return Page(stack.outputs["TokenUrl"], stack.outputs["CallbackUrl"], stack.outputs["UploadUrl"])


def default_origins(site_domain: str) -> str:
    """Return which origins may upload unless ALLOWED_ORIGINS says so."""
    return f"https://{site_domain}" if site_domain else LOCAL_ORIGIN


def local_origin(stack: Stack) -> tuple[str, int]:
    """Return an origin on this machine that the stack allows, and its port. Raises `CommandError`."""
    origins = stack.parameters["AllowedOrigins"]
    found = next(filter(None, map(LOOPBACK_ORIGIN.fullmatch, origins.split(","))), None)
    if not found:
        raise CommandError(
            f"Stack {stack.name} allows uploads from {origins}, and from no page on this machine. To allow "
            f"it, give make deploy ALLOWED_ORIGINS={origins},{LOCAL_ORIGIN}"
        )
    return found[0], int(found["port"])
