"""Whether browsers get the page's script compressed, which OSS decides by its type."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urljoin

from deploy.doctor import probe
from deploy.doctor.context import Check, Context, host_of
from deploy.doctor.finding import Outcome

SCRIPT = re.compile(rb'<script [^>]*\bsrc="([A-Za-z0-9._/-]{1,200}\.js)"')
PLAIN = re.compile(r"[A-Za-z0-9 =;./+-]{1,80}")  # what is shown of a header
BROWSERS_CODINGS = {"Accept-Encoding": "gzip, deflate, br"}
COMPRESSED = "A first visit loads the page's script compressed."
WHOLE = "A first visit loads the page's script whole, some three times as many bytes. OSS compresses application/javascript, and not text/javascript."


def script_encoding(context: Context) -> Outcome:
    script = find_script(context)
    if not script:
        return Outcome("skipped", "no page with a script was found at SITE_URL or at the origin")
    answer = context.ask("GET", script, BROWSERS_CODINGS)
    if answer.status != HTTPStatus.OK:
        return Outcome("skipped", f"no answer to this question: {answer.status or answer.network_error}")
    coding, kind = shown(answer, "content-encoding"), shown(answer, "content-type")
    if coding:
        return Outcome("noted", f"{coding}, as {kind}", meaning=COMPRESSED)
    return Outcome("noted", f"not compressed, as {kind}", meaning=WHOLE)


def find_script(context: Context) -> str:
    """Return the address of the page's script, in the site bucket or else at the origin; empty if there is none."""
    deployment = context.deployment
    for site in dict.fromkeys(filter(None, (deployment.site_url, deployment.origin))):
        answer = context.ask("GET", f"{site.rstrip('/')}/index.html")
        found = SCRIPT.search(answer.body) if answer.status == HTTPStatus.OK else None
        address: str = urljoin(f"{site.rstrip('/')}/", found[1].decode()) if found else ""
        if address and host_of(address) == host_of(site):
            return address
    return ""


def shown(answer: probe.Answer, name: str) -> str:
    """Return a header's value if it may be shown."""
    value = answer.headers.get(name, "")
    return value if PLAIN.fullmatch(value) else ""


CHECKS = (
    Check(
        "script_encoding",
        "the page's script, as a browser asks for it",
        script_encoding,
        kind="open question",
    ),
)
