"""The certificates that a deploy binds with its domains, checked before anything is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from deploy.aliyun.domains import Certificate
from deploy.domains import BUCKET_OF, setting_of
from deploy.errors import CommandError

CERTIFICATE_ID = re.compile(r"[0-9]{1,20}(-[a-z0-9-]{1,40})?")  # of Certificate Management Service
Pem = Mapping[str, str]


def certificates_for(values: Mapping[str, str], given: Pem, now: datetime) -> dict[str, Certificate]:
    """Return the certificates that were given, under their domains. Raises `CommandError`."""
    domains = {setting_of(name).removesuffix("_DOMAIN"): values.get(name, "") for name in BUCKET_OF}
    found = {domain: read_certificate(name, given, domain, now) for name, domain in domains.items()}
    return {domain: certificate for domain, certificate in found.items() if certificate}


def read_certificate(name: str, given: Pem, domain: str, now: datetime) -> Certificate | None:
    """Return the certificate that was given for a domain, or None if none was.

    `name` is SITE or UPLOAD; `given` has NAME_CERTIFICATE and NAME_PRIVATE_KEY, or one of them, or none.
    Raises `CommandError` for one that no browser would take at this domain.
    """
    text, key = given.get(f"{name}_CERTIFICATE", ""), given.get(f"{name}_PRIVATE_KEY", "")
    if not text and not key:
        return None
    if not domain:
        raise CommandError(f"{name}_CERTIFICATE is given, but this stack has no {name}_DOMAIN.")
    if CERTIFICATE_ID.fullmatch(text) and not key:
        return Certificate(id=text)
    if not text or not key:
        raise CommandError(
            f"{name}_CERTIFICATE takes the id of a certificate of Certificate Management Service, such as "
            f"12345-cn-hangzhou, or @FILE with one in PEM; then {name}_PRIVATE_KEY=@FILE has its key."
        )
    chain = certificates_in(f"{name}_CERTIFICATE", text)
    leaf = chain[0]
    try:
        public = public_bytes(leaf)
    except UnsupportedAlgorithm:
        raise CommandError(
            f"{name}_CERTIFICATE has a key of a kind that is not known here, such as SM2: bind it by its id."
        ) from None
    if public != public_bytes(private_key(f"{name}_PRIVATE_KEY", key)):
        raise CommandError(f"{name}_PRIVATE_KEY is not the key of {name}_CERTIFICATE.")
    if not covers(leaf, domain):
        raise CommandError(
            f"{name}_CERTIFICATE is not for {domain}: it names {', '.join(names_of(leaf)) or 'none'}."
        )
    if now < leaf.not_valid_before_utc:
        raise CommandError(f"{name}_CERTIFICATE is valid only from {leaf.not_valid_before_utc:%Y-%m-%d} on.")
    if now > leaf.not_valid_after_utc:
        raise CommandError(f"{name}_CERTIFICATE expired on {leaf.not_valid_after_utc:%Y-%m-%d}.")
    return Certificate(
        chain="".join(one.public_bytes(Encoding.PEM).decode() for one in chain),
        key=key,
        fingerprint=leaf.fingerprint(SHA1()).hex().upper(),  # noqa: S303 - the one that OSS tells
    )


def certificates_in(name: str, text: str) -> list[x509.Certificate]:
    """Return a chain; the certificate of the site itself comes first."""
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise CommandError(f"{name} has no certificate in PEM: -----BEGIN CERTIFICATE----- ...") from None


def private_key(name: str, text: str) -> PrivateKeyTypes:
    """Return a private key."""
    try:
        return load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CommandError(f"{name} has no private key in PEM that can be read without a password.") from None


def public_bytes(one: x509.Certificate | PrivateKeyTypes) -> bytes:
    """Return the public key of a certificate or a private key."""
    return one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def names_of(certificate: x509.Certificate) -> list[str]:
    """Return the domains that a certificate is for; browsers look at no other field."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def covers(certificate: x509.Certificate, domain: str) -> bool:
    """Say whether a certificate is for a domain (in small letters); `*` is its first label (RFC 6125)."""
    names = {name.lower() for name in names_of(certificate)}
    return not {domain, f"*.{domain.partition('.')[2]}"}.isdisjoint(names)
