"""The domains of a stack, bound to its buckets after ROS has made these.

A stack that bound them itself would fail with a domain that OSS has not verified, as a new one never is. A
domain or a certificate that OSS refuses costs this step, and the next deploy tries it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

from deploy.aliyun.clients import Cloud
from deploy.aliyun.domains import (
    NOT_VERIFIED,
    Binding,
    Certificate,
    bind_domain,
    bound_domains,
    unbind_domain,
    verification_token,
)
from deploy.aliyun.refusals import code_of
from deploy.errors import CommandError
from deploy.template import Template
from deploy.terminal import Show

# the parameter of each domain, and that of its bucket
BUCKET_OF = {"SiteDomain": "SiteBucket", "UploadDomain": "UploadBucket"}
RETRY_SECONDS = 10
TRIES = 90  # a quarter of an hour; a new record is found within minutes (OSS: PutCname)
# why OSS refuses a domain, by the code. Sources: OSS PutCname; for the ICP filing, Terraform's live tests too
REASONS = {
    "NoSuchCnameInRecord": (
        "it has no ICP filing, which OSS demands in mainland China. Apply for one, or deploy to cn-hongkong"
    ),
    "CnameDenied": "another account has bound it",
    "CnameAlreadyExists": "it is bound to another bucket of this account: unbind it there",
    "CnameIsForbidden": "OSS lets nobody bind it",
    "CnameIsRisk": "OSS takes it for dangerous",
    "AccessDenied": (
        "the AccessKey needs oss:PutCname, oss:CreateCnameToken, oss:ListCname and oss:DeleteCname, and for "
        "a certificate yundun-cert:DescribeSSLCertificatePrivateKey, "
        "yundun-cert:DescribeSSLCertificatePublicKeyDetail and yundun-cert:CreateSSLCertificate"
    ),
}
Values = Mapping[str, str]


class NotBoundError(CommandError):
    """A domain is not bound yet."""


def setting_of(parameter: str) -> str:
    """Return the setting of a domain's parameter: `SITE_DOMAIN` for `SiteDomain`."""
    return f"{parameter.removesuffix('Domain').upper()}_DOMAIN"


def domain_problems(template: Template, values: Values) -> Iterator[str]:
    """Yield a sentence for each domain that no bucket can have."""
    for parameter in BUCKET_OF:
        if not re.fullmatch(template["Parameters"][parameter]["AllowedPattern"], values.get(parameter, "")):
            yield f"{setting_of(parameter)} takes a domain, such as www.example.com, without https://."
    if values.get("SiteDomain") and values.get("SiteDomain") == values.get("UploadDomain"):
        yield "SITE_DOMAIN and UPLOAD_DOMAIN are the same: a domain belongs to one bucket, so choose two."


class Domains:
    """What one command does with the domains of a stack. `wait` lets it wait for a missing record."""

    def __init__(self, cloud: Cloud, show: Show, pause: Callable[[float], None], *, wait: bool) -> None:
        self.cloud = cloud
        self.show = show
        self.pause = pause
        self.tries = TRIES if wait else 1

    def bind(self, bucket: str, domain: str, certificate: Certificate | None) -> str:
        """Bind a domain, unless it is bound with this certificate. Return why it is not, or an empty text."""
        try:
            bound = bound_domains(self.cloud.oss, bucket).get(domain)
            if bound and (certificate is None or bound.has(certificate)):
                return ""
            self.bind_when_verified(bucket, domain, certificate)
        except NotBoundError as error:
            return str(error)
        except OperationError as failure:
            refused = failure.unwrap()
            if not isinstance(refused, ServiceError):
                raise
            reason = REASONS.get(refused.code, refused.message.rstrip("."))
            return f"{domain} is not bound to {bucket} ({refused.code}): {reason}."
        self.show(f"bound {domain} to {bucket}; its record: {domain} CNAME {self.address(bucket)}")
        return ""

    def bind_when_verified(self, bucket: str, domain: str, certificate: Certificate | None) -> None:
        """Bind a domain, and try again while OSS finds no record. Raises `NotBoundError`."""
        for tried in range(self.tries):
            if tried:
                self.pause(RETRY_SECONDS)
            try:
                bind_domain(self.cloud.oss, bucket, domain, certificate)
            except OperationError as failure:
                if code_of(failure) != NOT_VERIFIED:
                    raise
            else:
                return
            if not tried:
                self.show_records(bucket, domain)
        raise NotBoundError(
            f"{domain} is not bound to {bucket}: OSS finds no TXT record with its token yet. Make both "
            "records above, and run this again; with WAIT=1 it waits until OSS finds them."
        )

    def show_records(self, bucket: str, domain: str) -> None:
        """Show the records that a person makes at the provider of the domain's DNS."""
        token = verification_token(self.cloud.oss, bucket, domain)
        width = len(f"_dnsauth.{domain}")
        self.show(f"{domain} needs two records; OSS takes the first until {token.expires}:")
        self.show(f"_dnsauth.{domain} TXT   {token.text}")
        self.show(f"{domain:<{width}} CNAME {self.address(bucket)}")

    def unbind(self, bucket: str, domain: str) -> None:
        """Unbind a domain, if it is bound."""
        if domain in bound_domains(self.cloud.oss, bucket):
            unbind_domain(self.cloud.oss, bucket, domain)
            self.show(f"unbound {domain} from {bucket}")

    def bindings(self, parameters: Values) -> dict[str, Binding]:
        """Return what is bound now at each domain that these parameters name."""
        domains = {parameters.get(name, ""): parameters[bucket] for name, bucket in BUCKET_OF.items()}
        found = {domain: bucket for domain, bucket in domains.items() if domain}
        bound = {
            domain: bound_domains(self.cloud.oss, bucket).get(domain) for domain, bucket in found.items()
        }
        return {domain: binding for domain, binding in bound.items() if binding}

    def address(self, bucket: str) -> str:
        """Return the host that a domain's CNAME record names."""
        return f"{bucket}.oss-{self.cloud.region}.aliyuncs.com"
