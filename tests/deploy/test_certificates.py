"""The certificates that `make deploy` takes, and what it says of those that no browser would take."""

from __future__ import annotations

import datetime as dt
import hashlib
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from deploy.aliyun.domains import Certificate
from deploy.certificates import read_certificate
from deploy.errors import CommandError
from tests.support.certificate import make_certificate

DOMAIN = "www.example.com"
NOW = dt.datetime.now(dt.timezone.utc)
BOTH_OR_AN_ID = (
    "SITE_CERTIFICATE takes the id of a certificate of Certificate Management Service, such as "
    "12345-cn-hangzhou, or @FILE with one in PEM; then SITE_PRIVATE_KEY=@FILE has its key."
)
NO_CERTIFICATE = "SITE_CERTIFICATE has no certificate in PEM: -----BEGIN CERTIFICATE----- ..."
NO_KEY = "SITE_PRIVATE_KEY has no private key in PEM that can be read without a password."

SM2 = """\
-----BEGIN CERTIFICATE-----
MIIBpjCCAU2gAwIBAgIUE43b1a0SZptrtisq34WT/ss4SC8wCgYIKoEcz1UBg3Uw
GjEYMBYGA1UEAwwPd3d3LmV4YW1wbGUuY29tMCAXDTI2MTEyOTAxMTA1MloYDzIx
MjYxMTA1MDExMDUyWjAaMRgwFgYDVQQDDA93d3cuZXhhbXBsZS5jb20wWTATBgcq
hkjOPQIBBggqgRzPVQGCLQNCAAQe38YNeHq3PgPg2nfqzmqyGEn6+8o3/vHizDKp
zX+qMw+Uoiu4Qo+6ZpHX6AWqeWo/cfZXFQtqVb6b2ghxT5VAo28wbTAdBgNVHQ4E
FgQU9exwtRcDoqrM96i7O03LMgPuDiYwHwYDVR0jBBgwFoAU9exwtRcDoqrM96i7
O03LMgPuDiYwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgg93d3cuZXhhbXBs
ZS5jb20wCgYIKoEcz1UBg3UDRwAwRAIgIi8hP68B2xvYCIwj9JbeiwvBqU6sYYgf
U9IKk/qmF7oCIH0VOrq39QOrNoNQAzuDuZp4TLPT4ZScKlc68KOQQzoO
-----END CERTIFICATE-----
"""  # made by openssl for www.example.com: a Chinese standard that browsers elsewhere do not know


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_certificate(tmp_path_factory.mktemp("one"), DOMAIN, "*.up.example.com").read_text()


def given(certificate: str = "", key: str = "") -> dict[str, str]:
    named = {"SITE_CERTIFICATE": certificate, "SITE_PRIVATE_KEY": key}
    return {name: text for name, text in named.items() if text}


def certificates_of(pem: str) -> str:
    """Return a file without its key."""
    return pem[pem.index("-----BEGIN CERTIFICATE") :]


def fingerprint_of(pem: str) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificates_of(pem).strip())
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def test_a_certificate_of_a_kind_that_is_not_known_here_is_bound_by_its_id(pem: str) -> None:
    not_known = (
        "^SITE_CERTIFICATE has a key of a kind that is not known here, such as SM2: bind it by its id.$"
    )
    with pytest.raises(CommandError, match=not_known):
        read_certificate("SITE", given(SM2, pem), DOMAIN, NOW)


def test_a_certificate_of_the_management_service_is_its_id() -> None:
    for number in ("493", "12345-cn-hangzhou"):
        found = read_certificate("SITE", given(number), DOMAIN, NOW)
        assert (found, repr(found)) == (Certificate(id=number), f"Certificate({number!r}, ...)")
    assert read_certificate("SITE", {}, "", NOW) is None


@pytest.mark.parametrize("domain", [DOMAIN, "a.up.example.com"])
def test_a_certificate_in_pem_is_sent_without_its_key_in_the_chain(pem: str, domain: str) -> None:
    found = read_certificate("SITE", given(pem, pem), domain, NOW)
    assert found == Certificate(chain=certificates_of(pem), key=pem, fingerprint=fingerprint_of(pem))
    assert repr(found) == f"Certificate({fingerprint_of(pem)!r}, ...)"


def test_the_certificates_of_a_chain_are_sent_in_their_order(pem: str, tmp_path: Path) -> None:
    authority = make_certificate(tmp_path).read_text()
    chain = certificates_of(pem) + certificates_of(authority)
    found = read_certificate("SITE", given(chain, pem), DOMAIN, NOW)
    assert found == Certificate(chain=chain, key=pem, fingerprint=fingerprint_of(pem))


@pytest.mark.parametrize(
    "domain", ["example.com", "a.www.example.com", "up.example.com", "a.b.up.example.com"]
)
def test_a_certificate_of_another_domain_is_refused(pem: str, domain: str) -> None:
    said = rf"^SITE_CERTIFICATE is not for {domain}: it names www\.example\.com, \*\.up\.example\.com\.$"
    with pytest.raises(CommandError, match=said):
        read_certificate("SITE", given(pem, pem), domain, NOW)


@pytest.mark.parametrize("domain", [DOMAIN, "a.up.example.com"])
def test_the_names_of_a_certificate_have_no_letter_case(tmp_path: Path, domain: str) -> None:
    """RFC 4343; a domain that is given has small letters, by the template's pattern."""
    text = make_certificate(tmp_path, "WWW.Example.COM", "*.UP.example.com").read_text()
    assert read_certificate("SITE", given(text, text), domain, NOW) is not None


def test_a_certificate_without_names_is_for_no_domain(tmp_path: Path) -> None:
    """RFC 6125: browsers do not read the common name."""
    text = make_certificate(tmp_path).read_text()
    with pytest.raises(CommandError, match="it names none"):
        read_certificate("SITE", given(text, text), "127.0.0.1", NOW)


def test_a_certificate_of_an_old_kind_is_for_no_domain() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, DOMAIN)])
    day = dt.timedelta(days=1)
    old = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - day, NOW + day).sign(key, SHA256())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    text = (secret + old.public_bytes(Encoding.PEM)).decode()
    with pytest.raises(CommandError, match="it names none"):
        read_certificate("SITE", given(text, text), DOMAIN, NOW)


def test_a_certificate_is_taken_until_its_last_second(pem: str) -> None:
    last = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    assert read_certificate("SITE", given(pem, pem), DOMAIN, last) is not None
    with pytest.raises(CommandError, match=r"^SITE_CERTIFICATE expired on "):
        read_certificate("SITE", given(pem, pem), DOMAIN, last + dt.timedelta(seconds=1))


def test_a_certificate_is_taken_from_its_first_second_on(pem: str) -> None:
    first = x509.load_pem_x509_certificate(pem.encode()).not_valid_before_utc
    assert read_certificate("SITE", given(pem, pem), DOMAIN, first) is not None
    said = rf"^SITE_CERTIFICATE is valid only from {first:%Y-%m-%d} on\.$"
    with pytest.raises(CommandError, match=said):
        read_certificate("SITE", given(pem, pem), DOMAIN, first - dt.timedelta(seconds=1))


def test_an_expired_certificate_is_refused(pem: str) -> None:
    later = NOW + dt.timedelta(days=2)
    with pytest.raises(CommandError, match=r"^SITE_CERTIFICATE expired on \d{4}-\d\d-\d\d\.$"):
        read_certificate("SITE", given(pem, pem), DOMAIN, later)


def test_the_key_of_another_certificate_is_refused(pem: str, tmp_path: Path) -> None:
    other = make_certificate(tmp_path, DOMAIN).read_text()
    with pytest.raises(CommandError, match=r"^SITE_PRIVATE_KEY is not the key of SITE_CERTIFICATE\.$"):
        read_certificate("SITE", given(pem, other), DOMAIN, NOW)


def test_a_key_with_a_password_is_refused(pem: str) -> None:
    key = rsa.generate_private_key(65537, 2048)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()
    with pytest.raises(CommandError, match=f"^{NO_KEY}$"):
        read_certificate("SITE", given(pem, locked), DOMAIN, NOW)


@pytest.mark.parametrize(
    ("certificate", "key", "domain", "said"),
    [
        ("493-cn-hangzhou", "", "", "SITE_CERTIFICATE is given, but this stack has no SITE_DOMAIN."),
        ("", "key", DOMAIN, BOTH_OR_AN_ID),
        ("fullchain.pem", "", DOMAIN, BOTH_OR_AN_ID),
        ("493-cn-hangzhou", "key", DOMAIN, NO_CERTIFICATE),
        ("no PEM", "no PEM", DOMAIN, NO_CERTIFICATE),
    ],
)
def test_what_is_no_certificate_is_one_sentence(certificate: str, key: str, domain: str, said: str) -> None:
    with pytest.raises(CommandError) as found:
        read_certificate("SITE", given(certificate, key), domain, NOW)
    assert str(found.value) == said


def test_what_is_no_key_is_one_sentence(pem: str) -> None:
    with pytest.raises(CommandError, match=f"^{NO_KEY}$"):
        read_certificate("SITE", given(pem, "no PEM"), DOMAIN, NOW)
