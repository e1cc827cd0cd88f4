"""The domains of a stack, bound to its buckets after ROS has made these.

A stack that bound them itself would fail with a domain that OSS has not verified, as a new one never is. A
domain or a certificate that OSS refuses costs this step, and the next deploy tries it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

from deploy.aliyun.buckets import bucket_exists, is_ours_now
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
from deploy.aliyun.refusals import code_of, refusal_of
from deploy.aliyun.ros_stack import Stack
from deploy.errors import CommandError
from deploy.stack_record import Bound, Record
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
UNVERIFIED = (
    "OSS finds no TXT record with its token yet. Make both records above, and run this again; with WAIT=1 it "
    "waits until OSS finds them."
)
Values = Mapping[str, str]


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


def domains_of(parameters: Values) -> dict[str, str]:
    """Return the bucket of each domain that these parameters name."""
    domains = {parameters.get(name, ""): parameters[bucket] for name, bucket in BUCKET_OF.items()}
    return {domain: bucket for domain, bucket in domains.items() if domain}


def bound_by_ros(template: Template, parameters: Values) -> dict[str, str]:
    """Return the bucket of each domain for which a stack of an earlier version has a resource."""
    resources = [one for one in template["Resources"].values() if one["Type"] == "ALIYUN::OSS::Domain"]
    names = {one["Properties"]["DomainName"]["Ref"] for one in resources}
    return domains_of({**parameters, **dict.fromkeys(BUCKET_OF.keys() - names, "")})


class Domains:
    """What one command does with the domains of a stack. `wait` lets it wait for a missing record."""

    def __init__(self, cloud: Cloud, show: Show, pause: Callable[[float], None], *, wait: bool) -> None:
        self.cloud = cloud
        self.show = show
        self.pause = pause
        self.tries = TRIES if wait else 1

    def recorded(self, record: Record, account: str, values: Values) -> Record:
        """Return a record with the domains that a deploy is about to bind.

        A domain that is bound already, and by no deploy of this stack, is not the stack's to unbind. Nor is
        one of a bucket whose domains may not be listed: binding it then costs its step.
        """
        new = []
        for domain, bucket in domains_of(values).items():
            bound: dict[str, Binding] = {}
            there = bucket_exists(self.cloud, account, bucket)
            if there and refusal_of(lambda: bound.update(bound_domains(self.cloud.oss, bucket))):  # noqa: B023
                continue
            if domain not in bound:
                new.append((domain, bucket))
        return record._replace(domains=(*dict.fromkeys((*record.domains, *new)),))

    def settled(self, record: Record, earlier: Record) -> Record:
        """Return a record without the domains that were about to be bound and are not."""
        kept = [
            (domain, bucket)
            for domain, bucket in record.domains
            if (domain, bucket) in earlier.domains or domain in bound_domains(self.cloud.oss, bucket)
        ]
        return record._replace(domains=tuple(kept))

    def bind_new(self, stack: Stack, values: Values, certificates: Mapping[str, Certificate]) -> None:
        """Bind new domains of a stack that works, before its functions and pages use them.

        Raises `CommandError` if one cannot be bound: the stack goes on with what it has.
        """
        new = {name: values[name] for name in BUCKET_OF if values[name] != stack.parameters.get(name)}
        if unbound := self.bind_all({**values, **dict.fromkeys(BUCKET_OF, ""), **new}, certificates):
            raise CommandError("\n".join((*unbound, "Nothing else was changed.")))

    def bind_all(self, parameters: Values, certificates: Mapping[str, Certificate]) -> list[str]:
        """Bind the domains of these parameters, and return a sentence for each that is not bound."""
        left, said = domains_of(parameters), {}
        for tried in range(self.tries):
            if tried:
                self.pause(RETRY_SECONDS)
            for domain, bucket in left.items():
                said[domain] = self.bind(bucket, domain, certificates.get(domain), first=not tried)
            left = {domain: bucket for domain, bucket in left.items() if said[domain].endswith(UNVERIFIED)}
            if not left:
                break
            if self.tries > 1 and not tried:
                self.show("waiting for a quarter of an hour at most until OSS finds the TXT records")
        return [sentence for sentence in said.values() if sentence]

    def bind(self, bucket: str, domain: str, certificate: Certificate | None, *, first: bool) -> str:
        """Bind a domain, unless it is bound with this certificate. Return why it is not, or an empty text.

        The `first` time, the records of a domain that is not verified are shown.
        """
        try:
            return self.attempt(bucket, domain, certificate, first=first)
        except OperationError as failure:
            refused = failure.unwrap()
            if not isinstance(refused, ServiceError):
                raise
            reason = REASONS.get(refused.code, refused.message.rstrip("."))
            return f"{domain} is not bound to {bucket} ({refused.code}): {reason}."

    def attempt(self, bucket: str, domain: str, certificate: Certificate | None, *, first: bool) -> str:
        """Do what `bind` does. Raises any refusal but the one of a domain that is not verified."""
        bound = bound_domains(self.cloud.oss, bucket).get(domain)
        if bound and (certificate is None or bound.has(certificate)):
            return ""
        try:
            bind_domain(self.cloud.oss, bucket, domain, certificate)
        except OperationError as failure:
            if code_of(failure) != NOT_VERIFIED:
                raise
            if first:
                self.show_records(bucket, domain)
            return f"{domain} is not bound to {bucket}: {UNVERIFIED}"
        self.show(f"bound {domain} to {bucket}; its record: {domain} CNAME {self.address(bucket)}")
        return ""

    def show_records(self, bucket: str, domain: str) -> None:
        """Show the records that a person makes at the provider of the domain's DNS."""
        token = verification_token(self.cloud.oss, bucket, domain)
        width = len(f"_dnsauth.{domain}")
        self.show(f"{domain} needs two records; OSS takes the first until {token.expires}:")
        self.show(f"_dnsauth.{domain} TXT   {token.text}")
        self.show(f"{domain:<{width}} CNAME {self.address(bucket)}")

    def unbind_old(self, record: Record, account: str, now: Collection[Bound]) -> tuple[Record, list[str]]:
        """Unbind the domains that deploys bound and that are not among those of `now`; nothing uses them.

        Return the record of what is bound, and a sentence for each that OSS refused to unbind.
        """
        kept, unfinished = [], []
        for domain, bucket in record.domains:
            if (domain, bucket) in now:
                kept.append((domain, bucket))
            elif not is_ours_now(self.cloud, account, bucket):
                self.show(f"{bucket} is gone or another account's: {domain} is not unbound from it")
            elif refused := refusal_of(partial(self.unbind, bucket, domain)):
                kept.append((domain, bucket))
                unfinished.append(f"{domain} is still bound to {bucket} ({refused.code}: {refused.message}).")
        return record._replace(domains=tuple(kept)), unfinished

    def unbind(self, bucket: str, domain: str) -> None:
        """Unbind a domain, if it is bound."""
        if domain in bound_domains(self.cloud.oss, bucket):
            unbind_domain(self.cloud.oss, bucket, domain)
            self.show(f"unbound {domain} from {bucket}")

    def without_certificate(self, parameters: Values) -> list[str]:
        """Return the bound domains that have no certificate."""
        return [domain for domain, one in self.bindings(parameters).items() if not one.certificate_id]

    def still_without(self, certificates: Values, parameters: Values) -> dict[str, Certificate]:
        """Return those of certificates, given by id, whose domains are bound without one or not at all."""
        named = certificates.keys() & domains_of(parameters).keys()
        bound = self.bindings(parameters) if named else {}
        return {
            domain: Certificate(id=certificates[domain])
            for domain in sorted(named)
            if not (domain in bound and bound[domain].certificate_id)
        }

    def bindings(self, parameters: Values) -> dict[str, Binding]:
        """Return what is bound now at each domain of these parameters."""
        found = {
            domain: bound_domains(self.cloud.oss, bucket).get(domain)
            for domain, bucket in domains_of(parameters).items()
        }
        return {domain: binding for domain, binding in found.items() if binding}

    def address(self, bucket: str) -> str:
        """Return the host that a domain's CNAME record names."""
        return f"{bucket}.oss-{self.cloud.region}.aliyuncs.com"
