"""The checks, in the order in which they are shown. None of them changes anything or ends the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from alibabacloud_oss_v2.exceptions import BaseError, OperationError, RequestError, ResponseError
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from deploy.aliyun.buckets import account_blocks_public_access, bucket_exists
from deploy.aliyun.clients import Cloud
from deploy.aliyun.functions import reserved_instances
from deploy.aliyun.services import Service, service_states
from deploy.doctor.finding import Finding
from deploy.errors import CommandError
from deploy.exit_messages import message_for
from deploy.known_refusals import way_out
from deploy.preflight.instance_quota import CAPS, SMALLEST_QUOTA, cap, cap_problems, excess
from deploy.settings_check import problems
from deploy.stack_buckets import BUCKETS
from deploy.template import Template
from deploy.terminal import Show

# Function Compute "Service-linked role": functions write their logs by it unless they have a role that may
LOG_ROLE = "AliyunServiceRoleForFC"
CONSOLE = "https://fcnext.console.aliyun.com"
CREDENTIALS = ("SecurityToken", "AccessKey", "Signature")  # a code with one of these is about the credentials


class Plan(NamedTuple):
    """What a deploy would make. `values` are the parameters; `instance_quota` is 0 if nobody gave it."""

    cloud: Cloud
    account: str
    stack: str
    template: Template
    values: Mapping[str, str]
    instance_quota: int


class Check(NamedTuple):
    """A check. What the cloud refuses to answer is a failure if the check is `decisive`."""

    name: str
    tried: str
    run: Callable[[Plan], Iterable[Finding]]
    decisive: bool = False


def examine(plan: Plan) -> Iterator[Finding]:
    """Yield what each check finds. Raises the exceptions of bad credentials, and of a cloud that is away."""
    for check in CHECKS:
        try:
            yield from check.run(plan)
        except (AlibabaCloudException, BaseError) as error:  # noqa: PERF203 - one check must not end the others
            if ends_all(error):
                raise
            text = message_for(error)
            failed = check.decisive or way_out(text)
            yield Finding(check.name, "failed" if failed else "noted", check.tried, text)


def ends_all(error: Exception) -> bool:
    """Say whether the next request would meet the same error."""
    cause = error.unwrap() if isinstance(error, OperationError) else error
    if isinstance(cause, RequestError | ResponseError):
        return True
    return any(text in (getattr(cause, "code", "") or "") for text in CREDENTIALS)


def require_success(findings: Iterable[Finding], show: Show) -> None:
    """Show what was noted. Raises `CommandError` with a line for each failure."""
    failed = []
    for one in findings:
        if one.verdict == "failed":
            failed.append(f"{one.found} {one.fix}".strip())
        if one.verdict == "noted":
            show(f"{one.tried}: {one.found}")
    if failed:
        raise CommandError("\n".join(failed))


def check_settings(plan: Plan) -> Iterator[Finding]:
    """Ask the functions whether they would start."""
    tried = "the settings, by the functions' own parsers"
    found = [
        *problems(plan.template, plan.values, plan.cloud.region),
        *cap_problems(plan.template, plan.values),
    ]
    yield from (Finding("settings", "failed", tried, problem) for problem in found)
    if not found:
        yield Finding("settings", "ok", tried, "both functions would start with them")


def check_services(plan: Plan) -> Iterator[Finding]:
    """Ask ROS for the services, and for the role that a service makes when its console is opened."""
    for service in service_states(plan.cloud.ros, plan.cloud.region):
        yield activation(service)
        if LOG_ROLE in service.missing_roles:
            page = service.missing_roles[LOG_ROLE] or CONSOLE
            yield Finding(
                "log_role",
                "failed",
                "the role that delivers the functions' logs",
                f"The role {LOG_ROLE} does not exist: Function Compute cannot deliver logs.",
                fix=f"Open {page} once, and agree to make the role.",
            )


def activation(service: Service) -> Finding:
    """Return the finding about one service."""
    tried = f"whether {service.name} is activated"
    if service.status.startswith("Enabled"):
        return Finding("services", "ok", tried, "yes")
    fix = f"Activate it{f' at {service.activation_url}' if service.activation_url else ' in its console'}."
    if service.status == "Disabled":
        return Finding("services", "failed", tried, f"{service.name} is not activated.", fix=fix)
    found = f"ROS does not know ({service.reason or service.status})"
    return Finding("services", "noted", tried, found)


def check_buckets(plan: Plan) -> Iterator[Finding]:
    """Compare owner and region of each bucket that exists already."""
    for name in BUCKETS:
        bucket = plan.values[name]
        tried = f"whose bucket {bucket} is"
        try:
            exists = bucket_exists(plan.cloud, plan.account, bucket)  # raises for one that is not ours
        except CommandError as error:
            yield Finding("buckets", "failed", tried, str(error))
        else:
            yield Finding(
                "buckets", "ok", tried, "this account's" if exists else "nobody's: a deploy makes it"
            )


def check_public_access(plan: Plan) -> Iterator[Finding]:
    """Ask whether the account forbids what a page with a domain of its own needs."""
    tried = "whether the account may have a public bucket"
    domain = plan.values.get("SiteDomain")
    if not domain:
        yield Finding("public_access", "skipped", tried, "without SITE_DOMAIN no bucket has to be public")
    elif account_blocks_public_access(plan.cloud.oss):
        yield Finding(
            "public_access",
            "failed",
            tried,
            f"Block Public Access is on for the whole account: nobody could read the page at {domain}.",
            fix="Turn it off for the account in the OSS console, or deploy without SITE_DOMAIN.",
        )
    else:
        yield Finding("public_access", "ok", tried, "yes: Block Public Access is off for the account")


def check_quota(plan: Plan) -> Iterator[Finding]:
    """Add the caps to what other functions have reserved."""
    tried = "whether the caps of both functions fit into the region's quota of instances"
    if cap_problems(plan.template, plan.values):
        yield Finding("quota", "skipped", tried, "a cap is no number")
        return
    caps = {function: int(cap(plan.template, plan.values, name)) for function, name in CAPS.items()}
    quota = plan.instance_quota or SMALLEST_QUOTA
    too_much = excess(reserved_instances(plan.cloud.fc), plan.stack, caps, quota)
    if too_much is None:
        yield Finding("quota", "ok", tried, f"{sum(caps.values())} instances fit")
        return
    total, most = too_much
    yield Finding(
        "quota",
        "failed",
        tried,
        f"The caps of all functions in {plan.cloud.region} would reserve {total} instances; of a quota of "
        f"{quota}, {most} can be reserved.",
        fix="Lower TOKEN_CONCURRENCY and CALLBACK_CONCURRENCY (0 reserves nothing), or look up the region's "
        "quota in the Quota Center and give it, such as INSTANCE_QUOTA=300.",
    )


CHECKS = (
    Check("settings", "the settings", check_settings),
    Check("services", "whether the services are activated", check_services),
    Check("buckets", "whose the buckets are", check_buckets, decisive=True),
    Check("public_access", "whether the account may have a public bucket", check_public_access),
    Check("quota", "whether the caps fit into the region's quota of instances", check_quota),
)
