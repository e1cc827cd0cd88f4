"""A certificate for HTTPS in development, which the emulator makes for itself.

It is no authority: whoever trusts it trusts this one server, and nobody can sign another one with its key.
"""

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

VALID_DAYS = 397  # browsers refuse longer ones
CERTIFICATE, KEY = "tls_certificate.pem", "tls_key.pem"


def tls_context(folder: Path, names: Iterable[str], now: float) -> ssl.SSLContext:
    """Return a context with the certificate in `folder`, made unless one for these names is there and valid.

    `names` are host names and addresses, `now` seconds since 1970. Raises OSError, and ValueError for a file
    that is no certificate.
    """
    certificate, key = folder / CERTIFICATE, folder / KEY
    wanted = {_general_name(name) for name in names}
    time = dt.datetime.fromtimestamp(now, dt.timezone.utc)
    if not (certificate.exists() and key.exists() and _fits(certificate.read_bytes(), wanted, time)):
        folder.mkdir(parents=True, exist_ok=True)
        made, secret = _make(wanted, time)
        key.unlink(missing_ok=True)
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
        certificate.write_bytes(made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _fits(pem: bytes, wanted: set[x509.GeneralName], now: dt.datetime) -> bool:
    found = x509.load_pem_x509_certificate(pem)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    return wanted <= set(names) and begins <= now < ends - dt.timedelta(days=1)


def _make(names: set[x509.GeneralName], now: dt.datetime) -> tuple[bytes, bytes]:
    """Return a certificate that is signed with its own key, and the key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "oss-local-emulator")])
    begins = now - dt.timedelta(hours=1)
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (
        (x509.SubjectAlternativeName(names), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    )
    builder = x509.CertificateBuilder(
        name,
        name,
        key.public_key(),
        x509.random_serial_number(),
        begins,
        begins + dt.timedelta(days=VALID_DAYS),
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    made = builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
    return made, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
