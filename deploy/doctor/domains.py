"""The DNS records of each domain, and whether a grant shows the account. Certificates are in `preflight.py`."""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import urlsplit

from deploy.doctor import probe
from deploy.doctor.context import LOOPBACK, Check, Context, host_of
from deploy.doctor.finding import Outcome
from deploy.doctor.preflight import HOST_NAME, certificate

ALIBABAS = re.compile(r".+\.(aliyuncs\.com|fcapp\.run)")
ACCOUNT_ID = re.compile(r"(?<!\d)\d{16}(?!\d)")
MAX_ADDRESSES_SHOWN = 4
IS_ALIAS = "The domain is an alias: compare the name that it leads to with the domain of the bucket or function itself."
NO_ALIAS = "The domain has no CNAME record that is seen from here: it leads to a proxy or CDN of yours, or its provider resolves the alias itself."
SHOWS_ACCOUNT = "Everybody who gets a grant sees the id of the account, which is no secret. A bucket of another name (UPLOAD_BUCKET) would not show it."
HIDES_ACCOUNT = "A grant does not show whose account this is."


def names(url: str) -> Outcome:
    """Ask for the DNS records of an address."""
    where, host = host_of(url), urlsplit(url).hostname or ""
    if LOOPBACK.fullmatch(where):
        return Outcome("skipped", f"{where} is on this machine")
    if ALIBABAS.fullmatch(host):
        return Outcome("skipped", f"{host} is no domain of yours")
    found = probe.resolve(host)
    if isinstance(found, str):
        return Outcome("failed", f"{host}: {found}", f"check 0 {found}")
    addresses = ", ".join(found.addresses[:MAX_ADDRESSES_SHOWN])
    if found.canonical_name.rstrip(".").lower() == host.lower():
        return Outcome("noted", f"{host}: {addresses}", meaning=NO_ALIAS)
    target = found.canonical_name if HOST_NAME.fullmatch(found.canonical_name) else "?"
    return Outcome("noted", f"{host}: an alias of {target}, {addresses}", meaning=IS_ALIAS)


def never_failed(outcome: Outcome) -> Outcome:
    """Note a failure: uploads do not depend on the page's own server, which the doctor may not reach."""
    return dataclasses.replace(outcome, verdict="noted") if outcome.verdict == "failed" else outcome


def tls_page(context: Context) -> Outcome:
    return never_failed(certificate(context.deployment.origin))


def dns_page(context: Context) -> Outcome:
    return never_failed(names(context.deployment.origin))


def dns_token(context: Context) -> Outcome:
    return names(context.deployment.token_url)


def dns_bucket(context: Context) -> Outcome:
    return names(context.the_grant.url)


def dns_callback(context: Context) -> Outcome:
    return names(context.the_grant.confirm)


def account_id(context: Context) -> Outcome:
    shown = [
        place
        for place, text in (("its address", context.the_grant.url), ("its policy", context.the_grant.bucket))
        if ACCOUNT_ID.search(text)
    ]
    if shown:
        return Outcome(
            "noted", f"16 digits, as an account's id, in {' and '.join(shown)}", meaning=SHOWS_ACCOUNT
        )
    return Outcome("noted", "no account's id", meaning=HIDES_ACCOUNT)


CHECKS = (
    Check("tls_page", "TLS of the page at {origin}", tls_page),
    Check("dns_page", "DNS of the page", dns_page, kind="open question"),
    Check("dns_token", "DNS of the token function", dns_token, kind="open question"),
    Check("dns_bucket", "DNS of the upload bucket", dns_bucket, ("grant",), "open question"),
    Check("dns_callback", "DNS of the callback function", dns_callback, ("grant",), "open question"),
    Check("account_id", "the account's id in a grant", account_id, ("grant",), "open question"),
)
