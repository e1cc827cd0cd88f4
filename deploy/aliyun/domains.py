"""The domains of a bucket: whose they are, how they are bound with a certificate, and unbound.

Sources: OSS PutCname, CreateCnameToken, ListCname, DeleteCname; the live test of OSS's Python SDK.
"""

from __future__ import annotations

from typing import NamedTuple

import alibabacloud_oss_v2 as oss

NOT_VERIFIED = "NeedVerifyDomainOwnership"  # 403, while OSS finds no TXT record with its token


class Certificate(NamedTuple):
    """A domain's certificate: the id of one in Certificate Management Service, or one in PEM with its key.

    `fingerprint` is the SHA-1 of the one in PEM, in hexadecimal.
    """

    id: str = ""
    chain: str = ""
    key: str = ""
    fingerprint: str = ""

    def __repr__(self) -> str:
        return f"Certificate({self.id or self.fingerprint!r}, ...)"


class Binding(NamedTuple):
    """What OSS tells of a bound domain. Both are empty for one without a certificate."""

    certificate_id: str
    fingerprint: str

    def has(self, certificate: Certificate) -> bool:
        """Say whether this certificate is bound."""
        if certificate.id:
            return certificate.id == self.certificate_id
        return certificate.fingerprint == self.fingerprint


class Token(NamedTuple):
    """The content of the TXT record that proves whose a domain is, and until when OSS takes it."""

    text: str
    expires: str


def bound_domains(client: oss.Client, bucket: str) -> dict[str, Binding]:
    """Return what is bound to a bucket, under each domain."""
    found = client.list_cname(oss.ListCnameRequest(bucket=bucket)).cnames or []
    return {one.domain: binding_of(one.certificate) for one in found}


def binding_of(certificate: oss.CnameCertificate | None) -> Binding:
    """Return a binding; OSS writes a fingerprint with colons."""
    if certificate is None:
        return Binding("", "")
    return Binding(certificate.cert_id or "", (certificate.fingerprint or "").replace(":", "").upper())


def bind_domain(client: oss.Client, bucket: str, domain: str, certificate: Certificate | None) -> None:
    """Bind a domain, or give a bound one another certificate."""
    chosen = certificate and oss.CertificateConfiguration(
        cert_id=certificate.id or None,
        certificate=certificate.chain or None,
        private_key=certificate.key or None,
        force=True,  # or OSS wants the id of the certificate that this one replaces
    )
    client.put_cname(
        oss.PutCnameRequest(bucket=bucket, bucket_cname_configuration=configuration(domain, chosen))
    )


def unbind_domain(client: oss.Client, bucket: str, domain: str) -> None:
    """Unbind a domain; its certificate stays where it is kept."""
    client.delete_cname(
        oss.DeleteCnameRequest(bucket=bucket, bucket_cname_configuration=configuration(domain))
    )


def verification_token(client: oss.Client, bucket: str, domain: str) -> Token:
    """Return the token for a domain: for 72 hours, OSS answers with the same."""
    asked = oss.CreateCnameTokenRequest(bucket=bucket, bucket_cname_configuration=configuration(domain))
    token = client.create_cname_token(asked).cname_token
    return Token(token.token, token.expire_time)


def configuration(
    domain: str, certificate: oss.CertificateConfiguration | None = None
) -> oss.BucketCnameConfiguration:
    """Return the document that all three requests send."""
    return oss.BucketCnameConfiguration(cname=oss.Cname(domain=domain, certificate_configuration=certificate))
